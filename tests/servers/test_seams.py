"""Every seam that the bridges use of gunicorn, hypercorn, daphne, uvicorn-worker and WSGI servers, one by one."""

import asyncio
import importlib.metadata
import inspect
import subprocess
import sys
from types import SimpleNamespace
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler

import pytest
import uvicorn
from gunicorn.asgi.protocol import ASGIProtocol  # type: ignore[import-untyped]
from gunicorn.workers import gasgi  # type: ignore[import-untyped]
from hypercorn.asyncio import tcp_server

from clientcert.servers import gunicorn as gunicorn_bridge
from clientcert.servers import hypercorn as hypercorn_bridge
from clientcert.servers import uvicorn as uvicorn_bridge
from clientcert.servers import uvicorn_worker as worker_bridge
from clientcert.servers.scope import ConnectionApp

GUNICORN, HYPERCORN = "clientcert/servers/gunicorn.py", "clientcert/servers/hypercorn.py"


async def app(_scope: Any, _receive: Any, _send: Any, *_rest: Any) -> None:
    """Do nothing: only the identity of this function matters."""


def version(package: str) -> str:
    """Say which release moved a seam."""
    return f"{package} {importlib.metadata.version(package)}"


class Transport:
    """A transport that knows its peer, and closes nothing."""

    def get_extra_info(self, name: str) -> Any:
        """What asyncio answers: the value, or None."""
        return {"peername": ("127.0.0.1", 7)}.get(name)


def test_gunicorn_connection_made() -> None:
    """The ASGI protocol of gunicorn is told of a connection by ``connection_made(transport)``, its own plain method."""
    made = vars(ASGIProtocol).get("connection_made")
    assert made is not None, f"{version('gunicorn')}: find what gets the transport, and wrap that in {GUNICORN}"
    assert [*inspect.signature(made).parameters] == ["self", "transport"], (
        f"{version('gunicorn')}: ASGIProtocol.connection_made takes other arguments; pass them on in {GUNICORN}"
    )


def test_gunicorn_app_attribute() -> None:
    """The ASGI protocol of gunicorn keeps the app it will call in ``self.app``, from its constructor on."""
    protocol = ASGIProtocol(SimpleNamespace(cfg=SimpleNamespace(), log=None, asgi=app))
    assert protocol.app is app, (
        f"{version('gunicorn')}: ASGIProtocol no longer keeps worker.asgi in `self.app`; find what its requests call, "
        f"and change `_bridged` in {GUNICORN}"
    )


def test_gunicorn_calls_the_attribute() -> None:
    """Requests and WebSockets take the app from ``self.app`` when they begin, not earlier."""
    source = inspect.getsource(sys.modules[ASGIProtocol.__module__])
    assert source.count("worker.asgi") == 1, (
        f"{version('gunicorn')}: worker.asgi is read in another place than ASGIProtocol.__init__; that call is not "
        f"bridged, and {GUNICORN} must wrap it too"
    )


def test_gunicorn_worker_starts_by_init_process() -> None:
    """The worker class starts each process by ``init_process``, before any connection."""
    assert "init_process" in vars(gasgi.ASGIWorker), f"{version('gunicorn')}: call install() elsewhere in {GUNICORN}"
    assert issubclass(gunicorn_bridge.ASGIWorker, gasgi.ASGIWorker)


def test_hypercorn_run() -> None:
    """A connection of hypercorn is a `TCPServer` that awaits its own ``run()``, which takes no arguments."""
    run = vars(tcp_server.TCPServer).get("run")
    assert inspect.iscoroutinefunction(run), f"{version('hypercorn')}: wrap what serves a connection in {HYPERCORN}"
    assert [*inspect.signature(run).parameters] == ["self"], (
        f"{version('hypercorn')}: TCPServer.run takes other arguments; pass them on in {HYPERCORN}"
    )
    assert "self.run()" in inspect.getsource(tcp_server.TCPServer.__await__)


def test_hypercorn_attributes() -> None:
    """A `TCPServer` has stream and app before ``run``, and takes the app from ``self.app`` in it."""

    async def make() -> Any:
        loop: Any = asyncio.get_running_loop()
        unused: Any = None
        writer: Any = Transport()
        wrapper: Any = app
        return tcp_server.TCPServer(wrapper, loop, unused, unused, unused, unused, writer)

    made = asyncio.run(make())
    assert made.app is app, f"{version('hypercorn')}: find what a TCPServer calls, and replace that in {HYPERCORN}"
    assert isinstance(made.writer, Transport), f"{version('hypercorn')}: find its stream, and read that in {HYPERCORN}"
    assert "self.app," in inspect.getsource(hypercorn_run()), (
        f"{version('hypercorn')}: TCPServer.run no longer passes `self.app` on; find where it gets the app from"
    )


