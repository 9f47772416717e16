"""The DER reader: what it accepts, what it refuses, and that it never raises anything but ValueError."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from clientcert.core.der import Tlv, encode_tlv, read_elements, read_tlv, split_elements

ACCEPTED = {
    "empty-content": (b"\x30\x00", Tlv(0x30, 2, 2)),
    "short-length": (b"\x04\x03abc", Tlv(0x04, 2, 5)),
    "short-length-most": (b"\x04\x7f" + bytes(0x7F), Tlv(0x04, 2, 2 + 0x7F)),
    "long-length-least": (b"\x04\x81\x80" + bytes(0x80), Tlv(0x04, 3, 3 + 0x80)),
    "long-length-two-octets": (b"\x04\x82\x01\x00" + bytes(0x100), Tlv(0x04, 4, 4 + 0x100)),
    "long-length-four-octets": (b"\x04\x84\x01\x00\x00\x00" + bytes(1 << 24), Tlv(0x04, 6, 6 + (1 << 24))),
    "context-tag": (b"\xa3\x01x", Tlv(0xA3, 2, 3)),
    "tag-number-30": (b"\x1e\x00", Tlv(0x1E, 2, 2)),
    "octets-follow": (b"\x04\x01ab", Tlv(0x04, 2, 3)),
}

REFUSED = {
    "nothing": (b"", "cut short"),
    "tag-alone": (b"\x30", "cut short"),
    "content-cut": (b"\x04\x03ab", "longer than"),
    "length-octets-cut": (b"\x04\x82\x01", "cut short"),
    "long-tag": (b"\x1f\x1f\x00", "tag number"),
    "long-context-tag": (b"\xbf\x1f\x00", "tag number"),
    "indefinite": (b"\x30\x80\x00\x00", "indefinite"),
    "reserved-length": (b"\x30\xff\x00", "indefinite"),
    "five-length-octets": (b"\x04\x85\x01\x00\x00\x00\x00", "over 4 octets"),
    "long-form-of-short-length": (b"\x04\x81\x7f" + bytes(0x7F), "not minimal"),
    "padded-length": (b"\x04\x82\x00\x80" + bytes(0x80), "not minimal"),
    "length-of-4-gib": (b"\x04\x84\xff\xff\xff\xff", "longer than"),
}


@pytest.mark.parametrize(("data", "tlv"), ACCEPTED.values(), ids=ACCEPTED)
def test_accepts(data: bytes, tlv: Tlv) -> None:
    """A minimal definite length that fits is read."""
    assert read_tlv(data, 0) == tlv


@pytest.mark.parametrize(("data", "message"), REFUSED.values(), ids=REFUSED)
def test_refuses(data: bytes, message: str) -> None:
    """Whatever DER forbids or the data does not hold is refused by name."""
    with pytest.raises(ValueError, match=message):
        read_tlv(data, 0)


@pytest.mark.parametrize(("offset", "end"), [(-1, None), (5, None), (0, 6), (0, 1), (3, 4)])
def test_refuses_bounds(offset: int, end: int | None) -> None:
    """An element cannot start outside the data nor pass the end that was given."""
    with pytest.raises(ValueError, match="cut short"):
        read_tlv(b"\x04\x03abc", offset, end)


def test_reads_inside_bounds() -> None:
    """An element that ends exactly where it must is read."""
    assert read_tlv(b"xx\x04\x01ayy", 2, 5) == Tlv(0x04, 4, 5)


def test_read_elements_fills_the_span() -> None:
    """Elements are yielded with the index of their identifier octet until the span is full."""
    data = b"\x04\x01a\x05\x00"
    assert list(read_elements(data, 0, len(data))) == [(0, Tlv(4, 2, 3)), (3, Tlv(5, 5, 5))]
    assert list(read_elements(data, 5, 5)) == []


def test_read_elements_refuses_a_remainder() -> None:
    """An octet that is left over after the last element is refused."""
    with pytest.raises(ValueError, match="cut short"):
        list(read_elements(b"\x04\x01a\x05", 0, 4))


@given(data=st.binary(max_size=24), start=st.integers(0, 4), end=st.integers(0, 26))
@example(data=b"\x04\x01a\x05\x00", start=0, end=5)
@example(data=b"\x04\x81\x80" + bytes(0x80), start=0, end=0x83)
@example(data=b"\x04\x82\x01\x00" + bytes(0x100) + b"\x05\x00", start=0, end=0x106)
@example(data=b"\x04\x82\x00\x80" + bytes(0x80), start=0, end=0x84)
@example(data=b"\x1f\x01a\x05\x00", start=0, end=5)
@example(data=b"\x04\x02a\x05\x00", start=0, end=3)
def test_all_ways_to_walk_agree(data: bytes, start: int, end: int) -> None:
    """Element by element, as pairs or cut out, any span is read alike or refused with the same words."""

    def one_by_one() -> list[tuple[int, Tlv]]:
        found, offset = [], start
        while offset < end:
            found.append((offset, read_tlv(data, offset, end)))
            offset = found[-1][1].end
        return found

    try:
        wanted = one_by_one()
    except ValueError as exc:
        for walk in (lambda: list(read_elements(data, start, end)), lambda: split_elements(data, start, end)):
            with pytest.raises(ValueError, match=f"^{exc}$"):
                walk()
    else:
        assert list(read_elements(data, start, end)) == wanted
        assert split_elements(data, start, end) == [data[offset : tlv.end] for offset, tlv in wanted]


@given(tag=st.integers(0, 255).filter(lambda tag: tag & 0x1F != 0x1F), size=st.integers(0, 70_000))
@example(tag=4, size=0x7F)
@example(tag=4, size=0x80)
@example(tag=4, size=0xFF)
@example(tag=4, size=0x100)
def test_encode_is_read_back(tag: int, size: int) -> None:
    """What `encode_tlv` writes, `read_tlv` reads, whatever the length."""
    encoded = encode_tlv(tag, bytes(size))
    assert read_tlv(encoded, 0) == Tlv(tag, len(encoded) - size, len(encoded))


@given(data=st.binary(max_size=24), offset=st.integers(-2, 26))
def test_hostile_bytes(data: bytes, offset: int) -> None:
    """Any bytes either are an element inside its bounds or raise ValueError."""
    try:
        tlv = read_tlv(data, offset)
    except ValueError:
        return
    assert 0 <= offset < tlv.start <= tlv.end <= len(data)
    assert encode_tlv(tlv.tag, data[tlv.start : tlv.end]) == data[offset : tlv.end]
