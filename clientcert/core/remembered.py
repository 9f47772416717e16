"""
What an identity keeps while it is remembered: one record of bytes, and what it has in common with others.

An app's process remembers thousands of clients and answers a few at a time. A client's own facts are packed into one
string of bytes; its issuers, the attributes of its subject that its colleagues have as well and the circumstances of
its acceptance exist once; the certificate is decoded anew from the evidence, which is kept as the cache's key anyway.
"""

import marshal
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from hashlib import sha256
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import NamedTuple

from clientcert.core.certificate import ParsedCertificate
from clientcert.core.evidence import Evidence
from clientcert.core.name_attributes import Attribute, Rdn
from clientcert.core.names import DistinguishedName
from clientcert.core.spiffe import SpiffeId
from clientcert.core.verification.base import VerifiedPath

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND, _MICROSECOND = timedelta(seconds=1), timedelta(microseconds=1)
# Types whose values tell one client from another: CN, SN, serialNumber, GN, dnQualifier, pseudonym, UID, emailAddress.
_PERSONAL = frozenset({f"2.5.4.{arc}" for arc in (3, 4, 5, 42, 46, 65)}) | {
    "0.9.2342.19200300.100.1.1",
    "1.2.840.113549.1.9.1",
}
# Some hundred bytes each, and intermediates that were forwarded. Beyond the bound, which only certificates that were
# accepted can reach, they begin anew; identities keep what they have.
_MAX_CIRCUMSTANCES = 256
# The clients that were asked about last: some 1.5 kB each, and their certificates.
_MAX_UNPACKED, _MAX_CERTIFICATES = 512, 64

Decode = Callable[[bytes], tuple[bytes, ...]]


def _alone(der: bytes) -> tuple[bytes, ...]:
    return (der,)


class Wire(NamedTuple):
    """
    A certificate in the form in which it came.

    Attributes:
        value: As received; text, all of it ASCII, where a WSGI server made text of it.
        decode: Its octets → DER, the leaf first; always the same for the same octets.
    """

    value: bytes | str
    decode: Decode = _alone


@dataclass(frozen=True, slots=True, eq=False)
class Circumstances:
    """
    What clients have in common that one CA certified alike and one proxy forwards.

    Attributes:
        frame: RDNs of the subject; None in the place of one that the record has.
        issuer: As in `ClientIdentity`.
        issuer_key_id: Likewise.
        issuers: DER of the path without the leaf.
        evidence: `verified_at` is that of any of the clients.
        decode: See `Wire`.
    """

    frame: tuple[Rdn | None, ...]
    issuer: DistinguishedName
    issuer_key_id: str | None
    issuers: tuple[bytes, ...]
    evidence: Evidence
    decode: Decode


class Facts(NamedTuple):
    """The attributes of `ClientIdentity` that a record stands for."""

    serial_number: int
    not_before: datetime
    not_after: datetime
    dns_names: tuple[str, ...]
    email_addresses: tuple[str, ...]
    uris: tuple[str, ...]
    ip_addresses: tuple[IPv4Address | IPv6Address, ...]
    user_principal_names: tuple[str, ...]
    spiffe_id: SpiffeId | None
    fingerprint_sha256: str
    spki_sha256: str
    subject: DistinguishedName
    issuer: DistinguishedName
    issuer_key_id: str | None
    evidence: Evidence


_Encoded = tuple[tuple[str, bytes | None], ...]

_CIRCUMSTANCES: dict[tuple[object, ...], Circumstances] = {}


def remember(path: VerifiedPath, evidence: Evidence, wire: Wire) -> tuple[bytes, Circumstances]:
    """Return the record of a client, and what it has in common with others: the object that they have, if there is."""
    leaf, issuer = path.certificates[0], path.issuer
    common, own = _split(leaf.subject.rdns)
    issuer_key_id = None if issuer is None else issuer.spki_sha256
    issuers = tuple([certificate.der for certificate in path.certificates[1:]])
    # Equal names may be encoded differently, and then they print differently: octet by octet.
    key = (
        common,
        leaf.issuer_der,
        issuer_key_id,
        issuers,
        evidence.level,
        evidence.source,
        evidence.proxy,
        evidence.verdict,
        evidence.profile,
        evidence.anchor_sha256,
        evidence.revocation,
        wire.decode,
    )
    known = _CIRCUMSTANCES.get(key)
    if known is None:
        if len(_CIRCUMSTANCES) >= _MAX_CIRCUMSTANCES:
            _CIRCUMSTANCES.clear()
        frame = tuple([None if made is None else rdn for made, rdn in zip(common, leaf.subject.rdns, strict=True)])
        known = Circumstances(frame, leaf.issuer, issuer_key_id, issuers, evidence, wire.decode)
        _CIRCUMSTANCES[key] = known
    return pack(leaf, own, evidence.verified_at), known


