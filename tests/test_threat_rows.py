"""Rows of the threat list that are about the whole, by number; the others stand beside the code they are about."""

from pathlib import Path
from typing import Any

import pytest
from werkzeug.middleware.proxy_fix import ProxyFix

from clientcert import ClientIdentity, SharedSecret, wsgi
from clientcert.asgi import ClientCertMiddleware
from clientcert.asgi import client_identity as asgi_identity
from clientcert.core.encodings.xfcc import encode_xfcc
from clientcert.core.sources import GUARDED_HEADERS
from clientcert.policy import cn
from tests import material as m
from tests.contract.adapters import ADAPTERS, echo_asgi, echo_wsgi
from tests.contract.rows import Row
from tests.driving import ask_asgi, ask_wsgi, environ, http_scope

ROOT = Path(__file__).parents[1]
INJECTED = ("ssl-client-verify", "SUCCESS")


@pytest.mark.parametrize("adapter", ["asgi", "websocket", "wsgi"])
def test_n14_n20_n21_injected_header_is_a_duplicate(adapter: str) -> None:
    """A header that a bare line feed, an h2 frame or an upgrade request brought in stands beside the proxy's."""
    assert ADAPTERS[adapter](Row(headers=m.evidence()), m.config()).status == 200
    assert ADAPTERS[adapter](Row(headers=(*m.evidence(), INJECTED)), m.config()).status == 400


@pytest.mark.parametrize("adapter", ["asgi", "wsgi"])
def test_n14_lone_injected_header_needs_the_secret(adapter: str) -> None:
    """Where nothing of the proxy's stands beside it, the secret that only the proxy's own route adds decides."""
    config = m.config(trusted_proxies=[m.NETWORK, SharedSecret(m.SECRET)])
    proof = ("x-clientcert-proxy", m.SECRET)
    assert ADAPTERS[adapter](Row(headers=m.evidence()), config).status == 401
    assert ADAPTERS[adapter](Row(headers=(*m.evidence(), proof)), config).status == 200


def spellings(name: str) -> tuple[str, ...]:
    """The name and what some server or gateway may take for it."""
    return name, name.upper(), name.replace("-", "_"), name.replace("-", ".")


@pytest.mark.parametrize("outcome", [m.evidence(), m.NOBODY, ()], ids=["identity", "nobody", "silence"])
def test_n23_no_guarded_header_reaches_the_app(outcome: m.Pairs) -> None:
    """Every header of every known producer, in every spelling, is gone in every outcome; others stay."""
    ours = {"ssl-client-cert", "ssl-client-verify", "ssl-client-subject-dn", "ssl-client-issuer-dn"}
    forged = tuple(
        (spelling, "x")
        for name in sorted(guarded.decode() for guarded in GUARDED_HEADERS)
        if name not in ours
        for spelling in spellings(name)
    )
    seen: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        seen.extend(name for name, _ in scope["headers"])
        assert asgi_identity(scope) is None or isinstance(asgi_identity(scope), ClientIdentity)
        await echo_asgi(scope, receive, send)

    made = ClientCertMiddleware(app, m.config(mode="optional"))
    answer = ask_asgi(made, http_scope((*outcome, *forged, ("x-request-id", "7"))))
    assert answer.status == 200
    assert set(seen) <= {b"host", b"x-request-id"}
    assert b"x-request-id" in seen


def test_v10_helpers_are_exact() -> None:
    """No pattern, no prefix: alice2 is not alice."""
    config = m.config(policy=cn("alice"))
    other = m.AUTHORITY.issue(subject=[("O", "Example"), ("CN", "alice2")])
    assert ADAPTERS["asgi"](Row(headers=m.evidence()), config).status == 200
    row = Row(headers=m.evidence(other, subject="CN=alice2,O=Example"))
    assert ADAPTERS["asgi"](row, config).status == 403


def test_x5_forwarding_edge_is_stopped_by_the_secret_alone() -> None:
    """An Envoy that passes a client's own XFCC on makes a certificate anybody's; the page names the safe mode."""
    header = (("x-forwarded-client-cert", encode_xfcc((m.ADMIN.der,)).decode("ascii")),)
    config = m.config(source="envoy", trusted_proxies=[m.NETWORK, SharedSecret(m.SECRET)])
    assert ADAPTERS["asgi"](Row(headers=header), config).status == 401
    assert "SANITIZE_SET" in (ROOT / "docs/how-to/envoy.md").read_text(encoding="utf-8")


def test_h7_address_before_proxy_fix_counts() -> None:
    """Where Werkzeug's ProxyFix stands outside, the address that it replaced is the sender's."""
    app = ProxyFix(wsgi.ClientCertMiddleware(echo_wsgi, m.config()), x_for=1)
    forwarded = (("x-forwarded-for", "198.51.100.7"),)
    assert ask_wsgi(app, environ((*m.evidence(), *forwarded))).status == 200
    claimed = (("x-forwarded-for", m.PROXY),)
    assert ask_wsgi(app, environ((*m.evidence(), *claimed), peer=m.STRANGER)).status == 401


def test_h19_self_made_certificate_through_an_open_route() -> None:
    """A route of the proxy that forwards what a client invents lets no certificate in that our CA did not issue."""
    row = Row(headers=m.evidence(m.SELF_SIGNED, subject=m.ADMIN_DN, issuer=m.ADMIN_DN))
    assert ADAPTERS["asgi"](row, m.config()).status == 403
