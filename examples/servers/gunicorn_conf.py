"""
gunicorn: ``gunicorn -c examples/servers/gunicorn_conf.py examples.servers.app:app``.

Without this hook gunicorn makes a TLS context and reads all files for each connection, and no session is resumed.
"""

import os
import ssl
from collections.abc import Callable
from typing import Any

from examples.servers.tls import context

worker_class = "gthread"
threads = 8
certfile, keyfile = os.environ["SERVER_CERTIFICATE"], os.environ["SERVER_KEY"]  # that there is TLS at all


def ssl_context(_config: Any, _default: Callable[[], ssl.SSLContext]) -> ssl.SSLContext:
    return context
