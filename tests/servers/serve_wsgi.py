"""WSGI servers that are started from code: ``… SERVER PORT CERTFILE KEYFILE CLIENT_CA VERIFY``."""

import ssl
import sys
from dataclasses import dataclass
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, make_server

from clientcert.servers import ssl_context
from tests.servers.matrix_app import wsgi


@dataclass(frozen=True, slots=True, kw_only=True)
class Listen:
    """Where to listen, and with what."""

    port: int
    certificate: str
    key: str
    client_ca: str
    verify: Any

    @property
    def tls(self) -> ssl.SSLContext:
        """The TLS of every server that takes a context."""
        return ssl_context(self.certificate, self.key, client_ca=self.client_ca, verify=self.verify)


def serve_cheroot(listen: Listen) -> None:
    """CherryPy's server, with its adapter of the standard library's TLS."""
    from cheroot.ssl.builtin import BuiltinSSLAdapter
    from cheroot.wsgi import Server

    server = Server(("127.0.0.1", listen.port), wsgi, timeout=60)
    server.ssl_adapter = BuiltinSSLAdapter(listen.certificate, listen.key)
    server.ssl_adapter.context = listen.tls
    server.start()


def serve_cheroot_pyopenssl(listen: Listen) -> None:
    """The same with its other adapter, which shows no certificate."""
    from cheroot.ssl.pyopenssl import pyOpenSSLAdapter
    from cheroot.wsgi import Server
    from OpenSSL import SSL

    server = Server(("127.0.0.1", listen.port), wsgi)
    server.ssl_adapter = pyOpenSSLAdapter(listen.certificate, listen.key)
    server.ssl_adapter.context = context = SSL.Context(SSL.TLS_SERVER_METHOD)
    context.use_certificate_file(listen.certificate)
    context.use_privatekey_file(listen.key)
    context.load_verify_locations(listen.client_ca)
    context.set_verify(SSL.VERIFY_PEER)
    server.start()


def serve_gevent(listen: Listen) -> None:
    """The server of gevent itself."""
    from gevent.pywsgi import WSGIServer  # type: ignore[import-untyped]

    WSGIServer(("127.0.0.1", listen.port), wsgi, ssl_context=listen.tls).serve_forever()


def serve_wsgiref(listen: Listen) -> None:
    """The standard library's server, with our handler."""
    from clientcert.servers.wsgiref import RequestHandler

    _serve_wsgiref(listen, RequestHandler)


def serve_wsgiref_as_it_comes(listen: Listen) -> None:
    """The standard library's server, with its own handler."""
    _serve_wsgiref(listen, WSGIRequestHandler)


def _serve_wsgiref(listen: Listen, handler: type[WSGIRequestHandler]) -> None:
    with make_server("127.0.0.1", listen.port, wsgi, handler_class=handler) as server:
        server.socket = listen.tls.wrap_socket(server.socket, server_side=True)
        server.serve_forever()


SERVE = {
    "cheroot": serve_cheroot,
    "cheroot-pyopenssl": serve_cheroot_pyopenssl,
    "gevent": serve_gevent,
    "wsgiref": serve_wsgiref,
    "wsgiref-as-it-comes": serve_wsgiref_as_it_comes,
}

if __name__ == "__main__":
    name, listen_port, certificate_file, key_file, ca_file, verify_mode = sys.argv[1:]
    SERVE[name](
        Listen(port=int(listen_port), certificate=certificate_file, key=key_file, client_ca=ca_file, verify=verify_mode)
    )
