"""Connections that outlive one request: kept alive, shared, resumed, upgraded."""

import asyncio
import json
import threading
from contextlib import ExitStack
from itertools import cycle, islice
from typing import Any

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from clientcert.testing.processes import LOOPBACK
from tests.interop.clients import CLIENT
from tests.interop.harness import HOST
from tests.interop.live import Live

PATH = "/asgi/optional-unix/whoami"
# An ordinary leaf, one with two common names, another key type, and nobody.
NAMES = ("ec", "dupcn", "ed25519", "none")


def subject(answer: dict[str, Any]) -> str | None:
    """Who the app says the client is."""
    identity = answer["identity"]
    return None if identity is None else str(identity["subject"])


def test_kept_alive_connections_never_mix_clients(live: Live) -> None:
    """Clients take turns over connections that nginx shares towards the app: each request has its own identity."""
    with ExitStack() as stack:
        connections = {name: stack.enter_context(live.connect("optional-pass-unix", name)) for name in NAMES}
        for name, connection in islice(cycle(connections.items()), 100):
            assert subject(connection.get(PATH).json) == (CLIENT[name].subject or None)


@pytest.mark.parametrize("framework", ["asgi", "wsgi"])
def test_simultaneous_clients_never_mix(live: Live, framework: str) -> None:
    """Four clients at once, 25 requests each: every answer names the one who asked."""
    answers: dict[str, set[str | None]] = {name: set() for name in NAMES}
    for name in NAMES:
        live.tls(name)

    def ask(name: str) -> None:
        with live.connect("optional-pass-unix", name) as connection:
            path = PATH.replace("asgi", framework)
            answers[name] = {subject(connection.get(path).json) for _ in range(25)}

    threads = [threading.Thread(target=ask, args=(name,)) for name in NAMES]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == {name: {CLIENT[name].subject or None} for name in NAMES}


def test_resumed_session_keeps_its_client(live: Live) -> None:
    """A resumed TLS session carries no certificate message, and nginx still names the client of the first one."""
    with live.connect("on-pass-unix", "ec") as first:
        first.get("/asgi/pass-unix/whoami")
        session = first.tls_session
    with live.connect("on-pass-unix", "ec", session=session) as second:
        assert second.resumed
        assert subject(second.get("/asgi/pass-unix/whoami").json) == CLIENT["ec"].subject


def websocket_answer(live: Live, host: str, name: str, headers: dict[str, str]) -> Any:
    """What the app's WebSocket tells one client through one host of nginx."""
    url = f"wss://{LOOPBACK}:{live.nginx.ports[host]}/asgi/pass-unix/socket"

    async def receive() -> Any:
        # Not websockets.sync: its two threads read and write one TLS connection at once, which Python 3.11 cannot.
        opened = connect(url, ssl=live.tls(name), server_hostname=HOST, additional_headers=headers, proxy=None)
        async with opened as websocket:
            return json.loads(await websocket.recv())

    return asyncio.run(receive())


@pytest.mark.parametrize("headers", [{}, {"ssl-client-verify": "SUCCESS", "ssl-client-subject-dn": "CN=admin"}])
def test_websocket(live: Live, headers: dict[str, str]) -> None:
    """A WebSocket through nginx has the TLS client's identity, whatever its opening handshake carries."""
    answer = websocket_answer(live, "on-pass-unix", "ec", headers)
    assert subject(answer) == CLIENT["ec"].subject
    assert answer["leaked"] == []


def test_websocket_without_certificate(live: Live) -> None:
    """Without a certificate the opening handshake is refused before the app accepts it."""
    with pytest.raises(InvalidStatus) as refused:
        websocket_answer(live, "optional-pass-unix", "none", {})
    assert refused.value.response.status_code == 401
