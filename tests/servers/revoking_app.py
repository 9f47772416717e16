"""The matrix's app behind a revocation list that is looked at all the time: ``REVOKING_CRL``."""

import os
from datetime import timedelta
from typing import Any

from clientcert.asgi import ClientCertMiddleware
from clientcert.runtime import websocket
from tests.servers.matrix_app import asgi_app

websocket.RECHECK_SECONDS = 0.1  # half a minute otherwise

_middleware = ClientCertMiddleware(
    asgi_app,
    source="tls",
    trust=os.environ["MATRIX_TRUST"],
    crl=os.environ["REVOKING_CRL"],
    reload_interval=timedelta(0),
    close_expired_websockets=True,
)


async def app(scope: Any, receive: Any, send: Any) -> None:
    """Leave the lifespan to nobody."""
    if scope["type"] == "lifespan":
        raise NotImplementedError
    await _middleware(scope, receive, send)
