"""
uvicorn with two sites on one port, each with its own client CA, chosen by the name in the handshake: ``… PORT FOLDER``.

``/site`` belongs to the site that ``Host`` names. ``/any`` and ``/listed`` trust both CAs; ``/listed`` is for one host.
"""

import os
import ssl
import sys
from pathlib import Path
from typing import Any

import uvicorn

from clientcert.asgi import ClientCertMiddleware
from clientcert.servers import ssl_context
from tests.servers.matrix_app import asgi_app

SITES = ("a.localhost", "b.localhost")
_FOLDER = Path(os.environ["SITES_FOLDER"])


def _trusting(*sites: str, **settings: Any) -> ClientCertMiddleware:
    trust = b"".join((_FOLDER / f"{site}-clients.crt").read_bytes() for site in sites)
    return ClientCertMiddleware(asgi_app, source="tls", trust=trust, **settings)


_BY_HOST = {site.encode(): _trusting(site) for site in SITES}
_BY_PATH = {"/any": _trusting(*SITES), "/listed": _trusting(*SITES, allowed_hosts=SITES[:1])}


async def app(scope: Any, receive: Any, send: Any) -> None:
    """Find the site."""
    site = _BY_PATH.get(scope["path"]) or _BY_HOST[dict(scope["headers"])[b"host"]]
    await site(scope, receive, send)


def tls() -> ssl.SSLContext:
    """The first site's context, which hands a handshake for the other over to the other's."""
    contexts = {
        site: ssl_context(_FOLDER / "server.crt", _FOLDER / "server.key", client_ca=_FOLDER / f"{site}-clients.crt")
        for site in SITES
    }

    def choose(connection: Any, name: str | None, _: ssl.SSLContext) -> None:
        connection.context = contexts[name or SITES[0]]

    contexts[SITES[0]].sni_callback = choose
    return contexts[SITES[0]]


if __name__ == "__main__":
    uvicorn.run(
        "tests.servers.serve_sites:app",
        http="clientcert.servers.uvicorn:Auto",
        port=int(sys.argv[1]),
        lifespan="off",
        ssl_context_factory=lambda _config, _default: tls(),
    )
