"""The default profile: which paths it finds, what it says when there is none, and what it costs."""

import re
from datetime import UTC, datetime, timedelta, timezone

import pytest
from cryptography import x509

from clientcert.core.limits import Limits
from clientcert.core.verification import PROFILES, StandardVerifier, TrustStore
from clientcert.errors import ConfigurationError, Reason, VerificationError
from clientcert.testing import CertificateAuthority, make_key
from clientcert.testing.keys import KeyType
from clientcert.testing.knobs import Knobs
from tests.core.verification.kit import (
    CA,
    NO_EXTENSIONS,
    NOW,
    SECOND,
    accept,
    authority,
    intermediates,
    parsed,
    refuse,
    standard,
    subjects,
)

ROOT = authority()


def test_leaf_of_a_root() -> None:
    """The path is the leaf and the anchor; it ends with the first notAfter."""
    path = accept(standard(ROOT), ROOT.issue("client.example"))
    assert subjects(path) == ["CN=client.example", "CN=Test Root CA"]
    assert path.anchor == path.issuer == parsed(ROOT)
    assert path.leaf == path.certificates[0]
    assert path.valid_until == NOW + timedelta(days=30)
    assert path.profile == "standard"


def test_leaf_of_an_intermediate_configured_or_forwarded() -> None:
    """The link may come from the bundle or with the request; without it the missing issuer is named."""
    middle = ROOT.intermediate("Middle CA")
    leaf = middle.issue("client.example")
    configured = accept(standard(ROOT, middle), leaf)
    forwarded = accept(standard(ROOT), leaf, via=[middle])
    assert configured.certificates == forwarded.certificates
    assert configured.issuer == parsed(middle)
    error = refuse(standard(ROOT), leaf)
    assert error.reason is Reason.ISSUER_UNKNOWN
    assert (
        f"issuer 'CN=Middle CA' with key identifier {middle.key_identifier.hex()} is neither among the 1"
        in error.detail
    )
    assert error.hints == ("nginx forwards the leaf alone: add its intermediate CA certificate to trust",)


def test_intermediate_is_no_anchor() -> None:
    """A configured intermediate is not trusted by itself: its root must be there."""
    middle = ROOT.intermediate("Middle CA")
    other = authority("Other CA")
    assert refuse(standard(other, middle), middle.issue("client.example")).reason is Reason.ISSUER_UNKNOWN


@pytest.mark.parametrize("key", ["ed25519", "ed448", "ec-brainpool-p256", "ec-secp256k1", "rsa", "ec-p384", "ec-p521"])
def test_roots_with_every_usual_key(key: KeyType) -> None:
    """What cryptography's path builder cannot use, stage 2 can, over one hop; another key of the name cannot."""
    root = authority("Root", key=key)
    leaf = root.issue("client.example", key="ec")
    assert accept(standard(root), leaf).anchor == parsed(root)
    impostor = root.impostor(subject_key_identifier=root.key_identifier)
    assert refuse(standard(impostor), leaf).reason is Reason.SIGNATURE_INVALID


def test_tutorial_certificates() -> None:
    """An X.509 v1 leaf, as `openssl x509 -req` makes it, under a v3 or a v1 root."""
    for root in (authority("Fern Cert Authority", key_usage=None), authority("Old Root", version=1)):
        leaf = root.issue("Fern", version=1, serial_number=2)
        assert accept(standard(root), leaf).leaf.version == 1


def test_stage_two_goes_one_hop_only() -> None:
    """Ed25519 above an intermediate has no engine in this profile; the text names the profile that has."""
    root = authority("Ed Root", key="ed25519")
    middle = root.intermediate("Middle CA")
    leaf = middle.issue("client.example")
    error = refuse(standard(root), leaf, via=[middle])
    assert error.reason is Reason.PATH_INVALID
    assert "profile 'openssl' may accept it" in error.hints[0]
    openssl = PROFILES["openssl"](TrustStore.load(root.der), max_depth=4, limits=Limits())
    accept(openssl, leaf, via=[middle])


def test_names_that_differ_in_case_and_space_match_over_one_hop() -> None:
    """Issuer names compare as RFC 5280 §7.1 says, not by their octets; NumericString is another matter."""
    root = authority(subject=[("O", "Example  Ltd "), ("CN", "Root")])
    accept(standard(root), root.issue("u", issuer_name=[("O", "EXAMPLE ltd"), ("CN", "root")]))
    refuse(standard(root), root.issue("u", issuer_name=[("O", "ExampleLtd"), ("CN", "root")]))


def test_root_as_client_only_where_its_key_usage_allows() -> None:
    """A self-signed certificate that is itself an anchor is accepted as OpenSSL does, and a proper CA is not."""
    itself = authority("Self-made", key_usage=None)
    path = accept(standard(itself), itself)
    assert path.certificates == (parsed(itself),)
    assert path.issuer == path.anchor == path.leaf
    assert refuse(standard(ROOT), ROOT).reason is Reason.PURPOSE_NOT_ALLOWED


