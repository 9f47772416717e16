"""Client certificates in Flask: `app.wsgi_app = ClientCertMiddleware(app.wsgi_app, source=…, …)`."""

from flask import request
from werkzeug.local import LocalProxy

from clientcert import wsgi
from clientcert.core.identity import ClientIdentity
from clientcert.wsgi import ClientCertMiddleware

__all__ = ["ClientCertMiddleware", "client_identity", "current_client"]


def client_identity() -> ClientIdentity | None:
    """
    The identity of the current request.

    Raises:
        MiddlewareMissingError: `ClientCertMiddleware` is not wrapped around ``app.wsgi_app``.
    """
    return wsgi.client_identity(request.environ)


def _current_client() -> ClientIdentity:
    identity = client_identity()
    if identity is None:
        # What an unbound proxy answers to `if current_client` (False) and to attribute access (this error).
        raise RuntimeError("no client certificate in this request; test with `if current_client:`")
    return identity


current_client: ClientIdentity = LocalProxy(_current_client)  # type: ignore[assignment]  # a proxy acts as its target
"""The authenticated client of the current request; false where there is none."""
