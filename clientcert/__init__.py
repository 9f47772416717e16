"""
Client certificates as verified, typed identities.

The adapters live in their own modules, so that importing this one loads no framework: `clientcert.asgi`,
`clientcert.wsgi`, `clientcert.starlette`, `clientcert.fastapi`, `clientcert.flask`, `clientcert.django`.
"""

from clientcert._version import __version__
from clientcert.config import ClientCertConfig
from clientcert.core.authenticator import Authenticator
from clientcert.core.facts import RequestFacts
from clientcert.core.identity import ClientIdentity, Evidence, EvidenceLevel
from clientcert.core.limits import Limits
from clientcert.core.names import AmbiguousNameError, DistinguishedName
from clientcert.core.outcome import Anonymous, Authenticated, Outcome, Rejected
from clientcert.core.proxy import AnyPeer, SharedSecret, TrustedNetworks, UnixSocket, UnsafeConfigurationWarning
from clientcert.core.sources import IngressNginx, Nginx, TLSSocket
from clientcert.core.spiffe import SpiffeId
from clientcert.core.verification import TRUST_PROXY, TrustStore
from clientcert.errors import ClientCertError, ConfigurationError, MiddlewareMissingError, Reason, VerificationError
from clientcert.runtime.events import Event
from clientcert.verify import verify_certificate

__all__ = [
    "TRUST_PROXY",
    "AmbiguousNameError",
    "Anonymous",
    "AnyPeer",
    "Authenticated",
    "Authenticator",
    "ClientCertConfig",
    "ClientCertError",
    "ClientIdentity",
    "ConfigurationError",
    "DistinguishedName",
    "Event",
    "Evidence",
    "EvidenceLevel",
    "IngressNginx",
    "Limits",
    "MiddlewareMissingError",
    "Nginx",
    "Outcome",
    "Reason",
    "Rejected",
    "RequestFacts",
    "SharedSecret",
    "SpiffeId",
    "TLSSocket",
    "TrustStore",
    "TrustedNetworks",
    "UnixSocket",
    "UnsafeConfigurationWarning",
    "VerificationError",
    "__version__",
    "verify_certificate",
]
