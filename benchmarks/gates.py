"""What must hold: a limit for a figure, or for the quotient of two."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from benchmarks.memory import COUNTS, LARGEST_DIFFERENCE, LIMIT_OVER_HEADER
from benchmarks.threads import WANTED_RATE

MICROSECONDS = {("asgi", "one"): 2.2, ("wsgi-optional", "nobody"): 0.3}
"""Target and mix → the most that it may cost over the bare app, on a machine like that of the page."""

SLACK = 0.05
"""How much a count of instructions may grow over the committed one."""


# From here on, decimals say nothing.
_WHOLE = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """
    One line of the table.

    Attributes:
        what: In words.
        figure: Its name.
        over: The figure it is divided by.
        limit: The most that it may be; the least where `at_least`.
        at_least: The more the better.
        is_quiet: Noise cannot move it: part of ``make bench-ci``.
    """

    what: str
    figure: str
    limit: float
    over: str | None = None
    at_least: bool = False
    is_quiet: bool = False

    def value(self, figures: Mapping[str, float]) -> float | None:
        """What was measured; None where it was not."""
        if self.figure not in figures or (self.over is not None and self.over not in figures):
            return None
        return figures[self.figure] / (1.0 if self.over is None else figures[self.over])

    def holds(self, figures: Mapping[str, float]) -> bool:
        """Whether it was measured and keeps to its limit."""
        value = self.value(figures)
        if value is None:
            return False
        return value >= self.limit if self.at_least else value <= self.limit


def _instructions(what: str, target: str, over: str, limit: float, *, mix: str = "one") -> Gate:
    return Gate(
        what=what,
        figure=f"instructions/{target}/{mix}",
        over=f"instructions/{over}/{mix}",
        limit=limit,
        is_quiet=True,
    )


def _time(what: str, target: str, limit: float, *, mix: str = "one") -> Gate:
    return Gate(what=what, figure=f"time-over-floor/{target}/{mix}", limit=limit)


def _share(what: str, target: str, mix: str) -> Gate:
    return Gate(what=what, figure=f"time-of-limit/{target}/{mix}", limit=1)


def _growth(what: str, name: str, limit: float) -> Gate:
    return Gate(what=f"growth exponent, {what}", figure=f"growth/{name}", limit=limit, is_quiet=True)


GATES = (
    _instructions("ASGI cached, instructions over scan + dict", "asgi", "asgi-dictcache", 1.5),
    _instructions("ASGI cached, instructions over empty middleware", "asgi", "asgi-empty", 5.0),
    _time("ASGI cached, time over scan + dict", "asgi", 1.6),
    _share("ASGI cached, time over the bare app, of 2.2 us", "asgi", "one"),
    _time("ASGI cached, 1,000 clients, time over scan + dict", "asgi", 1.6, mix="uniform"),
    _instructions("WSGI cached, instructions over environ get + dict", "wsgi", "wsgi-dictcache", 1.5),
    _time("WSGI cached, time over environ get + dict", "wsgi", 1.5),
    _instructions(
        "no certificate, ASGI, instructions over a header scan", "asgi-optional", "asgi-scan1", 1.6, mix="nobody"
    ),
    _time("no certificate, ASGI, time over a header scan", "asgi-optional", 1.6, mix="nobody"),
    _share("no certificate, WSGI, time over the bare app, of 0.3 us", "wsgi-optional", "nobody"),
    _instructions("flood, instructions over pasted parse + verify", "asgi", "naive-verify", 1.15, mix="flood"),
    Gate(what="flood, time over bare verify", figure="cold/rsa/asgi", limit=1.7),
    Gate(
        what="flood, time over pasted parse + verify", figure="cold/rsa/asgi", over="cold/rsa/naive-verify", limit=1.45
    ),
    Gate(what="behind nginx, throughput over the bare app", figure="e2e/asgi/throughput", limit=0.93, at_least=True),
    Gate(what="behind nginx, CPU per request over the bare app", figure="e2e/asgi/cpu", limit=1.10),
    Gate(
        what="behind nginx, throughput over pasted verify",
        figure="e2e/asgi/throughput",
        over="e2e/naive-verify/throughput",
        limit=5.0,
        at_least=True,
    ),
    Gate(
        what="memory per identity, bytes over its header",
        figure=f"memory/{COUNTS[0]}",
        limit=LIMIT_OVER_HEADER,
        is_quiet=True,
    ),
    Gate(
        what=f"memory per identity, {COUNTS[1]:,} against {COUNTS[0]:,}",
        figure="memory/difference",
        limit=LARGEST_DIFFERENCE,
        is_quiet=True,
    ),
    Gate(
        what="hits, Zipf(1.0) over 10,000, capacity 4,096", figure="hits/zipf", limit=0.87, at_least=True, is_quiet=True
    ),
    _growth("CAs, 500 to 5,000", "cas", 0.05),
    _growth("CAs, 1 to 5,000", "cas-from-one", 0.05),
    _growth("cached identities, 1,000 to 100,000", "identities", 0.15),
    _growth("putting into a full cache, 1,000 to 100,000", "put", 0.1),
    _growth("CRL entries, 1,000 to 100,000", "crl-entries", 0.05),
    _growth("headers, 20 to 200", "headers", 1.0),
    _growth("signatures of the path, 1 to 4", "depth", 1.1),
    Gate(what="verifications when 32 threads bring one new certificate", figure="threads/herd", limit=1, is_quiet=True),
    Gate(what="8 threads over one, cached requests", figure="threads/rate", limit=WANTED_RATE, at_least=True),
    Gate(what="foreign modules that import clientcert loads", figure="imports/foreign", limit=0, is_quiet=True),
    Gate(what="import clientcert, of 10 ms", figure="imports/of-limit", limit=1),
    Gate(what="making a middleware over import cryptography.x509", figure="imports/over-cryptography", limit=1.2),
    Gate(what="start with 150 CAs, of 5 ms", figure="start/150/of-limit", limit=1),
    Gate(what="start with 5,000 CAs, of 150 ms", figure="start/5000/of-limit", limit=1),
    Gate(what="worst header alone, time over an ordinary new client", figure="cold/worst-alone", limit=2.5),
    Gate(what="worst header with chain, time over an ordinary new client", figure="cold/worst-chain", limit=10.0),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """
    What became of one gate.

    Attributes:
        name: Of the gate.
        passed: Whether it holds.
        text: The line to print.
    """

    name: str
    passed: bool
    text: str


def judge(gates: Iterable[Gate], figures: Mapping[str, float]) -> list[Verdict]:
    """Hold figures to limits; what was not measured does not hold."""
    return [_verdict(gate.what, gate.holds(figures), gate.value(figures), gate.limit, gate.at_least) for gate in gates]


def judge_counts(figures: Mapping[str, float], committed: Mapping[str, float], names: Iterable[str]) -> list[Verdict]:
    """Hold counts of instructions to the committed ones; what was never committed is new and holds."""
    verdicts = []
    for name in names:
        if name in figures and name in committed:
            quotient = figures[name] / committed[name]
            passed = quotient <= 1 + SLACK
            verdicts.append(_verdict(f"{name} over the committed count", passed, quotient, 1 + SLACK, at_least=False))
    return verdicts


def _verdict(name: str, passed: bool, value: float | None, limit: float, at_least: bool) -> Verdict:  # noqa: FBT001 - of a gate
    bound = f"at {'least' if at_least else 'most'} {limit:,g}"
    text = f"{'ok  ' if passed else 'FAIL'} {name}: {'not measured' if value is None else shown(value)} ({bound})"
    return Verdict(name=name, passed=passed, text=text)


def shown(value: float) -> str:
    """A figure for people."""
    return f"{value:,.0f}" if abs(value) >= _WHOLE else f"{value:.3g}"
