"""
Measure everything, write the results and the page, and say what does not hold.

    python -m benchmarks          everything, about ten minutes
    python -m benchmarks --ci     what noise cannot move; nothing is written
"""

import argparse
import sys
import time
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor

from benchmarks import bench, cold, e2e, growth, hits, icount, imports, memory, report, start, threads
from benchmarks.figures import Figures, environment, load, save
from benchmarks.gates import GATES, MICROSECONDS, Verdict, judge, judge_counts
from benchmarks.harness import load_average
from benchmarks.material import leaves
from benchmarks.targets import OPTIONS, OURS, TARGETS
from benchmarks.traffic import MIXES, evidence

_COUNTED = ("one", "nobody", "flood")
_FEW_ROUNDS = 30


def counts(*, quick: bool) -> Figures:
    """Instructions per request; `quick` leaves the frameworks and the pasted code out that no gate names."""
    jobs = [(name, mix) for mix in _COUNTED for name, target in TARGETS.items() if mix in target.mixes]
    if quick:
        jobs = [job for job in jobs if _is_held(job)]
    found = icount.count(jobs)
    for (name, mix), number in found.items():
        print(f"  {name:24} {mix:7} {number:>10,} instructions", flush=True)
    return {f"instructions/{name}/{mix}": number for (name, mix), number in found.items()}


def _is_held(job: tuple[str, str]) -> bool:
    name = "/".join(("instructions", *job))
    return name in _own_counts() or any(name in {gate.figure, gate.over} for gate in GATES)


def _own_counts() -> list[str]:
    own = (*OURS, *OPTIONS)
    return [f"instructions/{target.name}/{mix}" for target in own for mix in target.mixes if mix in _COUNTED]


def quiet(*, quick: bool) -> Figures:
    """What noise cannot move, counting beside the rest on the second processor."""
    rounds = _FEW_ROUNDS if quick else growth.ROUNDS
    with ThreadPoolExecutor(1) as pool:
        counting = pool.submit(counts, quick=quick)
        figures = {f"growth/{name}": growth.measure(one, rounds=rounds) for name, one in growth.GROWTHS.items()}
        weights = memory.measure()
        header = len(evidence(next(leaves(1)))[1][1])
        figures |= {f"memory/{count}": weight for count, weight in weights.items()}
        figures |= {"memory/header": header, "memory/difference": abs(memory.difference(weights, header))}
        figures |= {"hits/zipf": hits.measure(), "threads/herd": threads.herd()}
        figures["imports/foreign"] = len(imports.foreign_modules())
        return figures | counting.result()


def times() -> Figures:
    """What needs a quiet machine."""
    figures: Figures = {}
    for mix in MIXES:
        for name, timed in bench.bench(mix).items():
            figures[f"time-over-bare/{name}/{mix}"] = timed.over_bare
            figures[f"time-undisturbed/{name}/{mix}"] = timed.undisturbed
            if (name, mix) in MICROSECONDS:
                figures[f"time-of-limit/{name}/{mix}"] = timed.extra_microseconds / MICROSECONDS[name, mix]
            if timed.over_floor is not None:
                figures[f"time-over-floor/{name}/{mix}"] = timed.over_floor
    for part, ratios in cold.measure().items():
        figures |= {f"cold/{part}/{name}": ratio for name, ratio in ratios.items()}
        if part in {"alone", "chain"}:
            figures[f"cold/worst-{part}"] = max(ratios.values())
    for name, shares in e2e.measure().items():
        figures |= {f"e2e/{name}/{what}": share for what, share in shares.items()}
    figures["threads/rate"] = threads.rate()
    imported = imports.measure()
    figures["imports/of-limit"] = imported.milliseconds / imports.LIMIT_MILLISECONDS
    figures["imports/over-cryptography"] = imported.over_cryptography
    for count, limit in start.LIMITS_MILLISECONDS.items():
        started = start.measure(count)
        figures[f"start/{count}/of-limit"] = started.milliseconds / limit
        figures[f"start/{count}/over-loading"] = started.over_bare
    return figures


def check(figures: Mapping[str, float], *, ci: bool) -> list[Verdict]:
    """Every gate, and for the versions of the committed counts these as well."""
    committed = load()
    verdicts = judge([gate for gate in GATES if gate.is_quiet or not ci], figures)
    if ci and committed["environment"] == environment():
        return verdicts + judge_counts(figures, committed["figures"], _own_counts())
    if ci:
        print("other versions than those of the committed counts: only ratios are held")
    return verdicts


def show(verdicts: Iterable[Verdict]) -> int:
    """Print them; the exit status."""
    failed = [verdict for verdict in verdicts if not verdict.passed]
    for verdict in verdicts:
        print(verdict.text)
    print(f"{len(failed)} gate(s) do not hold" if failed else "every gate holds")
    return 1 if failed else 0


def main() -> int:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ci", action="store_true", help="only what noise cannot move; writes nothing")
    ci: bool = parser.parse_args().ci
    begin = time.monotonic()
    print(f"load average {load_average()}", flush=True)
    figures = quiet(quick=ci)
    if not ci:
        figures |= times()
        save(figures)
        report.main()
    status = show(check(figures, ci=ci))
    print(f"{time.monotonic() - begin:.0f} s")
    return status


if __name__ == "__main__":
    sys.exit(main())
