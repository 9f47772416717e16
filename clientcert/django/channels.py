"""
Django Channels: the client of a WebSocket, refused before it is accepted.

The HTTP branch of a ``ProtocolTypeRouter`` is Django's own, with its own middleware; these are for the others.
"""

from collections.abc import Awaitable, Callable
from typing import Any, cast

from channels.db import database_sync_to_async
from django.contrib.auth import SESSION_KEY as USER_KEY
from django.contrib.auth import authenticate
from django.contrib.auth.models import AnonymousUser

from clientcert import asgi
from clientcert.config import ClientCertConfig, resolve_config
from clientcert.core.policy import Rule
from clientcert.django.middleware import config_from_settings
from clientcert.django.session import BINDING_KEY, holds
from clientcert.runtime.authorization import GATE_KEY, checked_rule, refusal

Application = Callable[..., Awaitable[Any]]
_DENIAL_EXTENSION = "websocket.http.response"
_POLICY_VIOLATION = 1008  # RFC 6455 §7.4.1


class ClientCertScopeMiddleware(asgi.ClientCertMiddleware):
    """
    Sets ``scope["client_identity"]``; outermost of what is around a ``URLRouter``.

    Configured by the setting ``CLIENTCERT``, unless a configuration is given.

    Raises:
        ConfigurationError: The setting is missing or refused.
    """

    def __init__(self, inner: Application, config: ClientCertConfig | None = None, **keywords: Any) -> None:
        chosen = resolve_config(config, keywords) if config is not None or keywords else config_from_settings()
        super().__init__(cast("asgi.ASGIApp", inner), chosen)


class RequireMiddleware:
    """
    Lets only those reach a consumer whom a rule allows; inside `ClientCertScopeMiddleware`.

    Raises:
        ConfigurationError: Something that is no rule.
    """

    def __init__(self, inner: Application, rule: Rule) -> None:
        self.inner = inner
        self.rule = checked_rule(rule, where="RequireMiddleware")

    async def __call__(self, scope: asgi.Scope, receive: asgi.Receive, send: asgi.Send) -> Any:
        """Run the consumer, or refuse in its place."""
        identity = asgi.client_identity(scope)
        problem = refusal(scope[GATE_KEY], self.rule, identity)
        if problem is None:
            return await self.inner(scope, receive, send)
        if _DENIAL_EXTENSION not in (scope.get("extensions") or {}):
            return await _close(receive, send)
        headers = [(name.encode("ascii"), value.encode("ascii")) for name, value in problem.headers]
        await send({"type": "websocket.http.response.start", "status": problem.status, "headers": headers})
        await send({"type": "websocket.http.response.body", "body": problem.body})
        return None


class ClientCertSessionMiddleware:
    """
    Refuses a WebSocket whose session began with another certificate; inside Channels' `SessionMiddleware`.

    The counterpart of `clientcert.django.session.ClientCertSessionMiddleware`, which binds sessions; nothing is ended
    here, because a handshake cannot take back the cookie.
    """

    def __init__(self, inner: Application) -> None:
        self.inner = inner

    async def __call__(self, scope: asgi.Scope, receive: asgi.Receive, send: asgi.Send) -> Any:
        """Run the consumer, or refuse in its place."""
        identity = asgi.client_identity(scope)
        bound, has_user = await database_sync_to_async(_read)(scope["session"])
        if holds(bound, has_user, identity):
            return await self.inner(scope, receive, send)
        return await _close(receive, send)


class ClientCertUserMiddleware:
    """Makes ``scope["user"]`` the user that the certificate names, by the setting ``CLIENTCERT_USER``, or nobody."""

    def __init__(self, inner: Application) -> None:
        self.inner = inner

    async def __call__(self, scope: asgi.Scope, receive: asgi.Receive, send: asgi.Send) -> Any:
        """Set the user in a copy of the scope."""
        inner = dict(scope)
        identity = asgi.client_identity(inner)
        if identity is not None:
            find = database_sync_to_async(authenticate)
            inner["user"] = await find(None, client_identity=identity) or AnonymousUser()
        return await self.inner(inner, receive, send)


def _read(session: Any) -> tuple[Any, bool]:
    return session.get(BINDING_KEY), USER_KEY in session


async def _close(receive: asgi.Receive, send: asgi.Send) -> None:
    # These servers close only after the connect event has been taken.
    await receive()
    await send({"type": "websocket.close", "code": _POLICY_VIOLATION})
