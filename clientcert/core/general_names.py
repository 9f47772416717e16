"""GeneralName (RFC 5280 §4.2.1.6): the names of subjectAltName, name constraints and key identifiers."""

from enum import IntEnum
from functools import lru_cache
from typing import NamedTuple

from clientcert.core import der as asn1
from clientcert.core.name_attributes import Attribute, Rdn, read_name_span, read_rdn
from clientcert.core.name_types import decode_oid
from clientcert.core.names import CanonicalName, DistinguishedName

_UPN = "1.3.6.1.4.1.311.20.2.3"


class NameKind(IntEnum):
    """The alternatives of GeneralName; the value is the context tag number."""

    OTHER_NAME = 0
    EMAIL = 1
    DNS = 2
    X400 = 3
    DIRECTORY = 4
    EDI_PARTY = 5
    URI = 6
    IP = 7
    REGISTERED_ID = 8


_TEXT_KINDS = {0x80 | kind: kind for kind in (NameKind.EMAIL, NameKind.DNS, NameKind.URI)}
# EXPLICIT or SEQUENCE alternatives are constructed, IMPLICIT strings are primitive (X.690 §8.14).
_CONSTRUCTED = frozenset({NameKind.OTHER_NAME, NameKind.DIRECTORY})
# ASN.1 of the 1980s inside; CVE-2023-0286 was a type confusion over x400Address.
_UNSUPPORTED = frozenset({NameKind.X400, NameKind.EDI_PARTY})

# OpenSSL's B_ASN1_PRINTABLE: what may stand in a Name; T61String and the rest are old but not refused.
_VALUE_TAGS = frozenset(
    {
        asn1.BIT_STRING,
        asn1.UTF8_STRING,
        asn1.NUMERIC_STRING,
        asn1.PRINTABLE_STRING,
        asn1.T61_STRING,
        asn1.IA5_STRING,
        asn1.UNIVERSAL_STRING,
        asn1.BMP_STRING,
        asn1.SEQUENCE,
    }
)


# Names of one organisation differ in their last RDN. Bounded, so that a peer can empty the cache, not fill the memory.
_MAX_CACHED_RDNS, _MAX_CACHED_BYTES = 256, 128


class GeneralName(NamedTuple):
    """
    One name. Not a dataclass: a certificate may have hundreds, and making one of those takes five times as long.

    Attributes:
        kind: Which alternative.
        value: Content octets of the alternative; for a directoryName the DER of the Name.
        text: The decoded text of email, DNS and URI names, exactly as sent, control characters included; the UTF-8
            value of a user principal name; else empty.
        other_type: Dotted type of an otherName, else empty.
        name: The parsed directoryName, else None.
    """

    kind: NameKind
    value: bytes
    text: str = ""
    other_type: str = ""
    name: DistinguishedName | None = None

    @property
    def is_user_principal_name(self) -> bool:
        """Whether this is Microsoft's UPN otherName (1.3.6.1.4.1.311.20.2.3)."""
        return self.other_type == _UPN


_new_name = tuple.__new__


def read_general_names(data: bytes, start: int, end: int) -> tuple[GeneralName, ...]:
    """
    Read the GeneralName elements that fill a span.

    Raises:
        ValueError: Not DER, an x400Address or ediPartyName, text that is not UTF-8 (IA5String says ASCII; OpenSSL
            lets more pass), an otherName without type and value, a UPN that is not a UTF8String.
        NameSyntaxError: A directoryName that is not a Name.

    Not checked here: the syntax of host names, addresses and URIs, and the length of an IP address, which differs
    between a name and a constraint.
    """
    names = []
    for element in asn1.cut_elements(data, start, end):
        kind = _TEXT_KINDS.get(element[0])
        if kind is None:
            names.append(read_general_name(element, asn1.read_tlv(element, 0)))
        else:
            value = asn1.content_of(element)
            names.append(_new_name(GeneralName, (kind, value, value.decode("utf-8"), "", None)))
    return tuple(names)


