"""What stands before an app in a test: proxy and server of whoever a test client acts as."""

from collections.abc import Iterable

from clientcert.asgi import ASGIApp, Receive, Scope, Send
from clientcert.testing.acting import Acting
from clientcert.wsgi import Environ, StartResponse, WSGIApp


class AsgiFront:
    """An ASGI app that gives each request to another one as its client's; lifespan passes untouched."""

    def __init__(self, app: ASGIApp, acting: Acting) -> None:
        self.app = app
        self._acting = acting

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Call the app."""
        delivery = None if scope["type"] == "lifespan" else self._acting.delivery()
        await self.app(scope if delivery is None else delivery.scope(scope), receive, send)


class WsgiFront:
    """A WSGI app that gives each request to another one as its client's."""

    def __init__(self, app: WSGIApp, acting: Acting) -> None:
        self.app = app
        self._acting = acting

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Call the app."""
        delivery = self._acting.delivery()
        return self.app(environ if delivery is None else delivery.environ(environ), start_response)
