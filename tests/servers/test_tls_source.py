"""The source ``tls`` through the ASGI and the WSGI adapter: what the app server says decides, and headers never do."""

from typing import Any

import pytest

import clientcert.asgi
import clientcert.wsgi
from clientcert.config import ClientCertConfig
from clientcert.errors import Reason
from clientcert.runtime.events import Event
from clientcert.servers.connection import CONNECTION_SCOPE_KEY, TlsConnection
from tests import driving
from tests import material as m

ALICE = m.ALICE.pem.decode("ascii")
EXTENSIONS: dict[str, tuple[dict[str, Any] | None, int, Reason | None]] = {
    "good": ({"client_cert_chain": [ALICE]}, 200, None),
    "X8: certificate with an error": (
        {"client_cert_chain": [ALICE], "client_cert_error": "self-signed"},
        403,
        Reason.PROXY_VERDICT_FAILED,
    ),
    "X8: error alone": ({"client_cert_chain": [], "client_cert_error": "expired"}, 403, Reason.PROXY_VERDICT_FAILED),
    "X9: empty chain, forged headers": ({"client_cert_chain": []}, 401, Reason.NO_CERTIFICATE),
    "name alone": ({"client_cert_name": "CN=admin"}, 500, Reason.SERVER_UNSUPPORTED),
    "garbage": ({"client_cert_chain": ["CN=admin"]}, 500, Reason.SERVER_UNSUPPORTED),
    "DER that is no certificate": ({"client_cert": b"0\x00"}, 400, Reason.CERTIFICATE_MALFORMED),
    "no extension": (None, 500, Reason.SERVER_UNSUPPORTED),
    "expired": ({"client_cert": m.EXPIRED.der}, 403, Reason.CERTIFICATE_EXPIRED),
    "stranger": ({"client_cert": m.STRANGERS.der}, 403, Reason.ISSUER_UNKNOWN),
}
# Every request carries them: a proxy's word about somebody else.
FORGED = m.evidence(m.ADMIN, subject=m.ADMIN_DN)


def config(reasons: list[Reason | None], **changes: Any) -> ClientCertConfig:
    """Settings that read the connection, and a hook that collects reasons."""

    def collect(event: Event) -> None:
        reasons.append(event.reason)

    return m.config(source="tls", trusted_proxies=None, on_event=collect, **changes)


async def app(scope: Any, _receive: Any, send: Any) -> None:
    """Answer with the fingerprint of the client."""
    identity = scope["client_identity"]
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": (identity.fingerprint_sha256 if identity else "").encode()})


def ask(scope: dict[str, Any], **changes: Any) -> tuple[int, Reason | None, bytes]:
    """Status, reason, and who the app saw."""
    reasons: list[Reason | None] = []
    middleware = clientcert.asgi.ClientCertMiddleware(app, config(reasons, **changes))
    answer = driving.ask_asgi(middleware, scope)
    return answer.status, reasons[-1], answer.body if answer.status == driving.ACCEPTED else b""


@pytest.mark.parametrize("row", EXTENSIONS)
def test_extension(row: str) -> None:
    """The standard extension decides, against every header, and what it leaves open is refused."""
    tls, status, reason = EXTENSIONS[row]
    extensions = {} if tls is None else {"tls": tls}
    who = m.ALICE.fingerprint_sha256.encode() if status == driving.ACCEPTED else b""
    assert ask(driving.http_scope(FORGED, extensions=extensions)) == (status, reason, who)


@pytest.mark.parametrize("row", EXTENSIONS)
def test_extension_where_certificates_are_optional(row: str) -> None:
    """Only "no certificate" makes an anonymous client; a server without data does not."""
    tls, status, reason = EXTENSIONS[row]
    extensions = {} if tls is None else {"tls": tls}
    expected = 200 if reason is Reason.NO_CERTIFICATE else status
    assert ask(driving.http_scope(FORGED, extensions=extensions), mode="optional")[:2] == (expected, reason)


def connection(chain: tuple[bytes, ...] | None, *, asks: bool = True) -> TlsConnection:
    """A TLS connection of a bridge."""
    return TlsConnection(peer=("127.0.0.1", 1), is_tls=True, asks_for_certificate=asks, _chain=chain)


CONNECTIONS: dict[str, tuple[TlsConnection, int, Reason | None]] = {
    "leaf": (connection((m.ALICE.der,)), 200, None),
    "T2, T6: none": (connection(()), 401, Reason.NO_CERTIFICATE),
    "T8: never asked": (connection((), asks=False), 401, Reason.CERTIFICATE_NOT_REQUESTED),
    "closed": (connection(None), 500, Reason.SERVER_UNSUPPORTED),
    "no TLS": (TlsConnection(peer=("127.0.0.1", 1)), 401, Reason.NO_CERTIFICATE),
}


@pytest.mark.parametrize("row", CONNECTIONS)
def test_bridge(row: str) -> None:
    """What a bridge says decides, also where the server fills the extension with somebody else."""
    bridged, status, reason = CONNECTIONS[row]
    other = {"tls": {"client_cert": m.ADMIN.der}}
    scope = driving.http_scope(FORGED, extensions=other) | {CONNECTION_SCOPE_KEY: bridged}
    assert ask(scope)[:2] == (status, reason)


@pytest.mark.parametrize("row", CONNECTIONS)
def test_bridge_below_wsgi(row: str) -> None:
    """The same in a WSGI environ, where the bridge of wsgiref and WSGI-on-ASGI servers put it."""
    bridged, status, reason = CONNECTIONS[row]
    for holder in ({CONNECTION_SCOPE_KEY: bridged}, {"asgi.scope": {CONNECTION_SCOPE_KEY: bridged}}):
        reasons: list[Reason | None] = []
        answer = driving.ask_wsgi(_wsgi(reasons), driving.environ(FORGED) | holder)
        assert (answer.status, reasons[-1]) == (status, reason)


def _wsgi(reasons: list[Reason | None]) -> clientcert.wsgi.ClientCertMiddleware:
    def wsgi(_environ: Any, start_response: Any) -> list[bytes]:
        start_response("200 OK", [])
        return []

    return clientcert.wsgi.ClientCertMiddleware(wsgi, config(reasons))


def test_never_asked_is_explained() -> None:
    """T8: the refusal names the setting, and is loud: every client of this server is refused."""
    seen: list[Event] = []
    made = m.config(source="tls", trusted_proxies=None, on_event=seen.append)
    scope = driving.http_scope() | {CONNECTION_SCOPE_KEY: connection((), asks=False)}
    driving.ask_asgi(clientcert.asgi.ClientCertMiddleware(app, made), scope)
    lines = seen[0].outcome.explain()  # type: ignore[union-attr]  # nobody is authenticated here
    assert any("--ssl-cert-reqs 1" in line for line in lines)
    assert any("--cert-reqs 1" in line for line in lines)
    assert any("--verify-mode" in line for line in lines)
    assert any("ssl_context(" in line for line in lines)
