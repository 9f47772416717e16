"""HTTP/3 on a real QUIC listener: it asks nobody for a certificate, so it gives no data, which is never "none"."""

import asyncio
import json
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from clientcert.servers import recognition
from tests.material import evidence
from tests.servers.exchange import Http1, open_tls
from tests.servers.harness import RunningServer, running
from tests.servers.launching import Verify, hypercorn, settings
from tests.servers.matrix import MatrixPki
from tests.servers.quic import Http3Answer, free_udp_port, http3

LIMIT_SECONDS = 10.0
ROUNDS = 3
WEBSOCKET = {":method": "CONNECT", ":protocol": "websocket", "sec-websocket-version": "13"}


@contextmanager
def serving(pki: MatrixPki, verify: Verify, folder: Path) -> Iterator[tuple[RunningServer, int]]:
    """Run hypercorn, bridged, with both listeners; and the port of the one for QUIC."""
    port = free_udp_port()
    command = hypercorn("--quic-bind", f"127.0.0.1:{port}")(pki, verify)
    environ = settings(pki, verify) | {"MATRIX_INSTALL": "hypercorn"}
    with running(*command, folder=folder, environ=environ) as server:
        yield server, port


def within_limit(steps: Coroutine[Any, Any, None]) -> None:
    """Run until done, or fail: UDP loses what nobody listens to."""
    asyncio.run(asyncio.wait_for(steps, LIMIT_SECONDS))


def is_refused(answer: Http3Answer) -> bool:
    """Whether we have refused it, ourselves, as a server that cannot show a certificate."""
    problem = json.loads(answer.body)
    return (answer.status, problem["type"]) == (500, "urn:clientcert:problem:internal")


@pytest.mark.parametrize("verify", ["optional", "required"])
def test_no_data_is_not_no_certificate(verify: Verify, matrix_pki: MatrixPki, tmp_path: Path) -> None:
    """
    T4: whatever the client has, and whatever TCP asks for, HTTP/3 is an unsupported server, and nobody is anonymous.

    ``--verify-mode CERT_REQUIRED`` does not hold for QUIC: a client without a certificate gets as far as our refusal.
    """
    with serving(matrix_pki, verify, tmp_path) as (server, port):

        async def ask() -> None:
            for client in ("none", "good", "rogue CA"):
                async with http3(port, matrix_pki, matrix_pki.clients[client]) as connection:
                    assert is_refused(await connection.get("/")), server.log
                    assert is_refused(await connection.get("/required")), server.log
                    assert is_refused(await connection.get("/", WEBSOCKET)), server.log

        within_limit(ask())
        log = server.log
    assert log.count(f"rejected server-unsupported: {recognition.HTTP_3}") == 9, log
    assert "Traceback" not in log


def test_identities_stay_with_their_connection(matrix_pki: MatrixPki, tmp_path: Path) -> None:
    """
    Between requests of clients over TCP, who are who they are, no HTTP/3 request is anybody.

    Not for a certificate its client has, not for a header it forges, and not for the address it shares.
    """
    good, forged = matrix_pki.alice, dict(evidence(matrix_pki.alice, subject="CN=alice", issuer="CN=Clients Issuing"))
    with (
        serving(matrix_pki, "optional", tmp_path) as (server, port),
        open_tls(server, matrix_pki.context("good", "h1", None)) as alice,
        open_tls(server, matrix_pki.context("none", "h1", None)) as nobody,
    ):
        over_tcp = [(Http1(alice), good.fingerprint_sha256), (Http1(nobody), None)]

        async def interleave() -> None:
            async with http3(port, matrix_pki, good) as same, http3(port, matrix_pki) as other:
                for _ in range(ROUNDS):
                    for client, who in over_tcp:
                        answer = client.ask("/")
                        assert (answer.status, answer.who) == (200, who), server.log
                        answers = await asyncio.gather(same.get("/"), other.get("/"), other.get("/", forged))
                        assert all(map(is_refused, answers)), server.log

        within_limit(interleave())


def test_tcp_sends_clients_to_http3(matrix_pki: MatrixPki, tmp_path: Path) -> None:
    """With ``--quic-bind`` hypercorn invites the clients of its TCP listener over, which the documentation warns of."""
    with (
        serving(matrix_pki, "optional", tmp_path) as (server, port),
        open_tls(server, matrix_pki.context("good", "h1", None)) as sock,
    ):
        assert Http1(sock).ask("/").status == 200
        sock.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert f'alt-svc: h3=":{port}"' in sock.recv(4_096).decode("ascii")
