"""An app in a thread of this process, behind a listening socket: ASGI by uvicorn, WSGI by the standard library."""

import asyncio
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from inspect import iscoroutinefunction
from socketserver import ThreadingMixIn
from threading import Thread
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

_TIMEOUT_SECONDS = 10.0
_POLL_SECONDS = 0.005


def is_asgi(app: Any) -> bool:
    """Whether an app is an ASGI app; everything else is taken for a WSGI app."""
    return iscoroutinefunction(app) or iscoroutinefunction(getattr(app, "__call__", None))  # noqa: B004 - its kind


@contextmanager
def serve(app: Any, listener: socket.socket) -> Iterator[None]:
    """
    Serve an app on a socket that listens already, TCP or unix, until the block ends.

    Raises:
        TimeoutError: The server did not start, for instance because the app's lifespan failed; the log has why.
    """
    with (_serve_asgi if is_asgi(app) else _serve_wsgi)(app, listener):
        yield


@contextmanager
def _serve_asgi(app: Any, listener: socket.socket) -> Iterator[None]:
    import uvicorn

    # The peer's address is the proof of the proxy: uvicorn's own default would replace it.
    config = uvicorn.Config(app, loop="asyncio", log_config=None, proxy_headers=False)
    server = uvicorn.Server(config)
    thread = Thread(target=asyncio.run, args=(server.serve(sockets=[listener]),), daemon=True)
    thread.start()
    try:
        _wait(lambda: server.started, thread)
        yield
    finally:
        server.should_exit = True
        thread.join(_TIMEOUT_SECONDS)


def _wait(is_ready: Callable[[], bool], thread: Thread) -> None:
    deadline = time.monotonic() + _TIMEOUT_SECONDS
    while not is_ready():
        if time.monotonic() > deadline or not thread.is_alive():
            raise TimeoutError("uvicorn did not start")
        time.sleep(_POLL_SECONDS)


class _Handler(WSGIRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        """Say nothing on standard error."""


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True

    def __init__(self, listener: socket.socket, app: Any) -> None:
        super().__init__(("", 0), _Handler, bind_and_activate=False)
        self.socket.close()
        self.socket = listener
        self.server_name, self.server_port = "localhost", 0
        self.setup_environ()
        self.set_app(app)

    def get_request(self) -> tuple[socket.socket, Any]:
        """Accept; the peer of a unix socket has no address."""
        connection, address = super().get_request()
        return connection, address or ("", 0)


@contextmanager
def _serve_wsgi(app: Any, listener: socket.socket) -> Iterator[None]:
    with _Server(listener, app) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield
        finally:
            server.shutdown()
            thread.join(_TIMEOUT_SECONDS)
