"""Worker classes and event loops that are no server of their own in the matrix, over TLS: who comes is who is seen."""

from collections.abc import Mapping
from itertools import product
from pathlib import Path

import pytest

from tests.servers.launching import H1_H2_WS, H1_WS, Launch, gunicorn, hypercorn, python
from tests.servers.matrix import SESSIONS, Cell, MatrixPki, measure

ASGI_WORKER = "clientcert.servers.gunicorn.ASGIWorker"
H11_WORKER = "clientcert.servers.uvicorn_worker.UvicornH11Worker"
# The matrix has gunicorn's choice of loop, which is uvloop where it is installed, and one worker.
LAUNCHES: Mapping[str, Launch] = {
    "gunicorn asgi, asyncio": Launch(
        serve=python(gunicorn(ASGI_WORKER, "asgi", "--asgi-loop", "asyncio", "--http-protocols", "h2,h1")),
        over=H1_H2_WS,
    ),
    "gunicorn uvicorn h11, two workers": Launch(
        serve=python(gunicorn(H11_WORKER, "asgi", "--workers", "2")), over=H1_WS
    ),
    "hypercorn uvloop, two workers": Launch(
        serve=python(hypercorn("--worker-class", "uvloop", "--workers", "2"), MATRIX_INSTALL="hypercorn"),
        over=H1_H2_WS,
    ),
}


@pytest.mark.parametrize("server", LAUNCHES)
def test_worker(server: str, matrix_pki: MatrixPki, tmp_path: Path) -> None:
    """A client with a certificate is itself, one without is nobody, and one with a stranger's does not come in."""
    # Each worker has its own key for session tickets, so a session is resumed by chance.
    sessions = SESSIONS[:1] if "two workers" in server else SESSIONS
    wanted = {"good": "identity", "none": "anonymous", "leaf only": "identity", "rogue CA": "refused"}
    launch = LAUNCHES[server]
    with launch.serve(matrix_pki, "optional", tmp_path) as running:
        for over, session, client in product(launch.over, sessions, wanted):
            cell = Cell(server=server, asks="optional", over=over, session=session, client=client)
            assert measure(running, matrix_pki, cell) == wanted[client], (str(cell), running.log)
