"""``close_expired_websockets``: a WebSocket ends with the certificate that opened it, and no sooner."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from clientcert.asgi import ClientCertMiddleware
from clientcert.runtime import websocket as runtime_websocket
from clientcert.runtime.websocket import CertificateNoLongerAcceptedError, run_while_accepted
from clientcert.servers.connection import CONNECTION_SCOPE_KEY, TlsConnection
from tests import driving
from tests import material as m
from tests.servers.exchange import WebSocket, ask, open_tls
from tests.servers.launching import gunicorn, hypercorn, python, uvicorn
from tests.servers.matrix import MatrixPki

Message = dict[str, Any]
DISCONNECT = {"type": "websocket.disconnect", "code": 1008, "reason": "client certificate no longer accepted"}
CLOSE = {"type": "websocket.close", "code": 1008, "reason": "client certificate no longer accepted"}


class Server:
    """The server's side of one WebSocket: what the client sends, and what it gets."""

    def __init__(self) -> None:
        self.sent: list[Message] = []
        self.incoming: asyncio.Queue[Message] = asyncio.Queue()

    async def receive(self) -> Message:
        """Wait for the client."""
        return await self.incoming.get()

    async def send(self, message: Any) -> None:
        """Take a message of the app."""
        self.sent.append(dict(message))


async def run(
    app: Callable[..., Awaitable[None]], server: Server, *, accepted: list[bool], every: float = 0.01
) -> None:
    """Run an app whose certificate is looked at every few milliseconds."""
    await run_while_accepted(
        app, server.receive, server.send, is_accepted=lambda: accepted[0], seconds_left=lambda: every
    )


def test_app_that_waits_sees_a_disconnect() -> None:
    """The client is sent 1008; an app that waits for it sees what it sees when a client leaves, again and again."""
    accepted, received = [True], []

    async def app(receive: Any, send: Any) -> None:
        await send({"type": "websocket.accept"})
        received.append(await receive())
        accepted[0] = False
        received.extend([await receive(), await receive()])

    async def main() -> Server:
        server = Server()
        server.incoming.put_nowait({"type": "websocket.connect"})
        await run(app, server, accepted=accepted)
        return server

    server = asyncio.run(main())
    assert received == [{"type": "websocket.connect"}, DISCONNECT, DISCONNECT]
    assert server.sent == [{"type": "websocket.accept"}, CLOSE]


def test_app_that_sends_gets_an_oserror() -> None:
    """An app that only sends is told by an OSError, which ends it without a traceback in the server's log."""
    accepted = [True]

    async def app(_receive: Any, send: Any) -> None:
        await send({"type": "websocket.accept"})
        accepted[0] = False
        while True:
            await asyncio.sleep(0.001)
            await send({"type": "websocket.send", "text": "tick"})

    async def main() -> Server:
        server = Server()
        await run(app, server, accepted=accepted)
        return server

    sent = asyncio.run(main()).sent
    assert (sent[0]["type"], sent[-1]) == ("websocket.accept", CLOSE)
    assert issubclass(CertificateNoLongerAcceptedError, OSError)


def test_open_while_accepted() -> None:
    """While the certificate is accepted nothing is closed, and an app that gives up waiting loses no message."""
    received: list[Message] = []

    async def app(receive: Any, send: Any) -> None:
        for _ in range(20):
            with suppress(TimeoutError):
                received.append(await asyncio.wait_for(receive(), 0.002))
        await send({"type": "websocket.close"})

    async def client(server: Server) -> None:
        for number in range(5):
            await asyncio.sleep(0.005)
            server.incoming.put_nowait({"type": "websocket.receive", "text": str(number)})

    async def main() -> Server:
        server = Server()
        await asyncio.gather(run(app, server, accepted=[True], every=0.001), client(server))
        return server

    server = asyncio.run(main())
    assert [each["text"] for each in received] == ["0", "1", "2", "3", "4"]
    assert server.sent == [{"type": "websocket.close"}]


def test_closed_by_the_app_is_not_closed_again() -> None:
    """After the app's own close there is no second one."""

    async def app(_receive: Any, send: Any) -> None:
        await send({"type": "websocket.close", "code": 4000})
        await asyncio.sleep(0.05)

    async def main() -> Server:
        server = Server()
        await run(app, server, accepted=[False])
        return server

    assert asyncio.run(main()).sent == [{"type": "websocket.close", "code": 4000}]


