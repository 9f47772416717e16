"""A real Apache httpd in front of an app, for tests and demonstrations."""

import os
import pwd
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

from clientcert.errors import ConfigurationError
from clientcert.testing.processes import LOOPBACK, Prefix, Terminator

# Debian, Red Hat, Alpine, Homebrew.
_MODULE_FOLDERS = (
    "/usr/lib/apache2/modules",
    "/usr/lib64/httpd/modules",
    "/usr/lib/apache2",
    "/opt/homebrew/lib/httpd/modules",
)
# The first three are built in where the file is missing.
_MODULES = ("unixd", "log_config", "mpm_event", "authz_core", "ssl", "headers", "http2", "proxy", "proxy_http")
_SERVING_USERS = ("www-data", "apache", "http", "nobody")


class Apache(Terminator):
    """
    Apache httpd with modules, a port and one small server process, and the caller's ``<VirtualHost>`` below them.

    Started by root it serves as ``www-data`` or ``nobody``, which therefore has to reach the app's unix socket.

    For the arguments and errors see `Terminator`.
    """

    program_names: ClassVar[tuple[str, ...]] = ("apache2", "httpd")

    def _command(self, program: Path, prefix: Prefix) -> list[str]:
        path = prefix.write("httpd.conf", "\n".join((*_preamble(prefix), prefix.text)))
        return [str(program), "-D", "FOREGROUND", "-d", str(prefix.folder), "-f", str(path)]


def _preamble(prefix: Prefix) -> Iterator[str]:
    folder = _module_folder()
    for module in _MODULES:
        if (path := folder / f"mod_{module}.so").exists():
            yield f"LoadModule {module}_module {path}"
    yield f"Listen {LOOPBACK}:{prefix.port}"
    yield f'ServerRoot "{prefix.folder}"'
    yield f'DefaultRuntimeDir "{prefix.folder}"'
    yield "ServerName localhost"
    yield "PidFile httpd.pid"
    yield "ErrorLog error.log"
    yield "LogLevel warn ssl:info"
    yield "StartServers 1\nServerLimit 1\nThreadsPerChild 25\nMaxRequestWorkers 25"
    if os.geteuid() == 0:
        user = _serving_user()
        yield f"User {user.pw_name}\nGroup #{user.pw_gid}"


def _module_folder() -> Path:
    for folder in _MODULE_FOLDERS:
        if (Path(folder) / "mod_ssl.so").exists():
            return Path(folder)
    raise ConfigurationError(f"no mod_ssl.so in {', '.join(_MODULE_FOLDERS)}; install Apache's SSL module")


def _serving_user() -> pwd.struct_passwd:
    known = {entry.pw_name: entry for entry in pwd.getpwall()}
    return next(known[name] for name in _SERVING_USERS if name in known)
