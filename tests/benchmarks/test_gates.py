"""A gate fails on a bad number, and on none."""

from pathlib import Path

import pytest

from benchmarks import figures, icount
from benchmarks.__main__ import show
from benchmarks.gates import GATES, Gate, judge, judge_counts
from benchmarks.targets import TARGETS
from benchmarks.traffic import MIXES

MOST = Gate(what="cost", figure="a", limit=1.5)
QUOTIENT = Gate(what="cost over floor", figure="a", over="b", limit=1.5)
LEAST = Gate(what="hits", figure="a", limit=0.87, at_least=True)


@pytest.mark.parametrize(
    ("gate", "measured", "holds"),
    [
        pytest.param(MOST, {"a": 1.5}, True, id="at the limit"),
        pytest.param(MOST, {"a": 1.51}, False, id="over the limit"),
        pytest.param(MOST, {}, False, id="not measured"),
        pytest.param(QUOTIENT, {"a": 15, "b": 10}, True, id="quotient at the limit"),
        pytest.param(QUOTIENT, {"a": 16, "b": 10}, False, id="quotient over the limit"),
        pytest.param(QUOTIENT, {"a": 1}, False, id="divisor not measured"),
        pytest.param(LEAST, {"a": 0.87}, True, id="at the least"),
        pytest.param(LEAST, {"a": 0.86}, False, id="below the least"),
    ],
)
def test_gate_holds_or_fails(gate: Gate, measured: dict[str, float], *, holds: bool) -> None:
    """Exactly what keeps to the limit holds."""
    (verdict,) = judge([gate], measured)
    assert (verdict.passed, verdict.text.startswith("FAIL")) == (holds, not holds)


@pytest.mark.parametrize(("count", "passes"), {100: True, 105: True, 106: False, 50: True}.items())
def test_count_may_grow_by_five_percent(count: float, *, passes: bool) -> None:
    """More instructions than the committed ones and a little are refused, fewer are welcome."""
    (verdict,) = judge_counts({"n": count}, {"n": 100}, ["n"])
    assert verdict.passed is passes


def test_new_count_is_not_held() -> None:
    """A target that was never committed has nothing to be compared with."""
    assert judge_counts({"new": 7}, {}, ["new"]) == []


def test_failure_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    """The exit status is 1 and the line says which gate it was."""
    assert show(judge([MOST], {"a": 2})) == 1
    assert "FAIL cost: 2 (at most 1.5)" in capsys.readouterr().out
    assert show(judge([MOST], {"a": 1})) == 0


def test_gates_name_what_is_measured() -> None:
    """A gate about a target names one that exists, under a mix that it takes part in."""
    for gate in GATES:
        for figure in filter(None, (gate.figure, gate.over)):
            kind, name, *mix = figure.split("/")
            if kind in {"instructions", "time-over-floor"}:
                assert mix[0] in MIXES
                assert mix[0] in TARGETS[name].mixes


def test_what_noise_moves_is_not_held_in_ci() -> None:
    """No gate on a time is part of ``make bench-ci``."""
    noisy = ("time", "cold", "e2e", "start")
    assert [gate.what for gate in GATES if gate.is_quiet and gate.figure.startswith(noisy)] == []


def test_results_survive_the_file(tmp_path: Path) -> None:
    """What is saved is read again, with the versions it belongs to."""
    file = tmp_path / "results.json"
    figures.save({"b": 17_202.4, "a": 1.23456}, file)
    document = figures.load(file)
    assert document["figures"] == {"a": 1.235, "b": 17_202}
    assert document["environment"] == figures.environment()


def test_callgrind_is_read(tmp_path: Path) -> None:
    """The total of each dump goes to the name it was dumped under; the final dump has none."""
    (tmp_path / "out.1.1").write_text("desc: Trigger: Client Request: asgi/one/1\ntotals: 1000\n", encoding="utf-8")
    (tmp_path / "out.1.2").write_text("desc: Trigger: Client Request: asgi/one/2\ntotals: 3000\n", encoding="utf-8")
    (tmp_path / "out.1").write_text("desc: Trigger: Program termination\ntotals: 9\n", encoding="utf-8")
    totals = icount.read_totals(tmp_path)
    assert totals == {"asgi/one/1": 1000, "asgi/one/2": 3000}
    assert icount.difference(totals, "asgi/one", 200) == 10
