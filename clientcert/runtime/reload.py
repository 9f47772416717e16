"""
Trust material that is replaced while requests are answered: all of the old, or all of the new, and never nothing.

No thread is required: requests look at the files once in an interval (a stat for each). What is small is loaded then
and there; what is large in a thread of its own, while requests go on with what is in force.
"""

import logging
import math
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from weakref import WeakMethod

from clientcert.core.forks import renew_after_fork
from clientcert.core.verification.base import utc_time
from clientcert.core.verification.generation import TrustGeneration, TrustStatus
from clientcert.errors import ClientCertError, ConfigurationError, Reason
from clientcert.runtime.files import Fingerprint, Sources
from clientcert.runtime.reload_state import ReloadState, later
from clientcert.runtime.trust import Build
from clientcert.runtime.watch import Watcher

logger = logging.getLogger("clientcert")

DEFAULT_INTERVAL = timedelta(seconds=10)
DEFAULT_MAX_STALE = timedelta(hours=24)
# About 3 ms of certificates, or 20 ms of a list.
_INLINE_BYTES = 1024 * 1024
# What was refused may become usable as it is: a list that was not valid yet.
_RETRY = timedelta(minutes=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReloadAttempt:
    """
    One attempt to replace what is in force.

    Attributes:
        generation: What is in force after it.
        cause: Why what was read could not be used; None after a success.
        at: When; aware UTC.
    """

    generation: TrustGeneration
    cause: str | None
    at: datetime

    @property
    def is_success(self) -> bool:
        """Whether there is a new generation."""
        return self.cause is None


class ReloadingTrust:
    """
    A `TrustProvider` that follows its sources. Safe between threads, in asyncio and after a fork; readers take no lock.

    Args:
        sources: Where the material comes from.
        build: How it becomes a generation.
        at: The time of construction, which loads the first generation; aware.
        interval: How long nobody looks at the files after somebody has.
        max_stale: How long the last good generation is used after its sources were last seen to be the same.
        background: Load large material, and ask callables, in a thread; False loads everything in the request that
            notices the change, for servers where threads stand still (uWSGI without ``enable-threads``).
        watcher: Notices changes sooner.
        on_attempt: Called with every `ReloadAttempt` but the first; an exception in it is logged and changes nothing.

    Raises:
        ConfigurationError: The first generation cannot be loaded, or a negative time.
    """

    def __init__(  # noqa: PLR0913 - options, all by name
        self,
        sources: Sources,
        build: Build,
        *,
        at: datetime,
        interval: timedelta = DEFAULT_INTERVAL,
        max_stale: timedelta = DEFAULT_MAX_STALE,
        background: bool = True,
        watcher: Watcher | None = None,
        on_attempt: Callable[[ReloadAttempt], None] | None = None,
    ) -> None:
        for name, value in (("reload_interval", interval), ("max_stale", max_stale)):
            if value < timedelta(0):
                raise ConfigurationError(f"{name} is {value}, wanted zero or more")
        at = utc_time(at)
        self._sources, self._build, self._interval, self._max_stale = sources, build, interval, max_stale
        self._background, self._watcher, self._on_attempt = background, watcher, on_attempt
        self._lock = threading.Lock()
        snapshot = sources.read()
        generation = build(snapshot, number=1, previous=None, at=at)
        self._put(
            ReloadState(
                generation=generation,
                snapshot=replace(snapshot, blobs={}),
                retry_at=at,
                checked_at=at,
                due_at=later(at, interval),
                confirmed_at=at,
                stale_at=later(at, max_stale),
                last_attempt=at,
            )
        )
        renew_after_fork(self)

    def _put(self, state: ReloadState) -> None:
        """Swap in a new state, and what `Memory` reads of it without a call."""
        self._state = state
        self.in_force: TrustGeneration = state.generation
        self.looked_at = state.checked_at.timestamp()
        self.due = min(state.due_at, state.stale_at).timestamp()
        # In this order: what a watcher notices from here on, `_notice` says.
        if self._watcher is not None and self._watcher.has_changed:
            self._notice()

    def _notice(self) -> None:
        self.due = -math.inf

    def renew_locks(self) -> None:
        """See `forks`."""
        self._lock = threading.Lock()

    def current(self, at: datetime) -> TrustGeneration:
        """
        Return the generation in force, and look for changes when it is time to.

        Raises:
            ClientCertError: TRUST_STALE.
        """
        state = self._latest(at)
        if at > state.stale_at:
            raise ClientCertError(
                Reason.TRUST_STALE,
                f"trust material was last known to be good at {state.confirmed_at:%Y-%m-%dT%H:%M:%SZ}, more than "
                f"{self._max_stale} ago",
                hints=() if state.last_error is None else (state.last_error,),
            )
        return state.generation

    def status(self, at: datetime) -> TrustStatus:
        """Tell how the material is, and look for changes when it is time to: without requests, nobody else does."""
        state = self._latest(at)
        return TrustStatus(
            generation=state.generation.number,
            loaded_at=state.generation.loaded_at,
            age=at - state.generation.loaded_at,
            confirmed_at=state.confirmed_at,
            is_stale=at > state.stale_at,
            last_attempt=state.last_attempt,
            last_error=state.last_error,
            next_update=state.generation.next_update,
        )

    def _latest(self, at: datetime) -> ReloadState:
        state = self._state
        # A clock that was set back must not stop us from looking.
        is_due = not state.checked_at <= at < state.due_at
        if is_due or (self._watcher is not None and self._watcher.has_changed):
            return self._check(at)
        return state

    def _check(self, at: datetime) -> ReloadState:
        """Look for changes, unless somebody else is at it."""
        lock, is_handed_over = self._lock, False
        if not lock.acquire(blocking=False):
            return self._state
        try:
            if self._watcher is not None:
                self._watcher.start(WeakMethod(self._notice))
            fingerprint = self._sources.fingerprint()
            if self._must_read(fingerprint, at):
                is_handed_over = self._is_for_background(fingerprint, at) and self._start(at, lock)
                if not is_handed_over:
                    self._load(at)
        finally:
            if not is_handed_over:
                lock.release()
        return self._state

    def _must_read(self, fingerprint: Fingerprint, at: datetime) -> bool:
        """Say whether the sources must be read; where that is not needed, note what is known without it."""
        state = self._state
        if self._sources.has_callables:
            return True
        if state.refused_is_settled and fingerprint == state.refused and at < state.retry_at:
            self._put(replace(state, checked_at=at, due_at=later(at, self._interval)))
            return False
        if fingerprint != state.snapshot.fingerprint or not state.snapshot.is_settled:
            return True
        # Back to what is in force, perhaps after something that was refused.
        self._confirm(state, at)
        return False

    def _confirm(self, state: ReloadState, at: datetime, **changes: Any) -> None:
        """Note that what is in force, or will be with the changes, is what the sources have."""
        confirmed = replace(
            state,
            checked_at=at,
            due_at=later(at, self._interval),
            confirmed_at=at,
            stale_at=later(at, self._max_stale),
            refused=None,
            last_error=None,
            **changes,
        )
        self._put(confirmed)

    def _is_for_background(self, fingerprint: Fingerprint, at: datetime) -> bool:
        is_slow = self._sources.has_callables or fingerprint.size > _INLINE_BYTES
        # After a long time without requests the next one would be refused while a thread loads.
        return self._background and is_slow and at <= self._state.stale_at

    def _start(self, at: datetime, lock: threading.Lock) -> bool:
        """Load in a thread, which releases the lock; False where no thread can be had."""

        def load() -> None:
            try:
                self._load(at)
            finally:
                lock.release()

        with suppress(RuntimeError):
            threading.Thread(target=load, name="clientcert-reload", daemon=True).start()
            return True
        return False

    def _load(self, at: datetime) -> None:
        """Read and build; swap in a new state whatever comes of it."""
        state = self._state
        begun_ns, fingerprint = time.time_ns(), self._sources.fingerprint()
        try:
            snapshot = self._sources.read()
            generation = state.generation
            if snapshot.digest != state.snapshot.digest:
                number = generation.number + 1
                generation = self._build(snapshot, number=number, previous=generation, at=at)
        # Whatever is wrong with the new material or with our reading of it, the old one is good.
        except Exception as exc:
            if not isinstance(exc, ConfigurationError):
                logger.exception("loading trust material failed unexpectedly; the last good generation stays")
            cause = str(exc) if isinstance(exc, ConfigurationError) else f"{type(exc).__name__}: {exc}"
            self._refuse(cause, fingerprint, at, is_settled=fingerprint.is_settled(begun_ns))
            return
        if generation is state.generation:
            self._confirm(state, at, snapshot=replace(snapshot, blobs={}))
        else:
            self._confirm(state, at, snapshot=replace(snapshot, blobs={}), generation=generation, last_attempt=at)
            self._tell(None, at)

    def _refuse(self, cause: str, fingerprint: Fingerprint, at: datetime, *, is_settled: bool) -> None:
        """Note a failure; one that goes on is told once, and again from time to time."""
        state = self._state
        # The text may count seconds; callables look the same whatever they return.
        is_same = cause == state.last_error or (fingerprint == state.refused and not self._sources.has_callables)
        is_told = is_same and at < state.retry_at
        refusing = replace(
            state,
            refused=fingerprint,
            refused_is_settled=is_settled,
            retry_at=state.retry_at if is_told else at + _RETRY,
            checked_at=at,
            due_at=later(at, self._interval),
            last_attempt=at,
            last_error=state.last_error if is_told else cause,
        )
        self._put(refusing)
        if not is_told:
            self._tell(cause, at)

    def _tell(self, cause: str | None, at: datetime) -> None:
        attempt = ReloadAttempt(generation=self._state.generation, cause=cause, at=at)
        if cause is None:
            logger.info("trust material reloaded, generation %d", attempt.generation.number)
        else:
            logger.error("trust material not reloaded, generation %d stays: %s", attempt.generation.number, cause)
        if self._on_attempt is not None:
            try:
                self._on_attempt(attempt)
            except Exception:  # an observer must not keep new material from being used
                logger.exception("on_attempt raised; the reload is not affected")
