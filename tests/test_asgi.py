"""The ASGI adapter beyond the contract table: scopes, messages, mounting, and what frameworks make of it."""

import asyncio
import json
import logging
from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any

import pytest
from fastapi import Depends, FastAPI, WebSocket
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse
from starlette.routing import Mount, Route

import clientcert.fastapi
import clientcert.starlette
from clientcert.asgi import ClientCertMiddleware, client_identity
from clientcert.core.facts import RequestFacts, port_number
from clientcert.core.headers import SelectedHeaders
from clientcert.errors import ConfigurationError, MiddlewareMissingError, Reason
from clientcert.fastapi import Client, OptionalClient
from clientcert.runtime.events import Event
from clientcert.servers.connection import CONNECTION_SCOPE_KEY, UNKNOWN_HOST, TlsConnection
from tests import material as m
from tests.contract.adapters import echo_asgi
from tests.driving import CLOSED, ask_asgi, http_scope, messages, websocket_scope
from tests.material import ALICE, NETWORK, NOBODY, PROXY, STRANGER, Pairs, config, evidence, settings

GOOD = evidence()


def guarded(app: Any = echo_asgi, **changes: Any) -> ClientCertMiddleware:
    """An app behind the middleware."""
    return ClientCertMiddleware(app, config(**changes))


def who(body: bytes) -> str | None:
    """The identity in the answer of an echoing app."""
    identity: str | None = json.loads(body)["who"]
    return identity


async def unreachable(*_: object) -> None:
    """Fail the test: an app that must not run."""
    raise AssertionError("the app ran")


def test_config_or_keywords() -> None:
    """The middleware takes a configuration, or its fields as keywords."""
    assert ClientCertMiddleware(echo_asgi, **settings({})).config.source == "ingress-nginx"
    made = config()
    assert ClientCertMiddleware(echo_asgi, made).config is made
    with pytest.raises(ConfigurationError, match="not both"):
        ClientCertMiddleware(echo_asgi, made, mode="optional")


def test_f1_required_is_the_default() -> None:
    """Without a word about it, a request without a certificate is refused."""
    app = ClientCertMiddleware(unreachable, source="nginx", trust=m.AUTHORITY.pem, trusted_proxies=[NETWORK])
    assert ask_asgi(app, http_scope(NOBODY)).status == 401


def test_f5_lifespan_passes_untouched() -> None:
    """The app gets the very objects of the server's lifespan, headers or not."""
    seen: list[Any] = []

    async def app(*arguments: Any) -> None:
        seen.extend(arguments)

    scope: dict[str, Any] = {"type": "lifespan", "asgi": {"version": "3.0"}, "state": {}}
    receive, send = object(), object()
    asyncio.run(guarded(app)(scope, receive, send))  # type: ignore[arg-type]  # only passed through
    assert seen == [scope, receive, send]
    assert seen[0] is scope
    assert scope == {"type": "lifespan", "asgi": {"version": "3.0"}, "state": {}}


@pytest.mark.parametrize("kind", ["http3", "webtransport", "email", ""])
def test_f5_unknown_scope_types_are_refused(kind: str) -> None:
    """A scope of which nothing is known reaches no app."""
    with pytest.raises(RuntimeError, match="cannot authenticate the ASGI scope type"):
        messages(guarded(unreachable), {**http_scope(GOOD), "type": kind})


def test_f3_installed_twice() -> None:
    """Two instances on one path are a mistake that is reported, not one that loses the identity."""
    with pytest.raises(RuntimeError, match="installed twice"):
        ask_asgi(guarded(guarded()), http_scope(GOOD))


@pytest.mark.parametrize("pairs", [GOOD, NOBODY], ids=["somebody", "nobody"])
def test_f3_identity_of_somebody_else_is_discarded(pairs: Pairs) -> None:
    """Whatever stands in the scope before us under our names is replaced."""
    scope = http_scope(pairs) | {"client_identity": "admin", "state": {"client_identity": "admin", "db": 7}}
    answer = ask_asgi(guarded(mode="optional"), scope)
    assert who(answer.body) == (ALICE.fingerprint_sha256 if pairs is GOOD else None)


def test_the_servers_scope_is_not_changed() -> None:
    """Scope, headers and state of the server stay as they were; the app has its own, with what the state held."""
    seen: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        seen.append(scope)
        await echo_asgi(scope, receive, send)

    shared = object()
    scope = http_scope(GOOD) | {"state": {"pool": shared}}
    headers = scope["headers"]
    before = list(headers)
    ask_asgi(guarded(app), scope)
    assert scope["headers"] is headers
    assert headers == before
    assert scope["state"] == {"pool": shared}
    assert "client_identity" not in scope
    assert seen[0]["state"]["pool"] is shared
    assert seen[0]["headers"] == [(b"host", b"app.example")]


