"""One attribute of a distinguished name, and how its value is read from DER (X.520, RFC 5280 §4.1.2.4)."""

from dataclasses import dataclass, field
from typing import Self

from clientcert.core.der import (
    BMP_STRING,
    IA5_STRING,
    NUMERIC_STRING,
    OBJECT_IDENTIFIER,
    PRINTABLE_STRING,
    SEQUENCE,
    SET,
    T61_STRING,
    UNIVERSAL_STRING,
    UTF8_STRING,
    VISIBLE_STRING,
    Tlv,
    encode_tlv,
    read_elements,
    read_tlv,
)
from clientcert.core.name_types import decode_oid

# One octet is one character in these, whatever their alphabets say: OpenSSL reads T61String and stray octets of the
# others as latin-1, and text that a proxy printed must mean what the certificate means.
_ONE_OCTET_STRINGS = (NUMERIC_STRING, PRINTABLE_STRING, T61_STRING, IA5_STRING, VISIBLE_STRING)
_STRING_CODECS = {
    **dict.fromkeys(_ONE_OCTET_STRINGS, "latin-1"),
    UTF8_STRING: "utf-8",
    BMP_STRING: "utf-16-be",
    UNIVERSAL_STRING: "utf-32-be",
}
_CONSTRUCTED = 0x20


@dataclass(frozen=True, slots=True, kw_only=True)
class Attribute:
    """
    One type and value of a relative distinguished name.

    Two attributes are equal when type and decoded value are: the string type does not count, case and spaces do.

    Attributes:
        oid: Type, dotted decimal.
        value: Decoded text exactly as it was sent, control characters included; when `is_text` is false, ``#`` and
            the upper-case hex of the value's DER.
        is_text: Whether the value is one of the string types. False keeps the hex of an opaque value from ever
            matching a text that happens to read the same.
        der: The whole element of the value, tag and length included; None when the name came from text that does
            not carry it.
    """

    oid: str
    value: str
    is_text: bool = True
    der: bytes | None = field(default=None, compare=False)

    @classmethod
    def from_der(cls, oid: str, encoded: bytes) -> Self:
        """
        Read the value of an attribute of a known type.

        Args:
            oid: Type, dotted decimal.
            encoded: Exactly one DER element.

        Raises:
            ValueError: Not exactly one DER element; a string whose octets are not valid in its encoding (UTF8String,
                BMPString, UniversalString) or that is constructed, which only BER allows.

        Not checked here: the alphabets of PrintableString, NumericString, VisibleString and IA5String, the bounds of
        X.520, and what is inside a value that is not a string.
        """
        tlv = read_tlv(encoded, 0)
        if tlv.end != len(encoded):
            raise ValueError("octets after the attribute value")
        codec = _STRING_CODECS.get(tlv.tag)
        if codec is None:
            if tlv.tag & ~_CONSTRUCTED in _STRING_CODECS:
                raise ValueError("constructed string in the attribute value")
            return cls(oid=oid, value="#" + encoded.hex().upper(), is_text=False, der=encoded)
        value = encoded[tlv.start : tlv.end].decode(codec)
        # A BMPString is UCS-2, where surrogates stand for nothing; OpenSSL does not load them either.
        if tlv.tag == BMP_STRING and any(character > "\uffff" for character in value):
            raise ValueError("surrogate pair in a BMPString")
        return cls(oid=oid, value=value, der=encoded)

    @property
    def hexstring(self) -> str:
        """``#`` and the hex of the value's DER (RFC 4514 §2.4): as it was sent if known, else as a UTF8String."""
        if not self.is_text:
            return self.value
        encoded = self.der if self.der is not None else encode_tlv(UTF8_STRING, self.value.encode("utf-8"))
        return "#" + encoded.hex().upper()

    @property
    def canonical(self) -> tuple[str, bool, bytes]:
        """
        Type, `is_text` and the value in the form in which RFC 5280 §7.1 compares it, as OpenSSL implements it.

        White space of ASCII is trimmed and collapsed, letters of ASCII are lowered; nothing else is folded or
        normalised (RFC 4518 would). Opaque values compare octet by octet. NumericString counts as text, which it
        does not in OpenSSL: text from a proxy does not tell it apart.
        """
        if not self.is_text:
            return self.oid, False, self.value.encode("ascii")
        return self.oid, True, b" ".join(self.value.encode("utf-8").split()).lower()


Rdn = tuple[Attribute, ...]


def read_rdns(encoded: bytes) -> tuple[Rdn, ...]:
    """
    Read a DER Name (RFC 5280 §4.1.2.4) into its RDNs, root first, attributes in the order of the encoding.

    Raises:
        ValueError: Not exactly one Name in DER: a structural fault, an empty RDN, an RDN whose SET is not sorted
            (X.690 §11.6) or that has an attribute type twice (X.501 §9.3), or as `Attribute.from_der`.
    """
    name = read_name_span(encoded)
    rdns = read_elements(encoded, name.start, name.end)
    return tuple([read_rdn(encoded[offset : tlv.end]) for offset, tlv in rdns])


def read_name_span(encoded: bytes) -> Tlv:
    """Find where the RDNs of a DER Name are; ValueError unless it is exactly one SEQUENCE."""
    name = read_tlv(encoded, 0)
    if name.tag != SEQUENCE or name.end != len(encoded):
        raise ValueError("not exactly one SEQUENCE")
    return name


def read_rdn(data: bytes) -> Rdn:
    """Read one RDN, a SET, into its attributes in the order of the encoding; ValueError as `read_rdns`."""
    rdn = read_tlv(data, 0)
    if rdn.tag != SET:
        raise ValueError("RDN is not a SET")
    attributes: list[Attribute] = []
    previous = b""
    for offset, tlv in read_elements(data, rdn.start, rdn.end):
        encoded = data[offset : tlv.end]
        if encoded < previous:
            raise ValueError("RDN is not in the order of DER")
        previous = encoded
        attributes.append(_read_attribute(data, tlv))
    check_rdn(attributes)
    return tuple(attributes)


def _read_attribute(data: bytes, pair: Tlv) -> Attribute:
    if pair.tag != SEQUENCE:
        raise ValueError("attribute is not a SEQUENCE")
    type_ = read_tlv(data, pair.start, pair.end)
    if type_.tag != OBJECT_IDENTIFIER:
        raise ValueError("attribute type is not an OBJECT IDENTIFIER")
    return Attribute.from_der(decode_oid(data[type_.start : type_.end]), data[type_.end : pair.end])


def check_rdn(attributes: list[Attribute]) -> None:
    """Raise ValueError unless the attributes may form one RDN: at least one, and no type twice."""
    if not attributes:
        raise ValueError("empty RDN")
    if len(attributes) > 1 and len({attribute.oid for attribute in attributes}) != len(attributes):
        raise ValueError("attribute type twice in one RDN")
