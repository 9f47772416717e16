"""
daphne with client certificates: ``python -m clientcert.servers.daphne -p 8443 --certfile … --client-ca … app:app``.

daphne's own command cannot ask a client for a certificate, and shows none to the app. This one takes the same options
and adds what TLS needs; without them it serves plain HTTP, and still hands the true socket peer to the app.

Four seams of daphne and Twisted are used and no more: a server makes every app call in
``create_application(protocol, scope)``, calls ``ready_callable`` between making ``http_factory`` and running, takes a
``server_class``, and an HTTP/2 stream knows its connection as ``_conn``. ``tests/servers/test_seams.py`` holds them.
"""

# Before anything else of Twisted: daphne chooses the reactor.
import daphne.server  # type: ignore[import-untyped]  # isort: skip

import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

import daphne.cli  # type: ignore[import-untyped]
from OpenSSL import SSL, crypto
from twisted.internet import reactor, ssl
from twisted.internet.address import UNIXAddress
from twisted.internet.endpoints import serverFromString
from twisted.protocols.tls import TLSMemoryBIOFactory

from clientcert.errors import ConfigurationError
from clientcert.servers.connection import CONNECTION_SCOPE_KEY, UNKNOWN_HOST, Peer, TlsConnection
from clientcert.servers.context import ClientVerification, FilePath, ssl_context

_CONNECTION = "_clientcert_connection"
_END_CERTIFICATE = b"-----END CERTIFICATE-----"


class Server(daphne.server.Server):  # type: ignore[misc]  # untyped
    """
    daphne's server, bridged.

    Args:
        application: The ASGI app.
        endpoints: As for daphne's own.
        tls: Serve every endpoint in TLS with these options; see `certificate_options`.
        ready_callable: As for daphne's own.
        keywords: As for daphne's own.
    """

    def __init__(
        self,
        application: Any,
        endpoints: Sequence[str] | None = None,
        *,
        tls: ssl.CertificateOptions | None = None,
        ready_callable: Callable[[], None] | None = None,
        **keywords: Any,
    ) -> None:
        super().__init__(application, endpoints, ready_callable=self._listen, **keywords)
        self._tls = tls
        self._announce = ready_callable
        if tls is not None:
            # daphne's own way to listen has no place for TLS, so it is left with nothing to listen on.
            self.endpoints: list[str] = []
        self._endpoints = () if tls is None else tuple(endpoints or ())

    def create_application(self, protocol: Any, scope: dict[str, Any]) -> Any:
        """Call the app with the connection in its scope."""
        scope[CONNECTION_SCOPE_KEY] = connection_of(protocol)
        return super().create_application(protocol, scope)

    def _listen(self) -> None:
        for description in self._endpoints:
            factory = TLSMemoryBIOFactory(self._tls, False, self.http_factory)  # type: ignore[arg-type]  # not None here
            listener = serverFromString(reactor, description).listen(factory)  # type: ignore[no-untyped-call]
            listener.addCallback(self.listen_success)
            listener.addErrback(self.listen_error)
            self.listeners.append(listener)
        if self._announce is not None:
            self._announce()


class CommandLineInterface(daphne.cli.CommandLineInterface):  # type: ignore[misc]  # untyped
    """daphne's command line, with the options of TLS."""

    server_class: ClassVar[Any] = Server

    def __init__(self) -> None:
        super().__init__()
        tls = self.parser.add_argument_group("TLS with client certificates, on every endpoint")
        tls.add_argument("--certfile", help="PEM file of the server's certificate and its intermediates")
        tls.add_argument("--keyfile", help="PEM file of its private key")
        tls.add_argument("--client-ca", help="PEM file of the CAs whose clients are let in, intermediates too")
        tls.add_argument("--verify", choices=("required", "optional"), default="required", help="client certificates")

    def run(self, args: Sequence[str]) -> None:
        """Serve until stopped."""
        given = self.parser.parse_args(args)
        files = (given.certfile, given.keyfile, given.client_ca)
        if all(files):
            options = certificate_options(*files, verify=given.verify)
            self.server_class = partial(Server, tls=options)  # type: ignore[misc]  # for this run
        elif any(files):
            self.parser.error("TLS needs all of --certfile, --keyfile and --client-ca")
        super().run(args)