@pytest.mark.parametrize("state", [{}, {"state": None}, {"state": {}}], ids=["absent", "none", "empty"])
def test_state_may_be_missing(state: dict[str, Any]) -> None:
    """A server without lifespan state is no obstacle."""
    assert who(ask_asgi(guarded(), http_scope(GOOD) | state).body) == ALICE.fingerprint_sha256


def test_n8_headers_are_copied_once() -> None:
    """What a server appends to its list afterwards, such as trailers, is seen by nobody."""
    scope = http_scope(GOOD)

    async def app(inner: Any, receive: Any, send: Any) -> None:
        scope["headers"].append((b"ssl-client-cert", b"EVIL"))
        await echo_asgi(inner, receive, send)

    body = json.loads(ask_asgi(guarded(app), scope).body)
    assert body == {"who": ALICE.fingerprint_sha256, "seen": {"host": "app.example"}}


def test_n8_one_shot_headers() -> None:
    """Headers that can be passed over a single time are enough."""
    scope = http_scope(GOOD)
    scope["headers"] = iter(scope["headers"])
    assert who(ask_asgi(guarded(), scope).body) == ALICE.fingerprint_sha256


def test_head_has_no_body() -> None:
    """A refused HEAD is answered as GET would be, without the body."""
    get = ask_asgi(guarded(unreachable), http_scope(NOBODY))
    head = ask_asgi(guarded(unreachable), http_scope(NOBODY, method="HEAD"))
    assert (head.status, head.body) == (401, b"")
    assert head.headers == get.headers
    assert get.headers["content-length"] == str(len(get.body))


@pytest.mark.parametrize("method", ["OPTIONS", "CONNECT", "TRACE", "PROPFIND", "get", "\xff"])
def test_f7_no_method_is_exempt(method: str) -> None:
    """Every method needs a certificate, preflight and CONNECT included."""
    assert ask_asgi(guarded(unreachable), http_scope(NOBODY, method=method)).status == 401


def test_f6_websocket_denial_with_a_response() -> None:
    """A refused WebSocket gets the same response as a request where the server can send one, and no accept."""
    sent = messages(guarded(unreachable), websocket_scope(NOBODY))
    assert [message["type"] for message in sent] == ["websocket.http.response.start", "websocket.http.response.body"]
    assert sent[0]["status"] == 401
    assert json.loads(sent[1]["body"])["status"] == 401


@pytest.mark.parametrize("extensions", [{"extensions": {}}, {"extensions": None}, {}], ids=["empty", "none", "absent"])
def test_f6_websocket_denial_by_closing(extensions: dict[str, Any]) -> None:
    """Elsewhere it is closed as a violation of policy before accept, after the connect event was taken."""
    taken: list[str] = []
    scope = websocket_scope(NOBODY)
    del scope["extensions"]
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        taken.append("websocket.connect")
        return {"type": "websocket.connect"}

    async def send(message: Any) -> None:
        assert taken
        sent.append(message)

    asyncio.run(guarded(unreachable)(scope | extensions, receive, send))
    assert sent == [{"type": "websocket.close", "code": CLOSED}]


def test_n20_websocket_duplicates_are_refused() -> None:
    """The handshake goes the same way as a request."""
    pairs = (*GOOD, ("ssl-client-verify", "SUCCESS"))
    assert ask_asgi(guarded(unreachable), websocket_scope(pairs)).status == 400
    assert who(ask_asgi(guarded(), websocket_scope(GOOD)).body) == ALICE.fingerprint_sha256


# Path and raw path as servers give them for one request target → whether a request without a certificate runs.
TARGETS = {
    "exact": ("/healthz", b"/healthz", True),
    "no-raw-path": ("/healthz", None, True),
    "f8-below": ("/healthz/admin", b"/healthz/admin", False),
    "f8-dots": ("/healthz/../admin", b"/healthz/../admin", False),
    "f8-resolved": ("/healthz", b"/admin/../healthz", False),
    "f8-escaped": ("/healthz", b"/%68ealthz", False),
    "f8-double-slash": ("//healthz", b"//healthz", False),
    "f8-parameter": ("/healthz", b"/healthz;x", False),
    "f8-case": ("/Healthz", b"/Healthz", False),
    "f8-absolute-form": ("/healthz", b"http://app.example/healthz", False),
}


