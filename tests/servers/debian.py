"""Apache with mod_wsgi, and the Python of Debian's packages, which imports our environment's packages."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import pytest

from tests.peers import require_peer
from tests.servers.harness import ROOT, RunningServer, running

SITE_PACKAGES = Path(pytest.__file__).parents[1]

_MOD_WSGI = Path("/usr/lib/apache2/modules/mod_wsgi.so")
_CONFIGURATION = """
ServerRoot "${APACHE_FOLDER}"
PidFile "${APACHE_FOLDER}/pid"
DefaultRuntimeDir "${APACHE_FOLDER}"
Mutex file:${APACHE_FOLDER}
ErrorLog /proc/self/fd/2
ServerName localhost
Listen 127.0.0.1:${APACHE_PORT}
LoadModule mpm_event_module /usr/lib/apache2/modules/mod_mpm_event.so
LoadModule authz_core_module /usr/lib/apache2/modules/mod_authz_core.so
LoadModule socache_shmcb_module /usr/lib/apache2/modules/mod_socache_shmcb.so
LoadModule ssl_module /usr/lib/apache2/modules/mod_ssl.so
LoadModule http2_module /usr/lib/apache2/modules/mod_http2.so
LoadModule wsgi_module /usr/lib/apache2/modules/mod_wsgi.so
Protocols h2 http/1.1
KeepAliveTimeout 60
SSLSessionCache shmcb:${APACHE_FOLDER}/sessions(512000)
WSGIRestrictEmbedded On
WSGISocketPrefix "${APACHE_FOLDER}/wsgi"
<Directory "/">
  Require all granted
</Directory>
"""
# Apache started by root gives up root's rights, and refuses not to.
_AS_NOBODY = """
User nobody
Group nogroup
"""


@cache
def require_debian_python() -> None:
    """Debian's Python must import the compiled packages of this environment: both of one minor version."""
    code = "import cryptography.x509, flask"
    python, environ = "/usr/bin/python3", {"PYTHONPATH": str(SITE_PACKAGES)}
    if subprocess.run([python, "-c", code], env=environ, check=False, capture_output=True).returncode != 0:
        require_peer("a /usr/bin/python3 that imports this environment's cryptography")


@contextmanager
def apache(text: str, folder: Path, settings: Mapping[str, str], *, readable: str) -> Iterator[RunningServer]:
    """
    Run Apache with mod_wsgi until the block ends.

    Args:
        text: Its configuration besides ports, folders and modules; ``${NAME}`` is filled from `settings`.
        folder: For its log.
        settings: Its environment, and the app's.
        readable: The setting that names the file the app reads; it is copied to where everybody may look.
    """
    program = require_peer("apache")
    if not _MOD_WSGI.exists():
        require_peer(str(_MOD_WSGI))
    require_debian_python()
    with tempfile.TemporaryDirectory(prefix="clientcert-apache-") as own:
        os.chmod(own, 0o755)  # noqa: S103, PTH101 - see above
        configuration = Path(own) / "httpd.conf"
        as_nobody = _AS_NOBODY if os.geteuid() == 0 else ""
        configuration.write_text(_CONFIGURATION + as_nobody + text, encoding="ascii")
        environ = {
            "APACHE_FOLDER": own,
            "APACHE_PORT": "{port}",
            "APP_PATH": f"{SITE_PACKAGES}:{ROOT}",
            readable: shutil.copy(settings[readable], own),
        }
        command = (str(program), "-f", str(configuration), "-D", "FOREGROUND")
        with running(folder=folder, environ={**settings, **environ}, program=command) as server:
            yield server
