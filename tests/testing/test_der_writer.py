"""The DER writer against values from X.690 and its neighbours."""

from datetime import UTC, datetime

import pytest

from clientcert.testing import asn1


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0, "020100"),
        (1, "020101"),
        (127, "02017f"),
        (128, "02020080"),
        (256, "02020100"),
        (-1, "0201ff"),
        (-128, "020180"),
        (-129, "0202ff7f"),
    ],
)
def test_integers_take_the_fewest_octets(value: int, expected: str) -> None:
    """Two's complement, X.690 §8.3."""
    assert asn1.integer(value).hex() == expected


@pytest.mark.parametrize(
    ("dotted", "expected"),
    [("2.5.4.3", "0603550403"), ("1.2.840.113549", "06062a864886f70d"), ("2.999.3", "0603883703"), ("0.9", "060109")],
)
def test_object_identifiers_are_base_128(dotted: str, expected: str) -> None:
    """The examples of X.690 §8.19."""
    assert asn1.object_identifier(dotted).hex() == expected


@pytest.mark.parametrize(
    ("size", "expected"), [(0, "00"), (127, "7f"), (128, "8180"), (255, "81ff"), (256, "820100"), (65536, "83010000")]
)
def test_lengths_take_the_fewest_octets(size: int, expected: str) -> None:
    """Short form up to 127, X.690 §10.1."""
    assert asn1.length(size).hex() == expected


def test_a_set_is_sorted_and_a_sequence_is_not() -> None:
    """X.690 §11.6 orders the elements of SET OF alone."""
    parts = (asn1.integer(2), asn1.integer(1))
    assert asn1.set_of(*parts).hex() == "3106020101020102"
    assert asn1.sequence(*parts).hex() == "3006020102020101"


@pytest.mark.parametrize(
    ("encoded", "expected"),
    [
        (asn1.boolean(True), "0101ff"),
        (asn1.boolean(False), "010100"),
        (asn1.null(), "0500"),
        (asn1.enumerated(10), "0a010a"),
        (asn1.bit_string(b"\x80", unused_bits=7), "03020780"),
        (asn1.octet_string(b"\x05\x00"), "04020500"),
        (asn1.explicit(3, asn1.null()), "a3020500"),
    ],
)
def test_small_types(encoded: bytes, expected: str) -> None:
    """One value each."""
    assert encoded.hex() == expected


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        (datetime(2049, 12, 31, 23, 59, 59, 999999, tzinfo=UTC), b"\x17\x0d491231235959Z"),
        (datetime(2050, 1, 1, tzinfo=UTC), b"\x18\x0f20500101000000Z"),
        (datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC), b"\x18\x0f99991231235959Z"),
    ],
)
def test_times_change_their_type_in_2050(moment: datetime, expected: bytes) -> None:
    """RFC 5280 §4.1.2.5."""
    assert asn1.time(moment) == expected
