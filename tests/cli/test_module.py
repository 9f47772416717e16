"""``python -m clientcert`` and the console script: the same function, with and without the extra."""

import subprocess
import sys
import tomllib

import pytest

from clientcert import __version__
from tests.cli.conftest import CAPTURED_AT, CAPTURES, Run
from tests.cli.transcript import ROOT


def _python(*arguments: str) -> "subprocess.CompletedProcess[str]":
    environment = {"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin", "PYTHONUTF8": "1"}
    command = [sys.executable, *arguments]
    return subprocess.run(command, cwd=CAPTURES, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("leaf", "status", "start"),
    [("web.pem", 0, "accepted  web.pem"), ("expired.pem", 1, "refused   expired.pem: certificate-expired")],
    ids=["accepted", "refused"],
)
def test_module(leaf: str, status: int, start: str) -> None:
    """The package runs as a module, and its exit status is the verdict."""
    done = _python("-m", "clientcert", "verify", "--trust", "trust-inter.pem", "--at", CAPTURED_AT, leaf)
    assert (done.returncode, done.stdout[: len(start)], done.stderr) == (status, start, "")


def test_module_cannot_run() -> None:
    """A bundle that cannot be used gives one line and status 2, no traceback."""
    done = _python("-m", "clientcert", "verify", "--trust", "keys/ec.key", "ec.pem")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "Error: trust: 'keys/ec.key' holds a private key: keep keys out of the CA bundle\n"


@pytest.mark.parametrize("missing", ["click", "rich"])
def test_extra_missing(missing: str) -> None:
    """Without the extra there is one line with the command that installs it, and status 2."""
    code = f"import sys; sys.modules[{missing!r}] = None\nfrom clientcert.__main__ import main; main()"
    done = _python("-c", code)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"clientcert: the command line needs {missing}")
    assert done.stderr.endswith(": pip install 'clientcert[cli]'\n")
    assert done.stderr.count("\n") == 1


def test_other_missing_modules_are_not_hidden() -> None:
    """A module of ours that cannot be imported is a bug, and looks like one."""
    done = _python(
        "-c", "import sys; sys.modules['clientcert.cli.leaf'] = None\nfrom clientcert.__main__ import main; main()"
    )
    assert (done.returncode, "ModuleNotFoundError" in done.stderr) == (1, True)


def test_console_script() -> None:
    """The console script is what ``python -m clientcert`` runs."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["scripts"] == {"clientcert": "clientcert.__main__:main"}


def test_version(run: Run) -> None:
    """The version is the package's."""
    assert run("--version").stdout == f"cli {__version__}\n"
    assert _python("-m", "clientcert", "--version").stdout == f"clientcert {__version__}\n"
