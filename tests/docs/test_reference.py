"""The reference pages name everything that exists, and links lead somewhere."""

import re
from dataclasses import fields
from pathlib import Path

import pytest

from clientcert.config import ClientCertConfig
from clientcert.core.sources import ALIASES, PRESETS
from clientcert.errors import Reason

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
_LINK = re.compile(r"\]\((?!https?:|#)([^)#\s]+)")


def test_every_setting_is_described() -> None:
    """The settings page has a row for each field that can be given, and no other."""
    page = (ROOT / "docs/reference/settings.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(\w+)` \|", page, flags=re.MULTILINE)
    assert sorted(rows) == sorted(field.name for field in fields(ClientCertConfig) if field.init)
    assert {name for name in (*PRESETS, *ALIASES) if f"`{name}`" not in page} == set()


def test_every_reason_is_described() -> None:
    """The outcomes page has a row for each reason, with its case and a meaning."""
    page = (ROOT / "docs/reference/outcomes.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| `([\w-]+)` \| ([\w-]+) \| \S", page, flags=re.MULTILINE))
    assert rows == {str(reason): reason.case.slug for reason in Reason}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    """Every relative link of a page names a file of the repository."""
    for target in _LINK.findall(page.read_text(encoding="utf-8")):
        assert (page.parent / target).exists(), target
