"""What was decided under one generation of trust, and the lock that makes a herd decide once."""

from collections.abc import Hashable
from datetime import datetime, timedelta
from threading import Lock

from clientcert.core.cache import DecisionCache
from clientcert.core.names_only import NamesOnly
from clientcert.core.outcome import Outcome
from clientcert.core.verification.generation import TrustGeneration

Decision = tuple[int, Outcome]
"""The position of the source that spoke, and what was decided."""

# A refused client tries again and again; a stranger must not push accepted ones out while doing so.
_MAX_REFUSALS = 256
_REFUSAL_LIFE = timedelta(seconds=10)


class Decisions:
    """
    Remembers outcomes by the exact evidence they were made from.

    A reload makes a new one, empty: nothing decided under the old trust is ever looked up again.

    Args:
        generation: The trust all of it was decided under.
        capacity: Most accepted identities; 0 remembers nothing.
        ttl: Longest life of an accepted one.
    """

    def __init__(self, generation: TrustGeneration, *, capacity: int, ttl: timedelta) -> None:
        self.generation = generation
        self.names_only = NamesOnly(generation.known_issuers)
        self.lock = Lock()
        self._ttl = ttl
        self._accepted: DecisionCache[Decision] = DecisionCache(capacity)
        self._refused: DecisionCache[Decision] = DecisionCache(min(capacity, _MAX_REFUSALS))

    def __len__(self) -> int:
        return len(self._accepted)

    def find(self, evidence: Hashable, at: datetime) -> Decision | None:
        """Return what was decided from this evidence, while it holds; None stands for evidence not to be remembered."""
        return None if evidence is None else self._accepted.get(evidence, at) or self._refused.get(evidence, at)

    def accept(self, evidence: Hashable, decision: Decision, *, at: datetime, until: datetime | None) -> None:
        """Remember an identity until the first of: its time to live, the earliest end of what it rests on."""
        if evidence is None:
            return
        end = at + self._ttl
        self._accepted.put(evidence, decision, since=at, until=end if until is None else min(end, until))

    def refuse(self, evidence: Hashable, decision: Decision, *, at: datetime) -> None:
        """Remember a refusal for a few seconds, apart from the identities."""
        if evidence is not None:
            self._refused.put(evidence, decision, since=at, until=at + _REFUSAL_LIFE)
