"""The differential test against OpenSSL, in the size that runs with every change."""

import pytest

from tests.conformance.differential import compare
from tests.conformance.mutants import NOW, Chain, Mutator
from tests.conformance.oracle import accepts

_SHARDS, _MUTANTS = 4, 2_500


@pytest.mark.parametrize("seed", range(_SHARDS))
def test_standard_is_never_more_permissive_than_openssl(seed: int) -> None:
    """Of 10,000 mutated chains, `standard` accepts none that OpenSSL refuses, and a good part that it accepts."""
    outcome = compare(seed=seed, mutants=_MUTANTS)
    assert outcome.false_accepts == [], outcome
    assert outcome.counts.total() == _MUTANTS
    # Otherwise the mutants would all be rubbish, and the comparison would prove nothing.
    assert outcome.counts[True, True] > _MUTANTS // 10
    assert outcome.counts[True, False] < _MUTANTS // 10


def test_oracle_tells_good_from_bad() -> None:
    """The unchanged templates are accepted by OpenSSL, and a chain without its anchor is not."""
    for anchor, *links, leaf in Mutator(0).originals():
        assert accepts(Chain(anchor=anchor, intermediates=tuple(links), leaf=leaf), NOW)
        assert not accepts(Chain(anchor=leaf, intermediates=tuple(links), leaf=leaf), NOW)
