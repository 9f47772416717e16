"""What a `ReloadingTrust` knows at one moment, as one value that is swapped."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from clientcert.core.verification.generation import TrustGeneration
from clientcert.runtime.files import Fingerprint, Snapshot


@dataclass(frozen=True, slots=True, kw_only=True)
class ReloadState:
    """
    What is in force, and how things stand with its sources.

    Attributes:
        generation: In force.
        snapshot: What it was built from, its blobs taken out.
        refused: What the sources looked like when they could not be used; None where they are what is in force.
        refused_is_settled: Whether a change since then would be seen.
        retry_at: When what was refused is tried again, and told again.
        checked_at, due_at: When somebody looked last, and when the next one is due.
        confirmed_at, stale_at: When the sources were last good, and until when that suffices.
        last_attempt: When something was last loaded or refused.
        last_error: Why the sources cannot be used now; None where they can.
    """

    generation: TrustGeneration
    snapshot: Snapshot
    refused: Fingerprint | None = None
    refused_is_settled: bool = False
    retry_at: datetime
    checked_at: datetime
    due_at: datetime
    confirmed_at: datetime
    stale_at: datetime
    last_attempt: datetime
    last_error: str | None = None


def later(at: datetime, span: timedelta) -> datetime:
    """Add a span to a moment; the end of time where it passes that."""
    try:
        return at + span
    except OverflowError:
        return datetime.max.replace(tzinfo=UTC)
