"""The index of a list's entries: exact, strict, and for any encoding that DER allows."""

import random
from datetime import UTC, datetime

import pytest
from cryptography import x509
from cryptography.x509.oid import CRLEntryExtensionOID
from hypothesis import given, settings
from hypothesis import strategies as st

from clientcert.core.verification.crl import read_crl
from clientcert.core.verification.crl_entries import CrlEntries, RevokedEntry
from clientcert.testing.asn1 import enumerated, integer, tlv
from tests.core.verification.revocation_kit import DATE, ROOT, entry, plain_extension

# A list goes on after its entries: algorithm and signature.
TAIL = b"\x05\x00\x05\x00"
REASON = CRLEntryExtensionOID.CRL_REASON.dotted_string
INVALIDITY, CERTIFICATE_ISSUER = "2.5.29.24", "2.5.29.29"
WHEN = datetime(2026, 11, 21, 22, tzinfo=UTC)
GENERALIZED = tlv(0x18, b"20261121220000Z")


def index(*entries: bytes, has_extensions: bool = True) -> CrlEntries:
    """An index of encoded entries."""
    content = b"".join(entries)
    return CrlEntries.read(b"\x30\x00" + content + TAIL, 2, 2 + len(content), has_extensions=has_extensions)


def reason(code: int, *, critical: bool = False) -> bytes:
    """A reason code."""
    return plain_extension(REASON, enumerated(code), critical=critical)


SERIALS = [
    0,
    1,
    127,
    128,
    255,
    256,
    0x8000,
    (1 << 127) - 1,
    1 << 127,
    (1 << 159) - 1,
    1 << 159,
    1 << 1100,
    -1,
    -128,
    -129,
]


@pytest.mark.parametrize("serial", SERIALS, ids=[f"{s.bit_length()}-bits{'-negative' * (s < 0)}" for s in SERIALS])
def test_serial_numbers(serial: int) -> None:
    """A serial number of any length and sign is found, and its neighbours are not."""
    entries = index(entry(integer(serial), DATE))
    assert entries.count == 1
    assert entries.find(serial) == RevokedEntry(reason="unspecified", when=WHEN)
    assert [entries.find(serial + step) for step in (-1, 1)] == [None, None]
    place = entries.locate(serial)
    assert place is not None
    assert entries.describe(place) == entries.find(serial)
    assert entries.locate(serial + 1) is None


@pytest.mark.parametrize(
    ("encoded", "expected"),
    [
        pytest.param(entry(integer(5), DATE), ("unspecified", WHEN), id="plain"),
        pytest.param(entry(integer(5), GENERALIZED), ("unspecified", WHEN), id="generalized-time"),
        pytest.param(
            entry(integer(5), tlv(0x17, b"510101000000Z")), ("unspecified", datetime(1951, 1, 1, tzinfo=UTC)), id="1951"
        ),
        pytest.param(entry(integer(5), tlv(0x17, b"991399000000Z")), ("unspecified", None), id="no-date"),
        pytest.param(entry(integer(5), tlv(0x17, b"\xff" * 13)), ("unspecified", None), id="no-ascii"),
        pytest.param(entry(integer(5), DATE, reason(1)), ("keyCompromise", WHEN), id="reason"),
        pytest.param(entry(integer(5), DATE, reason(1, critical=True)), ("keyCompromise", WHEN), id="critical-reason"),
        pytest.param(entry(integer(5), DATE, reason(7)), ("reason 7", WHEN), id="unknown-reason"),
        pytest.param(entry(integer(5), DATE, reason(8)), ("removeFromCRL", WHEN), id="remove-from-crl"),
        pytest.param(
            entry(integer(5), DATE, plain_extension(INVALIDITY, GENERALIZED), reason(4)),
            ("superseded", WHEN),
            id="invalidity",
        ),
        pytest.param(
            entry(integer(5), DATE, plain_extension("1.2.3.4", b"\x05\x00" * 100), reason(3)),
            ("affiliationChanged", WHEN),
            id="long",
        ),
        pytest.param(
            entry(integer(5), DATE, plain_extension("1.2.3.4", b"\x05\x00" * 300)),
            ("unspecified", WHEN),
            id="very-long",
        ),
    ],
)
def test_forms_of_an_entry(encoded: bytes, expected: tuple[str, datetime | None]) -> None:
    """An entry is found whatever form it has, among others, with its reason and date."""
    entries = index(entry(integer(4), DATE), encoded, entry(integer(6), DATE, reason(0)))
    found = entries.find(5)
    assert found is not None
    assert (found.reason, found.when) == expected
    assert entries.find(4)
    assert entries.find(6)
    assert entries.find(7) is None


