"""Starlette's own idioms: rules on endpoints, mounts and roles; the audit finds what would go wrong."""

from collections.abc import Callable
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.authentication import requires
from starlette.endpoints import HTTPEndpoint
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.authentication import AuthenticationMiddleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Host, Mount, Route, WebSocketRoute
from starlette.websockets import WebSocket

from clientcert.core.policy import Roles, anyone, authenticated, cn, o
from clientcert.errors import ConfigurationError, MiddlewareMissingError, Reason
from clientcert.runtime.events import Event
from clientcert.starlette import (
    ClientCertBackend,
    ClientCertMiddleware,
    RequireMiddleware,
    audit,
    client_identity,
    install,
    require,
)
from tests.driving import CLOSED, ask_asgi, http_scope
from tests.frameworks.clients import connect, get
from tests.material import ADMIN, ALICE, NETWORK, PROXY, config

ADMINS = cn("admin")


@require(ADMINS)
async def asynchronous(request: Request) -> Response:
    """An endpoint for admins."""
    return PlainTextResponse("in")


@require(ADMINS)
def synchronous(request: Request) -> Response:
    """The same in a thread."""
    return PlainTextResponse("in")


class Orders(HTTPEndpoint):
    """A class with a rule on a method."""

    @require(ADMINS)
    async def get(self, request: Request) -> Response:
        """For admins."""
        return PlainTextResponse("in")


async def open_to_clients(request: Request) -> Response:
    """For every accepted client."""
    identity = client_identity(request)
    return PlainTextResponse("nobody" if identity is None else identity.common_name)


@require(ADMINS)
async def websocket(websocket: WebSocket) -> None:
    """A WebSocket for admins."""
    await websocket.accept()
    await websocket.send_text("in")


ROUTES = [
    Route("/async", asynchronous),
    Route("/sync", synchronous),
    Route("/class", Orders),
    Route("/route", open_to_clients, middleware=[Middleware(RequireMiddleware, ADMINS)]),
    Mount("/mount", routes=[Route("/x", open_to_clients)], middleware=[Middleware(RequireMiddleware, rule=ADMINS)]),
    Route("/open", open_to_clients),
    Route("/healthz", open_to_clients),
    WebSocketRoute("/ws", websocket),
    Mount("/ws-mount", app=RequireMiddleware(Starlette(routes=[WebSocketRoute("/x", websocket)]), ADMINS)),
]


def app_with(*routes: Any, **changes: Any) -> Starlette:
    """An app that was set up in one line."""
    app = Starlette(routes=routes or ROUTES)
    install(app, config(**changes))
    return app


GUARDED = ["/async", "/sync", "/class", "/route", "/mount/x"]


@pytest.mark.parametrize("path", GUARDED)
def test_rule(path: str) -> None:
    """Whom the rule allows is let in, another client gets 403, nobody 401."""
    app = app_with(mode="optional")
    assert get(app, path, ADMIN).status == 200
    refused = get(app, path, ALICE)
    assert (refused.status, refused.headers["content-type"]) == (403, "application/problem+json")
    assert b"admin" not in refused.body
    missing = get(app, path, None)
    assert (missing.status, missing.headers["cache-control"]) == (401, "no-store")
    assert missing.headers["www-authenticate"].startswith("ClientCert ")


@pytest.mark.parametrize("path", ["/ws", "/ws-mount/x"])
def test_rule_on_websocket(path: str) -> None:
    """A WebSocket is refused before it is accepted, with a response or without."""
    app = app_with(mode="optional")
    assert connect(app, path, ADMIN).body == b"in"
    assert connect(app, path, ALICE).status == 403
    assert connect(app, path, None).status == 401
    assert connect(app, path, ADMIN, denial=False).body == b"in"
    assert connect(app, path, ALICE, denial=False).status == CLOSED


def test_denial_is_explained_to_the_operator_only() -> None:
    """The event has what was got and wanted, and the key that the client was shown."""
    events: list[Event] = []
    answer = get(app_with(on_event=events.append), "/async", ALICE)
    assert [event.reason for event in events] == [None, Reason.POLICY_DENIED]
    outcome = events[1].outcome
    assert getattr(outcome, "detail", "") == 'cn: no, got "alice", wanted "admin"'
    assert str(events[1].instance).encode() in answer.body


def test_report_only() -> None:
    """Without enforcement the denial is reported, and the request goes on."""
    events: list[Event] = []
    app = app_with(enforce=False, on_event=events.append)
    assert get(app, "/async", ALICE).body == b"in"
    assert [(event.reason, event.enforced) for event in events][1:] == [(Reason.POLICY_DENIED, False)]


