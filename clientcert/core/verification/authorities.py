"""Collections of configured CAs that parse one when it is asked for, and say what they hold without that."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from types import MappingProxyType
from typing import TypeVar, overload

from clientcert.core.certificate import ParsedCertificate
from clientcert.core.names import CanonicalName
from clientcert.core.verification.authority import Authority

_Key = TypeVar("_Key")


class Certificates(Sequence[ParsedCertificate]):
    """
    CA certificates in order. Equals a sequence of the same certificates; to look for one parses none.

    Attributes:
        authorities: What it is made of, by DER.
    """

    __slots__ = ("_order", "authorities")

    def __init__(self, authorities: Iterable[Authority] = ()) -> None:
        self.authorities: Mapping[bytes, Authority] = {authority.der: authority for authority in authorities}
        self._order = tuple(self.authorities.values())

    def __len__(self) -> int:
        return len(self._order)

    def __contains__(self, certificate: object) -> bool:
        return isinstance(certificate, ParsedCertificate) and certificate.der in self.authorities

    @overload
    def __getitem__(self, index: int) -> ParsedCertificate: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[ParsedCertificate, ...]: ...
    def __getitem__(self, index: int | slice) -> ParsedCertificate | tuple[ParsedCertificate, ...]:
        if isinstance(index, slice):
            return tuple(authority.certificate for authority in self._order[index])
        return self._order[index].certificate

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Certificates):
            return list(self.authorities) == list(other.authorities)
        return isinstance(other, Sequence) and tuple(self) == tuple(other)

    def __hash__(self) -> int:
        return hash(tuple(self.authorities))

    def __repr__(self) -> str:
        return f"<{len(self)} certificates: {', '.join(map(str, self._order[:4]))}{', ...' * (len(self) > 4)}>"  # noqa: PLR2004 - for one line


class CertificateSet(AbstractSet[ParsedCertificate]):
    """CA certificates without an order; to look for one parses none."""

    __slots__ = ("_authorities",)

    def __init__(self, authorities: Iterable[Authority]) -> None:
        self._authorities = {authority.der: authority for authority in authorities}

    def __len__(self) -> int:
        return len(self._authorities)

    def __contains__(self, certificate: object) -> bool:
        return isinstance(certificate, ParsedCertificate) and certificate.der in self._authorities

    def __iter__(self) -> Iterator[ParsedCertificate]:
        return (authority.certificate for authority in self._authorities.values())


class CertificateMap(Mapping[_Key, ParsedCertificate]):
    """CA certificates by something of theirs."""

    __slots__ = ("_authorities",)

    def __init__(self, authorities: Mapping[_Key, Authority]) -> None:
        self._authorities = authorities

    def __len__(self) -> int:
        return len(self._authorities)

    def __iter__(self) -> Iterator[_Key]:
        return iter(self._authorities)

    def __getitem__(self, key: _Key) -> ParsedCertificate:
        return self._authorities[key].certificate


class NameIndex(Mapping[CanonicalName, tuple[ParsedCertificate, ...]]):
    """CA certificates by subject, in the form in which names are compared."""

    __slots__ = ("_authorities",)

    def __init__(self, authorities: Iterable[Authority]) -> None:
        self._authorities: dict[CanonicalName, list[Authority]] = {}
        for authority in authorities:
            self._authorities.setdefault(authority.subject_canonical, []).append(authority)

    def __len__(self) -> int:
        return len(self._authorities)

    def __iter__(self) -> Iterator[CanonicalName]:
        return iter(self._authorities)

    def __getitem__(self, name: CanonicalName) -> tuple[ParsedCertificate, ...]:
        return tuple(authority.certificate for authority in self._authorities[name])


def index_by_name(authorities: Iterable[Authority]) -> Mapping[CanonicalName, tuple[ParsedCertificate, ...]]:
    """By subject: what is parsed already in a mapping of its own, which every new client is looked up in."""
    authorities = tuple(authorities)
    index = NameIndex(authorities)
    return index if any(authority.is_plain for authority in authorities) else MappingProxyType(dict(index))
