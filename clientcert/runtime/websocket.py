"""A WebSocket may outlive the certificate that opened it; this closes it then."""

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from contextlib import suppress
from typing import Any

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

RECHECK_SECONDS = 30.0
"""How long a revoked certificate can keep its WebSocket; an expiring one is closed at its second."""

# A timer may fire a little early, and the certificate be good for that moment still.
_SOON_SECONDS = 0.1
_POLICY_VIOLATION = 1008  # RFC 6455 §7.4.1
_REASON = "client certificate no longer accepted"


class CertificateNoLongerAcceptedError(ConnectionAbortedError):
    """The app sends to a WebSocket that was closed because its certificate is no longer good (ASGI 2.4: an OSError)."""


async def run_while_accepted(
    run: Callable[[Receive, Send], Awaitable[None]],
    receive: Receive,
    send: Send,
    *,
    is_accepted: Callable[[], bool],
    seconds_left: Callable[[], float],
) -> None:
    """
    Run an app until it ends, and close its WebSocket when the certificate is refused before.

    The client sees close code 1008. The app sees what it sees when a client leaves: ``websocket.disconnect``, and an
    OSError where it goes on sending.

    Args:
        run: The app, with its scope.
        receive: The server's.
        send: The server's.
        is_accepted: Decide anew.
        seconds_left: Until the certificate expires; 0 or less where that is over, and was accepted all the same.
    """
    watched = _Watched(receive, send)
    watch = asyncio.ensure_future(_watch(watched, is_accepted, seconds_left))
    try:
        await run(watched.receive, watched.send)
    except CertificateNoLongerAcceptedError:
        # Ours; an app that does not care about disconnects need not care about this one.
        return
    finally:
        if watched.is_closed:
            # What the client is told may be on its way only now.
            await asyncio.wait((watch,))
        watch.cancel()
        watched.forget()


async def _watch(watched: "_Watched", is_accepted: Callable[[], bool], seconds_left: Callable[[], float]) -> None:
    while True:
        await asyncio.sleep(_delay(seconds_left()))
        try:
            accepted = is_accepted()
        except Exception:  # whatever it is, the connection must not outlive it
            # Our own bug: nobody knows whether the certificate is good, so it counts as bad.
            await watched.close()
            raise
        if not accepted:
            await watched.close()
            return


def _delay(left: float) -> float:
    if left < -RECHECK_SECONDS:
        # It has expired and is accepted all the same: pinned, say.
        return RECHECK_SECONDS
    return min(max(left, _SOON_SECONDS), RECHECK_SECONDS)


class _Watched:
    """Receive and send of one WebSocket, until it is closed."""

    def __init__(self, receive: Receive, send: Send) -> None:
        self._receive = receive
        self._send = send
        self._pending: asyncio.Future[Message] | None = None
        self._closed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._ended = False

    @property
    def is_closed(self) -> bool:
        """True when the certificate was refused."""
        return self._closed.done()

    async def receive(self) -> Message:
        """Take the next message of the client, or the news that it is gone."""
        if not self.is_closed:
            # Kept where the app gives up waiting: the message that comes then must not be lost.
            pending = self._pending = self._pending or asyncio.ensure_future(self._receive())
            await asyncio.wait((pending, self._closed), return_when=asyncio.FIRST_COMPLETED)
            if pending.done():
                self._pending = None
                return pending.result()
        return {"type": "websocket.disconnect", "code": _POLICY_VIOLATION, "reason": _REASON}

    async def send(self, message: Message) -> None:
        """Send a message of the app."""
        if self.is_closed:
            raise CertificateNoLongerAcceptedError(_REASON)
        self._ended = self._ended or message["type"] == "websocket.close"
        await self._send(message)

    async def close(self) -> None:
        """Close the WebSocket, unless the app has done so."""
        self._closed.set_result(None)
        if not self._ended:
            # The client may have left in this very moment.
            with suppress(OSError, RuntimeError):
                await self._send({"type": "websocket.close", "code": _POLICY_VIOLATION, "reason": _REASON})

    def forget(self) -> None:
        """Stop waiting for the client."""
        if self._pending is not None:
            self._pending.cancel()
