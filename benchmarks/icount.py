"""
Instructions per request, by callgrind: what no other process on the machine can change.

    python -m benchmarks.icount [target …] [--mix one] [--requests 200] [--profile]

Needs valgrind and a C compiler. Counting is on only while requests are answered, 2n of them minus n of them; with
``PYTHONHASHSEED=0`` it repeats to about 1 %. Valgrind has none of the newest vector instructions, so counts of
signature checks are good for comparing and no measure of time.
"""

import argparse
import ctypes
import gc
import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping
from itertools import islice
from pathlib import Path

from benchmarks.driving import log_to_nowhere
from benchmarks.material import compiled
from benchmarks.traffic import MIXES

_SOURCE = Path(__file__).with_name("callgrind.c")
_TOTAL = re.compile(r"^(?:summary|totals): (\d+)", re.MULTILINE)
_TRIGGER = re.compile(r"^desc: Trigger: Client Request: (.+)$", re.MULTILINE)
REQUESTS, COLD_REQUESTS = 200, 20
# Seen once in a hundred dumps of callgrind 3.19: a total next to 2^64.
_IMPOSSIBLE, _TRIES = 10**12, 3
_COLD_MIXES = frozenset({"flood", "junk"})
Job = tuple[str, str]
"""The names of a target and of a mix."""


class CountingError(RuntimeError):
    """Valgrind or the compiler is missing or failed; the text ends with what it said."""


def count(jobs: Iterable[Job], *, profile: bool = False) -> dict[Job, int]:
    """
    Instructions per request of each target under each mix.

    Args:
        jobs: What to count; one process does all of it.
        profile: Print callgrind's table of functions for each.

    Raises:
        CountingError: See there.
    """
    found: dict[Job, int] = {}
    left = list(jobs)
    for _ in range(_TRIES):
        with tempfile.TemporaryDirectory(prefix="icount-") as folder:
            _run(left, Path(folder))
            totals = read_totals(Path(folder), profile=profile)
        counted = {job: difference(totals, "/".join(job), _size(job)) for job in left}
        found |= {job: number for job, number in counted.items() if 0 < number < _IMPOSSIBLE}
        left = [job for job in left if job not in found]
        if not left:
            return found
    raise CountingError(f"callgrind gave impossible totals {_TRIES} times: {left}")


def difference(totals: Mapping[str, int], name: str, requests: int) -> int:
    """Instructions per request: 2n requests minus n, so that what happens once is not in it."""
    return round((totals[f"{name}/2"] - totals[f"{name}/1"]) / requests)


def _size(job: Job) -> int:
    from benchmarks.targets import TARGETS

    target = TARGETS[job[0]]
    return COLD_REQUESTS if target.cold or (target.looks and job[1] in _COLD_MIXES) else REQUESTS


def _run(jobs: list[Job], folder: Path) -> None:
    command = ("valgrind", "--tool=callgrind", "--instr-atstart=no", f"--callgrind-out-file={folder}/out")
    library = _library()
    arguments = json.dumps([str(library), jobs])
    environment = {**os.environ, "PYTHONHASHSEED": "0", "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        [*command, sys.executable, "-m", "benchmarks.icount", "--inside", arguments],
        capture_output=True,
        text=True,
        check=False,
        env=environment,
    )
    if done.returncode:
        raise CountingError(f"callgrind failed, exit status {done.returncode}:\n{done.stderr[-3000:]}")


def _library() -> Path:
    try:
        return compiled(_SOURCE)
    except (OSError, subprocess.CalledProcessError) as error:
        raise CountingError(f"no C compiler, or no valgrind/callgrind.h: {error}") from error


def read_totals(folder: Path, *, profile: bool = False) -> dict[str, int]:
    """The dumps in a folder: name → instructions."""
    totals: dict[str, int] = {}
    for file in sorted(folder.glob("out.*")):
        text = file.read_text(encoding="utf-8", errors="replace")
        trigger, total = _TRIGGER.search(text), _TOTAL.search(text)
        if trigger and total:
            totals[trigger[1]] = int(total[1])
            if profile and trigger[1].endswith("/2"):
                print(trigger[1])
                print(_functions(file))
    return totals


def _functions(file: Path) -> str:
    done = subprocess.run(["callgrind_annotate", file], capture_output=True, text=True, check=False)
    lines = done.stdout.partition("Ir ")[2].splitlines()[2:32]
    return "\n".join(lines)


def inside(arguments: str) -> None:
    """What runs under callgrind."""
    from benchmarks.targets import TARGETS

    log_to_nowhere()
    library_path, jobs = json.loads(arguments)
    library = ctypes.CDLL(library_path)
    if not library.running():
        raise CountingError("not under valgrind")
    for target_name, mix_name in jobs:
        target, size = TARGETS[target_name], _size((target_name, mix_name))
        running = target.start()
        stream = MIXES[mix_name].stream(running.form)
        running.check(list(islice(stream, 4)))
        for _ in range(3):
            running.block(running.requests(list(islice(stream, size))))
        for part in (1, 2):
            requests = running.requests(list(islice(stream, part * size)))
            gc.collect()
            gc.disable()
            library.start()
            running.block(requests)
            library.stop(f"{target_name}/{mix_name}/{part}".encode())
            gc.enable()


def main() -> None:
    """Count and print."""
    from benchmarks.targets import TARGETS

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("targets", nargs="*", metavar="target", help=f"of {', '.join(TARGETS)}")
    parser.add_argument("--mix", default="one", choices=MIXES)
    parser.add_argument("--profile", action="store_true", help="print callgrind's table of functions")
    parser.add_argument("--inside", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.inside:
        inside(options.inside)
        return
    names = options.targets or [name for name, target in TARGETS.items() if options.mix in target.mixes]
    counts = count([(name, options.mix) for name in names], profile=options.profile)
    for (name, _), number in counts.items():
        over = counts.get((TARGETS[name].over, options.mix))
        print(f"{name:24} {number:>10,}" + (f" {number / over:8.2f} x {TARGETS[name].over}" if over else ""))


if __name__ == "__main__":
    main()
