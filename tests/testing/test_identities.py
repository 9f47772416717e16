"""Identities and clocks for unit tests."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from clientcert.core.identity import EvidenceLevel
from clientcert.core.policy import cn, dns
from clientcert.testing import CertificateAuthority, FrozenClock, identity_of, make_identity
from clientcert.testing.policy import assert_allows, assert_denies

AUTHORITY = CertificateAuthority()


def test_has_everything_of_a_certificate() -> None:
    """An identity has the names, the fingerprint, the issuer and the chain of a real certificate."""
    identity = make_identity("svc-a", san=["DNS:a.example", "URI:spiffe://prod/a"], authority=AUTHORITY, roles=["ops"])
    assert (identity.common_name, identity.dns_names, str(identity.spiffe_id)) == (
        "svc-a",
        ("a.example",),
        "spiffe://prod/a",
    )
    assert identity.roles == {"ops"}
    assert identity.chain[1] == AUTHORITY.der
    assert identity.evidence.source == "clientcert.testing"
    assert_allows(cn("svc-a") & dns("a.example"), identity)


def test_of_a_certificate() -> None:
    """The identity of an issued certificate is the same whichever way it is made."""
    issued = AUTHORITY.intermediate().issue("svc-a")
    identity = identity_of(issued)
    assert identity.fingerprint_sha256 == issued.fingerprint_sha256
    assert len(identity.chain) == 2
    assert identity.issuer_key_id is not None


def test_two_are_two() -> None:
    """Two identities of one name are two clients."""
    assert make_identity("svc-a") != make_identity("svc-a")


def test_names_alone() -> None:
    """What a proxy's word alone gives has names, and nothing that needs the certificate."""
    identity = make_identity("svc-a", level=EvidenceLevel.PROXY_ATTRIBUTES)
    assert (identity.common_name, identity.certificate, identity.serial_number) == ("svc-a", None, None)
    assert_denies(dns("svc-a"), identity)


def test_clock() -> None:
    """A clock stands still until it is moved, and knows aware times only."""
    clock = FrozenClock(datetime(2030, 1, 1, tzinfo=timezone(timedelta(hours=1))))
    assert clock() == datetime(2029, 12, 31, 23, tzinfo=UTC)
    assert clock.tick(hours=1) == clock() == datetime(2030, 1, 1, tzinfo=UTC)
    assert clock.set(datetime(2031, 1, 1, tzinfo=UTC)).utcoffset() == timedelta(0)
    assert "2031" in repr(clock)
    for naive in (lambda: FrozenClock(datetime(2030, 1, 1)), lambda: clock.set(datetime(2030, 1, 1))):  # noqa: DTZ001
        with pytest.raises(ValueError, match="naive"):
            naive()
    assert abs(datetime.now(UTC) - FrozenClock()()) < timedelta(minutes=1)
