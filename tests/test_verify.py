"""`verify_certificate`: the verdict of the middleware, for those who have a certificate and no request."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from clientcert.core.limits import Limits
from clientcert.core.verification import TRUST_PROXY, TrustStore, VerifiedPath
from clientcert.errors import ClientCertError, ConfigurationError, EncodingError, Reason, VerificationError
from clientcert.testing import CertificateAuthority
from clientcert.verify import PROFILE_NAMES, verify_certificate
from tests.material import (
    ADMIN,
    ALICE,
    AUTHORITY,
    BEN,
    EXPIRED,
    INTERMEDIATE,
    NOW,
    SELF_SIGNED,
    STRANGE_AUTHORITY,
    STRANGERS,
    VERSION_1,
)


def _verify(certificate: bytes | str, **changes: Any) -> VerifiedPath:
    keywords: dict[str, Any] = {"trust": AUTHORITY.pem, "at": NOW} | changes
    return verify_certificate(certificate, **keywords)


@pytest.mark.parametrize(
    "certificate",
    [ALICE.der, ALICE.pem, ALICE.pem.decode(), b"text around\n" + ALICE.pem, ALICE.chain_pem + AUTHORITY.pem],
    ids=["der", "pem", "pem text", "pem in text", "pem and root"],
)
def test_forms(certificate: bytes | str) -> None:
    """DER, PEM as bytes and PEM as text give the path from the leaf to the anchor."""
    path = _verify(certificate)
    assert [c.der for c in path.certificates] == [ALICE.der, AUTHORITY.der]
    assert path.profile == "standard"


@pytest.mark.parametrize(
    "intermediates",
    [
        [INTERMEDIATE.der],
        [INTERMEDIATE.pem],
        [INTERMEDIATE.pem.decode()],
        INTERMEDIATE.pem,
        INTERMEDIATE.der,
        [INTERMEDIATE.der, AUTHORITY.der],
        iter([INTERMEDIATE.der]),
    ],
    ids=["der", "pem", "text", "pem alone", "der alone", "with the root", "iterator"],
)
def test_intermediates(intermediates: Any) -> None:
    """What the peer sent along builds the path; without it there is none."""
    path = _verify(BEN.der, intermediates=intermediates)
    assert [c.der for c in path.certificates] == [BEN.der, INTERMEDIATE.der, AUTHORITY.der]
    assert _verify(BEN.chain_pem).certificates == path.certificates
    with pytest.raises(VerificationError, match=Reason.ISSUER_UNKNOWN):
        _verify(BEN.der)


def test_intermediates_are_not_trusted() -> None:
    """A root that the peer brings along is no anchor."""
    strangers = STRANGERS.chain_pem + STRANGE_AUTHORITY.pem
    with pytest.raises(VerificationError, match=Reason.ISSUER_UNKNOWN):
        _verify(strangers, intermediates=[STRANGE_AUTHORITY.der])
    assert verify_certificate(STRANGERS.der, trust=STRANGE_AUTHORITY.pem, at=NOW).anchor is not None


def test_trust_forms(tmp_path: Path) -> None:
    """Trust is a path, a folder, octets, a callable, or a store that was loaded once and is used as it is."""
    bundle = tmp_path / "ca.pem"
    bundle.write_bytes(AUTHORITY.pem)
    store = TrustStore.load(AUTHORITY.pem)
    for trust in (bundle, str(bundle), tmp_path, AUTHORITY.pem, AUTHORITY.der, AUTHORITY.certificate, store):
        assert _verify(ALICE.der, trust=trust).leaf.der == ALICE.der
    assert _verify(ALICE.der, trust=lambda: AUTHORITY.pem).leaf.der == ALICE.der
    assert _verify(ALICE.der, trust=store).anchor is store.anchors[0]


def test_moment() -> None:
    """The moment may stand in any time zone, and is now unless given."""
    assert _verify(ALICE.der, at=NOW.astimezone(timezone(timedelta(hours=5)))).leaf.der == ALICE.der
    present = CertificateAuthority("Present", now=datetime.now(UTC))
    assert verify_certificate(present.issue("here").der, trust=present.pem).profile == "standard"
    past = present.issue("past", not_after=timedelta(hours=-1))
    with pytest.raises(VerificationError, match=Reason.CERTIFICATE_EXPIRED):
        verify_certificate(past.der, trust=present.pem)


def test_profiles() -> None:
    """Every profile is known by its name, and decides as that profile."""
    assert PROFILE_NAMES == ("standard", "strict", "openssl", "pinned")
    for profile in ("standard", "strict", "openssl"):
        assert _verify(ALICE.der, profile=profile).profile == profile
    assert _verify(VERSION_1.der).profile == "standard"
    with pytest.raises(VerificationError, match=Reason.STRICT_RULE):
        _verify(VERSION_1.der, profile="strict")


def test_pinned() -> None:
    """Profile pinned takes the clients' own certificates or their hashes as trust."""
    for trust in (SELF_SIGNED.pem, f"sha256:{SELF_SIGNED.fingerprint_sha256}"):
        assert _verify(SELF_SIGNED.der, profile="pinned", trust=trust).profile == "pinned"
        with pytest.raises(VerificationError, match=Reason.NOT_PINNED):
            _verify(ALICE.der, profile="pinned", trust=trust)


def test_max_depth() -> None:
    """A path with more CAs than allowed is refused."""
    assert len(_verify(BEN.chain_pem, max_depth=1).certificates) == 3
    with pytest.raises(VerificationError, match=Reason.PATH_TOO_LONG):
        _verify(BEN.chain_pem, max_depth=0)


