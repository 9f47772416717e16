"""`TlsConnection` of a transport: over real handshakes in memory, and over every kind of address."""

import asyncio
import ssl
import subprocess
import sys
from typing import Any, Literal

import pytest

from clientcert.servers.connection import TlsConnection, connection_from_transport
from clientcert.servers.evidence import MAX_SENT_INTERMEDIATES
from clientcert.testing import IssuedCertificate
from tests.servers.handshakes import CLIENTS, Handshake, server_context
from tests.servers.harness import SERVER_NAME, TLS_VERSIONS, Pki

TCP_NAME = ("127.0.0.1", 8443)


class Transport:
    """The one method of a transport that is used, over what a loop would say."""

    def __init__(self, *, peername: Any = TCP_NAME, sockname: Any = TCP_NAME, **others: Any) -> None:
        self.extra = {"peername": peername, "sockname": sockname} | others

    def get_extra_info(self, name: str) -> Any:
        """What asyncio answers: the value, or None."""
        return self.extra.get(name)


def connection_of(handshake: Handshake) -> TlsConnection:
    """What the bridge says of the server's side."""
    return connection_from_transport(Transport(ssl_object=handshake.server, sslcontext=handshake.context))


@pytest.mark.parametrize("version", TLS_VERSIONS)
@pytest.mark.parametrize("client", CLIENTS)
def test_chain(pki: Pki, client: str, version: str) -> None:
    """A full handshake gives exactly what the client sent, leaf first; nothing where it sent nothing."""
    issued = CLIENTS[client](pki)
    context = pki.client_context(issued, version=TLS_VERSIONS[version])
    connection = connection_of(Handshake(server_context(pki), context).run())
    assert connection.tls_chain() == (() if issued is None else issued.chain)


@pytest.mark.parametrize(
    ("version", "options"),
    [("tls1.2", ssl.OP_ALL), ("tls1.2", ssl.OP_NO_TICKET), ("tls1.3", ssl.OP_ALL), ("tls1.3", ssl.OP_NO_TICKET)],
    ids=["tls1.2-ticket", "tls1.2-session-id", "tls1.3-ticket", "tls1.3-stateful"],
)
def test_resumed(pki: Pki, version: str, options: ssl.Options) -> None:
    """A resumed session gives the leaf alone, though the client sent more the first time, and however it is kept."""
    server, context = server_context(pki), pki.client_context(pki.alice, version=TLS_VERSIONS[version])
    server.options |= options
    first = Handshake(server, context).run().exchange()
    second = Handshake(server, context, first.client.session).run()
    assert second.server.session_reused
    assert (connection_of(first).tls_chain(), connection_of(second).tls_chain()) == (pki.alice.chain, (pki.alice.der,))


def test_same_leaf_gives_the_same_object(pki: Pki) -> None:
    """The second reading of an unchanged leaf is the very same tuple, whose hash is known already."""
    connection = connection_of(Handshake(server_context(pki), pki.client_context(pki.alice)).run())
    assert connection.tls_chain() is connection.tls_chain()


def test_certificate_presented_later(pki: Pki) -> None:
    """TLS 1.3 post-handshake authentication: the chain is read anew, so the later certificate shows."""
    server, context = server_context(pki, ssl.CERT_REQUIRED), pki.client_context(pki.alice)
    server.post_handshake_auth = context.post_handshake_auth = True
    handshake = Handshake(server, context).run().exchange()
    connection = connection_of(handshake)
    assert connection.tls_chain() == ()
    handshake.server.verify_client_post_handshake()
    handshake.exchange().exchange()
    assert connection.tls_chain() == pki.alice.chain


class Swapping:
    """A TLS object whose handshake is replaced by another, as a renegotiation does."""

    def __init__(self, first: Handshake, then: Handshake) -> None:
        self.handshakes = [first, then]

    def __getattr__(self, name: str) -> Any:
        return getattr(self.handshakes[0].server, name)


def test_certificate_replaced(pki: Pki) -> None:
    """Another leaf on the same connection is another chain: nothing of the first is left."""
    handshakes = [Handshake(server_context(pki), pki.client_context(each)).run() for each in (pki.alice, pki.bob)]
    tls = Swapping(*handshakes)
    connection = connection_from_transport(Transport(ssl_object=tls))
    assert connection.tls_chain() == pki.alice.chain
    del tls.handshakes[0]
    assert connection.tls_chain() == pki.bob.chain


@pytest.mark.parametrize("count", [MAX_SENT_INTERMEDIATES - 1, MAX_SENT_INTERMEDIATES, MAX_SENT_INTERMEDIATES + 5])
def test_sent_intermediates_are_capped(pki: Pki, count: int) -> None:
    """Of what a client sends after its leaf, the first ten are kept."""
    others = tuple(pki.root.issue(f"filler {number}").der for number in range(count))
    padded = IssuedCertificate(der=pki.bob.der, key=pki.bob.key, intermediates=others)
    chain = connection_of(Handshake(server_context(pki), pki.client_context(padded)).run()).tls_chain()
    assert chain == (pki.bob.der, *others[:MAX_SENT_INTERMEDIATES])


def test_the_leaf_sent_twice_is_no_intermediate(pki: Pki) -> None:
    """A client that repeats its leaf does not make it an intermediate."""
    doubled = IssuedCertificate(der=pki.bob.der, key=pki.bob.key, intermediates=(pki.bob.der, pki.root.issued.der))
    chain = connection_of(Handshake(server_context(pki), pki.client_context(doubled)).run()).tls_chain()
    assert chain == (pki.bob.der, pki.root.issued.der)


