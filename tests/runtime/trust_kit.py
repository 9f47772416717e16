"""Volumes with generations of trust material: each has a bundle and a list that belong together."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import cache
from pathlib import Path

from clientcert.core.verification import StandardVerifier
from clientcert.core.verification.crl_checker import CrlChecker
from clientcert.core.verification.generation import TrustGeneration
from clientcert.core.verification.revocation import RevocationPolicy
from clientcert.runtime.files import Sources
from clientcert.runtime.reload import ReloadAttempt, ReloadingTrust
from clientcert.runtime.trust import TrustBuilder
from clientcert.testing import CertificateAuthority
from tests.core.verification.kit import NOW, authority

ROOT = authority("Volume CA")
SECOND = timedelta(seconds=1)
INTERVAL = timedelta(seconds=10)
BUILDER = TrustBuilder(verifier=StandardVerifier, policy=RevocationPolicy())


@cache
def link(number: int) -> CertificateAuthority:
    """The intermediate that only one generation has."""
    return ROOT.intermediate(f"Link {number}")


@cache
def bundle(number: int) -> bytes:
    """The bundle of a generation."""
    return ROOT.pem + link(number).pem


@cache
def crl(number: int) -> bytes:
    """The list of a generation, issued a minute after the one before."""
    return ROOT.crl([number], number=number, this_update=timedelta(minutes=number) - timedelta(days=1)).pem


def tag(generation: TrustGeneration) -> int:
    """The number of the material, after checking that all of it is of one generation."""
    verifier, checker = generation.verifier, generation.revocation
    assert isinstance(verifier, StandardVerifier)
    assert isinstance(checker, CrlChecker)
    (intermediate,) = verifier.store.intermediates
    (listed,) = checker.lists
    assert intermediate.subject.common_name == f"Link {listed.number}"
    assert listed.entries.count == 1
    assert generation.known_issuers is not None
    assert len(generation.known_issuers) == 2
    return listed.number or 0


class Volume:
    """A Kubernetes volume: files are links through ``..data``, which is swapped."""

    def __init__(self, folder: Path, number: int = 1) -> None:
        self.folder = folder
        folder.mkdir(exist_ok=True)
        self.swap(number)
        for name in ("ca.crt", "ca.crl"):
            (folder / name).symlink_to(f"..data/{name}")

    @property
    def sources(self) -> Sources:
        """Both files as settings."""
        return Sources({"trust": self.folder / "ca.crt", "crl": str(self.folder / "ca.crl")})

    @property
    def target(self) -> Path:
        """The directory in force."""
        return self.folder / (self.folder / "..data").readlink()

    def swap(self, number: int, *, ca: bytes | None = None, lists: bytes | None = None, keep: bool = False) -> None:
        """Put a generation in force, as the kubelet does: atomically, and the old directory goes away."""
        old = self.target if (self.folder / "..data").is_symlink() else None
        fresh = self.folder / f"..{number}_{len(list(self.folder.iterdir()))}_{os.urandom(4).hex()}"
        fresh.mkdir()
        (fresh / "ca.crt").write_bytes(bundle(number) if ca is None else ca)
        (fresh / "ca.crl").write_bytes(crl(number) if lists is None else lists)
        temporary = self.folder / "..data_tmp"
        temporary.symlink_to(fresh.name)
        temporary.replace(self.folder / "..data")
        if old is not None and not keep:
            for file in old.iterdir():
                file.unlink()
            old.rmdir()


class Watched:
    """A `ReloadingTrust`, with its clock in the hand and its attempts in a list."""

    def __init__(self, sources: Sources, builder: TrustBuilder = BUILDER, **options: object) -> None:
        self.now = NOW
        self.attempts: list[ReloadAttempt] = []
        options = {"interval": INTERVAL, **options}
        self.trust = ReloadingTrust(sources, builder, at=NOW, on_attempt=self.attempts.append, **options)  # type: ignore[arg-type]

    def next(self) -> TrustGeneration:
        """What is in force after another interval."""
        self.now += INTERVAL
        return self.trust.current(self.now)

    @property
    def causes(self) -> list[str | None]:
        """Of all attempts."""
        return [attempt.cause for attempt in self.attempts]


@contextmanager
def without_permission(path: Path) -> Iterator[None]:
    """Nobody may read a file; for root, who may, the process is somebody else for a while."""
    mode = path.stat().st_mode
    path.chmod(0)
    is_root = os.geteuid() == 0
    if is_root:
        os.seteuid(65534)
    try:
        yield
    finally:
        if is_root:
            os.seteuid(0)
        path.chmod(mode)