REFUSED: dict[str, tuple[bytes | str, type[ClientCertError], Reason]] = {
    "expired": (EXPIRED.der, VerificationError, Reason.CERTIFICATE_EXPIRED),
    "of another CA": (STRANGERS.der, VerificationError, Reason.ISSUER_UNKNOWN),
    "nothing": (b"", EncodingError, Reason.ENCODING_MALFORMED),
    "a path": ("client.pem", EncodingError, Reason.ENCODING_MALFORMED),
    "text that is not ASCII": ("zertifikat für dich", EncodingError, Reason.ENCODING_MALFORMED),
    "pem cut off": (ALICE.pem[:-10], EncodingError, Reason.ENCODING_MALFORMED),
    "a key": (ALICE.key_pem, EncodingError, Reason.PRIVATE_KEY_SENT),
    "a certificate and its key": (ALICE.pem + ALICE.key_pem, EncodingError, Reason.PRIVATE_KEY_SENT),
    "a revocation list": (AUTHORITY.crl().pem, EncodingError, Reason.ENCODING_MALFORMED),
    "der and more": (ALICE.der + b"\0", EncodingError, Reason.CERTIFICATE_MALFORMED),
    "no certificate": (b"\x30\x00", EncodingError, Reason.CERTIFICATE_MALFORMED),
    "10 certificates": (ALICE.pem * 10, EncodingError, Reason.CHAIN_TOO_LARGE),
}


@pytest.mark.parametrize(("certificate", "error", "reason"), REFUSED.values(), ids=REFUSED)
def test_refuses(certificate: bytes | str, error: type[ClientCertError], reason: Reason) -> None:
    """Whatever a peer sends is accepted or refused with a typed error."""
    with pytest.raises(error) as caught:
        _verify(certificate)
    assert caught.value.reason is reason


def test_error_names_the_intermediate() -> None:
    """A broken intermediate is told by its place, since the leaf is not at fault."""
    with pytest.raises(EncodingError, match=r"certificate 2: not an X\.509 certificate"):
        _verify(BEN.der, intermediates=[b"\x30\x00"])


def test_limits() -> None:
    """Limits bound what the peer sent; the same certificate passes without the lower one."""
    limits = Limits(certificate_bytes=len(ALICE.der) - 1)
    with pytest.raises(EncodingError, match=Reason.CERTIFICATE_TOO_LARGE):
        _verify(ALICE.der, limits=limits)
    assert _verify(ALICE.der, limits=Limits(certificate_bytes=len(ALICE.der))).leaf.der == ALICE.der


UNUSABLE: dict[str, tuple[dict[str, Any], str]] = {
    "no such file": ({"trust": "none.pem"}, "'none.pem' cannot be read"),
    "leaf as trust": ({"trust": ALICE.pem}, "take it out of the bundle"),
    "the proxy's verdict": ({"trust": TRUST_PROXY}, "TRUST_PROXY"),
    "unknown profile": ({"profile": "x"}, "unknown profile 'x', wanted one of: standard, strict, openssl, pinned"),
    "naive moment": ({"at": datetime(2030, 1, 15)}, "naive"),  # noqa: DTZ001 - the mistake itself
    "depth": ({"max_depth": 17}, "wanted 0 to 16"),
    "revocation": ({"revocation": "x"}, "revocation is 'x', wanted 'off' or 'hard' or 'soft'"),
    "no lists": ({"revocation": "soft"}, "no list to ask"),
    "lists cut off": ({"crl": AUTHORITY.crl().pem[:-9]}, "damaged"),
    "no such list": ({"crl": "none.crl"}, "'none.crl' cannot be read"),
    "store for pins": ({"profile": "pinned", "trust": TrustStore.load(AUTHORITY.pem)}, "got a store"),
    "lists for pins": ({"profile": "pinned", "trust": ALICE.pem, "crl": AUTHORITY.crl().pem}, "remove crl"),
}


@pytest.mark.parametrize(("changes", "message"), UNUSABLE.values(), ids=UNUSABLE)
def test_unusable(changes: dict[str, Any], message: str) -> None:
    """The caller's own mistakes are configuration errors, whatever the certificate is."""
    with pytest.raises(ConfigurationError, match=message):
        _verify(b"junk", **changes)


REVOKED = AUTHORITY.crl([ALICE])


def _in_file(folder: Path) -> object:
    (folder / "ca.crl").write_bytes(REVOKED.der)
    return folder / "ca.crl"


def _in_folder(folder: Path) -> object:
    (folder / "ca.crl").write_bytes(REVOKED.pem)
    (folder / ".hidden").write_bytes(b"junk")
    return str(folder)


@pytest.mark.parametrize(
    "source",
    [lambda _: REVOKED.pem, lambda _: REVOKED.der, lambda _: [REVOKED.pem], _in_file, _in_folder],
    ids=["pem", "der", "several", "file", "folder"],
)
def test_revocation(tmp_path: Path, source: Callable[[Path], object]) -> None:
    """Lists are read from octets, files and folders; who is on them is refused and nobody else."""
    crl = source(tmp_path)
    assert _verify(ADMIN.der, crl=crl).leaf.der == ADMIN.der
    assert _verify(ALICE.der, crl=crl, revocation="off").leaf.der == ALICE.der
    with pytest.raises(VerificationError, match=Reason.REVOKED):
        _verify(ALICE.der, crl=crl)


def test_revocation_unknown() -> None:
    """An issuer without a list is refused, and accepted with soft."""
    with pytest.raises(VerificationError, match=Reason.REVOCATION_UNKNOWN):
        _verify(BEN.chain_pem, crl=REVOKED.pem)
    assert _verify(BEN.chain_pem, crl=REVOKED.pem, revocation="soft").leaf.der == BEN.der
