"""One client is never taken for another, whatever connections they share a server with, and however often they ask."""

import ssl
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.servers.exchange import Asking, Http1, Http2, open_tls
from tests.servers.harness import RunningServer
from tests.servers.launching import LAUNCHES, READABLE
from tests.servers.matrix import MatrixPki

CONNECTIONS = 100
ROUNDS = 3
# Every third client comes without a certificate.
ANONYMOUS_EVERY = 3


@pytest.fixture(scope="session")
def clients(matrix_pki: MatrixPki) -> list[tuple[ssl.SSLContext, str | None]]:
    """A hundred clients, each with a certificate of its own or none, and the fingerprint that the app must see."""
    found: list[tuple[ssl.SSLContext, str | None]] = []
    for number in range(CONNECTIONS):
        issued = matrix_pki.issuing.issue(f"client {number}") if number % ANONYMOUS_EVERY else None
        found.append((matrix_pki.client_context(issued), None if issued is None else issued.fingerprint_sha256))
    return found


class Kept:
    """A client that keeps its connection for as long as the server does."""

    def __init__(self, stack: ExitStack, server: RunningServer, tls: ssl.SSLContext) -> None:
        self._stack, self._server, self._tls = stack, server, tls
        self._connection: Asking | None = None

    def ask(self) -> tuple[int | None, str | None]:
        """Ask once more: status, and who the app saw."""
        if self._connection is None:
            self._connection = Http1(self._stack.enter_context(open_tls(self._server, self._tls)))
        answer = self._connection.ask("/")
        if answer.closes:
            self._connection = None
        return answer.status, answer.who


@pytest.mark.parametrize("server", READABLE)
def test_interleaved_connections(
    server: str, clients: list[tuple[ssl.SSLContext, str | None]], matrix_pki: MatrixPki, tmp_path: Path
) -> None:
    """A hundred connections that take turns, three times over, each show their own client."""
    with LAUNCHES[server].serve(matrix_pki, "optional", tmp_path) as running, ExitStack() as stack:
        kept = [(Kept(stack, running, tls), who) for tls, who in clients]
        for turn in (kept, kept[::-1], kept[::2] + kept[1::2]):
            for client, who in turn:
                assert client.ask() == (200, who), running.log[-2_000:]


@pytest.mark.parametrize("server", [name for name in READABLE if "h2" in LAUNCHES[name].over])
def test_interleaved_streams(
    server: str, clients: list[tuple[ssl.SSLContext, str | None]], matrix_pki: MatrixPki, tmp_path: Path
) -> None:
    """Streams of ten HTTP/2 connections that take turns each show the client of their connection."""
    with LAUNCHES[server].serve(matrix_pki, "optional", tmp_path) as running, ExitStack() as stack:
        opened = [(_http2(stack, running, tls), who) for tls, who in clients[:10]]
        for _ in range(ROUNDS):
            for client, who in opened:
                answer = client.ask("/")
                assert (answer.status, answer.who) == (200, who)


def _http2(stack: ExitStack, server: RunningServer, tls: ssl.SSLContext) -> Http2:
    tls.set_alpn_protocols(["h2"])
    try:
        return Http2(stack.enter_context(open_tls(server, tls)))
    finally:
        tls.set_alpn_protocols(["http/1.1"])
