"""
The app of the matrix, as users write it: our middleware, and an answer that says whom it has seen.

Configured by the environment: ``MATRIX_TRUST`` (CA file), ``MATRIX_MODE``, ``MATRIX_SERVER`` (of `TLSSocket`),
``MATRIX_INSTALL`` (the bridge to install). At ``/required`` a certificate is required in any mode; ``/localhost`` and
``/elsewhere`` are served under one host name each.
"""

import importlib
import json
import os
from collections.abc import Iterable
from typing import Any, Literal

from flask import Flask

import clientcert.asgi
import clientcert.wsgi
from clientcert.config import ClientCertConfig
from clientcert.core.identity import ClientIdentity
from clientcert.core.sources import TLSSocket

if "MATRIX_INSTALL" in os.environ:
    importlib.import_module(f"clientcert.servers.{os.environ['MATRIX_INSTALL']}").install()


async def asgi_app(scope: Any, receive: Any, send: Any) -> None:
    """Say who it is, over HTTP or as the first message of a WebSocket."""
    body = _answer(scope["client_identity"])
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.accept"})
        await send({"type": "websocket.send", "text": body.decode()})
        if scope["path"] == "/wait":
            await receive()
        await send({"type": "websocket.close"})
        return
    length = str(len(body)).encode()
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", length)]})
    await send({"type": "http.response.body", "body": body})


def wsgi_app(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    """Say who it is."""
    body = _answer(environ["clientcert.identity"])
    start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
    return [body]


def _answer(identity: ClientIdentity | None) -> bytes:
    return json.dumps({"who": identity and identity.fingerprint_sha256}).encode()


def _config(mode: Literal["required", "optional"], server: str | None = None, *hosts: str) -> ClientCertConfig:
    source, trust = TLSSocket(server=server), os.environ["MATRIX_TRUST"]
    return ClientCertConfig(source=source, trust=trust, mode=mode, allowed_hosts=hosts)


_MODE: Any = os.environ["MATRIX_MODE"]
_HOSTS = {"/localhost": "localhost", "/elsewhere": "elsewhere.example"}
_ASGI = {
    "/required": clientcert.asgi.ClientCertMiddleware(asgi_app, _config("required")),
    **{
        path: clientcert.asgi.ClientCertMiddleware(asgi_app, _config(_MODE, None, host))
        for path, host in _HOSTS.items()
    },
    "/wait": clientcert.asgi.ClientCertMiddleware(asgi_app, _config(_MODE), close_expired_websockets=True),
}
_ASGI_OTHERWISE = clientcert.asgi.ClientCertMiddleware(asgi_app, _config(_MODE))
_SERVER = os.environ.get("MATRIX_SERVER")
_WSGI = {
    "/required": clientcert.wsgi.ClientCertMiddleware(wsgi_app, _config("required", _SERVER)),
    **{
        path: clientcert.wsgi.ClientCertMiddleware(wsgi_app, _config(_MODE, _SERVER, host))
        for path, host in _HOSTS.items()
    },
}
_WSGI_OTHERWISE = clientcert.wsgi.ClientCertMiddleware(wsgi_app, _config(_MODE, _SERVER))


async def asgi(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Dispatch to the mode of the path."""
    if scope["type"] != "lifespan":
        await _ASGI.get(scope["path"], _ASGI_OTHERWISE)(scope, receive, send)
        return
    while scope["type"] == "lifespan":
        event = (await receive())["type"]
        await send({"type": f"{event}.complete"})
        if event == "lifespan.shutdown":
            return


def wsgi(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    """Dispatch to the mode of the path."""
    return _WSGI.get(environ["PATH_INFO"], _WSGI_OTHERWISE)(environ, start_response)


application = wsgi
flask = Flask(__name__)
flask.wsgi_app = wsgi  # type: ignore[method-assign]  # as Flask documents
