"""Requests that real HAProxy, Apache, Caddy, Envoy and Traefik's middleware sent, replayed through the adapters."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from clientcert.config import ClientCertConfig
from clientcert.core.sources import (
    Apache,
    Caddy,
    Envoy,
    EnvoyFormatter,
    HAProxy,
    OpenShift,
    Rfc9440,
    Source,
    Traefik,
    TraefikIngressNginx,
)
from clientcert.testing import IssuedCertificate
from tests.contract.adapters import ADAPTERS, FOLDING
from tests.contract.rows import Row
from tests.driving import Answer
from tests.material import NETWORK

DATA = Path(__file__).parents[1] / "data" / "captures"
CLOCK = datetime(2026, 11, 21, 23, tzinfo=UTC)
REPLAYED_THROUGH = ("asgi", "wsgi")
REJECTED = frozenset({400, 403, 431})
# Captures per proxy, with those that the proxy did not forward.
COUNTS = {"haproxy": 85, "apache": 92, "caddy": 73, "envoy": 88, "traefik": 70}

CAPTURES: dict[str, dict[str, Any]] = {
    name: capture
    for proxy in COUNTS
    for name, capture in json.loads((DATA / f"{proxy}.json").read_text(encoding="utf-8")).items()
}
_SUMMARIES: dict[str, list[str]] = json.loads((Path(__file__).parent / "proxies.json").read_text(encoding="utf-8"))
SOURCE_OF = {summary: source for source, summaries in _SUMMARIES.items() if source != "_" for summary in summaries}


@cache
def fingerprint(name: str) -> str:
    """SHA-256 of a captured client's certificate."""
    return IssuedCertificate.from_pem(DATA / "certs" / f"{name}.pem").fingerprint_sha256


PINNED = [fingerprint(name) for name in ("ec", "web", "fern-client", "xfcc", "tricky", "multiuri", "manydns")]

SOURCES: Mapping[str, Source] = {
    "haproxy": HAProxy(),
    "haproxy-samples": HAProxy(
        chain="ssl-client-chain", presence="ssl-client-used", subject_dn="ssl-client-s-dn-rfc2253"
    ),
    "openshift": OpenShift(),
    "haproxy-rfc9440": Rfc9440(),
    "apache": Apache(),
    "apache-spaced": Apache(encoding="spaced-pem", chain=("ssl-client-cert-chain-0", "ssl-client-cert-chain-1")),
    "apache-legacy-names": Apache(encoding="spaced-pem", subject_dn=None, issuer_dn=None),
    "caddy": Caddy(),
    "caddy-own-headers": Caddy(certificate="ssl-client-cert", encoding="base64-der"),
    "envoy": Envoy(),
    "envoy-json": Envoy(json=True),
    "envoy-fields": Envoy(fields_only=True, fingerprints=PINNED),
    "envoy-json-fields": Envoy(json=True, fields_only=True, fingerprints=PINNED),
    "envoy-formatter": EnvoyFormatter(),
    "traefik": Traefik(),
    "traefik-ingress-nginx": TraefikIngressNginx(),
}

CONTRADICTED: Mapping[str, tuple[str, str]] = {}
"""Capture → another verdict than ``expected``, and where the design says so."""


@cache
def config(source: str, trust: str = "trust-inter.pem") -> ClientCertConfig:
    """The app behind that proxy, in optional mode, at the captures' time."""
    return ClientCertConfig(
        source=SOURCES[source],
        trust=DATA / "certs" / trust,
        trusted_proxies=[NETWORK],
        mode="optional",
        clock=lambda: CLOCK,
    )


def replayed(adapter: str, name: str, *, drops_underscores: bool, trust: str = "trust-inter.pem") -> Answer:
    """What an adapter makes of a captured request, whose names an app server has put into lower case."""
    capture = CAPTURES[name]
    pairs = ((header.lower(), value) for header, value in capture["request_headers"])
    kept = tuple((header, value) for header, value in pairs if not (drops_underscores and "_" in header))
    server = "gunicorn/27.0.1" if drops_underscores else "granian"
    row = Row(headers=tuple(pair for pair in kept if pair[0] != "host"), server=server)
    return ADAPTERS[adapter](row, config(SOURCE_OF[capture["config_summary"]], trust))


def who(answer: Answer) -> str | None:
    """The fingerprint of the identity that the app saw; None without one."""
    found: str | None = json.loads(answer.body)["who"]
    return found


