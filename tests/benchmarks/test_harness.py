"""The instruments measure what is there, on clocks that are known."""

import gc
import json
from dataclasses import dataclass, field
from typing import Any

import pytest

from benchmarks.growth import exponent
from benchmarks.harness import CONTROL, Rounds, interleave, is_quiet, ratio_of


@dataclass
class Fake:
    """Blocks that cost what they are told to."""

    name: str
    cost: float
    log: list[str] = field(default_factory=list)

    def prepare(self) -> Any:
        """Nothing."""
        return None

    def run(self, block: Any) -> float:
        """The cost, times the weather of this round."""
        del block
        self.log.append(self.name)
        weather = 1 + len(self.log) // 3 % 5
        return self.cost * weather


def test_ratio_is_exact_in_any_weather() -> None:
    """What slows a whole round changes no ratio."""
    log: list[str] = []
    rounds = interleave([Fake("bare", 10, log), Fake("ours", 25, log), Fake(CONTROL, 10, log)], rounds=50)
    assert rounds.ratio("ours", "bare").median == pytest.approx(2.5)
    assert rounds.control("bare") == pytest.approx(1.0)


def test_each_round_has_one_block_of_each() -> None:
    """No target is measured twice in a round, and the order changes."""
    log: list[str] = []
    interleave([Fake(name, 1, log) for name in "abc"], rounds=20)
    rounds = [tuple(log[start : start + 3]) for start in range(0, len(log), 3)]
    assert all(sorted(one) == ["a", "b", "c"] for one in rounds)
    assert len(set(rounds)) > 2


def test_collector_is_off_within_and_on_after() -> None:
    """The garbage collector does not run in a block, and is back even after a failure."""

    @dataclass
    class Failing(Fake):
        def run(self, block: Any) -> float:
            assert not gc.isenabled()
            raise ValueError(block)

    with pytest.raises(ValueError, match="None"):
        interleave([Failing("a", 1)], rounds=1)
    assert gc.isenabled()


@pytest.mark.parametrize(
    ("control", "quiet"), {1.0: True, 0.97: True, 1.03: True, 0.96: False, 1.04: False, 0.5: False}.items()
)
def test_control_decides_whether_a_run_counts(control: float, *, quiet: bool) -> None:
    """A run whose bare app is not itself is marked."""
    assert is_quiet(control) is quiet


def test_undisturbed_is_the_fifth_percentile() -> None:
    """Of a hundred rounds the sixth smallest, and the median in the middle."""
    assert ratio_of([float(number) for number in range(101)]) == (50.0, 5.0)


@pytest.mark.parametrize("power", [0.0, 0.15, 0.5, 1.0, 2.0])
def test_exponent_of_a_power_is_that_power(power: float) -> None:
    """The fit finds what was put in."""
    sizes = (10, 100, 1_000, 5_000)
    assert exponent(sizes, [3 * size**power for size in sizes]) == pytest.approx(power)


def test_exponent_sees_a_linear_search() -> None:
    """A cost with a fixed and a linear part is over the limit of what must not grow."""
    sizes = (500, 5_000)
    assert exponent(sizes, [100 + 0.05 * size for size in sizes]) > 0.05


def test_rounds_survive_a_pipe() -> None:
    """What a process prints is what the other reads."""
    rounds = Rounds(times={"a": [1.0, 2.0], "b": [2.0, 4.0]})
    again = Rounds(times=json.loads(json.dumps(rounds.times)))
    assert again.ratio("b", "a").median == 2.0
