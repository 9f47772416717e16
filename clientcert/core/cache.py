"""
Decisions kept by the exact evidence they were made from.

A key is the evidence itself, compared in full: never a hash, a connection, an object's address or a serial number, each
of which would hand one client another's identity sooner or later.
"""

from collections import deque
from collections.abc import Hashable
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

V = TypeVar("V")
Moment = TypeVar("Moment", float, datetime)

# Steps of the hand for one insertion; without a bound the unlucky request pays for a sweep over everything.
_MAX_SWEEP = 32


@dataclass(slots=True)
class _Entry(Generic[V, Moment]):
    key: Hashable
    value: V
    since: Moment
    until: Moment
    used: bool = False


class DecisionCache(Generic[V, Moment]):
    """
    A bounded map with expiry and CLOCK eviction (second chance): a hit takes no lock and moves nothing.

    Reads may come from any thread; writes must be serialised by the caller, who serialises the work anyway.

    Args:
        capacity: Most entries; 0 keeps none.

    Moments are aware datetimes or seconds since 1970, all of one kind.
    """

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._entries: dict[Hashable, _Entry[V, Moment]] = {}
        self._hand: deque[_Entry[V, Moment]] = deque()

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, key: Hashable, at: Moment) -> V | None:
        """Return the value that holds at this moment, or None."""
        entry = self._entries.get(key)
        # A clock that was set back must not revive a decision from its future.
        if entry is None or not entry.since <= at <= entry.until:
            return None
        entry.used = True
        return entry.value

    def put(self, key: Hashable, value: V, *, since: Moment, until: Moment) -> None:
        """
        Keep a value.

        Args:
            key: The evidence.
            value: What was decided.
            since: The moment it was decided for.
            until: The last moment it holds, inclusive.
        """
        if self._capacity == 0 or until < since:
            return
        known = self._entries.get(key)
        if known is not None:
            known.value, known.since, known.until = value, since, until
            return
        while len(self._entries) >= self._capacity:
            self._evict(since)
        entry = _Entry(key=key, value=value, since=since, until=until)
        self._entries[key] = entry
        self._hand.append(entry)

    def _evict(self, at: Moment) -> None:
        """Drop the first entry that is out of date or was not used since the hand last came by."""
        hand = self._hand
        for _ in range(min(_MAX_SWEEP, len(hand)) - 1):
            entry = hand.popleft()
            if not entry.used or entry.until < at:
                self._entries.pop(entry.key, None)
                return
            entry.used = False
            hand.append(entry)
        self._entries.pop(hand.popleft().key, None)
