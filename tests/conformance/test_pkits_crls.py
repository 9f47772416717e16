"""Revocation by lists against NIST PKITS, sections 4.4, 4.5, 4.14, 4.15 above all."""

import warnings
from collections import Counter

import pytest

from tests.conformance.pkits_crls import RevocationCase, judge, revocation_cases

# (accepted and valid, refused and invalid, false accept, false reject) by section.
EXPECTED = {
    "4.4": (4, 15, 0, 2),
    "4.5": (1, 4, 0, 3),
    "4.14": (6, 20, 0, 9),
    "4.15": (0, 6, 0, 4),
}

# Valid paths that are refused, and why that is wanted.
REFUSED = {
    "a list of an issuer that is not configured refuses the whole": {"4.4.7"},
    "CA certificates for lists alone are no intermediates": {"4.4.19", "4.5.6", "4.14.28", "4.14.29", "4.14.30"},
    "a list counts for the key that signed it": {"4.5.1", "4.5.4"},
    "lists for some reasons only": {"4.14.18", "4.14.19"},
    "indirect lists": {"4.14.22", "4.14.24", "4.14.25", "4.14.33"},
    "delta lists": {"4.15.2", "4.15.5", "4.15.7", "4.15.8"},
}

pytestmark = pytest.mark.filterwarnings("ignore")


def _accepted(case: RevocationCase, *, one_by_one: bool = False) -> bool:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return judge(case, one_by_one=one_by_one) == "accepted"


def test_no_path_that_pkits_refuses_is_accepted() -> None:
    """No test of the whole suite, policy processing aside, is a false accept when revocation is checked hard."""
    assert [case.id for case in revocation_cases() if not case.valid and _accepted(case)] == []


@pytest.mark.parametrize("section", EXPECTED)
def test_numbers_of_a_revocation_section(section: str) -> None:
    """A section about revocation gives exactly these numbers."""
    counts = Counter((case.valid, _accepted(case)) for case in revocation_cases() if case.section == section)
    pairs = ((True, True), (False, False), (False, True), (True, False))
    assert tuple(counts[pair] for pair in pairs) == EXPECTED[section]


def test_valid_paths_are_refused_for_reasons_we_want() -> None:
    """The valid paths refused in the sections about revocation are those listed with a reason."""
    refused = {case.id for case in revocation_cases() if case.section in EXPECTED and case.valid} - {
        case.id for case in revocation_cases() if _accepted(case)
    }
    assert refused == set().union(*REFUSED.values())


def test_refusals_do_not_hang_on_refusing_the_set() -> None:
    """Where unusable lists are left out one by one, only the test that needs a delta list becomes a false accept."""
    false_accepts = {case.id for case in revocation_cases() if not case.valid and _accepted(case, one_by_one=True)}
    assert false_accepts == {"4.15.4"}
