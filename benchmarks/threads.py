"""
Many threads on one middleware.

    python -m benchmarks.threads

A herd: 32 threads with one certificate that nobody has seen yet, which must be verified once. And the rate of cached
requests with eight threads against one: a lock on the way would show.
"""

import sys
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from time import perf_counter_ns
from typing import Any

from benchmarks import ours
from benchmarks.counting import CountingVerifier
from benchmarks.driving import Running
from benchmarks.traffic import certificates

HERD = 32
THREADS = 8
WANTED_RATE = 0.6
_TRIES = 20
_ROUNDS = 15
_REQUESTS = 400
_SWITCH_SECONDS = 1e-5


def herd() -> int:
    """The most verifications that one new certificate has cost in several tries; 1 is right."""
    most = 0
    interval = sys.getswitchinterval()
    # Threads give way 500 times as often as usual, so that they meet in every gap there is.
    sys.setswitchinterval(_SWITCH_SECONDS)
    try:
        for sent in certificates(_TRIES):
            verifier = CountingVerifier()
            running = Running(name="herd", kind="wsgi", app=ours.wsgi_app(trust=None, profile=verifier))
            requests = [running.requests([sent]) for _ in range(HERD)]
            _together(running, requests)
            running.check([sent])
            most = max(most, len(verifier.calls))
    finally:
        sys.setswitchinterval(interval)
    print(f"  {HERD} threads on one new certificate: {most} verification(s) at most in {_TRIES} tries", flush=True)
    return most


def rate() -> float:
    """Cached requests per second of eight threads over those of one, the median of several rounds."""
    running = Running(name="rate", kind="wsgi", app=ours.wsgi_app())
    (sent,) = certificates(1)
    running.check([sent] * 3)
    quotients = []
    for _ in range(_ROUNDS):
        one = _together(running, [running.requests([sent] * (_REQUESTS * THREADS))])
        several = _together(running, [running.requests([sent] * _REQUESTS) for _ in range(THREADS)])
        quotients.append(one / several)
    found = sorted(quotients)[len(quotients) // 2]
    print(f"  {THREADS} threads: {found:.2f} x the rate of one (at least {WANTED_RATE})", flush=True)
    return found


def _together(running: Running, blocks: list[list[Any]]) -> float:
    """Answer each block in a thread of its own, all at once; nanoseconds until the last is done."""
    barrier = Barrier(len(blocks) + 1)

    def answer(block: list[Any]) -> None:
        barrier.wait()
        running.block(block)

    with ThreadPoolExecutor(len(blocks)) as pool:
        pending = [pool.submit(answer, block) for block in blocks]
        barrier.wait()
        start = perf_counter_ns()
        for one in pending:
            one.result()
        return perf_counter_ns() - start


if __name__ == "__main__":
    herd()
    rate()
