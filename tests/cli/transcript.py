"""
The transcripts of ``docs/reference/cli.md``: a test runs them, ``python -m tests.cli.transcript`` writes them anew.

A transcript is a fenced block of the language ``console``; its commands run in the folder of the captured certificates.
"""

import os
import shlex
from collections.abc import Iterator
from pathlib import Path

from click.testing import CliRunner

from clientcert.cli.main import cli

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "reference" / "cli.md"
FOLDER = ROOT / "tests" / "data" / "captures" / "certs"

_PROMPT, _OURS, _STATUS = "$ ", "$ clientcert ", "$ echo $?"


def rerun(text: str) -> str:
    """Return the page with the output of each ``$ clientcert`` and ``$ echo $?`` replaced by the real one."""
    return "".join(f"{line}\n" for line in _lines(text.splitlines()))


def _lines(lines: list[str]) -> Iterator[str]:
    is_console = is_output = False
    status = "0"
    for line in lines:
        if line.startswith("```"):
            is_console, is_output = line == "```console", False
        is_command = is_console and line.startswith(_PROMPT)
        if is_output and not is_command:
            continue
        yield line
        is_output = is_command and line.startswith((_OURS, _STATUS))
        if is_output and line == _STATUS:
            yield status
        elif is_output:
            result = CliRunner().invoke(cli, shlex.split(line.removeprefix(_OURS)), catch_exceptions=False)
            status = str(result.exit_code)
            yield from result.output.splitlines()


if __name__ == "__main__":
    os.chdir(FOLDER)
    PAGE.write_text(rerun(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
