"""
The entries of one revocation list as a compact index.

cryptography searches a list from its first entry for every question (0.1 s in a list of a million) and a Python set of
serial numbers takes 80 MB. Here the encoded entries stay as they are, and an open-addressing table of offsets points
into them: 17 MB for a million entries beside their octets, half a microsecond for an answer, and the reason and the
date of an entry are there when somebody asks. The table holds no objects, so that forked workers go on sharing it.
"""

from array import array
from dataclasses import dataclass, field
from datetime import UTC, datetime

from clientcert.core import der
from clientcert.core.extensions import read_extensions, read_integer

_INTEGER, _UTC_TIME, _GENERALIZED_TIME = 0x02, 0x17, 0x18
_REASON_CODE, _INVALIDITY_DATE, _CERTIFICATE_ISSUER = "2.5.29.21", "2.5.29.24", "2.5.29.29"
_UNDERSTOOD = frozenset({_REASON_CODE, _INVALIDITY_DATE})

# RFC 5280 §5.3.1; 7 is not used.
_REASONS = {
    0: "unspecified",
    1: "keyCompromise",
    2: "cACompromise",
    3: "affiliationChanged",
    4: "superseded",
    5: "cessationOfOperation",
    6: "certificateHold",
    8: "removeFromCRL",
    9: "privilegeWithdrawn",
    10: "aACompromise",
}
# crlEntryExtensions with a reason code alone, not critical: so encodes it nearly every entry that has extensions.
_ONLY_REASON = bytes.fromhex("300c300a0603551d1504030a01")
_ONLY_REASON_BYTES = len(_ONLY_REASON) + 1
_REASON_OID, _ENUMERATED_HEADER = bytes.fromhex("0603551d15"), bytes.fromhex("0a01")
# The shortest entry: a serial number of one octet and a UTCTime, each with two octets of header, in a SEQUENCE.
_MIN_ENTRY_BYTES = 20
# The high bit of a length: it counts the octets of the length that follow.
_LONG = 0x80
# RFC 5280 §5.1.2.6: with seconds, in UTC, without fractions.
_TIME_BYTES = {_UTC_TIME: 13, _GENERALIZED_TIME: 15}
_UTC_TIME_BYTES = _TIME_BYTES[_UTC_TIME]
_UTC_TIME_HEADER = bytes((_UTC_TIME, _UTC_TIME_BYTES))
_UTC_TIME_TLV_BYTES = 2 + _UTC_TIME_BYTES