def test_the_client_is_told_though_the_app_ends_first() -> None:
    """An app that ends at once when it is disconnected does not cut off what its client is being told."""

    async def app(receive: Any, _send: Any) -> None:
        assert await receive() == DISCONNECT

    class Slow(Server):
        """A server whose client reads slowly."""

        async def send(self, message: Any) -> None:
            """Send in the end."""
            await asyncio.sleep(0.02)
            await super().send(message)

    async def main() -> Server:
        server = Slow()
        await run(app, server, accepted=[False])
        return server

    assert asyncio.run(main()).sent == [CLOSE]


@pytest.mark.parametrize(
    ("left", "delay"),
    [(3600.0, 30.0), (30.0, 30.0), (7.5, 7.5), (0.01, 0.1), (0.0, 0.1), (-0.001, 0.1), (-29.0, 0.1), (-31.0, 30.0)],
)
def test_when_to_look_again(left: float, delay: float) -> None:
    """At the end of the certificate and shortly after it, every half minute before and long after."""
    assert runtime_websocket._delay(left) == delay


def test_a_client_that_left_is_no_error() -> None:
    """Where the server can no longer send, closing is quiet."""

    async def app(receive: Any, _send: Any) -> None:
        assert await receive() == DISCONNECT

    class Gone(Server):
        """A server whose client has left."""

        async def send(self, message: Any) -> None:
            """Refuse, as servers do."""
            raise RuntimeError("already closed")

    async def main() -> None:
        await run(app, Gone(), accepted=[False])

    asyncio.run(main())


def test_our_own_bug_closes() -> None:
    """Where nobody can say whether the certificate is good, it counts as bad."""

    def fails() -> bool:
        raise ZeroDivisionError

    async def app(receive: Any, _send: Any) -> None:
        assert await receive() == DISCONNECT

    async def main() -> Server:
        server = Server()
        asyncio.get_running_loop().set_exception_handler(lambda *_: None)
        await run_while_accepted(app, server.receive, server.send, is_accepted=fails, seconds_left=lambda: 0.001)
        return server

    assert asyncio.run(main()).sent == [CLOSE]


def test_exceptions_of_the_app_are_the_apps() -> None:
    """What an app raises leaves the wrapper as it was raised."""

    async def app(_receive: Any, _send: Any) -> None:
        raise ConnectionAbortedError("the app's own")

    async def main() -> None:
        await run(app, Server(), accepted=[True])

    with pytest.raises(ConnectionAbortedError, match="the app's own"):
        asyncio.run(main())


def test_expired_and_accepted_is_not_asked_all_the_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where an expired certificate is accepted all the same (a pinned one), the interval holds, not the date."""
    monkeypatch.setattr(runtime_websocket, "RECHECK_SECONDS", 0.01)
    asked: list[float] = []

    async def app(_receive: Any, _send: Any) -> None:
        await asyncio.sleep(0.1)

    def is_accepted() -> bool:
        asked.append(time.monotonic())
        return True

    async def main() -> None:
        server = Server()
        await run_while_accepted(app, server.receive, server.send, is_accepted=is_accepted, seconds_left=lambda: -1.0)

    asyncio.run(main())
    assert 1 <= len(asked) <= 10


class Clock:
    """A clock that is turned by hand."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        """What time it is."""
        return self.now


async def waiting_app(_scope: Any, receive: Any, send: Any) -> None:
    """Accept, then wait for the client to go."""
    await receive()
    await send({"type": "websocket.accept"})
    while (await receive())["type"] != "websocket.disconnect":
        pass


TURNS: dict[str, tuple[dict[str, Any], bool]] = {
    "closed when it has expired": ({"close_expired_websockets": True}, True),
    "open without the option": ({}, False),
    "open where nothing is enforced": ({"close_expired_websockets": True, "enforce": False}, False),
    "closed where a bad certificate counts as none": (
        {"close_expired_websockets": True, "mode": "optional", "on_invalid": "anonymous"},
        True,
    ),
}


@pytest.mark.parametrize("row", TURNS)
def test_middleware(row: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The middleware decides anew about the same handshake, by its own clock."""
    monkeypatch.setattr(runtime_websocket, "RECHECK_SECONDS", 0.01)
    settings, closes = TURNS[row]
    clock = Clock(m.NOW)
    option = {"close_expired_websockets": settings.get("close_expired_websockets", False)}
    others = {name: value for name, value in settings.items() if name not in option}
    config = m.config(source="tls", trusted_proxies=None, clock=clock, **others)
    middleware = ClientCertMiddleware(waiting_app, config, **option)
    tls = TlsConnection(peer=("127.0.0.1", 1), is_tls=True, asks_for_certificate=True, _chain=(m.ALICE.der,))
    scope = driving.websocket_scope() | {CONNECTION_SCOPE_KEY: tls}

    async def main() -> list[Message]:
        server = Server()
        server.incoming.put_nowait({"type": "websocket.connect"})
        task = asyncio.ensure_future(middleware(scope, server.receive, server.send))
        await asyncio.sleep(0.05)
        assert [each["type"] for each in server.sent] == ["websocket.accept"]
        clock.now = m.ALICE.certificate.not_valid_after_utc + timedelta(seconds=1)
        await asyncio.sleep(0.05)
        closed = server.sent[1:]
        server.incoming.put_nowait({"type": "websocket.disconnect", "code": 1000})
        await task
        return closed

    assert asyncio.run(main()) == ([CLOSE] if closes else [])