@pytest.mark.parametrize(("path", "raw_path", "runs"), TARGETS.values(), ids=TARGETS)
@pytest.mark.parametrize("make", [http_scope, websocket_scope], ids=["http", "websocket"])
def test_f8_exempt_targets(
    make: Callable[..., dict[str, Any]], path: str, raw_path: bytes | None, *, runs: bool
) -> None:
    """The exempt path alone needs no certificate, by whichever name a gateway may reach it otherwise."""
    scope = make(GOOD, peer=STRANGER, path=path) | {"raw_path": raw_path}
    answer = ask_asgi(guarded(exempt=["/healthz"]), scope)
    assert answer.status == (200 if runs else 401)
    if runs:
        assert json.loads(answer.body) == {"who": None, "seen": {"host": "app.example"}}


def test_exempt_path_of_a_mounted_app() -> None:
    """The path that counts is the whole one, mount point included."""
    inner = Starlette(routes=[Route("/healthz", lambda request: PlainTextResponse("ok"))])
    inner.add_middleware(ClientCertMiddleware, **settings({"exempt": ["/inner/healthz"], "mount": "/inner"}))
    outer = Starlette(routes=[Mount("/inner", inner)])
    assert ask_asgi(outer, http_scope(path="/inner/healthz")).status == 200
    assert ask_asgi(outer, http_scope(path="/inner/other")).status == 401


def test_accessor_without_the_middleware() -> None:
    """Asking for an identity where nobody has authenticated is an error that names the line to add."""
    scope = http_scope() | {"client_identity": "admin"}
    with pytest.raises(MiddlewareMissingError, match=r"app\.add_middleware\(ClientCertMiddleware"):
        client_identity(scope)
    with pytest.raises(MiddlewareMissingError):
        clientcert.starlette.client_identity(Request(scope))


def test_f2_fastapi_dependency_without_the_middleware() -> None:
    """A route that wants the client is an error without the middleware, for optional clients as well."""
    app = FastAPI(openapi_url=None)

    @app.get("/required")
    def required(client: Client) -> None:
        raise AssertionError

    @app.get("/optional")
    def optional(client: OptionalClient) -> None:
        raise AssertionError

    for path in ("/required", "/optional"):
        with pytest.raises(MiddlewareMissingError):
            ask_asgi(app, http_scope(GOOD, path=path))


def fastapi_app() -> FastAPI:
    """Routes with a required client, with an optional one, and a WebSocket."""
    app = FastAPI(openapi_url=None)
    app.add_middleware(clientcert.fastapi.ClientCertMiddleware, **settings({"mode": "optional"}))

    @app.get("/required")
    def required(client: Client) -> str:
        return client.common_name

    @app.get("/optional")
    def optional(client: OptionalClient) -> str | None:
        return None if client is None else client.common_name

    def alice_only(client: Client) -> str:
        return client.subject.rfc4514

    @app.get("/dependent")
    def dependent(name: Annotated[str, Depends(alice_only)]) -> str:
        return name

    @app.websocket("/ws")
    async def websocket(socket: WebSocket, client: Client) -> None:
        await socket.accept()
        await socket.send_text(client.common_name)

    return app


def test_fastapi_parameters() -> None:
    """The client is a typed parameter; where it is required, nobody gets 401 and the endpoint does not run."""
    app = fastapi_app()
    assert json.loads(ask_asgi(app, http_scope(GOOD, path="/required")).body) == "alice"
    assert json.loads(ask_asgi(app, http_scope(GOOD, path="/optional")).body) == "alice"
    assert json.loads(ask_asgi(app, http_scope(GOOD, path="/dependent")).body) == "CN=alice,O=Example"
    assert json.loads(ask_asgi(app, http_scope(NOBODY, path="/optional")).body) is None
    for path in ("/required", "/dependent"):
        refused = ask_asgi(app, http_scope(NOBODY, path=path))
        assert refused.status == 401
        assert "alice" not in refused.body.decode()


def test_fastapi_websocket_parameter() -> None:
    """A WebSocket has the same parameter, and is not accepted without a client."""
    app = fastapi_app()
    assert ask_asgi(app, websocket_scope(GOOD, path="/ws")).body == b"alice"
    assert ask_asgi(app, websocket_scope(NOBODY, path="/ws")).status == 401


