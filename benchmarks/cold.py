"""
A client that is seen for the first time.

    python -m benchmarks.cold [--rounds 60] [--processes 3]

Ours against checking signatures alone, against pasted code, and the dearest input against an ordinary one.
"""

import argparse
import json
import statistics
import sys
from collections.abc import Callable, Iterator, Mapping
from itertools import cycle, repeat
from typing import Any

from cryptography import x509
from cryptography.x509.verification import Store

from benchmarks import baselines, ours
from benchmarks.driving import Running, log_to_nowhere
from benchmarks.harness import Blocks, Calls, Rounds, Traffic, in_processes, interleave
from benchmarks.hostile import ALONE, CHAINS
from benchmarks.material import Algorithm, leaves, pki
from benchmarks.traffic import Pairs, Sent, certificates
from benchmarks.witness import asgi_hello

ROUNDS, PROCESSES = 60, 3
BARE, OURS, VERIFY, IDENTITY = "bare verify", "asgi", "naive-verify", "naive-identity"
_CERTIFICATES = 500
_SIZE = 4


def bare(algorithm: Algorithm) -> Blocks:
    """Build a verifier and verify a certificate that is parsed already: what nobody can leave out."""
    store, issuing = Store([pki(algorithm).root.certificate]), pki(algorithm).issuing.certificate
    parsed = cycle([x509.load_der_x509_certificate(leaf.der) for leaf in leaves(_CERTIFICATES, algorithm)])

    def verify(leaf: x509.Certificate) -> object:
        return baselines.verifier(store).verify(leaf, [issuing])

    return Calls(name=BARE, make=lambda: next(parsed), call=verify, size=_SIZE)


def flood(algorithm: Algorithm) -> list[Blocks]:
    """Everybody under clients that are all new."""

    def start(name: str, app: Any) -> Traffic:
        running = Running(name=name, kind="asgi", app=app)
        traffic = Traffic(name=name, running=running, stream=_new_clients(algorithm), size=_SIZE)
        traffic.check()
        return traffic

    return [
        bare(algorithm),
        start(OURS, ours.asgi_app(algorithm, cache_size=_CERTIFICATES // 5)),
        start(VERIFY, baselines.AsgiNaive(asgi_hello, baselines.naive_verify(algorithm))),
        start(IDENTITY, baselines.AsgiNaive(asgi_hello, baselines.naive_identity(algorithm))),
    ]


def _new_clients(algorithm: Algorithm) -> Iterator[Sent]:
    """In turn, more of them than the cache remembers."""
    return cycle(certificates(_CERTIFICATES, "nginx", algorithm))


def worst(inputs: Mapping[str, Callable[[], Pairs]], source: str) -> list[Blocks]:
    """Dear inputs beside an ordinary one, nothing remembered."""
    running = Running(name=source, kind="asgi", app=ours.asgi_app(source=source, cache_size=0))
    form = "rfc9440" if source == "rfc9440" else "nginx"
    ordinary = cycle(certificates(_CERTIFICATES, form))
    streams = {OURS: ordinary} | {name: repeat(Sent(make(), None)) for name, make in inputs.items()}
    return [Traffic(name=name, running=running, stream=stream, size=_SIZE) for name, stream in streams.items()]


def inside(rounds: int, seed: int) -> dict[str, Mapping[str, Any]]:
    """Measure everything in this process."""
    log_to_nowhere()
    parts = {
        "rsa": flood("rsa"),
        "ec": flood("ec"),
        "alone": worst(ALONE, "nginx"),
        "chain": worst(CHAINS, "rfc9440"),
    }
    return {name: interleave(blocks, rounds=rounds, seed=seed).times for name, blocks in parts.items()}


def measure(*, rounds: int = ROUNDS, processes: int = PROCESSES) -> dict[str, dict[str, float]]:
    """Ratios to checking signatures (``rsa``, ``ec``) or to an ordinary new client; the medians over processes."""
    arguments = ["--inside", "--rounds", str(rounds)]
    runs = in_processes("benchmarks.cold", arguments, json.loads, processes=processes)
    found = {}
    for part in runs[0]:
        over = BARE if part in {"rsa", "ec"} else OURS
        many = [Rounds(times=run[part]) for run in runs]
        found[part] = {name: _median(many, name, over) for name in many[0].times if name != over}
        print(f"  {part}:", *(f"{name} {ratio:.2f}," for name, ratio in found[part].items()), f"x {over}", flush=True)
    return found


def _median(runs: list[Rounds], name: str, over: str) -> float:
    return statistics.median(run.ratio(name, over).median for run in runs)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--processes", type=int, default=PROCESSES)
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--seed", type=int, default=0, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.inside:
        json.dump(inside(options.rounds, options.seed), sys.stdout)
    else:
        measure(rounds=options.rounds, processes=options.processes)


if __name__ == "__main__":
    main()
