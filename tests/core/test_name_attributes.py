"""Distinguished names from DER: string types, opaque values, malformed and hostile bytes."""

import pytest
from cryptography import x509
from cryptography.x509.oid import NameOID
from hypothesis import assume, example, given
from hypothesis import strategies as st

from clientcert.core import der
from clientcert.core.name_types import OPENSSL_SHORT_NAMES, decode_oid, is_dotted_oid
from clientcert.core.names import Attribute, DistinguishedName
from clientcert.errors import NameSyntaxError, Reason
from tests.core.name_builders import (
    CN,
    NAMES,
    OU,
    RDNS,
    TEXTS,
    UID,
    UNKNOWN,
    O,
    check_texts,
    cn_der,
    name,
    name_der,
    oid_tlv,
    pair,
)

STRINGS = {
    "utf8": (der.UTF8_STRING, "Zoë 🦊".encode(), "Zoë 🦊"),
    "printable": (der.PRINTABLE_STRING, b"Zoe", "Zoe"),
    "printable-outside-its-alphabet": (der.PRINTABLE_STRING, b"a@b*_\xe9", "a@b*_é"),
    "ia5": (der.IA5_STRING, b"a@example.org", "a@example.org"),
    "visible": (der.VISIBLE_STRING, b"Zoe", "Zoe"),
    "numeric": (der.NUMERIC_STRING, b"42", "42"),
    "t61": (der.T61_STRING, b"Jos\xe9", "José"),
    "bmp": (der.BMP_STRING, "Zoë 漢".encode("utf-16-be"), "Zoë 漢"),
    "universal": (der.UNIVERSAL_STRING, "Zoë 🦊".encode("utf-32-be"), "Zoë 🦊"),
    "empty": (der.UTF8_STRING, b"", ""),
    "controls": (der.UTF8_STRING, b"a\x00\n\x7f", "a\x00\n\x7f"),
}

OPAQUE = {
    "bit-string": (der.BIT_STRING, b"\x00\x41", "#03020041"),
    "integer": (0x02, b"\x07", "#020107"),
    "sequence": (der.SEQUENCE, b"\x05\x00", "#30020500"),
    "utc-time": (0x17, b"260101000000Z", "#170D3236303130313030303030305A"),
    "context": (0x80, b"A", "#800141"),
}


@pytest.mark.parametrize(("tag", "content", "text"), STRINGS.values(), ids=STRINGS)
def test_string_types(tag: int, content: bytes, text: str) -> None:
    """Every string type of X.520 becomes text, and the element as sent is kept."""
    assert DistinguishedName.from_der(cn_der(content, tag)).values("CN") == (text,)
    (attribute,) = DistinguishedName.from_der(cn_der(content, tag)).rdns[0]
    assert attribute == Attribute(oid=CN, value=text)
    assert attribute.der == der.encode_tlv(tag, content)


@pytest.mark.parametrize(("tag", "content", "hexstring"), OPAQUE.values(), ids=OPAQUE)
def test_opaque_values(tag: int, content: bytes, hexstring: str) -> None:
    """A value that is not a string keeps its DER as hex and never counts as text, not even when a text reads alike."""
    opaque = DistinguishedName.from_der(cn_der(content, tag))
    alike = DistinguishedName.from_der(cn_der(hexstring))
    assert opaque.values("CN") == ()
    assert alike.values("CN") == (hexstring,)
    assert opaque != alike
    assert opaque.canonical != alike.canonical
    assert opaque.rfc4514 == opaque.nginx.decode() == f"CN={hexstring}"
    assert alike.rfc4514 == alike.nginx.decode() == f"CN=\\{hexstring}"
    assert DistinguishedName.from_nginx(opaque.nginx) == opaque
    assert DistinguishedName.from_nginx(alike.nginx) == alike


def test_multi_valued_rdn_keeps_its_order() -> None:
    """Attributes stay in the order of DER; OpenSSL's text reverses them, RFC 4514 text does not."""
    encoded = name_der((pair(O, "Ex"),), (pair(OU, "z"), pair(CN, "alice"), pair(UID, "a1")))
    dn = DistinguishedName.from_der(
        name_der((pair(O, "Ex"),), tuple(sorted((pair(OU, "z"), pair(CN, "alice"), pair(UID, "a1"))))),
    )
    assert dn.rfc4514 == "OU=z+CN=alice+UID=a1,O=Ex"
    assert dn.nginx == b"UID=a1+CN=alice+OU=z,O=Ex"
    assert DistinguishedName.from_der(encoded) == dn


