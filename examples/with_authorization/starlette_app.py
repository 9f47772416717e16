"""Starlette with roles as scopes, and a rule around a mount; served as `fastapi_app` is."""

from starlette.applications import Starlette
from starlette.authentication import requires
from starlette.middleware import Middleware
from starlette.middleware.authentication import AuthenticationMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Mount, Route

from clientcert import ClientCertConfig
from clientcert.starlette import ClientCertBackend, RequireMiddleware, install, require
from examples.with_authorization.policy import everyone, operators, roles


@require(everyone)
async def read_orders(request: Request) -> JSONResponse:
    return JSONResponse({"subject": request.user.display_name})


@requires("operators")
async def ops(request: Request) -> JSONResponse:  # noqa: ARG001 - `requires` looks for this name
    return JSONResponse({"subject": "operators only"})


async def report(request: Request) -> JSONResponse:
    return JSONResponse({"scopes": request.auth.scopes})


async def healthz(_request: Request) -> JSONResponse:
    return JSONResponse({"status": "ok"})


app = Starlette(
    routes=[
        Route("/orders", read_orders),
        Route("/ops", ops),
        Mount("/reports", routes=[Route("/1", report)], middleware=[Middleware(RequireMiddleware, operators)]),
        Route("/healthz", healthz),
    ],
    middleware=[Middleware(AuthenticationMiddleware, backend=ClientCertBackend(roles))],
)
install(app, ClientCertConfig.from_env(exempt=["/healthz"]))
