"""An HTTP/3 client: one QUIC connection, any number of requests, with a client certificate for whoever asks for one."""

import asyncio
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aioquic.asyncio.client import connect
from aioquic.asyncio.protocol import QuicConnectionProtocol
from aioquic.h3.connection import H3_ALPN, H3Connection
from aioquic.h3.events import DataReceived, H3Event, HeadersReceived
from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.events import ProtocolNegotiated, QuicEvent

from clientcert.testing import IssuedCertificate
from tests.servers.harness import SERVER_NAME, Pki


@dataclass(slots=True)
class Http3Answer:
    """A response while it arrives; `arrived` is set when it is whole."""

    status: int = 0
    headers: dict[bytes, bytes] = field(default_factory=dict)
    body: bytes = b""
    arrived: asyncio.Event = field(default_factory=asyncio.Event)


class Http3(QuicConnectionProtocol):
    """HTTP/3 on one connection."""

    def __init__(self, *arguments: Any, **keywords: Any) -> None:
        super().__init__(*arguments, **keywords)
        self._http: H3Connection | None = None
        self._answers: dict[int, Http3Answer] = {}

    def quic_event_received(self, event: QuicEvent) -> None:
        """Hand QUIC to HTTP/3, and HTTP/3 to whoever waits for it."""
        if isinstance(event, ProtocolNegotiated):
            self._http = H3Connection(self._quic)
        if self._http is not None:
            for each in self._http.handle_event(event):
                self._take(each)

    def _take(self, event: H3Event) -> None:
        if not isinstance(event, HeadersReceived | DataReceived):
            return
        answer = self._answers[event.stream_id]
        if isinstance(event, HeadersReceived):
            answer.headers = dict(event.headers)
            answer.status = int(answer.headers[b":status"])
        else:
            answer.body += event.data
        if event.stream_ended:
            answer.arrived.set()

    async def get(self, path: str, headers: Mapping[str, str] | None = None) -> Http3Answer:
        """Send one GET and wait for all of the response."""
        if self._http is None:
            raise RuntimeError("the server does not speak HTTP/3")
        stream = self._quic.get_next_available_stream_id()
        answer = self._answers[stream] = Http3Answer()
        names = {":method": "GET", ":scheme": "https", ":authority": SERVER_NAME, ":path": path, **(headers or {})}
        encoded = [(name.encode("ascii"), value.encode("ascii")) for name, value in names.items()]
        self._http.send_headers(stream, encoded, end_stream=True)
        self.transmit()
        await answer.arrived.wait()
        return answer


@asynccontextmanager
async def http3(port: int, pki: Pki, client: IssuedCertificate | None = None) -> AsyncIterator[Http3]:
    """Open a QUIC connection to loopback; `client` is presented if the server asks."""
    configuration = QuicConfiguration(alpn_protocols=H3_ALPN, server_name=SERVER_NAME)
    configuration.load_verify_locations(str(pki.server_ca))
    if client is not None:
        files = client.write(pki.folder, name=client.fingerprint_sha256)
        configuration.load_cert_chain(files.chain, files.key)
    async with connect("127.0.0.1", port, configuration=configuration, create_protocol=Http3) as connected:
        if not isinstance(connected, Http3):
            raise TypeError(f"got {connected!r}")
        yield connected


def free_udp_port() -> int:
    """A port that nobody listens on; somebody else may take it before the server does."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
