"""The uvicorn bridge on real servers: command line, environment, workers, every protocol class, TLS and plain."""

import asyncio
import ssl
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest

from clientcert.testing import IssuedCertificate
from tests.servers.harness import (
    ECHO_APP,
    SERVER_NAME,
    TLS_VERSIONS,
    Client,
    Pki,
    RunningServer,
    chain_of,
    resumed,
    running,
    uvicorn_options,
    websocket_echo,
)

AUTO = "clientcert.servers.uvicorn:Auto"
FORWARDED = {"X-Forwarded-For": "9.9.9.9", "X-Forwarded-Proto": "https"}

# Six servers hold every pair of HTTP implementation, event loop and WebSocket implementation.
SETUPS = (
    ("H11", "asyncio", "websockets"),
    ("H11", "uvloop", "websockets-sansio"),
    ("H11", "uvloop", "wsproto"),
    ("HttpTools", "asyncio", "websockets-sansio"),
    ("HttpTools", "asyncio", "wsproto"),
    ("HttpTools", "uvloop", "websockets"),
)
IMPLEMENTATIONS = {
    "H11": "h11_impl",
    "HttpTools": "httptools_impl",
    "websockets": "websockets_impl",
    "websockets-sansio": "websockets_sansio_impl",
    "wsproto": "wsproto_impl",
}


@pytest.fixture(scope="module", params=SETUPS, ids="-".join)
def setup(
    request: pytest.FixtureRequest, pki: Pki, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[RunningServer, tuple[str, str, str]]]:
    """Start one TLS server with a certificate optional, for each of the setups."""
    http, loop, ws = request.param
    choice = ("--http", f"clientcert.servers.uvicorn:{http}", "--loop", loop, "--ws", ws)
    folder = tmp_path_factory.mktemp("uvicorn")
    with running("uvicorn", ECHO_APP, "--port", "{port}", *choice, *uvicorn_options(pki), folder=folder) as server:
        yield server, request.param


@pytest.fixture(scope="module")
def tls_server(setup: tuple[RunningServer, tuple[str, str, str]]) -> RunningServer:
    """Only the server of a setup."""
    return setup[0]


def test_the_named_implementations_run(setup: tuple[RunningServer, tuple[str, str, str]], pki: Pki) -> None:
    """A setup runs the HTTP, loop and WebSocket implementation that its name says."""
    server, (http, loop, ws) = setup
    with Client(server, pki.client_context()) as client:
        seen = client.get()
    upgraded = websocket_echo(server, pki.client_context())
    assert (seen["protocol"], seen["loop"]) == (IMPLEMENTATIONS[http], loop)
    assert upgraded["protocol"] == IMPLEMENTATIONS[ws]


def test_no_certificate(tls_server: RunningServer, pki: Pki) -> None:
    """A TLS client without a certificate is an empty chain on a connection that asked for one."""
    with Client(tls_server, pki.client_context()) as client:
        seen = client.get()
    assert (seen["chain"], seen["is_tls"], seen["asks_for_certificate"]) == ([], True, True)


@pytest.mark.parametrize("version", TLS_VERSIONS)
def test_certificate(tls_server: RunningServer, pki: Pki, version: str) -> None:
    """A full handshake shows the leaf first and the intermediate that the client sent."""
    with Client(tls_server, pki.client_context(pki.alice, version=TLS_VERSIONS[version])) as client:
        assert chain_of(client.get()) == (pki.alice.der, pki.issuing.issued.der)


@pytest.mark.parametrize("version", TLS_VERSIONS)
def test_resumed_session(tls_server: RunningServer, pki: Pki, version: str) -> None:
    """A resumed session shows the leaf, and no intermediate."""
    with resumed(tls_server, pki.client_context(pki.alice, version=TLS_VERSIONS[version])) as client:
        assert chain_of(client.get()) == (pki.alice.der,)


def test_session_reuse_is_what_the_client_says(tls_server: RunningServer, pki: Pki) -> None:
    """The control for resumption: without a session given, a second connection is a full handshake."""
    tls = pki.client_context(pki.alice, version=ssl.TLSVersion.TLSv1_3)
    for _ in range(2):
        with Client(tls_server, tls) as client:
            assert chain_of(client.get()) == pki.alice.chain


def test_unverified_certificate_never_arrives(tls_server: RunningServer, pki: Pki) -> None:
    """A certificate of an unknown authority ends the handshake even where a certificate is optional."""
    alone = IssuedCertificate(der=pki.alice.der, key=pki.alice.key)  # its issuer neither sent nor known
    with pytest.raises((ssl.SSLError, ConnectionError)), Client(tls_server, pki.client_context(alone)) as client:
        client.get()


