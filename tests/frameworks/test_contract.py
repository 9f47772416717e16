"""The contract table, run in full by what stands on adapters: extensions, REST framework, Channels, a2wsgi."""

import json
from collections.abc import Callable
from typing import Any

import fastapi
import flask
import pytest
from a2wsgi import WSGIMiddleware
from channels.routing import ProtocolTypeRouter, URLRouter
from django.test import override_settings
from django.urls import re_path
from rest_framework.decorators import api_view, authentication_classes
from rest_framework.request import Request
from rest_framework.response import Response
from starlette.applications import Starlette
from starlette.requests import Request as StarletteRequest
from starlette.responses import JSONResponse
from starlette.routing import Route

import clientcert.fastapi
import clientcert.flask
import clientcert.starlette
from clientcert import wsgi
from clientcert.config import ClientCertConfig
from clientcert.django import client_identity
from clientcert.django.channels import ClientCertScopeMiddleware
from clientcert.django.rest import ClientCertAuthentication
from clientcert.runtime.events import Event
from tests.contract.adapters import echo_asgi, echo_wsgi, environ_of, scope_of
from tests.contract.rows import ROWS, Folded, Row
from tests.contract.test_contract import assert_is_the_problem_of, assert_shows_nothing_of
from tests.django_app import describe, seen_in_environ, serving
from tests.driving import Answer, ask_asgi, ask_wsgi, websocket_scope
from tests.material import settings


def ask_starlette_install(row: Row, config: ClientCertConfig) -> Answer:
    """A Starlette app that `install` set up."""

    async def endpoint(request: StarletteRequest) -> JSONResponse:
        identity = clientcert.starlette.client_identity(request)
        return JSONResponse({"who": describe(identity), "seen": dict(request.headers)})

    app = Starlette(routes=[Route("/{path:path}", endpoint)])
    clientcert.starlette.install(app, config)
    return ask_asgi(app, scope_of(row))


def ask_fastapi_install(row: Row, config: ClientCertConfig) -> Answer:
    """A FastAPI app that `install` set up."""
    app = fastapi.FastAPI(openapi_url=None)
    clientcert.fastapi.install(app, config)

    @app.get("/{path:path}")
    def endpoint(path: str, client: clientcert.fastapi.OptionalClient, request: fastapi.Request) -> dict[str, Any]:
        return {"who": describe(client), "seen": dict(request.headers)}

    return ask_asgi(app, scope_of(row))


def ask_flask_extension(row: Row, config: ClientCertConfig) -> Answer:
    """A Flask app with the extension."""
    app = flask.Flask(__name__)
    clientcert.flask.ClientCert(app, config)

    @app.get("/<path:path>")
    def endpoint(path: str) -> dict[str, Any]:
        who = describe(clientcert.flask.client_identity())
        return {"who": who, "seen": {name.lower(): value for name, value in flask.request.headers}}

    return ask_wsgi(app, environ_of(row))


@api_view(["GET"])
@authentication_classes([ClientCertAuthentication])
def rest_view(request: Request) -> Response:
    """Say whom the framework authenticated, and every header that any part of the request still shows."""
    inner = request._request
    seen = seen_in_environ(inner.META.items()) | {name.lower(): value for name, value in request.headers.items()}
    identity = client_identity(inner)
    assert request.auth == identity
    return Response(json.loads(json.dumps({"who": describe(identity), "seen": seen})), content_type="application/json")


def ask_rest_framework(row: Row, config: ClientCertConfig) -> Answer:
    """A view of Django REST framework."""
    with serving(config, rest_view) as handler:
        return ask_wsgi(handler, environ_of(row))


def ask_channels(row: Row, config: ClientCertConfig) -> Answer:
    """A WebSocket through Channels' routers."""
    with override_settings(CLIENTCERT=config):
        router = URLRouter([re_path("", echo_asgi)])  # type: ignore[arg-type, list-item]
        app = ProtocolTypeRouter({"websocket": ClientCertScopeMiddleware(router)})
    return ask_asgi(app, scope_of(row, websocket_scope))


def ask_a2wsgi(row: Row, config: ClientCertConfig) -> Answer:
    """A WSGI app with its middleware on an ASGI server."""
    app: Any = WSGIMiddleware(wsgi.ClientCertMiddleware(echo_wsgi, config))  # type: ignore[arg-type]
    return ask_asgi(app, scope_of(row))


ADAPTERS: dict[str, Callable[[Row, ClientCertConfig], Answer]] = {
    "starlette-install": ask_starlette_install,
    "fastapi-install": ask_fastapi_install,
    "channels": ask_channels,
    "flask-extension": ask_flask_extension,
    "rest-framework": ask_rest_framework,
    "a2wsgi": ask_a2wsgi,
}
FOLDING = frozenset({"flask-extension", "rest-framework", "a2wsgi"})


@pytest.mark.parametrize("name", ROWS)
@pytest.mark.parametrize("adapter", ADAPTERS)
def test_contract(adapter: str, name: str) -> None:
    """Status, reason, identity and remaining headers are those of the table, and each request is told once."""
    row = ROWS[name]
    expected: Row | Folded = row.folded if row.folded is not None and adapter in FOLDING else row
    events: list[Event] = []
    answer = ADAPTERS[adapter](row, ClientCertConfig(**settings({**row.settings, "on_event": events.append})))
    assert answer.status == expected.status
    assert [event.reason for event in events] == [expected.reason] * row.tells
    if expected.status == 200:
        assert json.loads(answer.body) == {"who": expected.who, "seen": {"host": "app.example", **dict(row.others)}}
    else:
        (event,) = events
        assert_is_the_problem_of(event, answer)
        assert_shows_nothing_of(row, answer)
