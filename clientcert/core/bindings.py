"""
Sources and the proofs that belong to them: while an app moves from one proxy to another, it has two.

A request is served by the source whose own proxy proved itself. Where both did (they share a network), both may speak
only if they say the same.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from clientcert.core.facts import RequestFacts
from clientcert.core.headers import SelectedHeaders
from clientcert.core.limits import Limits
from clientcert.core.proxy import ProxyProof
from clientcert.core.sources import Claim, Source
from clientcert.errors import EvidenceError, Reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Binding:
    """
    A source, and what proves that its producer is speaking.

    Attributes:
        source: Who tells us about the certificate.
        proofs: All of them must hold; empty where the evidence is the server's own socket.
    """

    source: Source
    proofs: tuple[ProxyProof, ...] = ()


@dataclass(slots=True)
class SourceUse:
    """
    How much a source is still used; tells an operator when the old proxy can go.

    Attributes:
        source: Its name.
        served: Requests that it gave an identity; not locked, so that threads may lose a few.
        last_served: When the newest of them came, in seconds since 1970; None before the first.
    """

    source: str
    served: int = 0
    last_served: float | None = None

    @property
    def last_served_at(self) -> datetime | None:
        """When the newest of them came; aware UTC."""
        return None if self.last_served is None else datetime.fromtimestamp(self.last_served, UTC)


@dataclass(frozen=True, slots=True)
class _Bound:
    binding: Binding
    names: tuple[bytes, ...]
    use: SourceUse


@dataclass(slots=True)
class Bindings:
    """
    The configured sources, the preferred one last.

    Args:
        bindings: At least one.
    """

    bindings: Sequence[Binding]
    _bound: tuple[_Bound, ...] = field(init=False)

    def __post_init__(self) -> None:
        self._bound = tuple(
            _Bound(binding, tuple(binding.source.header_names), SourceUse(binding.source.name))
            for binding in self.bindings
        )

    @property
    def evidence_names(self) -> tuple[bytes, ...]:
        """Every header that a source reads, lower-case."""
        return tuple(dict.fromkeys(name for bound in self._bound for name in bound.names))

    @property
    def proof_names(self) -> tuple[bytes, ...]:
        """Every header that carries a proof, lower-case."""
        headers = (proof.header for binding in self.bindings for proof in binding.proofs)
        return tuple(name for name in headers if name is not None)

    def proven(self, facts: RequestFacts, headers: SelectedHeaders, *, at: datetime) -> tuple[int, ...]:
        """
        The positions of the bindings whose proofs hold, all of each.

        Raises:
            EvidenceError: None holds; the first one's cause.
        """
        held: list[int] = []
        cause: EvidenceError | None = None
        for index, binding in enumerate(self.bindings):
            try:
                for proof in binding.proofs:
                    proof.check(facts, headers, at=at)
                held.append(index)
            except EvidenceError as error:
                cause = cause or error
        if cause is not None and not held:
            raise cause
        return tuple(held)

    def read(
        self, proven: Iterable[int], facts: RequestFacts, headers: SelectedHeaders, limits: Limits
    ) -> tuple[int, Claim]:
        """
        What the proven sources say, and the position of the one that said it.

        Raises:
            EvidenceError: NO_CERTIFICATE; SOURCES_DISAGREE; and whatever a source raises.
        """
        several = len(self._bound) > 1
        found: list[tuple[int, Claim]] = []
        denied: list[int] = []
        for index in proven:
            bound = self._bound[index]
            seen = headers.only(bound.names) if several else headers
            claim = bound.binding.source.read(facts, seen, limits)
            if claim is not None:
                found.append((index, claim))
            elif several and seen.values:
                denied.append(index)
        if not found:
            names = " and ".join(self._bound[index].use.source for index in proven)
            raise EvidenceError(Reason.NO_CERTIFICATE, f"{names} says that the client presented none")
        # "No certificate" is a word too: a source that says it contradicts one that names a client.
        if denied or any(_who(claim) != _who(found[0][1]) for _, claim in found):
            names = " and ".join(self._bound[index].use.source for index in proven)
            raise EvidenceError(Reason.SOURCES_DISAGREE, f"{names} speak of different clients in one request")
        return found[-1]

    @property
    def uses(self) -> tuple[SourceUse, ...]:
        """How much each source is used, in the order of the configuration."""
        return tuple(bound.use for bound in self._bound)


def _who(claim: Claim) -> object:
    """What two sources must agree on: the certificate, or all that there is without one."""
    if claim.leaf is not None:
        return claim.leaf
    return (claim.subject_dn, claim.issuer_dn, claim.serial_number, claim.fingerprint_sha256)
