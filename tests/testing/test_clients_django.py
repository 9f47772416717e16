"""Django's and REST framework's test clients and request factories, as somebody: through the real middleware."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from django.http import HttpRequest, JsonResponse
from django.test import override_settings
from rest_framework.decorators import api_view, authentication_classes
from rest_framework.request import Request
from rest_framework.response import Response

from clientcert.config import ClientCertConfig
from clientcert.django import client_identity
from clientcert.django.rest import ClientCertAuthentication
from clientcert.testing.django import AsyncClient, AsyncRequestFactory, Client, NotAdmittedError, RequestFactory
from clientcert.testing.rest import APIClient, APIRequestFactory
from tests.django_app import serving
from tests.testing.client_apps import name_of, settings


def whoami(request: HttpRequest) -> JsonResponse:
    """Answer with the name, the peer, and whether a header of the producer is left."""
    left = [name for name in request.META if name.startswith("HTTP_SSL")]
    return JsonResponse({"who": name_of(client_identity(request)), "peer": request.META["REMOTE_ADDR"], "left": left})


@api_view(["GET"])
@authentication_classes([ClientCertAuthentication])
def rest_whoami(request: Request) -> Response:
    """Answer with the name that the authentication class found."""
    identity: Any = request.auth
    return Response({"who": name_of(identity)})


@pytest.fixture(autouse=True)
def site() -> Iterator[None]:
    """A site whose one view is `whoami`."""
    with serving(settings(), whoami):
        yield


SEEN = {"who": "svc-a", "peer": "10.42.7.1", "left": []}


def test_client() -> None:
    """The WSGI test client goes through the site's own middleware."""
    client = Client()
    with client.as_identity("svc-a"):
        assert client.get("/", headers={"ssl-client-verify": "NONE"}).json() == SEEN
        with client.as_identity(None):
            assert client.get("/").status_code == 401
    assert client.get("/").status_code == 401


def test_async_client() -> None:
    """The ASGI test client as well."""

    async def run() -> list[Any]:
        client = AsyncClient()
        with client.as_identity("svc-a"):
            inside = await client.get("/", headers={"ssl-client-verify": "NONE"})
        outside = await client.get("/")
        return [inside.json(), outside.status_code]

    assert asyncio.run(run()) == [SEEN, 401]


@pytest.mark.parametrize("factory", [RequestFactory(), AsyncRequestFactory()], ids=["wsgi", "asgi"])
def test_factory_makes_admitted_requests(factory: RequestFactory) -> None:
    """Inside the block a request is one that the middleware has let through; a view can be called with it."""
    with factory.as_identity("svc-a"):
        request = factory.get("/")
        assert name_of(client_identity(request)) == "svc-a"
        assert [name for name in request.META if name.startswith("HTTP_SSL")] == []
    assert not hasattr(factory.get("/"), "client_identity")


def test_factory_tells_of_refusals() -> None:
    """A request that no view would see is an error of the test, with the response."""
    factory = RequestFactory()
    with factory.as_identity(None), pytest.raises(NotAdmittedError, match="401") as caught:
        factory.get("/")
    assert caught.value.response.status_code == 401


def test_factory_with_a_configuration() -> None:
    """A configuration that is given counts, whatever the settings say."""
    factory = RequestFactory(config=ClientCertConfig(**settings(source="envoy")))
    with override_settings(CLIENTCERT=None), factory.as_identity("svc-a"):
        assert client_identity(factory.get("/")) is not None


def test_rest_client() -> None:
    """REST framework's client reaches its authentication class."""
    with serving(settings(source="envoy"), rest_whoami):
        client = APIClient()
        with client.as_identity("svc-a"):
            assert client.get("/").json() == {"who": "svc-a"}
        assert client.get("/").status_code == 401


def test_rest_factory() -> None:
    """A view of REST framework is called with what its factory makes."""
    factory = APIRequestFactory()
    with factory.as_identity("svc-a"):
        assert rest_whoami(factory.get("/")).data == {"who": "svc-a"}
