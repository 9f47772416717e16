"""
The certificates of every benchmark: root, issuing CA, and as many leaves as wanted.

Everything follows from a seed, so a serial number, a header and a count of instructions are the same in every process.
``rsa`` is an RSA-4096 root with RSA-2048 below it, ``ec`` is P-256 throughout. A leaf has 8 extensions, 3 subject
alternative names and 5 attributes in its subject.
"""

import os
import struct
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Literal, NamedTuple

from clientcert.testing import CertificateAuthority, IssuedCertificate
from clientcert.testing.issued import escape_pem, pem
from clientcert.testing.keys import KeyType, PrivateKey, key_pem, load_key, make_key

Algorithm = Literal["rsa", "ec"]

START = datetime(2026, 1, 1, tzinfo=UTC)
DAYS = 20_000
_RECIPE = 1  # counts the changes of what is below, so that an old cache is not taken for a new one
_SERIALS = 1 << 126
_LENGTH = struct.Struct(">I")


class Leaf(NamedTuple):
    """
    One client certificate.

    Attributes:
        serial: Its serial number, which is in no other leaf.
        der: Its DER.
    """

    serial: int
    der: bytes

    @property
    def escaped(self) -> bytes:
        """The header value of nginx's ``$ssl_client_escaped_cert``."""
        return escape_pem(pem(self.der))


@dataclass(frozen=True, slots=True, kw_only=True)
class Pki:
    """
    One hierarchy.

    Attributes:
        algorithm: Of its keys.
        root: The trust anchor.
        issuing: The authority below it, which signs the leaves.
        leaf_key: The one key of all leaves.
    """

    algorithm: Algorithm
    root: CertificateAuthority
    issuing: CertificateAuthority
    leaf_key: PrivateKey = field(repr=False)

    @property
    def trust(self) -> bytes:
        """What ``trust=`` takes: nginx forwards the leaf alone, so the issuing CA is configured."""
        return self.issuing.bundle_pem

    def issue(self, number: int) -> IssuedCertificate:
        """Sign the leaf of a number; the names have the same length for each below 1,000,000."""
        host = f"client-{number:06}.clients.example.org"
        return self.issuing.issue(
            subject=[
                ("C", "DE"),
                ("O", "Example Organisation"),
                ("OU", "Warehouse and Logistics Operations"),
                ("L", "Berlin-Lichtenberg"),
                ("CN", host),
            ],
            key=self.leaf_key,
            serial_number=serial_of_leaf(number),
            not_before=START,
            valid_days=DAYS,
            san=[
                f"DNS:{host}",
                f"URI:spiffe://clients.example.org/warehouse/client-{number:06}",
                "email:warehouse@example.org",
            ],
            key_usage=["digitalSignature", "keyEncipherment"],
            extended_key_usage=["clientAuth"],
            certificate_policies=["1.3.6.1.4.1.55555.1.1"],
            crl_distribution_points=["http://crl.example.org/client/issuing-ca-2026.crl"],
        )


def serial_of_leaf(number: int) -> int:
    """The serial number of a leaf: 127 bits, as `CertificateAuthority` chooses them."""
    return _SERIALS + number


@cache
def pki(algorithm: Algorithm = "rsa") -> Pki:
    """Make the hierarchy; a few seconds for ``rsa``, where prime numbers must be found, the first time."""
    below: KeyType = "rsa" if algorithm == "rsa" else "ec"
    root = CertificateAuthority(
        seed=f"benchmark {algorithm}",
        now=START,
        subject=[("C", "DE"), ("O", "Example Organisation"), ("CN", "Example Root CA")],
        key=kept_key("rsa-4096" if algorithm == "rsa" else "ec", "root"),
        valid_days=DAYS,
    )
    issuing = root.intermediate(
        subject=[("C", "DE"), ("O", "Example Organisation"), ("CN", "Example Issuing CA")],
        key=kept_key(below, "issuing"),
        valid_days=DAYS,
    )
    return Pki(algorithm=algorithm, root=root, issuing=issuing, leaf_key=kept_key(below, "leaf"))


def kept_key(key_type: KeyType, purpose: str) -> PrivateKey:
    """The key for a purpose: the same in every process, found once."""
    file = cache_folder() / f"{key_type}-{purpose}.key"
    if not file.exists():
        replace(file, key_pem(make_key(key_type, seed=purpose)))
    return load_key(file.read_bytes())


def replace(file: Path, content: bytes) -> None:
    """Write a file that another process may be reading or writing as well."""
    new = file.with_suffix(f".{os.getpid()}")
    new.write_bytes(content)
    new.replace(file)


def cache_folder() -> Path:
    """Where certificates are kept between runs; of worth to nobody else."""
    folder = Path(tempfile.gettempdir()) / f"clientcert-benchmarks-{os.getuid()}-{_RECIPE}"
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder


def leaves(count: int, algorithm: Algorithm = "rsa") -> Iterator[Leaf]:
    """Yield leaves 0 to `count`, read from the disk one by one; signed first where there are not yet that many."""
    file = cache_folder() / f"{algorithm}.leaves"
    _complete(file, count, algorithm)
    with file.open("rb") as stream:
        for number in range(count):
            (length,) = _LENGTH.unpack(stream.read(_LENGTH.size))
            yield Leaf(serial_of_leaf(number), stream.read(length))


def _complete(file: Path, count: int, algorithm: Algorithm) -> None:
    have = _count(file)
    if have >= count:
        return
    if count - have > 2_000:  # noqa: PLR2004 - what takes half a second is not worth a line
        print(f"signing {count - have} certificates, once", file=sys.stderr)
    made = pki(algorithm)
    new = file.with_suffix(f".{os.getpid()}")
    with new.open("wb") as stream:
        stream.write(file.read_bytes() if have else b"")
        for number in range(have, count):
            der = made.issue(number).der
            stream.write(_LENGTH.pack(len(der)) + der)
    new.replace(file)


def _count(file: Path) -> int:
    if not file.exists():
        return 0
    count = 0
    with file.open("rb") as stream:
        while head := stream.read(_LENGTH.size):
            stream.seek(_LENGTH.unpack(head)[0], os.SEEK_CUR)
            count += 1
    return count


def compiled(source: Path, *libraries: str) -> Path:
    """
    A shared library from one file in C, kept between runs.

    Raises:
        OSError: There is no compiler.
        subprocess.CalledProcessError: It refuses the file; a header that is included may not be installed.
    """
    library = cache_folder() / f"{source.stem}.so"
    if not library.exists() or library.stat().st_mtime < source.stat().st_mtime:
        subprocess.run(["cc", "-O2", "-shared", "-fPIC", "-o", library, source, *libraries], check=True)
    return library
