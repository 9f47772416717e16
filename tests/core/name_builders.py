"""Names to test with: built from parts, drawn at random, and captured from real software."""

import base64
import json
from pathlib import Path
from typing import NamedTuple

from hypothesis import strategies as st

from clientcert.core import der
from clientcert.core.name_types import OPENSSL_SHORT_NAMES
from clientcert.core.names import Attribute, DistinguishedName

CN, O, OU, C, UID = "2.5.4.3", "2.5.4.10", "2.5.4.11", "2.5.4.6", "0.9.2342.19200300.100.1.1"  # noqa: E741 - RFC 4514
UNKNOWN = "1.2.3.4.5"


class Printed(NamedTuple):
    """One text that real software printed for one name."""

    name: str
    by: str
    dialect: str
    text: str
    times: int


_DATA = json.loads((Path(__file__).parents[1] / "data/names/printed.json").read_text())
NAMES = {name: base64.b64decode(encoded) for name, encoded in _DATA["names"].items()}
PRINTED = [Printed(*row) for row in _DATA["printed"]]

TEXTS = st.text(st.characters(exclude_categories=["Cs"]) | st.sampled_from(' #"+,;<>\\=\n\x00\x7f'), max_size=12)
TYPES = st.sampled_from([*OPENSSL_SHORT_NAMES, UNKNOWN, "2.999.1", "1.3.6.1.4.1.99999.1"])
RDNS = st.lists(st.tuples(TYPES, TEXTS), min_size=1, max_size=4, unique_by=lambda pair: pair[0]).map(tuple)


def oid_tlv(dotted: str) -> bytes:
    """Encode an OID (X.690 §8.19)."""
    first, second, *others = map(int, dotted.split("."))
    content = bytearray()
    for arc in (40 * first + second, *others):
        content += bytes(0x80 | arc >> shift & 0x7F for shift in range(252, 0, -7) if arc >> shift)
        content.append(arc & 0x7F)
    return der.encode_tlv(der.OBJECT_IDENTIFIER, bytes(content))


def pair(oid: str, content: bytes | str, tag: int = der.UTF8_STRING) -> bytes:
    """Encode one attribute."""
    content = content.encode() if isinstance(content, str) else content
    return der.encode_tlv(der.SEQUENCE, oid_tlv(oid) + der.encode_tlv(tag, content))


def name_der(*rdns: tuple[bytes, ...]) -> bytes:
    """Encode a name of RDNs, each the attributes in the order to encode."""
    return der.encode_tlv(der.SEQUENCE, b"".join(der.encode_tlv(der.SET, b"".join(rdn)) for rdn in rdns))


def cn_der(content: bytes | str, tag: int = der.UTF8_STRING) -> bytes:
    """Encode a name of one CN."""
    return name_der((pair(CN, content, tag),))


def name(*rdns: tuple[tuple[str, str], ...]) -> DistinguishedName:
    """Build a name from types and texts."""
    return DistinguishedName(
        rdns=tuple(tuple(Attribute(oid=oid, value=value) for oid, value in rdn) for rdn in rdns),
    )


def common(value: str) -> DistinguishedName:
    """Build a name of one CN."""
    return name(((CN, value),))


def check_texts(dn: DistinguishedName) -> None:
    """Texts are safe on a line, and the OpenSSL text leads back to the same name."""
    assert dn.nginx.isascii()
    assert dn.nginx.decode().isprintable()
    assert dn.rfc4514.isprintable()
    assert repr(dn).isprintable()
    again = DistinguishedName.from_nginx(dn.nginx)
    assert (again, again.nginx, again.canonical) == (dn, dn.nginx, dn.canonical)
