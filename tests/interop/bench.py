"""The terminators of the matrix and the apps behind them, each started when it is first asked."""

import ssl
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from http.client import HTTPException
from pathlib import Path
from tempfile import TemporaryDirectory

from clientcert.testing.processes import LOOPBACK
from tests.interop.attacks import Cell
from tests.interop.clients import CLIENT, Authorities
from tests.interop.harness import AppServer, Connection, Response, gunicorn_process, tls_context, uvicorn_thread
from tests.interop.http2 import Http2Connection, RefusedError
from tests.interop.snippet_apps import asgi_app
from tests.interop.snippets import SEATS, Kind, Running, Seat, prepare, server_texts
from tests.peers import require_peer

# What the apps and the middleware answer; the terminators' own pages are HTML or plain text.
_APP_TYPES = ("application/json", "application/problem+json")


class Stopped(Exception):  # noqa: N818 - an outcome of the matrix
    """The terminator refused: TLS alert, HTTP/2 error, or its own 400."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """
    Everything that runs.

    Attributes:
        authorities: Everybody's certificates.
        upstreams: Seat → path of a unix socket or ``host:port`` of the app server behind it.
    """

    authorities: Authorities
    upstreams: dict[str, str]
    _stack: ExitStack
    _running: dict[str, Running] = field(default_factory=dict)
    _contexts: dict[tuple[str, str], ssl.SSLContext] = field(default_factory=dict)

    def get(self, cell: Cell, *, source: str = LOOPBACK) -> Response:
        """
        One request on a connection of its own; `source` is the client's address, for HTTP/1.1.

        Raises:
            Stopped: There was no answer, or the terminator's own.
        """
        if cell.protocol == "h1":
            return self.lines(cell, [name + b": " + value for name, value in cell.fields], source=source)
        with _stops(), Http2Connection(self._port(cell.kind, cell.seat), tls=self._tls(cell.name, "h2")) as http2:
            return _answer_of_the_app(http2.get(cell.path, cell.fields))

    def lines(self, cell: Cell, lines: Iterable[bytes], *, source: str = LOOPBACK) -> Response:
        """As `get` in HTTP/1.1, with these lines in the place of the cell's fields."""
        port, tls = self._port(cell.kind, cell.seat), self._tls(cell.name, "http/1.1")
        with _stops(), Connection(port, tls=tls, source=source) as connection:
            return _answer_of_the_app(connection.get(cell.path, lines))

    def _port(self, kind: Kind, seat: Seat) -> int:
        if kind.name not in self._running:
            texts = server_texts(kind, self.authorities.issued, self.upstreams)
            self._running[kind.name] = self._stack.enter_context(kind.start(texts, require_peer(kind.name)))
        return self._running[kind.name].ports[seat.name]

    def _tls(self, name: str, protocol: str) -> ssl.SSLContext:
        if (name, protocol) not in self._contexts:
            context = tls_context(self.authorities.server_ca, CLIENT[name].files(self.authorities.issued))
            context.set_alpn_protocols([protocol])
            self._contexts[name, protocol] = context
        return self._contexts[name, protocol]


@contextmanager
def running_bench(authorities: Authorities) -> Iterator[Bench]:
    """The app servers, and the terminators in front of them once they are asked."""
    issued = authorities.issued
    prepare(issued)
    with ExitStack() as stack:
        sockets = Path(stack.enter_context(TemporaryDirectory(prefix="snippets-")))
        asgi = stack.enter_context(uvicorn_thread(asgi_app(issued), sockets, proxy_headers=False))
        wsgi = stack.enter_context(gunicorn_process(f"tests.interop.snippet_apps:wsgi_app('{issued}')", sockets))
        servers = {"asgi": asgi, "wsgi": wsgi}
        _let_everybody_in(sockets, *servers.values())
        upstreams = {
            name: f"{LOOPBACK}:{servers[seat.framework].tcp_port}" if seat.tcp else str(servers[seat.framework].unix)
            for name, seat in SEATS.items()
        }
        yield Bench(authorities=authorities, upstreams=upstreams, _stack=stack)


def _let_everybody_in(folder: Path, *servers: AppServer) -> None:
    # Started by root, Apache serves as another user.
    folder.chmod(0o711)
    for server in servers:
        server.unix.chmod(0o666)


@contextmanager
def _stops() -> Iterator[None]:
    try:
        yield
    except (ConnectionRefusedError, TimeoutError):
        # A terminator that is down or hangs refuses nobody.
        raise
    except (OSError, RefusedError, HTTPException) as error:
        raise Stopped(repr(error)) from error


def _answer_of_the_app(response: Response) -> Response:
    types = [value for name, value in response.headers if name.lower() == "content-type"]
    if len(types) == 1 and types[0] in _APP_TYPES:
        return response
    if response.status != 400:
        raise AssertionError(f"neither the app's answer nor a refusal: {response}")
    raise Stopped(f"{response.status} {response.body!r}")
