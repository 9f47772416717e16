"""Remembered decisions and reloads: none outlives the trust it rests on, and each is made once under the new one."""

import os
import signal
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from clientcert import Authenticator, ClientCertConfig
from clientcert.core.verification.generation import TrustGeneration
from clientcert.testing import IssuedCertificate
from tests import material as m
from tests.core.crowd import (
    CLIENTS,
    FIRST_SERIAL,
    STRANGERS,
    WAYS,
    Door,
    Seen,
    at_once,
    held_verification,
    request_of,
    serial_of,
    shuffled,
    verifications,
)
from tests.core.test_decisions import SECOND, Clock, followed, replace

INTERVAL = timedelta(seconds=10)
RELOADS = 12


class Lists:
    """A revocation list that is replaced, with the first client on every second one, and who may have seen which."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.clock = folder, Clock()
        self.written = self.in_force = 0
        (folder / "ca.pem").write_bytes(m.AUTHORITY.pem)
        self.write()
        self.in_force = 1

    def config(self) -> ClientCertConfig:
        """A configuration that follows the list, and does nothing for most requests."""
        paths = {"trust": self.folder / "ca.pem", "crl": self.folder / "ca.crl"}
        return m.config(clock=self.clock, reload_interval=INTERVAL, **paths)

    def write(self) -> None:
        """Write the next one, and let the time come to look."""
        self.written += 1
        revoked = [] if self.written % 2 else [CLIENTS[0]]
        replace(self.folder / "ca.crl", m.AUTHORITY.crl(revoked, number=self.written).pem)
        self.clock.now += INTERVAL

    def check(self, seen: Seen, client: IssuedCertificate, oldest: int) -> None:
        """An answer is by one of the lists between the one in force when its request began and the newest."""
        possible = range(oldest, self.written + 1)
        if seen is None:
            assert client is CLIENTS[0]
            assert any(number % 2 == 0 for number in possible)
            return
        fingerprint, revocation = seen
        # ``good: CRL 17 of …``
        number = int(revocation.split()[2])
        assert fingerprint == client.fingerprint_sha256
        assert number in possible
        assert client is not CLIENTS[0] or number % 2


@pytest.mark.parametrize("way", WAYS)
def test_no_outcome_outlives_a_reload(way: str, tmp_path: Path) -> None:
    """While 8 threads hit, a list is replaced 12 times: what began after a reload rests on that list or a newer one."""
    lists = Lists(tmp_path)
    door = Door(way, lists.config())
    is_over, answers = threading.Event(), Counter[int]()

    def ask(number: int) -> None:
        order = shuffled(number)
        while not is_over.is_set():
            client, oldest = order.choice(CLIENTS[:4]), lists.in_force
            lists.check(door.ask(client), client, oldest)
            answers[number] += 1

    def reload() -> None:
        for number in range(2, RELOADS + 2):
            lists.write()
            # Somebody else may be at it; then there is nothing new yet.
            while door.authenticator.status().generation < number and not is_over.wait(0.001):
                pass
            lists.in_force, goal = number, answers.total() + 40
            while answers.total() < goal and not is_over.wait(0.001):
                pass

    def work(number: int) -> None:
        try:
            reload() if number == 8 else ask(number)
        finally:
            # Whoever fails ends it for all.
            is_over.set()

    with verifications() as verified:
        at_once(work, 9)
    assert lists.in_force == RELOADS + 1
    assert answers.total() > 2 * len(verified)


@pytest.mark.parametrize("way", WAYS)
def test_reload_in_the_middle_of_a_verification(way: str, tmp_path: Path) -> None:
    """Who is revoked while being verified may pass once, for that request began before; nothing of it is kept."""
    lists = Lists(tmp_path)
    door = Door(way, lists.config())
    with ThreadPoolExecutor(1) as pool, held_verification(CLIENTS[0]) as held:
        late = pool.submit(door.ask, CLIENTS[0])
        assert held.begun.wait(5)
        lists.write()
        lists.in_force = 2
        lists.check(door.ask(CLIENTS[1]), CLIENTS[1], oldest=2)
        held.go_on.set()
        lists.check(late.result(), CLIENTS[0], oldest=1)
    assert door.ask(CLIENTS[0]) is None


class Unhurried:
    """A configuration that takes its time when it is asked for the size of a cache, as making one does."""

    def __init__(self, config: ClientCertConfig) -> None:
        self._config = config

    def __getattr__(self, name: str) -> Any:
        return getattr(self._config, name)

    @property
    def cache_size(self) -> int:
        """As configured."""
        time.sleep(0.002)
        return self._config.cache_size


def test_herd_after_a_reload_is_verified_once(tmp_path: Path) -> None:
    """When a reload has emptied the cache, 32 threads with one certificate cause one verification, as at the start."""
    clock = Clock()
    settings: Any = Unhurried(followed(tmp_path, clock))
    authenticator = Authenticator(settings)
    for generation in range(2, 6):
        replace(tmp_path / "ca.pem", m.AUTHORITY.pem + m.AUTHORITY.intermediate(f"Link {generation}").pem)
        clock.now += SECOND
        assert authenticator.status().generation == generation
        with verifications() as verified:
            outcomes = at_once(lambda _: authenticator.authenticate(request_of(CLIENTS[0])))
        assert {serial_of(outcome) for outcome in outcomes} == {FIRST_SERIAL}
        assert verified == [FIRST_SERIAL]


class Straggling:
    """A configuration whose trust can be asked for as if by a thread that was stopped before a reload."""

    def __init__(self, config: ClientCertConfig) -> None:
        self._config = config
        self.old: TrustGeneration | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._config, name)

    @property
    def trust_provider(self) -> "Straggling":
        """Itself."""
        return self

    def current(self, at: datetime) -> TrustGeneration:
        """The generation in force, or the old one."""
        return self.old or self._config.trust_provider.current(at)


def after_a_straggler(folder: Path, clients: tuple[IssuedCertificate, ...]) -> Authenticator:
    """An authenticator after a reload, one answer about the first client, and late ones by the old trust about all."""
    clock = Clock()
    straggling: Any = Straggling(followed(folder, clock))
    authenticator = Authenticator(straggling)
    old = straggling.current(clock.now)
    replace(folder / "ca.pem", m.AUTHORITY.pem + m.STRANGE_AUTHORITY.pem)
    clock.now += SECOND
    for straggling.old, each in ((None, clients[:1]), (old, clients), (None, ())):
        for client in each:
            authenticator.authenticate(request_of(client))
    return authenticator


def test_late_thread_leaves_nothing_of_the_old_trust(tmp_path: Path) -> None:
    """A thread that decides by the old trust after a reload does so for its own request alone."""
    authenticator = after_a_straggler(tmp_path, (CLIENTS[0], STRANGERS[0]))
    assert serial_of(authenticator.authenticate(request_of(STRANGERS[0]))) == FIRST_SERIAL


def test_late_thread_takes_nothing_away(tmp_path: Path) -> None:
    """Nor does it empty the cache of the new trust."""
    authenticator = after_a_straggler(tmp_path, CLIENTS[:2])
    with verifications() as verified:
        assert serial_of(authenticator.authenticate(request_of(CLIENTS[0]))) == FIRST_SERIAL
    assert verified == []


@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_fork_in_the_middle_of_a_verification() -> None:
    """A child forked while a thread of its parent verifies has no such thread, and verifies for itself."""
    authenticator = Authenticator(m.config())
    with ThreadPoolExecutor(1) as pool, held_verification(CLIENTS[0]) as held:
        pool.submit(authenticator.authenticate, request_of(CLIENTS[0]))
        assert held.begun.wait(5)
        child = os.fork()
        if child == 0:
            # Ends the child where it would wait forever.
            signal.alarm(2)
            try:
                os._exit(0 if serial_of(authenticator.authenticate(request_of(CLIENTS[1]))) else 1)
            finally:
                os._exit(2)
        status = os.waitpid(child, 0)[1]
        held.go_on.set()
    assert os.waitstatus_to_exitcode(status) == 0
