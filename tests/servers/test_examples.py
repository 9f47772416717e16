"""The files under examples/servers, each on its server: a good client is named, one without a certificate refused."""

import http.client
import json
import ssl
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from tests.peers import require_peer
from tests.servers.debian import SITE_PACKAGES, apache, require_debian_python
from tests.servers.exchange import open_tls
from tests.servers.harness import ROOT, RunningServer, running
from tests.servers.matrix import MatrixPki

Start = Callable[[MatrixPki, Path], AbstractContextManager[RunningServer]]


def settings(pki: MatrixPki) -> dict[str, str]:
    """What every example takes from the environment."""
    return {
        "SERVER_CERTIFICATE": str(pki.server.certificate),
        "SERVER_KEY": str(pki.server.key),
        "CLIENT_CA": str(pki.client_ca),
    }


def by(*command: str, **environ: str) -> Start:
    """Start a server as ``python -m``."""

    def start(pki: MatrixPki, folder: Path) -> AbstractContextManager[RunningServer]:
        return running(*command, folder=folder, environ=settings(pki) | environ)

    return start


def by_hypercorn(pki: MatrixPki, folder: Path) -> AbstractContextManager[RunningServer]:
    """Run hypercorn with the options that its example names."""
    tls = (
        "--certfile",
        str(pki.server.certificate),
        "--keyfile",
        str(pki.server.key),
        "--ca-certs",
        str(pki.client_ca),
    )
    options = ("--bind", "127.0.0.1:{port}", "--verify-mode", "CERT_OPTIONAL", *tls)
    command = ("hypercorn", *options, "examples.servers.hypercorn_app:app")
    return running(*command, folder=folder, environ=settings(pki))


def by_uwsgi(pki: MatrixPki, folder: Path) -> AbstractContextManager[RunningServer]:
    """Run Debian's uWSGI, whose Python is a plugin."""
    program = require_peer("uwsgi")
    require_debian_python()
    command = ("--plugin", "http,python3", "--ini", str(ROOT / "examples/servers/uwsgi.ini"))
    environ = {"PORT": "{port}", "APP_SERVER": "uwsgi", "PYTHONPATH": f"{ROOT}:{SITE_PACKAGES}"}
    return running(*command, folder=folder, environ=settings(pki) | environ, program=(str(program),))


def by_apache(pki: MatrixPki, folder: Path) -> AbstractContextManager[RunningServer]:
    """Run Debian's Apache with the example's lines."""
    environ = {"APP_SERVER": "mod_wsgi", "APP_FILE": str(ROOT / "examples/servers/app.py")}
    configuration = (ROOT / "examples/servers/apache.conf").read_text(encoding="ascii")
    return apache(configuration, folder, settings(pki) | environ, readable="CLIENT_CA")


EXAMPLES: dict[str, Start] = {
    "gunicorn_conf.py": by(
        *("gunicorn", "-c", "examples/servers/gunicorn_conf.py", "--bind", "127.0.0.1:{port}"),
        *("--no-control-socket", "examples.servers.app:app"),
    ),
    "tls.py": by(
        *("flask", "--app", "examples.servers.app", "run", "--port", "{port}"),
        *("--cert", "examples.servers.tls:context"),
    ),
    "hypercorn_app.py": by_hypercorn,
    "cheroot_server.py": by("examples.servers.cheroot_server", "{port}", APP_SERVER="cheroot"),
    "wsgiref_server.py": by("examples.servers.wsgiref_server", "{port}"),
    "apache.conf": by_apache,
    "uwsgi.ini": by_uwsgi,
}


def whoami(server: RunningServer, tls: ssl.SSLContext, session: ssl.SSLSession | None = None) -> tuple[int, str, bool]:
    """Status, subject, and whether the session was resumed."""
    with open_tls(server, tls, session) as sock:
        resumed = bool(sock.session_reused)
        connection = http.client.HTTPConnection("localhost")
        connection.sock = sock
        connection.request("GET", "/whoami")
        response = connection.getresponse()
        body = response.read()
        return response.status, json.loads(body).get("subject", ""), resumed


@pytest.mark.parametrize("example", EXAMPLES)
def test_example(example: str, matrix_pki: MatrixPki, tmp_path: Path) -> None:
    """A good client gets its subject, a client without a certificate a 401."""
    with EXAMPLES[example](matrix_pki, tmp_path) as server:
        good, none = (whoami(server, matrix_pki.context(client, "h1", None)) for client in ("good", "none"))
        log = server.log
    assert (good[:2], none[0]) == ((200, "CN=alice"), 401), log


def test_gunicorn_resumes_with_one_context(matrix_pki: MatrixPki, tmp_path: Path) -> None:
    """With the example's hook gunicorn resumes sessions, and still shows the certificate."""
    tls = matrix_pki.client_context(matrix_pki.clients["good"], version=ssl.TLSVersion.TLSv1_2)
    with EXAMPLES["gunicorn_conf.py"](matrix_pki, tmp_path) as server:
        with open_tls(server, tls) as first:
            session = first.session
        assert whoami(server, tls, session) == (200, "CN=alice", True), server.log


def test_every_example_is_run() -> None:
    """No file of the folder is left out."""
    files = {path.name for path in (ROOT / "examples/servers").iterdir() if path.is_file()}
    assert files - {"__init__.py", "app.py"} == set(EXAMPLES)
