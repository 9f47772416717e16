"""
What importing us loads, and how long a process takes until its middleware is made.

    python -m benchmarks.imports
"""

import os
import statistics
import subprocess
import sys
from tempfile import TemporaryDirectory
from typing import NamedTuple

from benchmarks.material import pki
from benchmarks.traffic import NETWORK

LIMIT_MILLISECONDS = 10.0
LIMIT_OVER_CRYPTOGRAPHY = 1.2
_TIMES = 9
_TIMED = """
from time import process_time
start = process_time()
{statement}
print((process_time() - start) * 1000)
"""
_BYTECODE = TemporaryDirectory(prefix="clientcert-bytecode-")
_CRYPTOGRAPHY = "import cryptography.x509"
_OURS = "import clientcert"
_MIDDLEWARE = """
from clientcert.asgi import ClientCertMiddleware
ClientCertMiddleware(print, source="nginx", trust={trust!r}, trusted_proxies=[{network!r}])
"""


class Imports(NamedTuple):
    """
    Medians over several processes.

    Attributes:
        milliseconds: Of processor time, of ``import clientcert``.
        over_cryptography: Importing the adapter and making a middleware, over ``import cryptography.x509``.
    """

    milliseconds: float
    over_cryptography: float


def foreign_modules() -> list[str]:
    """Top-level modules outside the standard library that ``import clientcert`` loads, our own apart."""
    command = f"import sys\nbefore = set(sys.modules)\n{_OURS}\nprint(*set(sys.modules) - before)"
    loaded = {name.partition(".")[0] for name in _python(command).split()}
    found = sorted(loaded - sys.stdlib_module_names - {"clientcert"})
    print(f"  import clientcert loads, beside itself and the standard library: {', '.join(found) or 'nothing'}")
    return found


def measure() -> Imports:
    """Time both, each in processes of their own."""
    middleware = _MIDDLEWARE.format(trust=pki().trust, network=NETWORK)
    own, quotients = [], []
    for statement in (_OURS, middleware):
        _python(statement)
    for _ in range(_TIMES):
        own.append(_milliseconds(_OURS))
        quotients.append(_milliseconds(middleware) / _milliseconds(_CRYPTOGRAPHY))
    found = Imports(statistics.median(own), statistics.median(quotients))
    print(f"  import clientcert: {found.milliseconds:.1f} ms (at most {LIMIT_MILLISECONDS:.0f})")
    print(
        f"  a middleware: {found.over_cryptography:.2f} x import cryptography.x509 (at most {LIMIT_OVER_CRYPTOGRAPHY})"
    )
    return found


def _milliseconds(statement: str) -> float:
    return float(_python(_TIMED.format(statement=statement)))


def _python(command: str) -> str:
    # An installed package has its bytecode; a tree at work, or a shell that forbids to write it, may not.
    environ = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    environ["PYTHONPYCACHEPREFIX"] = _BYTECODE.name
    return subprocess.run(
        [sys.executable, "-c", command], stdout=subprocess.PIPE, text=True, check=True, env=environ
    ).stdout


if __name__ == "__main__":
    foreign_modules()
    measure()
