"""Flask's, Werkzeug's and httpx's test clients of WSGI apps, as somebody: through the real middleware."""

import json
from collections.abc import Iterable
from functools import partial

import pytest
from werkzeug.middleware.dispatcher import DispatcherMiddleware

from clientcert.testing.flask import FlaskClient
from clientcert.testing.httpx import Client as HttpxClient
from clientcert.testing.werkzeug import Client
from clientcert.wsgi import ClientCertMiddleware, Environ, StartResponse, WSGIApp
from tests.contract.adapters import echo_wsgi
from tests.testing.client_apps import flask_app, settings


@pytest.mark.parametrize("is_extension", [False, True], ids=["middleware", "extension"])
def test_flask(is_extension: bool) -> None:  # noqa: FBT001 - a parameter of the table
    """Flask makes the client that the app is told to, around the middleware and around the extension."""
    app = flask_app(is_extension=is_extension)
    app.test_client_class = FlaskClient
    with app.test_client() as client:
        assert isinstance(client, FlaskClient)
        with client.as_identity("svc-a"):
            assert client.get("/whoami").json == {"who": "svc-a", "peer": "10.42.7.1"}
            with client.as_identity(None):
                assert client.get("/whoami").status_code == 401
        assert client.get("/whoami").status_code == 401


def test_redirects_are_followed_as_the_same() -> None:
    """A request that follows a redirect comes from the same client."""
    with FlaskClient(flask_app()).as_identity("svc-a") as client:
        assert client.get("/elsewhere", follow_redirects=True).json == {"who": "svc-a", "peer": "10.42.7.1"}


@pytest.mark.parametrize("source", ["nginx", "ingress-nginx", "envoy", "traefik", "haproxy", "rfc9440", "apache"])
def test_any_producer(source: str) -> None:
    """Producers that forward names with underscores are served, too: the test server is one that drops them."""
    app = ClientCertMiddleware(echo_wsgi, **settings(source=source))
    with Client(app).as_identity("svc-a") as client:
        answer = client.get("/whoami")
        assert answer.status_code == 200
        assert json.loads(answer.data)["who"]


def test_httpx() -> None:
    """An `httpx.Client` asks a WSGI app."""
    with HttpxClient(flask_app()) as client, client.as_identity("svc-a"):
        assert client.get("/whoami").json()["who"] == "svc-a"


def test_found_behind_other_middleware() -> None:
    """The configuration is found inside of whatever stands around it, functions as well."""
    inner = ClientCertMiddleware(echo_wsgi, **settings())

    def wrap(app: WSGIApp) -> WSGIApp:
        def wrapped(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
            return app(environ, start_response)

        return wrapped

    app = DispatcherMiddleware(echo_wsgi, {"/api": wrap(partial(wrap(inner)))})
    with Client(app).as_identity("svc-a") as client:
        assert client.get("/api/whoami").status_code == 200
