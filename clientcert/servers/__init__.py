"""
Bridges from app servers to the adapters: the TLS peer certificate and the true socket peer.

Importing this package imports no server; each server has its own module.
"""

from clientcert.servers.connection import CONNECTION_SCOPE_KEY, TlsConnection, connection_from_socket
from clientcert.servers.context import ssl_context

__all__ = ["CONNECTION_SCOPE_KEY", "TlsConnection", "connection_from_socket", "ssl_context"]
