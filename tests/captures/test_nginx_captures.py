"""Requests that real nginx sent, replayed through every adapter: the verdicts of ``expected.json``, case by case."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from clientcert.config import ClientCertConfig
from clientcert.core.sources import IngressNginx, Nginx, Source
from clientcert.testing import IssuedCertificate
from tests.contract.adapters import ADAPTERS
from tests.contract.rows import Row
from tests.driving import Answer
from tests.material import NETWORK, Pairs

DATA = Path(__file__).parents[1] / "data" / "captures"
CLOCK = datetime(2026, 11, 21, 23, tzinfo=UTC)
REPLAYED_THROUGH = ("asgi", "wsgi", "django-asgi", "django-wsgi")
REJECTED = frozenset({400, 403, 431})

CAPTURES: dict[str, dict[str, Any]] = json.loads((DATA / "nginx.json").read_text(encoding="utf-8"))
EXPECTED: dict[str, Any] = json.loads((DATA / "expected.json").read_text(encoding="utf-8"))
_SUMMARIES: dict[str, list[str]] = json.loads((Path(__file__).parent / "sources.json").read_text(encoding="utf-8"))
SOURCE_OF = {summary: source for source, summaries in _SUMMARIES.items() if source != "_" for summary in summaries}

_SIDECAR = {"verdict": "x-ssl-client-verify", "subject_dn": "x-ssl-client-s-dn", "issuer_dn": "x-ssl-client-i-dn"}
SOURCES: Mapping[str, Source] = {
    "ingress": IngressNginx(),
    "ingress-names-only": IngressNginx(pass_certificate=False),
    "sidecar": Nginx(certificate="x-ssl-client-escaped-cert", **_SIDECAR),
    "sidecar-deprecated": Nginx(certificate="x-ssl-client-cert", encoding="folded-pem", **_SIDECAR),
    "sidecar-raw": Nginx(certificate="x-ssl-client-raw-cert", encoding="folded-pem", subject_dn=None, issuer_dn=None),
}

WAITS_FOR_A_CERTIFICATE = frozenset(
    {
        "nginx/spoof-nopass-valid-exact",
        "nginx/spoof-nopass-valid-h2-exact",
        "nginx/spoof-nopass-valid-upper-twice",
    }
)
"""
Captures of a controller that passes no certificate on, whose expected verdict is that of an app which waits for one:
what arrives in its place is the client's own (row H20).
"""

# Where the design decides otherwise than ``expected.json``.
CONTRADICTED = {
    "nginx/spoof-nomtls-barelf": (
        "reject",
        "SUCCESS with neither certificate nor names is no dn-only client: there is no name (row V4)",
    ),
    "nginx/spoof-ignore-invalid-off-underscore": (
        "reject",
        "nginx drops aliases of its headers unless it is misconfigured, so one that arrives is refused (rows N4, N5)",
    ),
}


def verdict_of(answer: Answer) -> tuple[str, str | None]:
    """An answer in the words of ``expected.json``, and the fingerprint or name of the identity."""
    if answer.status != 200:
        assert answer.status in REJECTED
        return "reject", None
    who: str | None = json.loads(answer.body)["who"]
    if who is None:
        return "anonymous", None
    return ("dn-only", who.removeprefix("names ")) if who.startswith("names ") else ("identity", who)


@cache
def config(source: str) -> ClientCertConfig:
    """The app behind that nginx, in optional mode, at the captures' time."""
    return ClientCertConfig(
        source=SOURCES[source],
        trust=DATA / "certs" / "trust-inter.pem",
        trusted_proxies=[NETWORK],
        mode="optional",
        clock=lambda: CLOCK,
    )


def replayed(adapter: str, name: str, source: str) -> tuple[str, str | None]:
    """What an adapter makes of a captured request, whose names an app server has put into lower case."""
    pairs: Pairs = tuple((header.lower(), value) for header, value in CAPTURES[name]["request_headers"])
    row = Row(headers=tuple(pair for pair in pairs if pair[0] != "host"))
    return verdict_of(ADAPTERS[adapter](row, config(source)))


def fingerprint(name: str) -> str:
    """SHA-256 of a captured client's certificate."""
    return IssuedCertificate.from_pem(DATA / "certs" / f"{name}.pem").fingerprint_sha256


def source_for(name: str) -> str:
    """The source whose verdict ``expected.json`` gives for a capture."""
    return "ingress" if name in WAITS_FOR_A_CERTIFICATE else SOURCE_OF[CAPTURES[name]["config_summary"]]


FORWARDED = [name for name, capture in CAPTURES.items() if capture["request_headers"] is not None]


@pytest.mark.parametrize("name", FORWARDED)
@pytest.mark.parametrize("adapter", REPLAYED_THROUGH)
def test_replay(adapter: str, name: str) -> None:
    """The app sees whom ``expected.json`` says, or the request is refused where it says so."""
    expected = EXPECTED[name]
    verdict, who = replayed(adapter, name, source_for(name))
    assert verdict == CONTRADICTED.get(name, (expected["verdict"],))[0]
    if verdict == "identity":
        assert who == fingerprint(expected["identity"])
    if verdict == "dn-only":
        assert who == "CN=ec-client,O=Example Org"


@pytest.mark.parametrize("name", [name for name in CAPTURES if name not in FORWARDED])
def test_not_forwarded(name: str) -> None:
    """Where nginx stopped the request, nothing was captured, and nothing is to decide."""
    assert EXPECTED[name]["verdict"] == "not-forwarded"
    assert CAPTURES[name]["http_status_to_client"] != 200


@pytest.mark.parametrize("name", sorted(WAITS_FOR_A_CERTIFICATE))
@pytest.mark.parametrize("adapter", REPLAYED_THROUGH)
def test_h20_the_clients_own_certificate_is_ignored(adapter: str, name: str) -> None:
    """An app that knows its controller to pass none on takes no certificate from the client, sent once or twice."""
    verdict, who = replayed(adapter, name, "ingress-names-only")
    # Sent twice it is a duplicate, where the server has not joined it into one header.
    assert verdict == "dn-only" or (name != "nginx/spoof-nopass-valid-exact" and verdict == "reject")
    assert who in (None, "CN=ec-client,O=Example Org")


@pytest.mark.parametrize("name", [name for name in FORWARDED if EXPECTED[name]["verdict"] == "dn-only"])
@pytest.mark.parametrize("adapter", REPLAYED_THROUGH)
def test_h20_names_without_a_certificate_are_refused(adapter: str, name: str) -> None:
    """An app that waits for a certificate accepts no names in its place."""
    assert replayed(adapter, name, "ingress") == ("reject", None)


def test_every_capture_is_expected() -> None:
    """There are 118 captures, each with an expectation, a source and a verdict that the tests above know."""
    assert len(CAPTURES) == 118
    assert set(CAPTURES) == set(EXPECTED) - {"_policy"}
    assert {capture["config_summary"] for capture in CAPTURES.values()} == set(SOURCE_OF)
    assert {EXPECTED[name]["verdict"] for name in CAPTURES} == {
        "identity",
        "anonymous",
        "reject",
        "dn-only",
        "not-forwarded",
    }


def test_contradicted_cases_are_few_and_explained() -> None:
    """Each case in which the design decides otherwise differs from its expectation, and says why."""
    assert len(CONTRADICTED) == 2
    for name, (verdict, why) in CONTRADICTED.items():
        assert verdict != EXPECTED[name]["verdict"]
        assert why
