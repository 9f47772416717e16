"""What an attack on the memory has found: what it keeps is bounded, exact, and of what it knows."""

import tracemalloc
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from clientcert import Authenticator, Outcome, RequestFacts, asgi, wsgi
from clientcert.core.headers import SelectedHeaders
from clientcert.core.limits import Limits
from clientcert.core.sources import Claim
from tests import material as m
from tests.contract.adapters import echo_asgi, echo_wsgi
from tests.core.crowd import at_once
from tests.driving import ask_asgi, ask_wsgi, environ, http_scope

TLS = {"source": "tls", "trusted_proxies": None}
MANY = 2_500  # about 30 kB of headers


class Reader:
    """A source of a user's own that reads more than its headers; `Source` allows it."""

    name, needs_proxy_proof, gives_verdict, sends_certificate = "own", True, False, True
    header_names = (b"x-own",)

    def __init__(self, is_admin: Callable[[RequestFacts, SelectedHeaders], bool]) -> None:
        """Take what tells."""
        self._is_admin = is_admin

    def read(self, facts: RequestFacts, headers: SelectedHeaders, limits: Limits) -> Claim:
        """Name the one or the other."""
        return Claim(leaf=(m.ADMIN if self._is_admin(facts, headers) else m.ALICE).der)


@pytest.mark.parametrize(
    ("is_admin", "first", "second"),
    [
        pytest.param(lambda f, _: f.peer == "10.42.7.1", {"peer": "10.42.7.1"}, {"peer": "10.42.7.2"}, id="peer"),
        pytest.param(lambda f, _: f.peer_port == 1, {"port": 1}, {"port": 2}, id="port"),
        pytest.param(
            lambda f, _: (b"x-other", b"1") in list(f.headers),
            {"pairs": (("x-other", "1"),)},
            {"pairs": (("x-other", "2"),)},
            id="headers",
        ),
        pytest.param(
            lambda _, h: (b"x-real-ip", b"192.0.2.1") in h.context,
            {"pairs": (("x-real-ip", "192.0.2.1"),)},
            {"pairs": (("x-real-ip", "192.0.2.2"),)},
            id="context",
        ),
    ],
)
@pytest.mark.parametrize("adapter", ["asgi", "wsgi"])
def test_f1_source_of_ones_own(adapter: str, is_admin: Any, first: dict[str, Any], second: dict[str, Any]) -> None:
    """Whoever asks second is not taken for the admin who asked first."""
    config = m.config(source=Reader(is_admin))
    if adapter == "asgi":
        app = asgi.ClientCertMiddleware(echo_asgi, config)
        answers = [ask_asgi(app, http_scope(**request)) for request in (first, second)]
    else:
        other = wsgi.ClientCertMiddleware(echo_wsgi, config)
        answers = [ask_wsgi(other, environ(**request)) for request in (first, second)]
    assert m.ADMIN.fingerprint_sha256 in answers[0].body.decode()
    assert m.ALICE.fingerprint_sha256 in answers[1].body.decode()


@pytest.mark.parametrize(
    ("name", "changes", "pairs", "chain"),
    [
        pytest.param("forwarded", {}, m.NOBODY, None, id="f2-nobody-behind-the-proxy"),
        pytest.param("connection", TLS, (), [], id="f3-nobody-over-tls"),
        pytest.param("connection", TLS, (), [m.ALICE.der], id="f3-alice-over-tls"),
    ],
)
def test_f2_f3_many_empty_headers(
    name: str, changes: dict[str, Any], pairs: m.Pairs, chain: list[bytes] | None
) -> None:
    """What one client makes an app keep is not in proportion to the number of its empty headers."""
    app = asgi.ClientCertMiddleware(echo_asgi, m.config(**changes))
    tracemalloc.start()
    try:
        for number in range(64):
            scope = http_scope(pairs)
            # A server makes new objects for each request.
            names = [bytes(bytearray(name.encode())) for _ in range(MANY)]
            scope["headers"] += [*((made, b"") for made in names), (b"x-real-ip", b""), (name.encode(), b"%d" % number)]
            if chain is not None:
                scope["extensions"] = {"tls": {"client_cert_chain": chain}}
            ask_asgi(app, scope)
            del scope, names
        kept, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert kept < 2_000_000


@pytest.mark.parametrize("capacity", [1, 64])
def test_f4_refusals_of_a_crowd(capacity: int) -> None:
    """No thread is answered with an exception, and the bound on remembered refusals holds."""
    app = wsgi.ClientCertMiddleware(echo_wsgi, m.config(mode="optional", cache_size=capacity))
    errors: Counter[str] = Counter()

    def work(thread: int) -> None:
        for number in range(600):
            request = environ((*m.NOBODY, ("connection", f"{thread}-{number}")), SERVER_SOFTWARE="gunicorn/27.0.1")
            try:
                list(app(request, lambda *_: None))
            except Exception as exc:  # noqa: BLE001 - none is expected
                errors[repr(exc)] += 1

    at_once(work)
    assert not errors
    assert len(app.authenticator._memory._decisions.refused) <= capacity


def test_f5_senders_make_room() -> None:
    """After a crowd of addresses, the next one's requests are recalled as well."""
    asked: list[RequestFacts] = []
    app = asgi.ClientCertMiddleware(echo_asgi, m.config(**TLS))
    for number in range(1_100):
        ask_asgi(app, http_scope(peer=f"2001:db8::{number:x}", extensions={"tls": {"client_cert_chain": []}}))
    genuine = Authenticator.authenticate
    with pytest.MonkeyPatch.context() as patch:

        def authenticate(self: Authenticator, facts: RequestFacts, *rest: Any) -> Outcome:
            asked.append(facts)
            return genuine(self, facts, *rest)

        patch.setattr(Authenticator, "authenticate", authenticate)
        for _ in range(5):
            ask_asgi(app, http_scope(peer=m.STRANGER, extensions={"tls": {"client_cert_chain": [m.ALICE.der]}}))
    assert len(asked) == 1


@pytest.mark.parametrize("name", [b"connection", b"ssl-client-cert", b"transfer-encoding"])
def test_f6_list_among_tuples(name: bytes) -> None:
    """A middleware in front that adds a list to a server's tuples makes no 500."""
    app = asgi.ClientCertMiddleware(echo_asgi, m.config())
    ask_asgi(app, http_scope(m.evidence()))
    scope = http_scope(m.evidence())
    scope["headers"].append([name, b"close"])
    assert ask_asgi(app, scope).status in (200, 400)
