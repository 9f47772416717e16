"""
Hand the TLS peer certificate and the true socket peer of gunicorn's own ASGI worker to the app.

``gunicorn -k clientcert.servers.gunicorn.ASGIWorker app:app``. gunicorn's WSGI workers (sync, gthread, gevent) need
nothing: they show their socket. For uvicorn below gunicorn see `clientcert.servers.uvicorn_worker`.

Two seams of gunicorn are used and no more: `ASGIProtocol` is told of a connection by ``connection_made(transport)``,
and calls the app it keeps in ``self.app``. ``tests/servers/test_seams.py`` holds gunicorn to both.
"""

from collections.abc import Callable
from typing import Any

from gunicorn.asgi.protocol import ASGIProtocol  # type: ignore[import-untyped]
from gunicorn.workers import gasgi  # type: ignore[import-untyped]

from clientcert.servers.connection import connection_from_transport
from clientcert.servers.scope import ConnectionApp

_INSTALLED = "_clientcert_installed"


class ASGIWorker(gasgi.ASGIWorker):  # type: ignore[misc]  # untyped
    """gunicorn's ``-k asgi``, bridged: HTTP/1.1, HTTP/2 and WebSocket, on asyncio or uvloop."""

    def init_process(self) -> None:
        """Bridge the protocol of this worker process, then start it."""
        install()
        super().init_process()


def install() -> None:
    """Bridge gunicorn's ASGI protocol in place, in this process; a second call changes nothing."""
    if _INSTALLED not in vars(ASGIProtocol):
        ASGIProtocol.connection_made = _bridged(ASGIProtocol.connection_made)
        setattr(ASGIProtocol, _INSTALLED, True)


def _bridged(connection_made: Callable[[Any, Any], None]) -> Callable[[Any, Any], None]:
    def bridged(self: Any, transport: Any) -> None:
        # First: for HTTP/2, connection_made itself starts the task that calls the app.
        self.app = ConnectionApp(self.app, connection_from_transport(transport))
        connection_made(self, transport)

    return bridged