def read_general_name(data: bytes, tlv: asn1.Tlv) -> GeneralName:
    """Read one GeneralName from its element; errors as `read_general_names`."""
    if tlv.tag & 0xC0 != 0x80 or tlv.tag & 0x1F > NameKind.REGISTERED_ID:
        raise ValueError(f"tag 0x{tlv.tag:02x} is not a GeneralName")
    kind = NameKind(tlv.tag & 0x1F)
    if kind in _UNSUPPORTED:
        raise ValueError(f"name of type {kind.name}, which nobody uses, is not supported")
    if bool(tlv.tag & 0x20) != (kind in _CONSTRUCTED):
        raise ValueError(f"tag 0x{tlv.tag:02x} is not a GeneralName in DER")
    value = data[tlv.start : tlv.end]
    if tlv.tag in _TEXT_KINDS:
        return GeneralName(kind=kind, value=value, text=value.decode("utf-8"))
    if kind is NameKind.DIRECTORY:
        return GeneralName(kind=kind, value=value, name=read_name(value))
    if kind is NameKind.OTHER_NAME:
        return _read_other_name(value)
    if kind is NameKind.REGISTERED_ID:
        decode_oid(value)
    return GeneralName(kind=kind, value=value)


def read_name(der: bytes) -> DistinguishedName:
    """
    Read a Name whose values are of the types that OpenSSL takes for one (DirectoryString and a few more).

    Raises:
        ValueError: A value of another type, such as VisibleString or OCTET STRING.
        NameSyntaxError: Not a Name.
    """
    return read_name_and_form(der)[0]


def read_name_and_form(der: bytes) -> tuple[DistinguishedName, CanonicalName]:
    """Read a Name as `read_name` does, and its `comparison_form`."""
    try:
        span = read_name_span(der)
        rdns = asn1.split_elements(der, span.start, span.end)
        read = [_read_known_rdn(rdn) if len(rdn) <= _MAX_CACHED_BYTES else _read_rdn_and_form(rdn) for rdn in rdns]
    except ValueError:
        # What is no Name at all is said first, and as such.
        DistinguishedName.from_der(der)
        raise
    return DistinguishedName(rdns=tuple([rdn for rdn, _ in read])), tuple([form for _, form in read])


def _read_rdn_and_form(encoded: bytes) -> tuple[Rdn, tuple[tuple[str, bool, bytes], ...]]:
    rdn = read_rdn(encoded)
    for attribute in rdn:
        if attribute.der is not None and attribute.der[0] not in _VALUE_TAGS:
            raise ValueError(f"attribute {attribute.oid} of a name has a value with tag 0x{attribute.der[0]:02x}")
        if attribute.der is not None and attribute.der[0] == asn1.BIT_STRING:
            check_bit_string(attribute.der[asn1.read_tlv(attribute.der, 0).start :])
    return rdn, tuple(sorted(map(_comparable, rdn)))


_read_known_rdn = lru_cache(maxsize=_MAX_CACHED_RDNS)(_read_rdn_and_form)


def comparison_form(name: DistinguishedName) -> CanonicalName:
    """
    The form in which path validation compares a name that was read from DER (RFC 5280 §7.1, OpenSSL's X509_NAME_cmp).

    As `DistinguishedName.canonical`, but a NumericString equals itself only, which that one cannot tell from text.
    """
    return tuple(tuple(sorted(map(_comparable, rdn))) for rdn in name.rdns)


def _comparable(attribute: Attribute) -> tuple[str, bool, bytes]:
    if attribute.der is not None and attribute.der[0] == asn1.NUMERIC_STRING:
        return attribute.oid, False, attribute.der
    return attribute.canonical


def check_bit_string(content: bytes) -> None:
    """Check the content octets of a BIT STRING (X.690 §8.6.2, §11.2); ValueError for what DER does not allow."""
    if not content or content[0] > 7 or (len(content) == 1 and content[0]):
        raise ValueError("BIT STRING is not valid")
    if len(content) > 1 and content[-1] & ((1 << content[0]) - 1):
        raise ValueError("BIT STRING has padding bits that are not zero")


def _read_other_name(value: bytes) -> GeneralName:
    elements = [tlv for _, tlv in asn1.read_elements(value, 0, len(value))]
    if [tlv.tag for tlv in elements] != [asn1.OBJECT_IDENTIFIER, 0xA0]:
        raise ValueError("otherName is not a type and a value")
    type_, explicit = elements
    other_type = decode_oid(value[type_.start : type_.end])
    inner = asn1.read_tlv(value, explicit.start, explicit.end)
    if inner.end != explicit.end:
        raise ValueError("trailing bytes in otherName")
    text = ""
    if other_type == _UPN:
        if inner.tag != asn1.UTF8_STRING:
            raise ValueError("user principal name is not a UTF8String")
        text = value[inner.start : inner.end].decode("utf-8")
    return GeneralName(kind=NameKind.OTHER_NAME, value=value, other_type=other_type, text=text)
