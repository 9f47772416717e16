"""
The apps behind the snippets, configured by the Python lines that the snippets print.

A path is ``/<terminator>/<seat>``. Each app answers with who it thinks the client is, the headers it saw, and the
headers as they came to its server.
"""

import json
from collections.abc import Iterable
from pathlib import Path
from types import SimpleNamespace

from clientcert.asgi import ASGIApp, ClientCertMiddleware, Receive, Scope, Send
from clientcert.cli.snippet_text import SECRET_VARIABLE, python_keywords
from clientcert.config import ClientCertConfig
from clientcert.core.identity import ClientIdentity
from clientcert.core.proxy import SharedSecret, UnixSocket
from clientcert.runtime.events import Event
from clientcert.wsgi import ClientCertMiddleware as WsgiClientCertMiddleware
from clientcert.wsgi import Environ, StartResponse, WSGIApp
from tests.interop.clients import CLOCK
from tests.interop.snippets import KINDS, SEATS, SECRET, options

Pairs = list[list[str]]


def configurations(folder: Path, framework: str) -> dict[tuple[str, str], ClientCertConfig]:
    """``(terminator, seat)`` → what the snippet tells the app to be; refusals go to ``events.log``."""

    def record(event: Event) -> None:
        with (folder / "events.log").open("a", encoding="ascii") as log:
            log.write(f"{event.instance} {event.reason}\n")

    names = {"UnixSocket": UnixSocket, "SharedSecret": SharedSecret}
    environment = SimpleNamespace(environ={SECRET_VARIABLE: SECRET})
    found = {}
    for kind in KINDS:
        for seat in (seat for seat in SEATS.values() if seat.framework == framework):
            lines = python_keywords(kind, options(kind, seat, folder))
            keywords = eval(f"dict({' '.join(lines)})", names | {"os": environment})  # noqa: S307 - our own output
            found[kind, seat.name] = ClientCertConfig(**keywords, clock=lambda: CLOCK, on_event=record)
    return found


def describe(identity: ClientIdentity | None, seen: Pairs, received: Pairs) -> bytes:
    """What an app answers."""
    known = identity and {
        "subject": identity.subject.rfc4514,
        "serial_number": identity.serial_number,
        "fingerprint_sha256": identity.fingerprint_sha256,
        "proxy": list(identity.evidence.proxy),
    }
    return json.dumps({"identity": known, "seen": seen, "received": received}).encode()


def asgi_app(folder: Path) -> ASGIApp:
    """All seats of all terminators behind uvicorn."""
    apps = {key: ClientCertMiddleware(_echo_asgi, config) for key, config in configurations(folder, "asgi").items()}

    async def dispatch(scope: Scope, receive: Receive, send: Send) -> None:
        _, kind, seat = scope["path"].split("/")
        await apps[kind, seat]({**scope, "test.received": _pairs(scope)}, receive, send)

    return dispatch


async def _echo_asgi(scope: Scope, receive: Receive, send: Send) -> None:
    body = describe(scope.get("client_identity"), _pairs(scope), scope["test.received"])
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"application/json")]})
    await send({"type": "http.response.body", "body": body})


def _pairs(scope: Scope) -> Pairs:
    return [[name.decode("latin-1"), value.decode("latin-1")] for name, value in scope["headers"]]


def wsgi_app(folder: str) -> WSGIApp:
    """The seats behind gunicorn."""
    apps: dict[tuple[str, str], WSGIApp] = {
        key: WsgiClientCertMiddleware(_echo_wsgi, config)
        for key, config in configurations(Path(folder), "wsgi").items()
    }

    def dispatch(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        _, kind, seat = environ["PATH_INFO"].split("/")
        environ["test.received"] = _variables(environ)
        return apps[kind, seat](environ, start_response)

    return dispatch


def _echo_wsgi(environ: Environ, start_response: StartResponse) -> list[bytes]:
    body = describe(environ.get("clientcert.identity"), _variables(environ), environ["test.received"])
    start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
    return [body]


def _variables(environ: Environ) -> Pairs:
    # Back to the spelling of HTTP, as far as WSGI lets one know it.
    pairs = ((key.removeprefix("HTTP_"), value) for key, value in environ.items() if key.startswith("HTTP_"))
    return [[name.replace("_", "-").lower(), value] for name, value in pairs]
