"""Starlette's and httpx's test clients, as somebody: through the real middleware."""

import asyncio
from threading import Thread
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.testclient import WebSocketDenialResponse

import clientcert.fastapi
from clientcert.asgi import ClientCertMiddleware
from clientcert.config import ClientCertConfig
from clientcert.errors import ConfigurationError
from clientcert.testing import CertificateAuthority, as_client, default_authority
from clientcert.testing.httpx import AsyncClient
from clientcert.testing.starlette import TestClient
from tests.contract.adapters import echo_asgi
from tests.testing.client_apps import settings, starlette_app


def who(client: TestClient) -> Any:
    """The name that the app saw, or the status where it saw nobody."""
    answer = client.get("/whoami")
    return answer.json()["who"] if answer.status_code == 200 else answer.status_code


def test_names_certificates_and_nobody() -> None:
    """A client is a name, a certificate, a request made before, or nobody; outside the block it has no proxy."""
    client = TestClient(starlette_app())
    with client.as_identity("svc-a") as same:
        assert same is client
        assert who(client) == "svc-a"
    with client.as_identity(default_authority().issue("svc-b")):
        assert who(client) == "svc-b"
    with client.as_identity(as_client("svc-c", via="nginx")):
        assert who(client) == "svc-c"
    with client.as_identity(None):
        assert who(client) == 401
    assert who(client) == 401


def test_blocks_nest_and_end() -> None:
    """The innermost block counts, also after an exception."""
    client = TestClient(starlette_app())
    with client.as_identity("outer"):
        with client.as_identity("inner"):
            assert who(client) == "inner"
        with pytest.raises(RuntimeError), client.as_identity("inner"):
            raise RuntimeError
        assert who(client) == "outer"


def test_clients_are_apart() -> None:
    """A block of one client is none of another's; the same name is the same certificate for one client."""
    one, other = (TestClient(starlette_app(mode="optional")) for _ in range(2))
    with one.as_identity("svc-a"):
        assert (who(one), who(other)) == ("svc-a", None)


def test_own_authority() -> None:
    """Names are issued by the authority that the test client is given."""
    authority = CertificateAuthority()
    client = TestClient(starlette_app(trust=authority.pem), authority=authority)
    with client.as_identity("svc-a"):
        assert who(client) == "svc-a"
    with client.as_identity(default_authority().issue("svc-a")):
        assert who(client) == 403


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_websocket_and_lifespan(backend: Any) -> None:
    """A WebSocket has the identity as well, in a running lifespan, on both event loops."""
    app = starlette_app()
    with TestClient(app, backend=backend) as client:
        assert client.app is app
        with client.as_identity("svc-a"):
            assert who(client) == "svc-a"
            with client.websocket_connect("/ws") as websocket:
                assert websocket.receive_json() == "svc-a"
        with pytest.raises(WebSocketDenialResponse), client.websocket_connect("/ws"):
            pass


def test_proxy_overwrites_what_the_test_sends() -> None:
    """A header of the producer that the test itself sends does not get through; all others do."""
    client = TestClient(starlette_app())
    with client.as_identity("svc-a"):
        forged = {"SSL-Client-Verify": "NONE", "ssl-client-cert": "EVIL", "x-other": "7"}
        answer = client.get("/whoami", headers=forged).json()
    assert answer["who"] == "svc-a"
    assert "x-other" in answer["headers"]
    assert [name for name in answer["headers"] if name.startswith("ssl")] == []


def test_fastapi_install() -> None:
    """FastAPI's app is Starlette's, with `install` as well."""
    app = FastAPI()
    clientcert.fastapi.install(app, **settings(source="envoy"))

    @app.get("/whoami")
    def whoami(client: clientcert.fastapi.Client) -> dict[str, str]:
        return {"who": client.common_name}

    client = TestClient(app)
    with client.as_identity("svc-a"):
        assert who(client) == "svc-a"


def test_app_without_middleware_and_with_several() -> None:
    """Where the configuration cannot be found, the error says so; where there are several, one has to be given."""
    bare = TestClient(Starlette())
    with bare.as_identity("svc-a"), pytest.raises(ConfigurationError, match="no ClientCertMiddleware found"):
        bare.get("/")
    config = ClientCertConfig(**settings())
    apps = [ClientCertMiddleware(echo_asgi, each) for each in (config, ClientCertConfig(**settings(source="envoy")))]
    several = Starlette(routes=[Mount("/one", apps[0]), Mount("/other", apps[1])])
    with TestClient(several).as_identity("svc-a") as client, pytest.raises(ConfigurationError, match="several"):
        client.get("/one")
    with TestClient(several, config=config).as_identity("svc-a") as client:
        assert client.get("/one").status_code == 200


def test_httpx_tasks_are_apart() -> None:
    """Two tasks are two clients at the same time, of one `httpx.AsyncClient`."""

    async def ask(client: AsyncClient, name: str) -> Any:
        with client.as_identity(name):
            await asyncio.sleep(0)
            answer = await client.get("/whoami")
            return answer.json()["who"]

    async def run() -> Any:
        async with AsyncClient(starlette_app()) as client:
            assert isinstance(client, httpx.AsyncClient)
            names = await asyncio.gather(*(ask(client, f"svc-{number}") for number in range(5)))
            return names, (await client.get("/whoami")).status_code

    assert asyncio.run(run()) == ([f"svc-{number}" for number in range(5)], 401)


def test_threads_begin_as_nobody() -> None:
    """A thread that is started in a block is not in it."""
    client = TestClient(starlette_app())
    seen: list[Any] = []
    with client.as_identity("svc-a"):
        thread = Thread(target=lambda: seen.append(who(client)))
        thread.start()
        thread.join()
    assert seen == [401]