def test_interleaved_connections_never_mix(tls_server: RunningServer, pki: Pki) -> None:
    """Three rounds over twelve kept-alive connections show each connection its own client and peer."""
    contexts = (
        (pki.client_context(pki.alice), pki.alice.chain),
        (pki.client_context(pki.bob), pki.bob.chain),
        (pki.client_context(), ()),
    )
    with ExitStack() as stack:
        clients = [(stack.enter_context(Client(tls_server, tls)), chain) for tls, chain in contexts * 4]
        for _ in range(3):
            for client, chain in clients:
                seen = client.get()
                assert (chain_of(seen), seen["peer"]) == (chain, client.address)


def test_websocket(tls_server: RunningServer, pki: Pki) -> None:
    """A WebSocket has the certificate of the connection it was upgraded on."""
    seen = websocket_echo(tls_server, pki.client_context(pki.alice))
    assert (seen["type"], chain_of(seen)) == ("websocket", pki.alice.chain)


def test_websocket_without_certificate(tls_server: RunningServer, pki: Pki) -> None:
    """A WebSocket of a client without a certificate is an empty chain, also right after one with a certificate."""
    websocket_echo(tls_server, pki.client_context(pki.alice))
    assert websocket_echo(tls_server, pki.client_context())["chain"] == []


def test_peer_is_the_socket_behind_proxy_headers(tls_server: RunningServer, pki: Pki) -> None:
    """Where uvicorn's defaults have rewritten ``client``, for HTTP and WebSocket, `peer` is still the socket's."""
    with Client(tls_server, pki.client_context()) as client:
        seen = client.get(headers=FORWARDED)
        assert (seen["client"], seen["peer"]) == (["9.9.9.9", 0], client.address)
    upgraded = websocket_echo(tls_server, pki.client_context(), FORWARDED)
    assert (upgraded["client"], upgraded["peer"][0]) == (["9.9.9.9", 0], "127.0.0.1")


def test_closed_connections_are_forgotten(tls_server: RunningServer, pki: Pki) -> None:
    """After a hundred closed connections only the open one is in memory."""
    contexts = pki.client_context(pki.alice), pki.client_context()
    for _ in range(50):
        for tls in contexts:
            with Client(tls_server, tls) as client:
                client.get()
    with Client(tls_server, contexts[0]) as client:
        # The server learns of the last closed ones a moment later.
        assert any(client.get("/alive")["alive"] == 1 for _ in range(20))


@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
def test_plain_connection(tmp_path: Path, loop: str) -> None:
    """A plain connection has no certificate, is not TLS, and shows the socket's peer behind proxy headers."""
    options = ("--port", "{port}", "--http", AUTO, "--loop", loop)
    with running("uvicorn", ECHO_APP, *options, folder=tmp_path) as server, Client(server) as client:
        seen = client.get(headers=FORWARDED)
        expected = {"chain": [], "is_tls": False, "is_unix": False, "peer": client.address}
        assert seen["client"] == ["9.9.9.9", 0]
        assert {name: seen[name] for name in expected} == expected
        upgraded = websocket_echo(server, headers=FORWARDED)
        assert (upgraded["client"], upgraded["peer"][0]) == (["9.9.9.9", 0], "127.0.0.1")


@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
def test_unix_socket(tmp_path: Path, loop: str) -> None:
    """A unix socket has no peer address and says so, for HTTP and WebSocket."""
    options = ("--uds", "{unix}", "--http", AUTO, "--loop", loop)
    with running("uvicorn", ECHO_APP, *options, folder=tmp_path, unix=True) as server, Client(server) as client:
        for seen in (client.get(headers=FORWARDED), websocket_echo(server, headers=FORWARDED)):
            assert (seen["is_unix"], seen["peer"], seen["chain"]) == (True, [None, None], [])


def test_tls_over_unix_socket(tmp_path: Path, pki: Pki) -> None:
    """TLS on a unix socket shows certificate and socket alike."""
    options = ("--uds", "{unix}", "--http", AUTO, *uvicorn_options(pki))
    with (
        running("uvicorn", ECHO_APP, *options, folder=tmp_path, unix=True) as server,
        Client(server, pki.client_context(pki.bob)) as client,
    ):
        seen = client.get()
    assert (seen["is_unix"], seen["is_tls"], chain_of(seen)) == (True, True, pki.bob.chain)


def test_inherited_tcp_socket_is_not_unix(tmp_path: Path) -> None:
    """A TCP socket given by ``--fd``, which uvicorn labels AF_UNIX, never passes for a unix socket."""
    command = ("tests.servers.serve_inherited_socket", "{port}")
    with running(*command, folder=tmp_path) as server, Client(server) as client:
        seen = client.get()
        assert (seen["is_unix"], seen["peer"]) == (False, client.address)


