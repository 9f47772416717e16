"""aiohttp has a server of its own: `Authenticator` decides, the app answers. For its own TLS: ``source="tls"``."""

from typing import Any

from aiohttp import web

from clientcert import Authenticated, Authenticator, ClientCertConfig, ClientIdentity, Rejected, RequestFacts

CLIENT = web.RequestKey("client", ClientIdentity)


def facts_of(request: web.Request) -> RequestFacts:
    peer, port = (request.get_extra_info("peername") or (None, None))[:2]
    tls = request.get_extra_info("ssl_object")
    chain = tuple(filter(None, [tls.getpeercert(True)])) if tls else None
    return RequestFacts(headers=request.raw_headers, peer=peer, peer_port=port, peer_is_socket=True, tls_chain=chain)


def create_app(config: ClientCertConfig) -> web.Application:
    authenticator = Authenticator(config)

    @web.middleware
    async def client_certificate(request: web.Request, handler: Any) -> Any:
        outcome = authenticator.authenticate(facts_of(request))
        if isinstance(outcome, Rejected):
            return web.Response(status=outcome.status)
        # `request.headers` still has what the proxy wrote: read nothing of the client's from there.
        if isinstance(outcome, Authenticated):
            request[CLIENT] = outcome.identity
        return await handler(request)

    async def whoami(request: web.Request) -> web.Response:
        client = request.get(CLIENT)
        return web.Response(text=client.subject.rfc4514 if client else "nobody")

    app = web.Application(middlewares=[client_certificate])
    app.add_routes([web.get("/whoami", whoami)])
    return app
