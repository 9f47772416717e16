from typing import Any

from litestar import Litestar, Request, get

from clientcert import ClientCertConfig
from clientcert.asgi import ClientCertMiddleware, client_identity


@get("/whoami")
async def whoami(request: Request[Any, Any, Any]) -> str:
    client = client_identity(request.scope)  # type: ignore[arg-type]  # Litestar types its scopes more narrowly
    return client.subject.rfc4514 if client else "nobody"


def create_app(config: ClientCertConfig) -> Any:
    # Around the app, not in `middleware=`: that one does not see requests for paths that are not there.
    return ClientCertMiddleware(Litestar([whoami]), config)  # type: ignore[arg-type]
