"""Attributes of a certificate that a producer writes beside it or in its place: names, serial numbers, fingerprints."""

from binascii import Error as Base64Error
from binascii import a2b_base64, b2a_base64
from collections.abc import Callable
from dataclasses import dataclass

from clientcert.core.certificate import MAX_SERIAL_NUMBER
from clientcert.core.names import DistinguishedName
from clientcert.errors import EncodingError, NameSyntaxError, Reason, escape_peer_text

_SHA256_BYTES = 32
_SHA256_DIGITS = 2 * _SHA256_BYTES
# 20 octets and a leading zero octet.
_MAX_SERIAL_DIGITS = 42
_HIGH = 0x80
_HEX_DIGITS = frozenset(b"0123456789abcdefABCDEF")
_LOWER_HEX_DIGITS = frozenset(b"0123456789abcdef")


@dataclass(frozen=True, slots=True, kw_only=True)
class NameDialect:
    """
    How a producer prints a distinguished name.

    Attributes:
        name: As the configuration names it.
        to_openssl: Header value → the text of OpenSSL's XN_FLAG_RFC2253 (`DistinguishedName.nginx`), one to one.
            Raises `NameSyntaxError`.
        controls: Bytes beside printable ASCII that may come.
    """

    name: str
    to_openssl: Callable[[bytes], bytes]
    controls: bytes = b""


def _as_it_is(value: bytes) -> bytes:
    return value


def _escape_high(value: bytes) -> bytes:
    # Apache sets ASN1_STRFLGS_ESC_MSB off and all else as nginx does; a backslash of the name itself comes doubled.
    return b"".join([b"\\%02X" % octet if octet >= _HIGH else b"%c" % octet for octet in value])


def _from_der(value: bytes) -> bytes:
    try:
        der = a2b_base64(value, strict_mode=True)
    except Base64Error:
        der = b""
    if b2a_base64(der, newline=False) != value:
        raise NameSyntaxError(Reason.NAME_MALFORMED, f"not base64 of a DER name: {escape_peer_text(value)}")
    return DistinguishedName.from_der(der).nginx


OPENSSL_NAMES = NameDialect(name="openssl", to_openssl=_as_it_is)
"""RFC 2253 as OpenSSL prints it, ASCII: nginx, Envoy's formatters, HAProxy's ``rfc2253``."""

RAW_UTF8_NAMES = NameDialect(name="raw-utf8", to_openssl=_escape_high, controls=bytes(range(_HIGH, 0x100)))
"""The same with bytes above 0x7F as they are: Apache."""

BASE64_DER_NAMES = NameDialect(name="base64-der", to_openssl=_from_der)
"""The DER of the name in base64: Google's load balancers."""


def hex_fingerprint(value: bytes) -> str:
    """
    Read a SHA-256 in hex.

    Raises:
        EncodingError: ENCODING_MALFORMED for anything but 64 lower-case digits.
    """
    if len(value) != _SHA256_DIGITS or not _LOWER_HEX_DIGITS.issuperset(value):
        raise _malformed("a SHA-256 as 64 lower-case hex digits", value)
    return value.decode("ascii")


def base64_fingerprint(value: bytes) -> str:
    """
    Read a SHA-256 in base64.

    Raises:
        EncodingError: ENCODING_MALFORMED for anything but the canonical base64 of 32 octets.
    """
    try:
        digest = a2b_base64(value, strict_mode=True)
    except Base64Error:
        digest = b""
    if len(digest) != _SHA256_BYTES or b2a_base64(digest, newline=False) != value:
        raise _malformed("a SHA-256 in base64", value)
    return digest.hex()


def read_serial_number(value: bytes) -> int:
    """
    Read a serial number in hex, its octets separated by colons or not.

    Raises:
        EncodingError: ENCODING_MALFORMED for anything else, zero and more than 20 octets (RFC 5280 §4.1.2.2).
    """
    digits = value.replace(b":", b"")
    if not digits or not _HEX_DIGITS.issuperset(digits) or len(digits) > _MAX_SERIAL_DIGITS:
        raise _malformed("a serial number in hex", value)
    number = int(digits, 16)
    if not 1 <= number <= MAX_SERIAL_NUMBER:
        raise _malformed("a positive serial number of at most 20 octets", value)
    return number


def _malformed(wanted: str, got: bytes) -> EncodingError:
    shown = escape_peer_text(got)
    return EncodingError(Reason.ENCODING_MALFORMED, f"attribute header holds {shown!r}, wanted {wanted}")
