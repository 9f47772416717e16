"""Attacks on what an app remembers: each request of any sequence gets the answer that a new instance gives it alone."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from clientcert import TRUST_PROXY, Authenticated, Event, Outcome, SharedSecret, UnixSocket, asgi, wsgi
from clientcert.core.sources import IngressNginx
from clientcert.policy import Route, RoutePolicy, authenticated, cn
from clientcert.servers.connection import CONNECTION_SCOPE_KEY, TlsConnection
from tests import material as m
from tests.contract.adapters import echo_asgi, echo_wsgi
from tests.driving import Answer, ask_asgi, ask_wsgi, environ, http_scope, websocket_scope

OTHER_PROXY = "10.42.7.5"
NEW_SECRET = "battery-staple-correct-horse-9876543210"
XFCC = dict(m.ADMIN.as_client(via="envoy", chain=()).header_dict())["x-forwarded-client-cert"]
# A refusal may outlive its cause by a few seconds when a certificate becomes valid; here, none does.
BEGIN = m.NOW + timedelta(days=1)
SOON = m.AUTHORITY.issue(subject=[("CN", "soon")], not_after=timedelta(days=1, hours=1))
SECRETS = SharedSecret(m.SECRET, NEW_SECRET)
POLICY = RoutePolicy(
    routes=(
        Route(path="/admin", methods="any", rule=cn("admin")),
        Route(path="/**", methods="any", rule=authenticated()),
    )
)


def migration(old: Any, new: Any) -> dict[str, Any]:
    """Two sources, each with proofs of its own."""
    pairs = (("ingress-nginx", old), ("envoy", new))
    return {
        "source": None,
        "trusted_proxies": None,
        "sources": [{"source": source, "trusted_proxies": proofs} for source, proofs in pairs],
    }


CONFIGURATIONS: dict[str, dict[str, Any]] = {
    "networks": {},
    "zone": {"trusted_proxies": [m.PROXY, "fe80::1%eth0"]},
    "tiny": {"cache_size": 2},
    "unix": {"trusted_proxies": UnixSocket()},
    "secrets": {"trusted_proxies": SECRETS},
    "network-and-secret": {"trusted_proxies": [m.NETWORK, SECRETS]},
    "migration": migration(m.PROXY, OTHER_PROXY),
    "migration-from-unix": migration(UnixSocket(), [m.NETWORK, SECRETS]),
    "migration-in-one-network": migration(m.NETWORK, [m.NETWORK, SECRETS]),
    "tls": {"source": "tls", "trusted_proxies": None},
    "names-only": {"source": IngressNginx(pass_certificate=False)},
    "trust-proxy": {"source": "nginx", "trust": TRUST_PROXY},
    "optional": {"mode": "optional"},
    "optional-anonymous": {"mode": "optional", "on_invalid": "anonymous"},
    "report-only": {"enforce": False},
    "policy": {"policy": POLICY, "exempt": ["/healthz"]},
    "hosts": {"allowed_hosts": ["app.example"]},
}

CLIENTS: tuple[m.Pairs, ...] = (
    m.evidence(),
    m.evidence(m.ADMIN, subject=m.ADMIN_DN),
    m.evidence(m.ADMIN),
    m.evidence(m.STRANGERS, subject="CN=stranger", issuer="CN=Other CA,O=Elsewhere"),
    m.evidence(m.EXPIRED, subject="CN=expired"),
    m.evidence(SOON, subject="CN=soon"),
    m.evidence(verdict="FAILED:no"),
    m.evidence(verdict="NONE"),
    m.evidence(None),
    m.NOBODY,
    (),
    (("x-forwarded-client-cert", XFCC),),
    (*m.NOBODY, ("x-forwarded-client-cert", XFCC)),
    (*m.evidence(m.ADMIN, subject=m.ADMIN_DN), ("x-forwarded-client-cert", XFCC)),
)
SECRET_HEADERS = tuple(("x-clientcert-proxy", value) for value in (m.SECRET, NEW_SECRET, "wrong"))
ADDRESSES = (
    m.PROXY,
    "192.0.2.1",
    f"192.0.2.1, {m.PROXY}:80",
    "[::FFFF:10.42.7.3]",
    "10.42.7\\.3",
    'for="fe80::1%ETH0"',
)
EXTRAS: m.Pairs = (
    *SECRET_HEADERS,
    *(
        (name, value)
        for name in ("x-forwarded-for", "forwarded", "x-real-ip", "X-Forwarded-For")
        for value in ADDRESSES
    ),
    *(("connection", value) for value in ("close", "ssl-client-cert", "", "keep-alive, SSL-Client-Verify")),
    *(("transfer-encoding", "chunked"), ("te", "trailers"), ("trailer", "ssl-client-verify")),
    *(("ssl_client_verify", "SUCCESS"), ("SSL.Client-Cert", "x"), ("ssl-client-verify", ""), ("client-cert", "::")),
    *(("x-request-id", "7"), ("host", "elsewhere.example"), ("", ""), ("\xb1", "\xff"), ("ssl-client-cert", "\xff")),
)
PEERS = (m.PROXY, OTHER_PROXY, "::ffff:10.42.7.3", "::FFFF:10.42.7.3", m.STRANGER, None, "", "fe80::1%eth0", "unknown")
CHAINS = (None, (), (m.ALICE.der,), (SOON.der,), (m.ADMIN.der,), (m.STRANGERS.der,))
TICKS = (0.0, 0.0, 0.0, 1e-6, 11.0, 299.0, 3_600.0, -1e-6, -3_600.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request, for a server of either kind."""

    pairs: m.Pairs
    peer: str | None
    port: object = 40_000
    chain: tuple[bytes, ...] | None = None
    is_bridged: bool = False
    is_websocket: bool = False
    path: str = "/whoami"
    software: str | None = "gunicorn/27.0.1"
    fixed: str | None = None

    def scope(self) -> dict[str, Any]:
        """As an ASGI server tells it, with our bridge below or the extension of ASGI."""
        make = websocket_scope if self.is_websocket else http_scope
        made = make(self.pairs, peer=self.peer, path=self.path)
        made["client"] = None if self.peer is None else (self.peer, self.port)
        if self.is_bridged:
            peer = (self.peer or None, 40_000 if self.peer else None)
            made[CONNECTION_SCOPE_KEY] = TlsConnection(
                peer=peer, is_tls=True, asks_for_certificate=True, _chain=self.chain
            )
        elif self.chain is not None:
            made["extensions"] = {**made.get("extensions", {}), "tls": {"client_cert_chain": self.chain}}
        return made

    def environ(self) -> dict[str, Any]:
        """As a WSGI server tells it."""
        made = environ(self.pairs, peer=self.peer, path=self.path)
        made |= {} if self.port is None else {"REMOTE_PORT": self.port}
        made |= {} if self.software is None else {"SERVER_SOFTWARE": self.software}
        made |= {} if self.fixed is None else {"werkzeug.proxy_fix.orig": {"REMOTE_ADDR": self.fixed}}
        if self.chain is not None:
            made["asgi.scope"] = {"extensions": {"tls": {"client_cert_chain": self.chain}}}
        return made


