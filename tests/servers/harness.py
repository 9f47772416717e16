"""Real app servers in processes of their own, on loopback or a unix socket, and real clients that talk to them."""

import asyncio
import http.client
import json
import os
import signal
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from websockets.asyncio.client import connect as connect_websocket

from clientcert.testing import CertificateAuthority, IssuedCertificate

ROOT = Path(__file__).parents[2]
SERVER_NAME = "localhost"
ECHO_APP = "tests.servers.echo:app"
TIMEOUT_SECONDS = 15.0
TLS_VERSIONS = {"tls1.2": ssl.TLSVersion.TLSv1_2, "tls1.3": ssl.TLSVersion.TLSv1_3}

# Another process may take a free port before the server binds it; then the next port is tried.
_PORT_TRIES = 3


class Pki:
    """
    The certificates of one test run, as objects and as files.

    ``alice`` is issued by an intermediate that the server does not have, so she sends it; ``bob`` by the root.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.root = CertificateAuthority("Clients Root")
        self.issuing = CertificateAuthority("Clients Issuing", issuer=self.root)
        self.alice = self.issuing.issue("alice")
        self.bob = self.root.issue("bob")
        server = CertificateAuthority("Server Root")
        self.server_ca = self.write("server-ca", server.issued)
        self.client_ca = self.write("client-ca", self.root.issued)
        issued = server.issue(SERVER_NAME, extended_key_usage=("serverAuth",), san=[f"DNS:{SERVER_NAME}"])
        self.server = issued.write(folder, name="server")

    def write(self, name: str, issued: IssuedCertificate) -> Path:
        """Write the certificate file of `issued` and say where."""
        return issued.write(self.folder, name=name).certificate

    def client_context(
        self, client: IssuedCertificate | None = None, *, version: ssl.TLSVersion | None = None
    ) -> ssl.SSLContext:
        """A TLS client that trusts the server and presents `client` with its intermediates, or nothing."""
        context = ssl.create_default_context(cafile=self.server_ca)
        if version is not None:
            context.minimum_version = context.maximum_version = version
        if client is not None:
            files = client.write(self.folder, name=client.fingerprint_sha256)
            context.load_cert_chain(files.chain, files.key)
        return context


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningServer:
    """A server that accepts connections: on ``(host, port)``, or at the path of a unix socket."""

    address: tuple[str, int] | str
    log_file: Path

    @property
    def log(self) -> str:
        """What the server has printed so far, for the message of a failing test."""
        return self.log_file.read_text(errors="replace")


@contextmanager
def running(
    *command: str,
    folder: Path,
    unix: bool = False,
    environ: Mapping[str, str] | None = None,
    program: Sequence[str] = (sys.executable, "-m"),
) -> Iterator[RunningServer]:
    """
    Run ``python -m <command>``, or another `program`, until the block ends, ready for connections when it begins.

    ``{port}`` and ``{unix}`` in the command and in the values of `environ` become the address to listen on.
    At the end the server and every process it has started are killed.
    """
    for attempt in range(_PORT_TRIES):
        address: tuple[str, int] | str = str(folder / f"{time.monotonic_ns()}.sock") if unix else _free_address()
        log_file = folder / f"server-{time.monotonic_ns()}.log"
        process = _start((*program, *command), address, log_file, environ or {})
        try:
            if _wait_until_ready(process, address):
                yield RunningServer(address=address, log_file=log_file)
                return
        finally:
            _kill(process)
        log = log_file.read_text(errors="replace")
        if "address already in use" not in log.lower() or attempt == _PORT_TRIES - 1:
            raise RuntimeError(f"the server did not start: {' '.join(command)}\n{log}")


def uvicorn_options(pki: Pki) -> tuple[str, ...]:
    """Options of uvicorn for TLS with an optional client certificate."""
    return (
        *("--ssl-certfile", str(pki.server.certificate), "--ssl-keyfile", str(pki.server.key)),
        *("--ssl-ca-certs", str(pki.client_ca), "--ssl-cert-reqs", str(int(ssl.CERT_OPTIONAL))),
    )


class Client:
    """One HTTP/1.1 connection, kept alive; in TLS when a context is given."""

    def __init__(self, server: RunningServer, tls: ssl.SSLContext | None = None, *, session: Any = None) -> None:
        self.socket = connect(server.address)
        if tls is not None:
            self.socket = tls.wrap_socket(self.socket, server_hostname=SERVER_NAME, session=session)
        self.address = list(self.socket.getsockname()[:2])  # of this end, as JSON shows it
        self.session: Any = None
        self._http = http.client.HTTPConnection(SERVER_NAME)
        self._http.sock = self.socket

    def get(self, path: str = "/", headers: Mapping[str, str] | None = None) -> Any:
        """Send one GET and return the parsed JSON of a 200."""
        self._http.request("GET", path, headers=dict(headers or {}))
        response = self._http.getresponse()
        # Now: TLS 1.3 tickets come after the handshake, and a server may close the connection.
        self.session = getattr(self.socket, "session", None)
        body = response.read()
        if response.status != http.client.OK:
            raise RuntimeError(f"{response.status}: {body!r}")
        return json.loads(body)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()


def resumed(server: RunningServer, tls: ssl.SSLContext) -> Client:
    """Open a connection that resumes the TLS session of an earlier one; a failing resumption is an error."""
    with Client(server, tls) as first:
        first.get()
    second = Client(server, tls, session=first.session)
    if not second.socket.session_reused:  # type: ignore[attr-defined]  # always an SSLSocket here
        raise RuntimeError("the session was not resumed")
    return second


def websocket_echo(
    server: RunningServer, tls: ssl.SSLContext | None = None, headers: Mapping[str, str] | None = None
) -> Any:
    """Open a WebSocket and return the JSON that the echo app sends first."""
    # Not the client of websockets.sync: it reads and writes one SSLSocket from two threads, and rarely loses bytes.
    return asyncio.run(asyncio.wait_for(_websocket_echo(server, tls, headers), TIMEOUT_SECONDS))


async def _websocket_echo(server: RunningServer, tls: ssl.SSLContext | None, headers: Mapping[str, str] | None) -> Any:
    sock = connect(server.address)
    scheme, name = ("ws", None) if tls is None else ("wss", SERVER_NAME)
    uri = f"{scheme}://{SERVER_NAME}/"
    options: dict[str, Any] = {"sock": sock, "ssl": tls, "server_hostname": name, "additional_headers": headers}
    async with connect_websocket(uri, **options) as websocket:
        return json.loads(await websocket.recv())


def chain_of(echo: Mapping[str, Any]) -> tuple[bytes, ...] | None:
    """The `tls_chain` that the echo app reported."""
    return None if echo["chain"] is None else tuple(bytes.fromhex(der) for der in echo["chain"])


def clean_environment() -> dict[str, str]:
    """What a server inherits: nothing that configures one, or names a certificate."""
    foreign = ("UVICORN_", "GUNICORN_", "FLASK_", "SSL_CLIENT_", "HTTPS_", "CLIENTCERT_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
    return kept | {"PYTHONPATH": str(ROOT)}


def _free_address() -> tuple[str, int]:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        host, port = probe.getsockname()
        return host, port


def _start(
    command: Collection[str], address: tuple[str, int] | str, log_file: Path, environ: Mapping[str, str]
) -> subprocess.Popen[bytes]:
    unix, port = (address, "") if isinstance(address, str) else ("", str(address[1]))

    def filled(text: str) -> str:
        return text.replace("{port}", port).replace("{unix}", unix)

    with log_file.open("wb") as log:
        return subprocess.Popen(
            [*map(filled, command)],
            cwd=ROOT,
            env=clean_environment() | {name: filled(value) for name, value in environ.items()},
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def _wait_until_ready(process: subprocess.Popen[bytes], address: tuple[str, int] | str) -> bool:
    deadline = time.monotonic() + TIMEOUT_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            connect(address).close()
        except OSError:
            time.sleep(0.02)
        else:
            return process.poll() is None
    return False


def connect(address: tuple[str, int] | str) -> socket.socket:
    """Open a socket to a server."""
    if not isinstance(address, str):
        tcp = socket.create_connection(address, TIMEOUT_SECONDS)
        # Else a request behind the end of a TLS 1.2 handshake waits 40 ms for an acknowledgement (RFC 9293 §3.7.4).
        tcp.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return tcp
    sock = socket.socket(socket.AF_UNIX)
    sock.settimeout(TIMEOUT_SECONDS)
    try:
        sock.connect(address)
    except OSError:
        sock.close()
        raise
    return sock


def _kill(process: subprocess.Popen[bytes]) -> None:
    # The group of its own has the workers in it; there is nothing in a test server worth a graceful end.
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait(TIMEOUT_SECONDS)
