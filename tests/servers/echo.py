"""An ASGI app that answers with what a bridge says of the connection; it imports nothing of clientcert itself."""

import asyncio
import gc
import json
import os
from typing import Any


async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Answer HTTP with JSON, a WebSocket with the same JSON as its first message."""
    if scope["type"] == "lifespan":
        return
    body = json.dumps(_seen(scope, receive)).encode()
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.accept"})
        await send({"type": "websocket.send", "text": body.decode()})
        await send({"type": "websocket.close"})
        return
    length = str(len(body)).encode()
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", length)]})
    await send({"type": "http.response.body", "body": body})


def _seen(scope: dict[str, Any], receive: Any) -> dict[str, Any]:
    seen = {
        "type": scope["type"],
        # daphne leaves these two out of a WebSocket's scope.
        "http_version": scope.get("http_version"),
        "scheme": scope.get("scheme"),
        "client": scope["client"],
        "process": os.getpid(),
        "loop": type(asyncio.get_running_loop()).__module__.partition(".")[0],
        # The bound method's owner names the implementation that really runs.
        "protocol": type(getattr(receive, "__self__", None)).__module__.rpartition(".")[2],
        "bridged": "clientcert.connection" in scope,
    }
    if seen["bridged"]:
        connection = scope["clientcert.connection"]
        chain = connection.tls_chain()
        seen["chain"] = None if chain is None else [der.hex() for der in chain]
        seen["peer"] = connection.peer
        seen["is_unix"] = connection.is_unix
        seen["is_tls"] = connection.is_tls
        seen["asks_for_certificate"] = connection.asks_for_certificate
    if scope.get("path") == "/alive":
        gc.collect()
        seen["alive"] = sum(type(each).__name__ == "TlsConnection" for each in gc.get_objects())
    return seen
