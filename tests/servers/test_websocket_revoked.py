"""``close_expired_websockets`` on a real server, when a certificate is revoked while its WebSocket is open."""

from pathlib import Path

import pytest

from tests.servers.exchange import Http1, WebSocket, ask, open_tls
from tests.servers.harness import running, uvicorn_options
from tests.servers.launching import settings
from tests.servers.matrix import MatrixPki

APP = "tests.servers.revoking_app:app"


def test_revoked(matrix_pki: MatrixPki, tmp_path: Path) -> None:
    """Its WebSocket is closed with 1008, its kept-alive connection and a new one get 403; those of another go on."""
    pki, crl = matrix_pki, tmp_path / "clients.crl"
    crl.write_bytes(pki.issuing.crl().pem)
    good, other = pki.context("good", "ws", None), pki.context("leaf only", "ws", None)
    environ = settings(pki, "optional") | {"REVOKING_CRL": str(crl)}
    options = ("--port", "{port}", "--http", "clientcert.servers.uvicorn:Auto", *uvicorn_options(pki))
    with (
        running("uvicorn", APP, *options, folder=tmp_path, environ=environ) as server,
        open_tls(server, good) as first,
        open_tls(server, other) as second,
        open_tls(server, good) as third,
    ):
        opened, stays, kept = WebSocket(first), WebSocket(second), Http1(third)
        assert (opened.ask("/wait").status, stays.ask("/wait").status, kept.ask("/").status) == (101, 101, 200)
        replacement = tmp_path / "new.crl"
        replacement.write_bytes(pki.issuing.crl([pki.alice]).pem)
        replacement.replace(crl)
        assert opened.closed() == (1008, "client certificate no longer accepted"), server.log
        assert (kept.ask("/").status, ask(server, good, "h1").status, ask(server, other, "h1").status) == (
            403,
            403,
            200,
        )
        second.settimeout(0.2)
        with pytest.raises(TimeoutError):
            stays.closed()
        assert "revoked" in server.log
