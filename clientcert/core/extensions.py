"""
The X.509 extensions that path validation and identities need (RFC 5280 §4.2), as values.

Read by our own strict reader, not by cryptography's: that one warns (and under ``-W error`` raises) for names a peer
can choose, and reports the first unreadable extension only when a handler asks for it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from clientcert.core import der
from clientcert.core.general_names import GeneralName, check_bit_string, read_general_name, read_general_names
from clientcert.core.name_types import decode_oid

SUBJECT_KEY_ID: Final = "2.5.29.14"
KEY_USAGE: Final = "2.5.29.15"
SUBJECT_ALT_NAME: Final = "2.5.29.17"
BASIC_CONSTRAINTS: Final = "2.5.29.19"
NAME_CONSTRAINTS: Final = "2.5.29.30"
CRL_DISTRIBUTION_POINTS: Final = "2.5.29.31"
CERTIFICATE_POLICIES: Final = "2.5.29.32"
POLICY_MAPPINGS: Final = "2.5.29.33"
AUTHORITY_KEY_ID: Final = "2.5.29.35"
POLICY_CONSTRAINTS: Final = "2.5.29.36"
EXTENDED_KEY_USAGE: Final = "2.5.29.37"
INHIBIT_ANY_POLICY: Final = "2.5.29.54"
NETSCAPE_CERT_TYPE: Final = "2.16.840.1.113730.1.1"
AUTHORITY_INFO_ACCESS: Final = "1.3.6.1.5.5.7.1.1"
OCSP_NO_CHECK: Final = "1.3.6.1.5.5.7.48.1.5"
PROXY_CERT_INFO: Final = "1.3.6.1.5.5.7.1.14"

_BOOLEAN, _INTEGER = 0x01, 0x02
# What one CA issues differs in one or two extensions; longer ones are names, and would only fill the cache.
_MAX_CACHED_EXTENSIONS, _MAX_CACHED_BYTES = 256, 256


@dataclass(frozen=True, slots=True, kw_only=True)
class BasicConstraints:
    """RFC 5280 §4.2.1.9; `path_length` is the number of CAs that may follow, None for any."""

    ca: bool
    path_length: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorityKeyId:
    """RFC 5280 §4.2.1.1: which key, and which certificate by issuer and serial, signed this one."""

    key_id: bytes | None = None
    issuer: tuple[GeneralName, ...] = ()
    serial_number: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NameConstraints:
    """
    RFC 5280 §4.2.1.10.

    Attributes:
        permitted, excluded: Bases of the subtrees.
        has_distances: A minimum or maximum is given, which RFC 5280 forbids and nobody evaluates.
    """

    permitted: tuple[GeneralName, ...] = ()
    excluded: tuple[GeneralName, ...] = ()
    has_distances: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Extensions:
    """
    What a certificate's extensions say; None for an extension that is not there.

    Attributes:
        oids: All of them, dotted, in the order of the certificate.
        critical: Those marked critical.
        key_usage: Bit n is bit n of RFC 5280 §4.2.1.3 (0 digitalSignature, 4 keyAgreement, 5 keyCertSign).
        extended_key_usage: Dotted OIDs.
        netscape_cert_type: Bit n is bit n of the old Netscape extension (0 SSL client, 5 SSL CA).
        alternative_names: subjectAltName in order.
    """

    oids: tuple[str, ...] = ()
    critical: frozenset[str] = frozenset()
    basic_constraints: BasicConstraints | None = None
    key_usage: int | None = None
    extended_key_usage: frozenset[str] | None = None
    netscape_cert_type: int | None = None
    subject_key_id: bytes | None = None
    authority_key_id: AuthorityKeyId | None = None
    name_constraints: NameConstraints | None = None
    alternative_names: tuple[GeneralName, ...] | None = None


def read_extensions(data: bytes, start: int, end: int) -> Extensions:
    """
    Read the Extension elements that fill a span.

    Raises:
        ValueError: Not DER, an extension twice (RFC 5280 §4.2), or one of those above with content that is not its
            type. cRLDistributionPoints and authorityInfoAccess are read for their form only.
        NameSyntaxError: A directoryName in one of them is not a Name.

    Not checked here: whether the extensions allow anything; see `verification.rules`.
    """
    found: dict[str, Any] = {}
    oids: list[str] = []
    critical: set[str] = set()
    for element in der.cut_elements(data, start, end):
        read = _read_known_extension if len(element) <= _MAX_CACHED_BYTES else _read_extension
        oid, is_critical, field, value = read(element)
        if oid in oids:
            raise ValueError(f"extension {oid} is there twice")
        oids.append(oid)
        if is_critical:
            critical.add(oid)
        if field:
            found[field] = value
    return Extensions(oids=tuple(oids), critical=frozenset(critical), **found)


def _read_extension(element: bytes) -> tuple[str, bool, str, object]:
    """Read one Extension: its OID, whether it is critical, and the field of `Extensions` it fills with a value."""
    extension = der.read_tlv(element, 0)
    if extension.tag != der.SEQUENCE:
        raise ValueError("extension is not a SEQUENCE")
    parts = der.split_elements(element, extension.start, extension.end)
    tags = [part[0] for part in parts]
    if tags not in ([der.OBJECT_IDENTIFIER, der.OCTET_STRING], [der.OBJECT_IDENTIFIER, _BOOLEAN, der.OCTET_STRING]):
        raise ValueError("extension is not an OID, an optional flag and an OCTET STRING")
    oid = decode_oid(der.content_of(parts[0]))
    critical = len(parts) == 3
    # DER leaves a default out (X.690 §11.5), and TRUE is 0xff (§11.1).
    if critical and der.content_of(parts[1]) != b"\xff":
        raise ValueError("criticality is not a BOOLEAN in DER")
    field, read = _READERS.get(oid, ("", None))
    value = der.content_of(parts[-1])
    try:
        if oid in _FORMS:
            _FORMS[oid](value)
        return oid, critical, field, read(value) if read else None
    except ValueError as exc:
        raise ValueError(f"extension {oid}: {exc}") from exc


_read_known_extension = lru_cache(maxsize=_MAX_CACHED_EXTENSIONS)(_read_extension)


def _whole(value: bytes, tag: int) -> der.Tlv:
    tlv = der.read_tlv(value, 0)
    if tlv.tag != tag or tlv.end != len(value):
        raise ValueError(f"wanted one element with tag 0x{tag:02x}")
    return tlv


def _elements(value: bytes) -> list[der.Tlv]:
    outer = _whole(value, der.SEQUENCE)
    return [tlv for _, tlv in der.read_elements(value, outer.start, outer.end)]


def read_integer(data: bytes, tlv: der.Tlv) -> int:
    """Read the content of an INTEGER; ValueError when empty or not minimal (X.690 §8.3.2)."""
    content = data[tlv.start : tlv.end]
    if not content or (len(content) > 1 and content[0] in (0x00, 0xFF) and (content[0] ^ content[1]) < 0x80):
        raise ValueError("INTEGER is empty or not minimal")
    return int.from_bytes(content, signed=True)


def _bits(value: bytes) -> int:
    """A named-bit BIT STRING as an integer whose bit n is the string's bit n; the first 16 count."""
    tlv = _whole(value, der.BIT_STRING)
    content = value[tlv.start : tlv.end]
    check_bit_string(content)
    number = 0
    for index, octet in enumerate(content[1:3]):
        for bit in range(8):
            number |= (octet >> (7 - bit) & 1) << (8 * index + bit)
    return number


