"""Several sources at once, each with its own proof: the move from one proxy to another."""

import warnings
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest

from clientcert import (
    Authenticated,
    Authenticator,
    ClientCertConfig,
    ConfigurationError,
    Outcome,
    Reason,
    RequestFacts,
    SharedSecret,
    UnixSocket,
    asgi,
    wsgi,
)
from clientcert.core.encodings.base64_der import encode_base64_der
from clientcert.testing import IssuedCertificate
from tests import material as m
from tests.contract.adapters import echo_asgi, echo_wsgi
from tests.driving import ask_asgi, ask_wsgi, environ, http_scope

pytestmark = pytest.mark.filterwarnings("ignore:sources .* share what proves")

OLD, NEW, BOTH = "10.1.0.1", "10.2.0.1", "10.3.0.1"
TRAEFIK = "x-forwarded-tls-client-cert"

SOURCES: list[Mapping[str, Any]] = [
    {"source": "ingress-nginx", "trusted_proxies": ["10.1.0.0/24", "10.3.0.0/24"]},
    {"source": "traefik", "trusted_proxies": ["10.2.0.0/24", "10.3.0.0/24"]},
]


def config(**changes: Any) -> ClientCertConfig:
    """Behind ingress-nginx at `OLD` and Traefik at `NEW`; `BOTH` is trusted as either."""
    common: dict[str, Any] = {"sources": SOURCES, "trust": m.AUTHORITY.pem, "clock": lambda: m.NOW}
    return ClientCertConfig(**{**common, **changes})


def traefik(certificate: IssuedCertificate) -> m.Pairs:
    """What Traefik sends for a client."""
    return ((TRAEFIK, encode_base64_der(certificate.der).decode("ascii")),)


def ask(authenticator: Authenticator, pairs: m.Pairs, peer: str) -> Outcome:
    """One request."""
    return authenticator.authenticate(RequestFacts(headers=m.raw(pairs), peer=peer, peer_port=4242))


def who(outcome: Outcome) -> object:
    """The source and the serial of an identity, or the reason for none."""
    if isinstance(outcome, Authenticated):
        return outcome.identity.evidence.source, outcome.identity.serial_number
    return outcome.reason


ALICE, ADMIN = m.ALICE.certificate.serial_number, m.ADMIN.certificate.serial_number
CASES: dict[str, tuple[m.Pairs, str, object]] = {
    "old-proxy": (m.evidence(), OLD, ("ingress-nginx", ALICE)),
    "new-proxy": (traefik(m.ALICE), NEW, ("traefik", ALICE)),
    "old-headers-from-new-proxy": (m.evidence(), NEW, Reason.NO_CERTIFICATE),
    "new-headers-from-old-proxy": (traefik(m.ALICE), OLD, Reason.NO_CERTIFICATE),
    "x7-both-from-old-proxy": ((*m.evidence(), *traefik(m.ADMIN)), OLD, ("ingress-nginx", ALICE)),
    "x7-both-from-new-proxy": ((*m.evidence(), *traefik(m.ADMIN)), NEW, ("traefik", ADMIN)),
    "both-proven-and-agree": ((*m.evidence(), *traefik(m.ALICE)), BOTH, ("traefik", ALICE)),
    "both-proven-and-disagree": ((*m.evidence(), *traefik(m.ADMIN)), BOTH, Reason.SOURCES_DISAGREE),
    "both-proven-one-speaks": (m.evidence(), BOTH, ("ingress-nginx", ALICE)),
    "neither-proven": ((*m.evidence(), *traefik(m.ALICE)), m.STRANGER, Reason.PROXY_NOT_PROVEN),
    "nobody-through-old": (m.NOBODY, OLD, Reason.NO_CERTIFICATE),
    "duplicate-of-the-other-source": ((*m.evidence(), *traefik(m.ADMIN) * 2), OLD, ("ingress-nginx", ALICE)),
    "duplicate-of-its-own": ((*traefik(m.ALICE), *traefik(m.ALICE)), NEW, Reason.DUPLICATE_HEADER),
    "alias-of-the-other-source": ((*traefik(m.ALICE), ("ssl_client_cert", "x")), NEW, ("traefik", ALICE)),
    "alias-of-its-own": ((*m.evidence(), ("ssl_client_cert", "x")), OLD, Reason.HEADER_ALIAS),
}


@pytest.mark.parametrize(("pairs", "peer", "expected"), CASES.values(), ids=CASES)
def test_who_serves(pairs: m.Pairs, peer: str, expected: object) -> None:
    """A request is served by the source whose own proxy proved itself, and by nobody where two disagree."""
    assert who(ask(Authenticator(config()), pairs, peer)) == expected


