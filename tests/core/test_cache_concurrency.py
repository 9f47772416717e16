"""Remembered decisions under threads: made once, and never another's."""

import threading
from collections import Counter

import pytest

from clientcert import Authenticated, Authenticator, Outcome, Reason
from clientcert.core.cache import DecisionCache
from clientcert.testing import IssuedCertificate
from tests import material as m
from tests.core.crowd import (
    CLIENTS,
    STRANGERS,
    TWIN_AUTHORITY,
    TWINS,
    WAYS,
    Door,
    at_once,
    request_of,
    serial_of,
    shuffled,
    ticking,
    verifications,
)
from tests.core.test_decisions import reason

AUTHORITIES = (m.AUTHORITY, TWIN_AUTHORITY, m.STRANGE_AUTHORITY)


@pytest.mark.parametrize(
    ("clients", "expected"),
    [(CLIENTS[:8], None), (STRANGERS, Reason.ISSUER_UNKNOWN)],
    ids=["accepted", "refused"],
)
def test_herd_of_several_is_verified_once_each(clients: tuple[IssuedCertificate, ...], expected: Reason | None) -> None:
    """32 threads that each bring the same eight new certificates cause eight verifications, accepted or refused."""
    authenticator = Authenticator(m.config(clock=ticking()))

    def bring(number: int) -> list[tuple[int, Outcome]]:
        order = shuffled(number).sample(clients, len(clients))
        return [(client.certificate.serial_number, authenticator.authenticate(request_of(client))) for client in order]

    with verifications() as verified:
        answers = [pair for pairs in at_once(bring) for pair in pairs]
    for serial, outcome in answers:
        assert reason(outcome) is expected
        assert not isinstance(outcome, Authenticated) or serial_of(outcome) == serial
    assert Counter(verified) == Counter(client.certificate.serial_number for client in clients)


@pytest.mark.parametrize("way", ["asgi", "wsgi"])
def test_herd_at_the_door_is_verified_once(way: str) -> None:
    """So do 32 requests at once to a middleware."""
    door = Door(way, m.config(clock=ticking()))
    with verifications() as verified:
        answers = at_once(lambda _: door.ask(CLIENTS[0]))
    assert answers == [(CLIENTS[0].fingerprint_sha256, "not-checked")] * len(answers)
    assert verified == [CLIENTS[0].certificate.serial_number]


@pytest.mark.parametrize("way", WAYS)
def test_small_cache_under_threads_mixes_nobody(way: str) -> None:
    """16 threads, 24 clients who look alike and room for 8, so somebody is always evicted: each gets their own."""
    clients = CLIENTS[:8] + TWINS + STRANGERS
    door = Door(way, m.config(cache_size=8, trust=b"".join(each.pem for each in AUTHORITIES)))

    def ask(number: int) -> int:
        for client in shuffled(number).choices(clients, k=40):
            assert door.ask(client) == (client.fingerprint_sha256, "not-checked")
        return 40

    with verifications() as verified:
        answers = sum(at_once(ask, 16))
    # Evicted and verified again, and yet remembered for a while.
    assert len(clients) < len(verified) < answers


def test_eviction_under_threads_mixes_no_keys() -> None:
    """Readers of a small cache, while two writers evict and renew, get the value of their own key or none."""
    cache: DecisionCache[tuple[int, int], float] = DecisionCache(16)
    lock, is_over = threading.Lock(), threading.Event()
    hits = Counter[int]()

    def write(number: int) -> None:
        order = shuffled(number)
        for turn in range(6_000):
            key, at = order.randrange(48), order.randrange(4)
            with lock:
                cache.put((b"key", key), (key, turn), since=at, until=at + 1)
                assert len(cache) <= 16

    def read(number: int) -> None:
        order = shuffled(number)
        while not is_over.is_set():
            key = order.randrange(48)
            value = cache.get((b"key", key), order.randrange(5))
            assert value is None or value[0] == key
            hits[number] += value is not None

    def work(number: int) -> None:
        try:
            (write if number < 2 else read)(number)
        finally:
            is_over.set()

    at_once(work, 8)
    assert hits.total() > 0
