"""
Client certificates as verified, typed identities.

The adapters live in their own modules, so that importing this one loads no framework: `clientcert.asgi`,
`clientcert.wsgi`, `clientcert.starlette`, `clientcert.fastapi`, `clientcert.flask`, `clientcert.django`. The public
names load what they stand on when they are first used.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from clientcert._version import __version__

if TYPE_CHECKING:
    from clientcert.config import ClientCertConfig
    from clientcert.core.authenticator import Authenticator
    from clientcert.core.facts import RequestFacts
    from clientcert.core.identity import ClientIdentity, Evidence, EvidenceLevel
    from clientcert.core.limits import Limits
    from clientcert.core.names import AmbiguousNameError, DistinguishedName
    from clientcert.core.outcome import Anonymous, Authenticated, Outcome, Rejected
    from clientcert.core.proxy import AnyPeer, SharedSecret, TrustedNetworks, UnixSocket, UnsafeConfigurationWarning
    from clientcert.core.proxy_certificate import ProxyCertificate
    from clientcert.core.sources import IngressNginx, Nginx, TLSSocket
    from clientcert.core.spiffe import SpiffeId
    from clientcert.core.verification import TRUST_PROXY, TrustStore
    from clientcert.errors import ClientCertError, ConfigurationError, MiddlewareMissingError, Reason, VerificationError
    from clientcert.runtime.events import Event
    from clientcert.runtime.problem import ProblemBody, ProblemDetails
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
    "ProblemBody",
    "ProblemDetails",
    "ProxyCertificate",
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

_HOMES = {
    "ClientCertConfig": "clientcert.config",
    "Authenticator": "clientcert.core.authenticator",
    "RequestFacts": "clientcert.core.facts",
    "ClientIdentity": "clientcert.core.identity",
    "Evidence": "clientcert.core.identity",
    "EvidenceLevel": "clientcert.core.identity",
    "Limits": "clientcert.core.limits",
    "AmbiguousNameError": "clientcert.core.names",
    "DistinguishedName": "clientcert.core.names",
    "Anonymous": "clientcert.core.outcome",
    "Authenticated": "clientcert.core.outcome",
    "Outcome": "clientcert.core.outcome",
    "Rejected": "clientcert.core.outcome",
    "AnyPeer": "clientcert.core.proxy",
    "SharedSecret": "clientcert.core.proxy",
    "TrustedNetworks": "clientcert.core.proxy",
    "UnixSocket": "clientcert.core.proxy",
    "UnsafeConfigurationWarning": "clientcert.core.proxy",
    "ProxyCertificate": "clientcert.core.proxy_certificate",
    "IngressNginx": "clientcert.core.sources",
    "Nginx": "clientcert.core.sources",
    "TLSSocket": "clientcert.core.sources",
    "SpiffeId": "clientcert.core.spiffe",
    "TRUST_PROXY": "clientcert.core.verification",
    "TrustStore": "clientcert.core.verification",
    "ClientCertError": "clientcert.errors",
    "ConfigurationError": "clientcert.errors",
    "MiddlewareMissingError": "clientcert.errors",
    "Reason": "clientcert.errors",
    "VerificationError": "clientcert.errors",
    "Event": "clientcert.runtime.events",
    "ProblemBody": "clientcert.runtime.problem",
    "ProblemDetails": "clientcert.runtime.problem",
    "verify_certificate": "clientcert.verify",
}


def __getattr__(name: str) -> object:
    """Load a public name from its home (PEP 562), once."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})
