"""Run the demonstration: `python -m examples.demo [--serve] [--keep DIR] [--without PROGRAM]`."""

import argparse
import secrets
import shutil
import signal
import ssl
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from types import FrameType

from rich.console import Console

from clientcert.testing.issued import CertificateFiles
from clientcert.testing.terminators import find_nginx
from clientcert.testing.tutorial import TutorialCertificates, make_tutorial_certificates
from examples.demo.answers import LOOPBACK, SERVER_NAME, ask, tls_client
from examples.demo.cases import Case, embedded_cases, forged_headers, nginx_cases
from examples.demo.launches import embedded_launches, has_gunicorn, proxied_launches
from examples.demo.report import Row, curl_lines, new_console, print_table, verdict
from examples.demo.servers import (
    NO_PREFERENCE,
    AppServer,
    Site,
    embedded_sites,
    nginx_in_front,
    serving,
    wait_until_ready,
)

Table = list[tuple[Site, Case]]
_USUAL_PORT = 8443


def main(arguments: Sequence[str] | None = None) -> int:
    """
    Run it all.

    Returns:
        0 when every row of the table is as expected, 1 when one is not, 2 when something did not start, 130 when
        interrupted before the end of the table.
    """
    options = _options(arguments)
    # A shell that started us in the background has switched Ctrl-C off for us.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, _interrupt)
    signal.signal(signal.SIGHUP, _interrupt)
    console = new_console()
    try:
        with ExitStack() as stack:
            return _run(options, console, stack)
    except (RuntimeError, OSError) as exc:
        new_console(error=True).print(str(exc), markup=False)
        return 2
    except KeyboardInterrupt:
        return 130


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m examples.demo", description=__doc__)
    parser.add_argument("--serve", action="store_true", help="leave everything running until Ctrl-C")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="put the certificates there and leave them")
    parser.add_argument(
        "--without",
        action="append",
        choices=("nginx", "openssl", "gunicorn"),
        default=[],
        help="act as if the program were not installed",
    )
    return parser.parse_args(arguments)


def _run(options: argparse.Namespace, console: Console, stack: ExitStack) -> int:
    began = time.monotonic()
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="clientcert-demo-")))
    with console.status("making certificates"):
        openssl = None if "openssl" in options.without else shutil.which("openssl")
        certificates = make_tutorial_certificates((options.keep or folder / "certificates").resolve(), openssl=openssl)
    console.print(f"certificates: made by {certificates.made_by}", markup=False)
    with console.status("starting the apps"):
        table = _start(options, console, stack, certificates, folder)
    rows = _ask(console, certificates, table)
    print_table(console, rows)
    lines, status = verdict(rows)
    lines[0] += f" ({time.monotonic() - began:.1f} s)"
    console.print("\n" + "\n".join(lines), markup=False, soft_wrap=True, style="bold red" if status else "bold green")
    if options.serve:
        _serve(console, certificates, [site for site, _ in table], folder)
    return status


def _start(
    options: argparse.Namespace,
    console: Console,
    stack: ExitStack,
    certificates: TutorialCertificates,
    folder: Path,
) -> Table:
    """Start everything at once; give what is to be asked of whom."""
    has_nginx = "nginx" not in options.without and find_nginx() is not None
    preferred = {"FastAPI": _USUAL_PORT} if options.serve else NO_PREFERENCE
    launches = embedded_launches(certificates)
    embedded = stack.enter_context(serving(launches, folder, preferred=NO_PREFERENCE if has_nginx else preferred))
    table = [
        (site, case)
        for site in embedded_sites(embedded)
        for case in embedded_cases(certificates, sends_alerts=site.terminator != "uvicorn")
    ]
    proxied: list[AppServer] = []
    if has_nginx:
        secret = secrets.token_urlsafe(32)
        gunicorn = "gunicorn" not in options.without and has_gunicorn()
        launches = proxied_launches(certificates, secret=secret, gunicorn=gunicorn)
        proxied = stack.enter_context(serving(launches, folder))
        sites = stack.enter_context(nginx_in_front(proxied, certificates, secret=secret, preferred=preferred))
        table += [
            (site, case)
            for site in sites
            for case in nginx_cases(certificates, secret=secret, drops_underscores=site.app == "Flask")
        ]
    for server in (*embedded, *proxied):
        wait_until_ready(server, certificates)
    _print_terminators(console, embedded, proxied)
    return table


def _print_terminators(console: Console, embedded: list[AppServer], proxied: list[AppServer]) -> None:
    ends = ", ".join(f"{server.launch.app} on {server.launch.server}" for server in embedded)
    console.print(f"TLS ends in the app server: {ends}")
    if proxied:
        behind = ", ".join(f"{server.launch.app} on {server.launch.server}" for server in proxied)
        console.print(f"TLS ends in nginx, in front of {behind}")
    else:
        console.print(
            "nginx skipped: not installed; Debian and Ubuntu: apt-get install nginx, macOS: brew install nginx",
            style="yellow",
        )


def _ask(console: Console, certificates: TutorialCertificates, table: Table) -> list[Row]:
    contexts: dict[CertificateFiles | None, ssl.SSLContext] = {}
    rows = []
    with console.status("asking") as status:
        for number, (site, case) in enumerate(table, start=1):
            status.update(f"asking, {number} of {len(table)}: {site.terminator}, {site.app}, {case.name}")
            if case.client not in contexts:
                contexts[case.client] = tls_client(certificates.public_ca.certificate, case.client)
            port, tls = (site.app_port, None) if case.plain else (site.port, contexts[case.client])
            got = ask(port, reasons=site.reasons, tls=tls, headers=case.headers)
            rows.append(Row(site=site, case=case, got=got))
    return rows


def _serve(console: Console, certificates: TutorialCertificates, sites: list[Site], folder: Path) -> None:
    """Print what to try, and wait for Ctrl-C."""
    forged = folder / "forged-headers.txt"
    forged.write_bytes(b"\n".join(forged_headers(certificates.fern_client.certificate.read_bytes())) + b"\n")
    # The last terminator is the one that most people have.
    best = next(site for site in sites if site.terminator == sites[-1].terminator and site.app == "FastAPI")
    lines = ["", "Running. Try:", *curl_lines(best, certificates, forged), "", "The same at:"]
    for site in dict.fromkeys(sites):
        straight = "" if site.port == site.app_port else f", the app itself at http://{LOOPBACK}:{site.app_port}"
        lines.append(f"  {site.app} behind {site.terminator}: https://{SERVER_NAME}:{site.port}/whoami{straight}")
    lines += ["", "Ctrl-C stops everything."]
    console.print("\n".join(lines), markup=False, soft_wrap=True)
    try:
        while True:
            signal.pause()
    except KeyboardInterrupt:
        console.print("stopping")


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