def test_anonymous_is_not_watched() -> None:
    """A client without a certificate has nothing that can expire."""
    config = m.config(source="tls", trusted_proxies=None, mode="optional")
    middleware = ClientCertMiddleware(waiting_app, config, close_expired_websockets=True)
    tls = TlsConnection(peer=("127.0.0.1", 1), is_tls=True, asks_for_certificate=True)
    scope = driving.websocket_scope() | {CONNECTION_SCOPE_KEY: tls}

    async def main() -> list[Message]:
        server = Server()
        for kind in ("websocket.connect", "websocket.disconnect"):
            server.incoming.put_nowait({"type": kind})
        await middleware(scope, server.receive, server.send)
        assert len(asyncio.all_tasks()) == 1
        return server.sent

    assert asyncio.run(main()) == [{"type": "websocket.accept"}]


LIFETIME_SECONDS = 3
SERVERS = {
    "uvicorn websockets": python(uvicorn("--http", "clientcert.servers.uvicorn:Auto")),
    "uvicorn wsproto": python(uvicorn("--http", "clientcert.servers.uvicorn:Auto", "--ws", "wsproto")),
    "gunicorn asgi": python(gunicorn("clientcert.servers.gunicorn.ASGIWorker", "asgi")),
    "hypercorn": python(hypercorn(), MATRIX_INSTALL="hypercorn"),
}


@pytest.mark.parametrize("server", SERVERS)
def test_real_server(server: str, matrix_pki: MatrixPki, tmp_path: Path) -> None:
    """
    On a real server the client sees code 1008 within two seconds of the end, and its twin with more time stays.

    Then a resumed session, which the server does not verify again, is refused by us: the certificate has expired.
    """
    with SERVERS[server](matrix_pki, "optional", tmp_path) as running:
        issued = matrix_pki.issuing.issue("short", not_after=timedelta(seconds=LIFETIME_SECONDS))
        begun, tls = time.monotonic(), matrix_pki.client_context(issued)
        with open_tls(running, tls) as sock, open_tls(running, matrix_pki.context("good", "ws", None)) as other:
            websocket = WebSocket(sock)
            opened = websocket.ask("/wait")
            assert (opened.status, opened.who) == (101, issued.fingerprint_sha256), running.log
            assert WebSocket(other).ask("/wait").status == 101
            assert websocket.closed() == (1008, "client certificate no longer accepted")
            assert LIFETIME_SECONDS - 1 < time.monotonic() - begun < LIFETIME_SECONDS + 2
            other.settimeout(0.2)
            with pytest.raises(TimeoutError):
                WebSocket(other).closed()
        resumed = ask(running, tls, "h1", session=opened.session)
        assert (resumed.status, resumed.resumed) == (403, True)
        assert "certificate-expired" in running.log
