"""Path validation (RFC 5280 §6) of client certificates: trust stores, engines, and the rules they share."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, Protocol

from clientcert.core.limits import Limits
from clientcert.core.verification.base import VerifiedPath, Verifier
from clientcert.core.verification.bundle import TrustSource
from clientcert.core.verification.openssl import OpenSSLVerifier
from clientcert.core.verification.pinned import PinnedVerifier
from clientcert.core.verification.standard import StandardVerifier
from clientcert.core.verification.store import TrustStore
from clientcert.core.verification.strength import DEFAULT_LEVEL, SecurityLevel
from clientcert.core.verification.strict import StrictVerifier
from clientcert.core.verification.trust_proxy import TRUST_PROXY, TrustProxy, TrustProxyVerifier

__all__ = [
    "PROFILES",
    "TRUST_PROXY",
    "OpenSSLVerifier",
    "PinnedVerifier",
    "StandardVerifier",
    "StrictVerifier",
    "TrustProxy",
    "TrustProxyVerifier",
    "TrustSource",
    "TrustStore",
    "VerifiedPath",
    "Verifier",
    "anchor_level",
]


class VerifierFactory(Protocol):
    """What a profile's name stands for: an engine for a trust store."""

    def __call__(self, store: TrustStore, /, *, max_depth: int, limits: Limits) -> Verifier:
        """Build the engine; ConfigurationError when it cannot work."""


PROFILES: Final[Mapping[str, VerifierFactory]] = MappingProxyType(
    {"standard": StandardVerifier, "strict": StrictVerifier, "openssl": OpenSSLVerifier}
)
"""The profiles that build paths, by name; ``pinned`` builds none, see `PinnedVerifier.load`."""


def anchor_level(profile: str) -> SecurityLevel | None:
    """The `security_level` with which `TrustStore.load` reads anchors for one of `PROFILES`."""
    return DEFAULT_LEVEL if profile == "openssl" else None