def test_remembered_decisions_do_not_cross_proxies() -> None:
    """The same headers from the other proxy are another decision, however often the first was made."""
    authenticator = Authenticator(config())
    for _ in range(3):
        assert who(ask(authenticator, m.evidence(), OLD)) == ("ingress-nginx", ALICE)
        assert who(ask(authenticator, m.evidence(), NEW)) is Reason.NO_CERTIFICATE


def test_uses_tell_when_the_old_proxy_can_go() -> None:
    """Each source counts the identities it gave, remembered ones too, and when it last did."""
    now = [m.NOW]
    authenticator = Authenticator(config(clock=lambda: now[0]))
    for _ in range(3):
        ask(authenticator, m.evidence(), OLD)
    now[0] += timedelta(hours=1)
    ask(authenticator, traefik(m.ALICE), NEW)
    ask(authenticator, m.NOBODY, OLD)
    old, new = authenticator.source_uses()
    assert (old.source, old.served, old.last_served_at) == ("ingress-nginx", 3, m.NOW)
    assert (new.source, new.served, new.last_served_at) == ("traefik", 1, now[0])


def test_secret_belongs_to_its_source() -> None:
    """A secret that proves one proxy says nothing for the other's headers."""
    secret = SharedSecret(m.SECRET)
    sources = [SOURCES[0], {"source": "traefik", "trusted_proxies": secret}]
    authenticator = Authenticator(config(sources=sources))
    proof = (("x-clientcert-proxy", m.SECRET),)
    assert who(ask(authenticator, (*traefik(m.ALICE), *proof), m.STRANGER)) == ("traefik", ALICE)
    assert who(ask(authenticator, (*m.evidence(), *proof), m.STRANGER)) is Reason.NO_CERTIFICATE


@pytest.mark.parametrize(
    ("old", "new", "warns"),
    [
        (["10.1.0.0/24"], ["10.2.0.0/24"], False),
        (["10.1.0.0/24"], ["10.1.0.128/25"], True),
        (["10.1.0.0/24"], ["2001:db8::/64"], False),
        (UnixSocket(), UnixSocket(), True),
        (UnixSocket(), ["10.1.0.0/24"], False),
        (["10.1.0.0/24"], ["10.1.0.0/24", SharedSecret(m.SECRET)], False),
    ],
    ids=["apart", "overlap", "versions", "one-socket", "socket-and-network", "secret-beside"],
)
def test_shared_proofs_warn(old: Any, new: Any, *, warns: bool) -> None:
    """Two proxies that nothing tells apart are named at start."""
    sources = [{"source": "nginx", "trusted_proxies": old}, {"source": "traefik", "trusted_proxies": new}]
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        config(sources=sources)
    assert any("share what proves" in str(warning.message) for warning in caught) is warns


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"sources": []}, "sources is empty"),
        ({"sources": [SOURCES[0], SOURCES[0]]}, "twice"),
        ({"sources": ["nginx"]}, "is no entry"),
        ({"sources": [{"source": "nginx", "trust": "x"}]}, "is no entry"),
        ({"sources": [{"source": "nginx"}]}, "anybody can write"),
        ({"source": "nginx"}, "give none beside it"),
        ({"trusted_proxies": ["10.1.0.0/24"]}, "give none beside it"),
    ],
    ids=["empty", "twice", "name", "unknown-key", "no-proof", "source-beside", "proof-beside"],
)
def test_refused(changes: dict[str, Any], message: str) -> None:
    """What cannot be bound is refused at start, with the way out."""
    with pytest.raises(ConfigurationError, match=message):
        config(**changes)


@pytest.mark.parametrize("adapter", ["asgi", "wsgi"])
def test_uses_are_shown_by_the_middleware(adapter: str) -> None:
    """Whoever holds the middleware can ask which source still serves, and how the trust material is."""
    made: asgi.ClientCertMiddleware | wsgi.ClientCertMiddleware
    if adapter == "asgi":
        made = asgi.ClientCertMiddleware(echo_asgi, config())
        answer = ask_asgi(made, http_scope(m.evidence(), peer=OLD))
    else:
        made = wsgi.ClientCertMiddleware(echo_wsgi, config())
        answer = ask_wsgi(made, environ(m.evidence(), peer=OLD, SERVER_SOFTWARE="gunicorn/27.0.1"))
    assert answer.status == 200
    assert [(use.source, use.served) for use in made.authenticator.source_uses()] == [
        ("ingress-nginx", 1),
        ("traefik", 0),
    ]
    assert made.authenticator.status().generation == 1
