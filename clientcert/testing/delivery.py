"""What an app server would hand to an app for one client, worked out from what the app is configured to believe."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from clientcert.core.bindings import Binding
from clientcert.core.facts import Header
from clientcert.core.headers import fold_name
from clientcert.core.proxy import ProxyProof, SharedSecret, TrustedNetworks, UnixSocket
from clientcert.core.proxy_certificate import ProxyCertificate
from clientcert.core.sources import AliasPolicy, AwsApiGateway, HeaderSource, Source
from clientcert.errors import ConfigurationError
from clientcert.servers.connection import CONNECTION_SCOPE_KEY, TlsConnection
from clientcert.testing.client_request import ClientRequest
from clientcert.testing.issued import IssuedCertificate, pem
from clientcert.testing.producers import api_gateway_event
from clientcert.testing.server_keys import server_keys

PORT: Final = 40_000
CLIENT: Final = "192.0.2.7"
"""The address of a client that reaches the app server itself (TEST-NET-1, RFC 5737)."""
_STRANGERS: Final = ("203.0.113.9", "198.51.100.9", "192.0.2.9")

# A server that drops names with an underscore, as gunicorn does: behind a proxy that forwards them, no other is served.
_SOFTWARE: Final = "gunicorn/clientcert.testing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """
    One client's part in every request.

    Attributes:
        request: Its headers, those of the proof among them.
        replaced: Lower-case names that the proxy overwrites or removes: a test's own such headers do not get through.
        peer: Address and port of the sender; None for a unix socket.
        connection: The TLS connection that a bridge would show, where the configuration looks at one.
        event: The Lambda event of API Gateway, where the configuration looks at that.
        keys: What a WSGI server adds to the environ.
    """

    request: ClientRequest
    replaced: frozenset[bytes]
    peer: tuple[str, int] | None
    connection: TlsConnection | None = None
    event: Mapping[str, Any] | None = None
    keys: Mapping[str, Any]

    def scope(self, scope: Mapping[str, Any]) -> dict[str, Any]:
        """Return an http or websocket scope as this client's; lifespan and all else are the caller's business."""
        kept = [header for header in scope["headers"] if header[0].lower() not in self.replaced]
        # As ASGI wants the names.
        ours = [(name.lower(), value) for name, value in self.request.headers]
        made = {**scope, "headers": [*kept, *ours], "client": self.peer}
        if self.connection is not None:
            made[CONNECTION_SCOPE_KEY] = self.connection
        if self.event is not None:
            made["aws.event"] = self.event
        return made

    def environ(self, environ: Mapping[str, Any]) -> dict[str, Any]:
        """Return a WSGI environ as this client's."""
        folded = frozenset(map(_environ_key, self.replaced))
        made = {key: value for key, value in environ.items() if key not in folded}
        host, port = self.peer or ("", None)
        made["REMOTE_ADDR"] = host
        if port is not None:
            made["REMOTE_PORT"] = str(port)
        if self.connection is not None:
            made[CONNECTION_SCOPE_KEY] = self.connection
        return {**made, **self.keys, **self._written.environ()}

    @property
    def _written(self) -> ClientRequest:
        """The request as the server that we claim to be reads it."""
        if "SERVER_SOFTWARE" not in self.keys:
            return self.request
        return replace(self.request, headers=tuple(each for each in self.request.headers if b"_" not in each[0]))


def _environ_key(name: bytes) -> str:
    return "HTTP_" + fold_name(name).decode("ascii").upper().replace("-", "_")


