"""Evidence of the two clients that the framework tests know, and requests with it."""

from base64 import urlsafe_b64encode
from typing import Any

from clientcert.testing import IssuedCertificate
from tests.driving import Answer, ASGIApp, WSGIApp, ask_asgi, ask_wsgi, environ, http_scope, websocket_scope
from tests.material import ADMIN, ADMIN_DN, ALICE, ALICE_DN, NOBODY, Pairs, evidence


def thumbprint_of(client: IssuedCertificate) -> str:
    """The certificate's thumbprint, as RFC 8705 §3.1 writes it."""
    return urlsafe_b64encode(bytes.fromhex(client.fingerprint_sha256)).decode().rstrip("=")


_SUBJECTS = {ALICE.fingerprint_sha256: ALICE_DN, ADMIN.fingerprint_sha256: ADMIN_DN}


def headers_of(client: IssuedCertificate | None) -> Pairs:
    """What ingress-nginx sends for a client, or for nobody."""
    return NOBODY if client is None else evidence(client, subject=_SUBJECTS[client.fingerprint_sha256])


def get(app: ASGIApp, path: str, client: IssuedCertificate | None = ALICE, *more: tuple[str, str]) -> Answer:
    """Ask an ASGI app."""
    return ask_asgi(app, http_scope((*headers_of(client), *more), path=path))


def connect(app: ASGIApp, path: str, client: IssuedCertificate | None = ALICE, *, denial: bool = True) -> Answer:
    """Ask an ASGI app for a WebSocket."""
    return ask_asgi(app, websocket_scope(headers_of(client), path=path, denial=denial))


def get_wsgi(app: WSGIApp, path: str, client: IssuedCertificate | None = ALICE, **more: Any) -> Answer:
    """Ask a WSGI app."""
    return ask_wsgi(app, environ(headers_of(client), path=path, **more))
