"""
One accepted connection as its server's socket and TLS layer know it.

Server bridges put a `TlsConnection` into every ASGI scope under `CONNECTION_SCOPE_KEY`; WSGI adapters make one
from the socket in ``environ`` with `connection_from_socket`. Nothing here reads a header.
"""

import socket
import ssl
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Final, Literal, Protocol

from clientcert.servers.evidence import MAX_SENT_INTERMEDIATES, TlsEvidence

CONNECTION_SCOPE_KEY: Final = "clientcert.connection"
"""Key of the `TlsConnection` in an ASGI scope. Only a bridge writes it; a client cannot."""

# No address parses as this, so a network proof fails closed. Seen: uvloop, peer reset before accept.
UNKNOWN_HOST: Final = "unknown"

# What a WSGI server's TLS socket has said, kept with the socket itself; asked again with the leaf, at each request.
_READ: Final = "_clientcert_connection"

NO_TLS_DATA: Final = "the connection's TLS object gives no data: it is closed, or its handshake is not finished"

Peer = tuple[str | None, int | None]


class PeerCertificate(Protocol):
    """The part of `ssl.SSLObject`, `ssl.SSLSocket` and gevent's socket that a connection reads."""

    def getpeercert(self, binary_form: Literal[True], /) -> bytes | None:
        """Return the peer's leaf as DER, or ``None`` where it presented none."""


@dataclass(slots=True, kw_only=True, eq=False)
class TlsConnection:
    """
    One accepted connection: the certificate its client proved to hold, and the address of its socket.

    A plain connection has one too, so that header sources get the true peer; `is_tls` is False there. Bridges make
    it with `connection_from_transport` or `connection_from_socket`.

    Attributes:
        peer: ``(host, port)`` of the socket, outside any proxy-header rewriting. ``(None, None)`` for a Unix
            socket only; ``("unknown", None)`` where the address of another peer could not be read.
        is_unix: The socket is AF_UNIX according to the kernel.
        is_tls: This server terminates TLS on this connection.
        asks_for_certificate: The TLS context requests a client certificate (``verify_mode`` is not
            ``CERT_NONE``). Where it is False and `is_tls` is True, "no certificate" is the server's
            configuration speaking, not the client.
    """

    peer: Peer
    is_unix: bool = False
    is_tls: bool = False
    asks_for_certificate: bool = False
    # What to ask at every request; while it is None, `_chain` is the final answer.
    _tls: PeerCertificate | None = field(default=None, repr=False)
    _chain: tuple[bytes, ...] | None = field(default=(), repr=False)
    # Of the last request; kept for as long as the very same chain is read.
    _evidence: TlsEvidence | None = field(default=None, repr=False)

    def tls_chain(self) -> tuple[bytes, ...] | None:
        """
        Read what the client presented in the handshake of this connection.

        Returns:
            DER certificates: the leaf, then at most `MAX_SENT_INTERMEDIATES` others as the client sent them,
            which a resumed session does not have. Empty when the client presented no certificate or the
            connection is plain. ``None`` when the server's TLS layer gives no such data, which is not the
            same thing.

        Not checked here: trust, dates, purpose. A resumed session skips the TLS layer's own checks, and the
        certificates after the leaf are claims of the client.
        """
        tls = self._tls
        if tls is None:
            return self._chain
        try:
            # The DER form is the only reading that survives resumption, in TLS 1.2 and 1.3.
            leaf = tls.getpeercert(True)
        except (AttributeError, OSError, ValueError):
            # A closed SSLSocket has lost its `_sslobj` (AttributeError); before the handshake it is a ValueError.
            return None
        if leaf is None:
            return ()
        # The leaf is read anew at each request (0.6 us): TLS 1.2 renegotiation (OpenSSL 1.1.1) and TLS 1.3
        # post-handshake authentication can change it. What is kept is only kept for the very same leaf.
        chain = self._chain
        if not chain or chain[0] != leaf:
            chain = self._chain = (leaf, *_sent_intermediates(tls, leaf))
        return chain

    @property
    def leaf(self) -> bytes | None:
        """The leaf of the last reading; None where there was none."""
        return self._chain[0] if self._chain else None

    def evidence(self) -> TlsEvidence:
        """The same as the TLS part of a request's facts."""
        chain = self.tls_chain()
        evidence = self._evidence
        if evidence is None or evidence.chain is not chain:
            asked = self.asks_for_certificate or not self.is_tls
            note = NO_TLS_DATA if chain is None else None
            evidence = self._evidence = TlsEvidence(chain=chain, asked=asked, note=note)
        return evidence


