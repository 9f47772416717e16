"""wsgiref, for development: ``python -m examples.servers.wsgiref_server PORT``."""

import sys
from wsgiref.simple_server import make_server

from clientcert.servers.wsgiref import RequestHandler
from examples.servers.app import app
from examples.servers.tls import context

with make_server("127.0.0.1", int(sys.argv[1]), app, handler_class=RequestHandler) as server:
    server.socket = context.wrap_socket(server.socket, server_side=True)
    server.serve_forever()
