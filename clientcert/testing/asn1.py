"""
A small DER writer (X.690): enough for certificates and revocation lists, well formed or deliberately not.

cryptography's builders refuse version 1, negative serial numbers, odd strings and contradictory dates; tests need
all of these. Nothing here checks that the result means anything.
"""

from datetime import UTC, datetime
from typing import Literal, TypeAlias

TimeType: TypeAlias = Literal["auto", "utc", "generalized"]


def tlv(tag: int, *contents: bytes) -> bytes:
    """Encode one element with a definite, minimal length (X.690 §10.1); ``tag`` is one identifier octet."""
    body = b"".join(contents)
    return bytes([tag]) + length(len(body)) + body


def length(size: int) -> bytes:
    """Encode a length in octets, in the shortest form."""
    if size < 0x80:  # noqa: PLR2004 - the short form, X.690 §8.1.3.4
        return bytes([size])
    octets = size.to_bytes((size.bit_length() + 7) // 8)
    return bytes([0x80 | len(octets)]) + octets


def sequence(*parts: bytes) -> bytes:
    """Encode a SEQUENCE of elements that are encoded already."""
    return tlv(0x30, *parts)


def set_of(*parts: bytes) -> bytes:
    """Encode a SET OF, its elements sorted as DER asks (X.690 §11.6)."""
    return tlv(0x31, *sorted(parts))


def explicit(number: int, *parts: bytes) -> bytes:
    """Encode an EXPLICIT context-specific tag around elements that are encoded already."""
    return tlv(0xA0 | number, *parts)


def boolean(value: bool) -> bytes:  # noqa: FBT001 - the one argument of an ASN.1 BOOLEAN
    """Encode a BOOLEAN."""
    return tlv(0x01, b"\xff" if value else b"\x00")


def integer(value: int) -> bytes:
    """Encode an INTEGER, negative ones included, in the fewest octets."""
    magnitude = value if value >= 0 else ~value
    return tlv(0x02, value.to_bytes(magnitude.bit_length() // 8 + 1, signed=True))


def enumerated(value: int) -> bytes:
    """Encode a small non-negative ENUMERATED."""
    return tlv(0x0A, bytes([value]))


def bit_string(octets: bytes, *, unused_bits: int = 0) -> bytes:
    """Encode a BIT STRING; ``unused_bits`` counts those at the end of the last octet."""
    return tlv(0x03, bytes([unused_bits]), octets)


def octet_string(octets: bytes) -> bytes:
    """Encode an OCTET STRING."""
    return tlv(0x04, octets)


def null() -> bytes:
    """Encode NULL."""
    return tlv(0x05)


def object_identifier(dotted: str) -> bytes:
    """
    Encode an OBJECT IDENTIFIER.

    Args:
        dotted: At least two arcs, as in ``"2.5.4.3"``.

    Raises:
        ValueError: The text is not dotted decimal.
    """
    first, second, *rest = (int(arc) for arc in dotted.split("."))
    return tlv(0x06, *(_base128(arc) for arc in (first * 40 + second, *rest)))


def time(moment: datetime, *, time_type: TimeType = "auto") -> bytes:
    """
    Encode a Time (RFC 5280 §4.1.2.5).

    Args:
        moment: Aware; fractions of a second are dropped.
        time_type: ``auto`` is UTCTime up to 2049 and GeneralizedTime after; the others force one of them, which the
            profile of RFC 5280 may forbid for that year.
    """
    moment = moment.astimezone(UTC)
    if time_type == "utc" or (time_type == "auto" and moment.year < 2050):  # noqa: PLR2004 - RFC 5280 §4.1.2.5
        return tlv(0x17, f"{moment:%y%m%d%H%M%SZ}".encode("ascii"))
    return tlv(0x18, f"{moment.year:04}{moment:%m%d%H%M%SZ}".encode("ascii"))


def _base128(arc: int) -> bytes:
    groups = [arc & 0x7F]
    while arc := arc >> 7:
        groups.append(0x80 | arc & 0x7F)
    return bytes(reversed(groups))
