"""RFC 8705: what confirms a token, and what does not."""

from dataclasses import replace
from typing import Any

import pytest

from clientcert.core.authenticator import Authenticator
from clientcert.core.confirmation import confirmation_problem, confirms
from clientcert.core.facts import RequestFacts
from clientcert.core.identity import ClientIdentity, EvidenceLevel
from clientcert.core.outcome import Authenticated
from tests.material import ADMIN, ALICE, PROXY, config, evidence, raw


def identity_of(**changes: Any) -> ClientIdentity:
    """The identity of `ALICE`."""
    facts = RequestFacts(headers=raw(evidence()), peer=PROXY, peer_port=40_000)
    outcome = Authenticator(config(**changes)).authenticate(facts)
    assert isinstance(outcome, Authenticated)
    return outcome.identity


IDENTITY = identity_of()
THUMBPRINT = IDENTITY.x5t_s256
assert THUMBPRINT is not None


def test_confirms() -> None:
    """The thumbprint of the very certificate confirms, other members of ``cnf`` aside (RFC 7800 §3.1)."""
    assert confirms(IDENTITY, {"cnf": {"x5t#S256": THUMBPRINT}})
    assert confirms(IDENTITY, {"sub": "alice", "cnf": {"x5t#S256": THUMBPRINT, "kid": "1"}})


REFUSED: dict[str, tuple[Any, str]] = {
    "no-cnf": ({}, "not bound"),
    "cnf-of-another-kind": ({"cnf": {"jkt": THUMBPRINT}}, "not bound"),
    "cnf-is-text": ({"cnf": THUMBPRINT}, "not bound"),
    "cnf-is-null": ({"cnf": None}, "not bound"),
    "sha-1": ({"cnf": {"x5t": THUMBPRINT}}, "not bound"),
    "null": ({"cnf": {"x5t#S256": None}}, "not base64url text"),
    "empty": ({"cnf": {"x5t#S256": ""}}, "another certificate"),
    "bytes": ({"cnf": {"x5t#S256": THUMBPRINT.encode()}}, "not base64url text"),
    "list": ({"cnf": {"x5t#S256": [THUMBPRINT]}}, "not base64url text"),
    "not-ascii": ({"cnf": {"x5t#S256": "\u0430" + THUMBPRINT[1:]}}, "not base64url text"),
    "padded": ({"cnf": {"x5t#S256": THUMBPRINT + "="}}, "another certificate"),
    "space": ({"cnf": {"x5t#S256": THUMBPRINT + " "}}, "another certificate"),
    "case": ({"cnf": {"x5t#S256": THUMBPRINT.swapcase()}}, "another certificate"),
    "prefix": ({"cnf": {"x5t#S256": THUMBPRINT[:-1]}}, "another certificate"),
    "hex": ({"cnf": {"x5t#S256": ALICE.fingerprint_sha256}}, "another certificate"),
    "another": ({"cnf": {"x5t#S256": ADMIN.fingerprint_sha256}}, "another certificate"),
}


@pytest.mark.parametrize(("claims", "why"), REFUSED.values(), ids=REFUSED)
def test_refuses(claims: Any, why: str) -> None:
    """Anything but the exact text confirms nothing, and the reason shows no byte of the token."""
    assert not confirms(IDENTITY, claims)
    problem = confirmation_problem(IDENTITY, claims)
    assert why in problem
    assert problem.isascii()


def test_no_client() -> None:
    """Nobody confirms nothing."""
    assert not confirms(None, {"cnf": {"x5t#S256": THUMBPRINT}})


def test_low_evidence() -> None:
    """A proxy's text about a certificate confirms nothing; its verdict about one does, if that is enough."""
    claims = {"cnf": {"x5t#S256": THUMBPRINT}}
    by_names = replace(IDENTITY, evidence=replace(IDENTITY.evidence, level=EvidenceLevel.PROXY_ATTRIBUTES))
    by_verdict = replace(IDENTITY, evidence=replace(IDENTITY.evidence, level=EvidenceLevel.PROXY_VERDICT))
    assert not confirms(by_names, claims)
    assert confirms(by_verdict, claims)
    assert not confirms(by_verdict, claims, at_least=EvidenceLevel.VERIFIED)
    assert confirms(IDENTITY, claims, at_least=EvidenceLevel.VERIFIED)
    without_certificate = replace(IDENTITY, fingerprint_sha256=None)
    assert not confirms(without_certificate, claims, at_least=EvidenceLevel.PROXY_ATTRIBUTES)
