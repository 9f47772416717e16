"""Real TLS handshakes without a server: through memory, or over a pair of sockets in one thread."""

import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, Self

from clientcert.testing import IssuedCertificate
from tests.servers.harness import SERVER_NAME, Pki

# Full TLS 1.2: the client's finished message is the third flight; one more turn for both.
_TURNS = 4


CLIENTS: dict[str, Callable[[Pki], IssuedCertificate | None]] = {
    "none": lambda _: None,
    "issuer-not-sent": lambda pki: pki.bob,
    "intermediate-sent": lambda pki: pki.alice,
}


class Handshake:
    """A TLS client and server that talk through memory, on the objects that asyncio and uvloop use."""

    def __init__(self, server: ssl.SSLContext, client: ssl.SSLContext, session: ssl.SSLSession | None = None) -> None:
        to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.context = server
        self.server = server.wrap_bio(to_server, to_client, server_side=True)
        self.client = client.wrap_bio(to_client, to_server, server_hostname=SERVER_NAME, session=session)

    def run(self) -> Self:
        """Shake hands; raises `ssl.SSLError` where either side refuses the other."""
        shake_hands(self.client, self.server)
        return self

    def exchange(self) -> Self:
        """Send a byte each way; what a handshake leaves for later (tickets, TLS 1.3 alerts) is read on the way."""
        for sender, receiver in ((self.server, self.client), (self.client, self.server)):
            sender.write(b".")
            unless_waiting(partial(receiver.read, 1))
        return self


def server_context(pki: Pki, verify_mode: ssl.VerifyMode = ssl.CERT_OPTIONAL) -> ssl.SSLContext:
    """The TLS server of these tests."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pki.server.certificate, pki.server.key)
    context.load_verify_locations(pki.client_ca)
    context.verify_mode = verify_mode
    return context


def shake_hands(*ends: Any) -> None:
    """Take turns until every end has finished, or `_TURNS` are over and one end waits for what never comes."""
    for _ in range(_TURNS):
        for end in ends:
            unless_waiting(end.do_handshake)


def unless_waiting(step: Callable[[], Any]) -> None:
    """Take one step of a TLS object, unless the other side has to go first."""
    try:
        step()
    except ssl.SSLWantReadError:
        return


@contextmanager
def tcp_pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    """An accepted TCP socket, and its client."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        client = socket.create_connection(listener.getsockname())
        accepted, _ = listener.accept()
    with accepted, client:
        yield accepted, client


@contextmanager
def tls_pair(server: ssl.SSLContext, client: ssl.SSLContext) -> Iterator[tuple[ssl.SSLSocket, ssl.SSLSocket]]:
    """An accepted TLS socket after its handshake, and its client."""
    with tcp_pair() as (accepted, connected):
        accepted.setblocking(False)
        connected.setblocking(False)
        near = server.wrap_socket(accepted, server_side=True, do_handshake_on_connect=False)
        far = client.wrap_socket(connected, server_hostname=SERVER_NAME, do_handshake_on_connect=False)
        with near, far:
            while near.version() is None or far.version() is None:
                shake_hands(far, near)
            yield near, far
