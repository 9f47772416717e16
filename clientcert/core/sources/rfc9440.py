"""
Client-Cert and Client-Cert-Chain (RFC 9440), from any proxy that writes them as the RFC says.

Facts from the RFC: the leaf stands alone in Client-Cert; the rest of what the client presented, in TLS order and
perhaps with the root, in Client-Cert-Chain, which is invalid without the other (§2.3). There is no verdict, and
no way to tell a proxy's field from a client's: the proxy MUST remove the client's own (§4). What it does with other
spellings and with trailers is not said, so another spelling is refused and a chunked body needs a verdict beside the
certificate, or `trailers_safe`.
"""

from clientcert.core.encoding import RFC9440, RFC9440_LIST
from clientcert.core.sources.base import HeaderSource

CLIENT_CERT = "client-cert"
CLIENT_CERT_CHAIN = "client-cert-chain"


class Rfc9440(HeaderSource):
    """
    Any proxy that speaks RFC 9440.

    Args:
        verdict: A header of your own beside it, set on every request.
        success: Its value for a verified certificate; not a bare number.
        absent: Its value where there was none.
        chain: False where the proxy neither sends nor removes Client-Cert-Chain.
        trailers_safe: The proxy drops request trailers.
    """

    __slots__ = ()

    def __init__(
        self,
        *,
        verdict: str | None = None,
        success: str = "SUCCESS",
        absent: tuple[str, ...] = ("NONE",),
        chain: bool = True,
        trailers_safe: bool = False,
    ) -> None:
        HeaderSource.__init__(
            self,
            name="rfc9440",
            certificate=CLIENT_CERT,
            encoding=RFC9440,
            chain=(CLIENT_CERT_CHAIN,) if chain else (),
            chain_encoding=RFC9440_LIST,
            placeholders=(b"::",),
            verdict=None if verdict is None else verdict.lower(),
            success=success,
            absent=absent,
            trailers_safe=trailers_safe,
            also_sent=(CLIENT_CERT_CHAIN,) if not chain else (),
        )
