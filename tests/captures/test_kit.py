"""What the kit writes is what real producers sent for the same certificate and case, octet for octet."""

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any, get_args

import pytest

from clientcert.testing import CertificateAuthority, ClientRequest, IssuedCertificate, as_client
from clientcert.testing.producers import Failure, Producer, Xfcc
from tests.captures.kit_producers import PRODUCERS_OF, producer_of_capture
from tests.material import Pairs

DATA = Path(__file__).parents[1] / "data" / "captures"
CLOCK = datetime(2026, 11, 21, 23, tzinfo=UTC)
CAPTURES: dict[str, dict[str, Any]] = {
    name: capture
    for proxy in PRODUCERS_OF
    for name, capture in json.loads((DATA / f"{proxy}.json").read_text(encoding="utf-8")).items()
    if capture["request_headers"] is not None
}

# What every request has, whoever the client is.
ORDINARY = frozenset(
    {
        *("host", "connection", "accept-encoding", "x-real-ip", "x-request-id", "x-envoy-expected-rq-timeout-ms"),
        *(f"x-forwarded-{name}" for name in ("for", "proto", "host", "port", "server")),
    }
)
_CLIENT = re.compile(r"\[([\w.-]+)\]$|valid cert (\w+)|[;,] (ec)$")

FAILURES: dict[str, Failure] = {
    "nginx/errorpage-internal-expired": "expired",
    "nginx/optnoca-deep": "chain-too-long",
    "nginx/optnoca-impostor": "unknown-issuer",
    "nginx/optnoca-selfsigned": "self-signed",
    "nginx/optnoca-unknown": "unknown-issuer",
    "nginx/optnoca-web-crt": "unknown-issuer",
    "nginx/sidecar-unknown": "unknown-issuer",
    "haproxy/crl-ignore-revoked": "revoked",
    "haproxy/ignore-selfsigned": "self-signed",
    "haproxy/ignore-web-crt": "unknown-issuer",
    "apache/optnoca-impostor": "unknown-issuer",
    "apache/optnoca-unknown": "unknown-issuer",
    # Traefik verifies as for a server there: these are good clients.
    "traefik/ingress-optnoca-ec": "wrong-purpose",
    "traefik/ingress-optnoca-selfsigned": "self-signed",
    "traefik/ingress-optnoca-unknown": "unknown-issuer",
}
"""Captures of clients that the proxy found bad and forwarded all the same."""

NOT_ASKED = frozenset({"nginx/off-ec", "caddy/nomtls-headerup-ec"})
"""The client would have had a certificate, but the proxy asked for none."""

_OWN_SPELLING = "Apache sets a header in the place and in the spelling in which the client sent its own"
NOT_EXPRESSED: Mapping[str, str] = {
    "apache/spoof-optional-none-empty": _OWN_SPELLING,
    "apache/spoof-optional-none-upper-twice": _OWN_SPELLING,
    "apache/spoof-require-valid-exact": _OWN_SPELLING,
    "apache/spoof-require-valid-h2-exact": _OWN_SPELLING,
    "apache/spoof-require-valid-upper-twice": _OWN_SPELLING,
}
"""Captures that no producer of the kit writes, and why."""


@cache
def certificate(name: str) -> IssuedCertificate:
    """A client of the captures, without its private key; with its intermediates where it sent them."""
    if name == "huge":
        # Too large for HAProxy's buffer, and for the repository: any of that size is the same to HAProxy.
        names = [f"DNS:host-{number}.very-long-subdomain-name.example.org" for number in range(800)]
        return CertificateAuthority(seed=name).issue(name, san=names)
    path = DATA / "certs" / f"{name}-fullchain.pem"
    return IssuedCertificate.from_pem(path if path.exists() else DATA / "certs" / f"{name.removesuffix('.crt')}.pem")