@dataclass(frozen=True, slots=True, kw_only=True)
class RevokedEntry:
    """
    One revoked certificate.

    Attributes:
        reason: Name of the reason code, ``unspecified`` where none is given.
        when: Revocation date, aware UTC; None where it is not a date.
    """

    reason: str
    when: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CrlEntries:
    """
    Serial numbers of one list; build it with `read`. Immutable, safe to share between threads and across forks.

    Attributes:
        count: Entries in the list.
    """

    count: int
    _der: bytes = field(repr=False)
    _slots: "array[int]" = field(repr=False)
    _start: int = field(repr=False)
    _end: int = field(repr=False)

    @classmethod
    def read(cls, encoded: bytes, start: int, end: int, *, has_extensions: bool) -> "CrlEntries":
        """
        Index the entries that fill a span (the content of revokedCertificates, RFC 5280 §5.1.2.6).

        Args:
            encoded: The whole list, in which two octets or more follow the span; it is kept, not copied.
            start: Index of the first entry.
            end: Index after the last one; the same as `start` where the list has none.
            has_extensions: Whether entries may have extensions, which they may not in version 1.

        Raises:
            ValueError: Not DER, a serial number that is not minimal (X.690 §8.3.2), a critical extension nobody here
                understands, a certificate issuer, which makes the list indirect, or an extension in version 1.

        Not checked here: that dates are dates.
        """
        size = 1 << max(3, (2 * (end - start) // _MIN_ENTRY_BYTES).bit_length())
        slots = array("I", bytes(array("I").itemsize * size))
        count = _fill(slots, encoded, start, end, has_extensions=has_extensions)
        return cls(count=count, _der=encoded, _slots=slots, _start=start, _end=end)

    def find(self, serial_number: int) -> RevokedEntry | None:
        """Return the entry of a serial number, or None: `locate`, and `describe` where it is on the list."""
        place = self.locate(serial_number)
        return None if place is None else self.describe(place)

    def describe(self, place: int) -> RevokedEntry:
        """Read reason and date of the entry at a place that `locate` gave."""
        return _describe(self._der, der.read_tlv(self._der, place, self._end))

    def locate(self, serial_number: int) -> int | None:
        """Say whether a serial number is on the list: the place of its entry, or None. Constant time, no lock."""
        size = (serial_number + (serial_number < 0)).bit_length() // 8 + 1
        key = der.encode_tlv(_INTEGER, serial_number.to_bytes(size, signed=True))
        slots, encoded, before, mask = self._slots, self._der, self._start - 1, len(self._slots) - 1
        slot = hash(key) & mask
        while distance := slots[slot]:
            entry = before + distance
            length = encoded[entry + 1]
            if encoded.startswith(key, entry + 2 + (length & ~_LONG if length >= _LONG else 0)):
                return entry
            slot = (slot + 1) & mask
        return None


def _fill(slots: "array[int]", encoded: bytes, start: int, end: int, *, has_extensions: bool) -> int:
    """Put 1 + the distance of each entry from the first into the slot of its serial number; return how many."""
    # One pass over tens of megabytes: everything is spelled out here, and whatever is not of the one usual form is left
    # to the strict reader. Up to two octets past the end are read.
    mask, origin, count, position = len(slots) - 1, start - 1, 0, start
    # Version 1: a size that the rest of no entry has.
    reason_bytes = _ONLY_REASON_BYTES if has_extensions else -1
    while position < end:
        length, size = encoded[position + 1], encoded[position + 3]
        following = position + 2 + length
        stop = position + 4 + size
        rest = following - stop - _UTC_TIME_TLV_BYTES
        if (
            following <= end
            and (rest == 0 or (rest == reason_bytes and encoded.startswith(_ONLY_REASON, following - rest)))
            and size
            and length < _LONG
            and encoded[position] == der.SEQUENCE
            and encoded[position + 2] == _INTEGER
            and encoded.startswith(_UTC_TIME_HEADER, stop)
            # Minimal: no leading zero but for the sign.
            and (0 < encoded[position + 4] < _LONG or (encoded[position + 4] == 0 and encoded[position + 5] >= _LONG))
        ):
            key = encoded[position + 2 : stop]
        else:
            key, following = _read_entry(encoded, position, end, has_extensions=has_extensions)
        slot = hash(key) & mask
        while distance := slots[slot]:
            # The same serial number again and again would fill one place of the table.
            if encoded.startswith(key, origin + distance + 2):
                break
            slot = (slot + 1) & mask
        else:
            slots[slot] = position - origin
        position = following
        count += 1
    return count


def _read_entry(encoded: bytes, position: int, end: int, *, has_extensions: bool) -> tuple[bytes, int]:
    """Check one entry strictly; return the encoded serial number and the index after the entry."""
    entry = der.read_tlv(encoded, position, end)
    elements = list(der.read_elements(encoded, entry.start, entry.end))
    tags = [tlv.tag for _, tlv in elements]
    if entry.tag != der.SEQUENCE or tags[:1] != [_INTEGER] or tags[1:2] not in ([_UTC_TIME], [_GENERALIZED_TIME]):
        raise ValueError("entry is not a serial number and a date")
    if tags[2:] not in ([], [der.SEQUENCE]):
        raise ValueError("entry has more than extensions after its date")
    serial, date = elements[0][1], elements[1][1]
    read_integer(encoded, serial)
    if date.end - date.start != _TIME_BYTES[date.tag]:
        raise ValueError("revocation date is not of the form of RFC 5280 §5.1.2.6")
    if tags[2:]:
        if not has_extensions:
            raise ValueError("entry of a version 1 list has extensions")
        _check_extensions(encoded, elements[2][1])
    return encoded[elements[0][0] : serial.end], entry.end


def _check_extensions(encoded: bytes, sequence: der.Tlv) -> None:
    found = read_extensions(encoded, sequence.start, sequence.end)
    if _CERTIFICATE_ISSUER in found.oids:
        raise ValueError("entry has a certificate issuer: indirect lists (RFC 5280 §5.3.3) are not supported")
    unknown = sorted(found.critical - _UNDERSTOOD)
    if unknown:
        raise ValueError(f"entry has the critical extension {unknown[0]}, which is not understood (RFC 5280 §5.3)")


def _describe(encoded: bytes, entry: der.Tlv) -> RevokedEntry:
    _, (_, date), *rest = der.read_elements(encoded, entry.start, entry.end)
    reason = _REASONS[0]
    for _, extension in der.read_elements(encoded, rest[0][1].start, rest[0][1].end) if rest else ():
        value = encoded[extension.start : extension.end]
        # The OID of the reason code, and at the end an OCTET STRING with an ENUMERATED of one octet.
        if value.startswith(_REASON_OID) and value[-3:-1] == _ENUMERATED_HEADER:
            reason = _REASONS.get(value[-1], f"reason {value[-1]}")
    return RevokedEntry(reason=reason, when=_read_time(encoded[date.start : date.end]))


def _read_time(text: bytes) -> datetime | None:
    if len(text) == _UTC_TIME_BYTES:
        # RFC 5280 §4.1.2.5.1: 50 and above is the last century.
        text = (b"19" if text >= b"5" else b"20") + text
    try:
        return datetime.strptime(text.decode("ascii"), "%Y%m%d%H%M%SZ").replace(tzinfo=UTC)
    except ValueError:
        return None
