"""What a terminator reads in a client's certificate, octet for octet, so that each can print it in its own way."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Self

_TEXT_CODECS = {0x0C: "utf-8", 0x1C: "utf-32-be", 0x1E: "utf-16-be"}
# OpenSSL and Go read the strings of one octet a character as latin-1, whatever their alphabets say.
_ONE_OCTET_STRINGS = frozenset({0x12, 0x13, 0x14, 0x16, 0x1A})
_UTC_TIME, _FIRST_YEAR_OF_LAST_CENTURY = 0x17, "50"
_VERSION, _EXTENSIONS, _SUBJECT_ALTERNATIVE_NAME = 0xA0, 0xA3, "2.5.29.17"
_EMAIL, _DNS, _URI = 0x81, 0x82, 0x86


@dataclass(frozen=True, slots=True, kw_only=True)
class Element:
    """
    One DER element.

    Attributes:
        tag: Identifier octet.
        content: Content octets.
        der: All of it.
    """

    tag: int
    content: bytes
    der: bytes

    def children(self) -> tuple["Element", ...]:
        """Read the elements inside; ValueError where they are none."""
        return tuple(_elements(self.content))


@dataclass(frozen=True, slots=True, kw_only=True)
class NameAttribute:
    """
    One attribute of a distinguished name.

    Attributes:
        oid: Type, dotted decimal.
        value: The value as encoded.
    """

    oid: str
    value: Element

    @property
    def text(self) -> str | None:
        """The value as text; None for what is no character string, or not a good one."""
        if self.value.tag in _ONE_OCTET_STRINGS:
            return self.value.content.decode("latin-1")
        try:
            return self.value.content.decode(_TEXT_CODECS[self.value.tag])
        except (KeyError, UnicodeDecodeError):
            return None


Name = tuple[tuple[NameAttribute, ...], ...]
"""RDNs as encoded, root first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateFields:
    """
    The fields of one certificate.

    Attributes:
        version: 1 to 3, as printed.
        serial_number: Content octets of the INTEGER.
        issuer, subject: The names.
        issuer_der, subject_der: The same as encoded.
        not_before, not_after: Times as encoded; see `moment`.
        key_algorithm: OID of the public key.
        general_names: Tag and content of each subject alternative name, in order.
    """

    version: int
    serial_number: bytes
    issuer: Name
    subject: Name
    issuer_der: bytes
    subject_der: bytes
    not_before: Element
    not_after: Element
    key_algorithm: str
    general_names: tuple[tuple[int, bytes], ...] = ()

    @classmethod
    def read(cls, der: bytes) -> Self:
        """Read a certificate; ValueError for what is none."""
        (certificate,) = _elements(der)
        fields = list(certificate.children()[0].children())
        version = fields.pop(0).children()[0].content[0] + 1 if fields[0].tag == _VERSION else 1
        serial_number, _, issuer, validity, subject, key, *rest = fields
        not_before, not_after = validity.children()
        for time in (not_before, not_after):
            moment(time)
        return cls(
            version=version,
            serial_number=serial_number.content,
            issuer=_name(issuer),
            subject=_name(subject),
            issuer_der=issuer.der,
            subject_der=subject.der,
            not_before=not_before,
            not_after=not_after,
            key_algorithm=_oid(key.children()[0].children()[0].content),
            general_names=tuple(_general_names(rest)),
        )

    @property
    def dns_names(self) -> tuple[bytes, ...]:
        """DNS names of the subject alternative name."""
        return self._named(_DNS)

    @property
    def email_addresses(self) -> tuple[bytes, ...]:
        """E-mail addresses of the subject alternative name."""
        return self._named(_EMAIL)

    @property
    def uris(self) -> tuple[bytes, ...]:
        """URIs of the subject alternative name."""
        return self._named(_URI)

    def _named(self, wanted: int) -> tuple[bytes, ...]:
        return tuple(content for tag, content in self.general_names if tag == wanted)


@lru_cache(maxsize=64)
def fields_of(der: bytes) -> CertificateFields | None:
    """Read a certificate; None for what cannot be read as one, so that nothing of it can be printed."""
    try:
        return CertificateFields.read(der)
    except (ValueError, IndexError):
        return None


def moment(time: Element) -> datetime:
    """Read a Time (RFC 5280 §4.1.2.5)."""
    text = time.content.decode("ascii")
    if time.tag == _UTC_TIME:
        text = ("19" if text[:2] >= _FIRST_YEAR_OF_LAST_CENTURY else "20") + text
    return datetime.strptime(text, "%Y%m%d%H%M%SZ").replace(tzinfo=UTC)


def _elements(data: bytes) -> Iterator[Element]:
    start = 0
    while start < len(data):
        tag, size, content = data[start], data[start + 1], start + 2
        if size & 0x80:
            content += size & 0x7F
            size = int.from_bytes(data[start + 2 : content])
        end = content + size
        if end > len(data):
            raise ValueError(f"element at {start} ends at {end}, behind the end of {len(data)} octets")
        yield Element(tag=tag, content=data[content:end], der=data[start:end])
        start = end


def _oid(content: bytes) -> str:
    arcs, arc = [0], 0
    for octet in content:
        arc = arc << 7 | octet & 0x7F
        if octet < 0x80:  # noqa: PLR2004 - the last octet of an arc, X.690 §8.19.2
            arcs.append(arc)
            arc = 0
    arcs[0] = min(arcs[1] // 40, 2)
    arcs[1] -= 40 * arcs[0]
    return ".".join(map(str, arcs))


def _name(name: Element) -> Name:
    return tuple(
        tuple(
            NameAttribute(oid=_oid(oid.content), value=value)
            for oid, value in (attribute.children() for attribute in rdn.children())
        )
        for rdn in name.children()
    )


def _general_names(rest: list[Element]) -> Iterator[tuple[int, bytes]]:
    for extensions in (field.children()[0] for field in rest if field.tag == _EXTENSIONS):
        for extension in extensions.children():
            oid, *_, value = extension.children()
            if _oid(oid.content) == _SUBJECT_ALTERNATIVE_NAME:
                (names,) = value.children()
                yield from ((name.tag, name.content) for name in names.children())
