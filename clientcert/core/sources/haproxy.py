"""
HAProxy, and the router of OpenShift.

Facts from real runs of HAProxy 2.6.12: ``ssl_c_der,base64`` is the leaf on one line; ``ssl_c_chain_der,base64`` the
rest of the chain, one DER behind the other, empty on resumed sessions; ``ssl_c_verify`` is OpenSSL's result as a
number, and 0 means all of "verified", "no certificate" and "larger than tune.bufsize", where the certificate is empty.
``ssl_c_s_dn`` does not escape its own separator and cannot be compared; ``ssl_c_s_dn(,0,rfc2253)`` is OpenSSL's text.
HAProxy forwards whatever spelling of a name the client invents, ``Connection`` options, and (before 3.2) request
trailers; a header set on every request makes each of them a duplicate or a contradiction.

OpenShift's router sets ``X-SSL-Client-…`` on every request of a route that asks for certificates, all but the verdict
empty where there was none. Other frontends passed the client's copies until CVE-2026-46579 was fixed.
"""

from clientcert.core.encoding import BASE64_DER, BASE64_DER_SEQUENCE, RFC9440, encoding_named
from clientcert.core.sources.base import AliasPolicy, HeaderSource
from clientcert.core.sources.nginx import CERTIFICATE, VERDICT

_BUFFER_HINT = "or the certificate was larger than tune.bufsize"
_ALSO_SENT = tuple(
    f"ssl-client-{name}"
    for name in (
        *("used", "has-crt", "err", "ca-err", "ca-err-depth", "chain", "sha1", "sha256", "version", "serial"),
        *("s-dn", "s-dn-rfc2253", "s-dn-q", "s-dn-cn", "i-dn", "i-dn-rfc2253", "notbefore", "notafter", "key-alg"),
    )
)


class HAProxy(HeaderSource):
    """
    HAProxy with ``http-request set-header`` lines of your own.

    Args:
        certificate: Header set to ``%[ssl_c_der,base64]``.
        verdict: Header set to ``%[ssl_c_verify]``, and to ``NONE`` or 0 without a certificate.
        encoding: ``base64-der``, or ``rfc9440`` where the value stands between colons.
        chain: Header set to ``%[ssl_c_chain_der,base64]``.
        presence: Header set to ``%[ssl_c_used]``: with it, a certificate that HAProxy could not copy is a
            contradiction, not an anonymous client.
        subject_dn, issuer_dn: Headers set to ``%[ssl_c_s_dn(,0,rfc2253)]`` and ``%[ssl_c_i_dn(,0,rfc2253)]``.
    """

    __slots__ = ()

    def __init__(  # noqa: PLR0913 - each is a line of the proxy's configuration
        self,
        *,
        certificate: str = CERTIFICATE,
        verdict: str = VERDICT,
        encoding: str = BASE64_DER.name,
        chain: str | None = None,
        presence: str | None = None,
        subject_dn: str | None = None,
        issuer_dn: str | None = None,
    ) -> None:
        HeaderSource.__init__(
            self,
            name="haproxy",
            certificate=certificate.lower(),
            encoding=encoding_named(encoding, among=(BASE64_DER, RFC9440)),
            chain=() if chain is None else (chain.lower(),),
            chain_encoding=BASE64_DER_SEQUENCE,
            placeholders=(b"::",),
            verdict=verdict.lower(),
            success="0",
            absent=("NONE",),
            bare_success_is_absent=True,
            presence=None if presence is None else presence.lower(),
            presence_tokens=("1", "0"),
            subject_dn=None if subject_dn is None else subject_dn.lower(),
            issuer_dn=None if issuer_dn is None else issuer_dn.lower(),
            aliases=AliasPolicy.IGNORE,
            also_sent=_ALSO_SENT,
            missing_hint=_BUFFER_HINT,
        )


class OpenShift(HeaderSource):
    """The router of OpenShift with ``clientTLS`` on the ingress controller."""

    __slots__ = ()

    def __init__(self) -> None:
        HeaderSource.__init__(
            self,
            name="openshift",
            certificate="x-ssl-client-der",
            encoding=BASE64_DER,
            verdict="x-ssl-client-verify",
            success="0",
            absent=(),
            bare_success_is_absent=True,
            aliases=AliasPolicy.IGNORE,
            also_sent=(
                *("x-ssl", "x-ssl-issuer", "x-ssl-client-serial", "x-ssl-client-version", "x-ssl-client-sha1"),
                *("x-ssl-client-dn", "x-ssl-client-cn", "x-ssl-client-notbefore", "x-ssl-client-notafter"),
            ),
            missing_hint=_BUFFER_HINT,
        )
