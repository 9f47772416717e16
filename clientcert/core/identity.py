"""Who the client is: typed values from a certificate that was accepted, and what stands behind them."""

from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from typing import Any

from clientcert.core.names import DistinguishedName
from clientcert.core.spiffe import SpiffeId
from clientcert.core.verification.base import VerifiedPath

IPName = IPv4Address | IPv6Address | IPv4Network | IPv6Network


class EvidenceLevel(IntEnum):
    """How much was proven; a greater value includes what the smaller ones say."""

    PROXY_ATTRIBUTES = 10
    """Names that a trusted proxy wrote as text; no certificate was seen here."""

    PROXY_VERDICT = 20
    """The certificate itself, verified by the trusted proxy alone (`TRUST_PROXY`)."""

    VERIFIED = 30
    """The certificate itself, verified here against the configured trust."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """
    What was proven, by whom, and when.

    Attributes:
        level: How much, comparable.
        source: Name of the source that spoke: a preset such as ``ingress-nginx``, or ``tls``.
        proxy: Names of the proxy proofs that held; empty where our own server terminated TLS.
        verdict: The proxy's own verdict token, where it gives one.
        profile: Path validation profile that accepted the certificate.
        anchor_sha256: SHA-256 of the trust anchor's DER, 64 lower-case hex digits.
        revocation: ``not-checked``, or what the revocation check answered.
        verified_at: The time all of it was decided for; aware UTC.
    """

    level: EvidenceLevel
    source: str
    proxy: tuple[str, ...] = ()
    verdict: str | None = None
    profile: str | None = None
    anchor_sha256: str | None = None
    revocation: str = "not-checked"
    verified_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientIdentity:
    """
    The client's certificate as typed values.

    Compares by value, `evidence` and `chain` aside; `issuer_key_id` is part of the comparison, because two CAs
    may issue the same subject and serial. Where the producer sends names only (`EvidenceLevel.PROXY_ATTRIBUTES`)
    everything that needs the certificate is ``None`` or empty.

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
    certificate: bytes | None = field(default=None, repr=False)
    chain: tuple[bytes, ...] = field(default=(), compare=False, repr=False)
    roles: frozenset[str] = field(default=frozenset(), compare=False)
    evidence: Evidence = field(compare=False)

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


def identity_from_path(path: VerifiedPath, evidence: Evidence) -> ClientIdentity:
    """Take every field from the leaf of a path that was accepted; nothing from any other text."""
    leaf = path.certificates[0]
    return ClientIdentity(
        subject=leaf.subject,
        issuer=leaf.issuer,
        serial_number=leaf.serial_number,
        not_before=leaf.not_before,
        not_after=leaf.not_after,
        dns_names=leaf.dns_names,
        email_addresses=leaf.email_addresses,
        uris=leaf.uris,
        ip_addresses=leaf.ip_addresses,
        user_principal_names=leaf.user_principal_names,
        spiffe_id=_spiffe_id(leaf.uris),
        fingerprint_sha256=leaf.fingerprint_sha256,
        spki_sha256=leaf.spki_sha256,
        issuer_key_id=path.issuer.spki_sha256 if path.issuer is not None else None,
        certificate=leaf.der,
        chain=tuple(certificate.der for certificate in path.certificates),
        evidence=evidence,
    )


def _spiffe_id(uris: tuple[str, ...]) -> SpiffeId | None:
    # SPIFFE X509-SVID §2: exactly one URI SAN.
    if len(uris) != 1:
        return None
    try:
        return SpiffeId.parse(uris[0])
    except ValueError:
        return None
