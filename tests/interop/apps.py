"""
The apps behind the terminator: each says who it thinks the client is, and which headers it should not have seen.

A path is ``/<framework>/<configuration>/…``; the same configurations stand under ``/asgi/`` and ``/wsgi/``.
"""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from clientcert.asgi import ASGIApp, ClientCertMiddleware, Receive, Scope, Send
from clientcert.config import ClientCertConfig
from clientcert.core.identity import ClientIdentity
from clientcert.core.proxy import SharedSecret, TrustedNetworks, UnixSocket
from clientcert.core.sources.nginx import IngressNginx, Nginx
from clientcert.runtime.events import Event
from clientcert.wsgi import ClientCertMiddleware as WsgiClientCertMiddleware
from clientcert.wsgi import Environ, StartResponse, WSGIApp
from tests.interop.clients import CLOCK

# nginx connects from here; everybody else on this machine from 127.0.0.1.
PROXY_ADDRESS = "127.0.0.2"
SECRET_HEADER = "x-clientcert-proxy"
SECRET = "interop-secret-0123456789abcdef-0123456789"

PASS, NO_PASS = IngressNginx(pass_certificate=True), IngressNginx(pass_certificate=False)

CONFIGURATIONS: dict[str, dict[str, Any]] = {
    "pass-unix": {"source": PASS, "trusted_proxies": UnixSocket()},
    "pass-tcp": {"source": PASS, "trusted_proxies": [TrustedNetworks(PROXY_ADDRESS)]},
    "nopass-unix": {"source": NO_PASS, "trusted_proxies": UnixSocket()},
    "nopass-tcp": {"source": NO_PASS, "trusted_proxies": [TrustedNetworks(PROXY_ADDRESS)]},
    "optional-unix": {"source": PASS, "trusted_proxies": UnixSocket(), "mode": "optional"},
    "secret-unix": {"source": PASS, "trusted_proxies": [UnixSocket(), SharedSecret(SECRET, header=SECRET_HEADER)]},
    # The sidecar of proxies.md: certificate and verdict, the two DN headers blanked or not.
    "sidecar-unix": {"source": Nginx(), "trusted_proxies": UnixSocket()},
    # uvicorn's defaults rewrite exactly this peer.
    "pass-loopback": {"source": PASS, "trusted_proxies": ["127.0.0.1"]},
}


def configurations(folder: Path) -> dict[str, ClientCertConfig]:
    """Every configuration, trusting what nginx trusts, at the captures' time; refusals go to ``events.log``."""

    def record(event: Event) -> None:
        with (folder / "events.log").open("a", encoding="ascii") as log:
            log.write(f"{event.instance} {event.reason}\n")

    common: dict[str, Any] = {
        "trust": folder / "trust.pem",
        "intermediates": folder / "intermediates.pem",
        "clock": lambda: CLOCK,
        "on_event": record,
    }
    return {name: ClientCertConfig(**common, **own) for name, own in CONFIGURATIONS.items()}


def reason_of(instance: str, folder: Path) -> str:
    """The reason behind a refusal, by the ``instance`` that its client was told."""
    lines = (folder / "events.log").read_text(encoding="ascii").splitlines()
    return dict(line.split(" ", 1) for line in lines)[instance]


def describe(identity: ClientIdentity | None, header_names: Iterable[str]) -> dict[str, Any]:
    """What an app answers: the identity, and the names it saw that only the middleware may see."""
    # Letters alone: no spelling with other separators may hide.
    letters = {name: "".join(filter(str.isalnum, name.lower())) for name in header_names}
    leaked = [name for name, text in letters.items() if text.removeprefix("http").startswith(("ssl", "xclientcert"))]
    if identity is None:
        return {"identity": None, "leaked": leaked}
    known = {
        "subject": identity.subject.rfc4514,
        "serial_number": identity.serial_number,
        "fingerprint_sha256": identity.fingerprint_sha256,
        "level": identity.evidence.level.name,
        "verdict": identity.evidence.verdict,
        "proxy": list(identity.evidence.proxy),
    }
    return {"identity": known, "leaked": leaked}


async def echo_asgi(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer http with what `describe` says, and a websocket with the same as one text message."""
    names = [name.decode("latin-1") for name, _ in scope["headers"]]
    text = json.dumps(describe(scope.get("client_identity"), names))
    if scope["type"] == "websocket":
        await send({"type": "websocket.accept"})
        await send({"type": "websocket.send", "text": text})
        await send({"type": "websocket.close"})
        return
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"application/json")]})
    await send({"type": "http.response.body", "body": text.encode()})


async def raw_asgi(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer with the header list exactly as received: no middleware, no trust."""
    pairs = [[name.decode("latin-1"), value.decode("latin-1")] for name, value in scope["headers"]]
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": json.dumps(pairs).encode()})


def asgi_app(folder: Path) -> ASGIApp:
    """All configurations and ``raw``, chosen by the second segment of the path."""
    apps = {name: ClientCertMiddleware(echo_asgi, config) for name, config in configurations(folder).items()}

    async def dispatch(scope: Scope, receive: Receive, send: Send) -> None:
        app = apps.get(scope["path"].split("/")[2], raw_asgi)
        await app(scope, receive, send)

    return dispatch


def echo_wsgi(environ: Environ, start_response: StartResponse) -> list[bytes]:
    """Answer with what `describe` says."""
    names = [key for key in environ if key.startswith("HTTP_")]
    body = json.dumps(describe(environ.get("clientcert.identity"), names)).encode()
    start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
    return [body]


def wsgi_app(folder: str) -> WSGIApp:
    """All configurations under ``/wsgi/``, and Django with one of them under ``/django/``."""
    apps: dict[str, WSGIApp] = {
        name: WsgiClientCertMiddleware(echo_wsgi, config) for name, config in configurations(Path(folder)).items()
    }
    django = _django_app(configurations(Path(folder))["pass-unix"])

    def dispatch(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        _, framework, name, *_ = environ["PATH_INFO"].split("/")
        return (django if framework == "django" else apps[name])(environ, start_response)

    return dispatch


def _django_app(config: ClientCertConfig) -> WSGIApp:
    # Django's settings belong to the process, so this is imported and called in the server's alone.
    from django.conf import settings
    from django.core.wsgi import get_wsgi_application
    from django.http import HttpRequest, JsonResponse
    from django.urls import re_path

    def whoami(request: HttpRequest) -> JsonResponse:
        seen = [*request.META, *request.headers]
        names = [name for name in seen if name.startswith("HTTP_") or not name.isupper()]
        return JsonResponse(describe(getattr(request, "client_identity", None), names))

    settings.configure(
        ALLOWED_HOSTS=["*"],
        ROOT_URLCONF=(re_path("", whoami),),
        MIDDLEWARE=["clientcert.django.ClientCertMiddleware"],
        CLIENTCERT=config,
    )
    return get_wsgi_application()
