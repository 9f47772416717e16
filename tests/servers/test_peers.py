"""The true socket peer below every ASGI bridge, and `TrustedNetworks` on it, whatever the server makes of headers."""

import http.client
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

import pytest

from tests.material import evidence
from tests.servers.harness import Client, Pki, RunningServer, running, websocket_echo

FORWARDED = {"X-Forwarded-For": "9.9.9.9", "X-Forwarded-Port": "1", "X-Forwarded-Proto": "https"}
ECHO, INSTALLED = "tests.servers.echo:app", "tests.servers.echo_hypercorn:app"
TCP, UNIX = "127.0.0.1:{port}", "unix:{unix}"
AUTO = ("--http", "clientcert.servers.uvicorn:Auto")


def gunicorn(worker: str) -> tuple[str, ...]:
    """Run gunicorn's command with a worker of ours."""
    return ("gunicorn", ECHO, "-k", f"clientcert.servers.{worker}", "--no-control-socket", "--bind")


# Plain HTTP on TCP, and on a unix socket.
SERVERS: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "gunicorn asgi": ((*gunicorn("gunicorn.ASGIWorker"), TCP), (*gunicorn("gunicorn.ASGIWorker"), UNIX)),
    "gunicorn uvicorn": (
        (*gunicorn("uvicorn_worker.UvicornWorker"), TCP),
        (*gunicorn("uvicorn_worker.UvicornH11Worker"), UNIX),
    ),
    "hypercorn": (("hypercorn", INSTALLED, "--bind", TCP), ("hypercorn", INSTALLED, "--bind", UNIX)),
    "hypercorn uvloop": (
        ("hypercorn", INSTALLED, "-k", "uvloop", "--bind", TCP),
        ("hypercorn", INSTALLED, "-k", "uvloop", "--bind", UNIX),
    ),
    "daphne": (
        ("clientcert.servers.daphne", "--port", "{port}", "--proxy-headers", ECHO),
        ("clientcert.servers.daphne", "-u", "{unix}", "--proxy-headers", ECHO),
    ),
}


@pytest.mark.parametrize("server", SERVERS)
def test_tcp(server: str, tmp_path: Path) -> None:
    """A plain connection has its client's own address, for HTTP and WebSocket, and no certificate."""
    with running(*SERVERS[server][0], folder=tmp_path) as started, Client(started) as client:
        seen = client.get(headers=FORWARDED)
        assert seen["peer"] == client.address
        assert (seen["is_tls"], seen["is_unix"], seen["chain"]) == (False, False, [])
        upgraded = websocket_echo(started, headers=FORWARDED)
        assert (upgraded["peer"][0], upgraded["chain"]) == ("127.0.0.1", [])


@pytest.mark.parametrize("server", SERVERS)
def test_unix(server: str, tmp_path: Path) -> None:
    """A unix socket has no address, and says that it is one."""
    with running(*SERVERS[server][1], folder=tmp_path, unix=True) as started, Client(started) as client:
        seen = client.get(headers=FORWARDED)
    assert (seen["peer"], seen["is_unix"], seen["is_tls"]) == ([None, None], True, False)


# Options of uvicorn, who may speak for a client, what the sender forwards, and what comes of it.
LOOPBACK, ELSEWHERE = "127.0.0.0/16", "10.42.7.3"
TRUSTED: Mapping[str, tuple[tuple[str, ...], str, Mapping[str, str], int, str]] = {
    "bridged, our proxy forwards its client": (AUTO, LOOPBACK, {"X-Forwarded-For": "9.9.9.9"}, 200, ""),
    "bridged, our proxy forwards nobody": (AUTO, LOOPBACK, {}, 200, ""),
    "bridged, a stranger claims to be the proxy": (
        AUTO,
        ELSEWHERE,
        {"X-Forwarded-For": ELSEWHERE},
        401,
        "proxy-not-proven",
    ),
    "not bridged, our proxy forwards its client": (
        (),
        LOOPBACK,
        {"X-Forwarded-For": "9.9.9.9"},
        401,
        "clientcert.servers.uvicorn:Auto",
    ),
    "not bridged, a stranger claims to be the proxy": (
        (),
        ELSEWHERE,
        {"X-Forwarded-For": ELSEWHERE},
        401,
        "peer-address-rewritten",
    ),
    "not bridged, no proxy headers": (("--no-proxy-headers",), LOOPBACK, {"X-Forwarded-For": "9.9.9.9"}, 200, ""),
}


@pytest.mark.parametrize("row", TRUSTED)
def test_trusted_networks_behind_uvicorn(row: str, pki: Pki, tmp_path: Path) -> None:
    """With uvicorn's defaults `TrustedNetworks` works with the bridge, fails closed without it, and is never fooled."""
    options, proxies, headers, status, logged = TRUSTED[row]
    environ = {"PROXIED_TRUST": str(pki.client_ca), "PROXIED_BY": proxies}
    command = ("uvicorn", "tests.servers.proxied_app:app", "--port", "{port}", "--lifespan", "off", *options)
    with running(*command, folder=tmp_path, environ=environ) as server:
        answer = _ask(server, {**headers, **dict(_evidence(pki))})
        log = server.log
    assert (answer[0], logged in log) == (status, True), log
    assert status != 200 or answer[1] == pki.bob.fingerprint_sha256


def _evidence(pki: Pki) -> tuple[tuple[str, str], ...]:
    return evidence(pki.bob, subject="CN=bob", issuer="CN=Clients Root")


def _ask(server: RunningServer, headers: Mapping[str, str]) -> tuple[int, str]:
    with closing(http.client.HTTPConnection("127.0.0.1", int(server.address[1]))) as connection:
        connection.request("GET", "/", headers=dict(headers))
        response = connection.getresponse()
        return response.status, response.read().decode()
