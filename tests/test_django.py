"""The Django middleware beyond the contract table: settings, sync and async stacks, what the request still shows."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from asgiref.sync import iscoroutinefunction
from django.core.handlers.asgi import ASGIRequest
from django.core.handlers.wsgi import WSGIRequest
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.test import AsyncClient, Client, RequestFactory, override_settings
from django.utils.decorators import sync_and_async_middleware

from clientcert.config import ClientCertConfig
from clientcert.core.proxy import SharedSecret
from clientcert.django import ClientCertMiddleware, client_identity
from clientcert.errors import ConfigurationError, MiddlewareMissingError, Reason
from clientcert.runtime.events import Event
from clientcert.servers.connection import CONNECTION_SCOPE_KEY, TlsConnection
from tests import material as m
from tests.django_app import MIDDLEWARE, serving, urls, whoami, whoami_async
from tests.driving import Answer, ask_asgi, ask_wsgi, environ, http_scope
from tests.material import ALICE, NOBODY, PROXY, STRANGER, Pairs, config, evidence, settings

GOOD = evidence()
VIEWS = {"sync-view": whoami, "async-view": whoami_async}


def unreachable(request: HttpRequest) -> HttpResponse:
    """Fail the test: a view that must not run."""
    raise AssertionError("the view ran")


def ask(  # noqa: PLR0913 - everything a test may turn
    pairs: Pairs,
    *,
    is_async: bool,
    view: Callable[..., Any] = whoami,
    middleware: tuple[str, ...] = (MIDDLEWARE,),
    request: dict[str, Any] | None = None,
    setting: ClientCertConfig | dict[str, Any] | None = None,
    **changes: Any,
) -> Answer:
    """A site's answer to header pairs; `request` goes to the scope or environ, `changes` to the configuration."""
    with serving(setting or config(**changes), view, middleware=middleware, is_async=is_async) as handler:
        if is_async:
            return ask_asgi(handler, http_scope(pairs, **(request or {})))
        return ask_wsgi(handler, environ(pairs, **(request or {})))


def who(answer: Answer) -> str | None:
    """The identity in the answer of an echoing view."""
    identity: str | None = json.loads(answer.body)["who"]
    return identity


stacks = pytest.mark.parametrize("is_async", [False, True], ids=["wsgi", "asgi"])


@stacks
@pytest.mark.parametrize("view", VIEWS.values(), ids=VIEWS)
def test_sync_and_async(view: Callable[..., Any], *, is_async: bool) -> None:
    """Sync and async views under WSGI and ASGI see the same client, and nobody sees a view."""
    assert who(ask(GOOD, view=view, is_async=is_async)) == ALICE.fingerprint_sha256
    assert ask(NOBODY, view=unreachable, is_async=is_async).status == 401


def test_is_async_where_the_stack_is() -> None:
    """Django is told which of its two calling conventions an instance has, so that it adapts nothing."""

    async def get_response(request: HttpRequest) -> HttpResponse:
        return HttpResponse()

    with override_settings(CLIENTCERT=config()):
        assert iscoroutinefunction(ClientCertMiddleware(get_response))
        assert not iscoroutinefunction(ClientCertMiddleware(lambda request: HttpResponse()))
    assert ClientCertMiddleware.sync_capable
    assert ClientCertMiddleware.async_capable


SETTINGS: dict[str, Any] = {"dict": settings({}), "config": config()}


@pytest.mark.parametrize("setting", SETTINGS.values(), ids=SETTINGS)
def test_setting_forms(setting: Any) -> None:
    """The setting is a dict of keywords or a configuration."""
    assert who(ask(GOOD, is_async=False, setting=setting)) == ALICE.fingerprint_sha256


REFUSED_SETTINGS: dict[str, tuple[Any, str]] = {
    "missing": (None, r'settings\.CLIENTCERT is missing; wanted e\.g\. CLIENTCERT = \{"source"'),
    "of-another-type": ("nginx", r"settings\.CLIENTCERT is missing"),
    "unknown-key": (settings({"trusted_proxy": "x"}), r"settings\.CLIENTCERT: unknown setting 'trusted_proxy'"),
    "no-trust": ({"source": "nginx", "trusted_proxies": [m.NETWORK]}, r"settings\.CLIENTCERT: no trust"),
    "empty": ({}, r"settings\.CLIENTCERT: no source"),
}


