"""`connection_from_socket`: below real WSGI servers, and over sockets in every state."""

import os
import socket
import ssl
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from clientcert.servers import connection_from_socket
from tests.servers.handshakes import CLIENTS, server_context, tcp_pair, tls_pair
from tests.servers.harness import Client, Pki, RunningServer, chain_of, running

APP = "tests.servers.echo_wsgi:app"
WERKZEUG = "werkzeug"


@pytest.fixture(scope="module", params=["sync", "gthread", WERKZEUG])
def server(
    request: pytest.FixtureRequest, pki: Pki, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningServer]:
    """A TLS server with a certificate optional: gunicorn with each worker, or Werkzeug."""
    command = werkzeug(pki) if request.param == WERKZEUG else gunicorn(request.param, pki)
    with running(*command, folder=tmp_path_factory.mktemp("wsgi")) as started:
        yield started


def gunicorn(worker: str, pki: Pki) -> tuple[str, ...]:
    """The command line of gunicorn for TLS with an optional client certificate."""
    return (
        *("gunicorn", APP, "--bind", "127.0.0.1:{port}", "--worker-class", worker, "--threads", "2"),
        *("--certfile", str(pki.server.certificate), "--keyfile", str(pki.server.key)),
        *("--ca-certs", str(pki.client_ca), "--cert-reqs", str(int(ssl.CERT_OPTIONAL))),
    )


def werkzeug(pki: Pki) -> tuple[str, ...]:
    """Werkzeug's development server with `ssl_context`."""
    files = map(str, (pki.server.certificate, pki.server.key, pki.client_ca))
    return ("tests.servers.echo_wsgi", "{port}", *files)


@pytest.mark.parametrize("client", CLIENTS)
def test_chain_and_peer(server: RunningServer, pki: Pki, client: str) -> None:
    """The app sees the chain that the client sent, or none, and the client's own address."""
    certificate = CLIENTS[client](pki)
    with Client(server, pki.client_context(certificate)) as connected:
        seen, address = connected.get(), connected.address
    assert chain_of(seen) == (() if certificate is None else certificate.chain)
    assert (seen["peer"], seen["is_tls"]) == (address, True)


def test_plain_gunicorn(tmp_path: Path) -> None:
    """A plain socket is no TLS and has no certificate, which is data."""
    with running("gunicorn", APP, "--bind", "127.0.0.1:{port}", folder=tmp_path) as plain, Client(plain) as client:
        assert client.get() == {"connected": True, "chain": [], "peer": client.address, "is_tls": False}


@pytest.mark.parametrize("client", CLIENTS)
def test_socket_is_read_eagerly(pki: Pki, client: str) -> None:
    """A TLS socket's connection keeps chain and peer after the server has closed it."""
    issued = CLIENTS[client](pki)
    with tls_pair(server_context(pki), pki.client_context(issued)) as (sock, far):
        address = far.getsockname()
        connection = connection_from_socket(sock)
        sock.close()
    assert connection is not None
    assert connection.tls_chain() == (() if issued is None else issued.chain)
    assert (connection.peer, connection.is_tls, connection.asks_for_certificate) == (address, True, True)


@pytest.mark.parametrize("client", CLIENTS)
def test_further_requests_on_a_socket(pki: Pki, client: str) -> None:
    """What a socket has said is kept with it, and only for as long as it is open."""
    issued = CLIENTS[client](pki)
    with (
        tls_pair(server_context(pki), pki.client_context(issued)) as (sock, _),
        tls_pair(server_context(pki), pki.client_context(pki.root.issue("other"))) as (other, _),
    ):
        first, *later = (connection_from_socket(each) for each in (sock, other, sock))
        assert first is not None
        assert later[1] is first
        assert later[0] is not first
        assert first.tls_chain() == (() if issued is None else issued.chain)
        sock.close()
        assert connection_from_socket(sock) is None
        assert connection_from_socket(other) is later[0]


class Swapping:
    """A socket whose client changes, as by post-handshake authentication."""

    def __init__(self, *sockets: ssl.SSLSocket) -> None:
        self.sockets = [*sockets]

    def __getattr__(self, name: str) -> Any:
        # Nothing of ours is on them.
        return getattr(self.sockets[0], name)


