"""Sessions that are bound to the certificate with which they began."""

import hmac
import logging
from collections.abc import Callable
from importlib import import_module
from typing import Any, Final

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.conf import settings
from django.contrib.auth import SESSION_KEY as USER_KEY
from django.http import HttpRequest

from clientcert.core.identity import ClientIdentity
from clientcert.django.middleware import client_identity, is_exempt

BINDING_KEY: Final = "_clientcert_spki_sha256"
"""In the session: SHA-256 of the key of the certificate with which it began, or empty text for no certificate."""

logger = logging.getLogger("clientcert")


def binding_of(identity: ClientIdentity | None) -> str | None:
    """What a session is bound to; None where nothing can be: a proxy that sends names only shows no key."""
    return "" if identity is None else identity.spki_sha256


def holds(bound: object, has_user: bool, identity: ClientIdentity | None) -> bool:  # noqa: FBT001 - two facts, one answer
    """
    Whether a session belongs to the client.

    Args:
        bound: What the session has under `BINDING_KEY`; None where it has nothing.
        has_user: Whether somebody is logged in with it.
        identity: The client.
    """
    current = binding_of(identity)
    if bound is None or current is None:
        return not has_user
    return isinstance(bound, str) and hmac.compare_digest(bound.encode(), current.encode())


class ClientCertSessionMiddleware:
    """
    Binds every session to the key of the client's certificate; another certificate, or none, ends it.

    Stands right behind Django's `SessionMiddleware`, before `AuthenticationMiddleware`. A renewed certificate with the
    same key keeps the session. A session with a user that began before this middleware was installed is ended. On
    exempt paths, where nobody looks at certificates, there is no session.
    """

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: Callable[[HttpRequest], Any]) -> None:
        self.get_response = get_response
        self._is_async = iscoroutinefunction(get_response)
        if self._is_async:
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> Any:
        """End a session that is another client's, run the view, bind the session that it began."""
        if self._is_async:
            return self._call_async(request)
        _hide_on_exempt_path(request)
        identity, session = client_identity(request), request.session
        # Without a session cookie nothing is asked for, so that the response does not vary by cookies.
        if session.session_key and not holds(session.get(BINDING_KEY), USER_KEY in session, identity):
            _log(identity)
            session.flush()
        response = self.get_response(request)
        session = request.session
        if session.modified and not session.is_empty() and BINDING_KEY not in session:
            _bind(session, identity)
        return response

    async def _call_async(self, request: HttpRequest) -> Any:
        _hide_on_exempt_path(request)
        identity, session = client_identity(request), request.session
        if session.session_key:
            bound, has_user = await session.aget(BINDING_KEY), await session.ahas_key(USER_KEY)
            if not holds(bound, has_user, identity):
                _log(identity)
                await session.aflush()
        response = await self.get_response(request)
        session = request.session
        if session.modified and not session.is_empty() and not await session.ahas_key(BINDING_KEY):
            await session.aget(BINDING_KEY)  # loads it, so that the assignment below needs no database
            _bind(session, identity)
        return response


def _bind(session: Any, identity: ClientIdentity | None) -> None:
    binding = binding_of(identity)
    if binding is not None:
        session[BINDING_KEY] = binding


def _hide_on_exempt_path(request: HttpRequest) -> None:
    if is_exempt(request):
        # Not ended, since nobody knows whose it is; not shown for the same reason. The cookie stays with the client.
        request.COOKIES.pop(settings.SESSION_COOKIE_NAME, None)
        request.session = import_module(settings.SESSION_ENGINE).SessionStore()


def _log(identity: ClientIdentity | None) -> None:
    presented = "no certificate" if identity is None else "another certificate"
    logger.warning("session ended: it did not begin with the certificate of this request, which has %s", presented)
