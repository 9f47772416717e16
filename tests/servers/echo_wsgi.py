"""A WSGI app that answers with what `connection_from_socket` says; served by Werkzeug when run as a program."""

import json
import sys
from collections.abc import Iterable
from typing import Any

from clientcert.servers import connection_from_socket, ssl_context


def app(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    """Answer with JSON."""
    connection = connection_from_socket(environ.get("gunicorn.socket") or environ.get("werkzeug.socket"))
    body: dict[str, Any] = {"connected": connection is not None}
    if connection is not None:
        chain = connection.tls_chain()
        body["chain"] = None if chain is None else [der.hex() for der in chain]
        body["peer"], body["is_tls"] = connection.peer, connection.is_tls
    start_response("200 OK", [("Content-Type", "application/json")])
    return [json.dumps(body).encode()]


if __name__ == "__main__":
    from werkzeug.serving import run_simple

    port, certfile, keyfile, client_ca = sys.argv[1:]
    context = ssl_context(certfile, keyfile, client_ca=client_ca, verify="optional")
    run_simple("127.0.0.1", int(port), app, ssl_context=context, threaded=True)
