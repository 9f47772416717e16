"""Every adapter, driven with one `Row`: each turns it into its own kind of request, and its answer into an `Answer`."""

import json
from collections.abc import Callable, Iterable
from typing import Any

import fastapi
import flask
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

import clientcert.fastapi
import clientcert.flask
import clientcert.starlette
from clientcert import asgi, wsgi
from clientcert.config import ClientCertConfig
from clientcert.servers.connection import CONNECTION_SCOPE_KEY, TlsConnection
from tests.contract.rows import Row
from tests.django_app import describe, seen_in_environ, serving, whoami_async
from tests.driving import Answer, ask_asgi, ask_wsgi, environ, http_scope, websocket_scope

Adapter = Callable[[Row, ClientCertConfig], Answer]


def scope_of(row: Row, make: Callable[..., dict[str, Any]] = http_scope) -> dict[str, Any]:
    """The row as an ASGI server tells it; with our bridge below where it has a TLS connection."""
    made = make((*row.headers, *row.others), peer=row.peer, port=row.port, path=row.path)
    return made if row.chain is None else made | {CONNECTION_SCOPE_KEY: _connection(row, row.chain)}


def environ_of(row: Row) -> dict[str, Any]:
    """The row as a WSGI server tells it; on top of our bridge where it has a TLS connection."""
    made = environ((*row.headers, *row.others), peer=row.peer, port=row.port, path=row.path, SERVER_SOFTWARE=row.server)
    return made if row.chain is None else made | {"asgi.scope": {CONNECTION_SCOPE_KEY: _connection(row, row.chain)}}


def _connection(row: Row, chain: tuple[bytes, ...]) -> TlsConnection:
    return TlsConnection(peer=(row.peer, row.port), is_tls=True, asks_for_certificate=True, _chain=chain)


def _seen_in_scope(scope: asgi.Scope) -> dict[str, str]:
    return {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}


async def echo_asgi(scope: asgi.Scope, receive: asgi.Receive, send: asgi.Send) -> None:
    """Answer with whom and what the app saw; a websocket as its first message."""
    assert scope["state"]["client_identity"] is scope["client_identity"]
    body = json.dumps({"who": describe(asgi.client_identity(scope)), "seen": _seen_in_scope(scope)})
    if scope["type"] == "websocket":
        await send({"type": "websocket.accept"})
        await send({"type": "websocket.send", "text": body})
        return
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": body.encode()})


def echo_wsgi(environ: wsgi.Environ, start_response: wsgi.StartResponse) -> Iterable[bytes]:
    """Answer with whom and what the app saw."""
    start_response("200 OK", [])
    yield json.dumps(
        {"who": describe(wsgi.client_identity(environ)), "seen": seen_in_environ(environ.items())}
    ).encode()


def ask_plain_asgi(row: Row, config: ClientCertConfig) -> Answer:
    """A bare ASGI app."""
    return ask_asgi(asgi.ClientCertMiddleware(echo_asgi, config), scope_of(row))


def ask_websocket(row: Row, config: ClientCertConfig) -> Answer:
    """A bare ASGI app, asked for a WebSocket."""
    return ask_asgi(asgi.ClientCertMiddleware(echo_asgi, config), scope_of(row, websocket_scope))


def ask_starlette(row: Row, config: ClientCertConfig) -> Answer:
    """A Starlette app, which reads ``request.state``."""

    async def endpoint(request: Request) -> JSONResponse:
        identity = clientcert.starlette.client_identity(request)
        assert request.state.client_identity is identity
        return JSONResponse({"who": describe(identity), "seen": dict(request.headers)})

    app = Starlette(routes=[Route("/{path:path}", endpoint)])
    app.add_middleware(clientcert.starlette.ClientCertMiddleware, config=config)
    return ask_asgi(app, scope_of(row))


def ask_fastapi(row: Row, config: ClientCertConfig) -> Answer:
    """A FastAPI app, whose endpoint has the client as a parameter."""
    app = fastapi.FastAPI(openapi_url=None)
    app.add_middleware(clientcert.fastapi.ClientCertMiddleware, config=config)

    @app.get("/{path:path}")
    def endpoint(path: str, client: clientcert.fastapi.OptionalClient, request: fastapi.Request) -> dict[str, Any]:
        return {"who": describe(client), "seen": dict(request.headers)}

    return ask_asgi(app, scope_of(row))


def ask_plain_wsgi(row: Row, config: ClientCertConfig) -> Answer:
    """A bare WSGI app."""
    return ask_wsgi(wsgi.ClientCertMiddleware(echo_wsgi, config), environ_of(row))


def ask_flask(row: Row, config: ClientCertConfig) -> Answer:
    """A Flask app."""
    app = flask.Flask(__name__)
    app.wsgi_app = clientcert.flask.ClientCertMiddleware(app.wsgi_app, config)  # type: ignore[method-assign]  # Flask's way

    @app.get("/<path:path>")
    def endpoint(path: str) -> dict[str, Any]:
        identity = clientcert.flask.client_identity()
        assert bool(clientcert.flask.current_client) is (identity is not None)
        return {"who": describe(identity), "seen": {name.lower(): value for name, value in flask.request.headers}}

    return ask_wsgi(app, environ_of(row))


def ask_django_wsgi(row: Row, config: ClientCertConfig) -> Answer:
    """A Django site under WSGI."""
    with serving(config) as handler:
        return ask_wsgi(handler, environ_of(row))


def ask_django_asgi(row: Row, config: ClientCertConfig) -> Answer:
    """A Django site under ASGI."""
    with serving(config, whoami_async, is_async=True) as handler:
        return ask_asgi(handler, scope_of(row))


ADAPTERS: dict[str, Adapter] = {
    "asgi": ask_plain_asgi,
    "websocket": ask_websocket,
    "starlette": ask_starlette,
    "fastapi": ask_fastapi,
    "django-asgi": ask_django_asgi,
    "wsgi": ask_plain_wsgi,
    "flask": ask_flask,
    "django-wsgi": ask_django_wsgi,
}
FOLDING = frozenset({"wsgi", "flask", "django-wsgi"})
"""Adapters that see headers as a WSGI server joined them."""
