"""
Times of every target under every mix, as ratios.

    python -m benchmarks.bench [mix …] [--target name …] [--rounds 150] [--processes 3]

Microseconds are printed for the reader and kept nowhere.
"""

import argparse
import json
import os
import statistics
import sys
from collections.abc import Iterable, Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.driving import log_to_nowhere
from benchmarks.harness import CONTROL, Rounds, Traffic, in_processes, is_quiet, load_average, measure
from benchmarks.targets import TARGETS, Target
from benchmarks.traffic import MIXES, Mix

ROUNDS, PROCESSES = 150, 3
_FLOORS = {"asgi": "asgi-dictcache", "wsgi": "wsgi-dictcache"}
_BARE = ("asgi-bare", "wsgi-bare")
_COLD_WARM = 40
# Where nobody has a certificate there is nothing to look up.
_SCANS = {"asgi": "asgi-scan1", "wsgi": "wsgi-scan1"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Timed:
    """
    One target under one mix, the median over processes.

    Attributes:
        over_bare: Over the app without it.
        over_floor: Over the least that any cache must do (without certificates: a scan of the headers); None for
            mixes that have no such floor.
        undisturbed: The 5th percentile of `over_bare`.
        extra_microseconds: Over the app without it.
    """

    over_bare: float
    over_floor: float | None
    undisturbed: float
    extra_microseconds: float


def floor_of(target: Target, mix: str) -> str | None:
    """What the target is held against under a mix."""
    if target.over not in _BARE:
        return None
    name = (_SCANS if mix == "nobody" else _FLOORS)[target.kind]
    return name if mix in TARGETS[name].mixes else None


def targets_of(mix: str, names: Sequence[str] = ()) -> list[Target]:
    """The targets that take part, with those they are held against."""
    chosen = [TARGETS[name] for name in names] or [one for one in TARGETS.values() if mix in one.mixes]
    needed = {name for one in chosen for name in (one.over, floor_of(one, mix), one.name) if name}
    needed |= {TARGETS[name].over for name in needed}
    return [one for one in TARGETS.values() if one.name in needed]


def run_mix(mix: Mix, targets: Iterable[Target], *, rounds: int, seed: int) -> Rounds:
    """Measure in this process."""

    def start(target: Target, name: str) -> Traffic:
        return Traffic.start(name, target.start(), mix, warm=_COLD_WARM if target.cold else None)

    traffic = [start(target, target.name) for target in targets]
    return measure(traffic, start(TARGETS[_control(traffic)], CONTROL), rounds=rounds, seed=seed)


def _control(traffic: Sequence[Traffic]) -> str:
    return traffic[0].name


def summarize(runs: Sequence[Rounds], mix: str) -> dict[str, Timed]:
    """The median over processes, of those that were quiet if any was."""
    control = next(iter(runs[0].times))
    quiet = [run for run in runs if is_quiet(run.control(control))] or runs
    found = {}
    for name in runs[0].times:
        if name == CONTROL:
            continue
        target = TARGETS[name]
        ratios = [run.ratio(name, target.over) for run in quiet]
        floor = floor_of(target, mix)
        found[name] = Timed(
            over_bare=statistics.median(ratio.median for ratio in ratios),
            over_floor=None if floor is None else statistics.median(run.ratio(name, floor).median for run in quiet),
            undisturbed=statistics.median(ratio.undisturbed for ratio in ratios),
            extra_microseconds=statistics.median(run.extra_microseconds(name, target.over) for run in quiet),
        )
    return found


def bench(mix: str, names: Sequence[str] = (), *, rounds: int = ROUNDS, processes: int = PROCESSES) -> dict[str, Timed]:
    """Measure one mix in several processes and print the table."""
    print(f"\n{mix}: load average {load_average()}", flush=True)
    arguments = ["--inside", mix, "--rounds", str(rounds), *(f"--target={name}" for name in names)]
    runs: list[Rounds] = in_processes("benchmarks.bench", arguments, _read, processes=processes)
    control = next(iter(runs[0].times))
    for run in runs:
        if not is_quiet(run.control(control)):
            print(f"  disturbed: the control is {run.control(control):.3f} of itself")
    found = summarize(runs, mix)
    for name, timed in found.items():
        floor = "" if timed.over_floor is None else f"{timed.over_floor:7.2f} x {floor_of(TARGETS[name], mix)}"
        print(f"  {name:24} +{timed.extra_microseconds:8.2f} us {timed.over_bare:8.2f} x bare {floor}")
    print(f"  control {statistics.median(run.control(control) for run in runs):.3f}", flush=True)
    return found


def _read(text: str) -> Rounds:
    times: Any = json.loads(text)
    return Rounds(times=times)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("mixes", nargs="*", metavar="mix", help=f"of {', '.join(MIXES)}; all of them")
    parser.add_argument("--target", action="append", default=[], choices=TARGETS, metavar="name")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--processes", type=int, default=PROCESSES)
    parser.add_argument("--inside", choices=MIXES, help=argparse.SUPPRESS)
    parser.add_argument("--seed", type=int, default=0, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.inside:
        log_to_nowhere()
        chosen = targets_of(options.inside, options.target)
        # One of the peers prints a line for each request.
        with Path(os.devnull).open("w", encoding="utf-8") as nowhere, redirect_stdout(nowhere):
            run = run_mix(MIXES[options.inside], chosen, rounds=options.rounds, seed=options.seed)
        json.dump(run.times, sys.stdout)
        return
    for mix in options.mixes or MIXES:
        bench(mix, options.target, rounds=options.rounds, processes=options.processes)


if __name__ == "__main__":
    main()
