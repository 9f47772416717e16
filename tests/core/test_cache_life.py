"""How long a remembered decision holds: to the first end of what it rests on, and never for another request's sake."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from clientcert.asgi import ClientCertMiddleware as ASGIMiddleware
from clientcert.core.cache import DecisionCache
from clientcert.policy import PolicyFile
from clientcert.testing import CertificateAuthority, IssuedCertificate
from clientcert.wsgi import ClientCertMiddleware as WSGIMiddleware
from tests import material as m
from tests.contract.adapters import echo_asgi, echo_wsgi
from tests.contract.test_policy import acl
from tests.core.crowd import CLIENTS, WAYS, Door, verifications
from tests.core.test_decisions import SECOND, Clock
from tests.driving import ask_asgi, ask_wsgi, environ, http_scope

MINUTE = timedelta(minutes=1)
KEYS = 7


class Life(RuleBasedStateMachine):
    """
    Puts, gets and a clock that also goes back, against a plain dictionary.

    A cache with room for everything knows exactly what the dictionary knows; a crowded one nothing else, and always
    what it was told last.
    """

    def __init__(self) -> None:
        super().__init__()
        self.roomy: DecisionCache[int, float] = DecisionCache(KEYS)
        self.crowded: DecisionCache[int, float] = DecisionCache(2)
        self.model: dict[int, tuple[int, float, float]] = {}
        self.now, self.puts = 0.0, 0

    def holding(self, key: int) -> int | None:
        """What the model has of a key at this moment."""
        value, since, until = self.model.get(key, (0, 1.0, -1.0))
        return value if since <= self.now <= until else None

    @rule(key=st.integers(0, KEYS - 1), life=st.integers(-1, 3))
    def put(self, key: int, life: int) -> None:
        """Decide anew."""
        self.puts += 1
        until = self.now + life
        for cache in (self.roomy, self.crowded):
            cache.put(key, self.puts, since=self.now, until=until)
        if life >= 0:
            self.model[key] = (self.puts, self.now, until)
            assert self.crowded.get(key, self.now) == self.puts

    @rule(minutes=st.integers(-3, 3))
    def move_clock(self, minutes: int) -> None:
        """Let time pass, or set the clock back."""
        self.now += minutes

    @rule(key=st.integers(0, KEYS - 1))
    def get(self, key: int) -> None:
        """Nothing is forgotten where there is room, and nothing is made up where there is none."""
        held = self.holding(key)
        assert self.roomy.get(key, self.now) == held
        assert self.crowded.get(key, self.now) in (None, held)

    @invariant()
    def sizes(self) -> None:
        """As many as were put, or as there is room for."""
        assert len(self.roomy) == len(self.model)
        assert len(self.crowded) == min(2, len(self.model))


Life.TestCase.settings = settings(max_examples=50, stateful_step_count=40, deadline=None)
TestLife = Life.TestCase


def ending(first: str) -> tuple[IssuedCertificate, dict[str, Any]]:
    """A client and the settings for it; everything that its acceptance rests on lasts a day, and one thing a minute."""
    ends = dict.fromkeys(("ttl", "leaf", "intermediate", "anchor", "list", "grace"), timedelta(days=1))
    ends[first] = MINUTE
    root = CertificateAuthority(subject=[("CN", "Root")], now=m.NOW, not_after=ends["anchor"])
    issuing = root.intermediate("Issuing", not_after=ends["intermediate"])
    client = issuing.issue("client", not_after=ends["leaf"])
    grace = timedelta(seconds=20) if first == "grace" else timedelta(0)
    crl = issuing.crl(next_update=min(ends["list"], ends["grace"]) - grace)
    return client, {"trust": issuing.bundle_pem, "cache_ttl": ends["ttl"], "crl": crl.pem, "crl_grace": grace}


@pytest.mark.parametrize("first", ["ttl", "leaf", "intermediate", "anchor", "list", "grace"])
@pytest.mark.parametrize("way", WAYS)
def test_s1_first_end_ends_it(first: str, way: str) -> None:
    """Remembered up to the earliest end of time to live, path, list and grace; a microsecond later decided anew."""
    clock = Clock()
    client, keywords = ending(first)
    door = Door(way, m.config(clock=clock, **keywords))
    with verifications() as verified:
        for at, times in ((timedelta(0), 1), (MINUTE, 1), (MINUTE + timedelta.resolution, 2)):
            clock.now = m.NOW + at
            seen = door.ask(client)
            assert times == 2 or seen is not None
            assert len(verified) == times


@pytest.mark.parametrize("way", WAYS)
def test_refusals_push_nobody_out(way: str) -> None:
    """Hundreds of strangers take no room from the four clients that are remembered."""
    door = Door(way, m.config(cache_size=4))
    strangers = [m.STRANGE_AUTHORITY.issue(f"stranger-{number}") for number in range(300)]
    known = CLIENTS[:4]
    for client in known:
        assert door.ask(client) is not None
    for stranger in strangers:
        assert door.ask(stranger) is None
    with verifications() as verified:
        assert all(door.ask(client) is not None for client in known)
    assert verified == []


@pytest.mark.parametrize("way", WAYS)
def test_refusal_does_not_last(way: str) -> None:
    """Who came five seconds too early is served ten seconds later, and remembered then."""
    clock = Clock()
    early = m.AUTHORITY.issue("early", not_before=5 * SECOND)
    door = Door(way, m.config(clock=clock))
    with verifications() as verified:
        for seconds, passes, times in ((0, False, 1), (9, False, 1), (11, True, 2), (12, True, 2)):
            clock.now = m.NOW + seconds * SECOND
            assert (door.ask(early) is not None) is passes
            assert len(verified) == times


@pytest.mark.parametrize("way", ["asgi", "wsgi"])
def test_policy_that_reads_the_request_is_asked_every_time(way: str) -> None:
    """One verification of one client, and an answer of its own for each path."""
    config = m.config(policy=PolicyFile.parse(acl(), name="acl.toml"))
    asgi, wsgi = ASGIMiddleware(echo_asgi, config), WSGIMiddleware(echo_wsgi, config)

    def status(path: str) -> int:
        if way == "asgi":
            return ask_asgi(asgi, http_scope(m.evidence(), path=path)).status
        return ask_wsgi(wsgi, environ(m.evidence(), path=path, SERVER_SOFTWARE="gunicorn/27.0.1")).status

    with verifications() as verified:
        assert [status(path) for path in ("/whoami", "/other", "/whoami", "/other")] == [200, 403, 200, 403]
    assert len(verified) == 1
