"""Django: rules on views, the mixin, and what ``manage.py check`` says."""

from collections.abc import Callable
from typing import Any

import pytest
from django.core.checks import run_checks
from django.http import HttpRequest, HttpResponse
from django.test import override_settings
from django.urls import include, path
from django.views import View
from django.views.generic import TemplateView

from clientcert.core.policy import Roles, RulePolicy, authenticated, cn, o
from clientcert.core.proxy import AnyPeer
from clientcert.django import ClientCertRequiredMixin, checks, client_cert_required
from clientcert.django.checks import OURS, SESSION, USER
from clientcert.errors import ConfigurationError, Reason, UnsafeConfigurationWarning
from clientcert.runtime.events import Event
from tests.django_app import serving
from tests.driving import Answer, ask_asgi, ask_wsgi, environ, http_scope
from tests.frameworks.clients import headers_of
from tests.material import ADMIN, ALICE, config, settings

ADMINS = cn("admin")
DJANGO = (
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
)


@client_cert_required(ADMINS)
def function(request: HttpRequest) -> HttpResponse:
    """For admins."""
    return HttpResponse("in")


@client_cert_required(ADMINS)
async def asynchronous(request: HttpRequest) -> HttpResponse:
    """For admins, without a thread."""
    return HttpResponse("in")


class Class(ClientCertRequiredMixin, View):
    """For admins."""

    client_cert_rule = ADMINS

    def get(self, request: HttpRequest) -> HttpResponse:
        """In."""
        return HttpResponse("in")


class AsyncClass(ClientCertRequiredMixin, View):
    """For admins, without a thread."""

    client_cert_rule = ADMINS

    async def get(self, request: HttpRequest) -> HttpResponse:
        """In."""
        return HttpResponse("in")


VIEWS: dict[str, Callable[..., Any]] = {
    "function": function,
    "async-function": asynchronous,
    "class": Class.as_view(),
    "async-class": AsyncClass.as_view(),
}


def ask(view: Callable[..., Any], client: Any, *, is_async: bool, **changes: Any) -> Answer:
    """A site's answer."""
    with serving(config(**{"mode": "optional", **changes}), view, is_async=is_async) as handler:
        headers = headers_of(client)
        return ask_asgi(handler, http_scope(headers)) if is_async else ask_wsgi(handler, environ(headers))


@pytest.mark.parametrize("is_async", [False, True], ids=["wsgi", "asgi"])
@pytest.mark.parametrize("view", VIEWS.values(), ids=VIEWS)
def test_rule(view: Callable[..., Any], *, is_async: bool) -> None:
    """Whom the rule allows is let in, another client gets 403, nobody 401."""
    assert ask(view, ADMIN, is_async=is_async).body == b"in"
    for client, status in ((ALICE, 403), (None, 401)):
        answer = ask(view, client, is_async=is_async)
        assert (answer.status, answer.headers["content-type"]) == (status, "application/problem+json")
    assert ask(view, ALICE, is_async=is_async, enforce=False).body == b"in"


def test_denial_is_told() -> None:
    """The operator's event has the reason and the key that the client was shown."""
    events: list[Event] = []
    answer = ask(function, ALICE, is_async=False, on_event=events.append)
    assert [event.reason for event in events] == [None, Reason.POLICY_DENIED]
    assert str(events[1].instance).encode() in answer.body


def test_without_rule() -> None:
    """Without a rule every accepted client is let in, and nobody else."""
    view = client_cert_required()(lambda request: HttpResponse("in"))
    assert ask(view, ALICE, is_async=False).body == b"in"
    assert ask(view, None, is_async=False).status == 401


def test_rules_add_up() -> None:
    """Of two decorators both must allow, and the view shows both."""
    view = client_cert_required(cn("alice"))(function)
    assert ask(view, ADMIN, is_async=False).status == 403
    assert repr(getattr(view, "client_cert_rule", None)) == "cn('alice') & cn('admin')"


def test_wrong_rule() -> None:
    """What is no rule is refused where it is written, in a class as well."""
    with pytest.raises(ConfigurationError, match="wanted a rule such as"):
        client_cert_required("ops")  # type: ignore[arg-type]
    with pytest.raises(ConfigurationError, match=r"Wrong\.client_cert_rule got 'ops'"):
        type("Wrong", (ClientCertRequiredMixin, View), {"client_cert_rule": "ops"})


def test_mixin_behind_the_view() -> None:
    """The mixin behind a view, whose dispatch would never ask it, is refused."""
    with pytest.raises(ConfigurationError, match="stands before the view"):
        type("Wrong", (TemplateView, ClientCertRequiredMixin), {})
    type("Right", (ClientCertRequiredMixin, TemplateView), {})


def codes(*, deploy: bool = False, **changes: Any) -> dict[str, str]:
    """Code → text of all that the checks find."""
    common = {
        "CLIENTCERT": settings({}),
        "MIDDLEWARE": (OURS, *DJANGO),
        "ROOT_URLCONF": (path("x", function),),
        **changes,
    }
    with override_settings(**common):
        found = run_checks(include_deployment_checks=deploy)
        return {str(each.id): each.msg for each in found if str(each.id).startswith("clientcert.")}


def test_nothing_to_say() -> None:
    """A site that is set up as documented has nothing to correct."""
    assert codes() == {}
    assert codes(MIDDLEWARE=("corsheaders.middleware.CorsMiddleware", OURS)) == {}
    user: dict[str, Any] = {
        "CLIENTCERT_USER": {"attribute": "common_name"},
        "AUTHENTICATION_BACKENDS": [checks.BACKEND],
    }
    assert codes(MIDDLEWARE=(OURS, DJANGO[0], SESSION, DJANGO[1], USER), **user) == {}
    user["CLIENTCERT_USER"] = {"attribute": "common_name", "groups": ["ops"]}
    assert codes(CLIENTCERT=settings({"policy": POLICY}), **user) == {}


