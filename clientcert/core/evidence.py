"""What was proven of a client, by whom, and when."""

from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum


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
