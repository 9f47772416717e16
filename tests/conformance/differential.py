"""Compare `standard` with OpenSSL on mutated chains: it may refuse more, never accept more."""

import time
import warnings
from collections import Counter
from dataclasses import dataclass, field

from clientcert.core.certificate import parse_certificate
from clientcert.core.limits import Limits
from clientcert.core.verification import StandardVerifier, TrustStore
from clientcert.errors import ClientCertError, ConfigurationError
from tests.conformance.mutants import NOW, Chain, Mutator
from tests.conformance.oracle import accepts

_LIMITS = Limits()


@dataclass(slots=True)
class Outcome:
    """
    What a run found.

    Attributes:
        counts: By (OpenSSL accepts, `standard` accepts).
        false_accepts: Chains that only `standard` accepts.
        seconds: How long it took.
    """

    counts: Counter[tuple[bool, bool]] = field(default_factory=Counter)
    false_accepts: list[Chain] = field(default_factory=list)
    seconds: float = 0.0

    def __str__(self) -> str:
        """One line for a terminal."""
        both, neither = self.counts[True, True], self.counts[False, False]
        return (
            f"{self.counts.total()} mutants in {self.seconds:.1f} s: accept/accept {both}, reject/reject {neither}, "
            f"false accept {self.counts[False, True]}, false reject {self.counts[True, False]}"
        )


def standard_accepts(chain: Chain) -> bool:
    """The verdict of `standard`; anything but our own errors propagates."""
    try:
        verifier = StandardVerifier(TrustStore.load(chain.anchor))
        leaf = parse_certificate(chain.leaf, limits=_LIMITS)
        intermediates = [parse_certificate(der, limits=_LIMITS) for der in chain.intermediates]
        verifier.verify(leaf, intermediates=intermediates, at=NOW)
    except (ClientCertError, ConfigurationError):
        return False
    return True


def compare(*, seed: int, mutants: int | None = None, seconds: float | None = None) -> Outcome:
    """Run until a number of mutants or a time is reached."""
    outcome, mutator, start = Outcome(), Mutator(seed), time.monotonic()
    with warnings.catch_warnings():
        # OpenSSL's side parses serial numbers that cryptography warns about; ours must not get that far.
        warnings.simplefilter("ignore")
        while (mutants is None or outcome.counts.total() < mutants) and (
            seconds is None or time.monotonic() - start < seconds
        ):
            chain = mutator.chain()
            verdict = accepts(chain, NOW), standard_accepts(chain)
            outcome.counts[verdict] += 1
            if verdict == (False, True):
                outcome.false_accepts.append(chain)
    outcome.seconds = time.monotonic() - start
    return outcome