def oid_pair(content: bytes) -> bytes:
    """Encode an attribute whose type has the given content octets."""
    return der.encode_tlv(der.SEQUENCE, der.encode_tlv(der.OBJECT_IDENTIFIER, content) + b"\x0c\x01a")


MALFORMED = {
    "nothing": b"",
    "not-a-sequence": b"\x31\x00",
    "octets-after": b"\x30\x00\x00",
    "cut": cn_der("alice")[:-1],
    "rdn-not-a-set": der.encode_tlv(0x30, der.encode_tlv(0x30, pair(CN, "x"))),
    "empty-rdn": name_der(()),
    "attribute-not-a-sequence": name_der((der.encode_tlv(0x31, pair(CN, "x")[2:]),)),
    "attribute-empty": name_der((b"\x30\x00",)),
    "attribute-without-value": name_der((der.encode_tlv(0x30, oid_tlv(CN)),)),
    "attribute-with-third-part": name_der((der.encode_tlv(0x30, oid_tlv(CN) + b"\x0c\x01a\x05\x00"),)),
    "type-not-an-oid": name_der((der.encode_tlv(0x30, b"\x04\x03\x55\x04\x03\x0c\x01a"),)),
    "oid-empty": name_der((oid_pair(b""),)),
    "oid-padded": name_der((oid_pair(b"\x55\x80\x04\x03"),)),
    "oid-cut": name_der((oid_pair(b"\x55\x04\x83"),)),
    "oid-too-long": name_der((der.encode_tlv(0x30, b"\x06\x29" + bytes([0x2A] * 41) + b"\x0c\x01a"),)),
    "oid-of-80-characters": name_der(
        (der.encode_tlv(0x30, b"\x06\x28" + bytes([0x2A] + [1] * 38 + [10]) + b"\x0c\x01a"),)
    ),
    "unsorted-set": name_der((pair(UID, "b"), pair(CN, "a"))),
    "type-twice-in-an-rdn": name_der((pair(CN, "a"), pair(CN, "b"))),
    "utf8-invalid": cn_der(b"\xff"),
    "utf8-overlong": cn_der(b"\xc0\xaf"),
    "utf8-surrogate": cn_der(b"\xed\xa0\x80"),
    "bmp-odd": cn_der(b"\x00a\x00", der.BMP_STRING),
    "bmp-surrogate-pair": cn_der("🦊".encode("utf-16-be"), der.BMP_STRING),
    "bmp-lone-surrogate": cn_der(b"\xd8\x00", der.BMP_STRING),
    "universal-odd": cn_der(b"\x00\x00a", der.UNIVERSAL_STRING),
    "universal-beyond-unicode": cn_der(b"\x00\x11\x00\x00", der.UNIVERSAL_STRING),
    "universal-surrogate": cn_der(b"\x00\x00\xd8\x00", der.UNIVERSAL_STRING),
    "constructed-string": cn_der(b"\x0c\x01a", der.UTF8_STRING | 0x20),
}


@pytest.mark.parametrize("encoded", MALFORMED.values(), ids=MALFORMED)
def test_refuses_malformed_der(encoded: bytes) -> None:
    """Bytes that are not one Name in DER are refused as such, with one printable line for the operator."""
    with pytest.raises(NameSyntaxError) as caught:
        DistinguishedName.from_der(encoded)
    assert caught.value.reason is Reason.NAME_MALFORMED
    assert caught.value.detail.isprintable()


WELL_FORMED_TWINS = {
    "empty": name_der(),
    "sorted-set": name_der((pair(CN, "a"), pair(UID, "b"))),
    "type-in-two-rdns": name_der((pair(CN, "a"),), (pair(CN, "b"),)),
    "oid-of-79-characters": name_der((oid_pair(bytes([0x2A] + [1] * 38)),)),
    "utf8": cn_der("ÿ"),
    "bmp-last-character": cn_der(b"\xff\xff", der.BMP_STRING),
    "universal-last-character": cn_der(b"\x00\x10\xff\xff", der.UNIVERSAL_STRING),
}


