"""Everything a decision trusts as one value, so that a request sees all of the old or all of the new."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import ClassVar, Protocol

from clientcert.core.names import DistinguishedName
from clientcert.core.policy.routes import Policy
from clientcert.core.verification.base import Verifier
from clientcert.core.verification.revocation import RevocationChecker, RevocationPolicy

_NOT_CHECKED = RevocationPolicy(mode="off")


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustGeneration:
    """
    What was loaded together. Immutable; a reload makes a new one.

    Attributes:
        number: 1 for the first, one more for each that replaced another. Caches of decisions belong to one number.
        verifier: The path validation engine.
        known_issuers: Subjects of the configured CAs; None where the proxy's word is enough.
        revocation: Whom to ask about revocation, or None.
        policy: What to ask and what "unknown" means.
        authorization: Who may do what; None where the app decides that by itself.
        loaded_at: When; aware UTC.
        next_update: When a revocation list of it expires, grace included; None without lists.
        describe: Gives one line for each certificate and list, for people.
        warnings: What an operator should look at, one line each.
    """

    number: int
    verifier: Verifier
    known_issuers: Sequence[DistinguishedName] | None = None
    revocation: RevocationChecker | None = None
    policy: RevocationPolicy = _NOT_CHECKED
    authorization: Policy | None = None
    loaded_at: datetime
    next_update: datetime | None = None
    describe: Callable[[], tuple[str, ...]] = field(default=tuple, repr=False, compare=False)
    warnings: tuple[str, ...] = field(default=(), repr=False, compare=False)

    @property
    def description(self) -> tuple[str, ...]:
        """One line for each certificate and list, for people; made when asked for."""
        return self.describe()


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustStatus:
    """
    How the trust material is, for a health page. Nothing in it is secret, and nothing in it is for clients.

    Attributes:
        generation: Number of the generation in force.
        loaded_at: When that was loaded.
        age: Since then.
        confirmed_at: When its sources were last seen unchanged, or were loaded.
        is_stale: Whether requests are refused (503), because that was too long ago.
        last_attempt: When something new was last read, whether it could be used or not.
        last_error: Why it could not; None after a success.
        next_update: When a revocation list in force expires; None without lists.
    """

    generation: int
    loaded_at: datetime
    age: timedelta
    confirmed_at: datetime
    is_stale: bool = False
    last_attempt: datetime
    last_error: str | None = None
    next_update: datetime | None = None


class TrustProvider(Protocol):
    """
    Where an authenticator gets its trust from; called from several threads at once.

    Attributes:
        in_force: What `current` last returned, or what has been loaded since.
        looked_at, due: While the time is in [looked_at, due), in seconds since 1970, `current` would return `in_force`
            and do nothing.
    """

    @property
    def in_force(self) -> TrustGeneration:
        """See above."""

    @property
    def looked_at(self) -> float:
        """See above."""

    @property
    def due(self) -> float:
        """See above."""

    def current(self, at: datetime) -> TrustGeneration:
        """
        Return the generation in force.

        Args:
            at: The time of the request; aware UTC.

        Raises:
            ClientCertError: TRUST_STALE where there is none that may still be used.
        """

    def status(self, at: datetime) -> TrustStatus:
        """Tell how the material is; never raises."""


@dataclass(frozen=True, slots=True)
class FixedTrust:
    """A `TrustProvider` whose material never changes: bytes, certificates, or files that are read once."""

    in_force: TrustGeneration
    looked_at: ClassVar[float] = -math.inf
    due: ClassVar[float] = math.inf

    def current(self, at: datetime) -> TrustGeneration:  # noqa: ARG002 - of the protocol
        """Return the one generation."""
        return self.in_force

    def status(self, at: datetime) -> TrustStatus:
        """Tell its age."""
        loaded_at = self.in_force.loaded_at
        return TrustStatus(
            generation=self.in_force.number,
            loaded_at=loaded_at,
            age=at - loaded_at,
            confirmed_at=at,
            last_attempt=loaded_at,
            next_update=self.in_force.next_update,
        )
