"""What was decided under one generation of trust, and the lock that makes a herd decide once."""

from collections.abc import Hashable
from datetime import timedelta
from threading import Lock

from clientcert.core.bindings import SourceUse
from clientcert.core.cache import DecisionCache
from clientcert.core.names_only import NamesOnly
from clientcert.core.outcome import Outcome
from clientcert.core.verification.generation import TrustGeneration

Decision = tuple[SourceUse | None, Outcome]
"""What was decided, and what counts how often that serves a client; None where there is no source to count for."""

# A refused client tries again and again; a stranger must not push accepted ones out while doing so.
_MAX_REFUSALS = 256
_REFUSAL_LIFE = 10.0


class Decisions:
    """
    Remembers outcomes by the exact evidence they were made from. Moments are seconds since 1970.

    A reload makes a new one, empty: nothing decided under the old trust is ever looked up again.

    Args:
        generation: The trust all of it was decided under.
        capacity: Most accepted identities; 0 remembers nothing.
        ttl: Longest life of an accepted one.

    Attributes:
        accepted: The identities.
        refused: Why there was none, apart and for a few seconds.
        lock: Held while one is verified.
        names_only: Makes identities of names.
    """

    __slots__ = ("_ttl", "accepted", "generation", "lock", "names_only", "refused")

    def __init__(self, generation: TrustGeneration, *, capacity: int, ttl: timedelta) -> None:
        self.generation = generation
        self.names_only = NamesOnly(generation.known_issuers)
        self.lock = Lock()
        self._ttl = ttl.total_seconds()
        self.accepted: DecisionCache[Decision, float] = DecisionCache(capacity)
        self.refused: DecisionCache[Decision, float] = DecisionCache(min(capacity, _MAX_REFUSALS))

    def __len__(self) -> int:
        return len(self.accepted)

    def find(self, evidence: Hashable, at: float) -> Decision | None:
        """Return what was decided from this evidence, while it holds; None stands for evidence not to be remembered."""
        return None if evidence is None else self.accepted.get(evidence, at) or self.refused.get(evidence, at)

    def accept(self, evidence: Hashable, decision: Decision, *, at: float, until: float | None) -> Decision:
        """Remember an identity until the first of: its time to live, the earliest end of what it rests on."""
        if evidence is not None:
            end = at + self._ttl
            self.accepted.put(evidence, decision, since=at, until=end if until is None else min(end, until))
        return decision

    def refuse(self, evidence: Hashable, decision: Decision, *, at: float) -> Decision:
        """Remember for a few seconds, apart from the identities, why there is none."""
        if evidence is not None:
            self.refused.put(evidence, decision, since=at, until=at + _REFUSAL_LIFE)
        return decision
