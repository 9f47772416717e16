"""mypy and pyright see the types that the comments in `accessors` promise."""

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.peers import missing

FILE = Path(__file__).with_name("accessors.py")
ROOT = FILE.parents[2]
EXPECTED = {
    number: line.rpartition("  # ")[2]
    for number, line in enumerate(FILE.read_text(encoding="utf-8").splitlines(), start=1)
    if "reveal_type(" in line
}


def run(*command: str) -> str:
    """Run a checker in the root of the repository."""
    whole = [sys.executable, "-m", *command]
    return subprocess.run(whole, cwd=ROOT, capture_output=True, text=True, check=False).stdout


def short(shown: str) -> str:
    """A type without the modules of its names, in the spelling of builtins."""
    names = re.sub(r"[\w.]+\.(\w+)", r"\1", shown)
    return re.sub(r"^def .*-> ", "", names)


def mypy() -> dict[int, str]:
    """Line → what mypy reveals; its incremental cache makes it quick."""
    output = run("mypy", "--no-error-summary", "--show-absolute-path", str(FILE))
    assert "error:" not in output, output
    found = re.findall(r'accessors\.py:(\d+): note: Revealed type is "(.*)"', output)
    return {int(number): short(shown) for number, shown in found}


def pyright() -> dict[int, str]:
    """Line → what pyright reveals."""
    output = run("pyright", "--outputjson", "--pythonpath", sys.executable, str(FILE))
    if not output.startswith("{"):
        missing("pyright")
    diagnostics = json.loads(output)["generalDiagnostics"]
    assert [each["message"] for each in diagnostics if each["severity"] == "error"] == []
    return {
        each["range"]["start"]["line"] + 1: each["message"].rpartition(' is "')[2].rstrip('"') for each in diagnostics
    }


@pytest.mark.parametrize("checker", [mypy, pyright])
def test_revealed_types(checker: Callable[[], dict[int, str]]) -> None:
    """Every accessor has its type, no line more and none less."""
    assert len(EXPECTED) > 25
    assert checker() == EXPECTED