FORWARDED = [name for name, capture in CAPTURES.items() if capture["request_headers"] is not None]


@pytest.mark.parametrize("name", FORWARDED)
@pytest.mark.parametrize("adapter", REPLAYED_THROUGH)
def test_replay(adapter: str, name: str) -> None:
    """The app sees whom ``expected`` says, or the request is refused where it says so."""
    expected = CAPTURES[name]["expected"]
    # As gunicorn and waitress do, which WSGI needs behind these proxies; an ASGI server keeps every name apart.
    answer = replayed(adapter, name, drops_underscores=adapter in FOLDING)
    verdict = CONTRADICTED.get(name, (expected["verdict"],))[0]
    if verdict == "reject":
        assert answer.status in REJECTED
    elif verdict == "anonymous":
        assert (answer.status, who(answer)) == (200, None)
    else:
        assert verdict in {"identity", "hash-only"}
        assert (answer.status, who(answer)) == (200, fingerprint(expected["identity"]))


COLLIDING = [name for name in FORWARDED if CAPTURES[name]["expected"].get("wsgi_underscore_collision")]


@pytest.mark.parametrize("name", COLLIDING)
def test_n3_merging_server_is_refused(name: str) -> None:
    """Where producer and server both let underscore twins through, no request is served at all."""
    assert replayed("wsgi", name, drops_underscores=False).status == 500


@pytest.mark.parametrize("name", [name for name in CAPTURES if name not in FORWARDED])
def test_not_forwarded(name: str) -> None:
    """Where the proxy stopped the request, nothing was captured, and nothing is to decide."""
    assert CAPTURES[name]["expected"]["verdict"] == "not-forwarded"
    assert CAPTURES[name]["http_status_to_client"] != 200


def test_every_capture_is_expected() -> None:
    """All captures are here, each with a source and a verdict that the tests above know."""
    proxies = [name.partition("/")[0] for name in CAPTURES]
    assert {proxy: proxies.count(proxy) for proxy in proxies} == COUNTS
    assert {capture["config_summary"] for capture in CAPTURES.values()} == set(SOURCE_OF)
    assert set(SOURCES) == set(_SUMMARIES) - {"_"}
    assert {capture["expected"]["verdict"] for capture in CAPTURES.values()} == {
        "identity",
        "anonymous",
        "reject",
        "hash-only",
        "not-forwarded",
    }


def test_captures_meet_their_own_proxys_source() -> None:
    """No summary is shared between proxies, so that each is replayed against its own."""
    owners: dict[str, set[str]] = {}
    for name, capture in CAPTURES.items():
        owners.setdefault(capture["config_summary"], set()).add(name.partition("/")[0])
    assert all(len(proxies) == 1 for proxies in owners.values())


# Captures of clients with one intermediate (web) and two (deep), by whether the proxy forwarded them.
FORWARDS_CHAIN = (
    *("haproxy/ignore-web", "haproxy/ignore-deep", "apache/crl-web", "apache/optnoca-web", "apache/require-deep"),
    *("envoy/append-forward-web", "envoy/issuer-text-web", "envoy/sanitize-set-deep"),
    *("traefik/require-verify-web", "traefik/require-verify-deep"),
)
FORWARDS_LEAF = (
    *("haproxy/openshift-required-web", "haproxy/openshift-required-deep", "caddy/require-verify-deep"),
    *("traefik/ingress-on-web", "traefik/ingress-on-deep"),
)


@pytest.mark.parametrize("name", FORWARDS_CHAIN)
@pytest.mark.parametrize("adapter", REPLAYED_THROUGH)
def test_forwarded_chain_makes_the_path(adapter: str, name: str) -> None:
    """With the roots alone configured, what the proxy forwards of the chain is enough."""
    answer = replayed(adapter, name, drops_underscores=True, trust="trust.pem")
    assert who(answer) == fingerprint(CAPTURES[name]["expected"]["identity"])


@pytest.mark.parametrize("name", FORWARDS_LEAF)
@pytest.mark.parametrize("adapter", REPLAYED_THROUGH)
def test_leaf_alone_needs_configured_intermediates(adapter: str, name: str) -> None:
    """A proxy that forwards the leaf alone needs the intermediates in the configuration."""
    assert replayed(adapter, name, drops_underscores=True, trust="trust.pem").status == 403
    assert replayed(adapter, name, drops_underscores=True).status == 200
