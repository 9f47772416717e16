"""What a path validation engine takes and gives."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

from clientcert.core.certificate import ParsedCertificate
from clientcert.errors import ConfigurationError


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifiedPath:
    """
    A certification path (RFC 5280 §6) that an engine accepted for a TLS client at one moment.

    Attributes:
        certificates: Leaf first, trust anchor last; the leaf alone where it is pinned or itself an anchor.
        profile: Name of the engine.
        anchored: False where no engine of ours looked for an anchor: the proxy's verdict stands alone.
    """

    certificates: tuple[ParsedCertificate, ...]
    profile: str
    anchored: bool = True

    @property
    def leaf(self) -> ParsedCertificate:
        """The client's certificate."""
        return self.certificates[0]

    @property
    def anchor(self) -> ParsedCertificate | None:
        """The configured certificate that the trust in the others comes from; None without one."""
        return self.certificates[-1] if self.anchored else None

    @property
    def issuer(self) -> ParsedCertificate | None:
        """The certificate whose key signed the leaf; the leaf itself where it is pinned or an anchor."""
        return self.certificates[min(1, len(self.certificates) - 1)] if self.anchored else None

    @property
    def valid_until(self) -> datetime:
        """The earliest notAfter of the path, inclusive; aware UTC."""
        return min(certificate.not_after for certificate in self.certificates)


class Verifier(Protocol):
    """
    A path validation engine; any object of this shape can stand in a configuration.

    It keeps no time inside: the moment is a parameter of every call. It is called from several threads at once.
    """

    @property
    def name(self) -> str:
        """Short name for logs and `VerifiedPath.profile`."""

    def verify(
        self, leaf: ParsedCertificate, *, intermediates: Sequence[ParsedCertificate] = (), at: datetime
    ) -> VerifiedPath:
        """
        Find a path from a leaf to a trust anchor that is valid for TLS client authentication.

        Args:
            leaf: The client's certificate.
            intermediates: CA certificates that the request brought along: candidates, never trusted.
            at: The moment to decide for; aware.

        Raises:
            VerificationError: Nothing else, whatever the certificates are.

        Not checked here: revocation.
        """


def utc_time(at: datetime) -> datetime:
    """Return an aware moment in UTC; ConfigurationError for a naive one, which names no moment."""
    if at.tzinfo is None:
        raise ConfigurationError("verification time is naive, wanted an aware datetime: datetime.now(UTC)")
    return at.astimezone(UTC)
