"""
What every producer sends for Alice and for nobody: one row per preset, and the facts that its preset must declare.

A new producer is one row here. Rows marked ``run`` repeat the form of captures of the real thing; the others follow the
vendor's documentation alone.
"""

from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Literal
from urllib.parse import quote

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
from clientcert.testing import CertificateAuthority, IssuedCertificate
from tests.material import ALICE_DN, CA_DN, Pairs, evidence

PLACEHOLDER = "{http.request.tls.client.certificate_der_base64}"


def base64(certificate: IssuedCertificate | CertificateAuthority) -> str:
    """DER in base64."""
    return b64encode(certificate.der).decode()


def escaped(certificate: IssuedCertificate) -> str:
    """PEM as nginx escapes it."""
    return quote(certificate.pem, safe="")


def aws(certificate: IssuedCertificate) -> str:
    """PEM as an Application Load Balancer escapes it."""
    return quote(certificate.pem, safe="+/=")


def apache(certificate: IssuedCertificate) -> str:
    """PEM as Apache's `escape` function escapes it."""
    return aws(certificate).replace("%0A", "%0a")


def item(certificate: IssuedCertificate | CertificateAuthority) -> str:
    """An Item of RFC 9440."""
    return f":{base64(certificate)}:"


def xfcc(certificate: IssuedCertificate) -> str:
    """An element of Envoy's."""
    return f'Hash={certificate.fingerprint_sha256};Cert="{escaped(certificate)}";Chain="{escaped(certificate)}"'


def xfcc_json(certificate: IssuedCertificate) -> str:
    """The same as JSON."""
    pem = certificate.pem.decode().replace("\n", "\\n")
    return f'[{{"hash":"{certificate.fingerprint_sha256}","cert":"{pem}","chain":["{pem}"]}}]'


@dataclass(frozen=True, slots=True, kw_only=True)
class Producer:
    """
    One producer.

    Attributes:
        source: Its preset.
        carrier: Header with the certificate, and how it is written there.
        beside: What else comes with a certificate.
        nobody: What comes without one; several ways where there are several.
        status: Headers of `beside` that say whether the certificate was presented or verified.
        origin: ``run`` for what captures show, ``documented`` for what nobody here has seen.
        gives_verdict: `TRUST_PROXY` may rely on it.
        ignores_aliases: Other spellings pass through it.
        trailers_safe: Trailers do not, or a header that is always there would tell.
    """

    source: HeaderSource
    carrier: tuple[str, Callable[[IssuedCertificate], str]]
    beside: Pairs = ()
    nobody: tuple[Pairs, ...] = ((),)
    status: tuple[str, ...] = ()
    origin: Literal["run", "documented"]
    gives_verdict: bool = False
    ignores_aliases: bool = False
    trailers_safe: bool = True

    def request(self, certificate: IssuedCertificate) -> Pairs:
        """The evidence of one client."""
        name, write = self.carrier
        return ((name, write(certificate)), *self.beside)


SUCCESS, NONE = ("ssl-client-verify", "SUCCESS"), ("ssl-client-verify", "NONE")
GOOGLE = "x-client-cert-"

# Proxies that were run, and forward whatever spelling of a name the client invents.
forwarding = partial(Producer, origin="run", ignores_aliases=True)
documented = partial(Producer, origin="documented")

