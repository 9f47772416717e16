"""Users of Django's own: an authentication backend, and ``request.user`` without a session."""

from collections.abc import Callable
from functools import partial
from typing import Any, cast

from asgiref.sync import iscoroutinefunction, markcoroutinefunction, sync_to_async
from django.contrib.auth import aauthenticate, authenticate
from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from clientcert.core.identity import ClientIdentity
from clientcert.django.middleware import client_identity
from clientcert.django.users import UserMapping

_USER = "_clientcert_user"
User = AbstractBaseUser | AnonymousUser


class ClientCertBackend(ModelBackend):
    """
    Finds the user of a certificate, by the setting ``CLIENTCERT_USER``: ``authenticate(request, client_identity=…)``.

    Permissions are those of `ModelBackend`. Inactive users are refused. Without the setting nobody is found.

    Raises:
        ConfigurationError: The setting is refused.
    """

    def authenticate(  # type: ignore[override]  # Django picks backends by the credentials that they take
        self, request: HttpRequest | None, *, client_identity: ClientIdentity
    ) -> AbstractBaseUser | None:
        """Find the user; None where the certificate names none."""
        del request
        mapping = UserMapping.from_settings()
        if mapping is None or not isinstance(client_identity, ClientIdentity):
            return None
        user = mapping.user_for(client_identity)
        return user if user is not None and self.user_can_authenticate(user) else None

    async def aauthenticate(  # type: ignore[override]
        self, request: HttpRequest | None, *, client_identity: ClientIdentity
    ) -> AbstractBaseUser | None:
        """Find the user, from async code."""
        return await sync_to_async(self.authenticate)(request, client_identity=client_identity)


class ClientCertUserMiddleware:
    """
    Makes ``request.user`` and ``request.auser()`` the user of the certificate, anew in every request.

    Stands behind Django's `AuthenticationMiddleware`, if that is used. No session is made or read: who presents a
    certificate is the user that it names or nobody, who presents none is whom the session says.
    """

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: Callable[[HttpRequest], Any]) -> None:
        self.get_response = get_response
        if iscoroutinefunction(get_response):
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> Any:
        """Set the user, who is looked up when somebody asks."""
        if client_identity(request) is not None:
            request.user = cast("Any", SimpleLazyObject(lambda: user_of(request)))
            request.auser = partial(auser_of, request)
        return self.get_response(request)


def user_of(request: HttpRequest) -> User:
    """The user whom the certificate of a request names, by any configured backend; asked for once."""
    if not hasattr(request, _USER):
        identity = client_identity(request)
        found = None if identity is None else authenticate(request, client_identity=identity)
        setattr(request, _USER, found or AnonymousUser())
    return cast("User", getattr(request, _USER))


async def auser_of(request: HttpRequest) -> User:
    """The same from async code."""
    if not hasattr(request, _USER):
        identity = client_identity(request)
        found = None if identity is None else await aauthenticate(request, client_identity=identity)
        setattr(request, _USER, found or AnonymousUser())
    return cast("User", getattr(request, _USER))
