"""
What an authenticator remembers: outcomes by exact evidence and sender, under the trust they were decided under.

The way a request takes whose like has come before: nothing is decoded, parsed, logged or verified in it.
"""

from collections.abc import Hashable
from datetime import datetime
from threading import Lock
from time import time

from clientcert.core.decisions import Decisions
from clientcert.core.facts import RequestFacts
from clientcert.core.forks import renew_after_fork
from clientcert.core.headers import HeaderGuard, SelectedHeaders
from clientcert.core.layouts import Spoken
from clientcert.core.outcome import Outcome
from clientcert.core.senders import Forwarded, Senders
from clientcert.core.settings import Settings, utc_now
from clientcert.core.sharing import slim
from clientcert.core.sources.aws import AwsApiGateway
from clientcert.core.sources.base import HeaderSource
from clientcert.core.sources.tls import TLSSocket
from clientcert.core.verification.generation import TrustGeneration

_READERS = (HeaderSource.read, TLSSocket.read, AwsApiGateway.read)


class Memory:
    """
    One per authenticator; safe to share between threads and tasks.

    Args:
        settings: Of the authenticator.
        guard: Likewise.
    """

    def __init__(self, settings: Settings, guard: HeaderGuard) -> None:
        self._settings, self._guard = settings, guard
        # A source of the user's own may look at the address, the time or any header.
        self._reads_nothing_else = all(type(binding.source).read in _READERS for binding in settings.bindings)
        self._proofs = Senders(settings.bindings)
        self._senders = self._proofs.known
        self._trust = settings.trust_provider
        self._clock = None if settings.clock is utc_now else settings.clock
        self._lock = Lock()
        self._decisions = self._begin(self._trust.current(settings.clock()))
        renew_after_fork(self)

    def recall(
        self,
        peer: str | None,
        port: int | None,
        forwarded: Forwarded,
        spoken: Spoken,
        is_socket: bool = False,  # noqa: FBT001, FBT002 - by position: it is asked for every request
    ) -> Outcome | None:
        """
        Return what was decided about the same evidence from the same sender, while that holds; else None.

        Args:
            peer: As in `RequestFacts`.
            port: As `RequestFacts.peer_port`.
            forwarded: The headers that record addresses.
            spoken: Everything else that the request says, as in `Authenticator.authenticate`.
            is_socket: As `RequestFacts.peer_is_socket`.
        """
        sender = self._senders[is_socket].get(peer)
        if sender is None:
            return None
        is_new = port == 0 or (forwarded and forwarded not in sender.harmless)
        if is_new and self._proofs.is_doubtful(sender, port, forwarded):
            return None
        now = time() if self._clock is None else self._clock().timestamp()
        decisions, trust = self._decisions, self._trust
        if trust.in_force is not decisions.generation or not trust.looked_at <= now < trust.due:
            return None
        key = (sender.proves, spoken)
        decision = decisions.accepted.get(key, now) or decisions.refused.get(key, now)
        if decision is None:
            return None
        use, outcome = decision
        if use is not None:
            use.served += 1
            use.last_served = now
        return outcome

    def key(
        self,
        proven: tuple[int, ...],
        facts: RequestFacts,
        headers: SelectedHeaders,
        spoken: Spoken | None,
        at: datetime,
    ) -> Hashable:
        """Make the value under which a decision is remembered; None where it is not worth it."""
        if not (self._reads_nothing_else and headers.is_memorable):
            return None
        proves = self._proofs.prove(facts, headers, at=at)
        said = self._spoken(facts) if spoken is None else slim(spoken)
        # A third part, where what proved the sender was more than its address and what it said.
        return (proves, said) if proves is not None else (proven, said, None)

    def in_force(self, at: datetime) -> Decisions:
        """
        Return the decisions of the current generation; whoever still holds the old ones finishes with them.

        Raises:
            ClientCertError: TRUST_STALE.
        """
        generation = self._trust.current(at)
        decisions = self._decisions
        return decisions if generation is decisions.generation else self._follow(generation)

    def _follow(self, generation: TrustGeneration) -> Decisions:
        with self._lock:
            latest = self._decisions
            if generation is latest.generation:
                return latest
            decisions = self._begin(generation)
            # A thread that was stopped before a reload decides by the old trust for its own request alone.
            if generation.number > latest.generation.number:
                self._decisions = decisions
            return decisions

    def renew_locks(self) -> None:
        """See `forks`."""
        self._lock = Lock()
        self._decisions.lock = Lock()

    def _begin(self, generation: TrustGeneration) -> Decisions:
        return Decisions(generation, capacity=self._settings.cache_size, ttl=self._settings.cache_ttl)

    def _spoken(self, facts: RequestFacts) -> Spoken:
        headers = list(facts.headers)
        tls = (facts.tls_chain, facts.tls_error, facts.tls_asked, facts.tls_note)
        said = self._guard.layouts.of([name for name, _ in headers]).spoken(headers)
        return (*tls, facts.folded, facts.drops_aliases, said)
