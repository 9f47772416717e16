"""A path validation engine that counts how often it is asked: every miss of the identity cache asks it once."""

from collections.abc import Sequence
from datetime import datetime
from threading import get_ident

from benchmarks.material import pki
from clientcert import Limits, TrustStore
from clientcert.core.certificate import ParsedCertificate
from clientcert.core.verification import PROFILES, VerifiedPath


class CountingVerifier:
    """
    Profile ``standard``, counted.

    Attributes:
        calls: The thread of each call.
    """

    name = "standard"

    def __init__(self) -> None:
        self._verifier = PROFILES["standard"](TrustStore.load(pki().trust), max_depth=4, limits=Limits())
        # Adding to an int would lose some where threads meet; a list does not.
        self.calls: list[int] = []

    def verify(
        self, leaf: ParsedCertificate, *, intermediates: Sequence[ParsedCertificate] = (), at: datetime
    ) -> VerifiedPath:
        """Count and verify."""
        self.calls.append(get_ident())
        return self._verifier.verify(leaf, intermediates=intermediates, at=at)
