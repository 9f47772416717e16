"""
Show the connection of the standard library's development server to the app.

``make_server(host, port, app, handler_class=clientcert.servers.wsgiref.RequestHandler)``, then give its socket TLS:
``server.socket = ssl_context(...).wrap_socket(server.socket, server_side=True)``. For development only.
"""

from typing import Any
from wsgiref.simple_server import WSGIRequestHandler

from clientcert.servers.connection import CONNECTION_SCOPE_KEY, connection_from_socket


class RequestHandler(WSGIRequestHandler):
    """wsgiref's handler, with the connection in ``environ``."""

    def get_environ(self) -> dict[str, Any]:
        """Add the connection; without one, adapters report an unsupported server."""
        environ = super().get_environ()
        connection = connection_from_socket(self.connection)
        if connection is not None:
            environ[CONNECTION_SCOPE_KEY] = connection
        return environ
