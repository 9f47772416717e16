"""An app behind a real nginx, whose configuration is made from the app's own, and clients with real certificates."""

import http.client
import json
import socket
import ssl
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from clientcert.config import ClientCertConfig
from clientcert.core.bindings import Binding
from clientcert.core.proxy import ProxyProof, TrustedNetworks, UnixSocket
from clientcert.core.proxy_certificate import ProxyCertificate
from clientcert.core.sources import IngressNginx, Nginx
from clientcert.errors import ConfigurationError
from clientcert.testing.acting import bindings_of
from clientcert.testing.authority import CertificateAuthority
from clientcert.testing.default import default_authority
from clientcert.testing.delivery import secrets_of
from clientcert.testing.issued import IssuedCertificate
from clientcert.testing.nginx import Location, NginxServer, Verify
from clientcert.testing.processes import LOOPBACK
from clientcert.testing.serving import is_asgi, serve
from clientcert.testing.terminators import Nginx as NginxProgram
from clientcert.testing.terminators import find_nginx

_TIMEOUT_SECONDS = 10.0
_IPV4 = 4
# Where nobody says from where nginx has to come.
_PROXY = "127.0.0.2"
# A client with the proxy's own address would look like a rewritten one: X-Forwarded-For names it.
_CLIENT = "127.0.0.9"


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveResponse:
    """
    One response as it arrived.

    Attributes:
        status: Of nginx, where nginx refuses the client itself; else of the app.
        headers: Lower-case names; the last one of several.
        body: The whole of it.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """Read the body as JSON."""
        return json.loads(self.body)


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveNginx:
    """
    A running nginx before an app.

    Attributes:
        url: ``https://localhost:<port>``, for HTTP clients of your own; see `ssl_context`.
        port: TCP port on 127.0.0.1.
        server_ca: PEM file of who issued nginx's certificate.
        folder: Where certificates of clients are written.
        nginx: The process, with its error log.
    """

    port: int
    server_ca: Path
    folder: Path = field(repr=False)
    nginx: NginxProgram = field(repr=False)
    _proxy: str | None = field(repr=False)
    _authority: CertificateAuthority = field(repr=False)

    @property
    def url(self) -> str:
        """``https://localhost:<port>``."""
        return f"https://localhost:{self.port}"

    def ssl_context(self, client: IssuedCertificate | str | None = None) -> ssl.SSLContext:
        """What a TLS client trusts and who it is: a certificate, a name to issue one for, or nobody."""
        context = ssl.create_default_context(cafile=self.server_ca)
        issued = self._authority.issue(client) if isinstance(client, str) else client
        if issued is not None:
            files = issued.write(self.folder, name=issued.fingerprint_sha256)
            context.load_cert_chain(files.chain, files.key)
        return context

    def get(
        self,
        path: str = "/",
        *,
        client: IssuedCertificate | str | None = None,
        headers: Mapping[str, str] | None = None,
        method: str = "GET",
        body: bytes | None = None,
    ) -> LiveResponse:
        """
        Ask once, on a connection of its own.

        Args:
            path: Of the request.
            client: A certificate, a name to issue one for, or nobody.
            headers: Of the request; forged ones are welcome.
            method: Of the request.
            body: Of the request.
        """
        connection = http.client.HTTPSConnection(
            "localhost",
            self.port,
            context=self.ssl_context(client),
            timeout=_TIMEOUT_SECONDS,
            source_address=(_CLIENT, 0) if self._proxy == LOOPBACK else None,
        )
        try:
            connection.request(method, path, body, dict(headers or {}))
            answer = connection.getresponse()
            named = {name.lower(): value for name, value in answer.getheaders()}
            return LiveResponse(status=answer.status, headers=named, body=answer.read())
        finally:
            connection.close()


def missing_programs(app: Any) -> list[str]:
    """Name what would have to be installed to run an app behind nginx."""
    uvicorn = ["uvicorn"] if is_asgi(app) and find_spec("uvicorn") is None else []
    return [*([] if find_nginx() else ["nginx"]), *uvicorn]


