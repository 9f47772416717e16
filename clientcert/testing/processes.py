r"""
What real terminators have in common: a program, a configuration, a port of loopback, a log that explains failures.

`Terminator` is the base of `haproxy.HAProxy`, `apache.Apache`, `caddy.Caddy` and `envoy.Envoy`. Each runs the program
of the distribution with a configuration that the caller gives as text, everything it writes below one temporary
folder. No root needed::

    with HAProxy({"app": lambda port: f"frontend …\n  bind 127.0.0.1:{port} ssl …"}) as haproxy:
        haproxy.ports["app"]
"""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import ClassVar, Self

from clientcert.errors import ConfigurationError

LOOPBACK = "127.0.0.1"

ServerText = Callable[[int], str]
"""TCP port on 127.0.0.1 → the text of a configuration that listens there."""

# Debian and Red Hat keep daemons where an ordinary user's PATH does not look; wheels put programs beside Python.
_SYSTEM_PATHS = ("/usr/sbin", "/usr/local/sbin", "/usr/local/nginx/sbin", "/opt/homebrew/bin")
_LOG_TAIL_CHARACTERS = 4_000
_POLL_SECONDS = 0.005


class TerminatorError(RuntimeError):
    """A terminator did not start, or did not stop; the text ends with its error log."""


def find_program(*names: str) -> Path | None:
    """Path of the first of these programs in ``PATH``, beside the interpreter or in the system's folders, or None."""
    folders = os.pathsep.join((os.environ.get("PATH", ""), str(Path(sys.executable).parent), *_SYSTEM_PATHS))
    found = (shutil.which(name, path=folders) for name in names)
    return next((Path(path) for path in found if path), None)


def log_tail(*files: Path) -> str:
    """The last 4,000 characters of log files that may not exist."""
    texts = (path.read_text(encoding="utf-8", errors="replace") for path in files if path.exists())
    return "".join(texts)[-_LOG_TAIL_CHARACTERS:]


def stop_process(process: subprocess.Popen[bytes], *, timeout_seconds: float, log: Callable[[], str]) -> None:
    """
    End a process of ours: SIGTERM, and SIGKILL when that does not help.

    Raises:
        TerminatorError: It had to be killed.
    """
    process.terminate()
    try:
        process.wait(timeout_seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        raise TerminatorError(f"{process.args!r} did not stop and was killed:\n{log()}") from None


@contextmanager
def reserve_port() -> Iterator[int]:
    """
    Hold a free TCP port of loopback for a program that can only be told its number.

    The socket is bound and never listens: nobody else is given the port, and a program that sets SO_REUSEADDR or
    SO_REUSEPORT, as servers do, can listen on it all the same.
    """
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as holder:
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        holder.bind((LOOPBACK, 0))
        yield holder.getsockname()[1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Prefix:
    """
    Where one process keeps its files, and where it listens.

    Attributes:
        folder: Its folder.
        port: TCP port on 127.0.0.1.
        text: Its configuration, as the caller wrote it.
    """

    folder: Path
    port: int
    text: str

    def write(self, name: str, text: str) -> Path:
        """Write one file of the configuration; only its owner can read it, there may be a secret in it."""
        path = self.folder / name
        path.touch(mode=0o600)
        path.write_text(text, encoding="utf-8")
        return path

    @property
    def environment(self) -> dict[str, str]:
        """Our environment, with a home in which programs can keep what they keep in the user's."""
        return os.environ | {"HOME": str(self.folder)}

    @property
    def log(self) -> str:
        """What the process has written to its outputs and its error log."""
        return log_tail(self.folder / "output.log", self.folder / "error.log")


class Terminator(ABC):
    """
    A real terminator for the length of a ``with`` block: one process for each text.

    Args:
        servers: Name → `ServerText`; the names are the keys of `ports`.
        environment: Variables that the configuration refers to, such as a secret.
        executable: The program; ``None`` searches for it with `find`.
        timeout_seconds: How long starting and stopping may take.

    Raises:
        ConfigurationError: No server, or the program was not found.
        TerminatorError: On entry, when the program refuses its configuration; its error log is in the text.
    """

    program_names: ClassVar[tuple[str, ...]]
    """Names that distributions give the program."""

    def __init__(
        self,
        servers: Mapping[str, ServerText],
        *,
        environment: Mapping[str, str] | None = None,
        executable: Path | None = None,
        timeout_seconds: float = 10.0,
    ) -> None:
        program = executable or self.find()
        if program is None:
            names = " or ".join(self.program_names)
            raise ConfigurationError(f"{names} was not found in PATH, beside Python or in /usr/sbin; install it")
        if not servers:
            raise ConfigurationError(f"{program.name} needs at least one server")
        self._program = program
        self._servers = dict(servers)
        self._environment = dict(environment or {})
        self._timeout_seconds = timeout_seconds
        self._cleanup = ExitStack()
        self._prefixes: list[Prefix] = []
        self._last_log = ""
        self.ports: dict[str, int] = {}
        """Name of the server → TCP port on 127.0.0.1; filled on entry."""

    @classmethod
    def find(cls) -> Path | None:
        """Path of the program, searched in ``PATH``, beside the interpreter and in the system's folders, or None."""
        return find_program(*cls.program_names)

    @property
    def error_log(self) -> str:
        """What the processes have written, the last 4,000 characters of each; kept when they have stopped."""
        self._last_log = "".join(prefix.log for prefix in self._prefixes) or self._last_log
        return self._last_log

    @abstractmethod
    def _command(self, program: Path, prefix: Prefix) -> list[str]:
        """Write the files of one process below its prefix, and return its command line."""

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            root = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix=f"{self._program.name}-")))
            # Started by root, Apache serves as another user, who has to find its folder.
            root.chmod(0o711)
            started = []
            for name, text in self._servers.items():
                port = stack.enter_context(reserve_port())
                prefix = Prefix(folder=root / name, port=port, text=text(port))
                prefix.folder.mkdir(mode=0o711)
                self._prefixes.append(prefix)
                self.ports[name] = port
                started.append((prefix, self._start(stack, prefix)))
            for prefix, process in started:
                self._wait(prefix, process)
            self._cleanup = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        log = self.error_log
        if error is not None:
            error.add_note(f"{self._program.name} error log:\n{log}")
        self._cleanup.close()

    def _start(self, stack: ExitStack, prefix: Prefix) -> subprocess.Popen[bytes]:
        output = stack.enter_context((prefix.folder / "output.log").open("wb"))
        process = subprocess.Popen(
            self._command(self._program, prefix),
            cwd=prefix.folder,
            env=prefix.environment | self._environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )
        stack.callback(stop_process, process, timeout_seconds=self._timeout_seconds, log=lambda: prefix.log)
        return process

    def _wait(self, prefix: Prefix, process: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + self._timeout_seconds
        while not _listens(prefix.port):
            if process.poll() is not None or time.monotonic() > deadline:
                raise TerminatorError(
                    f"{self._program.name} did not start, exit status {process.poll()}:\n{prefix.log}"
                )
            time.sleep(_POLL_SECONDS)


def _listens(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        return probe.connect_ex((LOOPBACK, port)) == 0
