"""
Distinguished names as text: RFC 4514, and the RFC 2253 dialect of OpenSSL, written and read.

nginx (`$ssl_client_s_dn`), HAProxy (`ssl_c_s_dn(,0,rfc2253)`), Apache and Envoy print a name with OpenSSL's
`X509_NAME_print_ex` and `XN_FLAG_RFC2253`. That text is ASCII without control characters: it is safe on one line.
"""

from collections.abc import Iterable, Iterator
from functools import lru_cache

from clientcert.core.name_attributes import Attribute, Rdn, check_rdn
from clientcert.core.name_types import (
    OPENSSL_SHORT_NAMES,
    RFC4514_SHORT_NAMES,
    is_dotted_oid,
    oid_of_openssl_name,
)

_SPECIAL = frozenset('"+,;<>\\')
_BACKSLASH, _COMMA, _PLUS, _EQUALS, _HASH, _SPACE = b"\\,+=# "
_ESCAPABLE = frozenset(b'"+,;<>\\# ')
_CONTROLS = (*range(0x20), 0x7F)
_HIGH = range(0x80, 0x100)
# Clients of one CA share all of their names but the last part. Bounded: a peer can empty the cache, not fill memory.
_MAX_CACHED_TEXTS, _MAX_CACHED_CHARACTERS = 256, 64
_HEX_PAIRS = {b"%02X" % octet: octet for octet in (*_CONTROLS, *_HIGH)}


def _openssl_octet(octet: int, *, escape_high: bool) -> bytes:
    if chr(octet) in _SPECIAL:
        return b"\\%c" % octet
    if octet in _CONTROLS or (octet in _HIGH and escape_high):
        return b"\\%02X" % octet
    return b"%c" % octet


_OPENSSL_OCTETS = tuple(_openssl_octet(octet, escape_high=True) for octet in range(256))
_OPENSSL_OCTETS_RAW = tuple(_openssl_octet(octet, escape_high=False) for octet in range(256))


def write_openssl(rdns: Iterable[Rdn], *, escape_high: bool = True) -> bytes:
    """
    Print a name as OpenSSL's XN_FLAG_RFC2253 does, octet for octet.

    Args:
        rdns: RDNs, root first.
        escape_high: Escape octets above 0x7F (nginx, HAProxy, Envoy); False leaves raw UTF-8 (Apache).

    Returns:
        Most specific RDN first; attributes of one RDN reversed as well.
    """
    printed = [
        b"+".join([_write_openssl_attribute(attribute, escape_high=escape_high) for attribute in reversed(rdn)])
        for rdn in rdns
    ]
    printed.reverse()
    return b",".join(printed)


def _write_openssl_attribute(attribute: Attribute, *, escape_high: bool) -> bytes:
    name = OPENSSL_SHORT_NAMES.get(attribute.oid)
    if name is None or not attribute.is_text:
        return f"{name or attribute.oid}={attribute.hexstring}".encode("ascii")
    if len(attribute.value) <= _MAX_CACHED_CHARACTERS:
        return _write_known_text(name, attribute.value, escape_high)
    return _write_openssl_text(name, attribute.value, escape_high)


def _write_openssl_text(name: str, value: str, escape_high: bool) -> bytes:  # noqa: FBT001 - a key of a cache
    raw = value.encode("utf-8")
    octets = _OPENSSL_OCTETS if escape_high else _OPENSSL_OCTETS_RAW
    text = b"".join([octets[octet] for octet in raw])
    if raw.endswith(b" "):
        text = text[:-1] + b"\\ "
    # OpenSSL takes the only character of a value for its last one, and there a hash is not special.
    if len(raw) > 1 and raw[0] in b"# ":
        text = b"\\" + text
    return name.encode("ascii") + b"=" + text


_write_known_text = lru_cache(maxsize=_MAX_CACHED_TEXTS)(_write_openssl_text)


