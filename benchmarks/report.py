"""
The generated part of `docs/reference/performance.md`, and its plot, from `results.json`.

    python -m benchmarks.report
"""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.figures import load
from benchmarks.gates import GATES, Gate, shown
from benchmarks.plot import Bar, bar_chart

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs/reference/performance.md"
PLOT = ROOT / "docs/reference/performance.svg"
BEGIN, END = "<!-- generated: make bench -->", "<!-- end of what is generated -->"

MIXES = ("one", "uniform", "zipf", "flood", "junk", "nobody")
_PLOTTED = {
    "asgi-empty": "empty middleware",
    "asgi-scan1": "scan of the headers",
    "asgi-dictcache": "scan + dict",
    "asgi": "clientcert",
    "naive-parse": "pasted: parse",
    "x509middleware": "x509middleware",
    "naive-verify": "pasted: parse + verify",
    "naive-identity": "pasted: full identity",
    "x509middleware-fields": "x509middleware, fields read",
}
Figures = Mapping[str, float]


def render(document: Mapping[str, Any]) -> str:
    """The generated part of the page."""
    figures: Figures = document["figures"]
    versions = ", ".join(f"{name} {number}" for name, number in document["environment"].items())
    return "\n".join(
        (
            f"Measured on {document['machine']}; {versions}.",
            "",
            "### What must hold",
            "",
            *_table(("what", "limit", "measured", ""), map(_gate_row, GATES, [figures] * len(GATES))),
            "",
            "### Each target",
            "",
            *_table(
                ("target", "instructions", *MIXES),
                (_target_row(name, figures) for name in _names("time-over-bare", figures)),
            ),
            "",
            "![time per request over the bare app, on a logarithmic scale](performance.svg)",
            "",
            "### Behind nginx",
            "",
            *_table(("target", "requests/s over bare", "CPU per request over bare"), _end_to_end_rows(figures)),
            "",
            "### A new client",
            "",
            *_table(
                ("what", "RSA", "EC"),
                (
                    (name, _number(figures.get(f"cold/rsa/{name}")), _number(figures.get(f"cold/ec/{name}")))
                    for name in ("asgi", "naive-verify", "naive-identity")
                ),
            ),
        )
    )


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    lines = [head, ["---"] * len(head), *rows]
    return ["| " + " | ".join(cells) + " |" for cells in lines]


def _gate_row(gate: Gate, figures: Figures) -> Sequence[str]:
    bound = f"{'≥' if gate.at_least else '≤'} {gate.limit:,g}"
    value = gate.value(figures)
    verdict = "not measured" if value is None else "holds" if gate.holds(figures) else "**does not hold**"
    return gate.what, bound, "" if value is None else shown(value), verdict


def _names(kind: str, figures: Figures) -> list[str]:
    """Targets in the order in which they are defined, then peers, which need not be installed to write the page."""
    from benchmarks.targets import PEERS, TARGETS

    measured = {name.split("/")[1] for name in figures if name.startswith(f"{kind}/")}
    ours = [name for name in TARGETS if name in measured and name not in {peer.name for peer in PEERS}]
    return ours + sorted(measured.difference(ours))


def _target_row(name: str, figures: Figures) -> Sequence[str]:
    instructions = figures.get(f"instructions/{name}/one", figures.get(f"instructions/{name}/nobody"))
    counted = "" if instructions is None else f"{instructions:,.0f}"
    return f"`{name}`", counted, *(_number(figures.get(f"time-over-bare/{name}/{mix}")) for mix in MIXES)


def _end_to_end_rows(figures: Figures) -> Iterable[Sequence[str]]:
    names = dict.fromkeys(name.split("/")[1] for name in figures if name.startswith("e2e/"))
    for name in sorted(names, key=lambda one: figures.get(f"e2e/{one}/cpu", 0)):
        yield (
            f"`{name}`",
            f"{figures[f'e2e/{name}/throughput']:.0%}",
            _number(figures.get(f"e2e/{name}/cpu")),
        )


def _number(value: float | None) -> str:
    """Three digits say enough."""
    if value is None:
        return ""
    decimals = next((decimals for decimals, end in ((2, 10), (1, 100)) if value < end), 0)
    return f"{value:,.{decimals}f}"


def plot(document: Mapping[str, Any]) -> str:
    """The times of one cached client over the bare app."""
    figures: Figures = document["figures"]
    bars = [
        Bar(label=label, value=figures[f"time-over-bare/{name}/one"], is_ours=name == "asgi")
        for name, label in _PLOTTED.items()
        if f"time-over-bare/{name}/one" in figures
    ]
    return bar_chart("time per request, as a multiple of the bare ASGI app (one client, again and again)", bars)


def page_with(part: str, page: str) -> str:
    """The page with its generated part replaced."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n\n{part}\n\n{END}{after}"


def main() -> None:
    """Write the page and the plot."""
    document = load()
    PAGE.write_text(page_with(render(document), PAGE.read_text(encoding="utf-8")), encoding="utf-8")
    PLOT.write_text(plot(document), encoding="utf-8")


if __name__ == "__main__":
    main()
