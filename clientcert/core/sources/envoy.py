"""
Envoy, and what is built on it: Istio, Contour, Envoy Gateway, Emissary, Azure Container Apps.

Facts from real runs of Envoy 1.40: X-Forwarded-Client-Cert names the client's certificate in one element per hop, as
text or (``format: JSON``) as a list of objects; `clientcert.core.encodings.xfcc` reads both. There is no verdict:
with ``trust_chain_verification: ACCEPT_UNTRUSTED`` (and Container Apps in every mode) a self-signed certificate looks
like a good one. Without a certificate nothing is sent. SANITIZE, the default, and SANITIZE_SET remove the client's own
header; FORWARD_ONLY and ALWAYS_FORWARD_ONLY pass it, APPEND_FORWARD puts it first. Names with underscores and dots
pass unless ``headers_with_underscores_action`` says otherwise; ``Connection`` cannot remove the header; request
trailers are dropped unless ``enable_trailers`` is set.

``request_headers_to_add`` with ``%DOWNSTREAM_PEER_…%`` is the other way: percent-escaped PEM as nginx's, names as
OpenSSL prints them. Without a certificate it sets nothing and the client's own copy survives, so that
``request_headers_to_remove`` must name the same headers.
"""

from collections.abc import Iterable

from clientcert.core.encoding import ESCAPED_PEM
from clientcert.core.encodings.xfcc import xfcc_encoding, xfcc_fingerprint
from clientcert.core.sources.base import AliasPolicy, HeaderSource
from clientcert.errors import ConfigurationError

XFCC_HEADER = "x-forwarded-client-cert"


class Envoy(HeaderSource):
    """
    X-Forwarded-Client-Cert as Envoy writes it, with ``set_current_client_cert_details: {cert: true, chain: true}``.

    Args:
        json: The hops write ``format: JSON``. Text in its place is refused, and the other way round.
        trusted_hops: How many proxies of yours append an element each. The one from the outermost of them counts,
            that many from the right; None means that there is exactly one element. Whoever reaches an inner proxy
            past the outermost writes that element, so each must take requests from the one before it alone.
        fields_only: The hops send no ``cert``: the identity is a fingerprint and nothing else, at
            `EvidenceLevel.PROXY_ATTRIBUTES`. No other field is believed, a client's certificate can shape them.
        fingerprints: The SHA-256 of every client to accept then, 64 lower-case hex digits each.
        trailers_safe: False where ``enable_trailers`` is set.

    Raises:
        ConfigurationError: Fewer than one hop; one of `fields_only` and `fingerprints` without the other.
    """

    __slots__ = ()

    def __init__(
        self,
        *,
        json: bool = False,
        trusted_hops: int | None = None,
        fields_only: bool = False,
        fingerprints: Iterable[str] = (),
        trailers_safe: bool = True,
    ) -> None:
        if trusted_hops is not None and (isinstance(trusted_hops, bool) or trusted_hops < 1):
            raise ConfigurationError(f"envoy: trusted_hops is {trusted_hops!r}, wanted a positive number or None")
        accepted = frozenset(fingerprints)
        if accepted and not fields_only:
            raise ConfigurationError("envoy: fingerprints go with fields_only=True; trust verifies certificates")
        HeaderSource.__init__(
            self,
            name="envoy",
            certificate=None if fields_only else XFCC_HEADER,
            encoding=xfcc_encoding(is_json=json, trusted_hops=trusted_hops),
            fingerprint=XFCC_HEADER if fields_only else None,
            read_fingerprint=xfcc_fingerprint(is_json=json, trusted_hops=trusted_hops),
            fingerprints=accepted,
            verifies=False,
            trailers_safe=trailers_safe,
            aliases=AliasPolicy.IGNORE,
        )


class EnvoyFormatter(HeaderSource):
    """
    Envoy with ``request_headers_to_add`` and ``%DOWNSTREAM_PEER_CERT%``.

    Args:
        certificate: Header set to ``%DOWNSTREAM_PEER_CERT%``.
        subject_dn, issuer_dn: Headers set to ``%DOWNSTREAM_PEER_SUBJECT%`` and ``…_ISSUER%``; compared with the
            certificate where present. None where the route does not remove the client's own.
        trailers_safe: False where ``enable_trailers`` is set.
    """

    __slots__ = ()

    def __init__(
        self,
        *,
        certificate: str = "x-client-cert",
        subject_dn: str | None = "x-client-subject",
        issuer_dn: str | None = "x-client-issuer",
        trailers_safe: bool = True,
    ) -> None:
        HeaderSource.__init__(
            self,
            name="envoy-formatter",
            certificate=certificate.lower(),
            encoding=ESCAPED_PEM,
            subject_dn=None if subject_dn is None else subject_dn.lower(),
            issuer_dn=None if issuer_dn is None else issuer_dn.lower(),
            verifies=False,
            trailers_safe=trailers_safe,
            aliases=AliasPolicy.IGNORE,
            also_sent=("x-client-serial", "x-client-fp256", "x-client-uri-san", "x-client-dns-san", "x-client-v-end"),
        )