def _split(rdns: Sequence[Rdn]) -> tuple[tuple[_Encoded | None, ...], list[_Encoded]]:
    """Tell RDNs that many have, None in the place of each other one, from those that are one client's."""
    common: list[_Encoded | None] = []
    own: list[_Encoded] = []
    for rdn in rdns:
        encoded = tuple([(attribute.oid, attribute.der) for attribute in rdn])
        if _PERSONAL.isdisjoint([oid for oid, _ in encoded]):
            common.append(encoded)
        else:
            common.append(None)
            own.append(encoded)
    return tuple(common), own


def pack(leaf: ParsedCertificate, own: Sequence[_Encoded], verified_at: datetime) -> bytes:
    """
    Write down what is this client's own.

    Args:
        leaf: Its certificate.
        own: The RDNs of the subject that are not in the frame.
        verified_at: As in `Evidence`.
    """
    # marshal reads and writes the whole in C, in 1 µs. What it reads was written by this function in this process.
    written = marshal.dumps(
        (
            leaf.serial_number,
            (leaf.not_before - _EPOCH) // _SECOND,
            (leaf.not_after - _EPOCH) // _SECOND,
            leaf.dns_names,
            leaf.email_addresses,
            leaf.uris,
            tuple([address.packed for address in leaf.ip_addresses]) if leaf.ip_addresses else (),
            leaf.user_principal_names,
            bytes.fromhex(leaf.fingerprint_sha256),
            bytes.fromhex(leaf.spki_sha256),
            (verified_at - _EPOCH) // _MICROSECOND,
            *own,
        )
    )
    # What marshal returns was cut out of a larger block of the C library; a copy is as small as it looks.
    return bytes(memoryview(written))


@lru_cache(maxsize=_MAX_UNPACKED)
def unpack(record: bytes, circumstances: Circumstances) -> Facts:
    """Read what `pack` wrote, and put what is common beside it."""
    (
        serial_number,
        not_before,
        not_after,
        dns_names,
        email_addresses,
        uris,
        addresses,
        user_principal_names,
        fingerprint,
        spki,
        verified_at,
        *encoded,
    ) = marshal.loads(record)  # noqa: S302 - see `pack`
    own = (tuple([Attribute.from_der(oid, der) for oid, der in rdn]) for rdn in encoded)
    return Facts(
        serial_number=serial_number,
        not_before=_EPOCH + timedelta(seconds=not_before),
        not_after=_EPOCH + timedelta(seconds=not_after),
        dns_names=dns_names,
        email_addresses=email_addresses,
        uris=uris,
        ip_addresses=tuple(map(ip_address, addresses)),
        user_principal_names=user_principal_names,
        spiffe_id=_spiffe_id(uris),
        fingerprint_sha256=fingerprint.hex(),
        spki_sha256=spki.hex(),
        subject=DistinguishedName(rdns=tuple([next(own) if rdn is None else rdn for rdn in circumstances.frame])),
        issuer=circumstances.issuer,
        issuer_key_id=circumstances.issuer_key_id,
        evidence=replace(circumstances.evidence, verified_at=_EPOCH + verified_at * _MICROSECOND),
    )


def _spiffe_id(uris: tuple[str, ...]) -> SpiffeId | None:
    # SPIFFE X509-SVID §2: exactly one URI SAN.
    if len(uris) != 1:
        return None
    try:
        return SpiffeId.parse(uris[0])
    except ValueError:
        return None


@lru_cache(maxsize=_MAX_CERTIFICATES)
def decode_leaf(value: bytes | str, decode: Decode, fingerprint_sha256: str) -> bytes:
    """
    Decode a certificate anew.

    Args:
        value: As in `Wire`.
        decode: Likewise.
        fingerprint_sha256: As in `ClientIdentity`.

    Raises:
        RuntimeError: Another certificate comes out than the one that was accepted: a source of your own is at fault.
    """
    der = decode(value.encode("ascii") if isinstance(value, str) else value)[0]
    if sha256(der).hexdigest() != fingerprint_sha256:
        raise RuntimeError("the wire form of the claim is not that of its leaf: decode it from the same octets")
    return der
