"""The page about speed says what was measured."""

from benchmarks.figures import load
from benchmarks.gates import GATES
from benchmarks.report import BEGIN, END, PAGE, PLOT, page_with, plot, render

DOCUMENT = load()


def test_page_is_current() -> None:
    """The generated part is what the committed results give; ``python -m benchmarks.report`` writes it."""
    page = PAGE.read_text(encoding="utf-8")
    assert page_with(render(DOCUMENT), page) == page


def test_plot_is_current() -> None:
    """So is the plot."""
    assert PLOT.read_text(encoding="utf-8") == plot(DOCUMENT)


def test_every_gate_was_measured() -> None:
    """No line of the table is empty."""
    assert [gate.what for gate in GATES if gate.value(DOCUMENT["figures"]) is None] == []


def test_no_time_is_kept() -> None:
    """Ratios, counts, exponents and bytes belong to the code; a time belongs to one machine."""
    words = ("microseconds", "milliseconds", "seconds", "us", "ms", "rate")
    names = [name for name in DOCUMENT["figures"] if name.rpartition("/")[2] in words]
    assert names in ([], ["threads/rate"])


def test_rest_of_the_page_stays() -> None:
    """Writing the generated part touches nothing before or behind it."""
    assert page_with("new", f"before {BEGIN} old {END} after") == f"before {BEGIN}\n\nnew\n\n{END} after"
