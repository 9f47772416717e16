from typing import Any

from quart import Quart, request

from clientcert import ClientCertConfig
from clientcert.asgi import ClientCertMiddleware, client_identity


def create_app(config: ClientCertConfig) -> Any:
    app = Quart(__name__)
    app.asgi_app = ClientCertMiddleware(app.asgi_app, config)  # type: ignore[method-assign,assignment,arg-type]

    @app.get("/whoami")
    async def whoami() -> str:
        client = client_identity(request.scope)  # type: ignore[arg-type]
        return client.subject.rfc4514 if client else "nobody"

    return app