def certificate_options(
    certfile: FilePath, keyfile: FilePath, client_ca: FilePath, *, verify: ClientVerification = "required"
) -> ssl.CertificateOptions:
    """
    Make Twisted's TLS options: TLS 1.2 or newer, no session resumption, the client verified against `client_ca` alone.

    Args:
        certfile: PEM file of the server's certificate, then its intermediates.
        keyfile: PEM file of its private key, not encrypted.
        client_ca: As for `clientcert.servers.ssl_context`.
        verify: The same.

    Raises:
        ConfigurationError: Whatever `clientcert.servers.ssl_context` refuses.
    """
    # The same files, the same refusals: OpenSSL's own messages name neither file nor way out.
    ssl_context(certfile, keyfile, client_ca=client_ca, verify=verify)
    leaf, *intermediates = _certificates(certfile)
    return ssl.CertificateOptions(
        privateKey=crypto.load_privatekey(crypto.FILETYPE_PEM, Path(keyfile).read_bytes()),
        certificate=leaf,
        extraCertChain=intermediates,
        verify=True,
        caCerts=_certificates(client_ca),
        requireCertificate=verify == "required",
    )


def connection_of(protocol: Any) -> TlsConnection:
    """Describe the connection below a request or a WebSocket of daphne, once for each connection."""
    # HTTP/2: the request has no transport of its own, only its connection has.
    transport = protocol.transport or protocol.channel._conn.transport  # noqa: SLF001 - a seam, see above
    connection = getattr(transport, _CONNECTION, None)
    if connection is None:
        connection = _describe(transport)
        setattr(transport, _CONNECTION, connection)
    return connection


def main() -> None:
    """Run the command."""
    try:
        CommandLineInterface.entrypoint()
    except ConfigurationError as exc:
        sys.exit(f"clientcert.servers.daphne: {exc}")


class _PeerOfConnection:
    """A pyOpenSSL connection, as the standard library would show it."""

    # Twisted's servers resume no session unless told to; then the chain is empty, which is no harm.
    session_reused = False

    def __init__(self, connection: SSL.Connection) -> None:
        self.connection = connection

    def getpeercert(self, _binary: bool, /) -> bytes | None:  # noqa: FBT001 - ssl's own signature
        certificate = self.connection.get_peer_certificate()
        return None if certificate is None else _der(certificate)

    def get_unverified_chain(self) -> list[bytes]:
        return [_der(certificate) for certificate in self.connection.get_peer_cert_chain() or ()]


def _describe(transport: Any) -> TlsConnection:
    peer, is_unix = _peer(transport.getPeer())
    handle = transport.getHandle()
    if not isinstance(handle, SSL.Connection):
        return TlsConnection(peer=peer, is_unix=is_unix)
    asks = handle.get_context().get_verify_mode() != SSL.VERIFY_NONE
    tls = _PeerOfConnection(handle)
    return TlsConnection(peer=peer, is_unix=is_unix, is_tls=True, asks_for_certificate=asks, _tls=tls, _chain=None)


def _peer(address: Any) -> tuple[Peer, bool]:
    if isinstance(address, UNIXAddress):
        return (None, None), True
    host = getattr(address, "host", None)
    return ((host, address.port) if host else (UNKNOWN_HOST, None)), False


def _certificates(path: FilePath) -> list[crypto.X509]:
    *blocks, _ = Path(path).read_bytes().split(_END_CERTIFICATE)
    return [crypto.load_certificate(crypto.FILETYPE_PEM, block + _END_CERTIFICATE) for block in blocks]


def _der(certificate: crypto.X509) -> bytes:
    return crypto.dump_certificate(crypto.FILETYPE_ASN1, certificate)


if __name__ == "__main__":
    main()