def deliver(
    binding: Binding,
    request: ClientRequest,
    *,
    proxy: IssuedCertificate | None = None,
    is_stranger: bool = False,
    is_proven: bool = True,
) -> Delivery:
    """
    Bring a client's request to an app as the proxy of one of its sources does.

    Args:
        binding: The source and the proofs of its proxy.
        request: What the producer wrote.
        proxy: The proxy's own certificate, where a proof asks for it.
        is_stranger: Send it past the proxy: no proof holds.
        is_proven: False leaves the shared secret out.

    Raises:
        ConfigurationError: No address lies in all networks, or the proof needs `proxy`.
    """
    source = binding.source
    proofs = () if is_stranger else binding.proofs
    if is_proven and not is_stranger:
        for name, value in secrets_of(proofs):
            request = request.with_header(name, value)
    chain = request.tls_chain if not source.needs_proxy_proof else _proxy_chain(proofs, proxy)
    peer = _stranger(binding.proofs) if is_stranger else _peer(binding)
    names = {proof.header for proof in binding.proofs if proof.header is not None}
    server, is_lambda = getattr(source, "server", None), isinstance(source, AwsApiGateway)
    has_connection = chain is not None and server is None and not is_lambda
    return Delivery(
        request=request,
        replaced=frozenset({*source.header_names, *names, *(name.lower() for name, _ in request.headers)}),
        peer=peer,
        connection=_connection(peer, chain or ()) if has_connection else None,
        event=_event(request) if is_lambda else None,
        keys=_software(source) | server_keys(server, chain or ()),
    )


def secrets_of(proofs: Sequence[ProxyProof]) -> list[Header]:
    """The header of each shared secret; while it is rotated, the new one."""
    return [
        (proof.header, proof._secrets[-1].value)  # noqa: SLF001 - nobody but a proxy needs to know it
        for proof in proofs
        if isinstance(proof, SharedSecret) and proof.header is not None
    ]


def _proxy_chain(proofs: Sequence[ProxyProof], proxy: IssuedCertificate | None) -> tuple[bytes, ...] | None:
    if not any(isinstance(proof, ProxyCertificate) for proof in proofs):
        return None
    if proxy is None:
        raise ConfigurationError("the app wants the proxy's own certificate: as_identity(..., proxy=certificate)")
    return proxy.chain


def _peer(binding: Binding) -> tuple[str, int] | None:
    if not binding.source.needs_proxy_proof:
        return CLIENT, PORT
    if any(isinstance(proof, UnixSocket) for proof in binding.proofs):
        return None
    networks = [proof for proof in binding.proofs if isinstance(proof, TrustedNetworks)]
    if not networks:
        return "127.0.0.1", PORT
    for address in (address for each in networks for address in _addresses(each)):
        if all(each.contains(address) for each in networks):
            return address, PORT
    raise ConfigurationError(f"trusted_proxies: no address lies in all of {networks}")


def _addresses(networks: TrustedNetworks) -> list[str]:
    """A few addresses of each network; its first is no host's, where there are others."""
    inside = [str(network[min(1, network.num_addresses - 1)]) for network in networks.networks]
    return [*inside, *sorted(networks._literal)]  # noqa: SLF001 - addresses with a zone are in no network


def _stranger(proofs: Sequence[ProxyProof]) -> tuple[str, int]:
    networks = [proof for proof in proofs if isinstance(proof, TrustedNetworks)]
    outside = (address for address in _STRANGERS if not any(each.contains(address) for each in networks))
    try:
        return next(outside), PORT
    except StopIteration:
        raise ConfigurationError(f"trusted_proxies: all of {', '.join(_STRANGERS)} lie in {networks}") from None


def _connection(peer: tuple[str, int] | None, chain: tuple[bytes, ...]) -> TlsConnection:
    return TlsConnection(
        peer=peer or (None, None), is_unix=peer is None, is_tls=True, asks_for_certificate=True, _chain=chain
    )


def _event(request: ClientRequest) -> dict[str, Any]:
    """The event of a Lambda function; of a leaf that was tampered with it has no more than its text."""
    certificate, chain = request.certificate, request.tls_chain
    if not chain or (certificate is not None and certificate.der == chain[0]):
        return api_gateway_event(certificate)
    event = api_gateway_event(None)
    event["requestContext"]["authentication"] = {"clientCert": {"clientCertPem": pem(chain[0]).decode("ascii")}}
    return event


def _software(source: Source) -> dict[str, str]:
    forwards_any_name = isinstance(source, HeaderSource) and source.aliases is AliasPolicy.IGNORE
    return {"SERVER_SOFTWARE": _SOFTWARE} if forwards_any_name else {}
