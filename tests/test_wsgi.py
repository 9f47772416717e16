"""The WSGI adapter beyond the contract table: environs of many servers, Werkzeug's helpers, Flask's proxy."""

import json
import socket
from collections.abc import Callable, Iterable
from typing import Any
from wsgiref.util import setup_testing_defaults
from wsgiref.validate import validator

import flask
import pytest
from a2wsgi import ASGIMiddleware, WSGIMiddleware
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.middleware.proxy_fix import ProxyFix

import clientcert.flask
from clientcert import asgi
from clientcert.errors import ConfigurationError, MiddlewareMissingError, Reason
from clientcert.flask import current_client
from clientcert.runtime.environ import header_name
from clientcert.runtime.events import Event
from clientcert.servers.connection import CONNECTION_SCOPE_KEY, TlsConnection
from clientcert.servers.evidence import NOT_READ
from clientcert.wsgi import ClientCertMiddleware, client_identity, facts_from_environ
from tests import material as m
from tests.contract.adapters import echo_asgi, echo_wsgi
from tests.driving import ask_asgi, ask_wsgi, environ, http_scope
from tests.material import ALICE, NETWORK, NOBODY, PROXY, STRANGER, config, evidence, settings

GOOD = evidence()


def guarded(app: Any = echo_wsgi, **changes: Any) -> ClientCertMiddleware:
    """An app behind the middleware."""
    return ClientCertMiddleware(app, config(**changes))


def who(body: bytes) -> str | None:
    """The identity in the answer of an echoing app."""
    identity: str | None = json.loads(body)["who"]
    return identity


def unreachable(*_: object) -> Iterable[bytes]:
    """Fail the test: an app that must not run."""
    raise AssertionError("the app ran")


def test_config_or_keywords() -> None:
    """The middleware takes a configuration, or its fields as keywords."""
    assert ClientCertMiddleware(echo_wsgi, **settings({})).config.source == "ingress-nginx"
    made = config()
    assert ClientCertMiddleware(echo_wsgi, made).config is made
    with pytest.raises(ConfigurationError, match="not both"):
        ClientCertMiddleware(echo_wsgi, made, mode="optional")


def test_f1_required_is_the_default() -> None:
    """Without a word about it, a request without a certificate is refused."""
    app = ClientCertMiddleware(unreachable, source="nginx", trust=m.AUTHORITY.pem, trusted_proxies=[NETWORK])
    assert ask_wsgi(app, environ(NOBODY)).status == 401


def test_f3_installed_twice() -> None:
    """Two instances on one path are a mistake that is reported."""
    with pytest.raises(RuntimeError, match="installed twice"):
        ask_wsgi(guarded(guarded()), environ(GOOD))


def test_f3_identity_of_somebody_else_is_discarded() -> None:
    """Whatever stands in the environ before us under our name is replaced."""
    forged: dict[str, Any] = {"clientcert.identity": "admin"}
    assert who(ask_wsgi(guarded(), environ(GOOD, **forged)).body) == ALICE.fingerprint_sha256
    assert who(ask_wsgi(guarded(mode="optional"), environ(NOBODY, **forged)).body) is None


def test_head_has_no_body() -> None:
    """A refused HEAD is answered as GET would be, without the body."""
    get = ask_wsgi(guarded(unreachable), environ(NOBODY))
    head = ask_wsgi(guarded(unreachable), environ(NOBODY, REQUEST_METHOD="HEAD"))
    assert (head.status, head.body) == (401, b"")
    assert head.headers == get.headers
    assert get.headers["content-length"] == str(len(get.body))


@pytest.mark.parametrize("method", ["OPTIONS", "CONNECT", "TRACE", "get", "\xff"])
def test_f7_no_method_is_exempt(method: str) -> None:
    """Every method needs a certificate."""
    assert ask_wsgi(guarded(unreachable), environ(NOBODY, REQUEST_METHOD=method)).status == 401


@pytest.mark.parametrize("pairs", [GOOD, NOBODY], ids=["runs", "refused"])
def test_speaks_wsgi(pairs: m.Pairs) -> None:
    """Both answers pass the standard library's check of PEP 3333."""

    def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [b"ok"]

    request = environ(pairs)
    setup_testing_defaults(request)
    status = ask_wsgi(validator(guarded(validator(app))), request).status
    assert status == (200 if pairs is GOOD else 401)


def test_status_line() -> None:
    """Each status has the phrase of its registration, 431 too."""
    lines: list[str] = []
    for pairs in (NOBODY, evidence(verdict="FAILED:x"), (("ssl-client-cert", "x" * 30_000),)):
        guarded(unreachable)(environ(pairs), lambda status, headers: lines.append(status))
    assert lines == ["401 Unauthorized", "403 Forbidden", "431 Request Header Fields Too Large"]


