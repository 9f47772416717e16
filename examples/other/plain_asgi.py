from typing import Any

from clientcert import ClientCertConfig
from clientcert.asgi import ClientCertMiddleware, client_identity


async def whoami(scope: Any, _receive: Any, send: Any) -> None:
    client = client_identity(scope)
    body = client.subject.rfc4514.encode() if client else b"nobody"
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/plain")]})
    await send({"type": "http.response.body", "body": body})


def create_app(config: ClientCertConfig) -> Any:
    return ClientCertMiddleware(whoami, config)