def _basic_constraints(value: bytes) -> BasicConstraints:
    elements = _elements(value)
    ca, path_length = False, None
    if elements and elements[0].tag == _BOOLEAN:
        flag = value[elements[0].start : elements[0].end]
        if flag not in (b"\x00", b"\xff"):
            raise ValueError("cA is not a BOOLEAN in DER")
        ca = flag == b"\xff"
        elements = elements[1:]
    if elements and elements[0].tag == _INTEGER:
        path_length = read_integer(value, elements[0])
        elements = elements[1:]
    if elements or (path_length is not None and path_length < 0):
        raise ValueError("wanted cA and a path length of 0 or more")
    return BasicConstraints(ca=ca, path_length=path_length)


def _extended_key_usage(value: bytes) -> frozenset[str]:
    elements = _elements(value)
    if any(tlv.tag != der.OBJECT_IDENTIFIER for tlv in elements):
        raise ValueError("a purpose is not an OID")
    return frozenset(decode_oid(value[tlv.start : tlv.end]) for tlv in elements)


def _subject_key_id(value: bytes) -> bytes:
    tlv = _whole(value, der.OCTET_STRING)
    return value[tlv.start : tlv.end]


def _authority_key_id(value: bytes) -> AuthorityKeyId:
    elements = _elements(value)
    fields = {tlv.tag: tlv for tlv in elements}
    if [tlv.tag for tlv in elements] != [tag for tag in (0x80, 0xA1, 0x82) if tag in fields]:
        raise ValueError("wanted key identifier, issuer and serial number at most")
    key_id, issuer, serial = fields.get(0x80), fields.get(0xA1), fields.get(0x82)
    return AuthorityKeyId(
        key_id=value[key_id.start : key_id.end] if key_id else None,
        issuer=read_general_names(value, issuer.start, issuer.end) if issuer else (),
        serial_number=read_integer(value, serial) if serial else None,
    )


