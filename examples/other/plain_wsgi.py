from collections.abc import Iterable
from typing import Any

from clientcert import ClientCertConfig
from clientcert.wsgi import ClientCertMiddleware, client_identity


def whoami(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    client = client_identity(environ)
    start_response("200 OK", [("content-type", "text/plain; charset=utf-8")])
    return [client.subject.rfc4514.encode() if client else b"nobody"]


def create_app(config: ClientCertConfig) -> Any:
    return ClientCertMiddleware(whoami, config)
