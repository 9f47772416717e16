"""
What one remembered identity weighs.

    python -m benchmarks.memory [10000 100000]

Each count in a process of its own: what the kernel gave it more while identities were added, divided by their number.
tracemalloc, in another process, sees what Python allocated alone.
"""

import argparse
import gc
import os
import subprocess
import sys
import tracemalloc
from collections.abc import Sequence
from datetime import timedelta
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from benchmarks import ours
from benchmarks.driving import Running
from benchmarks.material import leaves
from benchmarks.traffic import Sent, evidence

COUNTS = (10_000, 100_000)
LIMIT_OVER_HEADER = 1_300
LARGEST_DIFFERENCE = 0.10
# Before the measurement: what is imported, compiled and allocated once.
_WARM = 500


class Weight(NamedTuple):
    """
    Bytes per identity, its header not among them.

    Attributes:
        resident: By the kernel's account.
        traced: By Python's; what OpenSSL and Rust allocate is not in it.
    """

    resident: float
    traced: float


def measure(counts: Sequence[int] = COUNTS) -> dict[int, float]:
    """Resident bytes per identity over the length of its header, for each count."""
    found = {}
    for count in counts:
        resident = _in_process(count, traced=False)
        found[count] = resident
        print(f"  {count:>7,} identities: header + {resident:,.0f} B (at most {LIMIT_OVER_HEADER:,})", flush=True)
    return found


def traced(count: int = COUNTS[0]) -> float:
    """The same by tracemalloc."""
    weight = _in_process(count, traced=True)
    print(f"  {count:>7,} identities: header + {weight:,.0f} B by tracemalloc", flush=True)
    return weight


def difference(found: dict[int, float], header: int) -> float:
    """How much more or less an identity weighs where there are most of them than where there are fewest."""
    few, many = (found[count] + header for count in (min(found), max(found)))
    return many / few - 1


def _in_process(count: int, *, traced: bool) -> float:
    command = [sys.executable, "-m", "benchmarks.memory", "--inside", str(count), *(["--traced"] if traced else [])]
    return float(subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout)


def inside(count: int, *, traced: bool) -> float:
    """Remember that many identities in this process; bytes for each over its header."""
    app = ours.asgi_app(cache_size=count + _WARM, cache_ttl=timedelta(days=1))
    running = Running(name="memory", kind="asgi", app=app)
    certificates = leaves(count + _WARM)
    for leaf in islice(certificates, _WARM):
        running.block(running.requests([Sent(evidence(leaf), leaf.serial)]))
    gc.collect()
    if traced:
        tracemalloc.start()
    before = _size(traced=traced)
    headers = 0
    for leaf in certificates:
        sent = Sent(evidence(leaf), leaf.serial)
        headers += len(sent.evidence[1][1])
        running.block(running.requests([sent]))
    last = sent
    del sent, leaf
    gc.collect()
    grown = _size(traced=traced) - before
    running.check([last])
    return (grown - headers) / count


def _size(*, traced: bool) -> int:
    if traced:
        return tracemalloc.get_traced_memory()[0]
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("counts", nargs="*", type=int, default=COUNTS)
    parser.add_argument("--inside", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--traced", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.inside:
        print(inside(options.inside, traced=options.traced))
        return
    found = measure(options.counts)
    header = len(evidence(next(leaves(1)))[1][1])
    print(f"  the header is {header:,} B; largest against smallest count: {difference(found, header):+.1%}")
    traced()


if __name__ == "__main__":
    main()