def hypercorn_run() -> Any:
    """`TCPServer.run` as hypercorn wrote it, also where another test has bridged it."""
    run = tcp_server.TCPServer.run
    closure = inspect.getclosurevars(run).nonlocals
    return closure.get("run", run)


@pytest.mark.parametrize(
    ("bridge", "bridged_class", "method"),
    [
        (gunicorn_bridge, ASGIProtocol, "connection_made"),
        (hypercorn_bridge, tcp_server.TCPServer, "run"),
    ],
    ids=["gunicorn", "hypercorn"],
)
def test_install_changes_no_more_than_one_method(bridge: Any, bridged_class: Any, method: str) -> None:
    """`install` is idempotent, and leaves everything of the server's class but one method as it was."""
    before = dict(vars(bridged_class))
    try:
        bridge.install()
        once = dict(vars(bridged_class))
        bridge.install()
        assert dict(vars(bridged_class)) == once
        changed = {name for name in once if once[name] is not before.get(name)}
        assert changed == {method, "_clientcert_installed"}
    finally:
        setattr(bridged_class, method, before[method])
        del bridged_class._clientcert_installed


def test_hypercorn_bridge_hands_everything_on() -> None:
    """The bridged ``run`` wraps the app of this one connection, then runs hypercorn's own."""
    seen: list[Any] = []

    async def run(server: Any) -> None:
        seen.append(server.app)

    server = SimpleNamespace(app=app, writer=Transport())
    asyncio.run(hypercorn_bridge._bridged(run)(server))  # type: ignore[arg-type]  # a coroutine function
    assert isinstance(seen[0], ConnectionApp)
    assert (seen[0].app, seen[0].connection.peer) == (app, ("127.0.0.1", 7))


@pytest.mark.parametrize(
    ("worker", "protocol"),
    [
        (worker_bridge.UvicornWorker, uvicorn_bridge.Auto),
        (worker_bridge.UvicornH11Worker, uvicorn_bridge.H11),
    ],
    ids=lambda value: value.__name__,
)
def test_uvicorn_worker(worker: Any, protocol: Any) -> None:
    """uvicorn-worker makes its configuration with the class's ``CONFIG_KWARGS``, where ``http`` names the protocol."""
    assert "config_kwargs.update(self.CONFIG_KWARGS)" in inspect.getsource(worker.__mro__[1].__init__) or (
        "config_kwargs.update(self.CONFIG_KWARGS)" in inspect.getsource(worker.__mro__[2].__init__)
    ), f"{version('uvicorn-worker')}: find how it makes uvicorn.Config, and give `http` there"
    config = uvicorn.Config(app, http=worker.CONFIG_KWARGS["http"], log_config=None)
    config.load()
    assert config.http_protocol_class is protocol
    # Whatever else it sets stays.
    assert {**worker.__mro__[1].CONFIG_KWARGS, "http": ""} == {**worker.CONFIG_KWARGS, "http": ""}


def test_wsgiref_handler() -> None:
    """The server of wsgiref asks its handler for the environ, and the handler has the socket as ``connection``."""
    assert callable(WSGIRequestHandler.get_environ)
    assert "self.connection = self.request" in inspect.getsource(WSGIRequestHandler.__mro__[2].setup)  # type: ignore[attr-defined]


DAPHNE = """
import daphne.server, daphne.cli, inspect
from twisted.web import http
from twisted.web._http2 import H2Stream
from clientcert.servers import daphne as bridge

server = daphne.server.Server
assert [*inspect.signature(server.create_application).parameters] == ["self", "protocol", "scope"], "create_application"
for module in ("http_protocol", "ws_protocol"):
    source = inspect.getsource(__import__(f"daphne.{module}", fromlist=["x"]))
    assert source.count("self.server.create_application") == 1, f"{module}: another way to the app"
run = inspect.getsource(server.run)
made, ready, started = (run.index(text) for text in ("self.http_factory = ", "self.ready_callable()", "reactor.run("))
assert made < ready < started, "ready_callable is not called between http_factory and the reactor"
assert daphne.cli.CommandLineInterface.server_class is server, "server_class"
assert "self.server = self.server_class(" in inspect.getsource(daphne.cli.CommandLineInterface.run), "server_class"
assert "self._conn = connection" in inspect.getsource(H2Stream.__init__), "H2Stream._conn"
assert H2Stream.transport is None, "H2Stream.transport"
"""


def test_daphne() -> None:
    """Every app call of daphne goes through ``create_application``; the other seams of its bridge are there."""
    # daphne chooses a reactor for the whole process.
    done = subprocess.run([sys.executable, "-c", DAPHNE], capture_output=True, text=True, check=False)
    assert done.returncode == 0, (
        f"{version('daphne')}, {version('Twisted')}: change clientcert/servers/daphne.py, a seam has moved: "
        f"{done.stderr}"
    )
