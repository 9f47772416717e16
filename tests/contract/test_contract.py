"""The one table of `rows`, run in full by every adapter."""

import json

import pytest

from clientcert.config import ClientCertConfig
from clientcert.core.outcome import Rejected
from clientcert.runtime.events import Event
from clientcert.runtime.problem import problem_for
from tests.contract.adapters import ADAPTERS, FOLDING
from tests.contract.rows import ROWS, Folded, Row
from tests.driving import Answer
from tests.material import settings


def asked(adapter: str, row: Row) -> tuple[Answer, list[Event]]:
    """What a client gets from an adapter, and what the operator's hook is told."""
    events: list[Event] = []
    config = ClientCertConfig(**settings({**row.settings, "on_event": events.append}))
    return ADAPTERS[adapter](row, config), events


@pytest.mark.parametrize("name", ROWS)
@pytest.mark.parametrize("adapter", ADAPTERS)
def test_contract(adapter: str, name: str) -> None:
    """Status, reason, identity and remaining headers are those of the table, and each request is told once."""
    row = ROWS[name]
    expected: Row | Folded = row.folded if row.folded is not None and adapter in FOLDING else row
    answer, events = asked(adapter, row)
    assert answer.status == expected.status
    assert [event.reason for event in events] == [expected.reason] * row.tells
    if expected.status == 200:
        seen = {"host": "app.example", **dict(row.others)}
        assert json.loads(answer.body) == {"who": expected.who, "seen": seen}
    else:
        (event,) = events
        assert_is_the_problem_of(event, answer)
        assert_shows_nothing_of(row, answer)


def assert_is_the_problem_of(event: Event, answer: Answer) -> None:
    """Every adapter sends the one response that belongs to the outcome, its headers included."""
    assert isinstance(event.outcome, Rejected)
    problem = problem_for(event.outcome, realm="client certificate")
    assert answer.body == problem.body.replace(problem.instance.encode(), str(event.instance).encode())
    assert set(problem.headers) <= set(answer.headers.items())


def assert_shows_nothing_of(row: Row, answer: Answer) -> None:
    """No value that the client sent is in the response (O3)."""
    shown = answer.body.decode() + repr(answer.headers)
    values = [value.strip() for _, value in row.headers]
    assert not [value for value in values if len(value) > len("SUCCESS,") and value in shown]


@pytest.mark.parametrize("name", [name for name, row in ROWS.items() if row.folded is not None])
def test_folded_rows_differ(name: str) -> None:
    """A row is marked as changed by folding only where the answer really is another one."""
    row = ROWS[name]
    assert row.folded is not None
    assert row.folded.why
    assert (row.folded.status, row.folded.reason, row.folded.who) != (row.status, row.reason, row.who)


def test_refusals_have_accepting_twins() -> None:
    """Every set of settings under which something is refused, but for the failing knob, also admits somebody."""
    assert {row.status for row in ROWS.values()} == {200, 400, 401, 403, 421, 431, 500}
    assert sum(row.who is not None for row in ROWS.values()) >= 25


def test_the_table_is_long_enough() -> None:
    """The contract has at least sixty rows, and each has its own name."""
    assert len(ROWS) >= 60