def _subject_alt_name(value: bytes) -> tuple[GeneralName, ...]:
    outer = _whole(value, der.SEQUENCE)
    return read_general_names(value, outer.start, outer.end)


def _name_constraints(value: bytes) -> NameConstraints:
    subtrees: dict[int, tuple[GeneralName, ...]] = {}
    has_distances = False
    for tlv in _elements(value):
        if tlv.tag not in (0xA0, 0xA1) or any(tag >= tlv.tag for tag in subtrees):
            raise ValueError("wanted permitted and excluded subtrees")
        bases: list[GeneralName] = []
        for _, subtree in der.read_elements(value, tlv.start, tlv.end):
            base = der.read_tlv(value, subtree.start, subtree.end)
            if subtree.tag != der.SEQUENCE:
                raise ValueError("subtree is not a SEQUENCE")
            has_distances = has_distances or base.end != subtree.end
            bases.append(read_general_name(value, base))
        subtrees[tlv.tag] = tuple(bases)
    if not any(subtrees.values()):
        raise ValueError("no subtree at all")
    return NameConstraints(
        permitted=subtrees.get(0xA0, ()), excluded=subtrees.get(0xA1, ()), has_distances=has_distances
    )


def _check_crl_distribution_points(value: bytes) -> None:
    # OpenSSL refuses a certificate whose distribution points cannot be read, even where no CRL is asked for.
    for point in _elements(value):
        for _, field in der.read_elements(value, point.start, point.end):
            if field.tag == 0xA0:
                name = der.read_tlv(value, field.start, field.end)
                if name.tag == 0xA0:
                    read_general_names(value, name.start, name.end)
            elif field.tag == 0xA2:
                read_general_names(value, field.start, field.end)
            elif field.tag == 0x81:
                check_bit_string(value[field.start : field.end])
            else:
                raise ValueError("wanted name, reasons and issuer at most")
        if point.tag != der.SEQUENCE:
            raise ValueError("distribution point is not a SEQUENCE")


def _check_access_descriptions(value: bytes) -> None:
    # RFC 5280 §4.2.2.1: one at least, each an OID and a GeneralName. Nobody follows them.
    descriptions = _elements(value)
    if not descriptions:
        raise ValueError("no access description at all")
    for description in descriptions:
        tags = [tlv.tag for _, tlv in der.read_elements(value, description.start, description.end)]
        if description.tag != der.SEQUENCE or len(tags) != 2 or tags[0] != der.OBJECT_IDENTIFIER or tags[1] >> 6 != 2:
            raise ValueError("access description is not an OID and a name")


_FORMS: Final[dict[str, Callable[[bytes], None]]] = {
    CRL_DISTRIBUTION_POINTS: _check_crl_distribution_points,
    AUTHORITY_INFO_ACCESS: _check_access_descriptions,
}

# The field of `Extensions` that each becomes.
_READERS: Final[dict[str, tuple[str, Callable[[bytes], object]]]] = {
    SUBJECT_KEY_ID: ("subject_key_id", _subject_key_id),
    KEY_USAGE: ("key_usage", _bits),
    SUBJECT_ALT_NAME: ("alternative_names", _subject_alt_name),
    BASIC_CONSTRAINTS: ("basic_constraints", _basic_constraints),
    NAME_CONSTRAINTS: ("name_constraints", _name_constraints),
    AUTHORITY_KEY_ID: ("authority_key_id", _authority_key_id),
    EXTENDED_KEY_USAGE: ("extended_key_usage", _extended_key_usage),
    NETSCAPE_CERT_TYPE: ("netscape_cert_type", _bits),
}
