"""A client that sends exactly the bytes of a test, and app servers that listen on a unix socket and on TCP at once."""

import asyncio
import http.client
import json
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import uvicorn

ROOT = Path(__file__).parents[2]
HOST = "app.example.org"
TIMEOUT_SECONDS = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """One HTTP response as it arrived."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes

    @property
    def json(self) -> Any:
        """The body, parsed."""
        return json.loads(self.body)


class Connection:
    """One HTTP/1.1 connection, in TLS when a context is given; header lines go out byte by byte as given."""

    def __init__(
        self,
        port: int,
        *,
        tls: ssl.SSLContext | None = None,
        source: str = "127.0.0.1",
        session: ssl.SSLSession | None = None,
    ) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), TIMEOUT_SECONDS, source_address=(source, 0))
        if tls is not None:
            self._socket = tls.wrap_socket(self._socket, server_hostname=HOST, session=session)

    def get(self, path: str, lines: Iterable[bytes] = ()) -> Response:
        """Send one GET with `lines` after ``Host`` and read the whole response."""
        self._socket.sendall(b"\r\n".join((f"GET {path} HTTP/1.1\r\nHost: {HOST}".encode(), *lines, b"", b"")))
        with http.client.HTTPResponse(self._socket, method="GET") as answer:
            answer.begin()
            return Response(status=answer.status, headers=tuple(answer.getheaders()), body=answer.read())

    @property
    def tls_session(self) -> ssl.SSLSession | None:
        """What a later connection may resume; TLS 1.3 sends it after the handshake."""
        return self._socket.session if isinstance(self._socket, ssl.SSLSocket) else None

    @property
    def resumed(self) -> bool:
        """True when the handshake took up an earlier session."""
        return isinstance(self._socket, ssl.SSLSocket) and bool(self._socket.session_reused)

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def tls_context(server_ca: Path, client: tuple[Path, Path] | None = None) -> ssl.SSLContext:
    """What a TLS client trusts and, as ``(certificate file, key file)``, who it is."""
    context = ssl.create_default_context(cafile=server_ca)
    if client is not None:
        context.load_cert_chain(*client)
    return context


@dataclass(frozen=True, slots=True, kw_only=True)
class AppServer:
    """Where one app server listens: the same apps on both."""

    unix: Path
    tcp_port: int


@contextmanager
def _listening(folder: Path, name: str) -> Iterator[tuple[AppServer, tuple[socket.socket, socket.socket]]]:
    path = folder / f"{name}.sock"
    # asyncio sets TCP_NODELAY only where the protocol is spelled out; without it each answer waits 40 ms for an ACK.
    with (
        socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as unix,
        socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP) as tcp,
    ):
        unix.bind(str(path))
        tcp.bind(("127.0.0.1", 0))
        unix.listen(256)
        tcp.listen(256)
        yield AppServer(unix=path, tcp_port=tcp.getsockname()[1]), (unix, tcp)


@contextmanager
def uvicorn_thread(app: Callable[..., Any], folder: Path, *, proxy_headers: bool) -> Iterator[AppServer]:
    """Serve an ASGI app by uvicorn in a thread; `proxy_headers` as on uvicorn's command line."""
    with _listening(folder, f"uvicorn-{proxy_headers}") as (where, sockets):
        config = uvicorn.Config(app, lifespan="off", loop="asyncio", log_config=None, proxy_headers=proxy_headers)
        server = uvicorn.Server(config)
        thread = threading.Thread(target=asyncio.run, args=(server.serve(sockets=list(sockets)),), daemon=True)
        thread.start()
        try:
            _wait(lambda: server.started)
            yield where
        finally:
            server.should_exit = True
            thread.join(TIMEOUT_SECONDS)


@contextmanager
def gunicorn_process(app: str, folder: Path) -> Iterator[AppServer]:
    """Serve a WSGI app, ``module:factory(…)``, by gunicorn with threads in a process of its own."""
    with _listening(folder, "gunicorn") as (where, sockets), (folder / "gunicorn.log").open("wb") as log:
        descriptors = [each.fileno() for each in sockets]
        binds = [argument for descriptor in descriptors for argument in ("--bind", f"fd://{descriptor}")]
        # gunicorn's own limit, 8190 bytes a header, would refuse a certificate with 200 names before the app sees it.
        options = ["--threads", "4", "--limit-request-field_size", "131072", "--worker-tmp-dir", str(folder)]
        process = subprocess.Popen(
            [sys.executable, "-m", "gunicorn", *binds, *options, app],
            cwd=ROOT, pass_fds=descriptors, stdout=log, stderr=log,
        )  # fmt: skip
        # The first request waits in the sockets' queue until gunicorn serves, or is refused if gunicorn has failed.
        for each in sockets:
            each.close()
        try:
            yield where
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(TIMEOUT_SECONDS)


def _wait(ready: Callable[[], bool]) -> None:
    deadline = time.monotonic() + TIMEOUT_SECONDS
    while not ready():
        if time.monotonic() > deadline:
            raise TimeoutError("the app server did not start")
        time.sleep(0.005)
