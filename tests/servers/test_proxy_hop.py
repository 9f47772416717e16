"""A terminator that encrypts again with its own certificate proves itself by it: `ProxyCertificate` on real servers."""

import http.client
import ssl
from collections.abc import Mapping
from pathlib import Path

import pytest

from clientcert.testing import CertificateAuthority, IssuedCertificate
from tests.material import evidence
from tests.servers.exchange import open_tls
from tests.servers.harness import Pki, RunningServer, running

APP = "tests.servers.proxied_app"
UVICORN = (
    "uvicorn",
    f"{APP}:app",
    "--port",
    "{port}",
    "--lifespan",
    "off",
    "--http",
    "clientcert.servers.uvicorn:Auto",
)
GUNICORN = ("gunicorn", "--bind", "127.0.0.1:{port}", "--no-control-socket")
UVICORN_TLS = ("--ssl-certfile", "--ssl-keyfile", "--ssl-ca-certs", "--ssl-cert-reqs")
GUNICORN_TLS = ("--certfile", "--keyfile", "--ca-certs", "--cert-reqs")
SERVERS: Mapping[str, tuple[tuple[str, ...], tuple[str, ...], str]] = {
    "uvicorn": (UVICORN, UVICORN_TLS, "1"),
    "gunicorn asgi": ((*GUNICORN, "-k", "clientcert.servers.gunicorn.ASGIWorker", f"{APP}:app"), GUNICORN_TLS, "1"),
    "gunicorn gthread": ((*GUNICORN, "-k", "gthread", f"{APP}:wsgi"), GUNICORN_TLS, "1"),
    "hypercorn": (
        ("hypercorn", "--bind", "127.0.0.1:{port}", f"{APP}:app"),
        (*GUNICORN_TLS[:3], "--verify-mode"),
        "CERT_OPTIONAL",
    ),
}


@pytest.mark.parametrize("server", SERVERS)
def test_hop(server: str, pki: Pki, tmp_path: Path) -> None:
    """The proxy speaks for a client; another certificate of the proxies' CA, and nobody's, speak for none."""
    proxies = CertificateAuthority("Proxies")
    command, options, optional = SERVERS[server]
    values = (
        pki.server.certificate,
        pki.server.key,
        proxies.issued.write(tmp_path, name="proxies").certificate,
        optional,
    )
    tls = (part for pair in zip(options, map(str, values), strict=True) for part in pair)
    environ = {"PROXIED_TRUST": str(pki.client_ca), "PROXIED_CA": str(values[2])}
    if server == "hypercorn":
        environ["PROXIED_INSTALL"] = "hypercorn"
    with running(*command, *tls, folder=tmp_path, environ=environ) as started:
        assert _ask(started, pki, proxies.issue("proxy")) == (200, pki.bob.fingerprint_sha256), started.log
        assert _ask(started, pki, proxies.issue("monitoring"))[0] == 401
        assert _ask(started, pki, None)[0] == 401
        assert "proxy-not-proven" in started.log


def _ask(server: RunningServer, pki: Pki, sender: IssuedCertificate | None) -> tuple[int, str]:
    tls: ssl.SSLContext = pki.client_context(sender)
    with open_tls(server, tls) as sock:
        connection = http.client.HTTPConnection("localhost")
        connection.sock = sock
        headers = dict(evidence(pki.bob, subject="CN=bob", issuer="CN=Clients Root"))
        connection.request("GET", "/", headers=headers)
        response = connection.getresponse()
        return response.status, response.read().decode()