@stacks
@pytest.mark.parametrize(("setting", "message"), REFUSED_SETTINGS.values(), ids=REFUSED_SETTINGS)
def test_refused_setting(setting: Any, message: str, *, is_async: bool) -> None:
    """A setting that cannot work stops the site from starting, and the text names the setting."""
    with pytest.raises(ConfigurationError, match=message), serving(setting, is_async=is_async):
        pass


def test_setting_that_does_not_exist() -> None:
    """A site without the setting at all is told which one."""
    with override_settings(CLIENTCERT=config()):
        from django.conf import settings as site

        del site.CLIENTCERT
        with pytest.raises(ConfigurationError, match=r"settings\.CLIENTCERT is missing"):
            ClientCertMiddleware(unreachable)


@stacks
def test_f3_installed_twice(*, is_async: bool) -> None:
    """The middleware listed twice is a mistake that answers 500, not one that loses the identity."""
    view = whoami_async if is_async else whoami
    answer = ask(GOOD, is_async=is_async, view=view, middleware=(MIDDLEWARE, MIDDLEWARE))
    assert answer.status == 500


@stacks
def test_f3_installed_twice_says_so(*, is_async: bool) -> None:
    """The error names the setting to correct."""
    request: HttpRequest = RequestFactory().get("/")
    request.client_identity = None  # type: ignore[attr-defined]  # what a first instance leaves
    with override_settings(CLIENTCERT=config()):
        middleware = ClientCertMiddleware(unreachable)
    with pytest.raises(RuntimeError, match="installed twice in MIDDLEWARE"):
        middleware(request)


@sync_and_async_middleware
def reads_headers_early(get_response: Callable[..., Any]) -> Callable[..., Any]:
    """A middleware before ours that looks at the headers, which Django then remembers."""
    if iscoroutinefunction(get_response):

        async def asynchronous(request: HttpRequest) -> HttpResponseBase:
            assert "ssl-client-cert" in request.headers
            response: HttpResponseBase = await get_response(request)
            return response

        return asynchronous

    def synchronous(request: HttpRequest) -> HttpResponseBase:
        assert "ssl-client-cert" in request.headers
        response: HttpResponseBase = get_response(request)
        return response

    return synchronous


@stacks
def test_f9_headers_read_before_us(*, is_async: bool) -> None:
    """Headers that another middleware has made Django remember are forgotten, so that no view sees the evidence."""
    early = f"{__name__}.reads_headers_early"
    view = whoami_async if is_async else whoami
    answer = ask(GOOD, is_async=is_async, view=view, middleware=(early, MIDDLEWARE))
    assert json.loads(answer.body) == {"who": ALICE.fingerprint_sha256, "seen": {"host": "app.example"}}


def test_n23_nothing_of_the_request_shows_evidence() -> None:
    """Neither META, nor headers, nor the scope or environ behind them hold a guarded name."""
    seen: list[HttpRequest] = []

    def view(request: HttpRequest) -> HttpResponse:
        seen.append(request)
        return HttpResponse()

    for is_async in (False, True):
        assert ask(GOOD, is_async=is_async, view=view).status == 200
    under_wsgi, under_asgi = seen
    assert isinstance(under_wsgi, WSGIRequest)
    assert isinstance(under_asgi, ASGIRequest)
    for text in (repr(under_wsgi.META), repr(under_wsgi.environ), repr(under_asgi.META), repr(under_asgi.scope)):
        assert "CERTIFICATE" not in text
        assert "CLIENT_CERT" not in text.replace("clientcert", "")


def test_the_servers_scope_is_not_changed() -> None:
    """The scope of the server keeps its own headers."""
    scope = http_scope(GOOD)
    before = list(scope["headers"])
    with serving(config(), whoami_async, is_async=True) as handler:
        ask_asgi(handler, scope)
    assert scope["headers"] == before


@stacks
def test_head_has_no_body(*, is_async: bool) -> None:
    """A refused HEAD is answered as GET would be, without the body."""
    method = {"method": "HEAD"} if is_async else {"REQUEST_METHOD": "HEAD"}
    get = ask(NOBODY, is_async=is_async, view=unreachable)
    head = ask(NOBODY, is_async=is_async, view=unreachable, request=method)
    assert (head.status, head.body) == (401, b"")
    assert head.headers == get.headers
    assert get.headers["content-length"] == str(len(get.body))


