"""
What every producer sends for Alice and for nobody: one row per preset, and the facts that its preset must declare.

A new producer is one row here; the kit writes its headers. Rows marked ``run`` have the form of captures of the real
thing; the others follow the vendor's documentation alone.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Literal

from clientcert.core.sources import (
    F5,
    Apache,
    AwsAlb,
    AwsAlbVerify,
    AwsCloudFront,
    AzureApplicationGateway,
    AzureAppService,
    Caddy,
    Cloudflare,
    CloudFoundry,
    Envoy,
    EnvoyFormatter,
    GcpLoadBalancer,
    HAProxy,
    HeaderSource,
    IngressNginx,
    Kong,
    Nginx,
    OpenShift,
    Rfc9440,
    Traefik,
    TraefikIngressNginx,
)
from clientcert.testing import CertificateAuthority, ClientRequest, IssuedCertificate, as_client
from clientcert.testing.producers import Via, forms, header_lines
from tests.material import ALICE, Pairs

PLACEHOLDER = "{http.request.tls.client.certificate_der_base64}"


def base64(certificate: IssuedCertificate | CertificateAuthority) -> str:
    """DER in base64."""
    return forms.base64_der(certificate.der).decode()


def escaped(certificate: IssuedCertificate) -> str:
    """PEM as nginx escapes it."""
    return forms.escaped_pem(certificate.der).decode()


def aws(certificate: IssuedCertificate) -> str:
    """PEM as an Application Load Balancer escapes it."""
    return forms.aws_escaped_pem(certificate.der).decode()


def apache(certificate: IssuedCertificate) -> str:
    """PEM as Apache's `escape` function escapes it."""
    return forms.apache_escaped_pem(certificate.der).decode()


def item(certificate: IssuedCertificate | CertificateAuthority) -> str:
    """An Item of RFC 9440."""
    return forms.byte_sequence(certificate.der).decode()


def xfcc(certificate: IssuedCertificate) -> str:
    """An element of Envoy's."""
    return certificate.as_client(via="envoy", chain=()).header_dict()["x-forwarded-client-cert"]


