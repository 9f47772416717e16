"""What the lines of a snippet are for: without them the forgeries of the matrix work."""

import pytest

from tests.interop.attacks import Cell, assert_from_terminator, assert_identity, assert_nothing_forged
from tests.interop.bench import Bench
from tests.interop.clients import CLIENT
from tests.interop.snippets import KINDS, SEATS, Kind


@pytest.mark.parametrize("kind", KINDS.values(), ids=list(KINDS))
@pytest.mark.parametrize("protocol", ["h1", "h2"])
def test_forgery_works_without_the_lines(bench: Bench, kind: Kind, protocol: str) -> None:
    """Negative control: take the defence out of the snippet, and an anonymous client is whoever it says."""
    cell = Cell(kind=kind, seat=SEATS["undefended"], name="none", attack="exact", protocol=protocol)
    answer = bench.get(cell).json
    assert answer["identity"]["subject"] == CLIENT["dupcn"].subject


@pytest.mark.parametrize("kind", KINDS.values(), ids=list(KINDS))
@pytest.mark.parametrize("seat", ["optional", "wsgi"])
@pytest.mark.parametrize("name", ["none", "ec"])
def test_trailers(bench: Bench, kind: Kind, seat: str, name: str) -> None:
    """Trailers of a chunked body change nothing; where HAProxy and uvicorn make headers of them, nobody is believed."""
    cell = Cell(kind=kind, seat=SEATS[seat], name=name, attack="exact", protocol="h1")
    trailers = [header + b": " + value for header, value in cell.fields]
    names = b"Trailer: " + b", ".join(header for header, _ in cell.fields)
    answer = bench.lines(cell, [b"Transfer-Encoding: chunked", names, b"", b"1", b"x", b"0", *trailers]).json
    assert_nothing_forged(answer, cell)
    if name == "none" or (kind.name, seat) == ("haproxy", "optional"):
        assert answer["identity"] is None
    else:
        assert_from_terminator(answer, cell)
        assert_identity(answer["identity"], CLIENT[name], proxy=["unix-socket", "shared-secret"])


@pytest.mark.parametrize("kind", KINDS.values(), ids=list(KINDS))
def test_connection_without_the_line(bench: Bench, kind: Kind) -> None:
    """
    Negative control: Apache, and Caddy where ``request_header`` sets them, let ``Connection`` remove their headers.

    The client is then nobody. HAProxy hands the field on and keeps its headers; nginx and Envoy need no line.
    """
    cell = Cell(kind=kind, seat=SEATS["nominable"], name="ec", attack="connection", protocol="h1")
    answer = bench.get(cell).json
    evidence = {name for name, _ in answer["received"] if name.encode() in kind.headers}
    if kind.name in ("apache", "caddy"):
        assert (evidence, answer["identity"]) == (set(), None)
    else:
        assert evidence != set()
        assert_identity(answer["identity"], CLIENT["ec"], proxy=["unix-socket", "shared-secret"])
    handed_on = [value for name, value in answer["received"] if name == "connection" and "cert" in value]
    assert bool(handed_on) == (kind.name == "haproxy")
