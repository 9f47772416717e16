"""
Producers by name, and every header name that any of them uses.

No module outside this package knows a header name.
"""

from collections.abc import Callable
from types import MappingProxyType

from clientcert.core.sources.apache import Apache
from clientcert.core.sources.aws import AwsAlb, AwsAlbVerify, AwsApiGateway, AwsCloudFront
from clientcert.core.sources.azure import AzureApplicationGateway, AzureAppService
from clientcert.core.sources.base import AliasPolicy, Claim, HeaderSource, Source
from clientcert.core.sources.caddy import Caddy
from clientcert.core.sources.cloud_foundry import CloudFoundry
from clientcert.core.sources.cloudflare import Cloudflare
from clientcert.core.sources.custom import Custom, custom
from clientcert.core.sources.envoy import Envoy, EnvoyFormatter
from clientcert.core.sources.f5 import F5
from clientcert.core.sources.gcp import GcpLoadBalancer
from clientcert.core.sources.haproxy import HAProxy, OpenShift
from clientcert.core.sources.kong import Kong
from clientcert.core.sources.nginx import IngressNginx, Nginx
from clientcert.core.sources.rfc9440 import Rfc9440
from clientcert.core.sources.tls import TLSSocket
from clientcert.core.sources.traefik import Traefik, TraefikIngressNginx
from clientcert.errors import ConfigurationError

__all__ = [
    "ALIASES",
    "F5",
    "GUARDED_HEADERS",
    "PRESETS",
    "AliasPolicy",
    "Apache",
    "AwsAlb",
    "AwsAlbVerify",
    "AwsApiGateway",
    "AwsCloudFront",
    "AzureAppService",
    "AzureApplicationGateway",
    "Caddy",
    "Claim",
    "CloudFoundry",
    "Cloudflare",
    "Custom",
    "Envoy",
    "EnvoyFormatter",
    "GcpLoadBalancer",
    "HAProxy",
    "HeaderSource",
    "IngressNginx",
    "Kong",
    "Nginx",
    "OpenShift",
    "Rfc9440",
    "Source",
    "TLSSocket",
    "Traefik",
    "TraefikIngressNginx",
    "custom",
    "source_named",
]

PRESETS: MappingProxyType[str, Callable[[], Source]] = MappingProxyType(
    {
        "ingress-nginx": IngressNginx,
        "nginx": Nginx,
        "tls": TLSSocket,
        "traefik": Traefik,
        "traefik-ingress-nginx": TraefikIngressNginx,
        "envoy": Envoy,
        "envoy-formatter": EnvoyFormatter,
        "haproxy": HAProxy,
        "openshift": OpenShift,
        "apache": Apache,
        "caddy": Caddy,
        "rfc9440": Rfc9440,
        "aws-alb": AwsAlb,
        "aws-alb-verify": AwsAlbVerify,
        "aws-cloudfront": AwsCloudFront,
        "aws-api-gateway": AwsApiGateway,
        "gcp-lb": GcpLoadBalancer,
        "cloudflare": Cloudflare,
        "azure-app-service": AzureAppService,
        "azure-application-gateway": AzureApplicationGateway,
        "cloud-foundry": CloudFoundry,
        "kong": Kong,
        "f5": F5,
    }
)
"""Preset name → the source with its usual options."""

ALIASES: MappingProxyType[str, str] = MappingProxyType(
    {
        "istio": "envoy",
        "contour": "envoy",
        "envoy-gateway": "envoy",
        "emissary": "envoy",
        "azure-container-apps": "envoy",
        "azure-functions": "azure-app-service",
    }
)
"""Product → the preset of what it is built on."""

GUARDED_HEADERS: frozenset[bytes] = frozenset(
    name
    for source in (preset() for preset in PRESETS.values())
    for name in (source.guarded_names if isinstance(source, HeaderSource) else source.header_names)
)
"""Lower-case names of every preset; the app sees none of them, whichever source is configured."""


def source_named(name: str) -> Source:
    """
    The preset of that name, or of what the product of that name is built on, with its usual options.

    Raises:
        ConfigurationError: No such preset; the text lists the legal names.
    """
    preset = PRESETS.get(ALIASES.get(name, name))
    if preset is None:
        legal = ", ".join((*PRESETS, *ALIASES))
        raise ConfigurationError(f"unknown source {name!r}, wanted one of: {legal}")
    return preset()
