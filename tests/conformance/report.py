"""The numbers: one table for people at a terminal and in the documentation."""

from collections import Counter
from pathlib import Path

from tests.conformance.corpora import CORPORA
from tests.conformance.revocation import SECTIONS, section_mismatches, section_tally
from tests.conformance.verdicts import LISTED, ROWS, allowed, mismatches, tally

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "conformance.md"

_TITLES = {
    "matrix": "OpenSSL client matrix (verdict: `openssl verify -purpose sslclient`, 3.0.22)",
    "limbo": "x509-limbo, client cases without peer names and CRLs (verdict: limbo's)",
    "pkits": "NIST PKITS without policy processing and CRLs (verdict: NIST's)",
}
_SECTION_TITLES = {section: f"PKITS {section}" for section in SECTIONS} | {"limbo": "x509-limbo, cases with CRLs"}
_REVOCATION = """\
## Revocation lists

Profile `standard` with the lists of each case, revocation `hard` for the whole chain. A set with one list that cannot
be used is refused whole, as at start.
"""
_HEADER = ("profile", "accept/accept", "reject/reject", "false accept", "false reject")

_INTRODUCTION = """\
# Conformance

Verdicts of each profile on three corpora, as `make conformance` prints them; the tests fail when this page is not
current. *False accept*: the profile accepts what the corpus calls invalid; *false reject*: the reverse. Every
difference of `standard` and `openssl` is named below with its reason; `strict` refuses whatever the Web PKI's rules
refuse, and accepts nothing that `standard` refuses. The data and its licences: `tests/data/corpora/README.md`.

`openssl` has two rows, because no verdict of the corpora is about key strength: `openssl verify` asks for none unless
`-auth_level` is given, and the PKITS of 2011 has DSA keys of 1024 bits with SHA-1.

* *Security level 0* asks for none either, and is what to hold against those verdicts. There it refuses what OpenSSL
  accepts only where the parser refuses the certificate, or the bundle that it is trusted in; of PKITS one valid path,
  which OpenSSL refuses as well.
* *Level 2*, the default, is that of Debian's nginx. It refuses weak keys besides: two cases of the matrix, one more of
  PKITS, the same ones as `openssl verify -auth_level 2`; `tests/conformance/test_levels.py` asks it.

Where x509-limbo calls invalid what `standard` accepts, it is a rule of the Web PKI (features `pedantic-*`), or the
matrix wants the same shape accepted, or a tool in wide use issues it; which of these stands beside each case.
"""


def rows(corpus: str) -> list[tuple[str, ...]]:
    """One row for each profile, as text."""
    return [(profile, *_numbers(tally(corpus, profile))) for profile in ROWS]


def _numbers(counts: Counter[tuple[bool, bool]]) -> list[str]:
    return [str(counts[pair]) for pair in ((True, True), (False, False), (False, True), (True, False))]


def _revocation_rows() -> list[tuple[str, ...]]:
    return [(_SECTION_TITLES[section], *_numbers(section_tally(section))) for section in SECTIONS]


def print_tables() -> None:
    """Print an aligned table for each corpus."""
    tables = [(_TITLES[corpus], [_HEADER, *rows(corpus)]) for corpus in CORPORA]
    tables.append(("Revocation lists, profile standard", [("cases", *_HEADER[1:]), *_revocation_rows()]))
    for title, table in tables:
        widths = [max(len(row[column]) for row in table) for column in range(len(_HEADER))]
        print(f"\n{title}")  # noqa: T201 - this is the command's output
        for row in table:
            print("  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)))  # noqa: T201


def unlisted() -> list[str]:
    """Differences that are not in the list of allowed ones."""
    revocation = [
        f"revocation {section} {case}: {kind}"
        for section in SECTIONS
        for case, kind in section_mismatches(section).items()
        if case not in allowed("revocation", section)
    ]
    return revocation + [
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
    parts += [_REVOCATION, _row(("cases", *_HEADER[1:])), _row(["---"] * len(_HEADER)), *map(_row, _revocation_rows())]
    for section in SECTIONS:
        parts += ["", *_differences("revocation", section, f"### Differences of {_SECTION_TITLES[section]}")[:-1]]
    return "\n".join(parts).rstrip() + "\n"


def _row(cells: tuple[str, ...] | list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _differences(corpus: str, profile: str, title: str = "") -> list[str]:
    reasons: dict[tuple[str, str], list[str]] = {}
    for case, (kind, reason) in allowed(corpus, profile).items():
        reasons.setdefault((kind, reason), []).append(f"`{case}`")
    lines = [f"* {kind}, {reason}: {', '.join(ids)}" for (kind, reason), ids in reasons.items()]
    return [(title or f"### Differences of `{profile}`") + "\n", *lines, ""]
