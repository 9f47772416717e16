"""Every server that the matrix runs: how a user starts it, and what it speaks."""

import ssl
import sys
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from tests.peers import require_peer
from tests.servers.debian import SITE_PACKAGES, apache, require_debian_python
from tests.servers.harness import ROOT, Pki, RunningServer, running

APP = "tests.servers.matrix_app"
# Seconds for which a server keeps an idle connection: longer than any test.
KEEP = "60"
Verify = Literal["optional", "required"]
Command = Callable[[Pki, Verify], tuple[str, ...]]
Serve = Callable[[Pki, Verify, Path], AbstractContextManager[RunningServer]]

# nonecorn takes hypercorn's name, so it lies beside the environment's own packages: pip install --target.
NONECORN = Path(sys.prefix) / "nonecorn"


@dataclass(frozen=True, slots=True, kw_only=True)
class Launch:
    """
    One row of the matrix.

    Attributes:
        serve: Runs the server for the length of a block.
        over: What it speaks.
    """

    serve: Serve
    over: tuple[str, ...] = ("h1",)


def settings(pki: Pki, verify: Verify) -> dict[str, str]:
    """Environment of `tests.servers.matrix_app` and `tests.servers.tls_context`."""
    return {
        "MATRIX_TRUST": str(pki.client_ca),
        "MATRIX_MODE": verify,
        "MATRIX_CERTFILE": str(pki.server.certificate),
        "MATRIX_KEYFILE": str(pki.server.key),
    }


def python(command: Command, **environ: str) -> Serve:
    """Run a server as ``python -m``."""

    def serve(pki: Pki, verify: Verify, folder: Path) -> AbstractContextManager[RunningServer]:
        return running(*command(pki, verify), folder=folder, environ=settings(pki, verify) | environ)

    return serve


def uvicorn(*options: str) -> Command:
    """``uvicorn``; its bridge is named by ``--http``, or installed by the app."""

    def command(pki: Pki, verify: Verify) -> tuple[str, ...]:
        tls = (*_files(pki, "--ssl-certfile", "--ssl-keyfile", "--ssl-ca-certs"), "--ssl-cert-reqs", _number(verify))
        return ("uvicorn", f"{APP}:asgi", "--port", "{port}", "--timeout-keep-alive", KEEP, *options, *tls)

    return command


def gunicorn(worker: str, app: str, *options: str) -> Command:
    """``gunicorn -k``."""

    def command(pki: Pki, verify: Verify) -> tuple[str, ...]:
        tls = (*_files(pki, "--certfile", "--keyfile", "--ca-certs"), "--cert-reqs", _number(verify))
        # Its control socket would lie in the user's home directory.
        bind = ("--bind", "127.0.0.1:{port}", "--worker-class", worker, "--keep-alive", KEEP, "--no-control-socket")
        return ("gunicorn", f"{APP}:{app}", *bind, *options, *tls)

    return command


def hypercorn(*options: str, app: str = "asgi") -> Command:
    """``hypercorn``; its bridge is installed by the app."""

    def command(pki: Pki, verify: Verify) -> tuple[str, ...]:
        tls = (*_files(pki, "--certfile", "--keyfile", "--ca-certs"), "--verify-mode", f"CERT_{verify.upper()}")
        return ("hypercorn", f"{APP}:{app}", "--bind", "127.0.0.1:{port}", "--keep-alive", KEEP, *options, *tls)

    return command


def daphne(pki: Pki, verify: Verify) -> tuple[str, ...]:
    """Our command in the place of daphne's own."""
    tls = (*_files(pki, "--certfile", "--keyfile", "--client-ca"), "--verify", verify)
    return ("clientcert.servers.daphne", "--port", "{port}", *tls, f"{APP}:asgi")


def flask_run(_pki: Pki, _verify: Verify) -> tuple[str, ...]:
    """``flask run`` with a context by import name."""
    return ("flask", "--app", f"{APP}:flask", "run", "--port", "{port}", "--cert", "tests.servers.tls_context:context")


def from_code(server: str) -> Command:
    """Run a server that has no command of its own."""

    def command(pki: Pki, verify: Verify) -> tuple[str, ...]:
        files = (pki.server.certificate, pki.server.key, pki.client_ca)
        return ("tests.servers.serve_wsgi", server, "{port}", *map(str, files), verify)

    return command


def granian(interface: str) -> Command:
    """``granian``, which verifies clients and tells nobody."""

    def command(pki: Pki, verify: Verify) -> tuple[str, ...]:
        tls = (*_files(pki, "--ssl-certificate", "--ssl-keyfile", "--ssl-ca"), "--ssl-client-verify")
        options = (
            "--interface",
            interface,
            "--port",
            "{port}",
            "--ssl-protocol-min",
            "tls1.2",
            *(tls if verify == "required" else tls[:-1]),
        )
        return ("granian", *options, f"{APP}:{interface}")

    return command


def nonecorn_bridged(pki: Pki, verify: Verify, folder: Path) -> AbstractContextManager[RunningServer]:
    """Run nonecorn with the bridge of hypercorn, whose place it takes."""
    return nonecorn(pki, verify, folder, MATRIX_INSTALL="hypercorn")


def nonecorn(pki: Pki, verify: Verify, folder: Path, **environ: str) -> AbstractContextManager[RunningServer]:
    """Run nonecorn as it comes, the one server that fills ``scope["extensions"]["tls"]`` with a certificate."""
    require_peer(str(NONECORN / "bin/hypercorn"))
    # Given by options instead of a file, its certificate is not where nonecorn 0.18.0 looks for it.
    configuration = folder / "nonecorn.toml"
    configuration.write_text(f'certfile = "{pki.server.certificate}"\n', encoding="ascii")
    command = hypercorn("--config", str(configuration))(pki, verify)
    path = {"PYTHONPATH": f"{NONECORN}:{ROOT}"}
    return running(*command, folder=folder, environ=settings(pki, verify) | path | environ)


