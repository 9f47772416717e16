"""Every producer by its preset's name, and the languages in which lines of one's own can be written."""

from collections.abc import Mapping
from types import MappingProxyType

from clientcert.core.sources import ALIASES, PRESETS, AwsApiGateway, HeaderSource, Source, TLSSocket
from clientcert.testing.producers import clouds
from clientcert.testing.producers.apache import APACHE, APACHE_LEGACY_NAMES, APACHE_PRODUCER
from clientcert.testing.producers.caddy import CADDY, CADDY_PRODUCER
from clientcert.testing.producers.configured import configured
from clientcert.testing.producers.connections import AWS_API_GATEWAY_PRODUCER, TLS_PRODUCER
from clientcert.testing.producers.envoy import ENVOY_FORMATTER_PRODUCER, ENVOY_FORMATTERS, Xfcc
from clientcert.testing.producers.handshake import Producer
from clientcert.testing.producers.haproxy import HAPROXY, HAPROXY_PRODUCER, OPENSHIFT_PRODUCER
from clientcert.testing.producers.lines import HeaderLines, Language, Line
from clientcert.testing.producers.nginx import NGINX, NGINX_PRODUCER, ingress_nginx
from clientcert.testing.producers.traefik import TRAEFIK_INGRESS_NGINX_PRODUCER, PassTlsClientCert

PRODUCERS: Mapping[str, Producer] = MappingProxyType(
    {
        "ingress-nginx": ingress_nginx(),
        "nginx": NGINX_PRODUCER,
        "tls": TLS_PRODUCER,
        "traefik": PassTlsClientCert(),
        "traefik-ingress-nginx": TRAEFIK_INGRESS_NGINX_PRODUCER,
        "envoy": Xfcc(),
        "envoy-formatter": ENVOY_FORMATTER_PRODUCER,
        "haproxy": HAPROXY_PRODUCER,
        "openshift": OPENSHIFT_PRODUCER,
        "apache": APACHE_PRODUCER,
        "caddy": CADDY_PRODUCER,
        "rfc9440": clouds.RFC9440_PRODUCER,
        "aws-alb": clouds.AWS_ALB_PRODUCER,
        "aws-alb-verify": clouds.AWS_ALB_VERIFY_PRODUCER,
        "aws-cloudfront": clouds.AWS_CLOUDFRONT_PRODUCER,
        "aws-api-gateway": AWS_API_GATEWAY_PRODUCER,
        "gcp-lb": clouds.GOOGLE_PRODUCER,
        "cloudflare": clouds.CLOUDFLARE_PRODUCER,
        "azure-app-service": clouds.AZURE_APP_SERVICE_PRODUCER,
        "azure-application-gateway": clouds.AZURE_APPLICATION_GATEWAY_PRODUCER,
        "cloud-foundry": clouds.CLOUD_FOUNDRY_PRODUCER,
        "kong": clouds.KONG_PRODUCER,
        "f5": clouds.F5_PRODUCER,
    }
)
"""Preset name → what it sends with the lines of ``clientcert snippet``, or by default where there is none to run."""

LANGUAGES: Mapping[str, Language] = MappingProxyType(
    {
        language.name: language
        for language in (
            *(NGINX, HAPROXY, APACHE, APACHE_LEGACY_NAMES, CADDY, ENVOY_FORMATTERS),
            *(clouds.GOOGLE_VARIABLES, clouds.CLOUDFLARE_FIELDS, clouds.F5_RULES),
        )
    }
)
"""Producers whose headers are lines of their own configuration."""


def header_lines(language: str, *lines: Line) -> HeaderLines:
    """
    A producer with header lines of your own: ``header_lines("nginx", ("X-Serial", "$ssl_client_serial"))``.

    Args:
        language: A name in `LANGUAGES`.
        *lines: Name and value as in the producer's configuration, and ``presented``, ``absent`` or ``verified`` where
            the line counts for such clients only.

    Raises:
        ValueError: No such language, or a variable that the producer does not have; the legal ones are listed.
    """
    if language not in LANGUAGES:
        raise ValueError(f"unknown language {language!r}, wanted one of {', '.join(LANGUAGES)}")
    return HeaderLines(LANGUAGES[language], lines)


def producer_of(via: str | Source | Producer) -> Producer:
    """
    The producer of a preset's name or alias, of a configured source, or the one that is given.

    Raises:
        ValueError: No such name; the legal ones are listed.
        TypeError: A source of your own making that is no `HeaderSource`: nobody knows what its producer writes.
    """
    if isinstance(via, str):
        if (name := ALIASES.get(via, via)) not in PRODUCERS:
            raise ValueError(f"unknown producer {via!r}, wanted one of {', '.join((*PRODUCERS, *ALIASES))}")
        return PRODUCERS[name]
    if isinstance(via, HeaderSource):
        usual = PRESETS[via.name]() if via.name in PRESETS else None
        is_usual = isinstance(usual, HeaderSource) and _wire(usual) == _wire(via)
        return PRODUCERS[via.name] if is_usual else configured(via)
    if isinstance(via, TLSSocket | AwsApiGateway):
        return PRODUCERS[via.name]
    # The protocols of producers and sources have different methods, and nothing has both.
    if hasattr(via, "read"):
        raise TypeError(f"{via!r} is no HeaderSource: give a producer of clientcert.testing.producers")
    return via


def _wire(source: HeaderSource) -> tuple[object, ...]:
    return source.header_names, source.encoding.name, source.chain_encoding.name, source.success, source.absent
