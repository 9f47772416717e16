"""All that the core may know of a request."""

from collections.abc import Iterable
from dataclasses import dataclass

Header = tuple[bytes, bytes]

# A forwarding header may have thousands, which int() refuses to read.
MAX_PORT_DIGITS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestFacts:
    """
    One request as an adapter saw it, before anybody interpreted it.

    Attributes:
        headers: ``(name, value)`` pairs in arrival order, as received, duplicates kept. Names in any case.
        peer: Host of the immediate peer as the server reports it: an IP address as text, or ``None`` or ``""``
            where the server says "unix socket" that way.
        peer_port: Port of the peer; 0 is what a rewritten address has (uvicorn's proxy headers).
        peer_is_socket: True only when `peer` was read from the socket itself, outside any rewriting.
        tls_chain: DER certificates of the TLS peer, leaf first; empty when it presented none; ``None`` when
            the server gave no such data (not the same thing).
        tls_error: What the server's TLS layer said against the peer's certificate, if it let it through.
        tls_asked: False where the server's TLS layer is known not to ask its peers for a certificate.
        tls_note: One sentence for the operator about where `tls_chain` came from, or why there is none.
        folded: True where the server has joined duplicates with commas and folded ``_`` and ``-`` (WSGI).
        drops_aliases: True where `folded` and the server is known to drop names with ``_`` before it folds.
    """

    headers: Iterable[Header] = ()
    peer: str | None = None
    peer_port: int | None = None
    peer_is_socket: bool = False
    tls_chain: tuple[bytes, ...] | None = None
    tls_error: str | None = None
    tls_asked: bool = True
    tls_note: str | None = None
    folded: bool = False
    drops_aliases: bool = False


def port_number(port: object) -> int | None:
    """A port as some servers spell it (granian, WSGI: text); None for what is none."""
    text = str(port)
    return int(text) if len(text) <= MAX_PORT_DIGITS and text.isascii() and text.isdigit() else None
