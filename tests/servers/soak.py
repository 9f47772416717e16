"""
Does a server's memory grow with its connections? ``python -m tests.servers.soak [--connections N] [SERVER ...]``.

Each server runs twice, in a process of its own: with bridge and middleware, and without both. Its clients do real TLS
handshakes; most of them have a certificate. Linux only.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.servers.matrix import MatrixPki
from tests.servers.soaking import SERVERS, Sample, slope, soak

SAMPLES = 100
# With fewer, a slope shows how caches fill and not what stays.
FEWEST_CONNECTIONS = 20_000
# Allocators fill and caches warm up before anything is a trend.
WARM_UP_SAMPLES = SAMPLES // 5
# Less than the smallest thing of a connection that could stay: a `TlsConnection` without what it refers to.
MOST_BYTES = 64.0
MOST_BLOCKS = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Growth:
    """What one connection adds to a process: resident bytes, and blocks of Python's allocator."""

    resident: float
    blocks: float

    def __str__(self) -> str:
        return f"{self.resident:+.1f} bytes, {self.blocks:+.4f} blocks a connection"


def main(arguments: Sequence[str] | None = None) -> int:
    """Soak the servers, and say whether one has grown: 0, or 1 where it has."""
    parser = argparse.ArgumentParser(prog="tests.servers.soak", description=__doc__)
    parser.add_argument("servers", nargs="*", metavar="SERVER", help=f"of {', '.join(SERVERS)}; all unless given")
    parser.add_argument("--connections", type=int, default=100_000)
    given = parser.parse_args(arguments)
    if unknown := set(given.servers) - set(SERVERS):
        parser.error(f"unknown server {min(unknown)!r}")
    if given.connections < FEWEST_CONNECTIONS:
        parser.error(f"{given.connections:,} connections are too few to tell; at least {FEWEST_CONNECTIONS:,}")
    with tempfile.TemporaryDirectory(prefix="clientcert-soak-") as folder:
        pki = MatrixPki(Path(folder))
        flat = [_is_flat(server, pki, given.connections) for server in given.servers or SERVERS]
    return int(not all(flat))


def _is_flat(server: str, pki: MatrixPki, connections: int) -> bool:
    bridged = _growth(server, pki, connections, is_bridged=True)
    control = _growth(server, pki, connections, is_bridged=False)
    is_flat = bridged.resident - max(control.resident, 0.0) < MOST_BYTES and bridged.blocks < MOST_BLOCKS
    _say(f"{server}: bridged {bridged}; without {control}: {'no growth' if is_flat else 'GROWTH'}")
    return is_flat


def _growth(server: str, pki: MatrixPki, connections: int, *, is_bridged: bool) -> Growth:
    start = SERVERS[server][0 if is_bridged else 1]
    name = f"{server}, {'bridged' if is_bridged else 'without'}"
    samples: list[Sample] = []
    with start(pki, pki.folder) as running:
        begun = time.monotonic()
        for sample in soak(running, pki, connections=connections, samples=SAMPLES, shows=is_bridged):
            samples.append(sample)
            if len(samples) % (SAMPLES // 10) == 0:
                rate = sample.connections / (time.monotonic() - begun)
                memory = f"{sample.resident / 2**20:.2f} MiB resident, {sample.blocks:,} blocks"
                _say(f"{name}: {sample.connections:,} of {connections:,} connections, {rate:.0f} a second, {memory}")
    settled = samples[WARM_UP_SAMPLES:]
    return Growth(
        resident=slope(settled, lambda sample: sample.resident), blocks=slope(settled, lambda sample: sample.blocks)
    )


def _say(line: str) -> None:
    print(line, flush=True)  # noqa: T201 - this is the command's output


if __name__ == "__main__":
    sys.exit(main())
