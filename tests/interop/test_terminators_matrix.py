"""Every terminator with the output of ``clientcert snippet``: the app sees the TLS client or nobody."""

import pytest

from clientcert.errors import Reason
from tests.interop.apps import reason_of
from tests.interop.attacks import (
    GUESS,
    STOLEN,
    Cell,
    assert_from_terminator,
    assert_identity,
    assert_nothing_forged,
    cells,
)
from tests.interop.bench import Bench, Stopped
from tests.interop.clients import CLIENT
from tests.interop.harness import Connection
from tests.interop.snippets import KINDS, SEATS, SECRET_HEADER, Kind

# Where a client is that is not on the terminator's host.
ELSEWHERE = "127.0.0.3"


@pytest.mark.parametrize("cell", tuple(cells()), ids=str)
def test_matrix(bench: Bench, cell: Cell) -> None:
    """The identity is the TLS client's, or none, or the request is refused; nothing forged reaches the app."""
    if not cell.reaches_app:
        with pytest.raises(Stopped):
            bench.get(cell)
        return
    response = bench.get(cell)
    if cell.name == "revoked":
        assert reason_of(response.json["instance"], bench.authorities.issued) == Reason.REVOKED
        return
    assert response.status == 200, response.body
    assert_nothing_forged(response.json, cell)
    assert_from_terminator(response.json, cell)
    if cell.name == "none":
        assert response.json["identity"] is None
    else:
        assert_identity(response.json["identity"], CLIENT[cell.name], proxy=["unix-socket", "shared-secret"])


@pytest.mark.parametrize("kind", KINDS.values(), ids=list(KINDS))
@pytest.mark.parametrize("name", ["none", "ec", "unknown"])
def test_plain(bench: Bench, kind: Kind, name: str) -> None:
    """The snippet of the how-to page, without secret and revocation lists, tells good from bad as well."""
    cell = Cell(kind=kind, seat=SEATS["plain"], name=name, attack="exact", protocol="h1")
    if not cell.reaches_app:
        with pytest.raises(Stopped):
            bench.get(cell)
        return
    answer = bench.get(cell).json
    assert_nothing_forged(answer, cell)
    assert_identity(answer["identity"], CLIENT[name], proxy=["unix-socket"])


@pytest.mark.parametrize("kind", KINDS.values(), ids=list(KINDS))
@pytest.mark.parametrize("name", ["none", "ec"])
def test_over_tcp(bench: Bench, kind: Kind, name: str) -> None:
    """With ``--upstream`` the app is reached over TCP and believes the terminator's address and secret."""
    cell = Cell(kind=kind, seat=SEATS["tcp"], name=name, attack="exact", protocol="h1")
    if name == "none":
        with pytest.raises(Stopped):
            bench.get(cell, source=ELSEWHERE)
        return
    answer = bench.get(cell, source=ELSEWHERE).json
    assert_nothing_forged(answer, cell)
    assert_identity(answer["identity"], CLIENT[name], proxy=["trusted-networks", "shared-secret"])


@pytest.mark.parametrize("kind", KINDS.values(), ids=list(KINDS))
def test_over_tcp_from_the_same_host(bench: Bench, kind: Kind) -> None:
    """A client on the terminator's own host is refused where X-Forwarded-For names that address: it proves nothing."""
    cell = Cell(kind=kind, seat=SEATS["tcp"], name="ec", attack="nothing", protocol="h1")
    response = bench.get(cell)
    if kind.names_the_client:
        assert reason_of(response.json["instance"], bench.authorities.issued) == Reason.PEER_ADDRESS_REWRITTEN
    else:
        assert_identity(response.json["identity"], CLIENT["ec"], proxy=["trusted-networks", "shared-secret"])


@pytest.mark.parametrize("kind", KINDS.values(), ids=list(KINDS))
@pytest.mark.parametrize("seat", ["tcp", "required"])
def test_past_the_terminator(bench: Bench, kind: Kind, seat: str) -> None:
    """The terminator's exact bytes, sent from its own address to the app's port, prove nothing without its secret."""
    lines = [name + b": " + value for name, value in (*kind.evidence(STOLEN), (SECRET_HEADER, GUESS))]
    _, port = bench.upstreams["tcp"].split(":")
    with Connection(int(port)) as connection:
        response = connection.get(f"/{kind.name}/{seat}", lines)
    assert response.status == Reason.PROXY_NOT_PROVEN.status
    assert reason_of(response.json["instance"], bench.authorities.issued) == Reason.PROXY_NOT_PROVEN
