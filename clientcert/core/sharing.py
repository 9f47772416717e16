"""What the keys of remembered decisions have in common, and where in a key the evidence itself is."""

from functools import lru_cache
from typing import Any

from clientcert.core.layouts import Spoken
from clientcert.core.remembered import Wire

# Names of headers, verdicts, pairs of them. A hostile sender may invent others, and then they are merely not shared.
_MAX_SHARED, _MAX_SHARED_BYTES, _MAX_SHARED_PARTS = 512, 64, 8


def slim(spoken: Spoken) -> Spoken:
    """Return an equal value in which short texts, and tuples of nothing else, are the objects that other keys have."""
    return tuple([_slim(item) for item in spoken])


def kept_in(key: object, wire: Wire | None) -> Wire | None:
    """
    Look for the octets of a certificate among those that a key keeps anyway.

    Args:
        key: Of a decision that is remembered; None where it is not.
        wire: The certificate as it came.

    Returns:
        The same with the key's own object: the same bytes, or the text that a WSGI server made of them. None where
        there is none, as when white space was around them.
    """
    if wire is None:
        return None
    value, parts = wire.value, [key]
    for part in parts:
        if part is value:
            return wire
        if isinstance(part, tuple):
            parts += part
        elif isinstance(part, str) and len(part) == len(value) and part.isascii() and part.encode("ascii") == value:
            return Wire(part, wire.decode)
    return None


def _slim(item: Any) -> Any:
    if type(item) is not tuple:
        return _same(item, type(item) is str) if _is_short(item) else item
    parts, is_short = [], 0 < len(item) <= _MAX_SHARED_PARTS
    for part in item:
        if _is_short(part):
            parts.append(_same(part, type(part) is str))
        else:
            parts.append(_slim(part))
            is_short = False
    made = tuple(parts)
    return _same(made, type(made[0]) is str) if is_short else made


def _is_short(item: Any) -> bool:
    kind = type(item)
    return (kind is bytes or kind is str) and len(item) <= _MAX_SHARED_BYTES


@lru_cache(maxsize=_MAX_SHARED)
def _same(item: Any, is_text: bool) -> Any:  # noqa: ARG001, FBT001 - keeps apart bytes and text of the same hash
    return item
