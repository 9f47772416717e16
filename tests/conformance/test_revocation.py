"""Revocation by lists against NIST PKITS, sections 4.4, 4.5, 4.14, 4.15 above all, and x509-limbo."""

import pytest

from tests.conformance.revocation import SECTIONS, accepts, revocation_cases, section_mismatches, section_tally
from tests.conformance.verdicts import allowed

# (accepted and valid, refused and invalid, false accept, false reject) by section.
EXPECTED = {
    "limbo": (4, 3, 1, 0),
    "4.4": (4, 15, 0, 2),
    "4.5": (1, 4, 0, 3),
    "4.14": (6, 20, 0, 9),
    "4.15": (0, 6, 0, 4),
}

pytestmark = pytest.mark.filterwarnings("ignore")


def test_no_path_that_pkits_refuses_is_accepted() -> None:
    """No test of the whole suite, policy processing aside, is a false accept when revocation is checked hard."""
    wrong = [case.id for case in revocation_cases() if not case.valid and case.section != "limbo" and accepts(case)]
    assert wrong == []


@pytest.mark.parametrize("section", SECTIONS)
def test_numbers_of_a_revocation_section(section: str) -> None:
    """A section about revocation gives exactly these numbers."""
    pairs = ((True, True), (False, False), (False, True), (True, False))
    assert tuple(section_tally(section)[pair] for pair in pairs) == EXPECTED[section]


@pytest.mark.parametrize("section", SECTIONS)
def test_differs_only_where_listed(section: str) -> None:
    """A section's verdicts differ in exactly the cases listed with a reason, each in the way listed."""
    listed = {case: kind for case, (kind, _) in allowed("revocation", section).items()}
    assert section_mismatches(section) == listed


def test_refusals_do_not_hang_on_refusing_the_set() -> None:
    """Where unusable lists are left out one by one, only the test that needs a delta list becomes a false accept."""
    pkits = [case for case in revocation_cases() if not case.valid and case.section != "limbo"]
    assert {case.id for case in pkits if accepts(case, one_by_one=True)} == {"4.15.4"}
