"""
A Django site in this process: settings, once, and views that say whom and what they saw.

`CLIENTCERT` and the middleware are set by each test with `serving`.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from tempfile import mkdtemp
from typing import Any

import django
from django.conf import settings
from django.core.handlers.asgi import ASGIHandler, ASGIRequest
from django.core.handlers.wsgi import WSGIHandler
from django.http import HttpRequest, JsonResponse
from django.test import override_settings
from django.urls import URLPattern, re_path

from clientcert.config import ClientCertConfig
from clientcert.core.identity import ClientIdentity
from clientcert.django import client_identity

MIDDLEWARE = "clientcert.django.ClientCertMiddleware"

if not settings.configured:
    settings.configure(
        ALLOWED_HOSTS=["*"],
        SECRET_KEY="no secret",
        LOGGING_CONFIG=None,
        ROOT_URLCONF=(),
        INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth", "django.contrib.sessions"],
        # A file: views in threads of their own see the same tables. Nothing is there before a test migrates.
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": f"{mkdtemp(prefix='django-')}/db"}},
        PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"],
    )
    django.setup()


def describe(identity: ClientIdentity | None) -> str | None:
    """Text for an identity: its fingerprint, or ``names <subject>`` where there is no certificate."""
    if identity is None:
        return None
    return identity.fingerprint_sha256 or f"names {identity.subject.rfc4514}"


def seen_in_environ(environ: Iterable[tuple[str, Any]]) -> dict[str, str]:
    """The headers in an environ, by lower-case name."""
    return {key[5:].lower().replace("_", "-"): value for key, value in environ if key.startswith("HTTP_")}


def whoami(request: HttpRequest) -> JsonResponse:
    """Say whom the middleware saw, and every header that any part of the request still shows."""
    seen = seen_in_environ(request.META.items()) | {name.lower(): value for name, value in request.headers.items()}
    if isinstance(request, ASGIRequest):
        seen |= {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in request.scope["headers"]}
    return JsonResponse({"who": describe(client_identity(request)), "seen": seen})


async def whoami_async(request: HttpRequest) -> JsonResponse:
    """The same, as an async view."""
    return whoami(request)


def urls(view: Callable[..., Any]) -> tuple[URLPattern, ...]:
    """A URL configuration in which every path is this view's."""
    return (re_path("", view),)


@contextmanager
def serving(
    config: ClientCertConfig | dict[str, Any] | None,
    view: Callable[..., Any] = whoami,
    *,
    middleware: tuple[str, ...] = (MIDDLEWARE,),
    is_async: bool = False,
) -> Iterator[Any]:
    """A Django handler, WSGI or ASGI, for one view behind our middleware and others."""
    with override_settings(CLIENTCERT=config, MIDDLEWARE=middleware, ROOT_URLCONF=urls(view)):
        yield ASGIHandler() if is_async else WSGIHandler()
