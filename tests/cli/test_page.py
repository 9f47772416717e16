"""The reference page of the command says what the command does."""

import re

import click
import pytest

from clientcert.cli.main import cli
from clientcert.cli.verify import verify
from tests.cli.conftest import Run
from tests.cli.transcript import FOLDER, PAGE, rerun

TEXT = PAGE.read_text(encoding="utf-8")


def test_transcript_is_real(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every command of the page prints what the page shows, and ends with the status that the page shows."""
    monkeypatch.chdir(FOLDER)
    assert rerun(TEXT) == TEXT


def test_transcript_is_long_enough() -> None:
    """The page shows an accepted certificate, refusals, and a command that cannot run."""
    commands = [line for line in TEXT.splitlines() if line.startswith("$ clientcert verify")]
    assert len(commands) >= 7
    assert re.findall(r"^\$ echo \$\?\n(\d)$", TEXT, re.MULTILINE) == ["0", "1", "2"]


def test_transcript_notices_a_difference(monkeypatch: pytest.MonkeyPatch) -> None:
    """A page whose output is not the real one is changed by running it."""
    monkeypatch.chdir(FOLDER)
    assert rerun(TEXT.replace("accepted  web.pem", "accepted  app.pem")) == TEXT


def test_options_are_described() -> None:
    """The table of options names each option, and no other."""
    described = re.findall(r"^\| `(--[a-z-]+)` \|", TEXT, re.MULTILINE)
    options = [parameter.opts[0] for parameter in verify.params if isinstance(parameter, click.Option)]
    assert described == options


def test_help_has_examples(run: Run) -> None:
    """The help of the group and of the command end in commands to copy."""
    for arguments in (("--help",), ("-h",), ("verify", "--help")):
        result = run(*arguments)
        assert (result.exit_code, "  clientcert verify --trust ca.pem" in result.stdout) == (0, True)


def test_examples_of_the_help_parse(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each example of the help is a command line whose options exist."""
    monkeypatch.chdir(FOLDER)
    examples = re.findall(r"^ +clientcert (verify --trust .*?)(?: \||$)", run("verify", "--help").stdout, re.MULTILINE)
    assert len(examples) == 4
    for example in examples:
        words = example.partition(" <")[0].split()
        assert "no such option" not in run(*words).output.lower()
    assert "verify" in cli.commands
