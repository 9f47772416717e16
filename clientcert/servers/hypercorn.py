"""
Hand hypercorn's TLS peer certificate and the true socket peer to the app: HTTP/1.1, HTTP/2 and WebSocket.

Call `install` in the app module, so that it runs in every worker. It serves the ``asyncio`` and ``uvloop`` worker
classes, and nonecorn, which takes hypercorn's place under the same name. Connections of the ``trio`` worker and of
HTTP/3 (``--quic-bind``) stay without a certificate, and are refused as an unsupported server.

Two seams of hypercorn are used and no more: a `TCPServer` holds its connection's stream in ``self.writer`` before
``run()``, and takes the app to call from ``self.app`` in it. ``tests/servers/test_seams.py`` holds hypercorn to both.
"""

from collections.abc import Awaitable, Callable
from typing import Any

from hypercorn.asyncio.tcp_server import TCPServer

from clientcert.servers.connection import connection_from_transport
from clientcert.servers.scope import ConnectionApp

_INSTALLED = "_clientcert_installed"


def install() -> None:
    """Bridge hypercorn in place, in this process; a second call changes nothing."""
    if _INSTALLED not in vars(TCPServer):
        # Assigned by name: mypy would not have a method replaced.
        setattr(TCPServer, "run", _bridged(TCPServer.run))  # noqa: B010
        setattr(TCPServer, _INSTALLED, True)


def _bridged(run: Callable[[Any], Awaitable[None]]) -> Callable[[Any], Awaitable[None]]:
    async def bridged(self: Any) -> None:
        self.app = ConnectionApp(self.app, connection_from_transport(self.writer))
        await run(self)

    return bridged
