"""`override_identity`: an identity for every request, everything else real, and no way there but by calling it."""

import ast
import asyncio
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from threading import Barrier, Thread
from typing import Any

import pytest
from channels.routing import ProtocolTypeRouter, URLRouter
from django.core.handlers.wsgi import WSGIHandler
from django.test import AsyncClient as DjangoAsyncClient
from django.test import Client as DjangoClient
from django.test import override_settings
from django.urls import re_path
from starlette.testclient import TestClient

import clientcert.starlette
from clientcert import asgi, wsgi
from clientcert.core.policy import cn
from clientcert.django.channels import ClientCertScopeMiddleware
from clientcert.errors import ConfigurationError
from clientcert.policy import PolicyFile
from clientcert.runtime.events import Event
from clientcert.testing import CertificateAuthority, make_identity, override_identity
from tests.contract.adapters import echo_asgi, echo_wsgi
from tests.django_app import serving, whoami
from tests.driving import ask_asgi, ask_wsgi, environ, http_scope, websocket_scope
from tests.testing.client_apps import flask_app, settings, starlette_app

ALICE, BOB = make_identity("alice"), make_identity("bob")
PACKAGE = Path(__file__).parents[2] / "clientcert"


def get(app: Any) -> int:
    """The status that a request without any evidence gets from an ASGI app."""
    return ask_asgi(app, http_scope()).status


def get_wsgi(app: Any) -> int:
    """The same of a WSGI app."""
    return ask_wsgi(app, environ()).status


def connect(app: Any) -> int:
    """The same of a WebSocket."""
    return ask_asgi(app, websocket_scope()).status


def channels_app() -> Any:
    """A router of Channels'."""
    with override_settings(CLIENTCERT=settings()):
        inner = URLRouter([re_path("", echo_asgi)])  # type: ignore[arg-type, list-item]
        return ProtocolTypeRouter({"websocket": ClientCertScopeMiddleware(inner)})


def installed_app() -> Any:
    """A Starlette app that `install` set up."""
    app = starlette_app()
    app.user_middleware.clear()
    clientcert.starlette.install(app, **settings())
    return app


APPS: dict[str, tuple[Callable[[], Any], Callable[[Any], int]]] = {
    "asgi": (lambda: asgi.ClientCertMiddleware(echo_asgi, **settings()), get),
    "wsgi": (lambda: wsgi.ClientCertMiddleware(echo_wsgi, **settings()), get_wsgi),
    "starlette": (starlette_app, get),
    "starlette-install": (installed_app, get),
    "flask": (flask_app, get_wsgi),
    "flask-extension": (lambda: flask_app(is_extension=True), get_wsgi),
    "channels": (channels_app, connect),
}


@pytest.mark.parametrize("name", APPS)
def test_every_adapter(name: str) -> None:
    """Inside the block a request without evidence has the identity, outside it is refused as ever."""
    make, ask = APPS[name]
    app = make()
    with override_identity(app, ALICE):
        assert ask(app) == 200
        with override_identity(app, None):
            assert ask(app) == 401
        assert ask(app) == 200
    assert ask(app) == 401


def test_django() -> None:
    """In Django the middleware is in the handler, or in the handler of a test client."""
    with serving(settings(), whoami) as handler:
        assert isinstance(handler, WSGIHandler)
        with override_identity(handler, ALICE):
            assert get_wsgi(handler) == 200
        assert get_wsgi(handler) == 401
        client, asynchronous = DjangoClient(), DjangoAsyncClient()
        with override_identity(client, ALICE), override_identity(asynchronous, ALICE):
            assert client.get("/").json()["who"] == ALICE.fingerprint_sha256
            assert asyncio.run(asynchronous.get("/")).status_code == 200
        assert client.get("/").status_code == 401


def test_identity_reaches_the_app() -> None:
    """The app sees the very identity, or that of an issued certificate."""
    app = starlette_app()
    with override_identity(app, CertificateAuthority().issue("carol")):
        assert TestClient(app).get("/whoami").json()["who"] == "carol"


def test_all_else_stays_real() -> None:
    """Exempt paths, stripping, policy, roles, mode and events are those of the app."""
    events: list[Event] = []
    app = starlette_app(policy=cn("alice"), on_event=events.append, exempt=["/ws"])
    client = TestClient(app)
    with override_identity(app, ALICE):
        answer = client.get("/whoami", headers={"ssl-client-cert": "EVIL"})
        assert answer.json()["who"] == "alice"
        assert "ssl-client-cert" not in answer.json()["headers"]
        with client.websocket_connect("/ws") as websocket:
            assert websocket.receive_json() is None
    with override_identity(app, BOB):
        assert client.get("/whoami").status_code == 403
    assert [str(event.reason) for event in events] == ["None", "policy-denied"]
    optional = starlette_app(mode="optional")
    with override_identity(optional, None):
        assert TestClient(optional).get("/whoami").json()["who"] is None


