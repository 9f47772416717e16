"""
A minimal reader for DER (X.690): one tag, length and value at a time, without recursion.

It is used where the exact bytes matter (names, and fields of a certificate that no typed parser returns).
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

BIT_STRING = 0x03
OCTET_STRING = 0x04
OBJECT_IDENTIFIER = 0x06
UTF8_STRING = 0x0C
NUMERIC_STRING = 0x12
PRINTABLE_STRING = 0x13
T61_STRING = 0x14
IA5_STRING = 0x16
VISIBLE_STRING = 0x1A
UNIVERSAL_STRING = 0x1C
BMP_STRING = 0x1E
SEQUENCE = 0x30
SET = 0x31

# All ones in the tag number: it follows in further octets. The high bit of a length: it counts octets that follow.
_LONG_TAG = 0x1F
_LONG_LENGTH = 0x80
# 4 octets of length are 4 GiB; nothing that reaches this reader is near it.
_MAX_LENGTH_OCTETS = 4


class Tlv(NamedTuple):
    """
    One element: its identifier octet and where its content lies.

    Attributes:
        tag: Identifier octet, class and constructed bit included (``0x30`` is SEQUENCE).
        start: Index of the first content octet.
        end: Index after the last content octet; the next element starts there.
    """

    tag: int
    start: int
    end: int


_new_tlv = tuple.__new__


def read_tlv(data: bytes, offset: int, end: int | None = None) -> Tlv:
    """
    Read the element that starts at an offset.

    Args:
        data: The octets that hold it.
        offset: Index of its identifier octet.
        end: Index that it must not pass; the length of the data when None.

    Raises:
        ValueError: Outside the bounds, a tag number above 30, or a length that is indefinite, not minimal (X.690
            §10.1) or over 4 octets.

    Not checked here: the content, and whether anything follows the element.
    """
    limit = len(data) if end is None else end
    if not 0 <= offset <= limit - 2 or limit > len(data):
        raise ValueError("DER element is cut short")
    tag, length, start = data[offset], data[offset + 1], offset + 2
    if tag & _LONG_TAG == _LONG_TAG:
        raise ValueError("DER tag number above 30 is not supported")
    if length >= _LONG_LENGTH:
        octets = length - _LONG_LENGTH
        if not 1 <= octets <= _MAX_LENGTH_OCTETS:
            raise ValueError("DER length is indefinite or over 4 octets")
        start += octets
        if start > limit:
            raise ValueError("DER element is cut short")
        length = int.from_bytes(data[start - octets : start])
        if length < _LONG_LENGTH or length < 1 << 8 * (octets - 1):
            raise ValueError("DER length is not minimal")
    if length > limit - start:
        raise ValueError("DER element is longer than what holds it")
    # Not Tlv(...): the call of its Python constructor would double the time.
    return _new_tlv(Tlv, (tag, start, start + length))


def read_elements(data: bytes, start: int, end: int) -> Iterator[tuple[int, Tlv]]:
    """
    Yield each element between two indices with the index of its identifier octet; they fill the span exactly.

    Raises:
        ValueError: As `read_tlv`, when the faulty element is reached.
    """
    size = len(data)
    while start < end:
        # Nearly every element has a short length, and a call for each would double the time of a certificate; whatever
        # else there may be, faults included, is left to `read_tlv`.
        stop = start + 2 + data[start + 1] if start + 1 < end <= size and data[start + 1] < _LONG_LENGTH else 0
        if 0 < stop <= end and data[start] & _LONG_TAG != _LONG_TAG:
            tlv = _new_tlv(Tlv, (data[start], start + 2, stop))
        else:
            tlv = read_tlv(data, start, end)
        yield start, tlv
        start = tlv.end


def split_elements(data: bytes, start: int, end: int) -> list[bytes]:
    """
    Cut the span between two indices into its elements, each with its tag and length.

    Raises:
        ValueError: As `read_tlv`, for any of them; nothing is returned then.
    """
    elements = []
    size = len(data)
    while start < end:
        # As in `read_elements`.
        stop = start + 2 + data[start + 1] if start + 1 < end <= size and data[start + 1] < _LONG_LENGTH else 0
        if not 0 < stop <= end or data[start] & _LONG_TAG == _LONG_TAG:
            stop = read_tlv(data, start, end).end
        elements.append(data[start:stop])
        start = stop
    return elements


def cut_elements(data: bytes, start: int, end: int) -> Iterable[bytes]:
    """As `split_elements`, but ValueError when the faulty element is reached, as `read_elements`: the first is told."""
    try:
        return split_elements(data, start, end)
    except ValueError:
        return (data[offset : tlv.end] for offset, tlv in read_elements(data, start, end))


def content_of(element: bytes) -> bytes:
    """Return the content octets of one element that `split_elements` returned."""
    return element[2:] if element[1] < _LONG_LENGTH else element[read_tlv(element, 0).start :]


def encode_tlv(tag: int, content: bytes) -> bytes:
    """Encode one element in DER; the tag is the identifier octet, as in `Tlv`."""
    size = len(content)
    if size < _LONG_LENGTH:
        return bytes((tag, size)) + content
    octets = size.to_bytes((size.bit_length() + 7) // 8)
    return bytes((tag, _LONG_LENGTH | len(octets))) + octets + content
