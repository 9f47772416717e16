"""Distinguished names as an operator writes them: RFC 4514 text, in the one spelling that `rfc4514` prints."""

from collections.abc import Iterator
from typing import Final

from clientcert.core.name_attributes import Attribute, check_rdn
from clientcert.core.name_types import oid_of
from clientcert.core.names import DistinguishedName, Rdn

_HEX: Final = frozenset("0123456789abcdefABCDEF")
# RFC 4514 §3: what may follow a backslash, hex pairs aside.
_ESCAPABLE: Final = frozenset(' "#+,;<=>\\')


def parse_rfc4514(text: str) -> DistinguishedName:
    """
    Read a distinguished name, most specific RDN first; the strict inverse of `DistinguishedName.rfc4514`.

    Args:
        text: Such as ``CN=alice,OU=ops,O=Example``; empty text is the empty name.

    Raises:
        ValueError: Not RFC 4514 §3, or another spelling of a name than the one that is printed, which the text names:
            one name has one text, so that a policy can be searched for it.
    """
    rdns: list[Rdn] = []
    attributes: list[Attribute] = []
    for type_, value, separator in _split(text):
        attributes.append(_read_attribute(type_, value))
        if separator != "+":
            check_rdn(attributes)
            rdns.append(tuple(attributes))
            attributes = []
    name = DistinguishedName(rdns=tuple(reversed(rdns)))
    if name.rfc4514 != text:
        raise ValueError(f"write it as {name.rfc4514!r}")
    return name


def _split(text: str) -> Iterator[tuple[str, str, str]]:
    """Yield each type and raw value, and the separator after it (empty at the end)."""
    position, size = 0, len(text)
    while position < size:
        equals = text.find("=", position)
        if equals < 0:
            raise ValueError(f"{text[position:]!r} has no equals sign")
        end = equals + 1
        while end < size and text[end] not in ",+":
            end += 2 if text[end] == "\\" else 1
        if end > size or end == size - 1:
            raise ValueError("it ends inside an escape or after a separator")
        yield text[position:equals], text[equals + 1 : end], text[end : end + 1]
        position = end + 1


def _read_attribute(type_: str, value: str) -> Attribute:
    if type_ != type_.strip():
        raise ValueError(f"white space around the attribute type {type_!r}")
    oid = oid_of(type_)
    if value.startswith("#"):
        return Attribute.from_der(oid, bytes.fromhex(value[1:]))
    return Attribute(oid=oid, value=_unescape(value))


def _unescape(value: str) -> str:
    result = bytearray()
    position = 0
    while position < len(value):
        character, following = value[position], value[position + 1 : position + 3]
        if character != "\\":
            result += character.encode("utf-8")
            position += 1
        elif following[:1] in _ESCAPABLE:
            result += following[:1].encode("ascii")
            position += 2
        elif len(following) > 1 and _HEX.issuperset(following):
            result.append(int(following, 16))
            position += 3
        else:
            raise ValueError(f"a backslash before {following[:1]!r}, which needs none")
    return result.decode("utf-8")
