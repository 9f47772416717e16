"""Channels: the client in the scope, rules, users and sessions of a WebSocket."""

from typing import Any

import pytest
from channels.routing import ProtocolTypeRouter, URLRouter
from channels.sessions import SessionMiddlewareStack
from django.contrib.auth.models import User
from django.contrib.sessions.backends.db import SessionStore
from django.test import override_settings
from django.urls import path

from clientcert.core.policy import cn
from clientcert.django.channels import (
    ClientCertScopeMiddleware,
    ClientCertSessionMiddleware,
    ClientCertUserMiddleware,
    RequireMiddleware,
)
from clientcert.django.checks import BACKEND
from clientcert.django.session import BINDING_KEY
from clientcert.errors import ConfigurationError
from tests.core.test_confirmation import IDENTITY
from tests.driving import CLOSED, ask_asgi, websocket_scope
from tests.frameworks.clients import connect, headers_of
from tests.material import ADMIN, ALICE, config


async def consumer(scope: Any, receive: Any, send: Any) -> None:
    """Say who is there."""
    identity = scope["client_identity"]
    await send({"type": "websocket.accept"})
    await send({"type": "websocket.send", "text": f"{identity and identity.common_name} {scope.get('user')}"})


ROUTER: Any = URLRouter([path("ws", consumer)])  # type: ignore[arg-type, list-item]


def site(inner: Any = ROUTER, **changes: Any) -> Any:
    """A site with WebSockets."""
    scoped: Any = ClientCertScopeMiddleware(inner, config(**{"mode": "optional", **changes}))
    return ProtocolTypeRouter({"websocket": scoped})


def test_scope() -> None:
    """The consumer has the client, or None in optional mode; a bad certificate is refused before it is accepted."""
    assert connect(site(), "/ws").body == b"alice None"
    assert connect(site(), "/ws", None).body == b"None None"
    assert connect(site(mode="required"), "/ws", None).status == 401
    assert connect(site(mode="required"), "/ws", None, denial=False).status == CLOSED


def test_settings() -> None:
    """Without arguments the setting is read, at once."""
    with override_settings(CLIENTCERT=config()):
        assert connect(ClientCertScopeMiddleware(ROUTER), "/ws").body == b"alice None"
    with override_settings(CLIENTCERT=None), pytest.raises(ConfigurationError, match=r"settings\.CLIENTCERT"):
        ClientCertScopeMiddleware(ROUTER)


def test_rule() -> None:
    """Whom the rule allows is let in; others are refused before the WebSocket is accepted."""
    app = site(RequireMiddleware(ROUTER, cn("admin")))
    assert connect(app, "/ws", ADMIN).body == b"admin None"
    assert (connect(app, "/ws", ALICE).status, connect(app, "/ws", None).status) == (403, 401)
    assert connect(app, "/ws", ALICE, denial=False).status == CLOSED
    with pytest.raises(ConfigurationError, match="wanted a rule such as"):
        RequireMiddleware(ROUTER, "ops")  # type: ignore[arg-type]


@pytest.mark.usefixtures("database")
def test_user() -> None:
    """``scope["user"]`` is the certificate's user, or nobody."""
    User.objects.create(username="alice")
    app = site(ClientCertUserMiddleware(ROUTER))
    with override_settings(CLIENTCERT_USER={"attribute": "common_name"}, AUTHENTICATION_BACKENDS=[BACKEND]):
        assert connect(app, "/ws", ALICE).body == b"alice alice"
        assert connect(app, "/ws", ADMIN).body == b"admin AnonymousUser"
        assert connect(app, "/ws", None).body == b"None None"


@pytest.mark.usefixtures("database")
def test_session() -> None:
    """A session cookie opens no WebSocket with another certificate than the one with which it began."""
    session = SessionStore()
    session.update({BINDING_KEY: IDENTITY.spki_sha256, "_auth_user_id": "1"})
    session.create()
    app = site(SessionMiddlewareStack(ClientCertSessionMiddleware(ROUTER)))
    cookie = ("cookie", f"sessionid={session.session_key}")

    def status(client: Any) -> int:
        return ask_asgi(app, websocket_scope((*headers_of(client), cookie), path="/ws")).status

    assert (status(ALICE), status(ADMIN), status(None)) == (200, CLOSED, CLOSED)
    assert connect(app, "/ws", ADMIN).body == b"admin None"
