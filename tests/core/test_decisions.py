"""Remembered decisions: exact, made once by a herd, and gone with the trust, the list or the time they rest on."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest

from clientcert import (
    Authenticated,
    Authenticator,
    ClientCertConfig,
    Outcome,
    Reason,
    Rejected,
    RequestFacts,
    TrustStore,
)
from clientcert.core.certificate import ParsedCertificate
from clientcert.core.verification import StandardVerifier, VerifiedPath
from tests import material as m

SECOND = timedelta(seconds=1)
HOUR = timedelta(hours=1)


class Clock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now = m.NOW

    def __call__(self) -> datetime:
        """Tell the time."""
        return self.now


class Counting:
    """The standard profile, counting what it is asked."""

    name = "counting"

    def __init__(self) -> None:
        self.calls = 0
        self._verifier = StandardVerifier(TrustStore.load(m.AUTHORITY.pem))

    def verify(
        self, leaf: ParsedCertificate, *, intermediates: Sequence[ParsedCertificate] = (), at: datetime
    ) -> VerifiedPath:
        """Verify, and count."""
        self.calls += 1
        return self._verifier.verify(leaf, intermediates=intermediates, at=at)


def facts(*arguments: Any, **keywords: Any) -> RequestFacts:
    """A request of the proxy, every header a fresh object."""
    return RequestFacts(headers=m.raw(m.evidence(*arguments, **keywords)), peer=m.PROXY, peer_port=4242)


def counting(**changes: Any) -> tuple[Authenticator, Counting]:
    """An authenticator and what it asks."""
    verifier = Counting()
    return Authenticator(m.config(profile=verifier, trust=None, **changes)), verifier


def reason(outcome: Outcome) -> Reason | None:
    """Why there is no identity."""
    return None if isinstance(outcome, Authenticated) else outcome.reason


def test_second_request_is_not_verified_again() -> None:
    """The same evidence is decided once, and the second answer equals the first."""
    authenticator, verifier = counting()
    first, second = authenticator.authenticate(facts()), authenticator.authenticate(facts())
    assert isinstance(first, Authenticated)
    assert second == first
    assert verifier.calls == 1


def test_cache_size_zero_verifies_every_request() -> None:
    """Switched off, nothing is remembered."""
    authenticator, verifier = counting(cache_size=0)
    assert authenticator.authenticate(facts()) == authenticator.authenticate(facts())
    assert verifier.calls == 2


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        (facts(subject=m.ADMIN_DN), Reason.EVIDENCE_MISMATCH),
        (facts(verdict="FAILED:x"), Reason.PROXY_VERDICT_FAILED),
        (facts(verdict=None), Reason.VERDICT_MISSING),
        (facts(m.ADMIN, subject=m.ADMIN_DN), None),
        (
            RequestFacts(headers=[*facts().headers, (b"ssl-client-verify", b"SUCCESS")], peer=m.PROXY),
            Reason.DUPLICATE_HEADER,
        ),
        (RequestFacts(headers=[*facts().headers, (b"ssl_client_cert", b"x")], peer=m.PROXY), Reason.HEADER_ALIAS),
        (
            RequestFacts(headers=[*facts().headers, (b"connection", b"ssl-client-cert")], peer=m.PROXY),
            Reason.HOP_BY_HOP_HEADER,
        ),
        (RequestFacts(headers=facts().headers, peer=m.STRANGER), Reason.PROXY_NOT_PROVEN),
    ],
    ids=["name", "verdict", "no-verdict", "certificate", "duplicate", "alias", "hop-by-hop", "sender"],
)
def test_s2_other_evidence_is_another_decision(changed: RequestFacts, expected: Reason | None) -> None:
    """Evidence that differs in anything a decision may look at never finds a remembered one."""
    authenticator, _ = counting()
    remembered = authenticator.authenticate(facts())
    assert isinstance(remembered, Authenticated)
    outcome = authenticator.authenticate(changed)
    assert reason(outcome) is expected
    assert outcome != remembered


def test_s1_expiry_ends_a_decision() -> None:
    """A remembered client is refused the moment its certificate has expired, though the memory would last longer."""
    clock = Clock()
    short = m.AUTHORITY.issue(subject=[("CN", "short")], not_after=timedelta(minutes=1))
    authenticator = Authenticator(m.config(clock=clock))
    request = facts(short, subject="CN=short")
    assert reason(authenticator.authenticate(request)) is None
    clock.now += timedelta(minutes=1)
    assert reason(authenticator.authenticate(request)) is None
    clock.now += SECOND
    assert reason(authenticator.authenticate(request)) is Reason.CERTIFICATE_EXPIRED


def test_time_to_live_ends_a_decision() -> None:
    """After the time to live a client is verified again."""
    clock = Clock()
    authenticator, verifier = counting(clock=clock, cache_ttl=timedelta(seconds=60))
    for seconds in (0, 60, 61):
        clock.now = m.NOW + timedelta(seconds=seconds)
        assert reason(authenticator.authenticate(facts())) is None
    assert verifier.calls == 2


def test_refusal_is_remembered_briefly_and_apart() -> None:
    """A bad certificate that comes again and again is verified once in ten seconds, and pushes nobody out."""
    clock = Clock()
    authenticator, verifier = counting(clock=clock)
    request = facts(m.STRANGERS, subject="CN=stranger", issuer="CN=Other CA,O=Elsewhere")
    for _ in range(5):
        assert reason(authenticator.authenticate(request)) is Reason.ISSUER_UNKNOWN
    assert verifier.calls == 1
    clock.now += timedelta(seconds=11)
    assert reason(authenticator.authenticate(request)) is Reason.ISSUER_UNKNOWN
    assert verifier.calls == 2


def test_herd_is_verified_once() -> None:
    """32 threads with the same new certificate cause exactly one verification."""
    authenticator, verifier = counting()
    barrier = Barrier(32)

    def request(_: int) -> Outcome:
        barrier.wait()
        return authenticator.authenticate(facts())

    with ThreadPoolExecutor(32) as pool:
        outcomes = list(pool.map(request, range(32)))
    assert all(outcome == outcomes[0] for outcome in outcomes)
    assert verifier.calls == 1


def followed(folder: Path, clock: Clock, **changes: Any) -> ClientCertConfig:
    """A configuration that looks at its files at every request."""
    (folder / "ca.pem").write_bytes(m.AUTHORITY.pem)
    return m.config(trust=folder / "ca.pem", clock=clock, reload_interval=timedelta(0), **changes)


def replace(path: Path, content: bytes) -> None:
    """Put a new file in the place of the old one, as a careful operator does."""
    new = path.with_suffix(".new")
    new.write_bytes(content)
    new.replace(path)


def test_s1_reload_forgets_what_the_old_trust_decided(tmp_path: Path) -> None:
    """A CA that is taken out takes its remembered clients with it; the status tells of the new generation."""
    clock = Clock()
    authenticator = Authenticator(followed(tmp_path, clock))
    assert reason(authenticator.authenticate(facts())) is None
    assert authenticator.status().generation == 1
    replace(tmp_path / "ca.pem", m.STRANGE_AUTHORITY.pem)
    clock.now += SECOND
    assert reason(authenticator.authenticate(facts())) is Reason.ISSUER_UNKNOWN
    assert authenticator.status().generation == 2


def test_s4_bad_rotation_keeps_the_old_generation(tmp_path: Path) -> None:
    """Half a bundle changes nothing for clients, and the status names the cause."""
    clock = Clock()
    authenticator = Authenticator(followed(tmp_path, clock))
    replace(tmp_path / "ca.pem", m.AUTHORITY.pem[: len(m.AUTHORITY.pem) // 2])
    clock.now += SECOND
    assert reason(authenticator.authenticate(facts())) is None
    status = authenticator.status()
    assert status.generation == 1
    assert "ca.pem" in str(status.last_error)


def test_c22_revocation_reaches_remembered_clients(tmp_path: Path) -> None:
    """No revoked client passes after the reload that revoked it; another client of the same CA still does."""
    clock = Clock()
    crl = tmp_path / "ca.crl"
    crl.write_bytes(m.AUTHORITY.crl(number=1).pem)
    authenticator = Authenticator(followed(tmp_path, clock, crl=crl))
    first = authenticator.authenticate(facts())
    assert isinstance(first, Authenticated)
    assert first.identity.evidence.revocation.startswith("good")
    replace(crl, m.AUTHORITY.crl([m.ALICE], number=2).pem)
    clock.now += SECOND
    assert reason(authenticator.authenticate(facts())) is Reason.REVOKED
    assert reason(authenticator.authenticate(facts(m.ADMIN, subject=m.ADMIN_DN))) is None


@pytest.mark.parametrize(
    ("revocation", "expected"), [(None, Reason.REVOCATION_UNKNOWN), ("hard", Reason.REVOCATION_UNKNOWN), ("soft", None)]
)
def test_c22_list_out_of_date(revocation: str | None, expected: Reason | None, tmp_path: Path) -> None:
    """After nextUpdate nobody is known to be good, remembered or not: refused, unless unknown is accepted in code."""
    clock = Clock()
    crl = tmp_path / "ca.crl"
    crl.write_bytes(m.AUTHORITY.crl(next_update=timedelta(minutes=2)).pem)
    authenticator = Authenticator(followed(tmp_path, clock, crl=crl, revocation=revocation))
    assert reason(authenticator.authenticate(facts())) is None
    clock.now += timedelta(minutes=2, seconds=1)
    assert reason(authenticator.authenticate(facts())) is expected


def test_s7_stale_trust_is_503_for_clients_only(tmp_path: Path) -> None:
    """When files have been unusable for longer than max_stale, clients get 503, and who has no certificate 401."""
    clock = Clock()
    authenticator = Authenticator(followed(tmp_path, clock, max_stale=HOUR))
    (tmp_path / "ca.pem").unlink()
    clock.now += HOUR
    assert reason(authenticator.authenticate(facts())) is None
    clock.now += SECOND
    stale = authenticator.authenticate(facts())
    assert isinstance(stale, Rejected)
    assert (stale.reason, stale.status) == (Reason.TRUST_STALE, 503)
    nobody = RequestFacts(headers=m.raw(m.NOBODY[:0]), peer=m.PROXY)
    assert reason(authenticator.authenticate(nobody)) is Reason.NO_CERTIFICATE
    assert authenticator.status().is_stale


def test_refusal_beside_long_values_is_not_remembered() -> None:
    """A bad certificate with more around it than is worth remembering is refused anew each time."""
    authenticator, verifier = counting()
    pairs = m.evidence(m.STRANGERS, subject="CN=stranger", issuer="CN=Other CA,O=Elsewhere")
    request = RequestFacts(headers=m.raw((*pairs, ("connection", "x" * 1_000))), peer=m.PROXY)
    for _ in range(2):
        assert reason(authenticator.authenticate(request)) is Reason.ISSUER_UNKNOWN
    assert verifier.calls == 2
