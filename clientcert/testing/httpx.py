"""httpx against an app in this process, with identities; for ASGI and for WSGI apps."""

from typing import Any

import httpx

from clientcert.asgi import ASGIApp
from clientcert.config import ClientCertConfig
from clientcert.testing.acting import Acting, ActsAs, bindings_of
from clientcert.testing.authority import CertificateAuthority
from clientcert.testing.fronts import AsgiFront, WsgiFront
from clientcert.wsgi import WSGIApp

_BASE_URL = "http://testserver"


class AsyncClient(ActsAs, httpx.AsyncClient):
    """
    An `httpx.AsyncClient` whose requests go to an ASGI app: ``with client.as_identity("svc-a"): await client.get(…)``.

    Args:
        app: The app; its lifespan is not run.
        authority: Issues certificates for clients that `as_identity` is given as names.
        config: The app's configuration, where it cannot be found in the app.
        options: Of `httpx.AsyncClient`.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        authority: CertificateAuthority | None = None,
        config: ClientCertConfig | None = None,
        **options: Any,
    ) -> None:
        self._acting = Acting(bindings=bindings_of(app, config), authority=authority)
        options.setdefault("base_url", _BASE_URL)
        super().__init__(transport=httpx.ASGITransport(AsgiFront(app, self._acting)), **options)


class Client(ActsAs, httpx.Client):
    """
    An `httpx.Client` whose requests go to a WSGI app.

    Args:
        app: The app.
        authority: Issues certificates for clients that `as_identity` is given as names.
        config: The app's configuration, where it cannot be found in the app.
        options: Of `httpx.Client`.
    """

    def __init__(
        self,
        app: WSGIApp,
        *,
        authority: CertificateAuthority | None = None,
        config: ClientCertConfig | None = None,
        **options: Any,
    ) -> None:
        self._acting = Acting(bindings=bindings_of(app, config), authority=authority)
        options.setdefault("base_url", _BASE_URL)
        super().__init__(transport=httpx.WSGITransport(WsgiFront(app, self._acting)), **options)
