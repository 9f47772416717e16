"""Attacks that once worked here, or nearly: each stays refused, beside the honest request that differs in one thing."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from clientcert import Authenticated, Authenticator, ClientCertConfig, ConfigurationError, Reason, RequestFacts
from clientcert.asgi import ClientCertMiddleware
from clientcert.core.proxy_certificate import ProxyCertificate
from clientcert.policy import Route, RoutePolicy, authenticated, cn
from clientcert.runtime.gate import Gate, Target, http_target
from clientcert.testing import CertificateAuthority
from tests import material as m
from tests.contract.adapters import ADAPTERS, echo_asgi
from tests.contract.rows import Row
from tests.driving import ask_asgi, http_scope

POLICY = RoutePolicy(
    routes=(
        Route(path="/admin", methods="any", rule=cn("admin")),
        Route(path="/**", methods="any", rule=authenticated()),
    )
)


def facts(*arguments: Any, peer: str = m.PROXY, more: m.Pairs = (), **keywords: Any) -> RequestFacts:
    """A request of the proxy for alice, unless said otherwise."""
    return RequestFacts(headers=m.raw((*m.evidence(*arguments, **keywords), *more)), peer=peer, peer_port=4242)


def allowed(target: Target, **changes: Any) -> bool:
    """Whether alice gets there under `POLICY`."""
    gate = Gate(m.config(policy=POLICY, **changes))
    return gate.admit(facts(), target).problem is None


@pytest.mark.parametrize(
    ("mount", "target", "runs"),
    [
        ("", Target("GET", "/public", b"/public"), True),
        ("", Target("GET", "/public/admin", b"/public/admin", "/public"), False),
        ("", Target("GET", "/admin", b"/admin", "/public"), False),
        ("/api", Target("GET", "/api/public", b"/api/public", "/api"), True),
        ("/api", Target("GET", "/public", b"/public", "/api"), True),
        ("/api", Target("GET", "/public", b"/public"), False),
    ],
    ids=["no-mount", "mount-from-a-header", "the-same-unprefixed", "mounted", "mounted-unprefixed", "mount-missing"],
)
def test_mount_point_of_a_header(mount: str, target: Target, *, runs: bool) -> None:
    """A mount point that the configuration does not name moves no rule: some servers read it from a header."""
    assert allowed(target, mount=mount) is runs


def test_both_spellings_of_a_mounted_path_are_one() -> None:
    """With a mount point, the path with and without it meet the same rule."""
    policy = RoutePolicy(
        routes=(
            Route(path="/api/admin", methods="any", rule=cn("admin")),
            Route(path="/**", methods="any", rule=authenticated()),
        )
    )
    gate = Gate(m.config(policy=policy, mount="/api"))
    for path in ("/admin", "/api/admin"):
        assert gate.admit(facts(), Target("GET", path, path.encode(), "/api")).problem is not None
        admin = facts(m.ADMIN, subject=m.ADMIN_DN)
        assert gate.admit(admin, Target("GET", path, path.encode(), "/api")).problem is None


def test_exempt_path_made_by_a_mount_point() -> None:
    """A mount point that nobody configured makes no path exempt."""
    app = ClientCertMiddleware(echo_asgi, m.config(exempt=["/open/admin"]))
    scope = http_scope(m.NOBODY, path="/open/admin")
    assert ask_asgi(app, scope).status == 200
    assert ask_asgi(app, scope | {"root_path": "/open"}).status == 401


@pytest.mark.parametrize("mount", ["api", "/api/", "/", "//api", "/%61pi"])
def test_mount_is_one_path(mount: str) -> None:
    """A mount point that cannot be compared is refused at start."""
    with pytest.raises(ConfigurationError, match="mount is"):
        m.config(mount=mount)


@pytest.mark.parametrize(
    "value", ["10.42.7.3:4242", '"10.42.7.\\3:4242"', 'for="10.42.7.\\3:4242"', "\\1\\0.42.7.3"], ids=str
)
@pytest.mark.parametrize("name", ["x-forwarded-for", "forwarded", "x-real-ip"])
def test_h5_quoted_pairs_hide_no_address(name: str, value: str) -> None:
    """An address that a server may have taken from a forwarding header is not believed, however it is quoted there."""
    authenticator = Authenticator(m.config())
    outcome = authenticator.authenticate(facts(more=((name, value),)))
    assert not isinstance(outcome, Authenticated)
    assert outcome.reason is Reason.PEER_ADDRESS_REWRITTEN
    assert isinstance(authenticator.authenticate(facts(more=((name, "203.0.113.9"),))), Authenticated)


@pytest.mark.filterwarnings("ignore:sources .* share what proves")
def test_none_beside_a_client_is_a_contradiction() -> None:
    """Where two proven sources speak and one says "no certificate", nobody is let in."""
    both = [
        {"source": "ingress-nginx", "trusted_proxies": [m.NETWORK]},
        {"source": "traefik", "trusted_proxies": [m.NETWORK]},
    ]
    authenticator = Authenticator(ClientCertConfig(sources=both, trust=m.AUTHORITY.pem, clock=lambda: m.NOW))
    forged = (*m.NOBODY, ("x-forwarded-tls-client-cert", m.ADMIN.pem.decode().replace("\n", "")[27:-25]))
    outcome = authenticator.authenticate(RequestFacts(headers=m.raw(forged), peer=m.PROXY, peer_port=1))
    assert not isinstance(outcome, Authenticated)
    assert outcome.reason is Reason.SOURCES_DISAGREE


def test_long_values_are_not_remembered() -> None:
    """What a client writes into Connection takes no room beyond its request."""
    authenticator = Authenticator(m.config())
    for number in range(50):
        request = facts(more=(("connection", f"x{number}" * 1_000),))
        assert isinstance(authenticator.authenticate(request), Authenticated)
    assert len(authenticator._memory._decisions) == 0
    for number in range(50):
        assert isinstance(authenticator.authenticate(facts(more=(("accept", f"x{number}"),))), Authenticated)
    assert len(authenticator._memory._decisions) == 1


def test_http_method_is_no_websocket() -> None:
    """A request whose method is called WEBSOCKET does not meet the rules for WebSockets."""
    policy = RoutePolicy(routes=(Route(path="/chat", methods=("WEBSOCKET",), rule=authenticated()),))
    gate = Gate(m.config(policy=policy))
    assert gate.admit(facts(), Target("WEBSOCKET", "/chat", b"/chat")).problem is None
    assert gate.admit(facts(), http_target("WEBSOCKET", "/chat", b"/chat", "")).problem is not None


@pytest.mark.parametrize("adapter", ["asgi", "wsgi"])
def test_port_of_thousands_of_digits(adapter: str) -> None:
    """A port that no socket has is no port, and no error 500."""
    row = Row(headers=m.evidence(), port=int("9" * 4_000))
    assert ADAPTERS[adapter](row, m.config()).status == 200


def test_proxy_certificates_from_many_threads() -> None:
    """Many proxies at once disturb nothing but themselves."""
    proxies = CertificateAuthority("Proxies CA", seed="many proxies", now=m.NOW)
    chains = [proxies.issue(f"p{number}", san=["DNS:proxy.internal"]).chain for number in range(200)]
    proof = ProxyCertificate(trust=proxies.pem, names=["proxy.internal"])
    authenticator = Authenticator(m.config(trusted_proxies=proof))

    def ask(chain: tuple[bytes, ...]) -> bool:
        request = RequestFacts(headers=m.raw(m.evidence()), tls_chain=chain)
        return isinstance(authenticator.authenticate(request), Authenticated)

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(ask, chains * 3))


def test_long_peers_are_not_remembered() -> None:
    """An address text that no address has takes no room."""
    config = m.config()
    authenticator = Authenticator(config)
    for number in range(20):
        authenticator.authenticate(facts(peer=f"fe80::1%{'x' * 1_000}{number}"))
    (proof,) = config.proxy_proofs
    assert not getattr(proof, "_answers")  # noqa: B009 - a detail of one kind of proof