def test_f4_every_route_and_error_handler_is_behind_us() -> None:
    """Mounted apps, unknown paths and error handlers of the app are reached by nobody without a certificate."""
    ran: list[str] = []

    def endpoint(request: Request) -> JSONResponse:
        ran.append(request.url.path)
        return JSONResponse({})

    app = Starlette(
        routes=[Route("/a", endpoint), Mount("/b", Starlette(routes=[Route("/c", endpoint)]))],
        exception_handlers={404: lambda request, _: endpoint(request)},
    )
    app.add_middleware(ClientCertMiddleware, **settings({}))
    for path in ("/a", "/b/c", "/nowhere"):
        assert ask_asgi(app, http_scope(NOBODY, path=path)).status == 401
    assert ran == []
    for path in ("/a", "/b/c", "/nowhere"):
        assert ask_asgi(app, http_scope(GOOD, path=path)).status == 200
    assert ran == ["/a", "/b/c", "/nowhere"]


def test_f4_preflight_outside() -> None:
    """A preflight is answered without a certificate only where CORS stands outside of us."""
    cors = Middleware(CORSMiddleware, allow_origins=["https://a.example"])
    ours: Any = Middleware(ClientCertMiddleware, **settings({}))
    preflight = (("origin", "https://a.example"), ("access-control-request-method", "GET"))
    outside = Starlette(middleware=[cors, ours])
    inside = Starlette(middleware=[ours, cors])
    assert ask_asgi(outside, http_scope(preflight, method="OPTIONS")).status == 200
    assert ask_asgi(inside, http_scope(preflight, method="OPTIONS")).status == 401


def test_h7_bridge_gives_the_true_peer() -> None:
    """With our bridge the socket's address counts, whatever the server has put into ``client``."""
    pairs = (*GOOD, ("x-forwarded-for", PROXY))
    plain = http_scope(pairs, peer=PROXY, port=0)
    assert ask_asgi(guarded(), plain).status == 401
    bridged = plain | {CONNECTION_SCOPE_KEY: TlsConnection(peer=(PROXY, 51_000))}
    assert ask_asgi(guarded(), bridged).status == 200
    for host in (STRANGER, UNKNOWN_HOST):
        forged = http_scope(pairs) | {CONNECTION_SCOPE_KEY: TlsConnection(peer=(host, 51_000))}
        assert ask_asgi(guarded(), forged).status == 401


def test_bridge_cannot_be_forged() -> None:
    """An object of another type under the bridge's key is nothing to us."""
    scope = http_scope(GOOD, peer=STRANGER) | {CONNECTION_SCOPE_KEY: {"peer": (PROXY, 1)}}
    assert ask_asgi(guarded(), scope).status == 401


def test_plain_connection_below_the_tls_source() -> None:
    """A connection without TLS has no certificate, which is not the same as a server without data."""
    scope = http_scope() | {CONNECTION_SCOPE_KEY: TlsConnection(peer=(PROXY, 1))}
    events: list[Event] = []
    app = guarded(unreachable, source="tls", trusted_proxies=None, on_event=events.append)
    assert ask_asgi(app, scope).status == 401
    assert ask_asgi(app, http_scope()).status == 500
    assert [event.reason for event in events] == [Reason.NO_CERTIFICATE, Reason.SERVER_UNSUPPORTED]


PEERS: dict[str, tuple[Any, tuple[str | None, int | None]]] = {
    "uvicorn-tcp": ((PROXY, 51_000), (PROXY, 51_000)),
    "uvicorn-unix": (None, (None, None)),
    "granian-tcp": ([PROXY, "51000"], (PROXY, 51_000)),
    "granian-unix": (("", "0"), ("", 0)),
    "uvicorn-rewritten": (("unix:", 0), ("unix:", 0)),
    "no-port": ((PROXY, None), (PROXY, None)),
}


class Spy:
    """A proof that notes what it is asked about."""

    name = "spy"
    header: bytes | None = None

    def __init__(self) -> None:
        self.seen: list[RequestFacts] = []

    def check(self, facts: RequestFacts, headers: SelectedHeaders, *, at: datetime) -> None:
        """Note, and hold."""
        self.seen.append(facts)


def peer_seen(scope: dict[str, Any]) -> tuple[str | None, int | None, bool]:
    """What the authenticator is told about the sender of a request."""
    spy = Spy()
    ask_asgi(guarded(unreachable, trusted_proxies=[spy]), scope)
    return spy.seen[0].peer, spy.seen[0].peer_port, spy.seen[0].peer_is_socket


@pytest.mark.parametrize(("client", "peer"), PEERS.values(), ids=PEERS)
def test_h8_peers_as_servers_report_them(client: Any, peer: tuple[str | None, int | None]) -> None:
    """Every server's way to say who sent the request is read."""
    assert peer_seen(http_scope() | {"client": client}) == (*peer, False)


