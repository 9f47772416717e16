"""The app server terminates TLS itself and hands us the peer's certificate."""

from dataclasses import dataclass

from clientcert.core.facts import RequestFacts
from clientcert.core.headers import SelectedHeaders
from clientcert.core.limits import Limits
from clientcert.core.sources.base import Claim
from clientcert.errors import ConfigurationError, EvidenceError, Reason, escape_peer_text

ENVIRON_SERVERS = ("cheroot", "mod_wsgi", "uwsgi")
"""Servers that describe the certificate in environ keys of their own, which are believed only where they are named."""

_NO_DATA = (
    "the app server gives no data about its TLS connection, which is not the same as no certificate; ways out:",
    "uvicorn --http clientcert.servers.uvicorn:Auto; every other server: docs/how-to/servers.md",
    "terminate TLS in a proxy and name it as the source",
)
_NOT_ASKED = (
    "uvicorn: --ssl-ca-certs ca.pem --ssl-cert-reqs 1 (1 is optional, 2 is required); without it, it never asks",
    "gunicorn: --ca-certs ca.pem --cert-reqs 1; hypercorn: --ca-certs ca.pem --verify-mode CERT_OPTIONAL",
    "servers that take an SSLContext: clientcert.servers.ssl_context(..., client_ca=..., verify='optional')",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class TLSSocket:
    """
    The certificate of the TLS connection that the request came over, as the app server itself saw it.

    Headers play no part, so no proxy proof is needed. The server's handshake has verified the certificate; we do it
    again, because a resumed session may outlive the certificate or its CA.

    Args:
        server: ``None`` reads the server's socket, our bridges and the ASGI TLS extension, and nothing else. A name of
            `ENVIRON_SERVERS` reads that server's own WSGI keys, and nothing else.

    Raises:
        ConfigurationError: Another name.
    """

    server: str | None = None
    name: str = "tls"
    needs_proxy_proof: bool = False
    gives_verdict: bool = False
    sends_certificate: bool = True
    header_names: tuple[bytes, ...] = ()

    def __post_init__(self) -> None:
        """Refuse a server whose keys nobody here can read."""
        if self.server not in (None, *ENVIRON_SERVERS):
            legal = ", ".join(map(repr, ENVIRON_SERVERS))
            raise ConfigurationError(f"server is {self.server!r}, wanted {legal}, or nothing for every other server")

    def read(self, facts: RequestFacts, headers: SelectedHeaders, limits: Limits) -> Claim | None:  # noqa: ARG002
        """
        The chain that the socket's peer presented.

        Raises:
            EvidenceError: SERVER_UNSUPPORTED when the server gave no TLS data at all; CERTIFICATE_NOT_REQUESTED when
                its TLS layer asks nobody; PROXY_VERDICT_FAILED when it let a certificate through that it found bad.
        """
        if facts.tls_error:
            raise EvidenceError(
                Reason.PROXY_VERDICT_FAILED, f"the server's TLS layer says {escape_peer_text(facts.tls_error)}"
            )
        if facts.tls_chain is None:
            note = facts.tls_note or "no TLS data for this connection"
            raise EvidenceError(Reason.SERVER_UNSUPPORTED, note, hints=_NO_DATA)
        if not facts.tls_chain:
            _explain_absence(facts)
            return None
        leaf, *sent = facts.tls_chain
        # Hints only, and absent on a resumed session: what is over the limit must not decide about the request.
        return Claim(leaf=leaf, intermediates=tuple(sent[: limits.intermediates]))


def _explain_absence(facts: RequestFacts) -> None:
    if not facts.tls_asked:
        detail = "the app server's TLS asks no client for a certificate, so none can have one"
        raise EvidenceError(Reason.CERTIFICATE_NOT_REQUESTED, detail, hints=_NOT_ASKED)
    if facts.tls_note:
        raise EvidenceError(Reason.NO_CERTIFICATE, facts.tls_note)
