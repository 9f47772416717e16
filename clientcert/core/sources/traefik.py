"""
Traefik: the PassTLSClientCert middleware, and the emulation of ingress-nginx.

Facts from runs of the middleware sources of v3.7 (commit fd5a576d), which were not runs of the Traefik binary:
``X-Forwarded-Tls-Client-Cert`` is base64 of DER without markers, every certificate that the client presented, leaf
first, joined by commas; up to about 2.9 the base64 was percent-escaped (traefik#9379). There is no verdict; without a
certificate, or with ``clientAuthType: Request…``, nothing tells. Untrusted copies of ``X-Forwarded-Tls-…`` and their
underscore twins are removed unless ``forwardedHeaders.insecure`` or ``trustedIPs`` say otherwise, dotted twins are
not. ``…-Cert-Info`` is text that a certificate can shape and is never read. Request trailers are dropped.

The ingress-nginx provider with ``auth-tls-pass-certificate-to-upstream: "true"`` writes ingress-nginx's four headers
in nginx's encoding, the names in Go's own dialect, which loses attributes and is not compared. With ``"false"``, its
default, it writes nothing and the client's own copies pass. ``optional_no_ca`` verifies for *server* authentication,
against the system's roots where no CA is configured: its SUCCESS is no verdict on a client, so the configuration
must name the CAs.
"""

from clientcert.core.encoding import BASE64_DER_LIST, ESCAPED_BASE64_DER_LIST, ESCAPED_PEM, encoding_named
from clientcert.core.sources.base import AliasPolicy, HeaderSource
from clientcert.core.sources.nginx import CERTIFICATE, VERDICT

_FORWARDED = "x-forwarded-tls-client-cert"


class Traefik(HeaderSource):
    """
    Traefik with ``passTLSClientCert: {pem: true}``.

    Args:
        encoding: ``base64-der-list``; ``escaped-base64-der-list`` for what Traefik 2 wrote up to 2.9.
    """

    __slots__ = ()

    def __init__(self, *, encoding: str = BASE64_DER_LIST.name) -> None:
        HeaderSource.__init__(
            self,
            name="traefik",
            certificate=_FORWARDED,
            encoding=encoding_named(encoding, among=(BASE64_DER_LIST, ESCAPED_BASE64_DER_LIST)),
            verifies=False,
            trailers_safe=True,
            aliases=AliasPolicy.IGNORE,
            also_sent=(f"{_FORWARDED}-info",),
        )


class TraefikIngressNginx(HeaderSource):
    """Traefik's ingress-nginx provider with ``auth-tls-pass-certificate-to-upstream: "true"``."""

    __slots__ = ()

    def __init__(self) -> None:
        HeaderSource.__init__(
            self,
            name="traefik-ingress-nginx",
            certificate=CERTIFICATE,
            encoding=ESCAPED_PEM,
            verdict=VERDICT,
            verifies=False,
            aliases=AliasPolicy.IGNORE,
            missing_hint='auth-tls-pass-certificate-to-upstream must be "true"; else every header is the client\'s',
        )