ASGI_TARGETS: dict[str, tuple[dict[str, Any], bool]] = {
    "exact": ({"path": "/healthz", "raw_path": b"/healthz"}, True),
    "no-raw-path": ({"path": "/healthz", "raw_path": None}, True),
    "f8-resolved": ({"path": "/healthz", "raw_path": b"/admin/../healthz"}, False),
    "f8-escaped": ({"path": "/healthz", "raw_path": b"/%68ealthz"}, False),
    "f8-double-slash": ({"path": "//healthz", "raw_path": b"//healthz"}, False),
    "f8-below": ({"path": "/healthz/x", "raw_path": b"/healthz/x"}, False),
    "f8-trailing-slash": ({"path": "/healthz/", "raw_path": b"/healthz/"}, False),
}

WSGI_TARGETS: dict[str, tuple[dict[str, Any], bool]] = {
    "exact": ({"PATH_INFO": "/healthz"}, True),
    "exact-with-query": ({"PATH_INFO": "/healthz", "RAW_URI": "/healthz?x"}, True),
    "f8-resolved": ({"PATH_INFO": "/healthz", "RAW_URI": "/admin/../healthz"}, False),
    "f8-escaped": ({"PATH_INFO": "/healthz", "REQUEST_URI": "/%68ealthz"}, False),
    "f8-double-slash": ({"PATH_INFO": "//healthz"}, False),
    "f8-below": ({"PATH_INFO": "/healthz/x"}, False),
    "f8-mounted": ({"SCRIPT_NAME": "/app", "PATH_INFO": "/healthz"}, False),
    "f8-surrogate": ({"PATH_INFO": "/healthz", "RAW_URI": "/healthz\ud800"}, False),
}


@pytest.mark.parametrize(("request_", "runs"), ASGI_TARGETS.values(), ids=ASGI_TARGETS)
def test_f8_exempt_targets_under_asgi(request_: dict[str, Any], *, runs: bool) -> None:
    """The exempt path alone needs no certificate, by whichever name a gateway may reach it otherwise."""
    answer = ask(GOOD, is_async=True, view=whoami_async, request={"peer": STRANGER, **request_}, exempt=["/healthz"])
    assert answer.status == (200 if runs else 401)
    if runs:
        assert json.loads(answer.body) == {"who": None, "seen": {"host": "app.example"}}


@pytest.mark.parametrize(("request_", "runs"), WSGI_TARGETS.values(), ids=WSGI_TARGETS)
def test_f8_exempt_targets_under_wsgi(request_: dict[str, Any], *, runs: bool) -> None:
    """The same under WSGI, where the raw target has other names."""
    made = environ(GOOD, peer=STRANGER)
    for key in ("RAW_URI", "REQUEST_URI"):
        made.pop(key, None)
    with serving(config(exempt=["/healthz"])) as handler:
        answer = ask_wsgi(handler, made | request_)
    assert answer.status == (200 if runs else 401)


def test_accessor_without_the_middleware() -> None:
    """Asking for an identity where nobody has authenticated is an error that names the line to add."""
    with pytest.raises(MiddlewareMissingError, match=r"clientcert\.django\.ClientCertMiddleware"):
        client_identity(RequestFactory().get("/"))


@stacks
def test_f2_view_without_the_middleware(*, is_async: bool) -> None:
    """A site that forgot the middleware answers 500 where a client is asked for."""
    view = whoami_async if is_async else whoami
    assert ask(GOOD, is_async=is_async, view=view, middleware=()).status == 500


def test_identity_on_the_request() -> None:
    """The identity is an attribute of the request, and the accessor gives the same."""

    def view(request: HttpRequest) -> JsonResponse:
        identity = client_identity(request)
        assert identity is request.client_identity  # type: ignore[attr-defined]  # set by the middleware
        return JsonResponse({"name": None if identity is None else identity.common_name})

    assert json.loads(ask(GOOD, is_async=False, view=view).body) == {"name": "alice"}
    assert json.loads(ask(NOBODY, is_async=False, view=view, mode="optional").body) == {"name": None}


@stacks
def test_tls_connection_of_a_bridge(*, is_async: bool) -> None:
    """The TLS source finds our bridge in the scope, or below a WSGI-on-ASGI server."""
    connection = TlsConnection(peer=(STRANGER, 1), is_tls=True, _chain=(ALICE.der,))
    bridge = {CONNECTION_SCOPE_KEY: connection}
    tls: dict[str, Any] = {"source": "tls", "trusted_proxies": None}
    answer = ask((), is_async=is_async, request=bridge if is_async else {"asgi.scope": bridge}, **tls)
    assert who(answer) == ALICE.fingerprint_sha256
    assert ask((), is_async=is_async, view=unreachable, **tls).status == 500


