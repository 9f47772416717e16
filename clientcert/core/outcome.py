"""What the pipeline says of a request: one of three values, each with its reason."""

from dataclasses import dataclass, field

from clientcert.core.identity import ClientIdentity
from clientcert.core.policy.routes import Policy
from clientcert.errors import Reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Authenticated:
    """
    A client proved who it is, and the configuration accepts it.

    Attributes:
        identity: Who.
        authorization: The policy of the trust that this was decided under, to be asked about each request.
        allowed_by: `id` of rules of that policy which allow this identity whatever the request is; None without one.
    """

    identity: ClientIdentity
    authorization: Policy | None = field(default=None, compare=False, repr=False)
    allowed_by: set[int] | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Anonymous:
    """The app may run, without an identity; `detail` and `hints` are for the operator."""

    reason: Reason
    detail: str = ""
    hints: tuple[str, ...] = ()

    def explain(self) -> tuple[str, ...]:
        """Lines for the operator, the cause first."""
        return (f"{self.reason}: {self.detail}" if self.detail else str(self.reason), *self.hints)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejected:
    """The app must not run. `status` is what the client gets; `detail` and `hints` are for the operator only."""

    reason: Reason
    status: int
    detail: str = ""
    hints: tuple[str, ...] = ()

    def explain(self) -> tuple[str, ...]:
        """Lines for the operator, the cause first; never shown to the client."""
        return (f"{self.reason}: {self.detail}" if self.detail else str(self.reason), *self.hints)


Outcome = Authenticated | Anonymous | Rejected