def test_roles() -> None:
    """An identity has the roles that it came with, and those of the app's policy."""
    rules = b'version = 1\n[roles]\nops = { cn = "alice" }\n[[route]]\npath = "/**"\nmethods = ["GET"]\n'
    policy = PolicyFile.parse(rules + b"allow = { authenticated = true }\n", name="acl.toml")
    seen: list[frozenset[str]] = []

    async def app(scope: asgi.Scope, receive: asgi.Receive, send: asgi.Send) -> None:
        seen.append(scope["client_identity"].roles)
        await echo_asgi(scope, receive, send)

    middleware = asgi.ClientCertMiddleware(app, **settings(policy=policy))
    for identity in (ALICE, BOB, make_identity("alice", roles=["audit"])):
        with override_identity(middleware, identity):
            assert get(middleware) == 200
    assert seen == [{"ops"}, frozenset(), {"ops", "audit"}]


def test_restored_after_an_exception() -> None:
    """A block that fails is over all the same."""
    app = asgi.ClientCertMiddleware(echo_asgi, **settings())
    before = app.authenticator
    with pytest.raises(RuntimeError), override_identity(app, ALICE):
        raise RuntimeError
    assert app.authenticator is before


def test_blocks_of_threads_may_overlap() -> None:
    """Blocks that end in another order than they began leave the app as it was."""
    app = asgi.ClientCertMiddleware(echo_asgi, **settings())
    before = app.authenticator
    both_in, first_out = Barrier(2, timeout=5), Barrier(2, timeout=5)

    def first() -> None:
        with override_identity(app, ALICE):
            both_in.wait()
        first_out.wait()

    thread = Thread(target=first)
    thread.start()
    both_in.wait()
    with override_identity(app, BOB):
        first_out.wait()
        assert get(app) == 200
    thread.join()
    assert app.authenticator is before


def test_no_middleware() -> None:
    """An app without our middleware is an error, not a test that proves nothing."""
    with pytest.raises(ConfigurationError, match="no ClientCertMiddleware found"), override_identity(echo_asgi, ALICE):
        pass


def test_no_setting_leads_here() -> None:
    """The module reads neither the environment nor any settings."""
    tree = ast.parse((PACKAGE / "testing" / "override.py").read_text(encoding="utf-8"))
    imported = {
        alias.name if isinstance(node, ast.Import) else str(node.module)
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
    }
    assert imported & {"os", "sys", "django.conf", "configparser", "importlib"} == set()
    fields = "from dataclasses import fields; from clientcert import ClientCertConfig as C"
    command = f"{fields}; print(*(f.name for f in fields(C) if 'override' in f.name or 'test' in f.name))"
    assert run(command) == ""


def test_production_never_loads_it() -> None:
    """Whatever the environment says, an app that serves requests has loaded nothing of `clientcert.testing`."""
    command = (
        "import sys, clientcert.asgi, clientcert.wsgi, clientcert.flask, clientcert.fastapi, clientcert.django\n"
        "from clientcert.config import ClientCertConfig\n"
        "from clientcert.core.proxy import UnixSocket\n"
        "from clientcert.testing.authority import CertificateAuthority as CA\n"
        "trust = CA().pem\n"
        "for name in [n for n in sys.modules if n.startswith('clientcert.testing')]: del sys.modules[name]\n"
        "app = clientcert.asgi.ClientCertMiddleware(None, source='nginx', trust=trust, trusted_proxies=UnixSocket())\n"
        "print(type(app.authenticator).__name__, *(n for n in sys.modules if n.startswith('clientcert.testing')))"
    )
    variables = ("OVERRIDE_IDENTITY", "IDENTITY", "TESTING", "TEST", "DEBUG")
    assert run(command, **{f"CLIENTCERT_{name}": "alice" for name in variables}) == "Authenticator"


def run(command: str, **variables: str) -> str:
    """What a fresh interpreter prints."""
    environment = os.environ | variables
    done = subprocess.run(
        [sys.executable, "-c", command], capture_output=True, text=True, check=True, env=environment, cwd=PACKAGE.parent
    )
    return done.stdout.strip()
