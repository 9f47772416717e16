"""
The share of requests that the identity cache answers, where few clients send most of them.

    python -m benchmarks.hits
"""

from itertools import islice

from benchmarks import ours
from benchmarks.counting import CountingVerifier
from benchmarks.driving import Running
from benchmarks.traffic import MIXES

CAPACITY = 4_096
WANTED = 0.87
_MEASURED = 60_000
_BLOCK = 500


def measure() -> float:
    """The share of hits under Zipf's law with exponent 1.0 over 10,000 clients, warm."""
    verifier = CountingVerifier()
    running = Running(name="hits", kind="asgi", app=ours.asgi_app(trust=None, profile=verifier, cache_size=CAPACITY))
    mix = MIXES["zipf"]
    stream = mix.stream()
    calls = []
    for requests in (mix.warm, _MEASURED):
        calls.append(len(verifier.calls))
        for _ in range(requests // _BLOCK):
            running.block(running.requests(list(islice(stream, _BLOCK))))
    share = 1 - (len(verifier.calls) - calls[1]) / _MEASURED
    running.check(list(islice(stream, 100)))
    print(
        f"  {share:.1%} hits (at least {WANTED:.0%}), capacity {CAPACITY:,}, Zipf(1.0) over {mix.clients:,}", flush=True
    )
    return share


if __name__ == "__main__":
    measure()