@pytest.mark.parametrize(
    ("encoded", "text"),
    [
        pytest.param(b"\x31" + entry(integer(5), DATE)[1:], "not a serial number and a date", id="not-a-sequence"),
        pytest.param(entry(DATE, integer(5)), "not a serial number and a date", id="order"),
        pytest.param(entry(integer(5), b""), "not a serial number and a date", id="no-date"),
        pytest.param(entry(tlv(2, b""), DATE), "INTEGER is empty", id="no-octets"),
        pytest.param(entry(tlv(2, b"\x00\x05"), DATE), "not minimal", id="padded"),
        pytest.param(entry(tlv(2, b"\xff\x85"), DATE), "not minimal", id="padded-negative"),
        pytest.param(entry(integer(5), tlv(0x17, b"2611212200Z")), "revocation date", id="no-seconds"),
        pytest.param(entry(integer(5), tlv(0x18, b"20261121220000.5Z")), "revocation date", id="fraction"),
        pytest.param(entry(integer(5), DATE)[:-1], "cut short|longer than", id="cut"),
        pytest.param(entry(integer(5), DATE + b"\x05\x00"), "more than extensions", id="trailing"),
        pytest.param(
            entry(integer(5), DATE, plain_extension("1.2.3.4", b"", critical=True)),
            "critical extension 1.2.3.4",
            id="critical",
        ),
        pytest.param(
            entry(integer(5), DATE, plain_extension(CERTIFICATE_ISSUER, b"\x30\x00")), "indirect", id="issuer"
        ),
        pytest.param(entry(integer(5), DATE, reason(1), reason(1)), "twice", id="twice"),
        pytest.param(b"\x30\x82\x02" + entry(integer(5), DATE)[3:], "longer than|minimal", id="length-as-tag"),
    ],
)
def test_malformed_entries(encoded: bytes, text: str) -> None:
    """An entry that is not what RFC 5280 says refuses the list, wherever it stands."""
    for before in (b"", entry(integer(4), DATE)):
        with pytest.raises(ValueError, match=text):
            index(before, encoded)


def test_version_1_has_no_entry_extensions() -> None:
    """A list of version 1 has entries without extensions, or is refused."""
    assert index(entry(integer(5), DATE), has_extensions=False).find(5)
    with pytest.raises(ValueError, match="version 1"):
        index(entry(integer(5), DATE, reason(1)), has_extensions=False)


def test_empty() -> None:
    """A list without entries finds nothing."""
    assert index().count == 0
    assert index().find(5) is None


@settings(max_examples=50, deadline=None)
@given(st.sets(st.integers(-(1 << 40), 1 << 160), max_size=200), st.sets(st.integers(0, 1 << 160), max_size=50))
def test_agrees_with_a_set(revoked: set[int], others: set[int]) -> None:
    """The index says the same as a set of serial numbers."""
    entries = index(*(entry(integer(serial), DATE) for serial in sorted(revoked)))
    assert entries.count == len(revoked)
    assert all(entries.find(serial) for serial in revoked)
    assert not any(entries.find(serial) for serial in others - revoked)


def test_full_table_and_duplicates() -> None:
    """Many of the shortest entries fill the table as far as it ever can be; repeating them costs nothing."""
    random_numbers = random.Random(5)  # noqa: S311 - not for secrets
    serials = [random_numbers.randrange(1, 128) for _ in range(20_000)]
    entries = index(*(entry(integer(serial), DATE) for serial in serials))
    assert entries.count == 20_000
    assert {serial for serial in range(256) if entries.find(serial)} == set(serials)


def test_memory() -> None:
    """An index keeps the list's own octets, and a table that is smaller than they are: no objects."""
    entries = [entry(integer(1 << 120 | serial << 8), DATE) for serial in range(5000)]
    content = b"".join(entries) + TAIL
    found = CrlEntries.read(content, 0, len(content) - len(TAIL), has_extensions=True)
    assert found._der is content
    assert found._slots.itemsize * len(found._slots) < len(content)


def test_reads_what_cryptography_reads() -> None:
    """A list made by cryptography has the same entries for both."""
    revoked = [0x80 << (8 * n) | n for n in range(1, 20)]
    encoded = ROOT.crl(revoked).der
    loaded = x509.load_der_x509_crl(encoded)
    entries = read_crl(encoded).entries
    assert entries.count == len(list(loaded)) == len(revoked)
    for item in loaded:
        found = entries.find(item.serial_number)
        assert found is not None
        assert found.when == item.revocation_date_utc
