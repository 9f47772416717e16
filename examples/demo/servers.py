"""The example apps in processes of their own, started by their servers' own commands, and one nginx in front."""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType

from clientcert.testing.nginx import Location, NginxServer
from clientcert.testing.terminators import Nginx
from clientcert.testing.tutorial import TutorialCertificates
from examples.demo.answers import LOOPBACK, ask, tls_client
from examples.demo.cases import SECRET_HEADER
from examples.demo.launches import Launch

NO_PREFERENCE: Mapping[str, int] = MappingProxyType({})
ROOT = Path(__file__).parents[2]
_STOP_SECONDS = 5.0
_LOG_TAIL_CHARACTERS = 2_000
# Settings of the user's shell that would change what is shown.
_FOREIGN_SETTINGS = ("CLIENTCERT_", "PROXY_SECRET", "DJANGO_", "FLASK_", "UVICORN_", "GUNICORN_", "WERKZEUG_")


class StartError(RuntimeError):
    """An app did not start; the text ends with what it printed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AppServer:
    """
    An app that is being served.

    Attributes:
        launch: What it was started from.
        port: Its own port on loopback.
        reasons: File to which it logs a line ``<instance> <reason>`` for every request without an identity.
        output: File with what it printed.
        process: Its process.
    """

    launch: Launch
    port: int
    reasons: Path
    output: Path
    process: subprocess.Popen[bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """
    One app behind one terminator.

    Attributes:
        terminator: The program that ends TLS.
        app: Framework.
        port: Where the terminator listens, TLS.
        app_port: Where the app itself listens.
        reasons: See `AppServer`.
    """

    terminator: str
    app: str
    port: int
    app_port: int
    reasons: Path


@contextmanager
def serving(
    launches: Iterable[Launch], folder: Path, *, preferred: Mapping[str, int] = NO_PREFERENCE
) -> Iterator[list[AppServer]]:
    """
    Serve every app until the block ends; they start at once, and may not answer yet.

    Args:
        launches: What to start.
        folder: For logs.
        preferred: Framework → port, where that one is free.
    """
    servers: list[AppServer] = []
    try:
        for launch in launches:
            # One by one: what has been started is stopped when the next fails to.
            servers.append(_start(launch, folder, preferred.get(launch.app, 0)))  # noqa: PERF401
        yield servers
    finally:
        _stop([server.process for server in servers])


def wait_until_ready(server: AppServer, certificates: TutorialCertificates) -> None:
    """
    Wait for an answer of ``/healthz``, which needs no certificate.

    Raises:
        StartError: Something else came back, or nothing.
    """
    tls = tls_client(certificates.public_ca.certificate, None) if server.launch.tls else None
    answer = ask(server.port, reasons=server.reasons, path="/healthz", tls=tls)
    if answer.status != 200:  # noqa: PLR2004 - OK
        printed = server.output.read_text(encoding="utf-8", errors="replace")[-_LOG_TAIL_CHARACTERS:]
        launch = server.launch
        raise StartError(f"{launch.app} on {launch.server}: /healthz gave {answer.status} {answer.text}\n{printed}")


@contextmanager
def nginx_in_front(
    servers: Iterable[AppServer],
    certificates: TutorialCertificates,
    *,
    secret: str,
    preferred: Mapping[str, int] = NO_PREFERENCE,
) -> Iterator[list[Site]]:
    """One nginx with the lines of ingress-nginx and one more, which carries the secret; a port for each app."""
    blocks = {server.launch.app: _block(server, certificates, secret) for server in servers}
    wanted = {app: replace(block, port=preferred.get(app, 0)) for app, block in blocks.items()}
    with ExitStack() as stack:
        try:
            nginx = stack.enter_context(Nginx(wanted))
        except OSError:
            # Somebody else has the preferred port.
            nginx = stack.enter_context(Nginx(blocks))
        yield [_site(server, "nginx", nginx.ports[server.launch.app]) for server in servers]


def embedded_sites(servers: Iterable[AppServer]) -> list[Site]:
    """Terminator and app are one process with one port."""
    return [_site(server, server.launch.server, server.port) for server in servers]


def _start(launch: Launch, folder: Path, preferred_port: int) -> AppServer:
    with ExitStack() as stack:
        # It listens already: who connects before the app is ready waits, and no port has to be guessed free.
        listener = stack.enter_context(closing(_listen(preferred_port)))
        own_port = listener.getsockname()[1]
        reasons, output, log_config = (folder / f"{own_port}.{kind}" for kind in ("reasons", "log", "logging.json"))
        reasons.touch()
        log_config.write_text(json.dumps(_logging(reasons)), encoding="utf-8")
        filled = [part.format(fd=listener.fileno(), log_config=log_config) for part in launch.command]
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(_FOREIGN_SETTINGS)}
        process = subprocess.Popen(
            [sys.executable, "-m", *filled],
            cwd=ROOT,
            env=inherited | dict(launch.settings),
            pass_fds=[listener.fileno()],
            stdin=subprocess.DEVNULL,
            stdout=stack.enter_context(output.open("wb")),
            stderr=subprocess.STDOUT,
            # Ctrl-C is for the demonstration, which stops them in order.
            start_new_session=True,
        )
        return AppServer(launch=launch, port=own_port, reasons=reasons, output=output, process=process)


def _listen(preferred_port: int) -> socket.socket:
    try:
        return socket.create_server((LOOPBACK, preferred_port), backlog=128)
    except OSError:
        return socket.create_server((LOOPBACK, 0), backlog=128)


def _logging(reasons: Path) -> dict[str, object]:
    """Tell the app's operator why: every decision of clientcert that gave no identity, into a file."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"reason": {"format": "{clientcert_event.instance} {clientcert_event.reason}", "style": "{"}},
        "handlers": {
            "reasons": {"class": "logging.FileHandler", "filename": str(reasons), "formatter": "reason"},
            "console": {"class": "logging.StreamHandler"},
        },
        # DEBUG: a missing certificate is nothing remarkable.
        "loggers": {"clientcert": {"level": "DEBUG", "handlers": ["reasons"]}},
        "root": {"level": "INFO", "handlers": ["console"]},
    }


def _stop(processes: list[subprocess.Popen[bytes]]) -> None:
    for process in processes:
        process.terminate()
    for process in processes:
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _block(server: AppServer, certificates: TutorialCertificates, secret: str) -> NginxServer:
    return NginxServer(
        certificate=certificates.public_server.chain,
        private_key=certificates.public_server.key,
        client_ca=certificates.client_authorities,
        verify="optional",
        pass_certificate=True,
        secret=(SECRET_HEADER.decode("ascii"), secret),
        locations=(Location(upstream=f"{LOOPBACK}:{server.port}"),),
    )


def _site(server: AppServer, terminator: str, port: int) -> Site:
    return Site(terminator=terminator, app=server.launch.app, port=port, app_port=server.port, reasons=server.reasons)
