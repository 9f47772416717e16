"""OpenSSL's own verdict: chains that `standard` has no engine for, with our rules on top."""

import sys
from types import ModuleType

import pytest
from cryptography import x509
from OpenSSL import crypto

from clientcert.core.limits import Limits
from clientcert.core.verification import OpenSSLVerifier, TrustStore
from clientcert.errors import ConfigurationError, Reason
from clientcert.testing import CertificateAuthority
from clientcert.testing.knobs import Knobs
from tests.conformance.corpora import cases
from tests.core.verification.kit import SECOND, accept, authority, parsed, refuse, standard, subjects

ROOT = authority(key="ed25519")
MIDDLE = ROOT.intermediate("Middle CA")


def openssl(*trusted: CertificateAuthority, **options: object) -> OpenSSLVerifier:
    """The profile, trusting these."""
    return OpenSSLVerifier(TrustStore.load([a.der for a in trusted]), **options)  # type: ignore[arg-type]


def test_chain_that_standard_cannot_express() -> None:
    """An Ed25519 CA above an intermediate, forwarded or configured."""
    leaf = MIDDLE.issue("client.example")
    refuse(standard(ROOT), leaf, via=[MIDDLE])
    path = accept(openssl(ROOT), leaf, via=[MIDDLE])
    assert subjects(path) == ["CN=client.example", "CN=Middle CA", "CN=Test Root CA"]
    assert (path.profile, path.anchor) == ("openssl", parsed(ROOT))
    assert accept(openssl(ROOT, MIDDLE), leaf).certificates == path.certificates


def test_leaf_that_is_an_anchor() -> None:
    """The path of a self-signed certificate in the bundle is itself."""
    itself = authority("Self-made", key_usage=None)
    assert accept(openssl(itself), itself).certificates == (parsed(itself),)


_REFUSED = {
    "purpose": (Knobs(extended_key_usage=["serverAuth"]), Reason.PURPOSE_NOT_ALLOWED),
    "any-purpose": (Knobs(extended_key_usage=["anyExtendedKeyUsage"]), Reason.PURPOSE_NOT_ALLOWED),
    "key": (Knobs(key="rsa-1024"), Reason.KEY_NOT_ACCEPTED),
    "expired": (Knobs(not_after=-SECOND), Reason.CERTIFICATE_EXPIRED),
    "signature": (Knobs(corrupt_signature=True), Reason.SIGNATURE_INVALID),
    "issuer": (Knobs(issuer_name=[("CN", "Nobody")]), Reason.ISSUER_UNKNOWN),
}


@pytest.mark.parametrize(("knobs", "reason"), _REFUSED.values(), ids=_REFUSED)
def test_rules_are_ours_on_top(knobs: Knobs, reason: Reason) -> None:
    """Purpose and key strength, which pyOpenSSL cannot ask for, are checked here."""
    error = refuse(openssl(ROOT), ROOT.issue("client.example", **knobs))
    assert error.reason is reason
    accept(openssl(ROOT), ROOT.issue("client.example"))


def test_depth_is_ours_on_top() -> None:
    """OpenSSL allows 100 CAs; max_depth holds."""
    leaf = MIDDLE.issue("client.example")
    assert refuse(openssl(ROOT, max_depth=0), leaf, via=[MIDDLE]).reason is Reason.PATH_TOO_LONG
    accept(openssl(ROOT, max_depth=1), leaf, via=[MIDDLE])


def test_words_of_openssl_are_a_hint_beside_ours() -> None:
    """Our own search says what is wrong where it can, and OpenSSL's code stands beside it."""
    error = refuse(openssl(ROOT), MIDDLE.issue("client.example"))
    assert error.detail.startswith("leaf 'CN=client.example'")
    assert error.hints[-1] == "OpenSSL: unable to get local issuer certificate at depth 0 (error 20)"


def test_words_of_openssl_alone() -> None:
    """Where our search finds nothing, OpenSSL's words are the reason: a valid chain that it does not find."""
    (case,) = (case for case in cases("matrix") if case.id == "d22")
    verifier = OpenSSLVerifier(TrustStore.load(case.trusted))
    with pytest.raises(Exception, match="OpenSSL: ") as caught:
        verifier.verify(parsed(case.leaf), at=case.at)
    assert caught.value.args[0].startswith("signature-invalid: leaf ")


def test_certificate_that_openssl_cannot_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """What OpenSSL's own parser refuses is a typed refusal; no such certificate is known that we accept."""

    def fail(_: object) -> None:
        raise crypto.Error([("asn1 encoding routines", "", "wrong tag")])

    accept(openssl(ROOT), ROOT.issue("client.example"))
    monkeypatch.setattr(crypto.X509, "from_cryptography", fail)
    error = refuse(openssl(ROOT), ROOT.issue("client.example"))
    assert (error.reason, "OpenSSL: " in error.detail) == (Reason.PATH_INVALID, True)


def test_forwarded_certificates_are_limited() -> None:
    """The limits for what a request brings along are those of `standard`."""
    leaf = MIDDLE.issue("client.example")
    assert refuse(openssl(ROOT), leaf, via=[MIDDLE] * 5).reason is Reason.CHAIN_TOO_LARGE
    big = ROOT.intermediate("Middle CA", key="rsa-3072")
    verifier = openssl(ROOT, limits=Limits(intermediate_rsa_bits=3000))
    assert refuse(verifier, big.issue("u", key="ec"), via=[big]).reason is Reason.ISSUER_UNKNOWN
    accept(openssl(ROOT), big.issue("u", key="ec"), via=[big])


def test_missing_extra_is_a_clear_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without pyOpenSSL, or with one that has lost the interface, the error names the way out."""
    store = TrustStore.load(ROOT.der)
    monkeypatch.setitem(sys.modules, "OpenSSL", None)
    with pytest.raises(ConfigurationError, match=r"pip install 'clientcert\[openssl\]'"):
        OpenSSLVerifier(store)
    gutted = ModuleType("OpenSSL")
    gutted.crypto = ModuleType("OpenSSL.crypto")  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "OpenSSL", gutted)
    with pytest.raises(ConfigurationError, match="has no X509StoreContext any more"):
        OpenSSLVerifier(store)


def test_constraints_that_standard_cannot_express() -> None:
    """A critical directoryName constraint of an intermediate is evaluated."""
    name = x509.DirectoryName(x509.Name.from_rfc4514_string("O=Example Ltd"))
    narrow = ROOT.intermediate("Narrow CA", permitted_names=[name])
    accept(openssl(ROOT), narrow.issue(subject=[("O", "Example Ltd"), ("CN", "u")]), via=[narrow])
    error = refuse(openssl(ROOT), narrow.issue(subject=[("O", "Other"), ("CN", "u")]), via=[narrow])
    assert error.reason is Reason.NAME_CONSTRAINT_VIOLATED