PRODUCERS: dict[str, Producer] = {
    "ingress-nginx": Producer(
        source=IngressNginx(),
        carrier=("ssl-client-cert", escaped),
        beside=evidence(None),
        nobody=((NONE,), ()),
        status=("ssl-client-verify",),
        origin="run",
        gives_verdict=True,
    ),
    "nginx": Producer(
        source=Nginx(),
        carrier=("ssl-client-cert", escaped),
        beside=(SUCCESS,),
        nobody=((NONE,), ()),
        status=("ssl-client-verify",),
        origin="run",
        gives_verdict=True,
    ),
    "traefik": forwarding(source=Traefik(), carrier=("x-forwarded-tls-client-cert", base64)),
    "traefik-2": Producer(
        source=Traefik(encoding="escaped-base64-der-list"),
        carrier=("x-forwarded-tls-client-cert", lambda certificate: quote(base64(certificate), safe="")),
        origin="documented",
        ignores_aliases=True,
    ),
    "traefik-ingress-nginx": forwarding(
        source=TraefikIngressNginx(),
        carrier=("ssl-client-cert", escaped),
        beside=(SUCCESS, ("ssl-client-subject-dn", "CN=alice,O=Example"), ("ssl-client-issuer-dn", "CN=Go's own")),
        nobody=((NONE,), ()),
        status=("ssl-client-verify",),
    ),
    "envoy": forwarding(source=Envoy(), carrier=("x-forwarded-client-cert", xfcc)),
    "envoy-json": forwarding(source=Envoy(json=True), carrier=("x-forwarded-client-cert", xfcc_json)),
    "envoy-formatter": forwarding(
        source=EnvoyFormatter(),
        carrier=("x-client-cert", escaped),
        beside=(("x-client-subject", ALICE_DN), ("x-client-issuer", CA_DN)),
    ),
    "haproxy": forwarding(
        source=HAProxy(),
        carrier=("ssl-client-cert", base64),
        beside=(("ssl-client-verify", "0"),),
        nobody=((NONE,), (("ssl-client-verify", "0"), ("ssl-client-cert", "")), (("ssl-client-verify", "0"),), ()),
        status=("ssl-client-verify",),
        gives_verdict=True,
    ),
    "haproxy-rfc9440": forwarding(
        source=HAProxy(
            certificate="client-cert", verdict="client-cert-verify", encoding="rfc9440", presence="client-cert-used"
        ),
        carrier=("client-cert", item),
        beside=(("client-cert-verify", "0"), ("client-cert-used", "1")),
        nobody=((("client-cert", "::"), ("client-cert-verify", "0"), ("client-cert-used", "0")), ()),
        status=("client-cert-verify", "client-cert-used"),
        gives_verdict=True,
    ),
    "openshift": forwarding(
        source=OpenShift(),
        carrier=("x-ssl-client-der", base64),
        beside=(("x-ssl", "1"), ("x-ssl-client-verify", "0"), ("x-ssl-client-dn", "/O=Example/CN=alice")),
        nobody=((("x-ssl", "1"), ("x-ssl-client-verify", "0"), ("x-ssl-client-der", "")), ()),
        status=("x-ssl-client-verify",),
        gives_verdict=True,
    ),
    "apache": forwarding(
        source=Apache(),
        carrier=("ssl-client-cert", apache),
        beside=(SUCCESS,),
        nobody=((NONE,), (NONE, ("ssl-client-cert", "")), ()),
        status=("ssl-client-verify",),
        gives_verdict=True,
    ),
    "apache-spaced": forwarding(
        source=Apache(encoding="spaced-pem", chain=("ssl-client-cert-chain-0",)),
        carrier=("ssl-client-cert", lambda certificate: certificate.pem.decode().replace("\n", " ")),
        beside=(SUCCESS, ("ssl-client-subject-dn", ALICE_DN), ("ssl-client-cert-chain-0", "(null)")),
        nobody=((NONE, ("ssl-client-cert", "(null)"), ("ssl-client-subject-dn", "(null)")), ()),
        status=("ssl-client-verify",),
        gives_verdict=True,
    ),
    "caddy": forwarding(
        source=Caddy(),
        carrier=("client-cert", item),
        nobody=((("client-cert", "::"),), (("client-cert", f":{PLACEHOLDER}:"),), (("client-cert", ""),), ()),
    ),
    "caddy-base64": forwarding(
        source=Caddy(certificate="ssl-client-cert", encoding="base64-der"),
        carrier=("ssl-client-cert", base64),
        nobody=((("ssl-client-cert", PLACEHOLDER),), (("ssl-client-cert", ""),), ()),
    ),
    "rfc9440": documented(
        source=Rfc9440(),
        carrier=("client-cert", item),
        nobody=((("client-cert", "::"),), ()),
        trailers_safe=False,
    ),
    "rfc9440-with-a-verdict": documented(
        source=Rfc9440(verdict="client-cert-verify"),
        carrier=("client-cert", item),
        beside=(("client-cert-verify", "SUCCESS"),),
        nobody=((("client-cert-verify", "NONE"),), ()),
        status=("client-cert-verify",),
        gives_verdict=True,
    ),
    "aws-alb": documented(source=AwsAlb(), carrier=("x-amzn-mtls-clientcert", aws), trailers_safe=False),
    "aws-alb-verify": documented(
        source=AwsAlbVerify(),
        carrier=("x-amzn-mtls-clientcert-leaf", aws),
        beside=(("x-amzn-mtls-clientcert-subject", ALICE_DN), ("x-amzn-mtls-clientcert-serial-number", "1001")),
        trailers_safe=False,
    ),
    "aws-cloudfront": documented(
        source=AwsCloudFront(),
        carrier=("cloudfront-viewer-cert-pem", escaped),
        beside=(("cloudfront-viewer-cert-present", "1"),),
        nobody=((("cloudfront-viewer-cert-present", "0"),), ()),
        status=("cloudfront-viewer-cert-present",),
    ),
    "gcp-lb": documented(
        source=GcpLoadBalancer(),
        carrier=(f"{GOOGLE}leaf", item),
        beside=((f"{GOOGLE}present", "true"), (f"{GOOGLE}chain-verified", "true"), (f"{GOOGLE}error", "")),
        nobody=(((f"{GOOGLE}present", "false"), (f"{GOOGLE}chain-verified", "false")), ()),
        status=(f"{GOOGLE}present", f"{GOOGLE}chain-verified"),
        gives_verdict=True,
    ),
    "cloudflare": documented(
        source=Cloudflare(),
        carrier=("client-cert", item),
        beside=(("cf-cert-presented", "true"), ("cf-cert-verified", "true"), ("cf-cert-revoked", "false")),
        nobody=((("cf-cert-presented", "false"), ("cf-cert-verified", "false"), ("cf-cert-revoked", "false")), ()),
        status=("cf-cert-presented", "cf-cert-verified", "cf-cert-revoked"),
        gives_verdict=True,
    ),
    "azure-app-service": documented(
        source=AzureAppService(), carrier=("x-arr-clientcert", base64), trailers_safe=False
    ),
    "azure-application-gateway": documented(
        source=AzureApplicationGateway(),
        carrier=("x-client-certificate", escaped),
        beside=(("x-client-certificate-verification", "SUCCESS"),),
        nobody=((("x-client-certificate-verification", "NONE"),), ()),
        status=("x-client-certificate-verification",),
        gives_verdict=True,
    ),
    "cloud-foundry": documented(
        source=CloudFoundry(), carrier=("x-forwarded-client-cert", base64), trailers_safe=False
    ),
    "kong": documented(
        source=Kong(),
        carrier=("x-client-cert", escaped),
        beside=(("x-client-cert-subject-dn", ALICE_DN),),
        trailers_safe=False,
    ),
    "f5": documented(source=F5(), carrier=("x-ssl-client-cert", base64), trailers_safe=False),
    "f5-with-a-verdict": documented(
        source=F5(verdict="x-ssl-client-verify"),
        carrier=("x-ssl-client-cert", base64),
        beside=(("x-ssl-client-verify", "0"),),
        nobody=((("x-ssl-client-verify", "0"),), (("x-ssl-client-verify", "NONE"),), ()),
        status=("x-ssl-client-verify",),
        gives_verdict=True,
    ),
}
