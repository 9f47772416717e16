"""`on_problem` through every adapter: one body for all, in the place of the default, and never the client's bytes."""

import json
import re
from collections.abc import Callable
from dataclasses import astuple, replace
from pathlib import Path
from typing import Annotated, Any

import fastapi
import flask
import pytest

from clientcert import ProblemBody, ProblemDetails
from clientcert.core.policy import cn
from clientcert.django.channels import RequireMiddleware
from clientcert.errors import Reason
from clientcert.fastapi import certificate_bound, install
from clientcert.runtime.events import Event
from tests.contract import adapters
from tests.contract.rows import NGINX, REFUSED, Row
from tests.driving import Answer
from tests.frameworks import test_channels, test_contract, test_django_views, test_fastapi, test_flask, test_starlette
from tests.frameworks.clients import connect, get, get_wsgi, thumbprint_of
from tests.material import ADMIN, ALICE, AUTHORITY, EXPIRED, certificate_header, config, settings

ADAPTERS = {**adapters.ADAPTERS, **test_contract.ADAPTERS}
MARK = "<script>alert(1)</script>"
EVIL = AUTHORITY.issue(subject=[("O", MARK), ("CN", f"admin {MARK}")], san=[f"URI:https://evil.example/{'a' * 900}"])
BIDI = AUTHORITY.issue(subject=[("CN", f"{MARK}\u202e\n\x1b[2J")])
SENT = (("x-forwarded-for", MARK), ("user-agent", MARK), ("cookie", f"a={MARK}"), ("referer", MARK))
DENIED = {**NGINX, "policy": cn("admin")}


def hostile(row: Row) -> Row:
    """The same request with text in every place that a client can write to."""
    return replace(row, others=(*row.others, *SENT))


def with_certificate(certificate: Any, status: int, reason: Reason, **changes: Any) -> Row:
    """A request with a certificate that its CA did issue."""
    headers = (certificate_header(certificate), ("ssl-client-verify", "SUCCESS"))
    return Row(headers=headers, settings={**DENIED, **changes}, status=status, reason=reason)


ROWS: dict[str, Row] = {
    name: hostile(REFUSED[name])
    for name in (
        "missing",
        "missing-as-403",
        "stranger",
        "v1-optional-no-ca",
        "c2-expired",
        "n2-verdict-twice",
        "e14-placeholder",
        "r1-header-too-large",
        "r1-certificate-too-large",
        "tls-without-a-connection",
    )
} | {
    "evil-name": hostile(with_certificate(EVIL, 403, Reason.POLICY_DENIED)),
    "bidi-name": hostile(with_certificate(BIDI, 403, Reason.POLICY_DENIED)),
    "evil-verdict": Row(
        headers=(certificate_header(ALICE), ("ssl-client-verify", f"FAILED:{MARK}")),
        settings=NGINX,
        status=403,
        reason=Reason.PROXY_VERDICT_FAILED,
    ),
    "evil-certificate": Row(
        headers=(("ssl-client-cert", MARK), ("ssl-client-verify", "SUCCESS")),
        settings=NGINX,
        status=400,
        reason=Reason.ENCODING_MALFORMED,
    ),
}


def page(details: ProblemDetails) -> ProblemBody:
    """A body with everything that a hook can know."""
    assert not flask.has_request_context()
    text = f"<p>{details.status} {details.title} {details.reason} {details.realm} {details.instance}</p>"
    return ProblemBody(content=text, content_type="text/html; charset=utf-8", headers=(("content-language", "en"),))


def assert_is_the_page(answer: Answer, event: Event, status: int) -> None:
    """The hook's body, with the status and the headers of the refusal."""
    assert answer.status == status
    assert answer.body.startswith(f"<p>{status} ".encode())
    assert answer.body.endswith(f" {event.reason} client certificate {event.instance}</p>".encode())
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["content-language"] == "en"
    assert answer.headers["content-length"] == str(len(answer.body))
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert ("www-authenticate" in answer.headers) is (status == 401)


@pytest.mark.parametrize("name", ROWS)
@pytest.mark.parametrize("adapter", ADAPTERS)
def test_every_adapter_sends_the_hooks_body(adapter: str, name: str) -> None:
    """Each kind of refusal has the hook's body in every adapter; of what the client wrote the hook is told nothing."""
    row, events, told = ROWS[name], list[Event](), list[ProblemDetails]()

    def hook(details: ProblemDetails) -> ProblemBody:
        told.append(details)
        return page(details)

    made = config(**settings({**row.settings, "on_event": events.append, "on_problem": hook}))
    answer = ADAPTERS[adapter](row, made)
    (event,), (details,) = events, told
    assert event.reason is row.reason
    assert_is_the_page(answer, event, row.status)
    assert_constants(details, row)
    assert MARK.encode() not in answer.body


def assert_constants(details: ProblemDetails, row: Row) -> None:
    """No value of the request is in what the hook was told."""
    shown = repr(astuple(details))
    values = [value for _, value in (*row.headers, *row.others) if len(value) > len("SUCCESS,")]
    assert not [value for value in values if value in shown]
    assert "script" not in shown
    assert "evil" not in shown


