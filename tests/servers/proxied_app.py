"""An app behind a proxy that proves itself by its address: ``PROXIED_TRUST`` (CA file), ``PROXIED_BY`` (networks)."""

import os
from typing import Any

from clientcert.asgi import ClientCertMiddleware


async def _app(scope: Any, _receive: Any, send: Any) -> None:
    body = scope["client_identity"].fingerprint_sha256.encode()
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": body})


app = ClientCertMiddleware(
    _app,
    source="ingress-nginx",
    trust=os.environ["PROXIED_TRUST"],
    trusted_proxies=os.environ["PROXIED_BY"].split(","),
)