def test_self_signed_stranger_is_refused() -> None:
    """A self-signed certificate that nobody configured has no issuer here."""
    error = refuse(standard(ROOT), ROOT.issue("client.example", self_signed=True))
    assert error.reason is Reason.ISSUER_UNKNOWN
    assert error.hints == ("a self-signed client certificate needs profile 'pinned'",)


def test_leaf_with_the_name_of_its_issuer() -> None:
    """A leaf that looks self-signed is refused, as OpenSSL does, unless its key identifiers tell otherwise."""
    same = Knobs(subject=ROOT.subject)
    accept(standard(ROOT), ROOT.issue(**same))
    error = refuse(standard(ROOT), ROOT.issue(**(same | Knobs(authority_key_identifier=None))))
    assert error.reason is Reason.ISSUER_UNKNOWN
    assert "no key identifier that tells them apart" in error.detail


def test_forged_chains_are_refused() -> None:
    """A root sent along is not trusted, a CA of the same name is not the CA, and a leaf issues nothing."""
    impostor = ROOT.impostor(subject_key_identifier=ROOT.key_identifier)
    assert refuse(standard(ROOT), impostor.issue("client.example"), via=[impostor]).reason is Reason.SIGNATURE_INVALID
    stranger = authority("Stranger")
    assert refuse(standard(ROOT), stranger.issue("client.example"), via=[stranger]).reason is Reason.ISSUER_UNKNOWN
    client = CertificateAuthority("client", issuer=ROOT, basic_constraints=None, key_usage=["digitalSignature"])
    error = refuse(standard(ROOT), client.issue("client.example"), via=[client])
    assert error.reason is Reason.ISSUER_NOT_CA


def test_two_cas_of_one_name() -> None:
    """Two anchors may share a name: the key decides, and the identities differ by it."""
    twin = ROOT.impostor()
    both = standard(ROOT, twin)
    for issuer in (ROOT, twin):
        found = accept(both, issuer.issue("client.example", authority_key_identifier=None)).issuer
        assert found == parsed(issuer)


def test_key_identifier_of_unknown_key() -> None:
    """A known name with an unknown key identifier is said to be that."""
    error = refuse(standard(ROOT), ROOT.impostor().issue("client.example"))
    assert error.reason is Reason.ISSUER_UNKNOWN
    assert "issuer 'CN=Test Root CA' is known, but not with the key identifier" in error.detail


_KEY_IDS = {
    "by-name-and-serial": ("CN=Test Root CA", 0, True),
    "other-serial": ("CN=Test Root CA", 1, False),
    "other-name": ("CN=Other", 0, False),
}


@pytest.mark.parametrize(("name", "add", "accepted"), _KEY_IDS.values(), ids=_KEY_IDS)
def test_authority_key_identifier_by_name_and_serial(name: str, add: int, *, accepted: bool) -> None:
    """The issuer's own issuer and serial, where the extension names them, must be those of the certificate used."""
    identifier = x509.AuthorityKeyIdentifier(
        None, [x509.DirectoryName(x509.Name.from_rfc4514_string(name))], parsed(ROOT).serial_number + add
    )
    leaf = ROOT.issue("client.example", authority_key_identifier=identifier)
    if accepted:
        accept(standard(ROOT), leaf)
    else:
        assert refuse(standard(ROOT), leaf).reason is Reason.ISSUER_UNKNOWN


def test_anchor_that_contradicts_itself_is_none() -> None:
    """A self-issued certificate whose key identifiers differ is no anchor, and so there is none."""
    with pytest.raises(ConfigurationError, match="no self-issued CA"):
        standard(authority(authority_key_identifier=b"other"))


def test_expired_links_name_themselves() -> None:
    """An expired anchor or intermediate is the reason, with its place in the path; a fresh one beside it is used."""
    old = authority("Old", not_after=-SECOND)
    error = refuse(standard(old), old.issue("client.example"))
    assert error.reason is Reason.CERTIFICATE_EXPIRED
    assert error.detail.startswith("anchor 'CN=Old'")
    key = make_key("ec", seed="middle")
    stale, fresh = (ROOT.intermediate("Middle CA", key=key, not_after=after) for after in (-SECOND, timedelta(days=90)))
    leaf = fresh.issue("client.example")
    error = refuse(standard(ROOT), leaf, via=[stale])
    assert (error.reason, error.detail[:28]) == (Reason.CERTIFICATE_EXPIRED, "intermediate 1 'CN=Middle CA")
    assert accept(standard(ROOT), leaf, via=[stale, fresh]).issuer == parsed(fresh)
    assert accept(standard(ROOT, stale, fresh), leaf).issuer == parsed(fresh)


