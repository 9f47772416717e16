"""Run the command in this process, in the folder of the captured certificates or in one of the test's own."""

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from clientcert.cli.main import cli
from tests.material import AUTHORITY, INTERMEDIATE, NOW

CAPTURES = Path(__file__).parents[1] / "data" / "captures" / "certs"
CAPTURED_AT = "2026-11-21T23:00:00Z"

Run = Callable[..., Result]


@pytest.fixture
def run() -> Run:
    """Invoke ``clientcert`` with arguments; a Python exception is the test's failure."""

    def invoke(*arguments: object, stdin: bytes | None = None) -> Result:
        return CliRunner().invoke(cli, [str(a) for a in arguments], input=stdin, catch_exceptions=False)

    return invoke


@pytest.fixture
def captured(run: Run, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Invoke ``clientcert verify`` on captured certificates, by file name, at the time of the capture."""
    monkeypatch.chdir(CAPTURES)

    def invoke(*arguments: object, trust: str = "trust-inter.pem", stdin: bytes | None = None) -> Result:
        return run("verify", "--trust", trust, "--at", CAPTURED_AT, *arguments, stdin=stdin)

    return invoke


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with ``ca.pem`` (a root) and ``issuing.pem`` (an intermediate under it)."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "ca.pem").write_bytes(AUTHORITY.pem)
    (tmp_path / "issuing.pem").write_bytes(INTERMEDIATE.pem)
    return tmp_path


@pytest.fixture
def verify(run: Run, folder: Path) -> Run:
    """Write content to ``leaf`` and invoke ``clientcert verify`` on it, trusting ``ca.pem``, at the fixed time."""

    def invoke(leaf: bytes, *arguments: object, trust: str = "ca.pem") -> Result:
        (folder / "leaf").write_bytes(leaf)
        return run("verify", "--trust", trust, "--at", NOW.isoformat(), *arguments, "leaf")

    return invoke
