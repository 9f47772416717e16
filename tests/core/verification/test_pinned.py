"""Pinned certificates and keys, and the verifier that only asks the proxy."""

from pathlib import Path

import pytest

from clientcert.core.verification import PinnedVerifier, TrustProxyVerifier
from clientcert.core.verification.trust_proxy import TRUST_PROXY
from clientcert.errors import ConfigurationError, Reason
from clientcert.testing.knobs import Knobs
from tests.core.verification.kit import NOW, SECOND, accept, authority, parsed, refuse

ROOT = authority()
CLIENT = ROOT.issue("client", self_signed=True)
OTHER = ROOT.issue("other", self_signed=True)


def _colons(text: str) -> str:
    return ":".join(text[i : i + 2] for i in range(0, len(text), 2)).upper()


def test_every_form_of_pin(tmp_path: Path) -> None:
    """Certificates in any form, and hashes of certificates and keys, accept exactly their own."""
    file = tmp_path / "client.pem"
    file.write_bytes(CLIENT.pem)
    leaf = parsed(CLIENT)
    sources: list[object] = [
        CLIENT.der,
        CLIENT.certificate,
        file,
        str(file),
        [CLIENT.pem],
        lambda: [CLIENT.der],
        f"sha256:{leaf.fingerprint_sha256}",
        f"SHA256:{_colons(leaf.fingerprint_sha256)}",
        [f"spki-sha256:{leaf.spki_sha256}"],
    ]
    for source in sources:
        verifier = PinnedVerifier.load(source)  # type: ignore[arg-type]
        path = accept(verifier, CLIENT)
        assert (path.certificates, path.profile, path.issuer, path.anchor) == ((leaf,), "pinned", leaf, leaf)
        error = refuse(verifier, OTHER)
        assert error.reason is Reason.NOT_PINNED
        assert error.hints == (f"add 'sha256:{parsed(OTHER).fingerprint_sha256}' to accept this certificate",)


def test_key_pin_survives_renewal_and_certificate_pin_does_not() -> None:
    """A renewed certificate with the same key has the same key pin and another fingerprint."""
    renewed = ROOT.issue("client", self_signed=True, key=CLIENT.key)
    accept(PinnedVerifier.load(f"spki-sha256:{parsed(CLIENT).spki_sha256}"), renewed)
    assert refuse(PinnedVerifier.load(CLIENT.der), renewed).reason is Reason.NOT_PINNED


def test_child_of_a_pin_is_refused() -> None:
    """What a pinned certificate signs is not pinned (CVE-2024-2048, CVE-2025-6037)."""
    pinned = authority("Pinned CA", key_usage=None)
    verifier = PinnedVerifier.load(pinned.der)
    accept(verifier, pinned)
    assert refuse(verifier, pinned.issue("child"), via=[pinned]).reason is Reason.NOT_PINNED


_NOT_CLIENTS = {
    "expired": (Knobs(not_after=-SECOND), Reason.CERTIFICATE_EXPIRED),
    "server": (Knobs(extended_key_usage=["serverAuth"]), Reason.PURPOSE_NOT_ALLOWED),
    "weak-key": (Knobs(key="rsa-1024"), Reason.KEY_NOT_ACCEPTED),
}


@pytest.mark.parametrize(("knobs", "reason"), _NOT_CLIENTS.values(), ids=_NOT_CLIENTS)
def test_pinned_certificates_keep_their_dates_and_purpose(knobs: Knobs, reason: Reason) -> None:
    """A pin does not make a certificate good for what it says it is not good for."""
    leaf = ROOT.issue("client", **(Knobs(self_signed=True) | knobs))
    assert refuse(PinnedVerifier.load(leaf.der), leaf).reason is reason


def test_signature_algorithm_of_a_pinned_certificate_does_not_matter() -> None:
    """Nothing rests on the signature of a pinned certificate: SHA-1 of an old device is accepted."""
    leaf = ROOT.issue("client", self_signed=True, signature_hash="sha1")
    accept(PinnedVerifier.load(leaf.der), leaf)


def test_pins_are_checked_at_construction() -> None:
    """No pin, and one that is no SHA-256, are mistakes."""
    with pytest.raises(ConfigurationError, match="no pins"):
        PinnedVerifier.load([])
    with pytest.raises(ConfigurationError, match="'AB' is not 64 lower-case hex digits"):
        PinnedVerifier(certificates=frozenset({"AB"}))
    with pytest.raises(ConfigurationError, match="cannot be read"):
        PinnedVerifier.load("sha256:1234")


def test_trust_proxy_looks_at_the_dates_alone() -> None:
    """Whatever the proxy accepted is accepted within its dates, with no anchor and no issuer to show."""
    verifier = TrustProxyVerifier()
    leaf = ROOT.issue("client", extended_key_usage=["serverAuth"], corrupt_signature=True)
    path = accept(verifier, leaf)
    assert (path.anchor, path.issuer, path.leaf, path.profile) == (None, None, parsed(leaf), verifier.name)
    assert path.valid_until == parsed(leaf).not_after
    assert refuse(verifier, leaf, at=parsed(leaf).not_after + SECOND).reason is Reason.CERTIFICATE_EXPIRED
    assert (repr(TRUST_PROXY), NOW.tzinfo is not None) == ("TRUST_PROXY", True)
