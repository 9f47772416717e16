"""The cache of decisions: exact, bounded, and no older than what a decision rests on."""

import random
from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import accumulate

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from clientcert.core.cache import DecisionCache

NOW = datetime(2030, 1, 15, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def test_hit_and_miss() -> None:
    """What was put under a key is found under an equal key, and under no other."""
    cache: DecisionCache[str, datetime] = DecisionCache(4)
    cache.put((b"certificate", b"SUCCESS"), "alice", since=NOW, until=NOW + MINUTE)
    assert cache.get((bytes(bytearray(b"certificate")), b"SUCCESS"), NOW) == "alice"
    assert cache.get((b"certificate", b"NONE"), NOW) is None


@pytest.mark.parametrize(
    ("at", "found"),
    [
        (NOW, True),
        (NOW + MINUTE, True),
        (NOW + MINUTE + timedelta.resolution, False),
        (NOW - timedelta.resolution, False),
    ],
    ids=["at-start", "at-end", "after-end", "clock-set-back"],
)
def test_life(at: datetime, found: bool) -> None:  # noqa: FBT001 - a column of the table
    """S9: an entry holds from the moment of its decision to its end, both inclusive, and at no other time."""
    cache: DecisionCache[str, datetime] = DecisionCache(4)
    cache.put("key", "alice", since=NOW, until=NOW + MINUTE)
    assert (cache.get("key", at) == "alice") is found


def test_renewal_replaces() -> None:
    """A decision made again takes the place of the one that ran out."""
    cache: DecisionCache[str, datetime] = DecisionCache(4)
    cache.put("key", "old", since=NOW, until=NOW)
    cache.put("key", "new", since=NOW + MINUTE, until=NOW + 2 * MINUTE)
    assert cache.get("key", NOW + MINUTE) == "new"
    assert len(cache) == 1


def test_what_has_ended_is_not_kept() -> None:
    """A decision that holds for no time at all takes no room."""
    cache: DecisionCache[str, datetime] = DecisionCache(4)
    cache.put("key", "alice", since=NOW, until=NOW - MINUTE)
    assert len(cache) == 0


def test_zero_capacity_keeps_nothing() -> None:
    """A cache of size 0 is no cache."""
    cache: DecisionCache[str, datetime] = DecisionCache(0)
    cache.put("key", "alice", since=NOW, until=NOW + MINUTE)
    assert cache.get("key", NOW) is None


def test_used_entries_survive() -> None:
    """Second chance: what was asked for stays, what was not makes room."""
    cache: DecisionCache[int, datetime] = DecisionCache(3)
    for key in range(3):
        cache.put(key, key, since=NOW, until=NOW + MINUTE)
    assert cache.get(0, NOW) == 0
    cache.put(3, 3, since=NOW, until=NOW + MINUTE)
    assert [cache.get(key, NOW) for key in range(4)] == [0, None, 2, 3]


def test_sweep_is_bounded() -> None:
    """With everything in use, an insertion still ends: the entry under the hand goes after 32 steps."""
    cache: DecisionCache[int, datetime] = DecisionCache(1_000)
    for key in range(1_000):
        cache.put(key, key, since=NOW, until=NOW + MINUTE)
        cache.get(key, NOW)
    cache.put(1_000, 1_000, since=NOW, until=NOW + MINUTE)
    assert len(cache) == 1_000
    assert cache.get(31, NOW) is None
    assert cache.get(32, NOW) == 32


def test_hit_ratio_of_a_zipf_mix() -> None:
    """Zipf(1.0) over 10,000 clients with room for 4,096: at least 87 of 100 requests hit."""
    generator = random.Random(1)  # noqa: S311 - a workload, not a secret
    weights = list(accumulate(1 / rank for rank in range(1, 10_001)))
    clients = generator.choices(range(10_000), cum_weights=weights, k=150_000)
    cache: DecisionCache[int, datetime] = DecisionCache(4_096)
    hits = Counter[bool]()
    for number, client in enumerate(clients):
        hit = cache.get(client, NOW) is not None
        if number >= 50_000:
            hits[hit] += 1
        if not hit:
            cache.put(client, client, since=NOW, until=NOW + MINUTE)
    assert hits[True] / hits.total() >= 0.87


class Model(RuleBasedStateMachine):
    """Puts, gets and a moving clock against a plain dictionary that forgets nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.cache: DecisionCache[int, datetime] = DecisionCache(3)
        self.model: dict[int, tuple[int, datetime, datetime]] = {}
        self.now = NOW
        self.puts = 0

    @rule(key=st.integers(0, 6), life=st.integers(-1, 3))
    def put(self, key: int, life: int) -> None:
        """Decide anew."""
        self.puts += 1
        until = self.now + life * MINUTE
        self.cache.put(key, self.puts, since=self.now, until=until)
        if life >= 0:
            self.model[key] = (self.puts, self.now, until)

    @rule(minutes=st.integers(-2, 3))
    def move_clock(self, minutes: int) -> None:
        """Let time pass, or set the clock back."""
        self.now += minutes * MINUTE

    @rule(key=st.integers(0, 6))
    def get(self, key: int) -> None:
        """A hit is the newest decision of that key, and holds now."""
        value = self.cache.get(key, self.now)
        if value is not None:
            newest, since, until = self.model[key]
            assert value == newest
            assert since <= self.now <= until

    @invariant()
    def bounded(self) -> None:
        """Never more than it has room for."""
        assert len(self.cache) <= 3


TestModel = Model.TestCase
