"""An HTTP/2 client that sends exactly the header fields of a test: duplicates, upper case, ``connection``."""

import socket
import ssl
from collections.abc import Iterable
from typing import Self

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import ConnectionTerminated, DataReceived, Event, ResponseReceived, StreamEnded, StreamReset
from h2.exceptions import ProtocolError

from tests.interop.harness import HOST, TIMEOUT_SECONDS, Response

Fields = list[tuple[bytes, bytes]]


class RefusedError(Exception):
    """The peer ended the stream or the connection instead of answering."""


class Http2Connection:
    """
    One HTTP/2 connection over TLS, for one request.

    Nothing about the fields is checked, folded to lower case or merged on our side.
    """

    def __init__(self, port: int, *, tls: ssl.SSLContext) -> None:
        plain = socket.create_connection(("127.0.0.1", port), TIMEOUT_SECONDS)
        self._socket = tls.wrap_socket(plain, server_hostname=HOST)
        if self._socket.selected_alpn_protocol() != "h2":
            raise RefusedError(f"wanted h2, got {self._socket.selected_alpn_protocol()}")
        self._connection = H2Connection(
            H2Configuration(
                client_side=True,
                header_encoding=None,
                validate_outbound_headers=False,
                normalize_outbound_headers=False,
                validate_inbound_headers=False,
            )
        )

    def get(self, path: str, fields: Iterable[tuple[bytes, bytes]] = ()) -> Response:
        """
        Send one GET with `fields` after the pseudo-header fields and read the whole response.

        Raises:
            RefusedError: RST_STREAM, GOAWAY or the end of the connection in the place of a response.
            OSError: The TLS layer ended it.
        """
        pseudo = [
            (b":method", b"GET"),
            (b":scheme", b"https"),
            (b":authority", HOST.encode()),
            (b":path", path.encode()),
        ]
        self._connection.initiate_connection()
        self._connection.send_headers(1, [*pseudo, *fields], end_stream=True)
        self._socket.sendall(self._connection.data_to_send())
        headers: Fields = []
        body = b""
        for event in self._events():
            match event:
                case ResponseReceived():
                    headers = [(bytes(name), bytes(value)) for name, value in event.headers or ()]
                case DataReceived():
                    body += event.data or b""
                case StreamReset():
                    raise RefusedError(f"stream reset: {event.error_code!r}")
                case ConnectionTerminated():
                    raise RefusedError(f"connection ended: {event.error_code!r}")
                case StreamEnded():
                    break
        else:
            raise RefusedError("connection closed")
        return Response(
            status=int(dict(headers)[b":status"]),
            headers=tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in headers),
            body=body,
        )

    def _events(self) -> Iterable[Event]:
        while data := self._socket.recv(65_536):
            try:
                events = self._connection.receive_data(data)
            except ProtocolError as error:
                raise RefusedError(repr(error)) from error
            yield from events
            self._socket.sendall(self._connection.data_to_send())

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
