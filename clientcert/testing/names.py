"""Distinguished names as tests need them: any string type, any grouping into RDNs, or raw DER."""

from collections.abc import Sequence
from typing import Literal, TypeAlias

from cryptography import x509

from clientcert.testing.asn1 import object_identifier, sequence, set_of, tlv

StringType: TypeAlias = Literal["utf8", "printable", "ia5", "t61", "bmp", "universal", "visible", "numeric"]

Attribute: TypeAlias = tuple[str, str | bytes] | tuple[str, str | bytes, StringType]
"""``(type, value)`` or ``(type, value, string type)``: a short name or a dotted OID; bytes are written raw."""

Rdn: TypeAlias = Attribute | list[Attribute]
"""One attribute, or a list of them for a multi-valued RDN."""

NameLike: TypeAlias = x509.Name | bytes | Sequence[Rdn]
"""A parsed name, the DER of one, or RDNs in wire order (root first)."""

SHORT_NAMES = {
    "CN": "2.5.4.3",
    "SN": "2.5.4.4",
    "serialNumber": "2.5.4.5",
    "C": "2.5.4.6",
    "L": "2.5.4.7",
    "ST": "2.5.4.8",
    "street": "2.5.4.9",
    "O": "2.5.4.10",
    "OU": "2.5.4.11",
    "title": "2.5.4.12",
    "postalCode": "2.5.4.17",
    "name": "2.5.4.41",
    "GN": "2.5.4.42",
    "initials": "2.5.4.43",
    "dnQualifier": "2.5.4.46",
    "pseudonym": "2.5.4.65",
    "organizationIdentifier": "2.5.4.97",
    "UID": "0.9.2342.19200300.100.1.1",
    "DC": "0.9.2342.19200300.100.1.25",
    "emailAddress": "1.2.840.113549.1.9.1",
}

_STRING_TYPES: dict[StringType, tuple[int, str]] = {
    "utf8": (0x0C, "utf-8"),
    "numeric": (0x12, "ascii"),
    "printable": (0x13, "ascii"),
    # T.61 is read as latin-1 by OpenSSL and written so by everybody else.
    "t61": (0x14, "latin-1"),
    "ia5": (0x16, "latin-1"),
    "visible": (0x1A, "ascii"),
    "universal": (0x1C, "utf-32-be"),
    "bmp": (0x1E, "utf-16-be"),
}

# What OpenSSL writes by default; RFC 5280 appendix A asks for the same.
_DEFAULT_STRING_TYPES: dict[str, StringType] = {
    "C": "printable",
    "serialNumber": "printable",
    "dnQualifier": "printable",
    "DC": "ia5",
    "emailAddress": "ia5",
}


def encode_name(name: NameLike) -> bytes:
    """
    Turn anything that can name a subject or issuer into the DER of a Name (RFC 5280 §4.1.2.4).

    Raises:
        KeyError: An attribute type that is neither a known short name nor a dotted OID.
        UnicodeEncodeError: A value that the string type cannot hold; give ``bytes`` to write it all the same.

    Not checked here: that raw DER is a Name, lengths, the alphabet of PrintableString.
    """
    if isinstance(name, bytes):
        return name
    if isinstance(name, x509.Name):
        return name.public_bytes()
    return sequence(*(_encode_rdn(rdn) for rdn in name))


def _encode_rdn(rdn: Rdn) -> bytes:
    attributes = rdn if isinstance(rdn, list) else [rdn]
    return set_of(*(_encode_attribute(*attribute) for attribute in attributes))


def _encode_attribute(attribute_type: str, value: str | bytes, string_type: StringType | None = None) -> bytes:
    oid = attribute_type if attribute_type[0].isdigit() else SHORT_NAMES[attribute_type]
    tag, codec = _STRING_TYPES[string_type or _DEFAULT_STRING_TYPES.get(attribute_type, "utf8")]
    return sequence(object_identifier(oid), tlv(tag, value.encode(codec) if isinstance(value, str) else value))
