"""What `benchmarks.e2e` sends requests to: uvicorn with each app, and an nginx that asks for client certificates."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.e2e_app import NOBODY
from benchmarks.material import DAYS, pki, serial_of_leaf
from clientcert.testing.issued import CertificateFiles
from clientcert.testing.processes import LOOPBACK, ServerText, reserve_port, stop_process
from clientcert.testing.terminators import Nginx

NGINX, BARE, CONTROL = "nginx alone", "bare", "control"
TARGETS = (BARE, CONTROL, "asgi", "naive-parse", "naive-verify", "naive-identity")
CLIENT = 7
"""The number of the leaf that all requests come from."""
_DIRECT = (BARE, CONTROL, "asgi", "naive-verify")
_APP_CPU, OTHER_CPU = 0, 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """
    One app that runs.

    Attributes:
        name: Of the target; with ``direct`` before it where no nginx is on the way.
        over: What it is compared with.
        address: To send requests to.
        pid: Of its process; None for nginx alone.
        body: What it must answer to our client.
    """

    name: str
    over: str
    address: str
    pid: int | None
    body: bytes

    @property
    def is_direct(self) -> bool:
        """The request must bring the headers that nginx would set."""
        return self.address.startswith("http:")


def write_certificates(folder: Path) -> dict[str, CertificateFiles]:
    """The client's, the server's and the root's."""
    root = pki().root
    server = root.issue(
        "localhost", extended_key_usage=["serverAuth"], san=[f"IP:{LOOPBACK}"], key="ec", valid_days=DAYS
    )
    issued = {"client": pki().issue(CLIENT), "server": server, "root": root.issued}
    return {name: one.write(folder, name=name) for name, one in issued.items()}


@contextmanager
def serve(files: dict[str, CertificateFiles]) -> Iterator[Sequence[Served]]:
    """All apps, and an nginx with a port for each."""
    with ExitStack() as stack:
        apps = {name: stack.enter_context(_uvicorn(name)) for name in TARGETS}
        texts = {name: _nginx_text(files, port) for name, (port, _) in apps.items()}
        nginx = stack.enter_context(Nginx({NGINX: _nginx_text(files, None), **texts}))
        served = [Served(name=NGINX, over=BARE, address=_url("https", nginx.ports[NGINX]), pid=None, body=NOBODY)]
        for name, (port, pid) in apps.items():
            body = NOBODY if name in {BARE, CONTROL} else b"%x" % serial_of_leaf(CLIENT)
            address = _url("https", nginx.ports[name])
            served.append(Served(name=name, over=BARE, address=address, pid=pid, body=body))
            if name in _DIRECT:
                names = (f"direct {name}", f"direct {BARE}")
                served.append(Served(name=names[0], over=names[1], address=_url("http", port), pid=pid, body=body))
        yield served


def _url(scheme: str, port: int) -> str:
    return f"{scheme}://{LOOPBACK}:{port}/orders/7"


@contextmanager
def _uvicorn(name: str) -> Iterator[tuple[int, int]]:
    """One worker on a processor of its own; its port and its process."""
    with reserve_port() as port:
        options = ("--http", "httptools", "--loop", "uvloop", "--lifespan", "off", "--no-proxy-headers")
        command = [sys.executable, "-m", "uvicorn", "benchmarks.e2e_app:app", f"--port={port}", *options]
        process = subprocess.Popen(
            [*command, "--log-level=warning", "--no-access-log"], env=os.environ | {"BENCHMARK_TARGET": name}
        )
        try:
            _pin(process.pid, _APP_CPU)
            _wait_for(port, process)
            yield port, process.pid
        finally:
            stop_process(process, timeout_seconds=10, log=lambda: "")


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 20
    while True:
        try:
            socket.create_connection((LOOPBACK, port), timeout=1).close()
        except OSError:
            if process.poll() is not None or time.monotonic() > deadline:
                raise
            time.sleep(0.02)
        else:
            return


@contextmanager
def pinned(cpu: int) -> Iterator[None]:
    """What is started in here runs on one processor."""
    before = os.sched_getaffinity(0)
    _pin(0, cpu)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def _pin(pid: int, cpu: int) -> None:
    if (os.cpu_count() or 1) > max(_APP_CPU, OTHER_CPU):
        os.sched_setaffinity(pid, {cpu})


def _nginx_text(files: dict[str, CertificateFiles], app_port: int | None) -> ServerText:
    """A server that requires a client certificate and passes it on, or answers by itself."""
    upstream = f"app-{app_port}"

    def text(port: int) -> str:
        answer = f'return 200 "{NOBODY.decode()}";'
        if app_port is not None:
            answer = (
                f'proxy_pass http://{upstream}; proxy_http_version 1.1; proxy_set_header Connection "";'
                " proxy_set_header ssl-client-verify $ssl_client_verify;"
                " proxy_set_header ssl-client-cert $ssl_client_escaped_cert;"
            )
        return f"""
          upstream {upstream} {{ server {LOOPBACK}:{app_port or 9}; keepalive 64; }}
          server {{
            listen {LOOPBACK}:{port} ssl;
            keepalive_requests 1000000;
            ssl_certificate "{files["server"].certificate}";
            ssl_certificate_key "{files["server"].key}";
            ssl_client_certificate "{files["root"].certificate}";
            ssl_verify_client on;
            ssl_verify_depth 3;
            location / {{ {answer} }}
          }}"""

    return text
