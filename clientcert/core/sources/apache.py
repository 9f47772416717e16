"""
Apache httpd with mod_ssl and mod_headers.

Facts from real runs of httpd 2.4.71: ``%{SSL_CLIENT_CERT}s`` is PEM with a space for each line feed, ``(null)`` where
unset; ``expr=%{escape:%{SSL_CLIENT_CERT}}`` percent-escapes in lower case and leaves base64 alone, empty where unset;
``SSL_CLIENT_CERT_CHAIN_0`` is the leaf's issuer, ``(null)`` behind the end. ``SSL_CLIENT_VERIFY`` is ``SUCCESS``,
``NONE`` or ``FAILED:<OpenSSL's words>``; the documented ``GENEROUS`` is no success. Names are OpenSSL's text with raw
UTF-8, unless ``SSLOptions +LegacyDNStringFormat``. Apache forwards whatever spelling of a name the client invents and
joins equal ones with a comma; ``Connection`` options of the client delete Apache's *own* headers unless
``RequestHeader unset Connection early``: then the client is anonymous, never somebody else. Trailers are dropped.
"""

from clientcert.core.encoding import APACHE_ESCAPED_PEM, BASE64_PEM, SPACED_PEM, encoding_named
from clientcert.core.sources.attributes import RAW_UTF8_NAMES
from clientcert.core.sources.base import AliasPolicy, HeaderSource
from clientcert.core.sources.nginx import CERTIFICATE, ISSUER_DN, SUBJECT_DN, VERDICT

_NULL = b"(null)"
# SSL_CLIENT_CERT_CHAIN_n has no upper end; more than these come from nobody's configuration.
_CHAIN_LENGTH = 10


class Apache(HeaderSource):
    """
    Apache with ``RequestHeader set`` lines of your own.

    Args:
        certificate: Header set to the client's certificate.
        verdict: Header set to ``SSL_CLIENT_VERIFY`` on every request.
        encoding: ``apache-escaped-pem`` for ``expr=%{escape:…}``, ``spaced-pem`` for ``%{SSL_CLIENT_CERT}s``,
            ``base64-pem`` for ``expr=%{base64:…}``.
        chain: Headers set to ``SSL_CLIENT_CERT_CHAIN_0`` and so on, in the same way as the certificate.
        subject_dn, issuer_dn: Headers set to ``SSL_CLIENT_S_DN`` and ``SSL_CLIENT_I_DN``; compared with the
            certificate where present. None with ``LegacyDNStringFormat``, which cannot be compared.
    """

    __slots__ = ()

    def __init__(  # noqa: PLR0913 - each is a line of the proxy's configuration
        self,
        *,
        certificate: str = CERTIFICATE,
        verdict: str = VERDICT,
        encoding: str = APACHE_ESCAPED_PEM.name,
        chain: tuple[str, ...] = (),
        subject_dn: str | None = SUBJECT_DN,
        issuer_dn: str | None = ISSUER_DN,
    ) -> None:
        form = encoding_named(encoding, among=(APACHE_ESCAPED_PEM, SPACED_PEM, BASE64_PEM))
        HeaderSource.__init__(
            self,
            name="apache",
            certificate=certificate.lower(),
            encoding=form,
            chain=tuple(name.lower() for name in chain),
            chain_encoding=form,
            placeholders=(_NULL,),
            verdict=verdict.lower(),
            subject_dn=None if subject_dn is None else subject_dn.lower(),
            issuer_dn=None if issuer_dn is None else issuer_dn.lower(),
            dn_dialect=RAW_UTF8_NAMES,
            aliases=AliasPolicy.IGNORE,
            also_sent=(
                *("ssl-client-serial", "ssl-client-subject-cn", "ssl-client-v-start", "ssl-client-v-end"),
                *("ssl-client-san-dns-0", "ssl-client-san-email-0", "ssl-client-s-dn", "ssl-client-i-dn"),
                *(f"{CERTIFICATE}-chain-{number}" for number in range(_CHAIN_LENGTH)),
            ),
        )
