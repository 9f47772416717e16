"""What is done about answers to "is it revoked?"."""

from dataclasses import dataclass, field
from datetime import datetime

import pytest

from clientcert.core.certificate import ParsedCertificate
from clientcert.core.verification import PinnedVerifier, TrustProxyVerifier
from clientcert.core.verification.generation import FixedTrust, TrustGeneration
from clientcert.core.verification.revocation import (
    FirstAnswer,
    Good,
    RevocationAnswer,
    RevocationPolicy,
    RevocationResult,
    RevocationStatus,
    Revoked,
    Unknown,
    check_revocation,
)
from clientcert.errors import ConfigurationError, Reason, VerificationError
from tests.core.verification.kit import NOW, parsed
from tests.core.verification.revocation_kit import ALICE, BELOW, HOUR, ISSUING, path_of

GOOD = Good(source="CRL 7 of today")
REVOKED = Revoked(source="CRL 7 of today", reason="keyCompromise", when=NOW - HOUR)
UNDATED = Revoked(source="CRL 7 of today", reason="unspecified", when=None)
UNKNOWN = Unknown(why="no CRL of it is configured")
LATER, SOON = NOW + 24 * HOUR, NOW + HOUR


@dataclass(slots=True)
class Fixed:
    """Answers from a table by serial number, and remembers who was asked about."""

    statuses: dict[int, RevocationStatus]
    valid_until: datetime | None = LATER
    asked: list[int] = field(default_factory=list)

    def check(self, certificate: ParsedCertificate, issuer: ParsedCertificate, *, at: datetime) -> RevocationAnswer:
        """Look it up."""
        assert certificate.issuer_canonical == issuer.subject_canonical
        assert at == NOW
        self.asked.append(certificate.serial_number)
        status = self.statuses.get(certificate.serial_number, GOOD)
        return RevocationAnswer(status=status, valid_until=self.valid_until)


def of_leaf(status: RevocationStatus) -> Fixed:
    """Answers about the leaf only."""
    return Fixed({0x2001: status})


@pytest.mark.parametrize(
    ("status", "mode", "text"),
    [
        pytest.param(GOOD, "hard", "good: CRL 7 of today", id="good-hard"),
        pytest.param(GOOD, "soft", "good: CRL 7 of today", id="good-soft"),
        pytest.param(UNKNOWN, "soft", "unknown: no CRL of it is configured", id="unknown-soft"),
        pytest.param(REVOKED, "off", "not-checked", id="revoked-off"),
    ],
)
def test_lets_pass(status: RevocationStatus, mode: str, text: str) -> None:
    """These pass, and the evidence says what was found."""
    result = check_revocation(path_of(BELOW), of_leaf(status), RevocationPolicy(mode=mode), at=NOW)  # type: ignore[arg-type]
    assert result.text == text
    assert result.is_unknown == (status is UNKNOWN)
    assert result.valid_until == (None if mode == "off" else LATER)


@pytest.mark.parametrize(
    ("status", "mode", "reason", "text"),
    [
        pytest.param(REVOKED, "hard", Reason.REVOKED, "revoked at 2026-11-21T22:00:00Z (keyCompromise)", id="revoked"),
        pytest.param(REVOKED, "soft", Reason.REVOKED, "says CRL 7 of today", id="revoked-soft"),
        pytest.param(UNDATED, "hard", Reason.REVOKED, "at a time that cannot be read", id="undated"),
        pytest.param(UNKNOWN, "hard", Reason.REVOCATION_UNKNOWN, "no CRL of it is configured", id="unknown"),
    ],
)
def test_refuses(status: RevocationStatus, mode: str, reason: Reason, text: str) -> None:
    """These are refused, and the operator reads which certificate, why and since when."""
    with pytest.raises(VerificationError) as info:
        check_revocation(path_of(BELOW), of_leaf(status), RevocationPolicy(mode=mode), at=NOW)  # type: ignore[arg-type]
    assert info.value.reason is reason
    assert text in info.value.detail
    assert info.value.detail.startswith("leaf 'CN=below'")


