"""Requests put together by hand and given to an app in this process: raw scopes and environs, whole answers."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from dataclasses import dataclass, field
from typing import Any

from werkzeug.test import create_environ, run_wsgi_app

from tests.material import PROXY, Pairs, raw

Message = MutableMapping[str, Any]
ASGIApp = Callable[..., Awaitable[None]]
WSGIApp = Callable[..., Iterable[bytes]]

PORT = 40_000
ACCEPTED, CLOSED = 200, 1008


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """
    What a client gets.

    Attributes:
        status: Of the response; for a WebSocket `ACCEPTED`, or `CLOSED` where it was closed without a response.
        headers: Lower-case names; none came twice.
        body: The whole of it; the first message of a WebSocket.
    """

    status: int
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""


def http_scope(
    pairs: Pairs = (), *, peer: str | None = PROXY, port: int | None = PORT, path: str = "/whoami", **more: Any
) -> dict[str, Any]:
    """An ASGI http scope as an app server makes it."""
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode("ascii"),
        "root_path": "",
        "query_string": b"",
        "headers": [(b"host", b"app.example"), *raw(pairs)],
        "client": None if peer is None else (peer, port),
        "server": ("127.0.0.1", 8000),
        **more,
    }


def websocket_scope(pairs: Pairs = (), *, denial: bool = True, **more: Any) -> dict[str, Any]:
    """An ASGI websocket scope, from a server that can answer a handshake with a response, or cannot."""
    extensions: dict[str, Any] = {"websocket.http.response": {}} if denial else {}
    websocket = {"type": "websocket", "scheme": "ws", "subprotocols": [], "extensions": extensions}
    scope = http_scope(pairs, **more) | websocket
    del scope["method"]
    return scope


def messages(app: ASGIApp, scope: MutableMapping[str, Any]) -> list[Message]:
    """Everything that an app sends for a scope."""
    sent: list[Message] = []

    async def run() -> None:
        first = [{"type": "websocket.connect"} if scope["type"] == "websocket" else {"type": "http.request"}]

        async def receive() -> Message:
            if not first:
                # The client waits for its answer: an app that listens for its going hears nothing.
                await asyncio.Event().wait()
            return first.pop()

        async def send(message: Message) -> None:
            sent.append(message)

        await app(scope, receive, send)

    asyncio.run(run())
    return sent


def ask_asgi(app: ASGIApp, scope: MutableMapping[str, Any]) -> Answer:
    """An app's answer to an http or websocket scope."""
    sent = messages(app, scope)
    start = next((message for message in sent if message["type"].endswith("http.response.start")), None)
    start = start or next((message for message in sent if message["type"] == "http.response.start"), None)
    if start is not None:
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in start["headers"]}
        assert len(headers) == len(start["headers"])
        body = b"".join(message.get("body", b"") for message in sent if message["type"].endswith("response.body"))
        return Answer(status=start["status"], headers=headers, body=body)
    if sent[0]["type"] == "websocket.accept":
        return Answer(status=ACCEPTED, body=sent[1]["text"].encode())
    assert [message["type"] for message in sent] == ["websocket.close"]
    return Answer(status=sent[0]["code"])


def environ(
    pairs: Pairs = (), *, peer: str | None = PROXY, port: int | None = PORT, path: str = "/whoami", **more: Any
) -> dict[str, Any]:
    """
    A WSGI environ from the least careful of servers.

    Duplicates are joined with a comma, ``_`` and ``-`` are one character, control bytes pass (wsgiref, uWSGI).
    """
    made = create_environ(path, "http://app.example/")
    made |= {"REMOTE_ADDR": peer or "", **({} if port is None else {"REMOTE_PORT": str(port)})}
    for name, value in pairs:
        key = "HTTP_" + name.upper().replace("-", "_")
        made[key] = f"{made[key]},{value}" if key in made else value
    return made | more


def ask_wsgi(app: WSGIApp, request: dict[str, Any]) -> Answer:
    """An app's answer to an environ."""
    chunks, status, headers = run_wsgi_app(app, request)
    body = b"".join(chunks)
    if hasattr(chunks, "close"):
        chunks.close()
    pairs = {name.lower(): value for name, value in headers}
    assert len(pairs) == len(list(headers))
    return Answer(status=int(status.split()[0]), headers=pairs, body=body)