def headers() -> st.SearchStrategy[m.Pairs]:
    """One client's evidence among other headers, in any order, sometimes in capitals."""
    extras = st.lists(st.sampled_from(EXTRAS), max_size=3)
    pairs = st.builds(lambda client, more: [*client, *more], st.sampled_from(CLIENTS), extras)
    shouted = pairs.flatmap(lambda made: st.permutations([(name.upper(), value) for name, value in made]))
    return st.one_of(pairs, shouted).map(tuple)


FIELDS: dict[str, st.SearchStrategy[Any]] = {
    "pairs": headers(),
    "peer": st.sampled_from(PEERS),
    "port": st.sampled_from((0, "0", "00", "000000", "40000", None)),
    "chain": st.sampled_from(CHAINS),
    "is_bridged": st.booleans(),
    "is_websocket": st.booleans(),
    "path": st.sampled_from(("/whoami", "/admin", "/healthz")),
    "software": st.sampled_from(("wsgiref/0.2", None)),
    "fixed": st.sampled_from((m.PROXY, m.STRANGER)),
    "more": st.lists(st.sampled_from(EXTRAS), max_size=2),
}
PLAIN = Request(pairs=m.evidence(), peer=m.PROXY)


@st.composite
def sequences(draw: st.DrawFn) -> list[tuple[float, Request]]:
    """Draw a request, others that differ from it in one or two things, and all of them again in any order."""
    some = st.lists(st.sampled_from((*FIELDS, "peer", "peer", "more", "more")), max_size=2)

    def other(request: Request, names: list[str]) -> Request:
        changes = {name: draw(FIELDS[name]) for name in names}
        return replace(request, pairs=(*changes.pop("pairs", request.pairs), *changes.pop("more", ())), **changes)

    first = other(PLAIN, draw(some))
    few = [first, *(other(first, draw(some)) for _ in range(draw(st.integers(2, 5))))]
    order = draw(st.lists(st.sampled_from(few), min_size=2, max_size=12))
    return [(draw(st.sampled_from(TICKS)), request) for request in [first, *order]]


