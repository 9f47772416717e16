"""
Google Cloud: Application Load Balancers with mTLS.

Facts from Google's documentation; nothing here was run. Every header is a custom request header that the operator
names; these are the names of the documentation's own example. ``{client_cert_present}`` and
``{client_cert_chain_verified}`` are ``true`` or ``false`` on every request; with ``ALLOW_INVALID_OR_MISSING`` a bad
certificate comes as true and false. ``{client_cert_leaf}`` and ``{client_cert_chain}`` are in the grammar of RFC 9440
and sent for verified certificates only; names are base64 of their DER, at most 512 bytes. The load balancer overwrites
a client's header of the same name, and takes only leaves with clientAuth.
"""

from clientcert.core.encoding import RFC9440, RFC9440_LIST
from clientcert.core.sources.attributes import BASE64_DER_NAMES
from clientcert.core.sources.base import HeaderSource

_PREFIX = "x-client-cert"
_SUBJECT, _ISSUER, _LEAF, _CHAIN = (f"{_PREFIX}-{name}" for name in ("subject-dn", "issuer-dn", "leaf", "chain"))


class GcpLoadBalancer(HeaderSource):
    """
    A load balancer with the custom request headers ``X-Client-Cert-Present:{client_cert_present}``,
    ``X-Client-Cert-Chain-Verified:{client_cert_chain_verified}``, ``X-Client-Cert-Leaf:{client_cert_leaf}`` and
    ``X-Client-Cert-Chain:{client_cert_chain}``.

    Args:
        leaf: The certificate itself is read. False takes the identity from ``X-Client-Cert-Subject-Dn`` and
            ``…-Issuer-Dn`` alone, at `EvidenceLevel.PROXY_ATTRIBUTES`.
    """  # noqa: D205 - four headers do not fit one line

    __slots__ = ()

    def __init__(self, *, leaf: bool = True) -> None:
        HeaderSource.__init__(
            self,
            name="gcp-lb",
            certificate=_LEAF if leaf else None,
            encoding=RFC9440,
            chain=(_CHAIN,) if leaf else (),
            chain_encoding=RFC9440_LIST,
            presence=f"{_PREFIX}-present",
            presence_tokens=("true", "false"),
            verdict=f"{_PREFIX}-chain-verified",
            success="true",
            absent=(),
            subject_dn=None if leaf else _SUBJECT,
            issuer_dn=None if leaf else _ISSUER,
            dn_dialect=BASE64_DER_NAMES,
            names_required=not leaf,
            also_sent=(
                *(f"{_PREFIX}-{name}" for name in ("error", "hash", "serial-number", "spiffe", "uri-sans")),
                *(f"{_PREFIX}-{name}" for name in ("dnsname-sans", "valid-not-before", "valid-not-after")),
                *((_SUBJECT, _ISSUER) if leaf else (_LEAF, _CHAIN)),
            ),
        )
