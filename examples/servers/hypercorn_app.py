"""
hypercorn: the bridge is installed by the app module, so that it runs in every worker.

    hypercorn --certfile … --keyfile … --ca-certs … --verify-mode CERT_OPTIONAL examples.servers.hypercorn_app:app
"""

import os

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from clientcert.servers import hypercorn
from clientcert.starlette import ClientCertMiddleware

hypercorn.install()


async def whoami(request: Request) -> JSONResponse:
    return JSONResponse({"subject": request.state.client_identity.subject.rfc4514})


app = Starlette(
    routes=[Route("/whoami", whoami)],
    middleware=[Middleware(ClientCertMiddleware, source="tls", trust=os.environ["CLIENT_CA"])],
)
