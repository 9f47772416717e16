"""The numbers: one table for people at a terminal and in the documentation."""

from pathlib import Path

from tests.conformance.corpora import CORPORA
from tests.conformance.verdicts import LISTED, ROWS, allowed, mismatches, tally

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "conformance.md"

_TITLES = {
    "matrix": "OpenSSL client matrix (verdict: `openssl verify -purpose sslclient`, 3.0.22)",
    "limbo": "x509-limbo, client cases without peer names and CRLs (verdict: limbo's)",
    "pkits": "NIST PKITS without policy processing and CRLs (verdict: NIST's)",
}
_HEADER = ("profile", "accept/accept", "reject/reject", "false accept", "false reject")

_INTRODUCTION = """\
# Conformance

Verdicts of each profile on three corpora, as `make conformance` prints them; the tests fail when this page is not
current. *False accept*: the profile accepts what the corpus calls invalid; *false reject*: the reverse. Every
difference of `standard` and `openssl` is named below with its reason, of `openssl` also at security level 0, where
keys and signatures may be as weak as OpenSSL can verify; `strict` refuses whatever the Web PKI's rules refuse, and
accepts nothing that `standard` refuses. The data and its licences: `tests/data/corpora/README.md`.
"""


def rows(corpus: str) -> list[tuple[str, ...]]:
    """One row for each profile, as text."""
    table = []
    for profile in ROWS:
        counts = tally(corpus, profile)
        numbers = [counts[pair] for pair in ((True, True), (False, False), (False, True), (True, False))]
        table.append((profile, *map(str, numbers)))
    return table


def print_tables() -> None:
    """Print an aligned table for each corpus."""
    for corpus in CORPORA:
        table = [_HEADER, *rows(corpus)]
        widths = [max(len(row[column]) for row in table) for column in range(len(_HEADER))]
        print(f"\n{_TITLES[corpus]}")  # noqa: T201 - this is the command's output
        for row in table:
            print("  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)))  # noqa: T201


def unlisted() -> list[str]:
    """Differences that are not in the list of allowed ones."""
    return [
        f"{corpus} {profile} {case}: {kind}"
        for corpus in CORPORA
        for profile in LISTED
        for case, kind in mismatches(corpus, profile).items()
        if case not in allowed(corpus, profile)
    ]


def render() -> str:
    """The page of the documentation."""
    parts = [_INTRODUCTION]
    for corpus in CORPORA:
        parts += [f"## {_TITLES[corpus]}\n", _row(_HEADER), _row(["---"] * len(_HEADER))]
        parts += [*map(_row, rows(corpus)), ""]
        for profile in LISTED:
            parts += _differences(corpus, profile)
    return "\n".join(parts).rstrip() + "\n"


def _row(cells: tuple[str, ...] | list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _differences(corpus: str, profile: str) -> list[str]:
    reasons: dict[tuple[str, str], list[str]] = {}
    for case, (kind, reason) in allowed(corpus, profile).items():
        reasons.setdefault((kind, reason), []).append(f"`{case}`")
    lines = [f"* {kind}, {reason}: {', '.join(ids)}" for (kind, reason), ids in reasons.items()]
    return [f"### Differences of `{profile}`\n", *lines, ""]