@pytest.mark.parametrize("depth", [0, 1, 3])
def test_depth_counts_cas_between_leaf_and_anchor(depth: int) -> None:
    """As many CAs as max_depth says are accepted, one more is refused with the number to raise."""
    links = intermediates(ROOT, depth + 1)
    accept(standard(ROOT, max_depth=depth + 1), links[0].issue("client.example"), via=links)
    error = refuse(standard(ROOT, max_depth=depth), links[0].issue("client.example"), via=links)
    assert error.reason is Reason.PATH_TOO_LONG
    assert error.hints == (f"max_depth={depth + 1} accepts it",)


def test_depth_over_the_largest_has_no_way_out() -> None:
    """More CAs than any configuration may allow are refused without a number to raise."""
    links = intermediates(ROOT, 17)
    error = refuse(standard(ROOT, *links), links[0].issue("client.example"))
    assert (error.reason, error.hints) == (Reason.PATH_TOO_LONG, ())
    assert "no trust anchor within 16 CA certificates" in error.detail
    assert refuse(standard(ROOT, *links), links[1].issue("client.example")).hints == ("max_depth=16 accepts it",)


def test_what_is_missing_above_a_path_that_is_too_long() -> None:
    """A path that would be too long, and leads nowhere, is refused for what is missing: no depth would do."""
    links = intermediates(ROOT, 2)
    error = refuse(standard(authority("Other CA"), max_depth=0), links[0].issue("client.example"), via=links)
    assert (error.reason, error.detail[:23]) == (Reason.ISSUER_UNKNOWN, "intermediate 2 'CN=CA 0")
    assert error.hints == ("add that CA certificate to trust",)


def test_path_length_of_a_ca() -> None:
    """A path length that the chain exceeds is the reason; self-issued CAs do not count."""
    root = authority("Short CA", basic_constraints=x509.BasicConstraints(ca=True, path_length=0))
    middle = root.intermediate("Middle CA")
    accept(standard(root), root.issue("client.example"))
    error = refuse(standard(root), middle.issue("client.example"), via=[middle])
    assert error.reason is Reason.PATH_TOO_LONG
    assert "path length 0 allows as many CAs below it, the path has 1" in error.detail


def test_max_depth_is_checked_at_construction() -> None:
    """A depth out of 0..16 is a mistake."""
    store = TrustStore.load(ROOT.der)
    for profile, factory in PROFILES.items():
        for depth in (-1, 17):
            with pytest.raises(ConfigurationError, match=f"max_depth is {depth}, wanted 0 to 16"):
                factory(store, max_depth=depth, limits=Limits())
        assert factory(store, max_depth=16, limits=Limits()).name == profile


def test_time_is_that_of_the_call() -> None:
    """One verifier accepts today and refuses in a year; a naive time names no moment."""
    verifier, leaf = standard(ROOT), ROOT.issue("client.example")
    accept(verifier, leaf)
    error = refuse(verifier, leaf, at=NOW + timedelta(days=365))
    assert error.reason is Reason.CERTIFICATE_EXPIRED
    assert "(28944000 s late)" in error.detail
    accept(verifier, leaf, at=NOW.astimezone(timezone(timedelta(hours=-9))))
    with pytest.raises(ConfigurationError, match="naive"):
        verifier.verify(parsed(leaf), at=datetime(2026, 11, 21))  # noqa: DTZ001 - that is the mistake


def test_rollover_chains_with_self_issued_links() -> None:
    """A self-issued link is used where the issuers' signatures lead through it to an anchor."""
    new = CertificateAuthority("Test Root CA", issuer=ROOT)
    leaf = new.issue("client.example")
    assert subjects(accept(standard(ROOT), leaf, via=[new]))[1:] == ["CN=Test Root CA"] * 2
    error = refuse(standard(authority("Other CA")), leaf, via=[new])
    assert error.hints == ("add it to trust if its clients are welcome",)


def test_every_refusal_is_for_one_line_of_a_log() -> None:
    """Names of a peer appear escaped and cut."""
    error = refuse(standard(ROOT), authority("Stranger").issue("evil\n\x1b[31m" + "x" * 100))
    assert error.detail.isprintable()
    assert re.search(r"'CN=evil\\0A\\1B\[31mx{30,80}\.\.\.'", error.detail), error.detail


def test_verifier_of_an_empty_v3_store() -> None:
    """With v1 anchors alone there is no store for cryptography, and stage 2 works all the same."""
    root = authority("Old Root", version=1)
    verifier = StandardVerifier(TrustStore.load(root.der))
    assert verifier.store.x509_store is None
    accept(verifier, root.issue("u", **NO_EXTENSIONS))
    assert verifier.name == "standard"


def test_default_clock_is_never_used() -> None:
    """A verifier asked for a moment in 2050 answers for 2050."""
    root = CertificateAuthority("Future", now=datetime(2050, 1, 1, tzinfo=UTC), basic_constraints=CA)
    with pytest.raises(VerificationError, match="not-yet-valid"):
        standard(root).verify(parsed(root.issue("u")), at=NOW)
    standard(root).verify(parsed(root.issue("u")), at=datetime(2050, 1, 1, tzinfo=UTC))
