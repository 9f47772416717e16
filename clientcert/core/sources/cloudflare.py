"""
Cloudflare: API Shield or Access client certificates, forwarded by rules.

Facts from Cloudflare's documentation; nothing here was run. A request header transform rule sets ``Client-Cert`` to
``cf.tls_client_auth.cert_rfc9440`` (10 KiB at most, else empty) and ``Client-Cert-Chain`` to
``…cert_chain_rfc9440`` (16 KiB at most), after a rule that removes the client's own. Both are filled *whatever the
verdict*, so the rule must also set ``Cf-Cert-Presented``, ``Cf-Cert-Verified`` and ``Cf-Cert-Revoked``, which are
``true`` or ``false``; a revoked certificate counts as verified. ``Cf-Client-Cert-Der-Base64`` comes with the first
request of a connection alone and says nothing of the others: it is never read.
"""

from clientcert.core.encoding import RFC9440, RFC9440_LIST
from clientcert.core.sources.base import HeaderSource
from clientcert.core.sources.rfc9440 import CLIENT_CERT, CLIENT_CERT_CHAIN

_NAMES = ("issuer-dn", "subject-dn", "issuer-dn-rfc2253", "subject-dn-rfc2253", "issuer-dn-legacy", "subject-dn-legacy")
_NUMBERS = ("serial", "issuer-serial", "issuer-ski", "ski", "fingerprint-sha256", "fingerprint-sha1")


class Cloudflare(HeaderSource):
    """
    Cloudflare with transform rules for ``Client-Cert``, ``Client-Cert-Chain`` and the three ``Cf-Cert-…`` verdicts.

    Args:
        presented, verified, revoked: The headers set to ``cf.tls_client_auth.cert_presented``, ``…cert_verified`` and
            ``…cert_revoked``.
    """

    __slots__ = ()

    def __init__(
        self,
        *,
        presented: str = "cf-cert-presented",
        verified: str = "cf-cert-verified",
        revoked: str = "cf-cert-revoked",
    ) -> None:
        HeaderSource.__init__(
            self,
            name="cloudflare",
            certificate=CLIENT_CERT,
            encoding=RFC9440,
            chain=(CLIENT_CERT_CHAIN,),
            chain_encoding=RFC9440_LIST,
            presence=presented.lower(),
            presence_tokens=("true", "false"),
            verdict=verified.lower(),
            success="true",
            absent=(),
            conditions=((revoked.lower(), "false"),),
            also_sent=(
                *(f"cf-cert-{name}" for name in (*_NAMES, *_NUMBERS, "not-before", "not-after")),
                *(f"cf-client-cert-{name}" for name in ("der-base64", "sha256")),
            ),
            missing_hint="a certificate of more than 10 KiB arrives as an empty header",
        )
