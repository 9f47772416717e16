"""From what an operator wrote as `trust` to CA certificates: all of them, or a refusal that says why."""

import binascii
import re
from base64 import b64decode
from collections.abc import Callable, Iterable
from os import PathLike
from pathlib import Path
from typing import NamedTuple

from cryptography.x509 import Certificate

from clientcert.core.certificate import ParsedCertificate, parse_ca_certificate
from clientcert.errors import ClientCertError, ConfigurationError

TrustItems = str | PathLike[str] | bytes | Certificate | Iterable[str | PathLike[str] | bytes | Certificate]
TrustSource = TrustItems | Callable[[], TrustItems]

NO_CERTIFICATE = "trust has no certificate: name at least one CA certificate"
"""What is wrong with an empty bundle."""

_BEGIN, _END = b"-----BEGIN ", b"-----END "
# Linear: no two adjacent parts can match the same octet.
_BLOCK = re.compile(rb"-----BEGIN ([A-Z0-9 ]+)-----\s*\n([A-Za-z0-9+/=\s]*)-----END \1-----[ \t]*(?:\r?\n|\Z)")
_CERTIFICATE_LABELS = frozenset({b"CERTIFICATE", b"X509 CERTIFICATE"})


class Encoded(NamedTuple):
    """
    One certificate of a source, not read yet.

    Attributes:
        der: Its octets.
        origin: Where it was, for people.
        prefix: Begins the text of an error.
    """

    der: bytes
    origin: str
    prefix: str = ""


def split_bundle(source: TrustSource) -> list[Encoded]:
    """
    Find every certificate of a source, in order; see `TrustStore.load` for what a source is.

    Raises:
        ConfigurationError: A source that cannot be read, is damaged, or has none.

    Not checked here: that the octets are certificates.
    """
    if callable(source):
        return split_bundle(source())
    found = _read(source)
    if not found:
        raise ConfigurationError(NO_CERTIFICATE)
    return found


def read_bundle(source: TrustSource) -> list[ParsedCertificate]:
    """
    Read every certificate of a source, in order.

    Raises:
        ConfigurationError: Anything but one or more whole certificates.
    """
    return [parse_encoded(encoded) for encoded in split_bundle(source)]


def parse_encoded(encoded: Encoded) -> ParsedCertificate:
    """Read one certificate; ConfigurationError names it."""
    try:
        return parse_ca_certificate(encoded.der)
    except ClientCertError as exc:
        raise ConfigurationError(f"{encoded.prefix}trust: {encoded.origin}: {exc.detail}") from exc


def read_intermediates(source: TrustSource, *, setting: str = "intermediates") -> list[ParsedCertificate]:
    """
    Read CA certificates that are links only, in order; a root among them would silently become an anchor.

    Args:
        source: As `read_bundle`.
        setting: How the operator knows the source; starts the error.

    Raises:
        ConfigurationError: As `read_bundle`, and for a certificate that is self-issued.

    Not checked here: that they are CAs, which `TrustStore.load` does.
    """
    certificates = read_bundle(source)
    for certificate in certificates:
        if certificate.is_self_issued:
            home = setting.replace("intermediates", "trust")
            raise ConfigurationError(f"{setting} contains the root {certificate}; what is trusted belongs in {home}")
    return certificates


def _read(source: TrustItems) -> list[Encoded]:
    if isinstance(source, Certificate):
        # Not at the top: it brings every format of private keys, which costs more than to read a bundle.
        from cryptography.hazmat.primitives.serialization import Encoding

        return [Encoded(source.public_bytes(Encoding.DER), "certificate object")]
    if isinstance(source, bytes):
        return _split(source, "octets")
    if isinstance(source, str | PathLike):
        return _read_path(source)
    if not isinstance(source, Iterable):
        raise ConfigurationError(
            f"trust is {source!r}, wanted a path, PEM or DER octets, certificates, or a list of these"
        )
    return [certificate for item in source for certificate in _read(item)]


def _read_path(source: str | PathLike[str]) -> list[Encoded]:
    path = Path(source)
    if "-----BEGIN" in str(source):
        raise ConfigurationError("trust is PEM text, wanted a path: pass the text as bytes instead")
    try:
        if path.is_dir():
            # Dot files are how Kubernetes and editors keep what is not meant to be read.
            files = sorted(entry for entry in path.iterdir() if entry.is_file() and not entry.name.startswith("."))
            if not files:
                raise ConfigurationError(f"trust: directory {str(path)!r} has no files")
            return [certificate for file in files for certificate in _split(file.read_bytes(), repr(str(file)))]
        return _split(path.read_bytes(), repr(str(path)))
    except (OSError, ValueError) as exc:
        if isinstance(exc, ConfigurationError):
            raise
        cause = exc.strerror if isinstance(exc, OSError) and exc.strerror else str(exc)
        raise ConfigurationError(f"trust: {str(path)!r} cannot be read: {cause}") from exc


def _split(octets: bytes, origin: str) -> list[Encoded]:
    if not octets.strip():
        raise ConfigurationError(f"trust: {origin} is empty")
    if _BEGIN not in octets:
        if octets[:1] == b"\x30":
            return [Encoded(octets, origin)]
        raise ConfigurationError(f"trust: {origin} holds neither PEM nor DER certificates")
    blocks = list(_BLOCK.finditer(octets))
    begins, ends = octets.count(_BEGIN), octets.count(_END)
    labels = {block[1] for block in blocks}
    if b"PRIVATE KEY" in octets:
        raise ConfigurationError(f"trust: {origin} holds a private key: keep keys out of the CA bundle")
    if not begins == ends == len(blocks) or ends_in_marker(octets):
        raise ConfigurationError(
            f"trust: {origin} is damaged: {begins} BEGIN lines, {ends} END lines, {len(blocks)} whole blocks "
            "(a file cut off while it is written looks like this)"
        )
    if not labels <= _CERTIFICATE_LABELS:
        label = min(labels - _CERTIFICATE_LABELS).decode()
        raise ConfigurationError(f"trust: {origin} holds a block {label!r}, wanted CERTIFICATE only")
    return [Encoded(_decode(block[2], origin), f"{origin}, certificate {n}") for n, block in enumerate(blocks, 1)]


def ends_in_marker(octets: bytes) -> bool:
    """Whether the last line is the beginning of a marker: the file was cut off there, with whole blocks before it."""
    last = octets[octets.rfind(b"\n") + 1 :]
    return bool(last) and _BEGIN.startswith(last)


def _decode(text: bytes, origin: str) -> bytes:
    try:
        return b64decode(b"".join(text.split()), validate=True)
    except binascii.Error as exc:
        raise ConfigurationError(f"trust: {origin} is damaged: {exc}") from exc
