"""Requests through an app: a block of them on the clock, or one by one with everything looked at."""

import asyncio
import logging
import os
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from time import thread_time_ns
from typing import Any, Literal

from benchmarks.traffic import HEADERS, Form, Sent, asgi_scope, wsgi_environ
from benchmarks.witness import AsgiApp, WsgiApp, witnessing

Kind = Literal["asgi", "wsgi"]


# Ours under ASGI and WSGI, and x509middleware's.
_IDENTITY_KEYS = ("client_identity", "clientcert.identity", "client_cert")


class WrongAnswerError(RuntimeError):
    """A target that is measured answers wrongly."""


def log_to_nowhere() -> None:
    """Format every line of the log, as in production, and throw it away."""
    stream = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 - for the life of the process
    logging.basicConfig(stream=stream, format="%(asctime)s %(levelname)s %(name)s %(message)s")


class _Receive:
    """A request without a body, from a client that waits for its answer."""

    def __init__(self) -> None:
        self._was_read = False

    async def __call__(self) -> dict[str, Any]:
        if self._was_read:
            await asyncio.get_running_loop().create_future()
        self._was_read = True
        return {"type": "http.request", "body": b"", "more_body": False}


async def _send(message: Any) -> None:
    pass


def _start_response(status: str, headers: Any, exc_info: Any = None) -> None:
    pass


async def _asgi_block(app: AsgiApp, requests: Sequence[Any]) -> int:
    send = _send
    start = thread_time_ns()
    for scope, receive in requests:
        await app(scope, receive, send)
    return thread_time_ns() - start


def _wsgi_block(app: WsgiApp, environs: Sequence[Any]) -> int:
    start_response = _start_response
    start = thread_time_ns()
    for environ in environs:
        for _ in app(environ, start_response):
            pass
    return thread_time_ns() - start


def run_without_loop(coroutine: Coroutine[Any, Any, int]) -> int:
    """Run what never waits for anything."""
    try:
        coroutine.send(None)
    except StopIteration as stop:
        return int(stop.value)
    raise RuntimeError("the app waits for something: its target needs an event loop")


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """
    One app that is built.

    Attributes:
        name: Of the target.
        kind: Protocol.
        app: The app in its middleware.
        form: How certificates come to it.
        loop: The event loop that it needs; None for one that never waits.
        looks: False for what does not look at certificates: it admits everybody and shows nobody.
        headers: In each request.
        extra: Further keys of each scope or environ.
    """

    name: str
    kind: Kind
    app: Any
    form: Form = "nginx"
    loop: asyncio.AbstractEventLoop | None = None
    looks: bool = True
    headers: int = HEADERS
    extra: dict[str, Any] = field(default_factory=dict)

    def requests(self, sent: Sequence[Sent]) -> list[Any]:
        """Fresh requests, ready to be given to `block`."""
        if self.kind == "wsgi":
            return [wsgi_environ(one, self.headers) | self.extra for one in sent]
        return [(asgi_scope(one, self.headers) | self.extra, _Receive()) for one in sent]

    def block(self, requests: Sequence[Any]) -> int:
        """Answer all of them; nanoseconds."""
        if self.kind == "wsgi":
            return _wsgi_block(self.app, requests)
        if self.loop is None:
            return run_without_loop(_asgi_block(self.app, requests))
        return self.loop.run_until_complete(_asgi_block(self.app, requests))

    def check(self, sent: Sequence[Sent]) -> None:
        """
        Answer one request for each and compare status and serial number with what was sent.

        Raises:
            WrongAnswerError: With the first that differs.
        """
        for one in sent:
            with witnessing() as seen:
                status = self._status(self.requests([one])[0])
            wanted = (one.status, one.serial) if self.looks else (HTTPStatus.OK, None)
            got = (status, serial_of(seen[0]) if seen and self.looks else None)
            if got != wanted or len(seen) != (status == HTTPStatus.OK):
                raise WrongAnswerError(f"{self.name}: status and serial are {got}, wanted {wanted}")

    def _status(self, request: Any) -> int:
        if self.kind == "wsgi":
            lines: list[str] = []
            for _ in self.app(request, lambda status, *_: lines.append(status)):
                pass
            return int(lines[0].split()[0])
        statuses: list[int] = []

        async def send(message: Any) -> None:
            if message["type"] == "http.response.start":
                statuses.append(message["status"])

        async def run() -> int:
            scope, receive = request
            await self.app(scope, receive, send)
            return statuses[0]

        return run_without_loop(run()) if self.loop is None else self.loop.run_until_complete(run())


def serial_of(seen: Any) -> int | None:
    """The serial number in what an innermost app was given: a scope, an environ, or the identity itself."""
    if isinstance(seen, dict):
        seen = next((seen[key] for key in _IDENTITY_KEYS if key in seen), None)
    serial = seen if isinstance(seen, int) else getattr(seen, "serial_number", None)
    return None if serial is None else int(serial)
