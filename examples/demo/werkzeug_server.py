"""
Werkzeug's server with TLS of its own: `python -m examples.demo.werkzeug_server examples.flask_app:app --fd 3 ...`.

For a demonstration only; Werkzeug says of itself that it is no production server. gunicorn takes the same four files
on its command line, see `examples/flask_app.py`.
"""

import argparse
import json
import logging.config
import ssl
from pathlib import Path

from werkzeug.serving import make_server
from werkzeug.utils import import_string

from clientcert.servers import ssl_context


def main() -> None:
    """Serve until killed."""
    parser = argparse.ArgumentParser(description="serve a WSGI app with Werkzeug on an inherited listening socket")
    parser.add_argument("app", help="module:attribute")
    parser.add_argument("--fd", type=int, required=True, help="the listening socket")
    parser.add_argument("--log-config", type=Path, required=True, help="logging configuration, JSON")
    parser.add_argument("--certfile", type=Path, help="the server's certificate; without it the port speaks plain HTTP")
    parser.add_argument("--keyfile", type=Path, help="its key")
    parser.add_argument("--client-ca", type=Path, help="the CAs whose clients are let in")
    options = parser.parse_args()
    logging.config.dictConfig(json.loads(options.log_config.read_text(encoding="utf-8")))
    app = import_string(options.app)
    make_server("127.0.0.1", 0, app, threaded=True, fd=options.fd, ssl_context=_tls(options)).serve_forever()


def _tls(options: argparse.Namespace) -> ssl.SSLContext | None:
    if options.certfile is None:
        return None
    return ssl_context(options.certfile, options.keyfile, client_ca=options.client_ca, verify="optional")


if __name__ == "__main__":
    main()
