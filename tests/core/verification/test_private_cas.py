"""What private CAs issue in spite of RFC 5280 is accepted by the default profile; each shape with who makes it."""

from clientcert.testing.knobs import Knobs
from tests.core.verification.kit import accept, authority, standard

_NO_KEY_IDS = Knobs(subject_key_identifier=None, authority_key_identifier=None)


def test_chain_without_key_identifiers() -> None:
    """Root, intermediate and leaf without any, as NSS certutil makes them; names and signatures lead upwards."""
    root = authority(**_NO_KEY_IDS)
    middle = root.intermediate("Middle CA", **_NO_KEY_IDS)
    accept(standard(root), middle.issue("u", **_NO_KEY_IDS), via=[middle])


def test_names_that_are_not_critical_without_a_subject() -> None:
    """An empty subject beside a subjectAltName that is not critical, as Go once made them; the names are read."""
    root = authority()
    leaf = root.issue(subject=[], san=["URI:spiffe://example.org/a"], critical={"san": False})
    assert accept(standard(root), leaf).leaf.uris == ("spiffe://example.org/a",)
