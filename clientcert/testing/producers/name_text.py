"""
Distinguished names as terminators print them, each written from its own source and apart from what reads them.

OpenSSL: ``X509_NAME_print_ex`` and ``X509_NAME_oneline`` (crypto/x509, crypto/asn1/a_strex.c). HAProxy:
``ssl_sock_get_dn_oneline``. Go: ``pkix.Name.String``. Compared with what the real programs sent by the tests.
"""

from collections.abc import Iterator

from clientcert.core.name_types import OPENSSL_SHORT_NAMES
from clientcert.testing.asn1 import tlv
from clientcert.testing.producers.fields import Name, NameAttribute

_SPECIAL = frozenset(b',+"\\<>;')
_DELETE, _HIGH, _TILDE, _TAB = 0x7F, 0x80, 0x7E, 0x09

# The order in which Go writes the attributes that it knows, root first.
_GO_SHORT_NAMES = {
    "2.5.4.6": "C",
    "2.5.4.8": "ST",
    "2.5.4.7": "L",
    "2.5.4.9": "STREET",
    "2.5.4.17": "POSTALCODE",
    "2.5.4.10": "O",
    "2.5.4.11": "OU",
    "2.5.4.3": "CN",
    "2.5.4.5": "SERIALNUMBER",
}
_GO_SINGLE = frozenset({"CN", "SERIALNUMBER"})
_GO_PRINTABLE = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789 '()+,-./:=?")
_PRINTABLE_STRING, _UTF8_STRING = 0x13, 0x0C


def openssl_name(name: Name, *, raw_utf8: bool = False) -> bytes:
    r"""
    Print as ``XN_FLAG_RFC2253`` does: last RDN first, attributes of unknown types as ``#`` and their DER.

    Args:
        name: Subject or issuer.
        raw_utf8: Octets above 0x7F as they are (Apache); else ``\XX``.
    """
    return b",".join(b"+".join(_openssl_attribute(a, raw_utf8) for a in reversed(rdn)) for rdn in reversed(name))


def openssl_oneline(name: Name) -> bytes:
    r"""Print as ``X509_NAME_oneline`` does: ``/C=GB/CN=a``, raw octets as ``\xHH``."""
    return b"".join(
        (b"+" if position else b"/") + _type(attribute) + b"=" + _oneline_value(attribute.value.content)
        for rdn in name
        for position, attribute in enumerate(rdn)
    )


def haproxy_name(name: Name) -> bytes:
    """Print as HAProxy's ``ssl_c_s_dn`` does: ``/C=GB/CN=a``, no separator escaped, control characters as ``%XX``."""
    return b"".join(
        b"/" + _type(attribute) + b"=" + haproxy_text(attribute.value.content) for rdn in name for attribute in rdn
    )


def haproxy_text(value: bytes) -> bytes:
    """Escape what no field value may hold (HAProxy's ``http_encode_map``); ``%`` itself stays."""
    return b"".join(
        b"%%%02X" % octet if (octet < ord(" ") and octet != _TAB) or octet == _DELETE else bytes([octet])
        for octet in value
    )


def first_common_name(name: Name) -> NameAttribute | None:
    """Find what Apache and HAProxy take for the common name."""
    return next((attribute for rdn in name for attribute in rdn if attribute.oid == "2.5.4.3"), None)


def apache_component(attribute: NameAttribute) -> bytes:
    r"""Print one value as Apache's ``SSL_CLIENT_S_DN_CN`` does: UTF-8, control characters as ``\XX``."""
    text = (attribute.text or "").encode("utf-8", "surrogatepass")
    return b"".join(_escaped(octet, special=frozenset(b"\\"), raw_utf8=True) for octet in text)


def go_name(name: Name) -> bytes:
    """
    Print as Go's ``pkix.Name`` does.

    Known types come in a fixed order, CN first; of repeated common names the last one survives; everything else
    follows, as ``oid=#`` and DER of its own making.
    """
    known = {short: go_values(name, oid) for oid, short in _GO_SHORT_NAMES.items()}
    parts = ["+".join(f"{short}={_go_escaped(v)}" for v in values) for short, values in known.items() if values]
    others = [attribute for rdn in name for attribute in rdn if attribute.oid not in _GO_SHORT_NAMES]
    return ",".join([*reversed(parts), *(f"{a.oid}=#{_go_der(a)}" for a in reversed(others))]).encode()


def go_values(name: Name, oid: str) -> list[str]:
    """The values that Go keeps of one attribute type."""
    values = [a.text for rdn in name for a in rdn if a.oid == oid and a.text is not None]
    return values[-1:] if _GO_SHORT_NAMES.get(oid) in _GO_SINGLE else values


def _type(attribute: NameAttribute) -> bytes:
    return OPENSSL_SHORT_NAMES.get(attribute.oid, attribute.oid).encode("ascii")


def _openssl_attribute(attribute: NameAttribute, raw_utf8: bool) -> bytes:  # noqa: FBT001 - as openssl_name
    text = attribute.text
    if text is None or attribute.oid not in OPENSSL_SHORT_NAMES:
        return _type(attribute) + b"=#" + attribute.value.der.hex().upper().encode("ascii")
    return _type(attribute) + b"=" + b"".join(_openssl_characters(text, raw_utf8=raw_utf8))


def _openssl_characters(text: str, *, raw_utf8: bool) -> Iterator[bytes]:
    for position, character in enumerate(text):
        is_edge = (position == 0 and character in " #") or (position == len(text) - 1 and character == " ")
        octets = character.encode("utf-8", "surrogatepass")
        yield b"\\" + octets if is_edge else b"".join(_escaped(o, special=_SPECIAL, raw_utf8=raw_utf8) for o in octets)


def _escaped(octet: int, *, special: frozenset[int], raw_utf8: bool) -> bytes:
    if octet in special:
        return b"\\%c" % octet
    if octet < ord(" ") or octet == _DELETE or (octet >= _HIGH and not raw_utf8):
        return b"\\%02X" % octet
    return bytes([octet])


def _oneline_value(value: bytes) -> bytes:
    return b"".join(
        b"\\x%02X" % octet
        if octet < ord(" ") or octet > _TILDE
        else b"\\%c" % octet
        if octet in b"/+"
        else b"%c" % octet
        for octet in value
    )


def _go_escaped(text: str) -> str:
    made = []
    for position, character in enumerate(text):
        is_edge = (character == " " and position in (0, len(text) - 1)) or (character == "#" and position == 0)
        made.append(f"\\{character}" if is_edge or character in ',+"\\<>;' else character)
    return "".join(made)


def _go_der(attribute: NameAttribute) -> str:
    text = attribute.text
    if text is None:
        return attribute.value.der.hex()
    return tlv(_PRINTABLE_STRING if _GO_PRINTABLE.issuperset(text) else _UTF8_STRING, text.encode()).hex()
