"""
Certificates for tests, without openssl, a network or a proxy.

>>> authority = CertificateAuthority("My Test CA")
>>> client = authority.issue("svc-a", san=["URI:spiffe://prod.example/svc-a"])
>>> expired = authority.issue("svc-a", not_after=timedelta(days=-1))

Test clients are in the module of their framework: `starlette` (FastAPI too), `httpx`, `flask`, `werkzeug`, `django`,
`rest`. The names here load what they stand on when they are first used, so that the pytest plugin costs nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from clientcert.testing.authority import CertificateAuthority
    from clientcert.testing.bad_clients import BadClient, select_bad_clients
    from clientcert.testing.client_request import ClientRequest, as_client
    from clientcert.testing.clock import FrozenClock
    from clientcert.testing.crl import IssuedCrl, Revoked
    from clientcert.testing.default import default_authority
    from clientcert.testing.facts import request_facts
    from clientcert.testing.identities import identity_of, make_identity
    from clientcert.testing.issued import CertificateFiles, IssuedCertificate
    from clientcert.testing.keys import make_key
    from clientcert.testing.override import override_identity

__all__ = [
    "BadClient",
    "CertificateAuthority",
    "CertificateFiles",
    "ClientRequest",
    "FrozenClock",
    "IssuedCertificate",
    "IssuedCrl",
    "Revoked",
    "as_client",
    "default_authority",
    "identity_of",
    "make_identity",
    "make_key",
    "override_identity",
    "request_facts",
    "select_bad_clients",
]

_HOMES = {
    "BadClient": "clientcert.testing.bad_clients",
    "CertificateAuthority": "clientcert.testing.authority",
    "CertificateFiles": "clientcert.testing.issued",
    "ClientRequest": "clientcert.testing.client_request",
    "FrozenClock": "clientcert.testing.clock",
    "IssuedCertificate": "clientcert.testing.issued",
    "IssuedCrl": "clientcert.testing.crl",
    "Revoked": "clientcert.testing.crl",
    "as_client": "clientcert.testing.client_request",
    "default_authority": "clientcert.testing.default",
    "identity_of": "clientcert.testing.identities",
    "make_identity": "clientcert.testing.identities",
    "make_key": "clientcert.testing.keys",
    "override_identity": "clientcert.testing.override",
    "request_facts": "clientcert.testing.facts",
    "select_bad_clients": "clientcert.testing.bad_clients",
}


def __getattr__(name: str) -> object:
    """Load a public name from its home (PEP 562), once."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value
