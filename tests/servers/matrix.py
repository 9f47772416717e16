"""The matrix: whose certificate, which handshake, over what, and what the stored table says comes of it."""

import ssl
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from itertools import product
from pathlib import Path

from clientcert.testing import CertificateAuthority, IssuedCertificate
from tests.servers.exchange import ALPN, ask
from tests.servers.harness import ROOT, TLS_VERSIONS, Pki, RunningServer

TABLE = ROOT / "docs/reference/servers.md"
CLIENTS = ("none", "good", "leaf only", "issuer unknown", "rogue CA", "expired")
SESSIONS = ("first", *TLS_VERSIONS)
NOT_RESUMED = "not resumed"
COLUMNS = ("server", "TLS asks", "over", "session", *CLIENTS)


class MatrixPki(Pki):
    """
    The certificates of the matrix; the servers and the app trust the root and one intermediate.

    A good client sends that intermediate, ``leaf only`` does not. ``issuer unknown`` is issued by another intermediate
    of the root, which it does not send and nobody has. ``rogue CA`` has the names of a good client and of its issuer.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        bundle = [self.write(f"client-ca-{n}", each.issued) for n, each in enumerate((self.root, self.issuing))]
        self.client_ca = folder / "client-cas.crt"
        self.client_ca.write_bytes(b"".join(path.read_bytes() for path in bundle))
        elsewhere = CertificateAuthority("Clients Elsewhere", issuer=self.root).issue("carol")
        self.clients = {
            "none": None,
            "good": self.alice,
            "leaf only": _alone(self.issuing.issue("alone")),
            "issuer unknown": _alone(elsewhere),
            "rogue CA": self.issuing.impostor().issue("alice"),
            "expired": self.issuing.issue("dave", not_after=timedelta(hours=-1)),
        }
        self.context = cache(self._context)

    def _context(self, client: str, over: str, version: ssl.TLSVersion | None) -> ssl.SSLContext:
        context = self.client_context(self.clients[client], version=version)
        context.set_alpn_protocols([ALPN[over]])
        return context


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One question to one server."""

    server: str
    asks: str
    over: str
    session: str
    client: str

    def __str__(self) -> str:
        return f"{self.server} / TLS {self.asks} / {self.over} / {self.session} / {self.client}"


def stored() -> dict[Cell, str]:
    """
    Read the table of the documentation.

    A row stands for every combination of what its ``over`` and its ``session`` list.
    """
    cells: dict[Cell, str] = {}
    for row in _rows(TABLE.read_text(encoding="utf-8")):
        server, asks, overs, sessions, *outcomes = row
        for over, session in product(overs.split(", "), sessions.split(", ")):
            for client, outcome in zip(CLIENTS, outcomes, strict=True):
                cells[Cell(server=server, asks=asks, over=over, session=session, client=client)] = outcome
    return cells


def measure(server: RunningServer, pki: MatrixPki, cell: Cell) -> str:
    """Ask, and say in the words of the table what came back."""
    version = TLS_VERSIONS.get(cell.session)
    tls = pki.context(cell.client, cell.over, version)
    answer = ask(server, tls, cell.over)
    if version is not None and answer.status is not None:
        answer = ask(server, tls, cell.over, session=answer.session)
        if not answer.resumed:
            return NOT_RESUMED
    if answer.status is None:
        return "refused"
    if answer.status not in (200, 101):
        return str(answer.status)
    issued = pki.clients[cell.client]
    expected = "anonymous" if issued is None else "identity"
    return expected if answer.who == (issued and issued.fingerprint_sha256) else f"{answer.who}"


def changes(measured: Mapping[Cell, str], table: Mapping[Cell, str]) -> list[str]:
    """One line for each cell that is not as the table says."""
    return [
        f"{cell}: measured {outcome}, the table says {table.get(cell)}"
        for cell, outcome in measured.items()
        if table.get(cell) != outcome
    ]


def _rows(text: str) -> Iterator[tuple[str, ...]]:
    for table in text.split("\n\n"):
        rows = [tuple(cell.strip() for cell in line.strip("|").split("|")) for line in table.splitlines()]
        if rows and rows[0] == COLUMNS:
            # After the head comes the line that makes it a table.
            yield from rows[2:]


def _alone(issued: IssuedCertificate) -> IssuedCertificate:
    return IssuedCertificate(der=issued.der, key=issued.key)
