"""The TLS connection of a WSGI request, where the server puts its socket into ``environ``."""

from collections.abc import Mapping
from typing import Any

from clientcert.servers.connection import CONNECTION_SCOPE_KEY, TlsConnection, connection_from_socket

# Only keys that no request header can become: those all start with HTTP_.
_SOCKET_KEYS = ("gunicorn.socket", "werkzeug.socket")


def connection_from_environ(environ: Mapping[str, Any]) -> TlsConnection | None:
    """
    Find the connection of a request; None when this server shows none.

    Reads, in this order: our own bridge below a WSGI-on-ASGI server (``asgi.scope``), gunicorn's socket, Werkzeug's.
    """
    connection = environ.get("asgi.scope", {}).get(CONNECTION_SCOPE_KEY)
    if isinstance(connection, TlsConnection):
        return connection
    for key in _SOCKET_KEYS:
        if key in environ:
            return connection_from_socket(environ[key])
    return None