def test_client_may_be_absent() -> None:
    """A scope without ``client``, as the specification allows, has no peer."""
    scope = http_scope()
    del scope["client"]
    assert peer_seen(scope) == (None, None, False)


@pytest.mark.parametrize(
    ("port", "number"), [(443, 443), ("443", 443), (0, 0), (None, None), ("", None), ("-1", None), ("\u0664", None)]
)
def test_port_number(port: object, number: int | None) -> None:
    """A port is a number, or text of digits, or unknown."""
    assert port_number(port) == number


def test_f11_our_own_bug_does_not_run_the_app() -> None:
    """An exception inside the decision leaves the middleware; the app has not run."""

    class Broken:
        """A source with a bug."""

        name, needs_proxy_proof, gives_verdict, sends_certificate, header_names = "broken", True, True, True, ()

        def read(self, *_: object) -> None:
            """Fail."""
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        ask_asgi(guarded(unreachable, source=Broken()), http_scope(GOOD))


def test_apps_exception_passes() -> None:
    """An exception of the app's is its own affair."""

    async def app(*_: object) -> None:
        raise LookupError("mine")

    with pytest.raises(LookupError, match="mine"):
        ask_asgi(guarded(app), http_scope(GOOD))


def test_broken_hook_changes_nothing(caplog: pytest.LogCaptureFixture) -> None:
    """An exception in the operator's hook neither admits nor refuses anybody."""

    def hook(_: Event) -> None:
        raise ZeroDivisionError

    assert ask_asgi(guarded(unreachable, on_event=hook), http_scope(NOBODY)).status == 401
    assert ask_asgi(guarded(on_event=hook), http_scope(GOOD)).status == 200
    assert "on_event raised" in caplog.text


def test_o1_log_injection(caplog: pytest.LogCaptureFixture) -> None:
    """What a client puts into a header is one printable line of the log, whatever it is."""
    evil = "FAILED:x\x1b]0;%s{0}\u00e9 \"'`<script>"
    ask_asgi(guarded(unreachable), http_scope(evidence(verdict="FAILED:x' source=tls instance=none")))
    ask_asgi(guarded(unreachable), http_scope(evidence(verdict=evil)))
    ask_asgi(guarded(unreachable), http_scope(GOOD, peer=evil.replace("\u00e9", "\n")))
    assert len(caplog.records) == 3
    for record in caplog.records:
        assert record.getMessage().isascii()
        assert record.getMessage().isprintable()


def test_h5_one_log_line_names_the_ways_out(caplog: pytest.LogCaptureFixture) -> None:
    """A rewritten peer address is one warning in optional mode too, with what to change."""
    pairs = (*GOOD, ("x-forwarded-for", PROXY))
    with caplog.at_level(logging.WARNING, logger="clientcert"):
        assert who(ask_asgi(guarded(mode="optional"), http_scope(pairs)).body) is None
    (record,) = caplog.records
    for way_out in ("--no-proxy-headers", "UnixSocket()", "SharedSecret(...)", "clientcert.servers.uvicorn:Auto"):
        assert way_out in record.getMessage()


def test_s10_t3_concurrent_requests_see_their_own() -> None:
    """A hundred requests at once, some cancelled: each app sees its own client, and nobody another's."""
    clients = {"alice": GOOD, "admin": evidence(m.ADMIN, subject=m.ADMIN_DN), None: NOBODY}
    seen: list[tuple[str | None, str | None]] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        before = client_identity(scope)
        await asyncio.sleep(0)
        after = client_identity(scope)
        assert before is after
        seen.append((scope["query_string"].decode() or None, None if after is None else after.common_name))

    middleware = guarded(app, mode="optional")

    async def run() -> None:
        tasks = []
        for number in range(100):
            name = list(clients)[number % 3]
            scope = http_scope(clients[name], query_string=(name or "").encode())
            tasks.append(asyncio.create_task(middleware(scope, None, None)))  # type: ignore[arg-type]  # not used
        tasks[7].cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    asyncio.run(run())
    assert len(seen) == 99
    assert all(expected == found for expected, found in seen)


def test_the_identity_key_is_set_for_nobody_too() -> None:
    """An app may always look the identity up: nobody is None, not a missing key."""
    seen: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        seen.append((scope["client_identity"], scope["state"]["client_identity"]))

    messages(guarded(app, mode="optional"), http_scope(NOBODY))
    assert seen == [(None, None)]