@pytest.mark.parametrize("adapter", ADAPTERS)
def test_broken_hook_refuses_all_the_same(adapter: str) -> None:
    """Where the hook raises, the client gets the default body, not an error 500, and the app does not run."""

    def hook(details: ProblemDetails) -> ProblemBody:
        raise LookupError(details.instance)

    row = REFUSED["stranger"]
    answer = ADAPTERS[adapter](row, config(on_problem=hook))
    assert (answer.status, json.loads(answer.body)["title"]) == (401, "Client certificate required")
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("adapter", ADAPTERS)
def test_hook_is_not_asked_about_the_accepted(adapter: str) -> None:
    """Who is let in is let in."""

    def hook(details: ProblemDetails) -> ProblemBody:
        raise AssertionError(details)

    row = Row(headers=(certificate_header(ALICE), ("ssl-client-verify", "SUCCESS")), settings=NGINX)
    assert ADAPTERS[adapter](row, config(**NGINX, on_problem=hook)).status == 200


Ask = Callable[[Any, dict[str, Any]], Answer]


def ask_django(view: str, *, is_async: bool) -> Ask:
    """A view of a Django site."""

    def ask(client: Any, changes: dict[str, Any]) -> Answer:
        return test_django_views.ask(test_django_views.VIEWS[view], client, is_async=is_async, **changes)

    return ask


def ask_channels(client: Any, changes: dict[str, Any]) -> Answer:
    """A consumer behind a rule."""
    return connect(test_channels.site(RequireMiddleware(test_channels.ROUTER, cn("admin")), **changes), "/ws", client)


RULES: dict[str, Ask] = {
    "starlette": lambda client, changes: get(test_starlette.app_with(**changes), "/async", client),
    "starlette-mount": lambda client, changes: get(test_starlette.app_with(**changes), "/mount/x", client),
    "starlette-websocket": lambda client, changes: connect(test_starlette.app_with(**changes), "/ws", client),
    "fastapi": lambda client, changes: get(test_fastapi.make(**changes), "/nested/ops/orders", client),
    "fastapi-websocket": lambda client, changes: connect(test_fastapi.make(**changes), "/nested/ops/ws", client),
    "flask": lambda client, changes: get_wsgi(test_flask.make(**changes), "/view", client),
    "flask-blueprint": lambda client, changes: get_wsgi(test_flask.make(**changes), "/ops/x", client),
    "channels": ask_channels,
    **{f"django-wsgi-{view}": ask_django(view, is_async=False) for view in test_django_views.VIEWS},
    **{f"django-asgi-{view}": ask_django(view, is_async=True) for view in test_django_views.VIEWS},
}


@pytest.mark.parametrize("ask", RULES.values(), ids=RULES)
def test_rules_inside_an_app(ask: Ask) -> None:
    """What a rule of the app's own refuses has the hook's body as well."""
    events: list[Event] = []
    changes = {"mode": "optional", "on_event": events.append, "on_problem": page}
    assert ask(ADMIN, changes).status == 200
    for client, status in ((ALICE, 403), (None, 401)):
        answer = ask(client, changes)
        assert_is_the_page(answer, events[-1], status)


def test_report_only_without_a_client() -> None:
    """The parameter that cannot be made up is refused with the hook's body, under the key that the log has."""
    events: list[Event] = []
    app = test_fastapi.make(enforce=False, on_event=events.append, on_problem=page)
    assert_is_the_page(get(app, "/client", None), events[-1], 401)
    assert get(app, "/client", ALICE).status == 200


def test_challenge_of_a_token_stays() -> None:
    """RFC 8705's own challenge is not the hook's to change."""
    app = fastapi.FastAPI()
    install(app, config(on_problem=page))
    claims = {"cnf": {"x5t#S256": thumbprint_of(ALICE)}}

    @app.get("/token")
    def token(found: Annotated[dict[str, Any], fastapi.Depends(certificate_bound(lambda: claims))]) -> str:
        return str(len(found))

    assert get(app, "/token", ALICE).body == b'"1"'
    answer = get(app, "/token", ADMIN)
    assert (answer.status, answer.headers["www-authenticate"]) == (401, 'Bearer error="invalid_token"')
    assert answer.headers["content-type"] == "text/html; charset=utf-8"


def test_example_of_the_page() -> None:
    """The hook of the how-to page does what the page says."""
    text = (Path(__file__).parents[2] / "docs/how-to/authorize.md").read_text(encoding="utf-8")
    (code,) = re.findall(r"```python\n([^`]*def explain.*?)```", text, flags=re.DOTALL)
    names: dict[str, Any] = {}
    exec(code, names)  # noqa: S102 - our own page
    made = config(**NGINX, on_problem=names["explain"])
    expired = (certificate_header(EXPIRED), ("ssl-client-verify", "SUCCESS"))
    answer = adapters.ask_plain_wsgi(Row(headers=expired), made)
    assert (answer.status, answer.headers["content-type"]) == (403, "text/html; charset=utf-8")
    assert b"renew it at pki.example" in answer.body
    assert adapters.ask_plain_wsgi(Row(), made).headers["content-type"] == "application/problem+json"
