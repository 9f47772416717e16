"""From the content of any file that holds a client's certificate to what a request would have carried."""

import sys
from pathlib import Path
from typing import BinaryIO

from clientcert.core.certificate import ParsedCertificate
from clientcert.core.der import read_tlv
from clientcert.core.encoding import decode_escaped_pem
from clientcert.core.limits import Limits
from clientcert.errors import ClientCertError, ConfigurationError, EncodingError, Reason
from clientcert.verify import read_chain, split_pem

STDIN = "-"

# A full chain with OpenSSL's text dump in front of each certificate is about 100 kB.
_MAX_BYTES = 1 << 20
_ESCAPED = b"-----BEGIN%20"
# What follows the outer SEQUENCE: version 3 of PKCS #12 (RFC 7292 §4), signedData of PKCS #7 (RFC 2315 §14).
_PKCS12, _PKCS7 = b"\x02\x01\x03", b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02"


def read_octets(name: str) -> bytes:
    """
    Read a file, or standard input for ``-``; one octet more than `read_leaf` takes at most.

    Raises:
        ConfigurationError: It cannot be read.
    """
    if name == STDIN:
        return _read(sys.stdin.buffer)
    try:
        with Path(name).open("rb") as file:
            return _read(file)
    except OSError as exc:
        raise ConfigurationError(f"{name!r} cannot be read: {exc.strerror or exc}") from exc


def _read(file: BinaryIO) -> bytes:
    return file.read(_MAX_BYTES + 1)


def read_leaf(octets: bytes, *, limits: Limits) -> tuple[ParsedCertificate, ...]:
    """
    Find the certificates in the content of a file.

    Args:
        octets: PEM, the client's certificate first, with any text and any other blocks around it, such as its key; DER
            of one certificate; or the percent-escaped PEM that nginx writes into a header.
        limits: Bounds, as for a request.

    Returns:
        The client's certificate and, after it, candidates for intermediates.

    Raises:
        EncodingError: CERTIFICATE_TOO_LARGE over 1 MiB, and as `verify.read_chain`.
        VerificationError: As `verify.read_chain`.
    """
    if len(octets) > _MAX_BYTES:
        raise EncodingError(Reason.CERTIFICATE_TOO_LARGE, f"more than {_MAX_BYTES} bytes, the limit of one file")
    try:
        return read_chain([octets], limits=limits, split=_split)
    except ClientCertError as exc:
        hint = _archive_hint(octets)
        if hint is None:
            raise
        raise EncodingError(exc.reason, exc.detail, hints=(*exc.hints, hint)) from exc


def _split(octets: bytes) -> tuple[bytes, ...]:
    value = octets.strip()
    if value.startswith(_ESCAPED):
        return (decode_escaped_pem(value),)
    return split_pem(octets, skip_others=True)


def _archive_hint(octets: bytes) -> str | None:
    """Recognise the archives that a certificate often comes in, and say how to take it out."""
    try:
        start = read_tlv(octets, 0).start
    except ValueError:
        return None
    if octets.startswith(_PKCS12, start):
        return "this is a PKCS #12 archive: openssl pkcs12 -in FILE -clcerts -nokeys | clientcert verify … -"
    if octets.startswith(_PKCS7, start):
        return "this is a PKCS #7 archive: openssl pkcs7 -inform DER -in FILE -print_certs | clientcert verify … -"
    return None