def write_rfc4514(rdns: Iterable[Rdn]) -> str:
    """
    Print a name by RFC 4514 §2, for people and logs.

    Args:
        rdns: RDNs, root first.

    Returns:
        Most specific RDN first; attributes of one RDN in the order of the encoding. Whatever `str.isprintable`
        denies (control and format characters, line and paragraph separators, unassigned code points) is escaped as
        the hex pairs of its UTF-8, so the text stays on one line and in its direction.
    """
    return ",".join("+".join(map(_write_rfc4514_attribute, rdn)) for rdn in reversed(tuple(rdns)))


def _write_rfc4514_attribute(attribute: Attribute) -> str:
    name = RFC4514_SHORT_NAMES.get(attribute.oid)
    if name is None or not attribute.is_text:
        return f"{name or attribute.oid}={attribute.hexstring}"
    text = "".join(map(_escape_rfc4514, attribute.value))
    if attribute.value.endswith(" "):
        text = text[:-1] + "\\ "
    if attribute.value.startswith("#") or (attribute.value.startswith(" ") and len(attribute.value) > 1):
        text = "\\" + text
    return f"{name}={text}"


def _escape_rfc4514(character: str) -> str:
    if character in _SPECIAL:
        return "\\" + character
    if character.isprintable():
        return character
    return "".join(f"\\{octet:02X}" for octet in character.encode("utf-8"))


def read_openssl(text: bytes) -> tuple[Rdn, ...]:
    """
    Read back what `write_openssl` prints, and nothing else.

    Args:
        text: The whole value; empty text is the empty name.

    Returns:
        RDNs, root first.

    Raises:
        ValueError: Any text that is not exactly what a name prints as.
    """
    rdns: list[Rdn] = []
    attributes: list[Attribute] = []
    for type_, value, separator in _split(text):
        attributes.append(_read_attribute(type_, value))
        if separator != _PLUS:
            check_rdn(attributes)
            rdns.append(tuple(reversed(attributes)))
            attributes = []
    rdns.reverse()
    # The scanner above takes some escapes that OpenSSL does not write; printing anew leaves one text for each name.
    if write_openssl(rdns) != text:
        raise ValueError("not escaped as OpenSSL escapes it")
    return tuple(rdns)


def _split(text: bytes) -> Iterator[tuple[bytes, bytes, int | None]]:
    """Yield each type and raw value, and the separator after it (None at the end)."""
    position, size = 0, len(text)
    while position < size:
        equals = text.find(b"=", position)
        if equals < 0:
            raise ValueError("attribute without an equals sign")
        end = equals + 1
        while end < size and text[end] not in (_COMMA, _PLUS):
            end += 2 if text[end] == _BACKSLASH else 1
        if end > size or end == size - 1:
            raise ValueError("ends inside an escape or after a separator")
        yield text[position:equals], text[equals + 1 : end], text[end] if end < size else None
        position = end + 1


def _read_attribute(type_: bytes, value: bytes) -> Attribute:
    name = type_.decode("ascii")
    oid = oid_of_openssl_name(name)
    if oid is None:
        if not is_dotted_oid(name) or name in OPENSSL_SHORT_NAMES:
            raise ValueError("attribute type is neither a known short name nor an OID without one")
        oid = name
    if value.startswith(b"#") and (value != b"#" or oid == name):
        return Attribute.from_der(oid, bytes.fromhex(value[1:].decode("ascii")))
    return Attribute(oid=oid, value=_unescape(value).decode("utf-8"))


def _unescape(value: bytes) -> bytes:
    result = bytearray()
    position = 0
    while position < len(value):
        octet = value[position]
        if octet != _BACKSLASH:
            result.append(octet)
            position += 1
        elif value[position + 1] in _ESCAPABLE:
            result.append(value[position + 1])
            position += 2
        else:
            escaped = _HEX_PAIRS.get(value[position + 1 : position + 3])
            if escaped is None:
                raise ValueError("escape is neither of a special character nor of a control or high octet in hex")
            result.append(escaped)
            position += 3
    return bytes(result)