@contextmanager
def run_behind_nginx(
    app: Any,
    *,
    authority: CertificateAuthority | None = None,
    config: ClientCertConfig | None = None,
    verify: Verify = "optional",
    depth: int = 1,
) -> Iterator[LiveNginx]:
    """
    Run an app behind a real nginx while the block lasts: an ASGI app in uvicorn, a WSGI app in the standard library's.

    nginx is configured for what the app is: it passes the certificate on as the app's source expects, connects over a
    unix socket or from an address of `trusted_proxies`, and adds the shared secret.

    Args:
        app: An app with our middleware, whose source is ``nginx`` or ``ingress-nginx`` with their usual header names,
            and whose `trusted_proxies` can be met on this machine: ``UnixSocket()``, or an address in 127.0.0.0/8.
        authority: Whose clients nginx accepts. Default `default_authority`.
        config: The app's configuration, where it cannot be found in the app.
        verify: ``ssl_verify_client``. ``on`` lets nginx itself answer 400 to a client without a good certificate.
        depth: ``ssl_verify_depth``: intermediates between a client's certificate and the authority.

    Raises:
        ConfigurationError: No nginx, or an app that no nginx on this machine can serve.
        TerminatorError: nginx did not start; its log is in the text.
    """
    issuer = authority or default_authority()
    binding = bindings_of(app, config)()[-1]
    _check_source(binding)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="clientcert-")))
        listener, upstream = _listen(stack, binding.proofs, folder)
        stack.enter_context(serve(app, listener))
        server = _server(binding, folder, issuer, upstream=upstream, verify=verify, depth=depth)
        nginx = stack.enter_context(NginxProgram({"app": server}))
        yield LiveNginx(
            port=nginx.ports["app"],
            server_ca=folder / "server-ca.crt",
            folder=folder,
            nginx=nginx,
            _proxy=server.proxy_bind,
            _authority=issuer,
        )


def _check_source(binding: Binding) -> None:
    usual = {source.header_names for source in (Nginx(), IngressNginx(), IngressNginx(pass_certificate=False))}
    if not isinstance(binding.source, Nginx | IngressNginx) or binding.source.header_names not in usual:
        raise ConfigurationError(
            f"the app's source is {binding.source.name!r}, wanted nginx or ingress-nginx with their usual headers"
        )


def _listen(stack: ExitStack, proofs: Sequence[ProxyProof], folder: Path) -> tuple[socket.socket, str]:
    if any(isinstance(proof, UnixSocket) for proof in proofs):
        listener = stack.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM))
        listener.bind(str(folder / "app.sock"))
        listener.listen()
        return listener, f"unix:{folder / 'app.sock'}"
    # The protocol is spelled out, or asyncio does not set TCP_NODELAY and each answer waits 40 ms for an ACK.
    listener = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP))
    listener.bind((LOOPBACK, 0))
    listener.listen()
    return listener, f"{LOOPBACK}:{listener.getsockname()[1]}"


def _server(  # noqa: PLR0913 - each is a line of the configuration
    binding: Binding,
    folder: Path,
    authority: CertificateAuthority,
    *,
    upstream: str,
    verify: Verify,
    depth: int,
) -> NginxServer:
    server_ca = CertificateAuthority("clientcert.testing server")
    names = ["DNS:localhost", f"IP:{LOOPBACK}"]
    files = server_ca.issue("localhost", san=names, extended_key_usage=["serverAuth"]).write(folder, name="server")
    (folder / "server-ca.crt").write_bytes(server_ca.pem)
    (folder / "client-ca.crt").write_bytes(authority.bundle_pem)
    secrets = [(name.decode("ascii"), value.decode("ascii")) for name, value in secrets_of(binding.proofs)]
    return NginxServer(
        locations=(Location(upstream=upstream),),
        certificate=files.chain,
        private_key=files.key,
        client_ca=folder / "client-ca.crt",
        verify=verify,
        depth=depth,
        pass_certificate=binding.source.sends_certificate,
        secret=secrets[0] if secrets else None,
        proxy_bind=None if upstream.startswith("unix:") else _source_address(binding.proofs),
    )


def _source_address(proofs: Sequence[ProxyProof]) -> str:
    """An address of this machine that lies in all networks; not the one that clients have, where there is another."""
    networks = [proof for proof in proofs if isinstance(proof, TrustedNetworks)]
    others = [proof for proof in proofs if isinstance(proof, ProxyCertificate)]
    addresses = (
        network[index]
        for each in networks
        for network in each.networks
        for index in range(min(3, network.num_addresses))
    )
    candidates = [str(address) for address in addresses if address.is_loopback and address.version == _IPV4]
    for candidate in sorted(candidates or [_PROXY], key=LOOPBACK.__eq__):
        if not others and all(each.contains(candidate) for each in networks):
            return candidate
    raise ConfigurationError(
        f"nginx runs on this machine, which cannot prove {[*networks, *others]}: let the app have "
        "trusted_proxies=UnixSocket(), or an address such as '127.0.0.2'"
    )
