"""The TLS peer of a WSGI request: in the server's socket, in a bridge, or in the server's own environ keys."""

import os
import sys
from collections.abc import Mapping
from typing import Any

from clientcert.errors import ConfigurationError
from clientcert.servers.connection import (
    CONNECTION_SCOPE_KEY,
    NO_TLS_DATA,
    TlsConnection,
    connection_from_socket,
)
from clientcert.servers.environ import LEAKED_NAMES, READERS
from clientcert.servers.evidence import TlsEvidence
from clientcert.servers.recognition import unread_wsgi_server
from clientcert.servers.scope import evidence_from_scope

# Only keys that no request header can become: those all start with HTTP_.
_SOCKET_KEYS = ("gunicorn.socket", "werkzeug.socket")

# CVE-2023-40217: a socket closed before its handshake gave the app bytes that nobody had authenticated.
_UNFIXED = (3, 11, 0)
_FIXED = (3, 11, 5)


def evidence_from_environ(environ: Mapping[str, Any], *, server: str | None) -> TlsEvidence:
    """
    Read the TLS peer of a request.

    Args:
        environ: As the server made it.
        server: One of `READERS` reads the keys of that server and nothing else; ``None`` reads everything else.

    Returns:
        No chain at all (``None``), with a note that names the way out, for a server that gives no such data.
        Never raises for anything that a server has put there.
    """
    if server is not None:
        return READERS[server](environ)
    connection = connection_from_environ(environ)
    if connection is not None:
        return connection.evidence()
    scope = environ.get("asgi.scope")
    if isinstance(scope, Mapping):
        return evidence_from_scope(scope)
    if any(key in environ for key in _SOCKET_KEYS):
        return TlsEvidence(note=NO_TLS_DATA)
    return TlsEvidence(note=unread_wsgi_server(environ))


def connection_from_environ(environ: Mapping[str, Any]) -> TlsConnection | None:
    """
    Find the connection of a request; None when this server shows none.

    Reads, in this order: our own bridge (in ``environ``, or in ``asgi.scope`` below a WSGI-on-ASGI server), gunicorn's
    socket, Werkzeug's.
    """
    scope = environ.get("asgi.scope")
    for holder in (environ, scope if isinstance(scope, Mapping) else {}):
        connection = holder.get(CONNECTION_SCOPE_KEY)
        if isinstance(connection, TlsConnection):
            return connection
    for key in _SOCKET_KEYS:
        if key in environ:
            return connection_from_socket(environ[key])
    return None


def check_environment(server: str | None, variables: Mapping[str, str] = os.environ) -> None:
    """
    Refuse to start where a server could take the process environment for its own description of a certificate.

    Args:
        server: One of `READERS`, or None, for which nothing is checked because no bare key is read.
        variables: The process environment.

    Raises:
        ConfigurationError: A variable has a name that `server` uses; some servers copy all of them into environ.
    """
    if server is None:
        return
    leaked = sorted(name for name in variables if name.startswith(LEAKED_NAMES[server]))
    if leaked:
        raise ConfigurationError(
            f"the process environment holds {leaked[0]}, which {server} uses to describe a client certificate; unset it"
        )


def unfixed_python(version: tuple[int, ...] = sys.version_info[:3]) -> str | None:
    """One sentence where this Python's `ssl.SSLSocket` has CVE-2023-40217, which WSGI servers are exposed to."""
    if not _UNFIXED <= tuple(version) < _FIXED:
        return None
    return (
        f"Python {'.'.join(map(str, version))} lets bytes that were sent before a TLS handshake pass for authenticated "
        "ones (CVE-2023-40217); use 3.11.5 or newer, unless your distribution has fixed its own"
    )