def pairs_of(request: ClientRequest) -> Pairs:
    """Headers of the kit as an ASGI server gives them, as text."""
    return tuple((name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in request.headers)


@dataclass(frozen=True, slots=True, kw_only=True)
class Producer:
    """
    One producer.

    Attributes:
        source: Its preset.
        via: Who writes its headers, where that is not whom the source describes.
        also_nobody: Further ways to say that there is no certificate.
        status: Headers that say whether the certificate was presented or verified.
        origin: ``run`` for what captures show, ``documented`` for what nobody here has seen.
        gives_verdict: `TRUST_PROXY` may rely on it.
        ignores_aliases: Other spellings pass through it.
        trailers_safe: Trailers do not, or a header that is always there would tell.
    """

    source: HeaderSource
    via: Via | None = None
    also_nobody: tuple[Pairs, ...] = ()
    status: tuple[str, ...] = ()
    origin: Literal["run", "documented"]
    gives_verdict: bool = False
    ignores_aliases: bool = False
    trailers_safe: bool = True

    def request(self, certificate: IssuedCertificate | None) -> Pairs:
        """The evidence of one client."""
        return pairs_of(as_client(certificate, via=self.via or self.source))

    @property
    def nobody(self) -> tuple[Pairs, ...]:
        """What comes without a certificate; several ways where there are several."""
        return (self.request(None), *self.also_nobody)

    @property
    def carrier(self) -> tuple[str, Callable[[IssuedCertificate], str]]:
        """Header with the certificate, and how it is written there."""
        name = self.source.certificate or ""
        return name, lambda certificate: dict(self.request(certificate))[name]

    @property
    def beside(self) -> Pairs:
        """What else comes with a certificate."""
        return tuple(pair for pair in self.request(ALICE) if pair[0] != self.source.certificate)


NONE = ("ssl-client-verify", "NONE")
NOTHING: tuple[Pairs, ...] = ((),)

# Proxies that were run, and forward whatever spelling of a name the client invents.
forwarding = partial(Producer, origin="run", ignores_aliases=True)
documented = partial(Producer, origin="documented")

PRODUCERS: dict[str, Producer] = {
    "ingress-nginx": Producer(
        source=IngressNginx(),
        also_nobody=NOTHING,
        status=("ssl-client-verify",),
        origin="run",
        gives_verdict=True,
    ),
    "nginx": Producer(
        source=Nginx(), also_nobody=NOTHING, status=("ssl-client-verify",), origin="run", gives_verdict=True
    ),
    "traefik": forwarding(source=Traefik()),
    "traefik-2": Producer(
        source=Traefik(encoding="escaped-base64-der-list"), origin="documented", ignores_aliases=True
    ),
    "traefik-ingress-nginx": forwarding(
        source=TraefikIngressNginx(), also_nobody=NOTHING, status=("ssl-client-verify",)
    ),
    "envoy": forwarding(source=Envoy()),
    "envoy-json": forwarding(source=Envoy(json=True)),
    "envoy-formatter": forwarding(source=EnvoyFormatter()),
    "haproxy": forwarding(
        source=HAProxy(),
        also_nobody=((("ssl-client-verify", "0"), ("ssl-client-cert", "")), (("ssl-client-verify", "0"),), ()),
        status=("ssl-client-verify",),
        gives_verdict=True,
    ),
    "haproxy-rfc9440": forwarding(
        source=HAProxy(
            certificate="client-cert", verdict="client-cert-verify", encoding="rfc9440", presence="client-cert-used"
        ),
        via=header_lines(
            "haproxy",
            ("Client-Cert", ":%[ssl_c_der,base64]:"),
            ("Client-Cert-Verify", "%[ssl_c_verify]"),
            ("Client-Cert-Used", "%[ssl_c_used]"),
        ),
        also_nobody=NOTHING,
        status=("client-cert-verify", "client-cert-used"),
        gives_verdict=True,
    ),
    "openshift": forwarding(
        source=OpenShift(), also_nobody=NOTHING, status=("x-ssl-client-verify",), gives_verdict=True
    ),
    "apache": forwarding(
        source=Apache(),
        also_nobody=((NONE, ("ssl-client-cert", "")), ()),
        status=("ssl-client-verify",),
        gives_verdict=True,
    ),
    "apache-spaced": forwarding(
        source=Apache(encoding="spaced-pem", chain=("ssl-client-cert-chain-0",)),
        via=header_lines(
            "apache",
            ("ssl-client-cert", "%{SSL_CLIENT_CERT}s"),
            ("ssl-client-verify", "%{SSL_CLIENT_VERIFY}s"),
            ("ssl-client-subject-dn", "%{SSL_CLIENT_S_DN}s"),
            ("ssl-client-cert-chain-0", "%{SSL_CLIENT_CERT_CHAIN_0}s"),
        ),
        also_nobody=NOTHING,
        status=("ssl-client-verify",),
        gives_verdict=True,
    ),
    "caddy": forwarding(
        source=Caddy(),
        also_nobody=((("client-cert", "::"),), (("client-cert", f":{PLACEHOLDER}:"),), (("client-cert", ""),)),
    ),
    "caddy-base64": forwarding(
        source=Caddy(certificate="ssl-client-cert", encoding="base64-der"),
        via=header_lines("caddy", ("ssl-client-cert", PLACEHOLDER)),
        also_nobody=((("ssl-client-cert", ""),), ()),
    ),
    "rfc9440": documented(source=Rfc9440(), also_nobody=((("client-cert", "::"),),), trailers_safe=False),
    "rfc9440-with-a-verdict": documented(
        source=Rfc9440(verdict="client-cert-verify"),
        also_nobody=NOTHING,
        status=("client-cert-verify",),
        gives_verdict=True,
    ),
    "aws-alb": documented(source=AwsAlb(), trailers_safe=False),
    "aws-alb-verify": documented(source=AwsAlbVerify(), trailers_safe=False),
    "aws-cloudfront": documented(
        source=AwsCloudFront(), also_nobody=NOTHING, status=("cloudfront-viewer-cert-present",)
    ),
    "gcp-lb": documented(
        source=GcpLoadBalancer(),
        also_nobody=NOTHING,
        status=("x-client-cert-present", "x-client-cert-chain-verified"),
        gives_verdict=True,
    ),
    "cloudflare": documented(
        source=Cloudflare(),
        also_nobody=NOTHING,
        status=("cf-cert-presented", "cf-cert-verified", "cf-cert-revoked"),
        gives_verdict=True,
    ),
    "azure-app-service": documented(source=AzureAppService(), trailers_safe=False),
    "azure-application-gateway": documented(
        source=AzureApplicationGateway(),
        also_nobody=NOTHING,
        status=("x-client-certificate-verification",),
        gives_verdict=True,
    ),
    "cloud-foundry": documented(source=CloudFoundry(), trailers_safe=False),
    "kong": documented(source=Kong(), trailers_safe=False),
    "f5": documented(source=F5(), trailers_safe=False),
    "f5-with-a-verdict": documented(
        source=F5(verdict="x-ssl-client-verify"),
        via=header_lines(
            "f5",
            ("X-SSL-Client-Cert", "[b64encode [SSL::cert 0]]"),
            ("X-SSL-Client-Verify", "[SSL::verify_result]"),
        ),
        also_nobody=((("x-ssl-client-verify", "NONE"),), ()),
        status=("x-ssl-client-verify",),
        gives_verdict=True,
    ),
}