def test_scope() -> None:
    """The scope says who is asked about: the leaf, or everybody but the anchor."""
    issuing = parsed(ISSUING).serial_number
    leaf, chain = Fixed({}), Fixed({issuing: REVOKED})
    check_revocation(path_of(BELOW), leaf, RevocationPolicy(), at=NOW)
    assert leaf.asked == [0x2001]
    with pytest.raises(VerificationError, match="intermediate 1 'CN=Issuing CA'"):
        check_revocation(path_of(BELOW), chain, RevocationPolicy(scope="chain"), at=NOW)
    assert chain.asked == [0x2001, issuing]


def test_first_unknown_speaks_for_the_chain() -> None:
    """In mode soft the evidence does not hide behind a good leaf that its CA's status is unknown."""
    checker = Fixed({parsed(ISSUING).serial_number: UNKNOWN}, valid_until=None)
    result = check_revocation(path_of(BELOW), checker, RevocationPolicy(mode="soft", scope="chain"), at=NOW)
    assert result == RevocationResult(text=f"unknown: {UNKNOWN.why}", valid_until=None, is_unknown=True)


def test_nobody_to_ask() -> None:
    """Without a checker, and for a pinned leaf, nothing is checked and the evidence says so."""
    assert check_revocation(path_of(ALICE), None, RevocationPolicy(), at=NOW) == RevocationResult()
    pinned = PinnedVerifier.load([ALICE.der]).verify(parsed(ALICE), at=NOW)
    checker = Fixed({0x1001: REVOKED})
    assert check_revocation(pinned, checker, RevocationPolicy(), at=NOW).text == "not-checked"


def test_path_of_the_proxy() -> None:
    """Where the proxy's word is all there is, the status is unknown: no issuer's key is known."""
    path = TrustProxyVerifier().verify(parsed(ALICE), at=NOW)
    with pytest.raises(VerificationError, match="no path was built here"):
        check_revocation(path, Fixed({}), RevocationPolicy(), at=NOW)
    result = check_revocation(path, Fixed({}), RevocationPolicy(mode="soft"), at=NOW)
    assert result.is_unknown
    assert result.valid_until == NOW


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        pytest.param(GOOD, REVOKED, REVOKED, id="revoked-wins"),
        pytest.param(UNKNOWN, GOOD, GOOD, id="good-before-unknown"),
        pytest.param(GOOD, UNKNOWN, GOOD, id="good-first"),
        pytest.param(UNKNOWN, Unknown(why="ask later"), Unknown(why=f"{UNKNOWN.why}; ask later"), id="unknown"),
    ],
)
def test_several_checkers(first: RevocationStatus, second: RevocationStatus, expected: RevocationStatus) -> None:
    """Of several answers "revoked" counts, then "good"; it lasts as long as the shortest of them."""
    path = path_of(BELOW)
    both = FirstAnswer((Fixed({0x2001: first}, valid_until=SOON), Fixed({0x2001: second}, valid_until=LATER)))
    answer = both.check(path.leaf, path.certificates[1], at=NOW)
    assert answer == RevocationAnswer(status=expected, valid_until=SOON)


@pytest.mark.parametrize(
    ("make", "text"),
    [
        pytest.param(lambda: RevocationPolicy(mode="maybe"), "revocation is 'maybe'", id="mode"),  # type: ignore[arg-type]
        pytest.param(lambda: RevocationPolicy(scope="all"), "revocation_scope is 'all'", id="scope"),  # type: ignore[arg-type]
        pytest.param(lambda: FirstAnswer(()), "no revocation checker", id="checkers"),
    ],
)
def test_configuration(make: object, text: str) -> None:
    """What cannot be meant is refused while constructing."""
    with pytest.raises(ConfigurationError, match=text):
        make()  # type: ignore[operator]


def test_fixed_trust() -> None:
    """A generation that never changes is current at any time, and its age is its own."""
    generation = TrustGeneration(number=1, verifier=TrustProxyVerifier(), loaded_at=NOW, next_update=LATER)
    trust = FixedTrust(generation)
    assert trust.current(NOW + 1000 * HOUR) is generation
    status = trust.status(SOON)
    assert (status.generation, status.age, status.is_stale, status.next_update) == (1, HOUR, False, LATER)
