"""What contradicts itself is refused by `standard`, with the profile that does not look; the twin is accepted."""

from typing import NamedTuple

import pytest
from cryptography import x509

from clientcert.core.verification import OpenSSLVerifier, PinnedVerifier, StandardVerifier, StrictVerifier, TrustStore
from clientcert.errors import ConfigurationError, Reason, VerificationError
from clientcert.testing.knobs import Knobs
from tests.core.verification.kit import CA, NOW, accept, authority, parsed, raw_extension, refuse, standard

ROOT = authority()
_BY_SERIAL = x509.AuthorityKeyIdentifier(None, [x509.DirectoryName(ROOT.certificate.subject)], 1)


def _policy_constraints(*, critical: bool) -> Knobs:
    return Knobs(extra_extensions=[raw_extension("2.5.29.36", "3003800100", critical=critical)])


class Row(NamedTuple):
    """What is refused, its accepted twin, and what is said."""

    bad: Knobs
    good: Knobs
    reason: Reason
    text: str


_LEAVES = {
    "constraints-in-no-ca": Row(
        Knobs(permitted_names=["DNS:example"]),
        Knobs(permitted_names=["DNS:example"], basic_constraints=CA, key_usage=["digitalSignature", "keyCertSign"]),
        Reason.NAME_CONSTRAINT_VIOLATED,
        "name constraints in a certificate that is not a CA's",
    ),
    "constraints-in-no-ca-not-critical": Row(
        Knobs(excluded_names=["DNS:example"], basic_constraints=None, critical={"name_constraints": False}),
        Knobs(basic_constraints=None),
        Reason.NAME_CONSTRAINT_VIOLATED,
        "name constraints in a certificate that is not a CA's",
    ),
    "ca-that-signs-nothing": Row(
        Knobs(basic_constraints=CA),
        Knobs(basic_constraints=CA, key_usage=None),
        Reason.PURPOSE_NOT_ALLOWED,
        "basicConstraints says cA TRUE, and key usage has no keyCertSign",
    ),
}
_CAS = {
    "policy-constraints-not-critical": Row(
        _policy_constraints(critical=False),
        _policy_constraints(critical=True),
        Reason.PATH_INVALID,
        "policy constraints are not critical",
    ),
}


@pytest.mark.parametrize("row", _LEAVES.values(), ids=_LEAVES)
def test_clients_that_contradict_themselves(row: Row) -> None:
    """A client's certificate that cannot be meant is refused, by `strict` too; OpenSSL and a pin do not look."""
    leaf, store = ROOT.issue("client.example", **row.bad), TrustStore.load(ROOT.der)
    for verifier in (StandardVerifier(store), StrictVerifier(store)):
        error = refuse(verifier, leaf)
        assert (error.reason, row.text in error.detail) == (row.reason, True), error.detail
        assert error.detail.startswith("leaf 'CN=client.example' (sha256 ")
        assert error.hints[0].startswith("RFC 5280 §4.2.1.")
        assert error.hints[1:] == ("profile 'openssl' accepts it",)
    for lenient in (OpenSSLVerifier(store), PinnedVerifier.load(leaf.der)):
        accept(lenient, leaf)
    accept(standard(ROOT), ROOT.issue("client.example", **row.good))


@pytest.mark.parametrize("place", ["forwarded", "configured"])
@pytest.mark.parametrize("row", _CAS.values(), ids=_CAS)
def test_intermediates_that_contradict_themselves(row: Row, place: str) -> None:
    """An intermediate that RFC 5280 forbids is refused wherever it comes from; OpenSSL does not look."""
    bad, good = ROOT.intermediate("Middle CA", **row.bad), ROOT.intermediate("Middle CA", **row.good)
    trusted, via = ((ROOT,), [bad]) if place == "forwarded" else ((ROOT, bad), [])
    error = refuse(standard(*trusted), bad.issue("u"), via=via)
    assert (error.reason, row.text in error.detail) == (row.reason, True), error.detail
    assert error.detail.startswith("intermediate 1 'CN=Middle CA'")
    assert error.hints[-1] == "profile 'openssl' accepts it"
    accept(OpenSSLVerifier(TrustStore.load([ca.der for ca in trusted])), bad.issue("u"), via=via)
    accept(standard(ROOT), good.issue("u"), via=[good])


def test_another_intermediate_of_the_same_key_will_do() -> None:
    """A path goes around what is refused: a configured CA certificate that was issued again in order."""
    bad = ROOT.intermediate("Middle CA", **_policy_constraints(critical=False))
    knobs = Knobs(key=bad.issued.key) | _policy_constraints(critical=True)
    good = ROOT.intermediate("Middle CA", **knobs)
    path = accept(standard(ROOT, bad, good), bad.issue("u"))
    assert path.certificates[1] == parsed(good)


_ANCHORS = {
    "key-identifier-missing": (Knobs(authority_key_identifier=_BY_SERIAL, serial_number=1), "no key identifier"),
    "policy-constraints-not-critical": (_policy_constraints(critical=False), "policy constraints are not critical"),
}


@pytest.mark.parametrize(("knobs", "text"), _ANCHORS.values(), ids=_ANCHORS)
def test_anchors_that_contradict_themselves(knobs: Knobs, text: str) -> None:
    """Such a root is refused at start with the way out, and beside a good one it is no anchor of `standard`."""
    root, other = authority(**knobs), authority("Other Root")
    with pytest.raises(ConfigurationError, match=f"{text}.*profile 'openssl' accepts it"):
        TrustStore.load(root.der)
    accept(OpenSSLVerifier(TrustStore.load(root.der, security_level=2)), root.issue("u"))
    both = TrustStore.load([root.der, other.der])
    assert text in both.warnings(NOW)[0]
    assert text in refuse(StandardVerifier(both), root.issue("u")).detail
    accept(StandardVerifier(both), other.issue("u"))
    accept(standard(authority(authority_key_identifier=True)), ROOT.issue("u"))


def test_root_that_was_issued_again_in_order() -> None:
    """Of two certificates of one root the one that is in order is the anchor."""
    bad = authority(authority_key_identifier=_BY_SERIAL, serial_number=1)
    path = accept(standard(bad, ROOT), ROOT.issue("u"))
    assert path.anchor == parsed(ROOT)


def test_anchor_that_only_openssl_takes_is_refused_under_standard_at_every_level() -> None:
    """A store that was loaded for `openssl` does not make another profile accept more."""
    root = authority(**_policy_constraints(critical=False))
    store = TrustStore.load(root.der, security_level=2)
    for verifier in (StandardVerifier(store), StrictVerifier(store)):
        with pytest.raises(VerificationError, match="policy constraints are not critical"):
            accept(verifier, root.issue("u"))
