"""Many TLS connections to one server, and what its memory makes of them."""

import http.client
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass
from itertools import cycle, pairwise, product
from pathlib import Path
from ssl import SSLContext, SSLSession
from statistics import linear_regression

from tests.servers.exchange import Http1, open_tls
from tests.servers.harness import SERVER_NAME, TLS_VERSIONS, RunningServer, running
from tests.servers.launching import settings
from tests.servers.matrix import MatrixPki

# More would only wait for the server.
CLIENT_THREADS = 2
# The others resume the session of the last full handshake: quicker, and another way through the bridge.
FULL_HANDSHAKE_EVERY = 4
CLIENTS = ("none", "good", "leaf only")
APP = "tests.servers.soak_app"

Start = Callable[[MatrixPki, Path], AbstractContextManager[RunningServer]]


def _uvicorn(app: str, http: str) -> Start:
    def start(pki: MatrixPki, folder: Path) -> AbstractContextManager[RunningServer]:
        files = ("--ssl-certfile", str(pki.server.certificate), "--ssl-keyfile", str(pki.server.key))
        tls = (*files, "--ssl-ca-certs", str(pki.client_ca), "--ssl-cert-reqs", "1")
        options = ("--port", "{port}", "--http", http, "--lifespan", "off", "--no-access-log", *tls)
        return running("uvicorn", f"{APP}:{app}", *options, folder=folder, environ=settings(pki, "optional"))

    return start


def _gunicorn(app: str) -> Start:
    def start(pki: MatrixPki, folder: Path) -> AbstractContextManager[RunningServer]:
        # The hook of the example: without it, no session is resumed.
        options = ("-c", "examples/servers/gunicorn_conf.py", "--bind", "127.0.0.1:{port}", "--no-control-socket")
        environ = settings(pki, "optional") | {
            "SERVER_CERTIFICATE": str(pki.server.certificate),
            "SERVER_KEY": str(pki.server.key),
            "CLIENT_CA": str(pki.client_ca),
        }
        return running("gunicorn", *options, f"{APP}:{app}", folder=folder, environ=environ)

    return start


SERVERS: Mapping[str, tuple[Start, Start]] = {
    "uvicorn": (
        _uvicorn("asgi", "clientcert.servers.uvicorn:HttpTools"),
        _uvicorn("asgi_control", "httptools"),
    ),
    "gunicorn": (_gunicorn("wsgi"), _gunicorn("wsgi_control")),
}
"""Server → how to start it with bridge and middleware, and without both."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """
    The server's memory after a number of connections.

    Attributes:
        connections: How many there have been.
        resident: Of the process, in bytes.
        blocks: Memory blocks that Python's allocator has given out and not got back.
    """

    connections: int
    resident: int
    blocks: int


class _Visitor:
    """One client, who comes again and again, and is who it is each time."""

    def __init__(self, server: RunningServer, tls: SSLContext, who: str | None) -> None:
        self._server, self._tls, self._who = server, tls, who
        self._visits = 0
        self._session: SSLSession | None = None

    def visit(self) -> None:
        session = self._session if self._visits % FULL_HANDSHAKE_EVERY else None
        with open_tls(self._server, self._tls, session) as sock:
            answer = Http1(sock).ask("/")
        if (answer.status, answer.who, answer.resumed) != (200, self._who, session is not None):
            raise RuntimeError(f"wanted {self._who}, resumed {session is not None}, got {answer}\n{self._server.log}")
        self._session = answer.session
        self._visits += 1


def soak(server: RunningServer, pki: MatrixPki, *, connections: int, samples: int, shows: bool) -> Iterator[Sample]:
    """
    Connect again and again, and look at the server's memory after each of so many equal parts.

    Args:
        server: Serves an app of `tests.servers.soak_app`.
        pki: Of its clients: none, with and without an intermediate, by TLS 1.2 and 1.3, in full and resumed.
        connections: How many in all, at least `samples`.
        samples: How many parts.
        shows: Whether the app is told who its client is; the control is not.

    Raises:
        RuntimeError: An answer was not the one for this client.
    """
    queues = [cycle(_visitors(server, pki, shows=shows)) for _ in range(CLIENT_THREADS)]
    done = 0
    with ThreadPoolExecutor(CLIENT_THREADS) as pool:
        for part in range(1, samples + 1):
            each = (connections * part // samples - done) // CLIENT_THREADS
            tuple(pool.map(_visit, queues, [each] * CLIENT_THREADS))
            done += each * CLIENT_THREADS
            yield _sample(server, pki, done)


def slope(samples: Sequence[Sample], of: Callable[[Sample], int]) -> float:
    """What one connection adds: the straight line through all `samples`."""
    return linear_regression([each.connections for each in samples], [of(each) for each in samples]).slope


def least_growth(samples: Sequence[Sample], of: Callable[[Sample], int]) -> float:
    """What one connection adds in the part that adds least: a leak is in each, a thread that starts late is not."""
    return min((of(b) - of(a)) / (b.connections - a.connections) for a, b in pairwise(samples))


def _visitors(server: RunningServer, pki: MatrixPki, *, shows: bool) -> list[_Visitor]:
    found: list[_Visitor] = []
    for version, name in product(TLS_VERSIONS.values(), CLIENTS):
        issued = pki.clients[name] if shows else None
        tls = pki.client_context(pki.clients[name], version=version)
        found.append(_Visitor(server, tls, None if issued is None else issued.fingerprint_sha256))
    return found


def _visit(queue: Iterator[_Visitor], times: int) -> None:
    for _ in range(times):
        next(queue).visit()


def _sample(server: RunningServer, pki: MatrixPki, connections: int) -> Sample:
    with open_tls(server, pki.context("none", "h1", None)) as sock:
        client = http.client.HTTPConnection(SERVER_NAME)
        client.sock = sock
        client.request("GET", "/memory")
        return Sample(connections=connections, **json.loads(client.getresponse().read()))
