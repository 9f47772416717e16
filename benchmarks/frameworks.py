"""One route that says hello, in each framework, without us and with us."""

from typing import Any

import django
from django.conf import settings as django_settings
from django.core.handlers.asgi import ASGIHandler
from django.core.handlers.wsgi import WSGIHandler
from django.http import HttpRequest, HttpResponse
from django.test import override_settings
from django.urls import path
from fastapi import FastAPI
from flask import Flask, request
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from benchmarks.material import Algorithm
from benchmarks.ours import settings
from benchmarks.witness import note
from clientcert.asgi import IDENTITY_KEY
from clientcert.fastapi import Client
from clientcert.fastapi import install as install_fastapi
from clientcert.flask import ClientCertMiddleware as FlaskMiddleware
from clientcert.starlette import install as install_starlette

PATH = "/orders/7"
ASYNC_PATH = "/async"
_DJANGO_MIDDLEWARE = "clientcert.django.ClientCertMiddleware"


def starlette(algorithm: Algorithm | None) -> Starlette:
    """Starlette; without us for no algorithm."""

    async def hello(request: Request) -> PlainTextResponse:
        note(request.scope.get(IDENTITY_KEY))
        return PlainTextResponse("hello")

    app = Starlette(routes=[Route(PATH, hello)])
    if algorithm:
        install_starlette(app, **settings(algorithm))
    return app


def fastapi(algorithm: Algorithm | None) -> FastAPI:
    """FastAPI with the middleware and the dependency; without us for no algorithm."""
    app = FastAPI()
    if algorithm:
        install_fastapi(app, **settings(algorithm))

        @app.get(PATH)
        async def hello(client: Client) -> str:
            note(client)
            return "hello"

    else:

        @app.get(PATH)
        async def hello_bare() -> str:
            note(None)
            return "hello"

    return app


def flask(algorithm: Algorithm | None) -> Flask:
    """Flask; without us for no algorithm."""
    app = Flask(__name__)

    @app.get(PATH)
    def hello() -> str:
        note(request.environ)
        return "hello"

    if algorithm:
        app.wsgi_app = FlaskMiddleware(app.wsgi_app, **settings(algorithm))  # type: ignore[method-assign]
    return app


def _django_hello(request: HttpRequest) -> HttpResponse:
    note(_client_of(request))
    return HttpResponse("hello")


async def _django_hello_async(request: HttpRequest) -> HttpResponse:
    note(_client_of(request))
    return HttpResponse("hello")


def _client_of(request: HttpRequest) -> Any:
    """Our identity; or the user, whom the packages that log one in call by the serial number."""
    user = getattr(request, "user", None)
    return getattr(request, "client_identity", None) if user is None else int(user.get_username() or 0)


urlpatterns = [path(PATH[1:], _django_hello), path(ASYNC_PATH[1:], _django_hello_async)]


def configure_django() -> None:
    """Once per process: Django knows one configuration."""
    if not django_settings.configured:
        django_settings.configure(
            ALLOWED_HOSTS=["*"],
            DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
            DEFAULT_AUTO_FIELD="django.db.models.AutoField",
            INSTALLED_APPS=[f"django.contrib.{name}" for name in ("auth", "contenttypes", "sessions")],
            ROOT_URLCONF=__name__,
            SECRET_KEY="of no worth",  # noqa: S106
            USE_TZ=True,
        )
        django.setup()


def django_wsgi(algorithm: Algorithm | None) -> Any:
    """Django under WSGI; without us for no algorithm."""
    configure_django()
    with override_settings(**_django_settings(algorithm)):
        return WSGIHandler()


def django_asgi(algorithm: Algorithm | None) -> Any:
    """Django under ASGI; without us for no algorithm."""
    configure_django()
    with override_settings(**_django_settings(algorithm)):
        return ASGIHandler()


def _django_settings(algorithm: Algorithm | None) -> dict[str, Any]:
    if algorithm is None:
        return {"MIDDLEWARE": []}
    return {"MIDDLEWARE": [_DJANGO_MIDDLEWARE], "CLIENTCERT": settings(algorithm)}
