"""Apps that say who asks, for the tests of the test clients; each trusts the authority of the process."""

from typing import Any

import flask
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket

import clientcert.flask
import clientcert.starlette
from clientcert.core.identity import ClientIdentity
from clientcert.testing import default_authority

NETWORK = "10.42.7.0/28"


def settings(**changes: Any) -> dict[str, Any]:
    """Keywords of a configuration behind nginx, but for the changes."""
    return {"source": "nginx", "trust": default_authority().pem, "trusted_proxies": [NETWORK], **changes}


def name_of(identity: ClientIdentity | None) -> str | None:
    """The common name; None for nobody."""
    return None if identity is None else identity.common_name


def starlette_app(**changes: Any) -> Starlette:
    """``/whoami`` answers with the name, the peer and the names of headers; ``/ws`` sends the name."""

    async def whoami(request: Request) -> JSONResponse:
        identity = clientcert.starlette.client_identity(request)
        peer = None if request.client is None else request.client.host
        return JSONResponse({"who": name_of(identity), "peer": peer, "headers": sorted(request.headers)})

    async def connect(websocket: WebSocket) -> None:
        await websocket.accept()
        await websocket.send_json(name_of(clientcert.starlette.client_identity(websocket)))
        await websocket.close()

    app = Starlette(routes=[Route("/whoami", whoami), WebSocketRoute("/ws", connect)])
    app.add_middleware(clientcert.starlette.ClientCertMiddleware, **settings(**changes))
    return app


def flask_app(*, is_extension: bool = False, **changes: Any) -> flask.Flask:
    """``/whoami`` answers with the name, ``/elsewhere`` redirects there."""
    app = flask.Flask(__name__)
    if is_extension:
        clientcert.flask.ClientCert(app, **settings(**changes))
    else:
        app.wsgi_app = clientcert.flask.ClientCertMiddleware(app.wsgi_app, **settings(**changes))  # type: ignore[method-assign]

    @app.get("/whoami")
    def whoami() -> dict[str, Any]:
        return {"who": name_of(clientcert.flask.client_identity()), "peer": flask.request.remote_addr}

    @app.get("/elsewhere")
    def elsewhere() -> Any:
        return flask.redirect("/whoami")

    return app
