"""
The innermost app of every target, and what it saw.

A cache that answers with the wrong identity is quick. So the app can be told to keep what it was given; where it is
not told, that costs all targets the same test of one global.
"""

from collections.abc import Awaitable, Callable, Iterable, Iterator, MutableMapping
from contextlib import contextmanager
from typing import Any

Scope = MutableMapping[str, Any]
Send = Callable[[Any], Awaitable[None]]
AsgiApp = Callable[[Scope, Any, Send], Awaitable[None]]
WsgiApp = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]

_START = {"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/plain")]}
_BODY = {"type": "http.response.body", "body": b"hello"}

_seen: list[Any] | None = None


@contextmanager
def witnessing() -> Iterator[list[Any]]:
    """For the length of a block, what the innermost apps are given is kept in a list."""
    global _seen  # noqa: PLW0603 - read in the measured path, where an attribute would cost more than the test itself
    seen: list[Any] = []
    _seen = seen
    try:
        yield seen
    finally:
        _seen = None


def note(value: Any) -> None:
    """What the view of a framework was given."""
    if _seen is not None:
        _seen.append(value)


async def asgi_hello(scope: Scope, receive: Any, send: Send) -> None:  # noqa: ARG001 - of the protocol
    """Answer every request with five bytes."""
    if _seen is not None:
        _seen.append(scope)
    await send(_START)
    await send(_BODY)


def wsgi_hello(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Answer every request with five bytes."""
    if _seen is not None:
        _seen.append(environ)
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"hello"]