def test_head_has_no_body() -> None:
    """A refusal of HEAD is its headers alone."""
    scope = http_scope((), path="/async", peer=PROXY) | {"method": "HEAD"}
    answer = ask_asgi(app_with(mode="optional"), scope)
    assert (answer.status, answer.body) == (401, b"")


def test_roles_are_scopes() -> None:
    """``request.user``, ``request.auth.scopes`` and ``@requires`` work."""

    @requires("ops")
    async def ops(request: Request) -> Response:
        user = request.user
        shown = [user.is_authenticated, user.display_name, len(user.identity), request.auth.scopes]
        return JSONResponse(shown)

    async def who(request: Request) -> Response:
        return JSONResponse([request.user.is_authenticated, request.auth.scopes])

    app = Starlette(routes=[Route("/ops", ops), Route("/who", who)])
    backend = ClientCertBackend(Roles({"ops": cn("admin"), "staff": o("Example")}))
    app.add_middleware(AuthenticationMiddleware, backend=backend)
    install(app, config(mode="optional"))
    assert get(app, "/ops", ADMIN).body == (b'[true,"CN=admin,O=Example",69,["authenticated","ops","staff"]]')
    assert get(app, "/ops", ALICE).status == 403
    assert get(app, "/who", ALICE).body == b'[true,["authenticated","staff"]]'
    assert get(app, "/who", None).body == b"[false,[]]"


@pytest.mark.parametrize("wrong", ["ops", None, lambda identity: True], ids=["text", "none", "function"])
def test_no_rule(wrong: Any) -> None:
    """What is no rule is refused where it is written."""
    with pytest.raises(ConfigurationError, match="wanted a rule such as"):
        require(wrong)
    with pytest.raises(ConfigurationError, match="wanted a rule such as"):
        RequireMiddleware(Starlette(), wrong)


def test_require_on_a_class() -> None:
    """A decorated class would be guarded nowhere, so it is refused."""
    with pytest.raises(ConfigurationError, match="RequireMiddleware"):
        require(ADMINS)(Orders)


def test_unknown_setting_is_refused_at_once() -> None:
    """`install` reads the configuration when it is called, not at the first request."""
    with pytest.raises(ConfigurationError, match="unknown setting 'trusted_proxy'"):
        install(Starlette(), trusted_proxy=NETWORK)
    app = app_with()
    with pytest.raises(ConfigurationError, match="twice"):
        install(app, config())


def test_audit_lists_every_route() -> None:
    """Each route is there with its rules, exempt or not."""
    found = audit(app_with(exempt=["/open", "/healthz"]))
    assert str(found).splitlines() == [
        "covered  GET,HEAD   /async  cn('admin')",
        "covered  GET,HEAD   /sync  cn('admin')",
        "covered  GET        /class  cn('admin')",
        "covered  GET,HEAD   /route  cn('admin')",
        "covered  GET,HEAD   /mount/x  cn('admin')",
        "exempt   GET,HEAD   /open  everybody",
        "exempt   GET,HEAD   /healthz  everybody",
        "covered  WEBSOCKET  /ws  cn('admin')",
        "covered  WEBSOCKET  /ws-mount/x  cn('admin') and cn('admin')",
    ]
    found.check()


def inside(
    *middleware: Middleware, routes: Any = ROUTES, after: Callable[[Starlette], None] | None = None
) -> Starlette:
    """An app with middleware of which ours is the outermost, but for what is added after."""
    app = Starlette(routes=routes, middleware=[Middleware(ClientCertMiddleware, config=config()), *middleware])
    if after is not None:
        after(app)
    return app


TWICE = Mount("/twice", app=ClientCertMiddleware(Starlette(routes=[Route("/x", open_to_clients)]), config()))
WRONG: dict[str, tuple[Any, str]] = {
    "nothing-installed": (
        Starlette(routes=ROUTES),
        r"GET,HEAD /async \(.*test_starlette\.py:\d+\): asks for a client, and no ClientCertMiddleware",
    ),
    "open-route": (Starlette(routes=[Route("/x", open_to_clients)]), "/x is open"),
    "sub-app-without-coverage": (
        Starlette(routes=[TWICE, Mount("/admin", routes=[Route("/x", open_to_clients)])]),
        "/admin/x is open",
    ),
    "opaque-sub-app": (Starlette(routes=[Mount("/static", app=PlainTextResponse("x"))]), r"/static/\* is open"),
    "host": (
        Starlette(routes=[Host("a.example", app=Starlette(routes=[Route("/x", open_to_clients)]))]),
        "//a.example/x",
    ),
    "twice": (inside(routes=[TWICE]), "/twice: ClientCertMiddleware is installed twice"),
    "cors-inside": (inside(Middleware(CORSMiddleware, allow_origins=["*"])), "CORSMiddleware is inside"),
    "authentication-outside": (
        inside(after=lambda app: app.add_middleware(AuthenticationMiddleware, backend=ClientCertBackend())),
        "AuthenticationMiddleware is outside",
    ),
    "rule-outside": (
        inside(after=lambda app: app.add_middleware(RequireMiddleware, ADMINS)),
        "RequireMiddleware is outs",
    ),
    "rule-on-exempt-path": (
        app_with(exempt=["/async"]),
        r"/async \(.*test_starlette\.py:\d+\): is exempt, so no client can ever meet its rule",
    ),
    "rule-and-optional": (
        inside(routes=[Route("/x", require(anyone())(require(authenticated())(open_to_clients)))]),
        "has an optional client and a rule",
    ),
}