class LeafOnly:
    """A TLS object of a library or a Python that shows the leaf and no chain."""

    session_reused = False

    def __init__(self, leaf: bytes) -> None:
        self.leaf = leaf

    def getpeercert(self, binary_form: Literal[True], /) -> bytes | None:
        """Return the leaf in DER, the only form asked for."""
        return self.leaf


def test_the_chain_is_only_a_hint(pki: Pki) -> None:
    """Where the private or public way to the chain is not there, the leaf still is."""
    connection = connection_from_transport(Transport(ssl_object=LeafOnly(pki.alice.der)))
    assert connection.tls_chain() == (pki.alice.der,)


def test_before_the_handshake_there_is_no_data(pki: Pki) -> None:
    """A TLS object that has not shaken hands is "no data", not "no certificate"."""
    handshake = Handshake(server_context(pki), pki.client_context())
    assert connection_of(handshake).tls_chain() is None
    assert connection_of(handshake.run()).tls_chain() == ()


def test_tls_without_an_object_is_no_data(pki: Pki) -> None:
    """A loop that has a TLS context and shows no TLS object gives no data, and counts as TLS."""
    connection = connection_from_transport(Transport(sslcontext=server_context(pki)))
    assert (connection.is_tls, connection.tls_chain()) == (True, None)


@pytest.mark.parametrize("mode", [ssl.CERT_NONE, ssl.CERT_OPTIONAL, ssl.CERT_REQUIRED], ids=lambda mode: mode.name)
def test_asks_for_certificate(pki: Pki, mode: ssl.VerifyMode) -> None:
    """Only a context that verifies nobody does not ask."""
    connection = connection_of(Handshake(server_context(pki, mode), pki.client_context(pki.bob)))
    assert connection.asks_for_certificate is (mode != ssl.CERT_NONE)


@pytest.mark.parametrize("mode", [ssl.CERT_NONE, ssl.CERT_REQUIRED], ids=lambda mode: mode.name)
def test_context_chosen_by_name(pki: Pki, mode: ssl.VerifyMode) -> None:
    """T4: where the server chooses another context by the name asked for, the listener's still says whether it asks."""
    server, other = server_context(pki), server_context(pki, mode)

    def choose(tls: ssl.SSLObject, _name: str | None, _context: ssl.SSLContext) -> None:
        tls.context = other

    server.sni_callback = choose
    for client, chain in ((pki.bob, (pki.bob.der,)), (None, ())):
        connection = connection_of(Handshake(server, pki.client_context(client)).run())
        assert (connection.tls_chain(), connection.asks_for_certificate) == (chain, True)


ADDRESSES = {
    "ipv4": (("127.0.0.1", 50001), ("127.0.0.1", 443), ("127.0.0.1", 50001), False),
    "ipv6": (("::1", 50001, 0, 0), ("::1", 443, 0, 0), ("::1", 50001), False),
    "ipv6-zone": (("fe80::1%eth0", 50001, 0, 2), ("fe80::2", 443, 0, 2), ("fe80::1%eth0", 50001), False),
    "unix-path": ("", "/run/app.sock", (None, None), True),
    "unix-abstract": ("", b"\0app", (None, None), True),
    "unix-no-peername": (None, "/run/app.sock", (None, None), True),
    "reset-before-accept": (None, ("127.0.0.1", 443), ("unknown", None), False),
    "nothing-known": (None, None, ("unknown", None), False),
    "vsock": ((2, 1234), (3, 443), ("unknown", None), False),
    "empty-host": (("", 0), ("127.0.0.1", 443), ("unknown", None), False),
}


@pytest.mark.parametrize("row", ADDRESSES)
def test_address(row: str) -> None:
    """Host and port come from the socket; only what the kernel names by a path is a unix socket."""
    peername, sockname, peer, is_unix = ADDRESSES[row]
    connection = connection_from_transport(Transport(peername=peername, sockname=sockname))
    assert (connection.peer, connection.is_unix, connection.is_tls) == (peer, is_unix, False)


def test_asyncio_server(pki: Pki) -> None:
    """The transport of a connection that asyncio serves gives chain and peer."""

    async def run() -> tuple[TlsConnection, tuple[str, int]]:
        seen: list[TlsConnection] = []

        def accepted(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            seen.append(connection_from_transport(writer))
            writer.close()

        async with await asyncio.start_server(accepted, "127.0.0.1", ssl=server_context(pki)) as server:
            address = server.sockets[0].getsockname()
            tls = pki.client_context(pki.alice)
            reader, writer = await asyncio.open_connection(*address, ssl=tls, server_hostname=SERVER_NAME)
            await reader.read()
            local = writer.get_extra_info("sockname")
            writer.close()
        return seen[0], local

    connection, local = asyncio.run(run())
    assert (connection.tls_chain(), connection.peer) == (pki.alice.chain, local)


def test_package_imports_no_server() -> None:
    """``import clientcert.servers`` imports no server and no framework."""
    servers = "{'uvicorn', 'gunicorn', 'hypercorn', 'werkzeug', 'cheroot', 'starlette', 'flask', 'django'}"
    code = f"import sys, clientcert.servers; print(*({servers} & set(sys.modules)))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert loaded.strip() == ""
