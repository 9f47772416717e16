"""
Hand uvicorn's TLS peer certificate and the true socket peer to the app.

``uvicorn app:app --http clientcert.servers.uvicorn:Auto``, or ``UVICORN_HTTP``, or ``uvicorn.run(http=...)``. Where
the protocol class is fixed (``--http2``, the command line before uvicorn 0.36), call `install`
in the app module instead.

Three seams of uvicorn are used and no more: its HTTP protocol classes are told of a connection by
``connection_made(transport)``, they call the app they keep in ``self.app``, and they make a WebSocket protocol by
calling ``self.ws_protocol_class``. ``tests/servers/test_uvicorn_seams.py`` holds uvicorn to each.
"""

import asyncio
import importlib
from collections.abc import Callable
from typing import Any

from uvicorn.protocols.http.auto import AutoHTTPProtocol
from uvicorn.protocols.http.h11_impl import H11Protocol

from clientcert.servers.connection import TlsConnection, connection_from_transport
from clientcert.servers.scope import ConnectionApp


class Bridge(asyncio.Protocol):
    """
    Mixin for a uvicorn HTTP protocol class, named first: ``class Mine(Bridge, H11Protocol)``.

    Every ``http`` and ``websocket`` scope of the connection, TLS or plain, then carries its
    `TlsConnection` under `CONNECTION_SCOPE_KEY`.
    """

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Bind the connection to the app before uvicorn can call it."""
        bind(self, transport)
        super().connection_made(transport)


class Auto(Bridge, AutoHTTPProtocol):  # type: ignore[misc, valid-type]  # chosen at import, by uvicorn
    """The HTTP protocol uvicorn itself would choose (httptools where installed, else h11), bridged."""


class H11(Bridge, H11Protocol):
    """uvicorn's ``--http h11``, bridged."""


try:
    from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
except ImportError:
    pass
else:

    class HttpTools(Bridge, HttpToolsProtocol):
        """uvicorn's ``--http httptools``, bridged; absent where httptools is not installed."""


def install() -> None:
    """
    Bridge uvicorn's own HTTP protocol classes in place, in this process.

    For ``--http2`` and wherever a class path cannot be given. Call it while the app module is imported, so that
    it runs in every worker. Calling it twice, or beside `Auto`, changes nothing. It cannot be undone.
    """
    for module, name in _BUILT_IN:
        try:
            protocol_class = getattr(importlib.import_module(module), name)
        except ModuleNotFoundError:
            continue  # h11 is always there; httptools and zttp are extras of uvicorn
        if _INSTALLED not in vars(protocol_class):
            protocol_class.connection_made = _bridged(protocol_class.connection_made)
            setattr(protocol_class, _INSTALLED, True)


def bind(protocol: Any, transport: Any) -> None:
    """
    Make `protocol` call its app with the connection of `transport` in the scope; the last call holds.

    A protocol that keeps no app (a dispatcher) is left alone: its scopes have no connection then, which
    adapters report as an unsupported server and never as "no certificate".
    """
    app = getattr(protocol, "app", None)
    if app is None:
        return
    connection = connection_from_transport(transport)
    protocol.app = ConnectionApp(app.app if type(app) is ConnectionApp else app, connection)
    # An upgrade leaves this protocol for a new object, which takes the app from uvicorn's configuration.
    upgrade = getattr(protocol, "ws_protocol_class", None)
    if upgrade is not None:
        original = upgrade.protocol_class if type(upgrade) is _Upgrade else upgrade
        protocol.ws_protocol_class = _Upgrade(original, connection)


class _Upgrade:
    """Makes the WebSocket protocol of one connection, with that connection's app."""

    __slots__ = ("connection", "protocol_class")

    def __init__(self, protocol_class: Callable[..., Any], connection: TlsConnection) -> None:
        self.protocol_class = protocol_class
        self.connection = connection

    def __call__(self, *args: Any, **keywords: Any) -> Any:
        protocol = self.protocol_class(*args, **keywords)
        app = getattr(protocol, "app", None)
        if app is not None:
            protocol.app = ConnectionApp(app, self.connection)
        return protocol


_INSTALLED = "_clientcert_installed"

_BUILT_IN = (
    ("uvicorn.protocols.http.h11_impl", "H11Protocol"),
    ("uvicorn.protocols.http.httptools_impl", "HttpToolsProtocol"),
    ("uvicorn.protocols.http.zttp_impl", "ZttpProtocol"),
    ("uvicorn.protocols.http.zttp_h2_impl", "ZttpH2Protocol"),
)


def _bridged(connection_made: Callable[[Any, Any], None]) -> Callable[[Any, Any], None]:
    def bridged(self: Any, transport: Any) -> None:
        bind(self, transport)
        connection_made(self, transport)

    return bridged