def test_n4_aliases_under_asgi_are_seen_before_django_joins_them() -> None:
    """Under ASGI the headers are read as they came, not as META holds them."""
    events: list[Event] = []
    pairs = (*GOOD, ("ssl_client_cert", "EVIL"))
    assert ask(pairs, is_async=True, view=unreachable, on_event=events.append).status == 400
    assert [event.reason for event in events] == [Reason.HEADER_ALIAS]


def test_h7_rewritten_address() -> None:
    """A middleware that sets REMOTE_ADDR from X-Forwarded-For before us makes the proof fail, not hold."""

    def rewriting(get_response: Callable[[HttpRequest], HttpResponseBase]) -> Callable[[HttpRequest], HttpResponseBase]:
        def middleware(request: HttpRequest) -> HttpResponseBase:
            request.META["REMOTE_ADDR"] = request.META["HTTP_X_FORWARDED_FOR"]
            return get_response(request)

        return middleware

    pairs = (*GOOD, ("x-forwarded-for", PROXY))
    events: list[Event] = []
    with override_settings(CLIENTCERT=config(on_event=events.append), ROOT_URLCONF=urls(unreachable)):
        inner: Any = ClientCertMiddleware(unreachable)
        response = rewriting(inner)(WSGIRequest(environ(pairs, peer=STRANGER)))
    assert response.status_code == 401
    assert [event.reason for event in events] == [Reason.PEER_ADDRESS_REWRITTEN]


def test_f11_our_own_bug_does_not_run_the_view() -> None:
    """An exception inside the decision is a 500; the view has not run."""

    class Broken:
        """A source with a bug."""

        name, needs_proxy_proof, gives_verdict, sends_certificate, header_names = "broken", True, True, True, ()

        def read(self, *_: object) -> None:
            """Fail."""
            raise ZeroDivisionError

    for is_async in (False, True):
        assert ask(GOOD, is_async=is_async, view=unreachable, source=Broken()).status == 500


@stacks
def test_broken_hook_changes_nothing(*, is_async: bool) -> None:
    """An exception in the operator's hook neither admits nor refuses anybody."""

    def hook(_: Event) -> None:
        raise ZeroDivisionError

    assert ask(NOBODY, is_async=is_async, view=unreachable, on_event=hook).status == 401
    assert ask(GOOD, is_async=is_async, on_event=hook).status == 200


PROVEN_BY_SECRET = {"trusted_proxies": SharedSecret(m.SECRET)}
SECRET_HEADER = {"x-clientcert-proxy": m.SECRET}


def test_djangos_own_test_clients() -> None:
    """Both of Django's test clients reach the middleware as servers do, proven by a secret."""
    headers = dict(GOOD) | SECRET_HEADER
    site = {"CLIENTCERT": config(**PROVEN_BY_SECRET), "MIDDLEWARE": (MIDDLEWARE,), "ROOT_URLCONF": urls(whoami_async)}
    with override_settings(**site):
        assert Client().get("/", headers=headers).json()["who"] == ALICE.fingerprint_sha256
        assert Client().get("/", headers=dict(GOOD)).status_code == 401

        async def asked() -> Any:
            return await AsyncClient().get("/", headers=headers)

        response = asyncio.run(asked())
    assert response.json()["who"] == ALICE.fingerprint_sha256


def test_s10_concurrent_requests_see_their_own() -> None:
    """Requests of different clients at once in one event loop: each view sees its own."""
    clients = {"alice": GOOD, "admin": evidence(m.ADMIN, subject=m.ADMIN_DN)}

    async def view(request: HttpRequest) -> HttpResponse:
        await asyncio.sleep(0)
        identity = client_identity(request)
        assert identity is not None
        return HttpResponse(f"{request.GET['name']} {identity.common_name}")

    async def run(client: AsyncClient, name: str) -> str:
        get: Callable[..., Awaitable[Any]] = client.get
        response = await get(f"/?name={name}", headers=dict(clients[name]) | SECRET_HEADER)
        text: str = response.content.decode()
        return text

    async def run_all() -> list[str]:
        return await asyncio.gather(*(run(AsyncClient(), name) for name in [*clients] * 10))

    with override_settings(CLIENTCERT=config(**PROVEN_BY_SECRET), MIDDLEWARE=(MIDDLEWARE,), ROOT_URLCONF=urls(view)):
        answers = asyncio.run(run_all())
    assert set(answers) == {"alice alice", "admin admin"}