def connection_from_transport(transport: Any) -> TlsConnection:
    """
    Describe the connection below an asyncio (or uvloop) transport after its handshake.

    Args:
        transport: What the loop passes to ``connection_made``; only ``get_extra_info`` is used.
    """
    info = transport.get_extra_info
    tls, context = info("ssl_object"), info("sslcontext")
    is_tls = tls is not None or context is not None
    peer, is_unix = _address(info("peername"), info("sockname"))
    return TlsConnection(
        peer=peer,
        is_unix=is_unix,
        is_tls=is_tls,
        # The listener's context, not the object's: another one chosen by SNI brings its certificate and not its
        # verify_mode (OpenSSL's SSL_set_SSL_CTX).
        asks_for_certificate=is_tls and _asks(context),
        _tls=tls,
        _chain=None if is_tls else (),
    )


def connection_from_socket(sock: Any) -> TlsConnection | None:
    """
    Describe the connection of a WSGI server's socket, reading everything at once.

    gunicorn closes its socket before the response has gone, so nothing is left to read later. A further request on a
    TLS socket reads the leaf anew, and the rest only where that has changed.

    Args:
        sock: ``environ["gunicorn.socket"]`` or ``environ["werkzeug.socket"]``: a `socket.socket`, an
            `ssl.SSLSocket`, or a look-alike with ``getpeercert`` (gevent).

    Returns:
        The connection, or ``None`` for "no data": a closed socket, an unfinished handshake, another object.
        Never raises for these.
    """
    is_tls = callable(getattr(sock, "getpeercert", None))
    # Another wrapper (pyOpenSSL's, say) may be TLS without saying so; it must not pass for a plain socket.
    if not is_tls and not isinstance(sock, socket.socket):
        return None
    try:
        if sock.fileno() < 0:
            return None
        known: TlsConnection | None = getattr(sock, _READ, None)
        if known is not None and sock.getpeercert(True) == known.leaf:
            return known
        peer, is_unix = _address(_name(sock.getpeername), _name(sock.getsockname))
    except (AttributeError, OSError, TypeError, ValueError):
        return None
    return _read_tls(sock, peer, is_unix=is_unix) if is_tls else TlsConnection(peer=peer, is_unix=is_unix)


def _read_tls(sock: Any, peer: Peer, *, is_unix: bool) -> TlsConnection | None:
    asks = _asks(getattr(sock, "context", None))
    chain = TlsConnection(peer=peer, _tls=sock).tls_chain()
    if chain is None:
        return None
    connection = TlsConnection(peer=peer, is_unix=is_unix, is_tls=True, asks_for_certificate=asks, _chain=chain)
    with suppress(AttributeError):
        setattr(sock, _READ, connection)
    return connection


def _sent_intermediates(tls: Any, leaf: bytes) -> tuple[bytes, ...]:
    try:
        if tls.session_reused:
            return ()
        # Public since Python 3.13 (DER); before, on the private object (certificates that print as PEM).
        owner = tls if hasattr(tls, "get_unverified_chain") else tls._sslobj  # noqa: SLF001 - see above
        sent = map(_der, owner.get_unverified_chain() or ())
        return tuple(islice((der for der in sent if der != leaf), MAX_SENT_INTERMEDIATES))
    except (AttributeError, OSError, TypeError, ValueError):
        # Only a hint: without it, intermediates come from the trust bundle, as on a resumed session.
        return ()


def _der(certificate: Any) -> bytes:
    if isinstance(certificate, bytes):
        return certificate
    return ssl.PEM_cert_to_DER_cert(certificate.public_bytes())


def _asks(context: Any) -> bool:
    return getattr(context, "verify_mode", ssl.CERT_OPTIONAL) != ssl.CERT_NONE


def _name(read: Any) -> Any:
    try:
        return read()
    except OSError:
        return None


def _address(peername: Any, sockname: Any) -> tuple[Peer, bool]:
    match peername:
        case (str(host), int(port), *_) if host:
            return (host, port), False
    # The socket's family and uvloop's transport class are no proof: uvicorn's `--fd` calls every socket
    # AF_UNIX. The kernel names a Unix socket by a path (bytes when abstract), everything else by a tuple.
    if isinstance(sockname, str | bytes):
        return (None, None), True
    return (UNKNOWN_HOST, None), False
