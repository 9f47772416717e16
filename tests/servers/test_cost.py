"""What the bridges cost: a microsecond a request at most, and nothing that stays when a connection has gone."""

import asyncio
import gc
import sys
import timeit
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from clientcert.servers import gunicorn, hypercorn, uvicorn
from clientcert.servers.connection import TlsConnection, connection_from_socket, connection_from_transport
from clientcert.servers.scope import ConnectionApp
from tests.servers.handshakes import Handshake, server_context, tls_pair
from tests.servers.harness import Pki

CONNECTIONS = 100_000
# What Python itself keeps for a while: free lists, the interpreter's caches.
BLOCKS_OF_NOISE = 500
MICROSECOND = 1e-6


def app(*_arguments: Any) -> None:
    """Do nothing."""


class Transport:
    """A transport over a finished handshake."""

    def __init__(self, handshake: Handshake) -> None:
        self.extra = {"ssl_object": handshake.server, "sslcontext": handshake.context, "peername": ("127.0.0.1", 7)}

    def get_extra_info(self, name: str) -> Any:
        """What asyncio answers: the value, or None."""
        return self.extra.get(name)


@pytest.fixture(scope="module")
def handshake(pki: Pki) -> Handshake:
    """One handshake of a client that sends an intermediate."""
    return Handshake(server_context(pki), pki.client_context(pki.alice)).run()


def shown(what: str, seconds: float) -> float:
    """Print the figure, for ``pytest -s``."""
    print(f"\n{what}: {seconds / MICROSECOND:.2f} us")  # noqa: T201 - asked for
    return seconds


def seconds_of(call: Callable[[], Any]) -> float:
    """Least time of one call: whatever else the machine does only adds to it."""
    number = 2_000
    trace = sys.gettrace()
    # Measuring coverage costs more than what is measured here.
    sys.settrace(None)
    try:
        return min(timeit.repeat(call, number=number, repeat=15)) / number
    finally:
        sys.settrace(trace)


def test_a_request(handshake: Handshake) -> None:
    """The bridge adds less than a microsecond to a request."""
    scope: dict[str, Any] = {"type": "http"}
    bridged: Callable[..., Any] = ConnectionApp(app, connection_from_transport(Transport(handshake)))  # type: ignore[arg-type]
    cost = seconds_of(lambda: bridged(scope, None, None)) - seconds_of(lambda: app(scope, None, None))
    assert shown("bridge, per request", cost) < MICROSECOND


def test_reading_the_leaf(handshake: Handshake) -> None:
    """Every request reads the leaf anew, in less than a microsecond too."""
    connection = connection_from_transport(Transport(handshake))
    assert shown("reading the leaf, per request", seconds_of(connection.evidence)) < MICROSECOND


def test_reading_a_socket_at_once(pki: Pki) -> None:
    """A WSGI server's socket is read once, in fifty microseconds at most; then only its leaf, in less than one."""

    def read_all() -> None:
        connection_from_socket(sock)
        del sock._clientcert_connection  # type: ignore[attr-defined]  # kept there for the next request

    with tls_pair(server_context(pki), pki.client_context(pki.alice)) as (sock, _):
        first = seconds_of(read_all)
        later = seconds_of(lambda: connection_from_socket(sock))
    assert shown("reading a WSGI socket, per connection", first) < 50 * MICROSECOND
    assert shown("reading a WSGI socket, per request", later) < MICROSECOND


def test_binding(handshake: Handshake) -> None:
    """Describing a connection to the app, once for each, takes a few microseconds."""
    transport = Transport(handshake)
    protocol = SimpleNamespace(app=app, ws_protocol_class=None)
    cost = seconds_of(lambda: uvicorn.bind(protocol, transport))
    assert shown("binding, per connection", cost) < 20 * MICROSECOND


def bind_uvicorn(transport: Transport) -> None:
    """One connection of uvicorn, with one request and one WebSocket."""
    protocol = SimpleNamespace(app=app, ws_protocol_class=lambda: SimpleNamespace(app=app))
    uvicorn.bind(protocol, transport)
    _request(protocol.app)
    _request(protocol.ws_protocol_class().app)


def bind_gunicorn(transport: Transport) -> None:
    """One connection of gunicorn's ASGI worker, with one request."""
    protocol = SimpleNamespace(app=app)
    gunicorn._bridged(lambda *_: None)(protocol, transport)
    _request(protocol.app)


def bind_hypercorn(transport: Transport) -> None:
    """One connection of hypercorn, with one request."""
    server = SimpleNamespace(app=app, writer=transport)
    asyncio_run(hypercorn._bridged(_nothing)(server))
    _request(server.app)


async def _nothing(_server: Any) -> None:
    await asyncio.sleep(0)


def asyncio_run(awaitable: Any) -> None:
    """Run what never really waits, without the cost of an event loop."""
    try:
        while True:
            awaitable.send(None)
    except StopIteration:
        return


def _request(bridged: Any) -> None:
    scope: dict[str, Any] = {"type": "http"}
    bridged(scope, None, None)
    assert len(scope["clientcert.connection"].tls_chain()) == 2


@pytest.mark.parametrize("bind", [bind_uvicorn, bind_gunicorn, bind_hypercorn])
def test_memory(bind: Callable[[Transport], None], handshake: Handshake) -> None:
    """After a hundred thousand connections as much memory is in use as after the first hundred."""
    transport = Transport(handshake)
    for _ in range(100):
        bind(transport)
    gc.collect()
    before, alive = sys.getallocatedblocks(), _alive()
    for _ in range(CONNECTIONS):
        bind(transport)
    gc.collect()
    assert sys.getallocatedblocks() - before < BLOCKS_OF_NOISE
    assert _alive() == alive


def _alive() -> int:
    return sum(type(each) in (TlsConnection, ConnectionApp) for each in gc.get_objects())