def uwsgi(pki: Pki, verify: Verify, folder: Path) -> AbstractContextManager[RunningServer]:
    """Run uWSGI's HTTPS router, with Debian's Python."""
    program = require_peer("uwsgi")
    require_debian_python()
    required = "!" if verify == "required" else ""
    https = f"127.0.0.1:{{port}},{pki.server.certificate},{pki.server.key},HIGH,{required}{pki.client_ca}"
    paths = ("--pythonpath", str(ROOT), "--pythonpath", str(SITE_PACKAGES))
    options = ("--master", "--die-on-term", "--need-app", f"--http-keepalive={KEEP}", "--single-interpreter")
    command = ("--plugin", "http,python3", "--https", https, *paths, *options, "--module", APP)
    environ = settings(pki, verify) | {"MATRIX_SERVER": "uwsgi"}
    return running(*command, folder=folder, environ=environ, program=(str(program),))


APACHE = """
SSLEngine on
SSLCertificateFile "${MATRIX_CERTFILE}"
SSLCertificateKeyFile "${MATRIX_KEYFILE}"
SSLCACertificateFile "${MATRIX_TRUST}"
SSLVerifyClient ${MATRIX_VERIFY}
SSLVerifyDepth 4
SSLOptions +StdEnvVars +ExportCertData
WSGIDaemonProcess app processes=1 threads=4 python-path=${APP_PATH}
WSGIScriptAlias / "${APP_FILE}" process-group=app application-group=%{GLOBAL}
"""


def mod_wsgi(pki: Pki, verify: Verify, folder: Path) -> AbstractContextManager[RunningServer]:
    """Apache's mod_wsgi, with Debian's Python."""
    environ = {
        "APP_FILE": str(ROOT / "tests/servers/matrix_app.py"),
        "MATRIX_VERIFY": "require" if verify == "required" else "optional",
        "MATRIX_SERVER": "mod_wsgi",
    }
    return apache(APACHE, folder, settings(pki, verify) | environ, readable="MATRIX_TRUST")


def _files(pki: Pki, *options: str) -> tuple[str, ...]:
    files = (pki.server.certificate, pki.server.key, pki.client_ca)
    return tuple(part for pair in zip(options, map(str, files), strict=True) for part in pair)


def _number(verify: Verify) -> str:
    return str(int(ssl.CERT_REQUIRED if verify == "required" else ssl.CERT_OPTIONAL))


H1_WS, H1_H2_WS, H1_H2 = ("h1", "ws"), ("h1", "h2", "ws"), ("h1", "h2")
_H2 = ("--http-protocols", "h2,h1")
_BRIDGE = "clientcert.servers"
LAUNCHES: Mapping[str, Launch] = {
    "uvicorn h11": Launch(serve=python(uvicorn("--http", f"{_BRIDGE}.uvicorn:H11")), over=H1_WS),
    "uvicorn httptools": Launch(serve=python(uvicorn("--http", f"{_BRIDGE}.uvicorn:HttpTools")), over=H1_WS),
    "uvicorn zttp": Launch(serve=python(uvicorn("--http", "zttp", "--http2"), MATRIX_INSTALL="uvicorn"), over=H1_H2_WS),
    "uvicorn, not bridged": Launch(serve=python(uvicorn("--http", "httptools")), over=H1_WS),
    "gunicorn asgi": Launch(serve=python(gunicorn(f"{_BRIDGE}.gunicorn.ASGIWorker", "asgi", *_H2)), over=H1_H2_WS),
    "gunicorn uvicorn": Launch(serve=python(gunicorn(f"{_BRIDGE}.uvicorn_worker.UvicornWorker", "asgi")), over=H1_WS),
    "hypercorn": Launch(serve=python(hypercorn(), MATRIX_INSTALL="hypercorn"), over=H1_H2_WS),
    "nonecorn, not bridged": Launch(serve=nonecorn, over=H1_H2_WS),
    "nonecorn": Launch(serve=nonecorn_bridged, over=H1_H2_WS),
    "daphne": Launch(serve=python(daphne), over=H1_H2_WS),
    "granian asgi": Launch(serve=python(granian("asgi")), over=H1_H2_WS),
    "gunicorn sync": Launch(serve=python(gunicorn("sync", "wsgi"))),
    "gunicorn gthread": Launch(serve=python(gunicorn("gthread", "wsgi", "--threads", "16", *_H2)), over=H1_H2),
    "gunicorn gevent": Launch(serve=python(gunicorn("gevent", "wsgi", *_H2)), over=H1_H2),
    "granian wsgi": Launch(serve=python(granian("wsgi")), over=H1_H2),
    "werkzeug": Launch(serve=python(flask_run)),
    "cheroot": Launch(serve=python(from_code("cheroot"), MATRIX_SERVER="cheroot")),
    "wsgiref": Launch(serve=python(from_code("wsgiref"))),
    "mod_wsgi": Launch(serve=mod_wsgi, over=H1_H2),
    "uwsgi": Launch(serve=uwsgi),
}
READABLE = tuple(name for name in LAUNCHES if not name.startswith(("granian", "uvicorn, not", "nonecorn, not")))
"""Servers that show a client's certificate, and tell when there is none."""
