"""Starlette's and FastAPI's test client, with identities: ``with client.as_identity("svc-a"): client.get("/")``."""

from typing import Any

from starlette import testclient

from clientcert.asgi import ASGIApp
from clientcert.config import ClientCertConfig
from clientcert.testing.acting import Acting, ActsAs, bindings_of
from clientcert.testing.authority import CertificateAuthority
from clientcert.testing.fronts import AsgiFront


class TestClient(ActsAs, testclient.TestClient):
    """
    Starlette's own, of which it takes every argument; WebSockets have the identity as well.

    Args:
        app: The app.
        authority: Issues certificates for clients that `as_identity` is given as names.
        config: The app's configuration, where it cannot be found in the app.
        options: Of Starlette's.
    """

    __test__ = False

    def __init__(
        self,
        app: ASGIApp,
        *,
        authority: CertificateAuthority | None = None,
        config: ClientCertConfig | None = None,
        **options: Any,
    ) -> None:
        self._acting = Acting(bindings=bindings_of(app, config), authority=authority)
        super().__init__(AsgiFront(app, self._acting), **options)
        # What a test looks at, and what the lifespan goes to.
        self.app = app