@pytest.mark.parametrize("encoded", WELL_FORMED_TWINS.values(), ids=WELL_FORMED_TWINS)
def test_accepts_the_twins(encoded: bytes) -> None:
    """What differs in one point from a refused name and is well-formed is read, and survives its text."""
    dn = DistinguishedName.from_der(encoded)
    assert DistinguishedName.from_nginx(dn.nginx) == dn


@given(st.binary(max_size=60))
@example(cn_der("alice"))
def test_hostile_der(data: bytes) -> None:
    """Any bytes either are a name, with texts on one line, or raise NameSyntaxError."""
    try:
        dn = DistinguishedName.from_der(data)
    except NameSyntaxError:
        return
    check_texts(dn)


@given(st.sampled_from(sorted(NAMES.values())), st.data())
def test_mutated_der(encoded: bytes, data: st.DataObject) -> None:
    """A real name with one octet replaced either is a name or raises NameSyntaxError."""
    position = data.draw(st.integers(0, len(encoded) - 1))
    octet = data.draw(st.integers(0, 255))
    try:
        dn = DistinguishedName.from_der(encoded[:position] + bytes([octet]) + encoded[position + 1 :])
    except NameSyntaxError:
        return
    check_texts(dn)


@given(st.lists(RDNS, max_size=4), st.sampled_from([(der.UTF8_STRING, "utf-8"), (der.UNIVERSAL_STRING, "utf-32-be")]))
def test_every_name_survives_der(rdns: list[tuple[tuple[str, str], ...]], string_type: tuple[int, str]) -> None:
    """A name that is encoded, with its sets in order, is read as it was."""
    tag, codec = string_type
    encoded = name_der(*(tuple(sorted(pair(oid, text.encode(codec), tag) for oid, text in rdn)) for rdn in rdns))
    dn = DistinguishedName.from_der(encoded)
    assert [sorted((attribute.oid, attribute.value) for attribute in rdn) for rdn in dn.rdns] == [
        sorted(rdn) for rdn in rdns
    ]
    check_texts(dn)


@given(st.lists(st.tuples(st.sampled_from([NameOID.COMMON_NAME, NameOID.ORGANIZATION_NAME, NameOID.USER_ID]), TEXTS)))
def test_agrees_with_cryptography(attributes: list[tuple[x509.ObjectIdentifier, str]]) -> None:
    """Types and values, and the text where everything is printable, are those that cryptography finds."""
    assume(all(text and len(text.encode()) <= 64 for _, text in attributes))
    theirs = x509.Name([x509.NameAttribute(oid, text) for oid, text in attributes])
    ours = DistinguishedName.from_der(theirs.public_bytes())
    assert [(rdn[0].oid, rdn[0].value) for rdn in ours.rdns] == [(oid.dotted_string, text) for oid, text in attributes]
    if all(text.isprintable() for _, text in attributes):
        assert ours.rfc4514 == theirs.rfc4514_string()


def test_short_names_are_unique_and_lead_back() -> None:
    """Each OID of the table is well-formed and its short name stands for it alone."""
    assert len(set(OPENSSL_SHORT_NAMES.values())) == len(OPENSSL_SHORT_NAMES)
    assert all(is_dotted_oid(oid) for oid in OPENSSL_SHORT_NAMES)
    assert not any(is_dotted_oid(short) for short in OPENSSL_SHORT_NAMES.values())
    assert all(name(((oid, "x"),)).values(short) == ("x",) for oid, short in OPENSSL_SHORT_NAMES.items())


@pytest.mark.parametrize(
    "oid", ["0.0", "0.39", "1.0", "1.39.1", "2.0", "2.47", "2.48", "2.100.3", "2.999", UNKNOWN, UID]
)
def test_oid_is_decoded(oid: str) -> None:
    """Every first and second arc is told apart, and a dotted OID is recognised as one."""
    encoded = oid_tlv(oid)
    assert decode_oid(encoded[2:]) == oid
    assert is_dotted_oid(oid)


@given(st.binary(max_size=44))
def test_hostile_oid(content: bytes) -> None:
    """Any octets either are an OID that reads as one or raise ValueError."""
    try:
        dotted = decode_oid(content)
    except ValueError:
        return
    assert is_dotted_oid(dotted)
    assert x509.ObjectIdentifier(dotted).dotted_string == dotted