@pytest.mark.parametrize(("app", "message"), WRONG.values(), ids=WRONG)
def test_audit_refuses(app: Any, message: str) -> None:
    """Each of the classic mistakes is a line that names the place and the way out."""
    with pytest.raises(ConfigurationError, match=message):
        audit(app).check()


def cors_outside(app: Starlette) -> None:
    """Add CORS middleware as the documentation says."""
    app.add_middleware(CORSMiddleware, allow_origins=["*"])


RIGHT: dict[str, Any] = {
    "installed": app_with(),
    "around": ClientCertMiddleware(Starlette(routes=ROUTES), config()),
    "on-a-mount": Starlette(routes=[TWICE]),
    "with-keywords": Starlette(
        routes=ROUTES, middleware=[Middleware(ClientCertMiddleware, mode="optional", exempt=["/healthz"])]
    ),
    "cors-outside": inside(after=cors_outside),
    "authentication-inside": inside(Middleware(AuthenticationMiddleware, backend=ClientCertBackend())),
}


@pytest.mark.parametrize("app", RIGHT.values(), ids=RIGHT)
def test_audit_accepts(app: Any) -> None:
    """What is set up as documented has no problem."""
    audit(app).check()


def test_open_on_purpose() -> None:
    """A path that is named may be open; the identity is read nowhere on it."""
    app = Starlette(routes=[TWICE, Route("/public", open_to_clients)])
    audit(app).check(open_paths=["/public"])


def test_installed_app_is_audited_when_it_starts() -> None:
    """The mistake that was made after `install` keeps the app from answering anything."""
    app = app_with()
    app.add_middleware(RequireMiddleware, rule=ADMINS)
    with pytest.raises(ConfigurationError, match="RequireMiddleware is outside"):
        get(app, "/open")


def test_preflight_is_answered_outside() -> None:
    """A preflight request, which carries no certificate, is answered by CORS middleware around ours, and only there."""
    app = inside(after=cors_outside)
    pairs = [(b"origin", b"https://x.example"), (b"access-control-request-method", b"GET")]
    scope = http_scope((), path="/open") | {"method": "OPTIONS"}
    scope["headers"] += pairs
    assert ask_asgi(app, scope).status == 200
    assert ask_asgi(inside(), scope).status == 401


async def swallow(request: Request, exc: Exception) -> Response:
    """An exception handler that makes a success of everything."""
    return PlainTextResponse(f"swallowed {type(exc).__name__}")


SWALLOWED: Any = dict.fromkeys((Exception, HTTPException, 401, 403, 500), swallow)


@pytest.mark.parametrize("path", [*GUARDED, "/open", "/twice/x"])
def test_exception_handlers_see_no_refusal(path: str) -> None:
    """Inside and outside an app's exception handling a refusal is a response: no handler makes a success of it."""
    around = Starlette(routes=ROUTES, exception_handlers=SWALLOWED)
    install(around, config())
    within = Starlette(routes=[TWICE, Mount("/", app=Starlette())], exception_handlers=SWALLOWED)
    app = within if path == "/twice/x" else around
    refused = get(app, path, None)
    assert (refused.status, refused.headers["content-type"]) == (401, "application/problem+json")
    if path in GUARDED:
        assert get(app, path, ALICE).status == 403
    assert get(app, path, ADMIN).status == 200


def test_identity_outside_the_middleware() -> None:
    """Who reads the identity where no middleware is gets an error, never "nobody"."""
    app = Starlette(routes=[Route("/x", open_to_clients)])
    with pytest.raises(MiddlewareMissingError):
        get(app, "/x")


def test_not_found_is_behind_the_middleware() -> None:
    """Nobody learns which paths there are; a client does."""
    assert get(app_with(), "/absent", None).status == 401
    assert get(app_with(), "/absent", ALICE).status == 404