def producer_of(name: str) -> Producer:
    """The producer of a capture; behind a client's own header where Envoy appends to that."""
    capture = CAPTURES[name]
    producer = producer_of_capture(name.partition("/")[0], capture["config_summary"])
    if isinstance(producer, Xfcc) and "APPEND_FORWARD" in capture["config_summary"]:
        own = [line.partition(": ")[2] for line in capture.get("client_sent") or ()]
        return replace(producer, after=",".join(own))
    return producer


def written(name: str) -> ClientRequest:
    """The kit's request for the client and the proxy of a capture."""
    found = _CLIENT.search(CAPTURES[name]["client_case"])
    client = next(filter(None, found.groups())) if found and name not in NOT_ASKED else None
    return as_client(
        certificate(client) if client else None, via=producer_of(name), failure=FAILURES.get(name), at=CLOCK
    )


def text(request: ClientRequest) -> Pairs:
    """Headers as the captures have them: octets as latin-1."""
    return tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in request.headers)


def captured(name: str) -> Pairs:
    """What the proxy told of the client, in its order and spelling, and what the client itself added."""
    headers = CAPTURES[name]["request_headers"]
    return tuple((header, value) for header, value in headers if header.lower() not in ORDINARY)


CLEAN = [name for name, capture in CAPTURES.items() if not capture.get("client_sent")]
FORGED = [name for name in CAPTURES if name not in CLEAN and name not in NOT_EXPRESSED]


@pytest.mark.parametrize("name", CLEAN)
def test_the_kit_writes_what_the_producer_sent(name: str) -> None:
    """Every header about the client is there, in its place and spelling, and no other."""
    assert text(written(name)) == captured(name)


@pytest.mark.parametrize("name", FORGED)
def test_beside_a_forgery_too(name: str) -> None:
    """Where the client sent headers of its own, the kit's are all there in their order; the others are the client's."""
    left = list(captured(name))
    position = 0
    for header in text(written(name)):
        position = left.index(header, position)
        del left[position]
    sent = "\n".join(CAPTURES[name]["client_sent"]).lower()
    assert all(header.lower() in sent for header, _ in left)


@pytest.mark.parametrize("name", NOT_EXPRESSED)
def test_what_the_kit_cannot_write_differs_in_place_and_spelling_alone(name: str) -> None:
    """The values are the producer's here as well."""
    lower = sorted((header.lower(), value) for header, value in captured(name))
    assert sorted(text(written(name))) == lower


def test_how_much_is_compared() -> None:
    """343 of the 348 forwarded captures, and 1,673 headers of the kit's in them."""
    assert (len(CLEAN), len(FORGED), len(NOT_EXPRESSED)) == (189, 154, 5)
    headers = dict.fromkeys(PRODUCERS_OF, 0)
    for name in (*CLEAN, *FORGED):
        headers[name.partition("/")[0]] += len(written(name).headers)
    assert headers == {"nginx": 281, "haproxy": 531, "apache": 413, "caddy": 289, "envoy": 65, "traefik": 94}


def test_whose_requests_are_compared() -> None:
    """25 clients of the captures, and every failure that a proxy was seen to forward."""
    cases = (_CLIENT.search(capture["client_case"]) for capture in CAPTURES.values())
    assert len({client for found in cases if found for client in found.groups() if client}) == 25
    assert set(FAILURES) <= set(CAPTURES)
    assert set(FAILURES.values()) == set(get_args(Failure)) - {"not-yet-valid"}


def test_a_difference_would_be_seen() -> None:
    """One octet more in a certificate, another failure or another clock is another request."""
    request, name = written("nginx/sidecar-ec"), "nginx/sidecar-ec"
    via = producer_of(name)
    assert as_client(certificate("web"), via=via, at=CLOCK).headers != request.headers
    assert as_client(certificate("ec"), via=via, at=CLOCK, failure="expired").headers != request.headers
    assert as_client(certificate("ec"), via=via, at=CLOCK + timedelta(days=2)).headers != request.headers
