"""
Kong Gateway (Enterprise) with the plugin tls-metadata-headers.

Facts from its documentation; nothing here was run. ``X-Client-Cert`` is the percent-escaped PEM of the leaf; serial
number, names and SHA-1 come beside it. The plugin validates nothing and sends no verdict; mtls-auth or
tls-handshake-modifier must ask for the certificate.
"""

from clientcert.core.encoding import ESCAPED_PEM
from clientcert.core.sources.base import HeaderSource

_HEADER = "x-client-cert"


class Kong(HeaderSource):
    """
    Kong with ``inject_client_cert_details``: every check is ours.

    Args:
        certificate: ``client_cert_header_name``.
        trailers_safe: Chunked bodies may come.
    """

    __slots__ = ()

    def __init__(self, *, certificate: str = _HEADER, trailers_safe: bool = False) -> None:
        HeaderSource.__init__(
            self,
            name="kong",
            certificate=certificate.lower(),
            encoding=ESCAPED_PEM,
            verifies=False,
            trailers_safe=trailers_safe,
            also_sent=tuple(f"{_HEADER}-{name}" for name in ("serial", "issuer-dn", "subject-dn", "fingerprint")),
        )