# SCRIPT_NAME, PATH_INFO, the raw target under its key → whether a request without a certificate runs.
TARGETS: dict[str, tuple[str, str, dict[str, str], bool]] = {
    "exact": ("", "/healthz", {}, True),
    "exact-with-raw-target": ("", "/healthz", {"RAW_URI": "/healthz"}, True),
    "exact-with-query": ("", "/healthz", {"REQUEST_URI": "/healthz?full=1"}, True),
    "mounted": ("/app", "/healthz", {"RAW_URI": "/app/healthz"}, False),
    "f8-mount-that-makes-the-path": ("/health", "z", {}, False),
    "f8-below": ("", "/healthz/admin", {}, False),
    "f8-resolved": ("", "/healthz", {"RAW_URI": "/admin/../healthz"}, False),
    "f8-escaped": ("", "/healthz", {"REQUEST_URI": "/%68ealthz"}, False),
    "f8-double-slash": ("", "//healthz", {}, False),
    "f8-double-slash-merged": ("", "/healthz", {"RAW_URI": "//healthz"}, False),
    "f8-absolute-form": ("", "/healthz", {"RAW_URI": "http://app.example/healthz"}, False),
    "f8-surrogate-in-the-target": ("", "/healthz", {"RAW_URI": "/healthz\ud800"}, False),
    "f8-non-ascii-path": ("", "/healthz\xc3\xa9", {"RAW_URI": "/healthz\xc3\xa9"}, False),
    "empty": ("", "", {}, False),
}


@pytest.mark.parametrize(("script_name", "path_info", "target", "runs"), TARGETS.values(), ids=TARGETS)
def test_f8_exempt_targets(script_name: str, path_info: str, target: dict[str, str], *, runs: bool) -> None:
    """The exempt path alone needs no certificate, by whichever name a gateway may reach it otherwise."""
    request = environ(GOOD, peer=STRANGER, SCRIPT_NAME=script_name, PATH_INFO=path_info)
    for key in ("RAW_URI", "REQUEST_URI"):
        request.pop(key, None)
    answer = ask_wsgi(guarded(exempt=["/healthz"]), request | target)
    assert answer.status == (200 if runs else 401)
    if runs:
        assert json.loads(answer.body) == {"who": None, "seen": {"host": "app.example"}}


def test_exempt_path_without_path_info() -> None:
    """An environ may leave both parts of the path out."""
    request = environ(NOBODY)
    for key in ("SCRIPT_NAME", "PATH_INFO", "RAW_URI", "REQUEST_URI"):
        request.pop(key, None)
    assert ask_wsgi(guarded(exempt=["/"]), request).status == 401


def test_exempt_path_of_a_mounted_app() -> None:
    """The path that counts is the whole one, mount point included."""
    app = DispatcherMiddleware(unreachable, {"/inner": guarded(exempt=["/inner/healthz"], mount="/inner")})
    assert ask_wsgi(app, environ(path="/inner/healthz")).status == 200
    assert ask_wsgi(app, environ(path="/inner/other")).status == 401


@pytest.mark.parametrize(
    ("key", "name"),
    {
        "plain": ("HTTP_SSL_CLIENT_CERT", b"ssl-client-cert"),
        "n5-dot": ("HTTP_SSL.CLIENT.CERT", b"ssl.client.cert"),
        "dash-kept": ("HTTP_SSL-CLIENT-CERT", b"ssl-client-cert"),
        "n6-sharp-s": ("HTTP_\xdfL_CLIENT_CERT", b"\xc3\x9fl-client-cert"),
        "surrogate": ("HTTP_\ud800", b"\xed\xa0\x80"),
        "empty": ("HTTP_", b""),
    }.values(),
)
def test_header_name(key: str, name: bytes) -> None:
    """A key is read back as the name a server made it from; Unicode case rules turn no other name into ours."""
    assert header_name(key) == name


def test_n7_two_keys_of_one_name() -> None:
    """Two keys that are one header are a duplicate, and neither reaches the app."""
    twin: dict[str, Any] = {"HTTP_SSL-CLIENT-CERT": "EVIL"}
    assert ask_wsgi(guarded(unreachable), environ(GOOD, **twin)).status == 400
    body = ask_wsgi(guarded(mode="optional"), environ(GOOD, peer=STRANGER, **twin)).body
    assert json.loads(body) == {"who": None, "seen": {"host": "app.example"}}


@pytest.mark.parametrize("value", ["\u20ac", "\ud800", "SUCCESS\u20ac"], ids=["euro", "surrogate", "behind"])
def test_values_that_no_header_can_have(value: str) -> None:
    """Text beyond latin-1, which PEP 3333 excludes, is refused and raises nothing."""
    assert ask_wsgi(guarded(unreachable), environ(evidence(verdict=value))).status in (400, 403)
    assert ask_wsgi(guarded(), environ((*GOOD, ("x-other", value)))).status == 200