with pytest.warns(UnsafeConfigurationWarning):
    ANYBODY = AnyPeer()

POLICY = RulePolicy(rule=authenticated(), roles=Roles({"ops": ADMINS, "staff": o("Example")}))

FOUND: dict[str, tuple[dict[str, Any], str, str]] = {
    "setting": ({"CLIENTCERT": settings({"mod": "x"})}, "clientcert.E001", "unknown setting 'mod'"),
    "no-setting": ({"CLIENTCERT": None}, "clientcert.E001", "settings.CLIENTCERT is missing"),
    "trust-unreadable": ({"CLIENTCERT": settings({"trust": "/absent/ca.crt"})}, "clientcert.E001", "/absent/ca.crt"),
    "wide-network": ({"CLIENTCERT": settings({"trusted_proxies": ["10.0.0.0/8"]})}, "clientcert.W001", "10.0.0.0/8"),
    "any-peer": ({"CLIENTCERT": settings({"trusted_proxies": ANYBODY})}, "clientcert.W001", "AnyPeer()"),
    "not-installed": ({"MIDDLEWARE": DJANGO}, "clientcert.E002", "is not in MIDDLEWARE"),
    "twice": ({"MIDDLEWARE": (OURS, *DJANGO, OURS)}, "clientcert.E003", "twice"),
    "twice-by-another-name": (
        {"MIDDLEWARE": (OURS, "clientcert.django.middleware.ClientCertMiddleware")},
        "clientcert.E003",
        "twice",
    ),
    "not-first": ({"MIDDLEWARE": (*DJANGO, OURS)}, "clientcert.W002", "SessionMiddleware stands before"),
    "cors-behind": (
        {"MIDDLEWARE": (OURS, "corsheaders.middleware.CorsMiddleware")},
        "clientcert.W003",
        "refuses preflight",
    ),
    "guarded-ssl-header": (
        {"SECURE_PROXY_SSL_HEADER": ("HTTP_SSL_CLIENT_VERIFY", "SUCCESS")},
        "clientcert.W004",
        "HTTP_SSL_CLIENT_VERIFY",
    ),
    "session-before-sessions": ({"MIDDLEWARE": (OURS, SESSION, *DJANGO)}, "clientcert.E004", "SessionMiddleware must"),
    "session-after-users": ({"MIDDLEWARE": (OURS, *DJANGO, SESSION)}, "clientcert.E004", "another client's"),
    "remote-user": (
        {"MIDDLEWARE": (OURS, *DJANGO, "django.contrib.auth.middleware.RemoteUserMiddleware")},
        "clientcert.E005",
        "believes a header",
    ),
    "user-setting-missing": ({"MIDDLEWARE": (OURS, *DJANGO, USER)}, "clientcert.E006", "CLIENTCERT_USER is missing"),
    "user-setting": ({"CLIENTCERT_USER": {"attribute": "cn"}}, "clientcert.E006", "attribute is 'cn'"),
    "user-field": (
        {"CLIENTCERT_USER": {"attribute": "uri", "user_field": "mail"}},
        "clientcert.E006",
        "'mail' is not a field",
    ),
    "user-field-not-unique": (
        {"CLIENTCERT_USER": {"attribute": "uri", "user_field": "email", "create": True}},
        "clientcert.E006",
        "create needs a unique field",
    ),
    "typo-in-a-role": (
        {"CLIENTCERT": settings({"policy": POLICY}), "CLIENTCERT_USER": {"attribute": "uri", "groups": ["opps"]}},
        "clientcert.E006",
        "groups has unknown role 'opps', wanted one of: ops, staff",
    ),
    "role-without-a-policy": (
        {"CLIENTCERT_USER": {"attribute": "uri", "groups": ["ops"]}},
        "clientcert.E006",
        "unknown role 'ops', wanted one of: (the policy has no roles)",
    ),
    "backend": ({"CLIENTCERT_USER": {"attribute": "uri"}}, "clientcert.E007", "AUTHENTICATION_BACKENDS"),
}


@pytest.mark.parametrize(("changes", "code", "text"), FOUND.values(), ids=FOUND)
def test_check(changes: dict[str, Any], code: str, text: str) -> None:
    """Each mistake has its code, and a text that names what to change."""
    assert text in codes(**changes)[code]


def test_deployment_check_lists_routes() -> None:
    """``check --deploy`` lists every route with its rule, exempt or not."""
    urls = (
        path("in/", include([path("class", Class.as_view())])),
        path("x", function),
        path("h", lambda request: HttpResponse()),
    )
    found = codes(deploy=True, CLIENTCERT=settings({"exempt": ["/h"], "enforce": False}), ROOT_URLCONF=urls)
    assert found["clientcert.I001"].splitlines() == [
        "routes:",
        "covered  /in/class  cn('admin')",
        "covered  /x  cn('admin')",
        "exempt   /h  everybody",
    ]
    assert "enforce is False" in found["clientcert.W005"]
    assert "clientcert.I001" not in codes()


def test_rule_on_exempt_path() -> None:
    """A rule that no client can meet is an error."""
    found = codes(deploy=True, CLIENTCERT=settings({"exempt": ["/x"]}))
    assert "/x is exempt" in found["clientcert.E008"]
