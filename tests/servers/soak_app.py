"""
The apps of the soak: the matrix's, which is told who its client is, and a control, which is told nothing.

Around each, ``/memory`` answers with what the process holds. Linux only.
"""

import gc
import json
import os
import sys
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path
from typing import Any

from tests.servers import matrix_app

ASGI = Callable[[Any, Any, Any], Awaitable[None]]
WSGI = Callable[[dict[str, Any], Any], Iterable[bytes]]

_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
_NOBODY = json.dumps({"who": None}).encode()


def _memory() -> bytes:
    gc.collect()
    resident_pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return json.dumps({"resident": resident_pages * _PAGE_BYTES, "blocks": sys.getallocatedblocks()}).encode()


async def _answer(send: Any, body: bytes) -> None:
    headers = [(b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def _nobody(_scope: Any, _receive: Any, send: Any) -> None:
    await _answer(send, _NOBODY)


def _wsgi_answer(start_response: Any, body: bytes) -> list[bytes]:
    start_response("200 OK", [("Content-Length", str(len(body)))])
    return [body]


def _wsgi_nobody(_environ: dict[str, Any], start_response: Any) -> list[bytes]:
    return _wsgi_answer(start_response, _NOBODY)


def _with_memory(inner: ASGI) -> ASGI:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope.get("path") == "/memory":
            await _answer(send, _memory())
        else:
            await inner(scope, receive, send)

    return app


def _wsgi_with_memory(inner: WSGI) -> WSGI:
    def app(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        if environ["PATH_INFO"] == "/memory":
            return _wsgi_answer(start_response, _memory())
        return inner(environ, start_response)

    return app


asgi, asgi_control = _with_memory(matrix_app.asgi), _with_memory(_nobody)
wsgi, wsgi_control = _wsgi_with_memory(matrix_app.wsgi), _wsgi_with_memory(_wsgi_nobody)
