"""The table, the verdict on it, and what to try by hand."""

import shlex
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from clientcert.testing.tutorial import TutorialCertificates
from examples.demo.answers import LOOPBACK, SERVER_NAME, Answer
from examples.demo.cases import Case
from examples.demo.servers import Site

WIDTH = 120
_LEGEND = """\
Fern's headers: the four that ingress-nginx writes for Fern, whose certificate is public; own: internal-client's
own certificate and key. direct: plain HTTP to the app's own port, past the terminator; let in: by a careless one.
"""
_COLUMNS = ("terminator", "app", "case", "what was sent", "status", "identity or reason")


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One request of the table: where, what, and what came back."""

    site: Site
    case: Case
    got: Answer

    @property
    def as_expected(self) -> bool:
        """True when status, text and the whole identity are the right answer."""
        return self.got in self.case.wanted


def new_console(*, error: bool = False) -> Console:
    """Make a console that does not wrap the table where the output is no terminal, or a narrow one."""
    console = Console(stderr=error, highlight=False)
    console.width = max(console.width, WIDTH)
    return console


def print_table(console: Console, rows: Iterable[Row]) -> None:
    """Print one line per row; groups are set apart."""
    console.print(_LEGEND, style="dim")
    table = Table(*_COLUMNS, box=SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0))
    for column in table.columns:
        column.no_wrap = True
    previous: Site | None = None
    for row in rows:
        if previous not in (None, row.site):
            table.add_row()
        previous = row.site
        table.add_row(*(Text(cell, style="" if row.as_expected else "bold red") for cell in _cells(row)))
    console.print(table)


def verdict(rows: Iterable[Row]) -> tuple[list[str], int]:
    """
    Judge the rows.

    Returns:
        The closing lines, and the exit status: 0 only where every row is as expected and there is one.
    """
    rows = list(rows)
    wrong = [row for row in rows if not row.as_expected]
    if rows and not wrong:
        return [f"{len(rows)} rows, all as expected"], 0
    lines = [f"{len(rows)} rows, {len(wrong)} not as expected:"]
    for row in wrong:
        cells = (row.site.terminator, row.site.app, row.case.name, row.case.sent)
        lines += [
            f"  {', '.join(cells)}",
            f"    wanted {' or '.join(map(_shown, row.case.wanted))}",
            f"    got    {_shown(row.got)}",
        ]
    return lines, 1


def curl_lines(site: Site, certificates: TutorialCertificates, forged: Path) -> list[str]:
    """
    Give the commands of the tutorials, for one site, each below what will come of it.

    Args:
        site: Whom to ask.
        certificates: Whose files to name; the commands run in their folder.
        forged: File with the forged header lines.
    """
    curl = f"curl --cacert {certificates.public_ca.certificate.name}"
    url = f"https://{SERVER_NAME}:{site.port}/whoami"
    lines = [shlex.join(("cd", str(certificates.public_ca.certificate.parent)))]
    for client, result in (
        (certificates.fern_client, "200, CN=Fern"),
        (certificates.internal_client, "200, CN=internal-client"),
        (certificates.unknown_client, f"refused by {site.terminator}"),
    ):
        lines += [f"# {result}", f"{curl} --cert {client.certificate.name} --key {client.key.name} {url}"]
    lines += ["# 401, nothing sent", f"{curl} {url}"]
    lines += ["# 401, Fern's headers", shlex.join((*curl.split(), "-H", f"@{forged}", url))]
    if site.port != site.app_port:
        straight = f"http://{LOOPBACK}:{site.app_port}/whoami"
        lines += [f"# 401, Fern's headers past {site.terminator}", shlex.join(("curl", "-H", f"@{forged}", straight))]
    return lines


def _cells(row: Row) -> tuple[str, ...]:
    status = "-" if row.got.status is None else str(row.got.status)
    return (row.site.terminator, row.site.app, row.case.name, row.case.sent, status, row.got.text)


def _shown(answer: Answer) -> str:
    shown = f"{answer.status or 'no HTTP'}, {answer.text}"
    return shown if answer.identity is None else f"{shown}, {dict(answer.identity)}"
