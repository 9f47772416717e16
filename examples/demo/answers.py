"""Ask an app over a real connection, and put down what came back."""

import json
import socket
import ssl
from collections.abc import Iterable, Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from http.client import HTTPException, HTTPResponse
from pathlib import Path

from clientcert.testing.issued import CertificateFiles

LOOPBACK = "127.0.0.1"
SERVER_NAME = "localhost"
# An app that has only just been started answers when it has imported its framework.
TIMEOUT_SECONDS = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """
    What one request came to.

    Attributes:
        status: HTTP status; None where no HTTP came back.
        text: Who the app saw, or why it was refused: the operator's Reason, which the client is not told.
        identity: The whole answer of ``/whoami``.
    """

    status: int | None
    text: str
    identity: Mapping[str, str] | None = None


def tls_client(server_ca: Path, client: CertificateFiles | None) -> ssl.SSLContext:
    """Make a TLS client that trusts one authority and presents `client`, or nothing."""
    # Not create_default_context(): since Python 3.13 it refuses a CA without keyUsage, as `openssl req -x509` makes it.
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(server_ca)
    if client is not None:
        context.load_cert_chain(client.chain, client.key)
    return context


def ask(
    port: int, *, reasons: Path, path: str = "/whoami", tls: ssl.SSLContext | None = None, headers: Iterable[bytes] = ()
) -> Answer:
    """
    Send one GET on a connection of its own.

    Args:
        port: TCP port on loopback.
        reasons: What the app logs, a line ``<instance> <reason>`` for every request that it refused.
        path: Of the request.
        tls: The client; None speaks plain HTTP.
        headers: Header lines, sent byte by byte as given.
    """
    request = b"\r\n".join((f"GET {path} HTTP/1.1".encode(), b"Host: " + SERVER_NAME.encode(), *headers, b"", b""))
    try:
        with ExitStack() as stack:
            connection = stack.enter_context(socket.create_connection((LOOPBACK, port), TIMEOUT_SECONDS))
            if tls is not None:
                connection = stack.enter_context(tls.wrap_socket(connection, server_hostname=SERVER_NAME))
            # In TLS 1.3 the server may have refused us and gone already: then its alert is there to be read.
            with suppress(ConnectionError, ssl.SSLError):
                connection.sendall(request)
            response = stack.enter_context(HTTPResponse(connection, method="GET"))
            response.begin()
            return _answer(response, reasons)
    except TimeoutError:
        return Answer(status=None, text=f"no answer in {TIMEOUT_SECONDS:.0f} s")
    except (OSError, HTTPException) as exc:
        return Answer(status=None, text="connection closed" if tls is None else _tls_refusal(exc))


def _tls_refusal(error: Exception) -> str:
    if not isinstance(error, ssl.SSLError) or isinstance(error, ssl.SSLEOFError):
        return "TLS refused without an alert"
    # OpenSSL's words: TLSV1_ALERT_UNKNOWN_CA, SSLV3_ALERT_CERTIFICATE_EXPIRED.
    _, is_alert, description = (error.reason or "").partition("_ALERT_")
    return f"TLS alert: {description.lower().replace('_', ' ')}" if is_alert else f"TLS error: {error}"


def _answer(response: HTTPResponse, reasons: Path) -> Answer:
    body = response.read().decode("utf-8", "replace")
    match response.getheader("Content-Type"):
        case "application/problem+json":
            return Answer(status=response.status, text=_reason(json.loads(body)["instance"], reasons))
        case "application/json" if response.status == 200:  # noqa: PLR2004 - OK
            identity = json.loads(body)
            return Answer(status=200, text=identity.get("subject", "no identity"), identity=identity)
    if "<center>nginx" in body:
        title = body.partition("<title>")[2].partition("</title>")[0]
        return Answer(status=response.status, text=f"nginx: {title.removeprefix(f'{response.status} ')}")
    return Answer(status=response.status, text=ascii(body[:40]))


def _reason(instance: str, reasons: Path) -> str:
    lines = reasons.read_text(encoding="ascii").splitlines()
    return dict(line.split(" ", 1) for line in lines).get(instance, f"not logged: {instance}")
