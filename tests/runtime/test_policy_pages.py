"""The pages about policy say what the package does: their files load, their cases run, their code works."""

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from click import Option
from click.testing import CliRunner

from clientcert.cli.policy import explain, policy
from clientcert.core import policy as core_policy
from clientcert.runtime.policy_rules import LEGAL_RULES
from tests.core.policy_clients import client
from tests.material import AUTHORITY

DOCS = Path(__file__).parents[2] / "docs"
REFERENCE = (DOCS / "reference" / "policy.md").read_text(encoding="utf-8")
HOW_TO = (DOCS / "how-to" / "authorize.md").read_text(encoding="utf-8")
PAGES = pytest.mark.parametrize("page", [REFERENCE, HOW_TO], ids=["reference", "how-to"])

ALICE = client(("O", "Example"), ("OU", "ops"), ("CN", "alice"))
BOB = client(("O", "Example"), ("OU", "dev"), ("CN", "bob"), san=["URI:spiffe://prod.example/alice"])


def blocks(page: str, language: str) -> list[str]:
    """The code blocks of a page in one language."""
    return re.findall(rf"^```{language}\n(.*?)^```", page, re.MULTILINE | re.DOTALL)


@pytest.fixture
def written(page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with the policy and the cases of a page."""
    monkeypatch.chdir(tmp_path)
    acl, cases = blocks(page, "toml")
    (tmp_path / "acl.toml").write_text(acl, encoding="utf-8")
    (tmp_path / "acl-cases.toml").write_text(cases, encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize("page", [REFERENCE], ids=["reference"])
@pytest.mark.usefixtures("written")
def test_cases_of_the_reference() -> None:
    """The cases of the reference are as its policy has it."""
    result = CliRunner().invoke(policy, ["test", "acl.toml", "acl-cases.toml"], catch_exceptions=False)
    assert (result.exit_code, "4 of 4 cases as expected" in result.stdout) == (0, True)


@pytest.mark.parametrize("page", [HOW_TO], ids=["how-to"])
@pytest.mark.usefixtures("written")
def test_transcript_of_the_how_to(page: str) -> None:
    """The command prints what the how-to shows."""
    result = CliRunner().invoke(policy, ["test", "acl.toml", "acl-cases.toml"], catch_exceptions=False)
    transcript = blocks(page, "console")[0]
    assert f"$ clientcert policy test acl.toml acl-cases.toml\n{result.stdout}" == transcript


@PAGES
@pytest.mark.usefixtures("written")
def test_code(page: str) -> None:
    """The Python of a page runs, one block after the other, as the page says."""
    names: dict[str, Any] = {"ca_certificate": AUTHORITY.pem, "identity": ALICE, "alice": ALICE, "bob": BOB}
    for block in blocks(page, "python"):
        lines = [line for line in block.splitlines() if page is HOW_TO or not line.startswith("assert_policy")]
        exec("\n".join(lines), names | {"timedelta": timedelta}, names)  # noqa: S102 - our own pages
    assert names["admins"].check(ALICE).allowed
    assert not names["admins"].check(BOB).allowed


def test_explanation() -> None:
    """The explanation of the reference is one that a rule gives."""
    shown = next(block for block in blocks(REFERENCE, "text") if "all_of" in block)
    rule = core_policy.o("Example") & (core_policy.ou("ops") | core_policy.spiffe("spiffe://prod.example/admin/*"))
    assert rule.check(BOB).explain() == tuple(shown.splitlines())


def test_every_rule_is_described() -> None:
    """The tables of the reference name every rule of Python and every key of a file."""
    rules, keys = REFERENCE.partition("## Policy files")[::2]
    functions = {name for name in core_policy.__all__ if name[0].islower()}
    assert [name for name in functions if f"`{name}" not in rules] == []
    assert [name for name in LEGAL_RULES if f"`{name}`" not in keys] == []


@PAGES
def test_functions_that_are_named_exist(page: str) -> None:
    """What a page calls by its name is there."""
    for name in re.findall(r"`([a-z_]+)\(", page.partition("## Cases")[0]):
        assert name in core_policy.__all__ or name in {"explain", "function"}


def test_options_are_described() -> None:
    """The table of options names each option of ``explain``, and no other."""
    described = re.findall(r"^\| `(--[a-z-]+)` \|", REFERENCE, re.MULTILINE)
    assert described == [parameter.opts[0] for parameter in explain.params if isinstance(parameter, Option)]
