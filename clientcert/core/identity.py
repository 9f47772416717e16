"""Who the client is: typed values from a certificate that was accepted, and what stands behind them."""

from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from clientcert.core.evidence import Evidence, EvidenceLevel
from clientcert.core.names import DistinguishedName
from clientcert.core.remembered import Circumstances, Facts, Wire, decode_leaf, remember, unpack
from clientcert.core.spiffe import SpiffeId
from clientcert.core.verification.base import VerifiedPath

__all__ = ["ClientIdentity", "Evidence", "EvidenceLevel", "IPName", "identity_from_path", "with_roles"]

IPName = IPv4Address | IPv6Address | IPv4Network | IPv6Network

# Sets of roles that clients have; there are few rules that give them.
_MAX_ROLES = 256
# An empty set of its own weighs 216 B.
_NO_ROLES: frozenset[str] = frozenset()
_UNPACKED = frozenset(Facts._fields)
_COMPARED = attrgetter(*Facts._fields[:-1])


class _Remembered:
    """
    Answers for the attributes of an identity whose slots are empty: one that was made by `identity_from_path`.

    Reading one costs about a microsecond, see `remembered`; the identity stays as small as it is.
    """

    __slots__ = ("_circumstances", "_record", "_wire")

    if TYPE_CHECKING:
        _circumstances: Circumstances
        _record: bytes
        _wire: bytes | str
    else:
        # Type checkers would take every attribute to exist.
        def __getattr__(self, name: str) -> Any:
            if name in _UNPACKED:
                return getattr(unpack(self._record, self._circumstances), name)
            if name == "certificate":
                return decode_leaf(self._wire, self._circumstances.decode, self.fingerprint_sha256)
            if name == "chain":
                return (self.certificate, *self._circumstances.issuers)
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}", name=name, obj=self)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientIdentity(_Remembered):
    """
    The client's certificate as typed values.

    Compares by value, `evidence`, `chain` and `roles` aside; the fingerprint stands for `certificate`.
    `issuer_key_id` is part of the comparison, because two CAs may issue the same subject and serial. Where the
    producer sends names only (`EvidenceLevel.PROXY_ATTRIBUTES`) everything that needs the certificate is ``None`` or
    empty.

    Attributes:
        subject, issuer: Names as RDN structures; text through `DistinguishedName.rfc4514`.
        serial_number: Unique within the issuer (RFC 5280 §4.1.2.2), 1 to 2^159 - 1.
        not_before, not_after: Validity, both ends inclusive; aware UTC.
        dns_names, email_addresses, uris, ip_addresses, user_principal_names: subjectAltName (RFC 5280 §4.2.1.6).
        spiffe_id: The SPIFFE ID, where the certificate has exactly one URI name and that is a valid one.
        fingerprint_sha256: SHA-256 of the certificate's DER. May allow, never deny: ECDSA signatures are malleable.
        spki_sha256: SHA-256 of the subjectPublicKeyInfo DER; survives renewal with the same key.
        issuer_key_id: `spki_sha256` of the issuer that path validation used.
        certificate: DER of the leaf.
        roles: What the configured policy calls this client; empty without one. Not part of the comparison.
        chain: DER of the verified path, leaf first, trust anchor last.
        evidence: What was proven, by whom.
    """

    subject: DistinguishedName
    issuer: DistinguishedName
    serial_number: int | None = None
    not_before: datetime | None = None
    not_after: datetime | None = None
    dns_names: tuple[str, ...] = ()
    email_addresses: tuple[str, ...] = ()
    uris: tuple[str, ...] = ()
    ip_addresses: tuple[IPName, ...] = ()
    user_principal_names: tuple[str, ...] = ()
    spiffe_id: SpiffeId | None = None
    fingerprint_sha256: str | None = None
    spki_sha256: str | None = None
    issuer_key_id: str | None = None
    certificate: bytes | None = field(default=None, compare=False, repr=False)
    chain: tuple[bytes, ...] = field(default=(), compare=False, repr=False)
    roles: frozenset[str] = field(default=frozenset(), compare=False)
    evidence: Evidence = field(compare=False)

    def __eq__(self, other: object) -> bool:
        if other.__class__ is not self.__class__:
            return NotImplemented
        return self is other or _compared(self) == _compared(other)

    def __hash__(self) -> int:
        return hash(_compared(self))

    @property
    def common_name(self) -> str:
        """The one CN of the subject; raises `AmbiguousNameError` unless there is exactly one."""
        return self.subject.common_name

    @property
    def serial_hex(self) -> str | None:
        """`serial_number` as lower-case hex digits without prefix or padding."""
        return None if self.serial_number is None else f"{self.serial_number:x}"

    def confirms(self, claims: Mapping[str, Any]) -> bool:
        """
        Whether a token with these verified claims is bound to this certificate (RFC 8705 §3); constant time.

        False for an identity of lower evidence than the proxy's verdict, whatever the claims say.
        """
        # The module needs this class; nobody else needs the module.
        from clientcert.core.confirmation import confirms

        return confirms(self, claims)

    @property
    def x5t_s256(self) -> str | None:
        """Certificate thumbprint of RFC 8705 §3.1: unpadded base64url of the SHA-256 of the DER."""
        if self.fingerprint_sha256 is None:
            return None
        return urlsafe_b64encode(bytes.fromhex(self.fingerprint_sha256)).rstrip(b"=").decode("ascii")


def identity_from_path(path: VerifiedPath, evidence: Evidence, wire: Wire | None = None) -> ClientIdentity:
    """
    Take every field from the leaf of a path that was accepted; nothing from any other text.

    Args:
        path: The path.
        evidence: What was proven.
        wire: The leaf as it came, where that is kept anyway; else its DER is kept.
    """
    kept = wire or Wire(path.leaf.der)
    record, circumstances = remember(path, evidence, kept)
    return _remembered(record, kept.value, circumstances, _NO_ROLES)


def _compared(identity: Any) -> tuple[object, ...]:
    if hasattr(identity, "_record"):
        return unpack(identity._record, identity._circumstances)[:-1]  # noqa: SLF001
    found: tuple[object, ...] = _COMPARED(identity)
    return found


def with_roles(identity: ClientIdentity, roles: frozenset[str]) -> ClientIdentity:
    """As `dataclasses.replace`, which would write down everything that the identity has not in its slots."""
    if not hasattr(identity, "_record"):
        return replace(identity, roles=roles)
    return _remembered(identity._record, identity._wire, identity._circumstances, _same_roles(roles))  # noqa: SLF001


def _remembered(
    record: bytes, wire: bytes | str, circumstances: Circumstances, roles: frozenset[str]
) -> ClientIdentity:
    identity = object.__new__(ClientIdentity)
    put = object.__setattr__
    put(identity, "_record", record)
    put(identity, "_wire", wire)
    put(identity, "_circumstances", circumstances)
    put(identity, "roles", roles)
    return identity


@lru_cache(maxsize=_MAX_ROLES)
def _same_roles(roles: frozenset[str]) -> frozenset[str]:
    return roles
