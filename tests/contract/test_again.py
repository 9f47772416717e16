"""The contract again, for apps that have been asked before: what is remembered changes no answer."""

import json
import random
from collections import defaultdict
from collections.abc import Callable
from typing import Any

import pytest

from clientcert import asgi, wsgi
from clientcert.config import ClientCertConfig
from clientcert.core.authenticator import Authenticator
from clientcert.core.facts import RequestFacts
from clientcert.core.layouts import Spoken
from clientcert.core.outcome import Outcome
from tests.contract.adapters import echo_asgi, echo_wsgi, environ_of, scope_of
from tests.contract.rows import ROWS, Folded, Row
from tests.driving import Answer, ask_asgi, ask_wsgi, websocket_scope
from tests.material import settings

Ask = Callable[[Row], Answer]


def asgi_app(**changes: Any) -> Ask:
    """One ASGI app for many requests, some of them for a WebSocket."""
    app = asgi.ClientCertMiddleware(echo_asgi, ClientCertConfig(**settings(changes)))
    count = iter(range(1_000_000))
    return lambda row: ask_asgi(app, scope_of(row, websocket_scope) if next(count) % 3 == 2 else scope_of(row))


def wsgi_app(**changes: Any) -> Ask:
    """One WSGI app for many requests."""
    app = wsgi.ClientCertMiddleware(echo_wsgi, ClientCertConfig(**settings(changes)))
    return lambda row: ask_wsgi(app, environ_of(row))


APPS: dict[str, Callable[..., Ask]] = {"asgi": asgi_app, "wsgi": wsgi_app}


def groups() -> list[tuple[dict[str, Any], list[str]]]:
    """Rows by settings: those that one app can answer."""
    found: dict[str, tuple[dict[str, Any], list[str]]] = defaultdict(lambda: ({}, []))
    for name, row in ROWS.items():
        changes, names = found[repr(sorted(row.settings.items()))]
        changes.update(row.settings)
        names.append(name)
    return list(found.values())


def status_and_body(answer: Answer) -> tuple[int, Any]:
    """What of an answer is the same each time: not the name of this one refusal."""
    body = json.loads(answer.body)
    return answer.status, {name: value for name, value in body.items() if name != "instance"}


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("adapter", APPS)
def test_rows_in_any_order(adapter: str, seed: int) -> None:
    """An app that has answered any other rows, and the same one, answers each as the table says."""
    order = random.Random(seed)  # noqa: S311 - an order, not a secret
    asked = 0
    for changes, names in groups():
        ask = APPS[adapter](**changes)
        for name in order.sample(names * 4, len(names) * 4):
            row = ROWS[name]
            expected: Row | Folded = row.folded if row.folded is not None and adapter == "wsgi" else row
            status, body = status_and_body(ask(row))
            assert (name, status) == (name, expected.status)
            assert (name, body.get("who")) == (name, expected.who)
            if status == 200:
                assert (name, body["seen"]) == (name, {"host": "app.example", **dict(row.others)})
            asked += 1
    assert asked >= 4 * len(ROWS)


@pytest.mark.parametrize("adapter", APPS)
def test_identities_are_recalled(adapter: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every row with an identity is decided once; the second time, nothing but the memory is asked."""
    authenticated: list[RequestFacts] = []
    genuine = Authenticator.authenticate

    def authenticate(self: Authenticator, facts: RequestFacts, spoken: Spoken | None = None) -> Outcome:
        authenticated.append(facts)
        return genuine(self, facts, spoken)

    monkeypatch.setattr(Authenticator, "authenticate", authenticate)
    recalled = set()
    for name, row in ROWS.items():
        ask = APPS[adapter](**row.settings)
        first = status_and_body(ask(row))
        authenticated.clear()
        assert (name, status_and_body(ask(row))) == (name, first)
        if not authenticated and first[1].get("who"):
            recalled.add(name)
    who = {name for name, row in ROWS.items() if row.who and (adapter == "asgi" or row.folded is None)}
    assert len(who) >= 25
    assert not who - recalled
