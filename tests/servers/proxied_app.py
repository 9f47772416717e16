"""
An app behind a proxy that writes headers, as ASGI and as WSGI: ``PROXIED_TRUST`` is the CA file of its clients.

The proxy proves itself by its address (``PROXIED_BY``, networks) or its certificate (``PROXIED_CA``, name ``proxy``).
"""

import importlib
import os
from typing import Any

import clientcert.asgi
import clientcert.wsgi
from clientcert.config import ClientCertConfig
from clientcert.core.proxy_certificate import ProxyCertificate

if "PROXIED_INSTALL" in os.environ:
    importlib.import_module(f"clientcert.servers.{os.environ['PROXIED_INSTALL']}").install()

_PROOF: Any = os.environ.get("PROXIED_BY", "").split(",")
if "PROXIED_CA" in os.environ:
    _PROOF = ProxyCertificate(trust=os.environ["PROXIED_CA"], names=["proxy"])
_CONFIG = ClientCertConfig(source="ingress-nginx", trust=os.environ["PROXIED_TRUST"], trusted_proxies=_PROOF)


async def _app(scope: Any, _receive: Any, send: Any) -> None:
    body = scope["client_identity"].fingerprint_sha256.encode()
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": body})


def _wsgi(environ: dict[str, Any], start_response: Any) -> list[bytes]:
    start_response("200 OK", [])
    return [environ["clientcert.identity"].fingerprint_sha256.encode()]


_asgi = clientcert.asgi.ClientCertMiddleware(_app, _CONFIG)
wsgi = clientcert.wsgi.ClientCertMiddleware(_wsgi, _CONFIG)


async def app(scope: Any, receive: Any, send: Any) -> None:
    """Leave the lifespan to nobody."""
    if scope["type"] == "lifespan":
        raise NotImplementedError
    await _asgi(scope, receive, send)
