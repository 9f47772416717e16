"""
Times as ratios that a busy machine cannot bend much.

Blocks of about a millisecond of the thread's own processor time, which stands still while others run; in each round one
block of every target, in random order; a ratio is taken between two blocks of one round, and the median over the
rounds counts. The control is the same code under a second name: where its ratio is not 1, the others are worth nothing.
Between processes the layout of memory moves a ratio by some percent, so that several are run and the median of them
counts.
"""

import gc
import os
import random
import statistics
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from time import thread_time_ns
from typing import Any, NamedTuple, Protocol

from benchmarks.driving import Running
from benchmarks.traffic import Mix, Sent

BLOCK_NANOSECONDS = 1_000_000
_MOST_REQUESTS, _FEWEST_REQUESTS = 400, 4
_CHECKED = 20
_COLLECT_EVERY = 10
_UNDISTURBED = 0.05
CONTROL = "control"
CONTROL_LOW, CONTROL_HIGH = 0.97, 1.03


class Blocks(Protocol):
    """What is measured: something that can answer a block of requests."""

    @property
    def name(self) -> str:
        """In the results."""

    def prepare(self) -> Any:
        """Make the next block; not on the clock."""

    def run(self, block: Any) -> float:
        """Answer it; nanoseconds per request."""


class Ratio(NamedTuple):
    """
    One target over another.

    Attributes:
        median: Over the rounds.
        undisturbed: The 5th percentile.
    """

    median: float
    undisturbed: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Rounds:
    """
    What was measured in one process.

    Attributes:
        times: Name → nanoseconds per request, one for each round.
    """

    times: Mapping[str, Sequence[float]]

    def ratio(self, name: str, over: str) -> Ratio:
        """The quotient of two blocks of the same round."""
        return ratio_of([mine / other for mine, other in zip(self.times[name], self.times[over], strict=True)])

    def extra_microseconds(self, name: str, over: str) -> float:
        """What a request costs more, in the median; for the screen, it differs from machine to machine."""
        differences = [mine - other for mine, other in zip(self.times[name], self.times[over], strict=True)]
        return statistics.median(differences) / 1_000

    def control(self, over: str) -> float:
        """The same code against itself."""
        return self.ratio(CONTROL, over).median


def ratio_of(quotients: Sequence[float]) -> Ratio:
    """The median and the 5th percentile."""
    ordered = sorted(quotients)
    return Ratio(statistics.median(ordered), ordered[int(len(ordered) * _UNDISTURBED)])


def is_quiet(control: float) -> bool:
    """Whether a run's other ratios can be believed."""
    return CONTROL_LOW <= control <= CONTROL_HIGH


def interleave(targets: Sequence[Blocks], *, rounds: int, seed: int = 0) -> Rounds:
    """
    Measure targets beside each other.

    Args:
        targets: Each with a name of its own.
        rounds: One block of each per round.
        seed: Of the order.
    """
    order = random.Random(seed)  # noqa: S311 - an order, no secret
    times: dict[str, list[float]] = {target.name: [] for target in targets}
    gc.collect()
    gc.freeze()
    gc.disable()
    try:
        for number in range(rounds):
            for target in order.sample(list(targets), len(targets)):
                times[target.name].append(target.run(target.prepare()))
            if number % _COLLECT_EVERY == 0:
                gc.collect()
    finally:
        gc.enable()
        gc.unfreeze()
    return Rounds(times=times)


@dataclass(slots=True, kw_only=True)
class Traffic:
    """
    A target under a mix; `Blocks`.

    Attributes:
        name: In the results.
        running: What answers.
        stream: What comes in.
        size: Requests of one block.
    """

    name: str
    running: Running
    stream: Iterator[Sent]
    size: int = field(default=_FEWEST_REQUESTS)

    @classmethod
    def start(cls, name: str, running: Running, mix: Mix, *, warm: int | None = None) -> "Traffic":
        """Warm the caches of a target, look at its answers, and find out how many requests make a block."""
        traffic = cls(name=name, running=running, stream=mix.stream(running.form))
        left = mix.warm if warm is None else warm
        while left > 0:
            running.block(running.requests(list(islice(traffic.stream, min(left, _MOST_REQUESTS)))))
            left -= _MOST_REQUESTS
        traffic.check()
        cost = statistics.median(traffic.run(traffic.prepare()) for _ in range(5))
        traffic.size = max(_FEWEST_REQUESTS, min(_MOST_REQUESTS, round(BLOCK_NANOSECONDS / cost)))
        return traffic

    def prepare(self) -> list[Any]:
        """Fresh requests."""
        return self.running.requests(list(islice(self.stream, self.size)))

    def run(self, block: list[Any]) -> float:
        """Nanoseconds per request."""
        return self.running.block(block) / len(block)

    def check(self) -> None:
        """Look at some answers; WrongAnswerError where one is not right."""
        self.running.check(list(islice(self.stream, _CHECKED)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Calls:
    """
    A function, called once for each of some fresh arguments; `Blocks`.

    Attributes:
        name: In the results.
        make: Makes one argument; not on the clock.
        call: What is measured.
        size: Calls of one block.
    """

    name: str
    make: Callable[[], Any]
    call: Callable[[Any], object]
    size: int = 8

    def prepare(self) -> list[Any]:
        """Fresh arguments."""
        return [self.make() for _ in range(self.size)]

    def run(self, block: list[Any]) -> float:
        """Nanoseconds per call."""
        call = self.call
        start = thread_time_ns()
        for argument in block:
            call(argument)
        return (thread_time_ns() - start) / len(block)


def measure(targets: Sequence[Traffic], control: Traffic, *, rounds: int, seed: int = 0) -> Rounds:
    """
    Measure targets under a mix, their answers looked at before, in the middle and after.

    Args:
        targets: What is compared.
        control: One of the targets once more, named `CONTROL`.
        rounds: In two halves.
        seed: Of the order.
    """
    everyone = [*targets, control]
    halves = []
    for half in range(2):
        halves.append(interleave(everyone, rounds=rounds // 2, seed=seed + half))
        for target in everyone:
            target.check()
    return Rounds(times={one.name: [*halves[0].times[one.name], *halves[1].times[one.name]] for one in everyone})


def load_average() -> str:
    """For the screen: what else the machine does."""
    return " ".join(f"{load:.2f}" for load in os.getloadavg())


def in_processes(module: str, arguments: Sequence[str], read: Callable[[str], Any], *, processes: int) -> list[Any]:
    """Run a module of the benchmarks several times, and read what each prints on standard output."""
    results = []
    for number in range(processes):
        command = [sys.executable, "-m", module, *arguments, "--seed", str(number)]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
        results.append(read(done.stdout))
    return results
