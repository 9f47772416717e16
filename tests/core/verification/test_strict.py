"""The Web PKI's profile: refuses what private CAs leave out, and says that `standard` would not."""

import pytest

from clientcert.core.verification import StrictVerifier, TrustStore
from clientcert.errors import Reason
from clientcert.testing.knobs import Knobs
from tests.core.verification.kit import CA, NO_EXTENSIONS, accept, authority, parsed, raw_extension, refuse, standard

ROOT = authority()
MIDDLE = ROOT.intermediate("Middle CA")
STRICT = StrictVerifier(TrustStore.load(ROOT.der))

_UNKNOWN_POINTS = raw_extension("2.5.29.31", "300f300da00ba009860761613a2f2f622f", critical=True)
_LEAVES = {
    "no-alternative-name": (Knobs(san=None), "no subjectAltName"),
    "no-authority-key-identifier": (Knobs(authority_key_identifier=None), "no authority key identifier"),
    "critical-purpose": (Knobs(critical={"extended_key_usage": True}), "extended key usage is critical"),
    "critical-alternative-name": (Knobs(critical={"san": True}), "subjectAltName is critical beside a subject"),
    "critical-distribution-points": (Knobs(extra_extensions=[_UNKNOWN_POINTS]), "an extension is critical"),
    "version-1": (NO_EXTENSIONS | Knobs(version=1), "not an X.509 version 3 certificate"),
    "signs-certificates": (Knobs(key_usage=["digitalSignature", "keyCertSign"]), "key usage has keyCertSign"),
    "is-a-ca": (Knobs(basic_constraints=CA, key_usage=None), "basicConstraints says cA TRUE"),
}
_AUTHORITIES = {
    "no-key-usage": (Knobs(key_usage=None), "CA without key usage"),
    "constraints-not-critical": (
        Knobs(critical={"basic_constraints": False}),
        "whose basicConstraints is not critical",
    ),
    "no-constraints": (Knobs(basic_constraints=None), "CA without basicConstraints"),
    "ed25519": (Knobs(key="ed25519"), "CA whose key is neither RSA nor P-256"),
    "brainpool": (Knobs(key="ec-brainpool-p256"), "CA whose key is neither RSA nor P-256"),
}


def test_clean_chains_are_accepted() -> None:
    """A certificate with everything the Web PKI asks for is accepted, with an intermediate too."""
    assert accept(STRICT, ROOT.issue("client.example")).profile == STRICT.name == "strict"
    assert accept(STRICT, MIDDLE.issue("client.example"), via=[MIDDLE]).issuer == parsed(MIDDLE)


@pytest.mark.parametrize(("knobs", "rule"), _LEAVES.values(), ids=_LEAVES)
def test_what_private_cas_leave_out_is_refused_with_the_way_out(knobs: Knobs, rule: str) -> None:
    """The refusal names the rule, its section and the profile that accepts; the clean twin is accepted."""
    leaf = ROOT.issue("client.example", **knobs)
    error = refuse(STRICT, leaf)
    assert (error.reason, rule in error.detail) == (Reason.STRICT_RULE, True), error.detail
    assert error.detail.startswith("leaf 'CN=client.example' (sha256 ")
    assert error.hints[1:] == ("profile 'standard' accepts it",)
    accept(standard(ROOT), leaf)
    accept(STRICT, ROOT.issue("client.example"))


@pytest.mark.parametrize(("knobs", "rule"), _AUTHORITIES.values(), ids=_AUTHORITIES)
def test_cas_that_the_web_pki_does_not_have_are_named(knobs: Knobs, rule: str) -> None:
    """A root that standard takes and strict does not is named as the anchor, with the rule."""
    root = authority(**knobs)
    leaf = root.issue("client.example", key="ec")
    error = refuse(StrictVerifier(TrustStore.load(root.der)), leaf)
    assert (error.reason, rule in error.detail) == (Reason.STRICT_RULE, True), error.detail
    assert error.detail.startswith("anchor 'CN=Test Root CA' (sha256 ")
    accept(standard(root), leaf)


def test_rules_without_words_of_ours_are_those_of_cryptography() -> None:
    """A rule that has no words here is told in those of cryptography's verifier, without its prefix."""
    root = authority("RSA Root", key="rsa")
    leaf = root.issue("client.example", signature_padding="pss", signature_hash="sha224", key="ec")
    error = refuse(StrictVerifier(TrustStore.load(root.der)), leaf)
    assert error.reason is Reason.STRICT_RULE
    assert "no strict path: candidates exhausted: Forbidden signature algorithm" in error.detail
    assert error.hints == ("profile 'standard' accepts it",)


def test_what_standard_refuses_is_refused_with_its_words() -> None:
    """Where `standard` refuses too, its diagnosis is given."""
    stranger = authority("Stranger")
    assert refuse(STRICT, stranger.issue("client.example")).reason is Reason.ISSUER_UNKNOWN
    server = ROOT.issue("x.example", extended_key_usage=["serverAuth"])
    assert refuse(STRICT, server).reason is Reason.PURPOSE_NOT_ALLOWED
