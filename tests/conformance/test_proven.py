"""What is remembered of issuers changes no verdict: mutated leaves, before and after their issuer is known."""

import warnings
from typing import Any

import pytest

from clientcert.core.certificate import parse_certificate
from clientcert.core.limits import Limits
from clientcert.core.verification import StandardVerifier, TrustStore
from clientcert.core.verification.proven import ProvenIssuers
from clientcert.errors import ClientCertError, ConfigurationError
from tests.conformance.mutants import NOW, Chain, Mutator

_LIMITS = Limits()
_MUTANTS = 750


def _verdict(verifier: StandardVerifier, leaf: bytes, forwarded: tuple[bytes, ...] = ()) -> object:
    """The path, or all that is said about there being none."""
    try:
        links = [parse_certificate(der, limits=_LIMITS) for der in forwarded]
        path = verifier.verify(parse_certificate(leaf, limits=_LIMITS), intermediates=links, at=NOW)
    except ClientCertError as error:
        return error.reason, error.detail, error.hints
    return [certificate.der for certificate in path.certificates]


def _compare(chain: Chain, leaves: list[bytes]) -> None:
    """Ask one who knows the issuers, one who does not, and one who is sent them once more."""
    store = TrustStore.load([chain.anchor, *chain.intermediates])
    knowing = StandardVerifier(store)
    for leaf in leaves:
        _verdict(knowing, leaf)
    wanted = _verdict(StandardVerifier(store), chain.leaf)
    assert _verdict(knowing, chain.leaf) == wanted
    forwarded = chain.intermediates
    assert _verdict(knowing, chain.leaf, forwarded) == _verdict(StandardVerifier(store), chain.leaf, forwarded)


@pytest.mark.parametrize("seed", [0, 1])
def test_known_issuers_change_no_verdict(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Path, Reason and text are the same for every mutant, of which some are verified the short way."""
    mutator = Mutator(seed)
    short: list[object] = []
    leaves = [chain[-1] for chain in mutator.originals()]
    path_of = ProvenIssuers.path_of

    def count(*arguments: Any) -> object:
        short.append(path_of(*arguments))
        return short[-1]

    monkeypatch.setattr(ProvenIssuers, "path_of", count)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for _ in range(_MUTANTS):
            chain = mutator.chain()
            try:
                _compare(chain, leaves)
            except ConfigurationError:
                continue
    assert sum(path is not None for path in short) > _MUTANTS // 12
