"""
Caddy.

Facts from real runs of Caddy 2.6.2: ``{http.request.tls.client.certificate_der_base64}`` is base64 of the leaf's DER
on one line, and the only form that a header can carry. There is no verdict, and the modes ``request`` and ``require``
verify nothing. Without a certificate the value is the placeholder's own literal text; from 2.11.4 on it is empty.
Caddy has no revocation lists. Names with underscores (before 2.11.4) and dots pass, sorted behind the real ones;
``Connection`` cannot remove a header that is set; trailers are dropped.
"""

from clientcert.core.encoding import BASE64_DER, RFC9440, encoding_named
from clientcert.core.sources.base import AliasPolicy, HeaderSource
from clientcert.core.sources.nginx import CERTIFICATE
from clientcert.core.sources.rfc9440 import CLIENT_CERT

_PLACEHOLDER = b"{http.request.tls.client.certificate_der_base64}"
_ALSO_SENT = tuple(
    f"ssl-client-{name}"
    for name in ("fingerprint", "serial", "san-dns", "san-dns-0", "san-email-0", "san-uri-0", "san-ip-0")
)


class Caddy(HeaderSource):
    """
    Caddy with ``request_header`` or ``header_up`` and the certificate's placeholder.

    Args:
        certificate: The header set to it.
        encoding: ``rfc9440`` where the value stands between colons, else ``base64-der``.
    """

    __slots__ = ()

    def __init__(self, *, certificate: str = CLIENT_CERT, encoding: str = RFC9440.name) -> None:
        HeaderSource.__init__(
            self,
            name="caddy",
            certificate=certificate.lower(),
            encoding=encoding_named(encoding, among=(RFC9440, BASE64_DER)),
            placeholders=(_PLACEHOLDER, b":" + _PLACEHOLDER + b":", b"::"),
            verifies=False,
            trailers_safe=True,
            aliases=AliasPolicy.IGNORE,
            also_sent=(CERTIFICATE, *_ALSO_SENT),
        )
