"""Bad material during a rotation: the old stays in force, the cause is told once, the repair is taken up."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from clientcert.testing.issued import pem
from tests.core.verification.kit import NOW, authority
from tests.runtime.trust_kit import (
    ROOT,
    SECOND,
    Volume,
    Watched,
    bundle,
    crl,
    tag,
    without_permission,
)

STRANGER = authority("Stranger CA")
HOUR = timedelta(hours=1)
UNKNOWN_ISSUER = "by 'CN=Stranger CA', which is not configured"
FUTURE = ROOT.crl(number=2, this_update=HOUR).pem


@pytest.fixture
def volume(tmp_path: Path) -> Volume:
    """The first generation."""
    return Volume(tmp_path)


Spoil = Callable[[Volume], object]


def make_directory(path: Path) -> None:
    """What a volume that failed to mount looks like."""
    path.unlink()
    path.mkdir()


BAD_INPUT: dict[str, tuple[Spoil, str]] = {
    "half-written bundle": (lambda v: v.swap(2, ca=bundle(2)[:-40]), "damaged: 2 BEGIN lines, 1 END lines"),
    "bundle cut after its first certificate's first lines": (lambda v: v.swap(2, ca=bundle(2)[:200]), "damaged"),
    "half-written CRL": (lambda v: v.swap(2, lists=crl(2)[:200]), "damaged: 1 BEGIN lines, 0 END lines"),
    "empty bundle": (lambda v: v.swap(2, ca=b""), "is empty"),
    "empty CRL": (lambda v: v.swap(2, lists=b""), "is empty"),
    "bundle is gone": (lambda v: (v.target / "ca.crt").unlink(), "cannot be read: No such file"),
    "directory instead of a file": (
        lambda v: make_directory(v.target / "ca.crt"),
        "was PEM and is a directory now",
    ),
    "DER where PEM was": (lambda v: v.swap(2, ca=ROOT.der), "was PEM and is DER now"),
    "DER where a PEM list was": (lambda v: v.swap(2, lists=ROOT.crl([2], number=2).der), "was PEM and is DER now"),
    "private key": (lambda v: v.swap(2, ca=bundle(2) + ROOT.issued.key_pem), "private key"),
    "leaf among the CAs": (lambda v: v.swap(2, ca=bundle(2) + ROOT.issue("leaf").pem), "no keyCertSign"),
    "CRL of another issuer": (
        lambda v: v.swap(2, lists=STRANGER.crl().pem),
        UNKNOWN_ISSUER,
    ),
    "CRL of another issuer beside ours": (
        lambda v: v.swap(2, lists=crl(2) + STRANGER.crl().pem),
        UNKNOWN_ISSUER,
    ),
    "forged CRL": (lambda v: v.swap(2, lists=ROOT.impostor().crl().pem), "not signed by the key of"),
    "CRL from the past, expired": (
        lambda v: v.swap(2, lists=ROOT.crl(number=2, next_update=-SECOND).pem),
        "expired at",
    ),
    "CRL from the past, older than the one in force": (
        lambda v: v.swap(2, lists=ROOT.crl(number=0, this_update=timedelta(days=-2)).pem),
        "older than CRL 1",
    ),
    "CRL from the future": (
        lambda v: v.swap(2, lists=FUTURE),
        "not valid for another",
    ),
    "delta CRL": (lambda v: v.swap(2, lists=ROOT.crl(delta_base=1, number=2).pem), "delta lists"),
    "certificate in the list's place": (lambda v: v.swap(2, lists=ROOT.pem), "wanted X509 CRL only"),
    "not a CRL": (lambda v: v.swap(2, lists=pem(b"\x30\x00", label="X509 CRL")), "not a revocation list"),
}


@pytest.mark.parametrize("name", BAD_INPUT)
def test_bad_input(volume: Volume, name: str) -> None:
    """The old generation stays in force, one event has the cause, the status shows it, and the repair is taken up."""
    spoil, cause = BAD_INPUT[name]
    watched = Watched(volume.sources)
    first = watched.trust.current(NOW)
    spoil(volume)
    for _ in range(3):
        assert watched.next() is first
    (attempt,) = watched.attempts
    assert attempt.cause is not None
    assert cause in attempt.cause
    assert attempt.generation is first
    status = watched.trust.status(watched.now)
    assert (status.generation, status.last_error) == (1, attempt.cause)
    assert status.age == watched.now - NOW
    assert status.confirmed_at == NOW
    _repair(volume)
    assert tag(watched.next()) == 3
    assert watched.trust.status(watched.now).last_error is None
    assert watched.causes == [attempt.cause, None]


def _repair(volume: Volume) -> None:
    for name in ("ca.crt", "ca.crl"):
        path = volume.target / name
        if path.is_dir():
            path.rmdir()
    volume.swap(3)


def test_wrong_permissions(volume: Volume) -> None:
    """Files that may not be read leave the old generation in force; when they may, all is well again."""
    watched = Watched(volume.sources)
    first = watched.trust.current(NOW)
    with without_permission(volume.target / "ca.crl"):
        assert watched.next() is first
        assert watched.next() is first
    assert watched.causes == [watched.causes[0]]
    assert "Permission denied" in str(watched.causes[0])
    assert watched.next() is first
    assert watched.trust.status(watched.now).last_error is None
