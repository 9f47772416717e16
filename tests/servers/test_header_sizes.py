"""
How large a forwarded header may be, against the table in docs/reference/servers.md: servers refuse before we are asked.

A value is sent in pieces, as a network delivers it: over loopback in one piece some servers let 64 KiB more through.
"""

import http.client
import re
import socket
import time
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

import pytest

from tests.servers.harness import ECHO_APP, RunningServer, connect, running
from tests.servers.matrix import TABLE

PIECE_BYTES = 4_096
PIECE_SECONDS = 0.004
# A server counts the name and the line end too, or the request's other lines.
MARGIN = 200
LARGEST = 262_144

BIND = ("--bind", "127.0.0.1:{port}")
UVICORN = ("uvicorn", ECHO_APP, "--port", "{port}", "--http")
GUNICORN = ("gunicorn", *BIND, "--no-control-socket", "-k")
WSGI = "tests.servers.echo_wsgi:app"
SERVERS: Mapping[str, tuple[str, ...]] = {
    "gunicorn sync": (*GUNICORN, "sync", WSGI),
    "gunicorn gthread": (*GUNICORN, "gthread", WSGI),
    "gunicorn gevent": (*GUNICORN, "gevent", WSGI),
    "gunicorn asgi": (*GUNICORN, "clientcert.servers.gunicorn.ASGIWorker", ECHO_APP),
    "gunicorn uvicorn": (*GUNICORN, "clientcert.servers.uvicorn_worker.UvicornWorker", ECHO_APP),
    "uvicorn h11": (*UVICORN, "clientcert.servers.uvicorn:H11"),
    "uvicorn httptools": (*UVICORN, "clientcert.servers.uvicorn:HttpTools"),
    "uvicorn zttp": (*UVICORN, "zttp"),
    "hypercorn": ("hypercorn", *BIND, ECHO_APP),
    "daphne": ("clientcert.servers.daphne", "--port", "{port}", ECHO_APP),
}
_ROW = re.compile(r"^\| ([a-z0-9 ]+) \| ([\d,]+|none found) \| [^|]+ \| (?:`(-[^`]+)`|[^|`]+) \|$", re.MULTILINE)


def limits() -> dict[str, tuple[int | None, str]]:
    """Read the table: limit in bytes, or None where none was found, and the option that raises it to 65,536."""
    text = TABLE.read_text(encoding="utf-8").partition("## Header sizes")[2].partition("\n## ")[0]
    found = _ROW.findall(text)
    return {
        name: (None if limit == "none found" else int(limit.replace(",", "")), option) for name, limit, option in found
    }


@pytest.mark.parametrize("server", SERVERS)
def test_header_size(server: str, tmp_path: Path) -> None:
    """A value just below the limit of the table reaches the app, one just above does not."""
    limit, _ = limits()[server]
    with running(*SERVERS[server], folder=tmp_path) as started:
        assert status(started, LARGEST if limit is None else limit - MARGIN) == http.client.OK
        assert limit is None or status(started, limit + MARGIN) != http.client.OK


@pytest.mark.parametrize("server", ["gunicorn gthread", "gunicorn asgi", "uvicorn h11"])
def test_option(server: str, tmp_path: Path) -> None:
    """The option of the table raises the limit to what it says."""
    limit, option = limits()[server]
    with running(*SERVERS[server], *option.split(), folder=tmp_path) as started:
        assert status(started, (limit or 0) + MARGIN) == http.client.OK
        assert status(started, 65_536 - MARGIN) == http.client.OK
        assert status(started, 65_536 + MARGIN) != http.client.OK


def test_table_is_complete() -> None:
    """The table has exactly the servers that are measured."""
    assert limits().keys() == SERVERS.keys()


def status(server: RunningServer, size: int) -> int | None:
    """Status of a GET with one header value of `size` bytes; None where the server hung up on it."""
    head = b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nX-Certificate: " + b"a" * size
    with closing(connect(server.address)) as sock:
        try:
            for start in range(0, len(head), PIECE_BYTES):
                sock.sendall(head[start : start + PIECE_BYTES])
                time.sleep(PIECE_SECONDS)
            sock.sendall(b"\r\n\r\n")
            return _status(sock)
        except ConnectionError:
            return None


def _status(sock: socket.socket) -> int:
    response = http.client.HTTPResponse(sock)
    response.begin()
    return response.status
