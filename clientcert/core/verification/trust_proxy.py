"""No path validation at all: the proxy's verdict stands alone."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from clientcert.core.certificate import ParsedCertificate
from clientcert.core.verification.base import VerifiedPath, utc_time
from clientcert.core.verification.rules import LEAF, check_dates


class TrustProxy:
    """The type of `TRUST_PROXY`."""

    def __repr__(self) -> str:
        """Show the name to write."""
        return "TRUST_PROXY"


TRUST_PROXY: Final = TrustProxy()
"""In the place of `trust`: accept whatever the producer accepted, with the CAs that it was given."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustProxyVerifier:
    """A `Verifier` that looks at the dates and takes the proxy's word for the rest."""

    @property
    def name(self) -> str:
        """``trust-proxy``."""
        return "trust-proxy"

    def verify(
        self,
        leaf: ParsedCertificate,
        *,
        intermediates: Sequence[ParsedCertificate] = (),  # noqa: ARG002 - nobody looks at them
        at: datetime,
    ) -> VerifiedPath:
        """
        Accept a leaf within its dates: a proxy verifies once for each TLS session, and sessions outlive certificates.

        Raises:
            VerificationError: CERTIFICATE_EXPIRED, CERTIFICATE_NOT_YET_VALID.

        Not checked here: signature, purpose, key, anything else.
        """
        check_dates(leaf, LEAF, utc_time(at))
        return VerifiedPath(certificates=(leaf,), profile=self.name, anchored=False)
