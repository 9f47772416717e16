"""Revocation lists that have been loaded: how long they hold, what they are for, and what replaces them."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtensionOID, NameOID

from clientcert.core.verification import TrustStore
from clientcert.core.verification.crl_rules import CrlRules
from clientcert.core.verification.distribution_points import read_list_scope
from clientcert.core.verification.revocation import Good, Revoked, Unknown
from clientcert.errors import ConfigurationError
from clientcert.testing.asn1 import sequence, tlv
from tests.core.verification.kit import NOW, authority
from tests.core.verification.revocation_kit import (
    ALICE,
    BOB,
    HOUR,
    ISSUING,
    ROOT,
    STORE,
    ask,
    crl,
    leaf_with_points,
    load,
    point,
    scope,
)

DAY = 24 * HOUR
SECOND = timedelta(seconds=1)
URL = x509.UniformResourceIdentifier("http://crl.example/ca.crl")
OTHER_URL = x509.UniformResourceIdentifier("http://crl.example/other.crl")
RELATIVE = x509.RelativeDistinguishedName([x509.NameAttribute(NameOID.COMMON_NAME, "point")])
FULL = x509.DirectoryName(
    x509.Name(
        [x509.NameAttribute(NameOID.COMMON_NAME, "revoking  ca"), x509.NameAttribute(NameOID.COMMON_NAME, "POINT")]
    )
)
COMPROMISE = frozenset({x509.ReasonFlags.key_compromise})
NUMBER, DELTA, IDP = "2.5.29.20", "2.5.29.27", "2.5.29.28"


@pytest.mark.parametrize(
    ("knobs", "rules", "text"),
    [
        pytest.param({"this_update": HOUR}, CrlRules(), "not valid for another 3600 s", id="future"),
        pytest.param({"next_update": -SECOND}, CrlRules(), r"expired at .* \(1 s late\)", id="expired"),
        pytest.param({"next_update": -HOUR}, CrlRules(grace=HOUR - SECOND), r"\(1 s late\)", id="after-grace"),
        pytest.param({"next_update": None}, CrlRules(), "set crl_max_age", id="never"),
        pytest.param({"next_update": None}, CrlRules(max_age=HOUR - SECOND), r"\(1 s late\)", id="old"),
        pytest.param({}, CrlRules(max_age=HOUR - SECOND), r"\(1 s late\)", id="old-though-current"),
    ],
)
def test_dates_while_loading(knobs: dict[str, Any], rules: CrlRules, text: str) -> None:
    """A list that does not hold at the moment refuses everything."""
    with pytest.raises(ConfigurationError, match=text):
        load(crl(**knobs), rules=rules)


@pytest.mark.parametrize(
    ("knobs", "rules", "holds_for"),
    [
        pytest.param({"next_update": HOUR}, CrlRules(), HOUR, id="next-update"),
        pytest.param({"next_update": HOUR}, CrlRules(grace=DAY), HOUR + DAY, id="grace"),
        pytest.param({"next_update": None}, CrlRules(max_age=DAY), DAY - HOUR, id="max-age"),
        pytest.param({"next_update": DAY}, CrlRules(max_age=2 * HOUR, grace=DAY), HOUR, id="shorter-max-age"),
    ],
)
def test_dates_while_asking(knobs: dict[str, Any], rules: CrlRules, holds_for: timedelta) -> None:
    """A list holds up to and with its last moment, then certificates off it are unknown, and those on it revoked."""
    checker = load(crl(0x1001, **knobs), rules=rules)
    assert isinstance(ask(checker, BOB, at=NOW + holds_for).status, Good)
    assert ask(checker, BOB).valid_until == NOW + holds_for
    late = ask(checker, BOB, at=NOW + holds_for + SECOND).status
    assert isinstance(late, Unknown)
    assert "(1 s late)" in late.why
    assert isinstance(ask(checker, ALICE, at=NOW + 1000 * DAY).status, Revoked)


def test_before_its_time() -> None:
    """For a moment before thisUpdate a list says nothing, for now."""
    answer = ask(load(crl()), BOB, at=NOW - HOUR - SECOND)
    assert isinstance(answer.status, Unknown)
    assert "not valid for another 1 s" in answer.status.why
    assert answer.valid_until == NOW - HOUR - SECOND


def test_expired_lists_for_soft() -> None:
    """Where "unknown" passes, an expired list is loaded for the entries it has."""
    rules = CrlRules(accept_expired=True)
    checker = load(crl(0x1001, next_update=-SECOND), rules=rules)
    assert isinstance(ask(checker, ALICE).status, Revoked)
    assert isinstance(ask(checker, BOB).status, Unknown)
    with pytest.raises(ConfigurationError, match="set crl_max_age"):
        load(crl(next_update=None), rules=rules)


def test_list_that_lost_its_end() -> None:
    """A list without nextUpdate stays unknown when it is asked by rules that give it no end."""
    checker = load(crl(next_update=None), rules=CrlRules(max_age=DAY))
    endless = type(checker)(lists=checker.lists, rules=CrlRules(), _by_issuer=checker._by_issuer)
    status = ask(endless, BOB).status
    assert isinstance(status, Unknown)
    assert "crl_max_age" in status.why
    assert endless.next_update is None
    assert "no next update" in endless.describe()[0]


def test_rules() -> None:
    """Negative times are refused."""
    with pytest.raises(ConfigurationError, match="crl_grace"):
        CrlRules(grace=-SECOND)
    with pytest.raises(ConfigurationError, match="crl_max_age"):
        CrlRules(max_age=timedelta(0))


def test_newest_of_several() -> None:
    """Of several lists of one issuer the newest counts, in whatever order; an expired one beside it harms nothing."""
    old = crl(0x1001, number=1, this_update=-DAY, next_update=-HOUR)
    new = crl(0x1002, number=2)
    for files in ((old, new), (new, old), (new, new)):
        checker = load(*files)
        assert [str(found) for found in checker.lists] == ["CRL 2 of 2026-11-21T22:00:00Z"]
        assert isinstance(ask(checker, BOB).status, Revoked)


@pytest.mark.parametrize(
    ("knobs", "is_accepted"),
    [
        pytest.param({"number": 6}, True, id="next-number"),
        pytest.param({"number": 5, "this_update": -HOUR + SECOND}, True, id="same-number-later"),
        pytest.param({"number": None}, True, id="no-number"),
        pytest.param({"number": 4}, False, id="smaller-number"),
        pytest.param({"number": 6, "this_update": -HOUR - SECOND}, False, id="earlier"),
        pytest.param({"number": None, "this_update": -HOUR - SECOND}, False, id="no-number-earlier"),
    ],
)
def test_rollback(knobs: dict[str, Any], *, is_accepted: bool) -> None:
    """Nothing older than what is in force is accepted, or a revocation would be undone."""
    previous = load(crl(0x1001, number=5))
    if is_accepted:
        load(crl(**knobs), previous=previous)
    else:
        with pytest.raises(ConfigurationError, match="older than CRL 5 of 2026-11-21T22:00:00Z, which is in force"):
            load(crl(**knobs), previous=previous)


def test_unchanged_list_is_not_read_again() -> None:
    """A list that is in force is taken over as it is, even if it has expired in the meantime."""
    encoded = crl(0x1001, next_update=HOUR)
    previous = load(encoded)
    again = load(encoded, crl(ca=ISSUING), previous=previous, at=NOW + DAY)
    assert again.lists[0] is previous.lists[0]
    assert isinstance(ask(again, BOB, at=NOW + DAY).status, Unknown)
    with pytest.raises(ConfigurationError, match="expired"):
        load(encoded, at=NOW + DAY)
    with pytest.raises(ConfigurationError, match="not configured"):
        load(encoded, previous=previous, store=TrustStore.load(authority("Other").der))


@pytest.mark.parametrize(
    ("only", "leaf_is_good", "ca_is_good"),
    [
        pytest.param("", True, True, id="all"),
        pytest.param("user", True, False, id="users"),
        pytest.param("ca", False, True, id="cas"),
        pytest.param("attribute", False, False, id="attributes"),
    ],
)
def test_kinds_of_certificate(only: str, *, leaf_is_good: bool, ca_is_good: bool) -> None:
    """A list for some kinds of certificates says nothing of the others."""
    checker = load(crl(issuing_distribution_point=scope(only=only)) if only else crl())
    assert isinstance(ask(checker, BOB).status, Good) == leaf_is_good
    assert isinstance(ask(checker, ISSUING).status, Good) == ca_is_good


def test_two_scopes_together() -> None:
    """Lists for users and for CAs complete each other."""
    checker = load(*(crl(issuing_distribution_point=scope(only=only)) for only in ("user", "ca")))
    assert len(checker.lists) == 2
    assert isinstance(ask(checker, BOB).status, Good)
    assert isinstance(ask(checker, ISSUING).status, Good)


def test_entry_out_of_scope_counts() -> None:
    """A serial number on a list of its issuer is revoked, whatever the list is for."""
    checker = load(crl(0x1001, issuing_distribution_point=scope(only="ca")))
    assert isinstance(ask(checker, ALICE).status, Revoked)


@pytest.mark.parametrize(
    ("points", "names", "is_good"),
    [
        pytest.param([point(URL)], None, True, id="complete-list"),
        pytest.param([point(URL)], {"names": [URL]}, True, id="same"),
        pytest.param([point(OTHER_URL, URL)], {"names": [URL]}, True, id="one-of-two-names"),
        pytest.param([point(OTHER_URL), point(URL)], {"names": [URL]}, True, id="one-of-two-points"),
        pytest.param([point(OTHER_URL)], {"names": [URL]}, False, id="another"),
        pytest.param([], {"names": [URL]}, False, id="none"),
        pytest.param([point(relative=RELATIVE)], {"relative": RELATIVE}, True, id="relative"),
        pytest.param([point(relative=RELATIVE)], {"names": [FULL]}, True, id="relative-and-full"),
        pytest.param([point(relative=RELATIVE)], {"names": [URL]}, False, id="relative-and-another"),
        pytest.param([point(URL, reasons=COMPROMISE)], {"names": [URL]}, False, id="some-reasons"),
        pytest.param([point(URL, reasons=COMPROMISE)], None, True, id="some-reasons-complete-list"),
        pytest.param([point(URL, issuer=[FULL])], None, False, id="another-issuer"),
        pytest.param([point(issuer=[FULL])], None, False, id="another-issuer-alone"),
        pytest.param([point(URL, issuer=[FULL]), point(URL)], None, True, id="another-issuer-and-own"),
        pytest.param([point(URL, issuer=[FULL]), point(OTHER_URL)], {"names": [URL]}, False, id="point-of-another"),
    ],
)
def test_distribution_points(
    points: list[x509.DistributionPoint], names: dict[str, Any] | None, *, is_good: bool
) -> None:
    """A list for one distribution point is for the certificates that name it (RFC 5280 §6.3.3 b)."""
    leaf = leaf_with_points(*points) if points else BOB
    encoded = crl() if names is None else crl(issuing_distribution_point=scope(**names))
    assert isinstance(ask(load(encoded), leaf).status, Good) == is_good


def test_distribution_points_that_cannot_be_read() -> None:
    """A certificate whose distribution point is no name, read by rules stricter than the parser's, is unknown."""
    value = sequence(sequence(tlv(0xA0, tlv(0xA1, b"\x05\x00"))))
    extension: x509.Extension[x509.ExtensionType] = x509.Extension(
        ExtensionOID.CRL_DISTRIBUTION_POINTS,
        critical=False,
        value=x509.UnrecognizedExtension(ExtensionOID.CRL_DISTRIBUTION_POINTS, value),
    )
    status = ask(load(crl()), ROOT.issue("odd", extra_extensions=[extension])).status
    assert isinstance(status, Unknown)
    assert "cannot be read" in status.why


def test_scope_without_flags_is_for_all() -> None:
    """An issuingDistributionPoint with every flag written as false limits nothing."""
    flags = b"".join(tlv(tag, b"\x00") for tag in (0x81, 0x82, 0x84, 0x85))
    found = read_list_scope(sequence(flags), b"\x30\x00")
    assert found == read_list_scope(sequence(), b"\x30\x00")


def test_time_zone_of_the_caller() -> None:
    """The moment of loading may be in any time zone, but in one."""
    with pytest.raises(ConfigurationError, match="naive"):
        load(crl(), at=datetime(2026, 11, 21, 23))  # noqa: DTZ001 - that is what is tested
    assert load(crl(), at=NOW.astimezone(UTC)).lists
    assert STORE.anchors
