from typing import Any

import falcon
import falcon.asgi

from clientcert import ClientCertConfig, asgi, wsgi


class Whoami:
    def on_get(self, request: Any, response: Any) -> None:
        client = wsgi.client_identity(request.env)
        response.text = client.subject.rfc4514 if client else "nobody"


class AsyncWhoami:
    async def on_get(self, request: Any, response: Any) -> None:
        client = asgi.client_identity(request.scope)
        response.text = client.subject.rfc4514 if client else "nobody"


def create_app(config: ClientCertConfig) -> Any:
    app = falcon.App()
    app.add_route("/whoami", Whoami())
    return wsgi.ClientCertMiddleware(app, config)


def create_asgi_app(config: ClientCertConfig) -> Any:
    app = falcon.asgi.App()
    app.add_route("/whoami", AsyncWhoami())
    return asgi.ClientCertMiddleware(app, config)  # type: ignore[arg-type]