@pytest.mark.parametrize(("before", "after"), [("none", "intermediate-sent"), ("intermediate-sent", "issuer-not-sent")])
def test_certificate_presented_later(pki: Pki, before: str, after: str) -> None:
    """The leaf is read at each request: one that is presented later, or another, is seen with all of its chain."""
    contexts = [pki.client_context(CLIENTS[client](pki)) for client in (before, after)]
    with tls_pair(server_context(pki), contexts[0]) as (one, _), tls_pair(server_context(pki), contexts[1]) as (two, _):
        sock = Swapping(one, two)
        for client in (before, after):
            issued, connection = CLIENTS[client](pki), connection_from_socket(sock)
            assert connection is not None
            assert connection.tls_chain() == (() if issued is None else issued.chain)
            del sock.sockets[0]
            sock.sockets.append(one)


def test_closed_tls_socket_is_no_data(pki: Pki) -> None:
    """A TLS socket that is closed already is "no data"."""
    with tls_pair(server_context(pki), pki.client_context(pki.alice)) as (sock, _):
        sock.close()
        assert connection_from_socket(sock) is None


def test_unfinished_handshake_on_a_socket_is_no_data(pki: Pki) -> None:
    """A TLS socket before its handshake is "no data"."""
    context = server_context(pki)
    with (
        tcp_pair() as (near, _),
        context.wrap_socket(near, server_side=True, do_handshake_on_connect=False) as sock,
    ):
        assert connection_from_socket(sock) is None


def test_tls_socket_whose_client_is_gone(pki: Pki) -> None:
    """A client that has left does not take its certificate with it."""
    with tls_pair(server_context(pki), pki.client_context(pki.bob)) as (sock, far):
        far.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        far.close()
        connection = connection_from_socket(sock)
    assert connection is not None
    assert connection.tls_chain() == pki.bob.chain


def test_plain_socket() -> None:
    """A plain socket has no certificate and its true peer; closed, it is "no data"."""
    with tcp_pair() as (accepted, client):
        connection = connection_from_socket(accepted)
        assert connection is not None
        assert (connection.is_tls, connection.tls_chain(), connection.peer) == (False, (), client.getsockname())
    assert connection_from_socket(accepted) is None


def test_unix_socket(tmp_path: Path) -> None:
    """A unix socket has no address, and says that it is one."""
    with socket.socket(socket.AF_UNIX) as listener, socket.socket(socket.AF_UNIX) as client:
        listener.bind(str(tmp_path / "s"))
        listener.listen()
        client.connect(listener.getsockname())
        with listener.accept()[0] as accepted:
            connection = connection_from_socket(accepted)
    assert connection is not None
    assert (connection.is_unix, connection.peer) == (True, (None, None))


def test_mislabelled_socket_is_not_unix() -> None:
    """A TCP socket that Python labels AF_UNIX is still a TCP socket."""
    with (
        tcp_pair() as (accepted, client),
        socket.socket(socket.AF_UNIX, fileno=os.dup(accepted.fileno())) as mislabelled,
    ):
        connection = connection_from_socket(mislabelled)
        assert connection is not None
        assert (connection.is_unix, connection.peer) == (False, client.getsockname())


class Wrapper:
    """A TLS library's own socket: names and descriptors pass through, ``getpeercert`` is not there."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock

    def __getattr__(self, name: str) -> Any:
        return getattr(self.sock, name)


class Broken:
    """An object that has ``getpeercert`` and nothing else."""

    getpeercert = bytes


@pytest.mark.parametrize("other", [None, "socket", object(), Broken()], ids=["none", "text", "object", "broken"])
def test_other_objects_are_no_data(other: object) -> None:
    """What is no socket is "no data", without an exception."""
    assert connection_from_socket(other) is None


def test_unknown_socket_wrapper_is_no_data() -> None:
    """A wrapper that may be TLS without saying so never passes for a plain socket; the socket in it does."""
    with tcp_pair() as (accepted, _):
        assert connection_from_socket(Wrapper(accepted)) is None
        assert connection_from_socket(accepted) is not None