def test_n18_server_variables_are_no_evidence() -> None:
    """Variables of the server's own, such as mod_ssl's or the process's, say nothing and are left to the app."""
    leaked: dict[str, Any] = {
        "SSL_CLIENT_VERIFY": "SUCCESS",
        "SSL_CLIENT_CERT": ALICE.pem.decode(),
        "CONTENT_TYPE": "text/plain",
    }
    request = environ(NOBODY, **leaked)
    assert ask_wsgi(guarded(unreachable), request).status == 401
    seen: dict[str, Any] = {}

    def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        seen.update(environ)
        start_response("200 OK", [])
        return []

    ask_wsgi(guarded(app, mode="optional"), environ(NOBODY, **leaked))
    assert seen["CONTENT_TYPE"] == "text/plain"
    assert "HTTP_SSL_CLIENT_VERIFY" not in seen


PEERS: dict[str, tuple[dict[str, Any], tuple[str | None, int | None]]] = {
    "tcp": ({"REMOTE_ADDR": PROXY, "REMOTE_PORT": "51000"}, (PROXY, 51_000)),
    "port-as-number": ({"REMOTE_ADDR": PROXY, "REMOTE_PORT": 51_000}, (PROXY, 51_000)),
    "port-unreadable": ({"REMOTE_ADDR": PROXY, "REMOTE_PORT": "x"}, (PROXY, None)),
    "gunicorn-unix": ({"REMOTE_ADDR": ""}, ("", None)),
    "waitress-unix": ({"REMOTE_ADDR": "localhost"}, ("localhost", None)),
    "nothing": ({}, (None, None)),
}


@pytest.mark.parametrize(("variables", "peer"), PEERS.values(), ids=PEERS)
def test_h8_peers_as_servers_report_them(variables: dict[str, Any], peer: tuple[str | None, int | None]) -> None:
    """Every server's way to say who sent the request is read."""
    facts = facts_from_environ(variables, NOT_READ)
    assert (facts.peer, facts.peer_port) == peer
    assert facts.folded
    assert not facts.peer_is_socket


def test_h7_proxy_fix() -> None:
    """Werkzeug's ProxyFix around us is seen through: the address that it replaced counts."""
    pairs = (*GOOD, ("x-forwarded-for", "192.0.2.1"))
    fixed = ProxyFix(guarded(), x_for=1)
    assert ask_wsgi(fixed, environ(pairs)).status == 200
    forged = (*GOOD, ("x-forwarded-for", PROXY))
    assert ask_wsgi(fixed, environ(forged, peer=STRANGER)).status == 401


def test_h7_another_rewriter() -> None:
    """An address that something else put there from a forwarding header is recognised and not believed."""
    events: list[Event] = []
    pairs = (*GOOD, ("x-forwarded-for", PROXY))
    assert ask_wsgi(guarded(unreachable, on_event=events.append), environ(pairs)).status == 401
    assert [event.reason for event in events] == [Reason.PEER_ADDRESS_REWRITTEN]


@pytest.mark.parametrize(("chain", "status"), [((ALICE.der,), 200), ((), 401), (None, 500)])
def test_tls_connection_of_a_bridge(chain: tuple[bytes, ...] | None, status: int) -> None:
    """The TLS source finds our bridge below a WSGI-on-ASGI server."""
    connection = TlsConnection(peer=(STRANGER, 1), is_tls=True, _chain=chain)
    request = environ() | {"asgi.scope": {CONNECTION_SCOPE_KEY: connection}}
    assert ask_wsgi(guarded(source="tls", trusted_proxies=None), request).status == status


@pytest.mark.parametrize("key", ["gunicorn.socket", "werkzeug.socket"])
def test_socket_of_the_server(key: str) -> None:
    """The TLS source asks the server's own socket: a plain one has no certificate, another object no data."""
    app = guarded(unreachable, source="tls", trusted_proxies=None)
    ours, theirs = socket.socketpair()
    with ours, theirs:
        assert ask_wsgi(app, environ() | {key: ours}).status == 401
    assert ask_wsgi(app, environ() | {key: ours}).status == 500
    assert ask_wsgi(app, environ() | {key: object()}).status == 500


def test_socket_of_a_header_source() -> None:
    """A source that reads headers does not look at the socket."""
    assert ask_wsgi(guarded(), environ(GOOD) | {"gunicorn.socket": object()}).status == 200