def test_environment_variable(tmp_path: Path, pki: Pki) -> None:
    """``UVICORN_HTTP`` in the place of ``--http`` bridges the server."""
    options = ("uvicorn", ECHO_APP, "--port", "{port}", *uvicorn_options(pki))
    with (
        running(*options, folder=tmp_path, environ={"UVICORN_HTTP": AUTO}) as server,
        Client(server, pki.client_context(pki.bob)) as client,
    ):
        assert chain_of(client.get()) == pki.bob.chain


def test_without_the_bridge_there_is_no_connection(tmp_path: Path, pki: Pki) -> None:
    """Stock uvicorn gives no connection at all, which is not the same as one without a certificate."""
    options = ("uvicorn", ECHO_APP, "--port", "{port}", *uvicorn_options(pki))
    with running(*options, folder=tmp_path) as server, Client(server, pki.client_context(pki.bob)) as client:
        assert client.get()["bridged"] is False


def test_run_with_our_context(tmp_path: Path, pki: Pki) -> None:
    """``uvicorn.run(http=…, ssl_context_factory=…)`` with `ssl_context` serves clients with and without."""
    files = map(str, (pki.server.certificate, pki.server.key, pki.client_ca))
    with running("tests.servers.serve_uvicorn", "{port}", *files, folder=tmp_path) as server:
        for certificate, chain in ((pki.alice, pki.alice.chain), (None, ())):
            with Client(server, pki.client_context(certificate)) as client:
                assert chain_of(client.get()) == chain


def test_workers(tmp_path: Path, pki: Pki) -> None:
    """Both workers of ``--workers 2`` are bridged, over HTTP and WebSocket."""
    options = ("--port", "{port}", "--http", AUTO, "--workers", "2")
    alice = pki.client_context(pki.alice)
    with running("uvicorn", ECHO_APP, *options, *uvicorn_options(pki), folder=tmp_path) as server:
        processes: set[int] = set()
        for _ in range(400):
            with Client(server, alice) as client:
                seen = client.get()
            assert chain_of(seen) == pki.alice.chain
            assert chain_of(websocket_echo(server, alice)) == pki.alice.chain
            processes.add(seen["process"])
            if len(processes) == 2:
                return
    pytest.fail(f"one worker has taken every connection: {server.log}")


@pytest.mark.parametrize("http", ["h11", "httptools", AUTO], ids=["h11", "httptools", "beside-auto"])
def test_install(tmp_path: Path, pki: Pki, http: str) -> None:
    """`install` in the app module bridges uvicorn's own classes, also where `Auto` does too."""
    options = ("--port", "{port}", "--http", http, *uvicorn_options(pki))
    alice = pki.client_context(pki.alice)
    with running("uvicorn", "tests.servers.echo_installed:app", *options, folder=tmp_path) as server:
        with Client(server, alice) as client:
            assert [chain_of(client.get()) for _ in range(2)] == [pki.alice.chain] * 2
        assert chain_of(websocket_echo(server, alice)) == pki.alice.chain


def test_install_for_http2(tmp_path: Path, pki: Pki) -> None:
    """`install` bridges ``--http2``: each of many streams, HTTP/1.1 on the same port, and WebSockets."""
    options = ("--port", "{port}", "--http", "zttp", "--http2", *uvicorn_options(pki))
    alice = pki.client_context(pki.alice)
    with running("uvicorn", "tests.servers.echo_installed:app", *options, folder=tmp_path) as server:
        for seen in asyncio.run(_http2(server, pki)):
            assert (seen["http_version"], chain_of(seen)) == ("2", pki.alice.chain)
        with Client(server, alice) as client:
            seen = client.get()
            assert (seen["http_version"], chain_of(seen)) == ("1.1", pki.alice.chain)
        assert chain_of(websocket_echo(server, alice)) == pki.alice.chain


async def _http2(server: RunningServer, pki: Pki) -> list[Any]:
    url = f"https://{SERVER_NAME}:{server.address[1]}/"
    async with httpx.AsyncClient(verify=pki.client_context(pki.alice), http2=True, trust_env=False) as client:
        first = await client.get(url)
        later = await asyncio.gather(*(client.get(url) for _ in range(8)))
    return [response.json() for response in (first, *later)]


def test_uvicorn_asks_for_nothing_by_default(tmp_path: Path, pki: Pki) -> None:
    """A TLS server that never asks for a certificate is told from a client that has none."""
    options = ("--port", "{port}", "--http", AUTO, *uvicorn_options(pki)[:4])
    with (
        running("uvicorn", ECHO_APP, *options, folder=tmp_path) as server,
        Client(server, pki.client_context(pki.bob)) as client,
    ):
        seen = client.get()
    assert (seen["chain"], seen["is_tls"], seen["asks_for_certificate"]) == ([], True, False)
