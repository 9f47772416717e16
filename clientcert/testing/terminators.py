"""
A real nginx on loopback, for tests and demonstrations.

`Nginx` runs an unmodified nginx with a generated configuration (`clientcert.testing.nginx`), one ``server`` block per
name, everything it writes below one temporary folder. No root needed::

    app = NginxServer(certificate=…, private_key=…, client_ca=…, locations=(Location(upstream="unix:/run/app.sock"),))
    with Nginx({"app": app}) as nginx:
        nginx.ports["app"]

HAProxy, Apache, Caddy and Envoy are in modules of their own: `clientcert.testing.processes` has what they share.
"""

import os
import socket
import subprocess
import tempfile
import time
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

from clientcert.errors import ConfigurationError
from clientcert.testing.nginx import NginxServer, render_configuration
from clientcert.testing.processes import (
    LOOPBACK,
    ServerText,
    TerminatorError,
    find_program,
    log_tail,
    stop_process,
)

__all__ = ["Nginx", "TerminatorError", "find_nginx"]


def find_nginx() -> Path | None:
    """Path of the nginx program, searched in ``PATH`` and the usual system folders, or ``None``."""
    return find_program("nginx")


class Nginx:
    """
    A real nginx for the length of a ``with`` block.

    Args:
        servers: Name → `NginxServer`, or the text of a ``server`` block for a port; the names are the keys of `ports`
            and mean nothing to nginx.
        executable: The program; ``None`` searches for it with `find_nginx`.
        timeout_seconds: How long starting and stopping may take.

    Raises:
        ConfigurationError: No server, or no nginx was found.
        TerminatorError: On entry, when nginx refuses the configuration; its error log is in the text.
        OSError: On entry, when a port is taken.
    """

    def __init__(
        self,
        servers: Mapping[str, NginxServer | ServerText],
        *,
        executable: Path | None = None,
        timeout_seconds: float = 10.0,
    ) -> None:
        program = executable or find_nginx()
        if program is None:
            raise ConfigurationError("nginx was not found in PATH or /usr/sbin; install the package nginx")
        if not servers:
            raise ConfigurationError("nginx needs at least one server")
        self._program = program
        self._servers = dict(servers)
        self._timeout_seconds = timeout_seconds
        self._cleanup = ExitStack()
        self._error_log: Path | None = None
        self._last_log = ""
        self.ports: dict[str, int] = {}
        """Name of the server → TCP port on 127.0.0.1; filled on entry."""

    @property
    def error_log(self) -> str:
        """What nginx has written to its error log, the last 4,000 characters; kept when it has stopped."""
        if self._error_log is not None and self._error_log.exists():
            self._last_log = log_tail(self._error_log)
        return self._last_log

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            prefix = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="nginx-")))
            self._error_log = prefix / "error.log"
            listeners = {name: _listen(stack, _wanted_port(server)) for name, server in self._servers.items()}
            self.ports = {name: listener.getsockname()[1] for name, listener in listeners.items()}
            configuration = render_configuration(self._servers, self.ports)
            (prefix / "nginx.conf").write_text(configuration, encoding="utf-8")
            self._start(stack, prefix, [listener.fileno() for listener in listeners.values()])
            for listener in listeners.values():
                listener.close()
            self._cleanup = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        log = self.error_log
        if error is not None:
            error.add_note(f"nginx error log:\n{log}")
        self._cleanup.close()

    def _start(self, stack: ExitStack, prefix: Path, descriptors: list[int]) -> None:
        arguments = [str(self._program), "-p", f"{prefix}/", "-c", "nginx.conf"]
        output = stack.enter_context((prefix / "output.log").open("wb"))
        # nginx takes over listening sockets named here (its own way of upgrading the program), so that no port
        # has to be guessed free, and a connection made before it is ready waits instead of failing.
        environment = os.environ | {"NGINX": "".join(f"{descriptor};" for descriptor in descriptors)}
        process = subprocess.Popen(
            arguments, env=environment, pass_fds=descriptors, stdin=subprocess.DEVNULL, stdout=output, stderr=output
        )
        stack.callback(stop_process, process, timeout_seconds=self._timeout_seconds, log=lambda: self.error_log)
        deadline = time.monotonic() + self._timeout_seconds
        # nginx writes the file when the configuration is read and every socket is open.
        while not (prefix / "nginx.pid").exists():
            if process.poll() is not None or time.monotonic() > deadline:
                # What is wrong with the configuration itself goes to standard error.
                said = (prefix / "output.log").read_text(encoding="utf-8", errors="replace")
                raise TerminatorError(f"nginx did not start, exit status {process.poll()}:\n{said}{self.error_log}")
            time.sleep(0.005)


def _wanted_port(server: NginxServer | ServerText) -> int:
    return server.port if isinstance(server, NginxServer) else 0


def _listen(stack: ExitStack, port: int) -> socket.socket:
    listener = stack.enter_context(socket.create_server((LOOPBACK, port), backlog=511))
    # nginx leaves a socket that it inherits as it is, and expects not to block on it.
    listener.setblocking(False)
    return listener
