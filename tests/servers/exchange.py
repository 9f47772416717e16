"""TLS clients over HTTP/1.1, HTTP/2 and WebSocket: without an event loop, and with the session of the handshake."""

import http.client
import json
import ssl
from dataclasses import dataclass
from typing import Protocol

import h2.config
import h2.connection
import h2.events
from wsproto import ConnectionType, WSConnection
from wsproto.events import AcceptConnection, CloseConnection, RejectConnection, Request, TextMessage

from tests.servers.harness import SERVER_NAME, RunningServer, connect

RECEIVE_BYTES = 65_536
ALPN = {"h1": "http/1.1", "h2": "h2", "ws": "http/1.1"}
# What a client sees where the server has refused it in the handshake: in TLS 1.3 only when it reads.
REFUSED = (ssl.SSLError, ConnectionError, http.client.BadStatusLine)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """
    What came back.

    Attributes:
        status: Of the response; 101 for an accepted WebSocket; None where the handshake was refused.
        who: Fingerprint that the app saw.
        resumed: The TLS session was an earlier one.
        session: To resume.
        closes: The server ends the connection.
    """

    status: int | None
    who: str | None = None
    resumed: bool = False
    session: ssl.SSLSession | None = None
    closes: bool = True


class Asking(Protocol):
    """A client on one connection."""

    def ask(self, path: str) -> Answer:
        """Ask once."""


def open_tls(server: RunningServer, tls: ssl.SSLContext, session: ssl.SSLSession | None = None) -> ssl.SSLSocket:
    """Connect and shake hands."""
    return tls.wrap_socket(connect(server.address), server_hostname=SERVER_NAME, session=session)


def ask(
    server: RunningServer, tls: ssl.SSLContext, over: str, *, path: str = "/", session: ssl.SSLSession | None = None
) -> Answer:
    """Connect, shake hands, ask once, disconnect; `tls` must offer the ALPN name of `over`."""
    try:
        with open_tls(server, tls, session) as sock:
            if over == "h2" and sock.selected_alpn_protocol() != "h2":
                raise RuntimeError("the server does not speak HTTP/2")
            return CLIENTS[over](sock).ask(path)
    except REFUSED:
        return Answer(status=None)


class Http1:
    """HTTP/1.1, any number of requests."""

    def __init__(self, sock: ssl.SSLSocket) -> None:
        self._sock = sock
        self._http = http.client.HTTPConnection(SERVER_NAME)
        self._http.sock = sock

    def ask(self, path: str) -> Answer:
        """Send a GET."""
        resumed = bool(self._sock.session_reused)
        self._http.request("GET", path)
        response = self._http.getresponse()
        # Now: tickets of TLS 1.3 come after the handshake, and a response that ends the connection closes the socket.
        session = self._sock.session
        body = response.read()
        closes = response.will_close
        return _answer(response.status, body, resumed=resumed, session=session, closes=closes)


class Http2:
    """HTTP/2, any number of streams, one after the other."""

    def __init__(self, sock: ssl.SSLSocket) -> None:
        self._sock = sock
        self._h2 = h2.connection.H2Connection(h2.config.H2Configuration(header_encoding=None))
        self._h2.initiate_connection()

    def ask(self, path: str) -> Answer:
        """Send a GET."""
        stream = self._h2.get_next_available_stream_id()
        names = {":method": "GET", ":scheme": "https", ":authority": SERVER_NAME, ":path": path}
        self._h2.send_headers(stream, [*names.items()], end_stream=True)
        status, body = 0, b""
        while True:
            self._sock.sendall(self._h2.data_to_send())
            for event in self._h2.receive_data(_received(self._sock)):
                match event:
                    case h2.events.ResponseReceived():
                        status = int(dict(event.headers)[b":status"])
                    case h2.events.DataReceived():
                        body += event.data
                    case h2.events.StreamEnded():
                        resumed, session = bool(self._sock.session_reused), self._sock.session
                        return _answer(status, body, resumed=resumed, session=session, closes=False)
                    case h2.events.StreamReset() | h2.events.ConnectionTerminated():
                        raise RuntimeError(f"HTTP/2: {event}")


class WebSocket:
    """A WebSocket that is asked by opening it."""

    def __init__(self, sock: ssl.SSLSocket) -> None:
        self._sock = sock
        self._ws = WSConnection(ConnectionType.CLIENT)

    def ask(self, path: str) -> Answer:
        """Open it, and take the first message."""
        self._sock.sendall(self._ws.send(Request(host=SERVER_NAME, target=path)))
        resumed, status = bool(self._sock.session_reused), 0
        while True:
            self._ws.receive_data(_received(self._sock))
            for event in self._ws.events():
                match event:
                    case AcceptConnection():
                        status = 101
                    case RejectConnection():
                        return _answer(event.status_code, b"", resumed=resumed, session=self._sock.session)
                    case TextMessage():
                        return _answer(status, event.data.encode(), resumed=resumed, session=self._sock.session)

    def closed(self) -> tuple[int, str | None]:
        """Wait until the server closes it: code and reason."""
        while True:
            self._ws.receive_data(_received(self._sock))
            for event in self._ws.events():
                if isinstance(event, CloseConnection):
                    return event.code, event.reason


def _received(sock: ssl.SSLSocket) -> bytes:
    data = sock.recv(RECEIVE_BYTES)
    if not data:
        raise ConnectionResetError("the server has closed the connection")
    return data


def _answer(status: int, body: bytes, *, resumed: bool, session: ssl.SSLSession | None, closes: bool = True) -> Answer:
    who = json.loads(body)["who"] if status in (200, 101) else None
    return Answer(status=status, who=who, resumed=resumed, session=session, closes=closes)


CLIENTS: dict[str, type[Http1] | type[Http2] | type[WebSocket]] = {"h1": Http1, "h2": Http2, "ws": WebSocket}
