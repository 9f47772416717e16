"""
How the cost of a request grows with what it should not depend on, as the exponent of a power law.

    python -m benchmarks.growth [name …]

An exponent of 0 is constant cost, 1 proportional. It is the slope of the straight line through the logarithms (least
squares) of what blocks of each size cost over those of the smallest, in the same round.
"""

import argparse
import math
import random
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count, cycle
from statistics import linear_regression
from typing import Any

from benchmarks import ours
from benchmarks.driving import Running
from benchmarks.harness import Blocks, Calls, Traffic, interleave
from benchmarks.material import DAYS, START, Leaf, leaves, pki
from benchmarks.traffic import MIXES, Sent, evidence, uniform
from clientcert.core.cache import DecisionCache
from clientcert.errors import UnsafeConfigurationWarning
from clientcert.testing import CertificateAuthority

ROUNDS = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Growth:
    """
    One cost against one size.

    Attributes:
        name: What grows.
        sizes: Over the range for which the limit holds.
        limit: Of the exponent.
        start: Makes what is measured at a size.
    """

    name: str
    sizes: tuple[int, ...]
    limit: float
    start: Callable[[int], Blocks]


def exponent(sizes: Sequence[int], costs: Sequence[float]) -> float:
    """The slope of the straight line through the logarithms."""
    return linear_regression([math.log(size) for size in sizes], [math.log(cost) for cost in costs]).slope


def measure(growth: Growth, *, rounds: int = ROUNDS) -> float:
    """The exponent; what was measured at each size is freed afterwards."""
    blocks = [growth.start(size) for size in growth.sizes]
    measured = interleave(blocks, rounds=rounds)
    smallest = blocks[0].name
    costs = [measured.ratio(block.name, smallest).median for block in blocks]
    found = exponent(growth.sizes, costs)
    shown = ", ".join(f"{size:,}: {cost:.2f}" for size, cost in zip(growth.sizes, costs, strict=True))
    print(f"  {growth.name:18} {found:6.3f} (at most {growth.limit})   cost at {shown}", flush=True)
    return found


def _authorities(size: int) -> Blocks:
    """The cold path with that many CAs configured."""
    bundle = pki().trust + b"".join(authority_pems(size - 1))
    with warnings.catch_warnings(category=UnsafeConfigurationWarning, action="ignore"):
        return _cold(size, trust=bundle)


def authority_pems(number_of: int) -> Iterator[bytes]:
    """Self-signed P-256 authorities with names of their own."""
    for number in range(number_of):
        yield CertificateAuthority(f"CA {number}", seed=f"growth {number}", now=START, valid_days=DAYS).pem


def _cold(size: int, stream: Iterator[Sent] | None = None, **changes: Any) -> Blocks:
    """Requests that a middleware decides from nothing."""
    running = Running(name=str(size), kind="asgi", app=ours.asgi_app(cache_size=0, **changes))
    return _checked(Traffic(name=str(size), running=running, stream=stream or MIXES["flood"].stream(), size=4))


def _checked(traffic: Traffic) -> Traffic:
    traffic.check()
    return traffic


def _entries(size: int) -> Blocks:
    """The cold path with a revocation list of that many entries, none of them the client's."""
    now = datetime.now(UTC)
    day = timedelta(days=1)
    crl = pki().issuing.crl(range(1, size + 1), this_update=now - day, next_update=now + day)
    return _cold(size, crl=crl.pem)


def _depth(signatures: int) -> Blocks:
    """The cold path with that many signatures of P-256 between the leaf and the anchor."""
    authority = pki("ec").root
    for number in range(signatures - 1):
        authority = authority.intermediate(f"CA {number}", valid_days=DAYS)
    issued = [authority.issue(f"client-{n}.example.org", serial_number=n + 1, valid_days=DAYS) for n in range(100)]
    sent = [Sent(evidence(Leaf(number + 1, one.der)), number + 1) for number, one in enumerate(issued)]
    return _cold(signatures, cycle(sent), algorithm="ec", trust=authority.bundle_pem)


def _headers(size: int) -> Blocks:
    """Cached requests with that many headers."""
    running = Running(name=str(size), kind="asgi", app=ours.asgi_app(), headers=size)
    return _checked(Traffic(name=str(size), running=running, stream=MIXES["one"].stream(), size=100))


def _identities(size: int) -> Blocks:
    """Cached requests of that many clients, all of them remembered, drawn at random."""
    running = Running(name=str(size), kind="asgi", app=ours.asgi_app(cache_size=size, cache_ttl=timedelta(days=1)))
    # Not `certificates`, which would keep a hundred thousand of them for the rest of the process.
    senders = [Sent(evidence(leaf), leaf.serial) for leaf in leaves(size)]
    for sent in senders:
        running.block(running.requests([sent]))
    numbers = uniform(size)(random.Random(size))  # noqa: S311 - an order, no secret
    stream = (senders[number] for number in numbers)
    return _checked(Traffic(name=str(size), running=running, stream=stream, size=100))


def _full(capacity: int) -> Blocks:
    """Putting one more decision into a cache that is full."""
    cache: DecisionCache[int, float] = DecisionCache(capacity)
    keys = count()

    def put(key: int) -> None:
        cache.put(key, 0, since=0.0, until=1.0)

    for _ in range(capacity):
        put(next(keys))
    return Calls(name=str(capacity), make=lambda: next(keys), call=put, size=500)


GROWTHS = {
    growth.name: growth
    for growth in (
        Growth(name="cas", sizes=(500, 5_000), limit=0.05, start=_authorities),
        Growth(name="cas-from-one", sizes=(1, 5_000), limit=0.05, start=_authorities),
        Growth(name="identities", sizes=(1_000, 10_000, 100_000), limit=0.15, start=_identities),
        Growth(name="put", sizes=(1_000, 10_000, 100_000), limit=0.1, start=_full),
        Growth(name="crl-entries", sizes=(1_000, 100_000), limit=0.05, start=_entries),
        Growth(name="headers", sizes=(20, 200), limit=1.0, start=_headers),
        Growth(name="depth", sizes=(1, 2, 3, 4), limit=1.1, start=_depth),
    )
}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="name", help=f"of {', '.join(GROWTHS)}; all of them")
    for name in parser.parse_args().names or GROWTHS:
        measure(GROWTHS[name])


if __name__ == "__main__":
    main()
