"""
What the names of a request's headers mean, worked out once for each sequence of names.

The requests of one client through one proxy bear the same names in the same order. A layout knows at which places of
such a sequence the evidence is and which places the app must not see, so that a request costs one comparison of its
names, all of them and byte by byte, and a few picks.
"""

from collections.abc import Callable, Sequence
from enum import IntEnum
from operator import itemgetter
from typing import Any, Generic, Protocol, TypeVar

Spoken = tuple[object, ...]
"""All that a request says which a decision may rest on, byte for byte: the evidence, its names, proofs in headers."""

# A hostile sender may invent names without end; beyond these bounds a layout is made for one request alone.
_MAX_LAYOUTS = 256
_MAX_NAMES = 256
_MAX_NAME_LENGTH = 8_192

Name = TypeVar("Name", bytes, str)
Pick = Callable[[Any], tuple[Any, ...]]


class _Layout(Protocol):
    names: list[Any]


Kept = TypeVar("Kept", bound=_Layout)


class HeaderKind(IntEnum):
    """What a header name is to us; the app sees the kinds below `GUARDED`."""

    OTHER = 0
    FORWARDED = 1  # records addresses
    CONTEXT = 2  # says how the request is framed, and so what its other headers are worth
    GUARDED = 3  # another producer's
    GUARDED_ALIAS = 4
    READ = 5
    READ_ALIAS = 6


DECISIVE_KINDS = frozenset({HeaderKind.CONTEXT, HeaderKind.READ, HeaderKind.READ_ALIAS})


class HeaderLayout:
    """
    One sequence of header names.

    Attributes:
        names: The sequence, as received.
        spoken: Headers of this layout → those on which a decision may rest: the evidence, proofs, other spellings of
            both, and how the request is framed.
        forwarded: Headers → those that record addresses.
        cuts: Parts of the list to delete, the last one first, so that no guarded name is left.
    """

    __slots__ = ("cuts", "forwarded", "names", "spoken")

    def __init__(self, names: list[bytes], kinds: Sequence[HeaderKind]) -> None:
        self.names = names
        self.spoken = picker([index for index, kind in enumerate(kinds) if kind in DECISIVE_KINDS])
        self.forwarded = picker([index for index, kind in enumerate(kinds) if kind is HeaderKind.FORWARDED])
        self.cuts = _runs([index for index, kind in enumerate(kinds) if kind >= HeaderKind.GUARDED])


class Layouts(Generic[Name, Kept]):
    """
    The layouts of the latest requests, found by comparing every name.

    Args:
        make: A sequence of names → its layout, which keeps it as `names`.
    """

    def __init__(self, make: Callable[[list[Name]], Kept]) -> None:
        self._make: Callable[[list[Name]], Kept] = make
        self._known: dict[tuple[Name, ...], Kept] = {}
        # By the number of names: the layout of the last such request, a guess that is compared like any other.
        self._latest: dict[int, Kept] = {}

    def of(self, names: list[Name]) -> Kept:
        """Return the layout of a request with these names, in this order."""
        latest = self._latest.get(len(names))
        return latest if latest is not None and latest.names == names else self._find(names)

    def _find(self, names: list[Name]) -> Kept:
        key = tuple(names)
        layout = self._known.get(key)
        if layout is None:
            layout = self._make(names)
            if len(names) > _MAX_NAMES or sum(map(len, names)) > _MAX_NAME_LENGTH:
                return layout
            if len(self._known) >= _MAX_LAYOUTS:
                self._known.clear()
            self._known[key] = layout
        self._latest[len(names)] = layout
        return layout


def picker(places: Sequence[Any]) -> Pick:
    """Return what takes the items at some indexes, or under some keys, as a tuple; `itemgetter` for any number."""
    if not places:
        return _nothing
    if len(places) == 1:
        return lambda items: (items[places[0]],)
    return itemgetter(*places)


def _nothing(_: Any) -> tuple[Any, ...]:
    return ()


def _runs(indexes: Sequence[int]) -> tuple[slice, ...]:
    """Join neighbours into slices, the last one first."""
    runs: list[slice] = []
    for index in reversed(indexes):
        if runs and runs[-1].start == index + 1:
            runs[-1] = slice(index, runs[-1].stop)
        else:
            runs.append(slice(index, index + 1))
    return tuple(runs)
