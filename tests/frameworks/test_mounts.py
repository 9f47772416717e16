"""Several instances in one app: each mount has its own source, trust and exempt paths."""

import json
from base64 import b64encode
from collections.abc import Callable
from typing import Any

import fastapi
import flask
import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Mount, Route
from werkzeug.middleware.dispatcher import DispatcherMiddleware

import clientcert.fastapi
import clientcert.flask
import clientcert.starlette
from clientcert import asgi, wsgi
from clientcert.config import ClientCertConfig
from clientcert.errors import ConfigurationError
from tests.contract.adapters import echo_wsgi
from tests.django_app import describe, serving, whoami, whoami_async
from tests.driving import Answer, ask_asgi, ask_wsgi, environ, http_scope
from tests.material import ALICE, NOBODY, STRANGE_AUTHORITY, STRANGERS, Pairs, config, evidence

SHOP = config(mount="/shop", exempt=["/shop/healthz"])
PARTNERS = config(source="traefik", trust=STRANGE_AUTHORITY.pem, mount="/partners")
FROM_SHOP: Pairs = evidence()
FROM_PARTNERS: Pairs = (("x-forwarded-tls-client-cert", b64encode(STRANGERS.der).decode()),)
OTHER = ("x-request-id", "7")
Ask = Callable[[str, Pairs], Answer]


def seen_by_starlette(request: Request) -> JSONResponse:
    """Say whom and what the app saw."""
    who = describe(clientcert.starlette.client_identity(request))
    return JSONResponse({"who": who, "seen": dict(request.headers)})


def starlette_app() -> Starlette:
    """Two mounts, each with middleware of its own."""

    def mount(path: str, settings: ClientCertConfig) -> Mount:
        around = [Middleware(clientcert.starlette.ClientCertMiddleware, settings)]
        return Mount(path, routes=[Route("/{path:path}", seen_by_starlette)], middleware=around)

    return Starlette(routes=[mount("/shop", SHOP), mount("/partners", PARTNERS), Route("/public", seen_by_starlette)])


def fastapi_app() -> fastapi.FastAPI:
    """Two apps below one, each set up by `install`."""

    def below(settings: ClientCertConfig) -> fastapi.FastAPI:
        app = fastapi.FastAPI(openapi_url=None)
        clientcert.fastapi.install(app, settings)

        @app.get("/{path:path}")
        def whoami(path: str, client: clientcert.fastapi.OptionalClient, request: fastapi.Request) -> dict[str, Any]:
            return {"who": describe(client), "seen": dict(request.headers)}

        return app

    app = fastapi.FastAPI(openapi_url=None)
    app.mount("/shop", below(SHOP))
    app.mount("/partners", below(PARTNERS))
    return app


def flask_app() -> Any:
    """Two apps with the extension behind Werkzeug's dispatcher."""

    def below(settings: ClientCertConfig) -> flask.Flask:
        app = flask.Flask(__name__)
        clientcert.flask.ClientCert(app, settings)

        @app.get("/<path:path>")
        def whoami(path: str) -> dict[str, Any]:
            who = describe(clientcert.flask.client_identity())
            return {"who": who, "seen": {name.lower(): value for name, value in flask.request.headers}}

        return app

    return DispatcherMiddleware(flask.Flask("public"), {"/shop": below(SHOP), "/partners": below(PARTNERS)})


def wsgi_app() -> Any:
    """Two plain apps, each with the middleware around it."""
    below: dict[str, Any] = {
        "/shop": wsgi.ClientCertMiddleware(echo_wsgi, SHOP),
        "/partners": wsgi.ClientCertMiddleware(echo_wsgi, PARTNERS),
    }
    return DispatcherMiddleware(echo_wsgi, below)


def over_asgi(app: Any) -> Ask:
    """Ask an ASGI app."""
    return lambda path, headers: ask_asgi(app, http_scope((*headers, OTHER), path=path))


def over_wsgi(app: Any) -> Ask:
    """Ask a WSGI app, on a server that drops names with underscores: Traefik passes them."""
    return lambda path, headers: ask_wsgi(app, environ((*headers, OTHER), path=path, SERVER_SOFTWARE="gunicorn/23"))


APPS: dict[str, Ask] = {
    "starlette": over_asgi(starlette_app()),
    "fastapi": over_asgi(fastapi_app()),
    "flask": over_wsgi(flask_app()),
    "wsgi": over_wsgi(wsgi_app()),
}
apps = pytest.mark.parametrize("ask", APPS.values(), ids=APPS)


@apps
@pytest.mark.parametrize("both", [False, True], ids=["alone", "beside-the-others"])
def test_each_mount_reads_its_own_source(ask: Ask, *, both: bool) -> None:
    """A mount takes its own proxy's word about its own CA's clients; what another source would read never gets in."""
    for path, own, foreign, client in (
        ("/shop/x", FROM_SHOP, FROM_PARTNERS, ALICE),
        ("/partners/x", FROM_PARTNERS, FROM_SHOP, STRANGERS),
    ):
        answer = ask(path, (*own, *foreign) if both else own)
        assert answer.status == 200
        shown = json.loads(answer.body)
        assert shown["who"] == client.fingerprint_sha256
        assert shown["seen"] == {"host": "app.example", "x-request-id": "7"}


@apps
@pytest.mark.parametrize(("path", "headers"), [("/shop/x", FROM_PARTNERS), ("/partners/x", FROM_SHOP)])
def test_evidence_of_another_mount_is_none(ask: Ask, path: str, headers: Pairs) -> None:
    """What is a client below one mount is nobody below the other."""
    assert ask(path, headers).status == 401


@apps
def test_each_mount_has_its_own_exempt_paths(ask: Ask) -> None:
    """A path that is exempt below one mount is not below the other."""
    assert ask("/shop/healthz", NOBODY).status == 200
    assert ask("/shop/healthz/x", NOBODY).status == 401
    assert ask("/partners/healthz", NOBODY).status == 401


@pytest.mark.parametrize("is_async", [False, True], ids=["wsgi", "asgi"])
def test_f3_installed_around_django_as_well(*, is_async: bool) -> None:
    """A plain middleware around Django and Django's own are two on one path: an error, not a client who gets lost."""
    settings = config(mode="optional")
    with serving(settings, whoami_async if is_async else whoami, is_async=is_async) as handler:
        if is_async:
            one, two = (
                ask_asgi(each, http_scope(FROM_SHOP))
                for each in (handler, asgi.ClientCertMiddleware(handler, settings))
            )
        else:
            one, two = (
                ask_wsgi(each, environ(FROM_SHOP)) for each in (handler, wsgi.ClientCertMiddleware(handler, settings))
            )
    assert (one.status, two.status) == (200, 500)


def test_audit_tells_the_mounts_apart() -> None:
    """The audit lists what stands below each mount, and what stands below none."""
    found = clientcert.starlette.audit(starlette_app())
    assert [(route.path, route.state) for route in found.routes] == [
        ("/shop/{path:path}", "covered"),
        ("/partners/{path:path}", "covered"),
        ("/public", "open"),
    ]
    with pytest.raises(ConfigurationError, match="/public is open"):
        found.check()
    found.check(open_paths=["/public"])
