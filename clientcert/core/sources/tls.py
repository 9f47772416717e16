"""The app server terminates TLS itself and hands us the peer's certificate."""

from dataclasses import dataclass

from clientcert.core.facts import RequestFacts
from clientcert.core.headers import SelectedHeaders
from clientcert.core.limits import Limits
from clientcert.core.sources.base import Claim
from clientcert.errors import EvidenceError, Reason, escape_peer_text

_NO_DATA = (
    "the app server gives no data about its TLS connection, which is not the same as no certificate; ways out:",
    "uvicorn --http clientcert.servers.uvicorn:Auto",
    "terminate TLS in a proxy and name it as the source",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class TLSSocket:
    """
    The certificate of the TLS connection that the request came over, read from the server's socket.

    Headers play no part, so no proxy proof is needed. The server's handshake has verified the certificate; we do it
    again, because a resumed session may outlive the certificate or its CA.
    """

    name: str = "tls"
    needs_proxy_proof: bool = False
    gives_verdict: bool = False
    sends_certificate: bool = True
    header_names: tuple[bytes, ...] = ()

    def read(self, facts: RequestFacts, headers: SelectedHeaders, limits: Limits) -> Claim | None:  # noqa: ARG002
        """
        The chain that the socket's peer presented.

        Raises:
            EvidenceError: SERVER_UNSUPPORTED when the server gave no TLS data at all; PROXY_VERDICT_FAILED when its
                TLS layer let a certificate through that it found bad.
        """
        if facts.tls_chain is None:
            raise EvidenceError(Reason.SERVER_UNSUPPORTED, "no TLS data for this connection", hints=_NO_DATA)
        if facts.tls_error:
            raise EvidenceError(
                Reason.PROXY_VERDICT_FAILED, f"the server's TLS layer says {escape_peer_text(facts.tls_error)}"
            )
        if not facts.tls_chain:
            return None
        leaf, *sent = facts.tls_chain
        # Hints only, and absent on a resumed session: what is over the limit must not decide about the request.
        return Claim(leaf=leaf, intermediates=tuple(sent[: limits.intermediates]))
