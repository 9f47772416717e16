"""Client certificates in FastAPI: the middleware, and parameters that are the client."""

from typing import Annotated

from fastapi import Depends, HTTPException
from fastapi.requests import HTTPConnection

from clientcert.asgi import ClientCertMiddleware, client_identity
from clientcert.core.identity import ClientIdentity
from clientcert.errors import Case

__all__ = ["Client", "ClientCertMiddleware", "OptionalClient"]


async def _optional_client(connection: HTTPConnection) -> ClientIdentity | None:
    return client_identity(connection.scope)


async def _client(connection: HTTPConnection) -> ClientIdentity:
    identity = client_identity(connection.scope)
    if identity is None:
        raise HTTPException(status_code=Case.MISSING.status, detail=Case.MISSING.title)
    return identity


Client = Annotated[ClientIdentity, Depends(_client)]
"""A parameter of this type is the authenticated client; without one the request gets 401."""

OptionalClient = Annotated[ClientIdentity | None, Depends(_optional_client)]
"""A parameter of this type is the authenticated client or None."""
