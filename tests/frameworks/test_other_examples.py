"""The examples for frameworks without a module of their own."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer

from examples.other import aiohttp_app, falcon_app, litestar_app, plain_asgi, plain_wsgi, quart_app
from tests.driving import Answer, ask_asgi, ask_wsgi, environ, http_scope
from tests.frameworks.clients import headers_of
from tests.material import ALICE, NOBODY, Pairs, config, evidence


def over_asgi(create: Callable[..., Any], headers: Pairs, **changes: Any) -> Answer:
    """Ask an ASGI example."""
    return ask_asgi(create(config(**changes)), http_scope(headers))


def over_wsgi(create: Callable[..., Any], headers: Pairs, **changes: Any) -> Answer:
    """Ask a WSGI example."""
    return ask_wsgi(create(config(**changes)), environ(headers))


def over_tcp(create: Callable[..., Any], headers: Pairs, **changes: Any) -> Answer:
    """Ask the example that has a server of its own, from this machine."""

    async def ask() -> Answer:
        app = create(config(**{**changes, "trusted_proxies": ["127.0.0.1"]}))
        async with TestClient(TestServer(app)) as client, client.get("/whoami", headers=dict(headers)) as answer:
            return Answer(status=answer.status, body=await answer.read())

    return asyncio.run(ask())


Ask = Callable[..., Answer]
EXAMPLES: dict[str, tuple[Ask, Callable[..., Any]]] = {
    "asgi": (over_asgi, plain_asgi.create_app),
    "wsgi": (over_wsgi, plain_wsgi.create_app),
    "litestar": (over_asgi, litestar_app.create_app),
    "quart": (over_asgi, quart_app.create_app),
    "falcon-wsgi": (over_wsgi, falcon_app.create_app),
    "falcon-asgi": (over_asgi, falcon_app.create_asgi_app),
    "aiohttp": (over_tcp, aiohttp_app.create_app),
}


@pytest.mark.parametrize(("ask", "create"), EXAMPLES.values(), ids=EXAMPLES)
def test_example(ask: Ask, create: Callable[..., Any]) -> None:
    """The example knows its client, refuses nobody and bad evidence, and lets nobody in where that is optional."""
    answer = ask(create, headers_of(ALICE))
    assert (answer.status, answer.body) == (200, b"CN=alice,O=Example")
    assert ask(create, NOBODY).status == 401
    assert ask(create, evidence(verdict="FAILED:expired")).status == 403
    assert ask(create, NOBODY, mode="optional").body == b"nobody"
