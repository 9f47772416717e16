"""
Client certificates in Starlette.

`install` sets an app up in one line; each of its parts can be had alone. Rules: `require` for an endpoint,
`RequireMiddleware` for a route, a mount or an app; ``@requires("role")`` through `ClientCertBackend`.
"""

from clientcert.asgi import ClientCertMiddleware
from clientcert.starlette.audit import Audit, AuditedRoute, audit
from clientcert.starlette.auth import ClientCertBackend, ClientCertUser
from clientcert.starlette.refusal import Refused, client_identity
from clientcert.starlette.rules import RequireMiddleware, require
from clientcert.starlette.setup import install

__all__ = [
    "Audit",
    "AuditedRoute",
    "ClientCertBackend",
    "ClientCertMiddleware",
    "ClientCertUser",
    "Refused",
    "RequireMiddleware",
    "audit",
    "client_identity",
    "install",
    "require",
]
