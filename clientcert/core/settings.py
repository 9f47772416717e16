"""What an `Authenticator` needs to know; `ClientCertConfig` is one such value."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Literal, Protocol

from clientcert.core.bindings import Binding
from clientcert.core.limits import Limits
from clientcert.core.verification.generation import TrustProvider

Mode = Literal["required", "optional"]
OnInvalid = Literal["reject", "anonymous"]
MissingStatus = Literal[401, 403]


def utc_now() -> datetime:
    """The default clock."""
    return datetime.now(UTC)


class Settings(Protocol):
    """Settings that have been validated; the core checks none of them again."""

    @property
    def bindings(self) -> Sequence[Binding]:
        """The sources, each with the proofs of its proxy; the preferred one last."""

    @property
    def trust_provider(self) -> TrustProvider:
        """Where the engine, the known issuers and the revocation check come from, for each request anew."""

    @property
    def cache_size(self) -> int:
        """Most identities remembered; 0 for none."""

    @property
    def cache_ttl(self) -> timedelta:
        """Longest time an identity is remembered."""

    @property
    def limits(self) -> Limits:
        """Bounds on what a request may carry."""

    @property
    def clock(self) -> Callable[[], datetime]:
        """Returns the current time as aware UTC."""

    @property
    def mode(self) -> Mode:
        """Whether "no certificate" may pass."""

    @property
    def on_invalid(self) -> OnInvalid:
        """Whether a bad certificate may pass as none."""

    @property
    def missing_status(self) -> MissingStatus:
        """HTTP status for "no certificate"."""