@dataclass(slots=True)
class App:
    """One instance of a middleware, and all that it says about a request."""

    adapter: str
    changes: dict[str, Any]
    now: list[datetime]
    is_told: bool
    told: list[Outcome] = field(default_factory=list)
    ask: Callable[[Request], Answer] = field(init=False)

    def __post_init__(self) -> None:
        """Make the middleware."""
        hook = {"on_event": self._hear} if self.is_told else {}
        config = m.config(clock=lambda: self.now[0], **hook, **self.changes)
        if self.adapter == "asgi":
            asgi_app = asgi.ClientCertMiddleware(echo_asgi, config)
            self.ask = lambda request: ask_asgi(asgi_app, request.scope())
        else:
            wsgi_app = wsgi.ClientCertMiddleware(echo_wsgi, config)
            self.ask = lambda request: ask_wsgi(wsgi_app, request.environ())

    def _hear(self, event: Event) -> None:
        self.told.append(event.outcome)

    def says(self, request: Request) -> object:
        """What the client and the app see, and what the operator is told; times and names of one refusal apart."""
        self.told.clear()
        answer = self.ask(request)
        body = {name: value for name, value in json.loads(answer.body).items() if name != "instance"}
        return answer.status, body, [_told(outcome) for outcome in self.told]


def _told(outcome: Outcome) -> object:
    if not isinstance(outcome, Authenticated):
        # A detail tells the time of the decision.
        return type(outcome), outcome.reason, outcome.hints, re.sub(r"\d[\dT:.-]+Z", "", outcome.detail)
    identity, evidence = outcome.identity, outcome.identity.evidence
    said = (evidence.level, evidence.source, evidence.proxy, evidence.verdict, evidence.anchor_sha256)
    return identity, identity.roles, identity.certificate, said


@pytest.mark.parametrize("adapter", ["asgi", "wsgi"])
@settings(max_examples=80)
@given(name=st.sampled_from(sorted(CONFIGURATIONS)), sequence=sequences(), is_told=st.booleans())
@example(name="migration", sequence=[(0.0, PLAIN), (0.0, replace(PLAIN, peer=OTHER_PROXY))], is_told=False)
def test_every_answer_is_a_new_instances(
    adapter: str, name: str, sequence: list[tuple[float, Request]], *, is_told: bool
) -> None:
    """Whatever came before, under whatever proofs and clocks: the answer is the one that nobody remembered."""
    changes, now = CONFIGURATIONS[name], [BEGIN]
    asked = App(adapter, changes, now, is_told)
    for seconds, request in sequence:
        now[0] += timedelta(seconds=seconds)
        assert asked.says(request) == App(adapter, changes, now, is_told).says(request)
