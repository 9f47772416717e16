"""What a source is, and what it claims."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from clientcert.core.facts import RequestFacts
from clientcert.core.headers import SelectedHeaders
from clientcert.core.limits import Limits
from clientcert.core.remembered import Wire


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """
    What one request's evidence claims, decoded but not verified.

    Attributes:
        leaf: DER of the client's certificate; ``None`` where the source sends attributes only.
        intermediates: DER of forwarded chain certificates; candidates for a path, never trust anchors.
        verdict: The producer's verdict token, where it gives one.
        subject_dn, issuer_dn: The DN headers in the text of OpenSSL's XN_FLAG_RFC2253, whatever the producer's
            dialect; ``None`` where the source reads none.
        serial_number: Where the source sends attributes only and this is one of them.
        fingerprint_sha256: Where that is all the source sends: 64 lower-case hex digits, one of those configured.
        wire: The form in which `leaf` came, where an identity may keep that in the place of the DER; None keeps the
            DER.
    """

    leaf: bytes | None = None
    intermediates: tuple[bytes, ...] = ()
    verdict: str | None = None
    subject_dn: bytes | None = None
    issuer_dn: bytes | None = None
    serial_number: int | None = None
    fingerprint_sha256: str | None = None
    wire: Wire | None = field(default=None, compare=False, repr=False)


class Source(Protocol):
    """Who tells us about the client's certificate; a user may write one."""

    @property
    def name(self) -> str:
        """Kebab-case name, shown in `Evidence.source`."""

    @property
    def needs_proxy_proof(self) -> bool:
        """True when the evidence arrives in headers, which anybody can write."""

    @property
    def gives_verdict(self) -> bool:
        """True when the producer says whether it verified the certificate itself, and means it in every mode."""

    @property
    def sends_certificate(self) -> bool:
        """False when an identity can only be attributes that the producer wrote."""

    @property
    def header_names(self) -> Sequence[bytes]:
        """Lower-case names that belong to this source; no other is ever selected for it."""

    def read(self, facts: RequestFacts, headers: SelectedHeaders, limits: Limits) -> Claim | None:
        """
        The claim of this request, or None for "no certificate".

        Raises `EvidenceError`, `EncodingError`, `NameSyntaxError` or `VerificationError`; EvidenceError with
        NO_CERTIFICATE says the same as None, with a detail for the operator.
        """
