"""
nginx and ingress-nginx.

Facts from real runs of nginx 1.22.1 and the template of ingress-nginx 1.15: ``$ssl_client_verify`` is set on every
request (``SUCCESS``, ``NONE`` or ``FAILED:<OpenSSL's words>``); ``$ssl_client_escaped_cert`` is the leaf alone;
``$ssl_client_s_dn`` is the RFC 2253 form and an empty one is not sent; names with ``_`` or ``.`` and ``Connection``
options of the client never reach the upstream unless ``underscores_in_headers`` or ``ignore_invalid_headers`` say so.
"""

from clientcert.core.encoding import ESCAPED_PEM, FOLDED_PEM, encoding_named
from clientcert.core.sources.base import HeaderSource

CERTIFICATE = "ssl-client-cert"
VERDICT = "ssl-client-verify"
SUBJECT_DN = "ssl-client-subject-dn"
ISSUER_DN = "ssl-client-issuer-dn"

# What the presets of one's own making have been seen to use beside the four; nginx can send any name.
_ALSO_SENT = (
    "ssl-client-serial",
    "ssl-client-fingerprint",
    "x-ssl-client-cert",
    "x-ssl-client-escaped-cert",
    "x-ssl-client-raw-cert",
    "x-ssl-client-verify",
    "x-ssl-client-s-dn",
    "x-ssl-client-i-dn",
    "x-ssl-client-serial",
    "x-ssl-client-fingerprint",
)

_ALIAS_HINT = "nginx drops such names: is underscores_in_headers or ignore_invalid_headers changed, or is it bypassed?"

_MISSING_HINT = (
    'does the proxy pass the certificate on? ingress-nginx needs auth-tls-pass-certificate-to-upstream: "true", '
    "or source=IngressNginx(pass_certificate=False)"
)


class Nginx(HeaderSource):
    """
    nginx with ``proxy_set_header`` lines of your own.

    Args:
        certificate: Header set to ``$ssl_client_escaped_cert``.
        verdict: Header set to ``$ssl_client_verify``.
        subject_dn, issuer_dn: Headers set to ``$ssl_client_s_dn`` and ``$ssl_client_i_dn``, or to ``""`` where you do
            not send them; compared with the certificate where present.
        encoding: ``escaped-pem``; ``folded-pem`` only for the deprecated ``$ssl_client_cert``.

    Raises:
        ConfigurationError: An unknown encoding or an impossible header name.
    """

    __slots__ = ()

    def __init__(
        self,
        *,
        certificate: str = CERTIFICATE,
        verdict: str = VERDICT,
        subject_dn: str | None = SUBJECT_DN,
        issuer_dn: str | None = ISSUER_DN,
        encoding: str = ESCAPED_PEM.name,
    ) -> None:
        HeaderSource.__init__(
            self,
            name="nginx",
            certificate=certificate.lower(),
            encoding=encoding_named(encoding, among=(ESCAPED_PEM, FOLDED_PEM)),
            verdict=verdict.lower(),
            subject_dn=None if subject_dn is None else subject_dn.lower(),
            issuer_dn=None if issuer_dn is None else issuer_dn.lower(),
            also_sent=_ALSO_SENT,
            alias_hint=_ALIAS_HINT,
        )


class IngressNginx(HeaderSource):
    """
    ingress-nginx with the ``auth-tls-*`` annotations.

    Args:
        pass_certificate: The value of ``auth-tls-pass-certificate-to-upstream``. With True, certificate, verdict,
            subject DN and issuer DN must all be there and agree. With False (the controller's default) the
            controller sends the two names only, and ``ssl-client-cert`` is whatever the *client* wrote: it is
            ignored and stripped, and the identity has no certificate and no serial number.
    """

    __slots__ = ()

    def __init__(self, *, pass_certificate: bool = True) -> None:
        HeaderSource.__init__(
            self,
            name="ingress-nginx",
            certificate=CERTIFICATE if pass_certificate else None,
            verdict=VERDICT,
            subject_dn=SUBJECT_DN,
            issuer_dn=ISSUER_DN,
            names_required=True,
            ignored=() if pass_certificate else (CERTIFICATE,),
            alias_hint=_ALIAS_HINT,
            missing_hint=_MISSING_HINT,
        )
