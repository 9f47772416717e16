"""cheroot, which is CherryPy's server: ``APP_SERVER=cheroot python -m examples.servers.cheroot_server PORT``."""

import os
import sys

from cheroot.ssl.builtin import BuiltinSSLAdapter
from cheroot.wsgi import Server

from examples.servers.app import app
from examples.servers.tls import context

server = Server(("127.0.0.1", int(sys.argv[1])), app)
server.ssl_adapter = BuiltinSSLAdapter(os.environ["SERVER_CERTIFICATE"], os.environ["SERVER_KEY"])
server.ssl_adapter.context = context
server.start()
