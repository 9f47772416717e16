"""
How long a process takes until it can answer, with many CAs.

    python -m benchmarks.start [5000 150]
"""

import argparse
import statistics
import warnings
from time import process_time
from typing import NamedTuple

from cryptography import x509
from cryptography.x509.verification import Store

from benchmarks import ours
from benchmarks.growth import authority_pems
from benchmarks.material import pki
from clientcert.errors import UnsafeConfigurationWarning

LIMITS_MILLISECONDS = {150: 5.0, 5_000: 150.0}
_TIMES = 7


class Start(NamedTuple):
    """
    Making one middleware.

    Attributes:
        milliseconds: Of processor time, the median; differs from machine to machine.
        over_bare: Over loading the same certificates into cryptography's store and checking nothing.
    """

    milliseconds: float
    over_bare: float


def measure(count: int) -> Start:
    """Make middleware with that many CAs several times."""
    bundle = pki().trust + b"".join(authority_pems(count))
    # The first verification of a process initialises OpenSSL.
    ours.asgi_app()
    own, bare = [], []
    for _ in range(_TIMES):
        start = process_time()
        Store(x509.load_pem_x509_certificates(bundle))
        middle = process_time()
        with warnings.catch_warnings(category=UnsafeConfigurationWarning, action="ignore"):
            ours.asgi_app(trust=bundle)
        own.append(process_time() - middle)
        bare.append(middle - start)
    quotients = (mine / other for mine, other in zip(own, bare, strict=True))
    found = Start(statistics.median(own) * 1_000, statistics.median(quotients))
    limit = LIMITS_MILLISECONDS.get(count)
    wanted = "" if limit is None else f" (at most {limit:.0f} ms)"
    print(f"  {count:>5,} CAs: {found.milliseconds:.1f} ms{wanted}, {found.over_bare:.1f} x loading them", flush=True)
    return found


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("counts", nargs="*", type=int, default=sorted(LIMITS_MILLISECONDS))
    for count in parser.parse_args().counts:
        measure(count)


if __name__ == "__main__":
    main()