def test_accessor_without_the_middleware() -> None:
    """Asking for an identity where nobody has authenticated is an error that names the line to add."""
    with pytest.raises(MiddlewareMissingError, match=r"app\.wsgi_app = ClientCertMiddleware\(app\.wsgi_app"):
        client_identity({"clientcert.identity": "admin"})


def flask_app(**changes: Any) -> flask.Flask:
    """A Flask app, behind the middleware unless ``bare`` is given."""
    app = flask.Flask(__name__)
    if not changes.pop("bare", False):
        app.wsgi_app = clientcert.flask.ClientCertMiddleware(app.wsgi_app, config(**changes))  # type: ignore[method-assign]  # Flask's way

    @app.get("/name")
    def name() -> str:
        return current_client.common_name

    @app.get("/truth")
    def truth() -> str:
        return "somebody" if bool(current_client) else "nobody"

    @app.get("/same")
    def same() -> str:
        return str(current_client == clientcert.flask.client_identity())

    return app


def test_flask_current_client() -> None:
    """The proxy acts as the identity of the request."""
    app = flask_app()
    assert ask_wsgi(app, environ(GOOD, path="/name")).body == b"alice"
    assert ask_wsgi(app, environ(GOOD, path="/truth")).body == b"somebody"
    assert ask_wsgi(app, environ(GOOD, path="/same")).body == b"True"


def test_flask_nobody() -> None:
    """Nobody is false, and has no attribute that could be mistaken for somebody's."""
    app = flask_app(mode="optional")
    app.testing = True
    assert ask_wsgi(app, environ(NOBODY, path="/truth")).body == b"nobody"
    with pytest.raises(RuntimeError, match="if current_client"):
        ask_wsgi(app, environ(NOBODY, path="/name"))


@pytest.mark.parametrize("path", ["/name", "/truth", "/same"])
def test_f2_flask_without_the_middleware(path: str) -> None:
    """Without the middleware even the question whether there is somebody is an error, not "nobody"."""
    app = flask_app(bare=True)
    app.testing = True
    with pytest.raises(MiddlewareMissingError, match=r"app\.wsgi_app = ClientCertMiddleware"):
        ask_wsgi(app, environ(GOOD, path=path))


def test_flask_before_request_and_404_are_behind_us() -> None:
    """No hook and no error handler of the app runs for nobody."""
    app = flask_app()
    ran: list[str] = []
    app.before_request(lambda: ran.append("before"))
    app.register_error_handler(404, lambda _: ("nothing", 404))
    assert ask_wsgi(app, environ(NOBODY, path="/nowhere")).status == 401
    assert ran == []
    assert ask_wsgi(app, environ(GOOD, path="/nowhere")).status == 404
    assert ran == ["before"]


def test_f11_our_own_bug_does_not_run_the_app() -> None:
    """An exception inside the decision leaves the middleware; the app has not run."""

    class Broken:
        """A source with a bug."""

        name, needs_proxy_proof, gives_verdict, sends_certificate, header_names = "broken", True, True, True, ()

        def read(self, *_: object) -> None:
            """Fail."""
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        ask_wsgi(guarded(unreachable, source=Broken()), environ(GOOD))


def test_broken_hook_changes_nothing() -> None:
    """An exception in the operator's hook neither admits nor refuses anybody."""

    def hook(_: Event) -> None:
        raise ZeroDivisionError

    assert ask_wsgi(guarded(unreachable, on_event=hook), environ(NOBODY)).status == 401
    assert ask_wsgi(guarded(on_event=hook), environ(GOOD)).status == 200


def test_o1_log_injection(caplog: pytest.LogCaptureFixture) -> None:
    """A line break that a lenient server lets through reaches no log."""
    ask_wsgi(guarded(unreachable), environ(evidence(verdict="FAILED\r\nWARNING forged\x1b[0m")))
    ask_wsgi(guarded(unreachable), environ(GOOD, peer="10.0.0.1\nforged"))
    assert len(caplog.records) == 2
    assert all(record.getMessage().isprintable() for record in caplog.records)


def test_equivalence_through_a2wsgi() -> None:
    """The same request is the same client's in an ASGI app on a WSGI server, and the other way round."""
    asgi_app: Any = asgi.ClientCertMiddleware(echo_asgi, config())
    on_wsgi: Any = ASGIMiddleware(asgi_app)
    assert who(ask_wsgi(on_wsgi, environ(GOOD)).body) == ALICE.fingerprint_sha256
    assert ask_wsgi(on_wsgi, environ(NOBODY)).status == 401
    wsgi_app: Any = guarded()
    on_asgi: Any = WSGIMiddleware(wsgi_app)
    assert who(ask_asgi(on_asgi, http_scope(GOOD)).body) == ALICE.fingerprint_sha256
    assert ask_asgi(on_asgi, http_scope(NOBODY)).status == 401
