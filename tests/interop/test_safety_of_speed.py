"""Speed that is safe: whatever is remembered, everybody gets their own identity, and only as long as it holds."""

from pathlib import Path

import pytest

from tests.interop.safety import SERVERS, hammer
from tests.interop.safety_clients import Client, Population
from tests.interop.safety_facts import Observed
from tests.interop.safety_traffic import Answer, fault
from tests.interop.safety_trust import Step
from tests.peers import require_peer

# Each of the three ways in which trust changes, there and back.
STEPS = 6
ANSWERS_A_STEP = 400


@pytest.fixture(scope="session")
def population(tmp_path_factory: pytest.TempPathFactory) -> Population:
    """Sixty clients of five issuers."""
    return Population(tmp_path_factory.mktemp("population"))


@pytest.mark.parametrize("server", SERVERS)
def test_everybody_gets_their_own_identity(server: str, population: Population, tmp_path: Path) -> None:
    """Of thousands of answers, most from memory and over shared connections, each is its own client's and holds now."""
    require_peer("nginx")
    report = hammer(
        server,
        population,
        tmp_path,
        go_on=lambda step: step < STEPS,
        answers_a_step=ANSWERS_A_STEP,
        seed=1,
    )
    assert report.faults == []
    assert report.answers > STEPS * ANSWERS_A_STEP
    assert STEPS in report.newest.values()
    assert min(report.hits, report.recalled) > report.passes / 2, report
    assert report.refusals > STEPS, report
    assert report.most_shared > len(population.clients) / 2 or not report.shared, report


STEPS_OF_ONE = (
    Step(authorities=frozenset({"beside"}), revoked=frozenset(), lists={"beside": 0}),
    Step(authorities=frozenset({"beside"}), revoked=frozenset({"beside-0"}), lists={"beside": 1}),
    Step(authorities=frozenset(), revoked=frozenset(), lists={"beside": 1}),
    Step(authorities=frozenset({"beside"}), revoked=frozenset(), lists={"beside": 3}),
)


def answer(client: Client, row: str) -> Answer:
    """``200 own 0-1 by 0``: the status, whose identity, the steps before and after, the number of the list."""
    status, who, steps, *listed = row.replace(" by", "").split()
    before, after = map(int, steps.split("-"))
    return Answer(
        status=int(status),
        observed=Observed(process=1, connection=1, before=before, after=after, is_recalled=True),
        who={"own": client.who, "another": ("1", "2", "3")}.get(who),
        listed=int(*listed),
    )


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ("200 own 0-0 by 0", None),
        ("200 own 0-1 by 0", None),
        ("200 own 3-3 by 3", None),
        ("403 nobody 0-1", None),
        ("403 nobody 1-2", None),
        ("200 another 0-0 by 0", "got the identity of another"),
        ("200 own 1-1 by 0", "got 200 in steps 1 to 1"),
        ("200 own 1-2 by 0", "got 200 in steps 1 to 2"),
        ("200 own 3-3 by 0", "passed by list 0"),
        ("403 nobody 0-0", "got 403 in steps 0 to 0"),
        ("403 nobody 3-3", "got 403 in steps 3 to 3"),
        ("502 nobody 1-1", "status=502"),
    ],
)
def test_what_is_wrong_is_seen(row: str, expected: str | None, population: Population) -> None:
    """What the test above looks with: a client is served in steps 0 and 3, revoked in 1, of no trusted CA in 2."""
    client = population.of("beside")[0]
    why = fault(client, answer(client, row), STEPS_OF_ONE)
    assert (why is None) if expected is None else (expected in str(why))


def test_answer_that_passed_us_by_is_wrong(population: Population) -> None:
    """A page that the app did not send is no refusal."""
    assert fault(population.clients[0], Answer(status=403, observed=None), STEPS_OF_ONE) is not None
