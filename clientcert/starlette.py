"""Client certificates in Starlette: `app.add_middleware(ClientCertMiddleware, source=…, trust=…, …)`."""

from starlette.requests import HTTPConnection

from clientcert import asgi
from clientcert.asgi import ClientCertMiddleware
from clientcert.core.identity import ClientIdentity

__all__ = ["ClientCertMiddleware", "client_identity"]


def client_identity(connection: HTTPConnection) -> ClientIdentity | None:
    """
    The identity of a request or WebSocket.

    Raises:
        MiddlewareMissingError: `ClientCertMiddleware` is not installed around this route.
    """
    return asgi.client_identity(connection.scope)
