"""
Real handshakes with every server, against the table in docs/reference/servers.md.

Where a cell changes, a server has: read its changelog, then change the table, or the bridge.
"""

from itertools import product
from pathlib import Path
from typing import Literal

import pytest

from tests.servers.launching import LAUNCHES
from tests.servers.matrix import CLIENTS, SESSIONS, Cell, MatrixPki, changes, measure, stored


def cells_of(server: str, asks: str) -> list[Cell]:
    """Every question to one server in one mode."""
    combinations = product(LAUNCHES[server].over, SESSIONS, CLIENTS)
    return [
        Cell(server=server, asks=asks, over=over, session=session, client=client)
        for over, session, client in combinations
    ]


@pytest.mark.parametrize("asks", ["optional", "required"])
@pytest.mark.parametrize("server", LAUNCHES)
def test_matrix(server: str, asks: Literal["optional", "required"], matrix_pki: MatrixPki, tmp_path: Path) -> None:
    """Every handshake with a server ends as the table says."""
    table = stored()
    with LAUNCHES[server].serve(matrix_pki, asks, tmp_path) as running:
        measured = {cell: measure(running, matrix_pki, cell) for cell in cells_of(server, asks)}
        log = running.log
    changed = changes(measured, table)
    assert not changed, "\n".join([*changed, log[-2_000:]])


def test_table_is_complete() -> None:
    """The table has exactly the cells that are measured."""
    wanted = {cell for server, asks in product(LAUNCHES, ("optional", "required")) for cell in cells_of(server, asks)}
    assert set(stored()) == wanted


def test_changed_cell_is_named() -> None:
    """Where a server answers otherwise than the table says, the line names the cell, both outcomes, and no other."""
    table = stored()
    cell = Cell(server="hypercorn", asks="optional", over="h2", session="tls1.3", client="none")
    assert changes(table, table) == []
    assert changes(table | {cell: "identity"}, table) == [
        "hypercorn / TLS optional / h2 / tls1.3 / none: measured identity, the table says anonymous"
    ]
