"""What the tests of this folder talk to, and as whom."""

import ssl
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from clientcert.testing.terminators import Nginx
from tests.interop.apps import reason_of
from tests.interop.clients import CLIENT, Authorities
from tests.interop.harness import AppServer, Connection, Response, tls_context


@dataclass(frozen=True, slots=True, kw_only=True)
class Live:
    """The running nginx, the app servers behind it, and everybody's certificates."""

    nginx: Nginx
    servers: dict[str, AppServer]
    authorities: Authorities
    _contexts: dict[str, ssl.SSLContext] = field(default_factory=dict)

    def tls(self, name: str) -> ssl.SSLContext:
        """What the client of this name brings to the handshake; each certificate is loaded once."""
        if name not in self._contexts:
            files = CLIENT[name].files(self.authorities.issued)
            self._contexts[name] = tls_context(self.authorities.server_ca, files)
        return self._contexts[name]

    def connect(self, host: str, name: str | None, **more: Any) -> Connection:
        """A connection to one host of nginx by one client; ``None`` speaks plain HTTP."""
        return Connection(self.nginx.ports[host], tls=None if name is None else self.tls(name), **more)

    def get(self, host: str, name: str | None, path: str, lines: Iterable[bytes] = ()) -> Response:
        """One request on a connection of its own."""
        with self.connect(host, name) as connection:
            return connection.get(path, lines)

    def direct(self, server: str, path: str, lines: Iterable[bytes], *, source: str) -> Response:
        """One request past nginx, straight at an app server's TCP port."""
        with Connection(self.servers[server].tcp_port, source=source) as connection:
            return connection.get(path, lines)

    def reason(self, response: Response) -> str:
        """Why a request was refused: what was logged under the instance that the client was told."""
        return reason_of(response.json["instance"], self.authorities.issued)
