"""
What a producer says, read by the rules it declares.

A preset is data: the names it sends, what it always sends, its verdict tokens, its encoding. The code that reads
them is here, once, for all presets.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from clientcert.core.encoding import ESCAPED_PEM, CertificateEncoding
from clientcert.core.facts import RequestFacts
from clientcert.core.headers import CONNECTION_HEADER, SelectedHeaders, header_name
from clientcert.core.limits import Limits
from clientcert.errors import ConfigurationError, EncodingError, EvidenceError, Reason, escape_peer_text


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """
    What one request's evidence claims, decoded but not verified.

    Attributes:
        leaf: DER of the client's certificate; ``None`` where the source sends names only.
        intermediates: DER of forwarded chain certificates; candidates for a path, never trust anchors.
        verdict: The producer's verdict token, where it gives one.
        subject_dn, issuer_dn: The DN headers as received; ``None`` where the source reads none.
    """

    leaf: bytes | None = None
    intermediates: tuple[bytes, ...] = ()
    verdict: str | None = None
    subject_dn: bytes | None = None
    issuer_dn: bytes | None = None


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
        """True when the producer says whether it verified the certificate itself."""

    @property
    def sends_certificate(self) -> bool:
        """False when an identity can only be names that the producer wrote."""

    @property
    def header_names(self) -> Sequence[bytes]:
        """Lower-case names that belong to this source; no other is ever selected for it."""

    def read(self, facts: RequestFacts, headers: SelectedHeaders, limits: Limits) -> Claim | None:
        """The claim of this request, or None for "no certificate"; raises `EvidenceError` or `EncodingError`."""


class AliasPolicy(Enum):
    """What another spelling of a source's header means; in either case it is stripped and never read."""

    REFUSE = "refuse"
    """This producer drops such names, so one that arrives did not come through it as configured (400)."""

    IGNORE = "ignore"
    """This producer forwards whatever spelling the client invents; it says nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HeaderSource:
    """
    A producer that writes headers, as data.

    Attributes:
        name: Preset name.
        certificate: Header with the certificate; None where the producer sends names only.
        encoding: Wire form of that header.
        verdict: Header with the producer's own verdict; None where there is none.
        success: The one token that means "verified". Compared byte for byte.
        absent: Tokens that mean "the client presented no certificate".
        subject_dn, issuer_dn: Headers with the names, None where not sent.
        names_required: The producer always sends the DN headers beside a certificate; both must agree with it.
            Otherwise they are compared where present.
        ignored: Headers that carry the client's own bytes in this configuration: never read, always stripped.
        aliases: See `AliasPolicy`.
    """

    name: str
    certificate: str | None
    encoding: CertificateEncoding = ESCAPED_PEM
    verdict: str | None = None
    success: str = "SUCCESS"
    absent: tuple[str, ...] = ("NONE",)
    subject_dn: str | None = None
    issuer_dn: str | None = None
    names_required: bool = False
    ignored: tuple[str, ...] = ()
    aliases: AliasPolicy = AliasPolicy.REFUSE

    def __post_init__(self) -> None:
        """Refuse what cannot work; a collision would let one header speak twice."""
        given = [name for name in (self.certificate, self.verdict, self.subject_dn, self.issuer_dn) if name is not None]
        names = self.header_names
        if len(set(names)) != len(names):
            listed = ", ".join(sorted(name.decode("ascii") for name in names))
            raise ConfigurationError(f"source {self.name!r} uses one header name twice: {listed}")
        if any(name != name.lower() for name in given):
            raise ConfigurationError(f"source {self.name!r} takes header names in lower-case, got {', '.join(given)}")
        if self.certificate is None and not (self.verdict and self.subject_dn and self.issuer_dn):
            raise ConfigurationError(f"source {self.name!r} without a certificate needs a verdict and both names")

    @property
    def needs_proxy_proof(self) -> bool:
        """See `Source`: anybody can write a header."""
        return True

    @property
    def gives_verdict(self) -> bool:
        """See `Source`."""
        return self.verdict is not None

    @property
    def sends_certificate(self) -> bool:
        """See `Source`."""
        return self.certificate is not None

    @property
    def header_names(self) -> tuple[bytes, ...]:
        """See `Source`."""
        names = (self.certificate, self.verdict, self.subject_dn, self.issuer_dn, *self.ignored)
        return tuple(header_name(name) for name in names if name is not None)

    def read(self, facts: RequestFacts, headers: SelectedHeaders, limits: Limits) -> Claim | None:
        """
        Read the evidence of one request, the verdict first.

        Raises:
            EvidenceError: DUPLICATE_HEADER, HEADER_ALIAS, HOP_BY_HOP_HEADER, VERDICT_MISSING, VERDICT_CONTRADICTED,
                EVIDENCE_MISSING, PROXY_VERDICT_FAILED.
            EncodingError: HEADER_TOO_LARGE, HEADER_MALFORMED, ENCODING_MALFORMED.

        Not checked here: who sent it (`proxy`), whether the certificate is any good (`verification`).
        """
        self._refuse_tampering(headers)
        certificate = self._value(headers, self.certificate, limits.header_bytes, self.encoding.controls)
        subject_dn = self._value(headers, self.subject_dn, limits.name_header_bytes)
        issuer_dn = self._value(headers, self.issuer_dn, limits.name_header_bytes)
        verdict = self._value(headers, self.verdict, limits.verdict_header_bytes)
        evidence = (certificate, subject_dn, issuer_dn)
        if self.verdict is not None and not self._accepts(verdict, evidence, facts):
            return None
        if certificate is None and self.certificate is not None:
            return None
        if self.names_required and issuer_dn is None:
            raise EvidenceError(
                Reason.EVIDENCE_MISSING, f"{self.issuer_dn} is missing, which {self.name} sends with every certificate"
            )
        return Claim(
            leaf=None if certificate is None else self.encoding.decode(certificate),
            verdict=None if verdict is None else verdict.decode("ascii"),
            # An empty DN is not sent: nginx omits a header whose value is empty.
            subject_dn=(subject_dn or b"") if self.names_required else subject_dn,
            issuer_dn=issuer_dn,
        )

    def _refuse_tampering(self, headers: SelectedHeaders) -> None:
        if headers.duplicates:
            name = headers.duplicates[0].decode("ascii")
            raise EvidenceError(Reason.DUPLICATE_HEADER, f"{name} came more than once, wanted exactly one")
        if self.aliases is AliasPolicy.REFUSE and headers.aliases:
            raise EvidenceError(
                Reason.HEADER_ALIAS,
                f"{escape_peer_text(headers.aliases[0])} is another spelling of a header of {self.name}, which drops "
                "such names: is underscores_in_headers or ignore_invalid_headers changed, or was the proxy bypassed?",
            )
        if self.aliases is AliasPolicy.REFUSE and (nominated := self._nominated(headers)):
            raise EvidenceError(
                Reason.HOP_BY_HOP_HEADER,
                f"Connection names {nominated}: the sender asks the next hop to remove evidence (RFC 9110 §7.6.1)",
            )

    def _nominated(self, headers: SelectedHeaders) -> str | None:
        for name, value in headers.context:
            if name == CONNECTION_HEADER:
                tokens = {token.strip(b" \t").lower() for token in value.split(b",")}
                for ours in self.header_names:
                    if ours in tokens:
                        return ours.decode("ascii")
        return None

    def _value(self, headers: SelectedHeaders, name: str | None, max_bytes: int, controls: bytes = b"") -> bytes | None:
        """One header value, bounded and made of printable ASCII; None when absent or empty."""
        if name is None:
            return None
        value = headers.values.get(name.encode("ascii"))
        if value is None:
            return None
        if len(value) > max_bytes:
            raise EncodingError(Reason.HEADER_TOO_LARGE, f"{name} has {len(value)} bytes, the limit is {max_bytes}")
        if value.translate(None, _PRINTABLE + controls):
            shown = escape_peer_text(value, limit=27)
            raise EncodingError(Reason.HEADER_MALFORMED, f"{name} contains control or non-ASCII bytes: {shown}")
        return value

    def _accepts(self, verdict: bytes | None, evidence: Sequence[bytes | None], facts: RequestFacts) -> bool:
        """True on success, False on "no certificate"; raises for everything else."""
        present = any(value is not None for value in evidence)
        if verdict is None:
            if present:
                raise EvidenceError(
                    Reason.VERDICT_MISSING, f"{self.verdict} is missing, which {self.name} sends with every request"
                )
            return False
        token = verdict.decode("ascii")
        if facts.folded and "," in token:
            raise EvidenceError(Reason.DUPLICATE_HEADER, f"{self.verdict} holds a comma: the server joined several")
        if token in self.absent:
            if present:
                raise EvidenceError(
                    Reason.VERDICT_CONTRADICTED, f"{self.verdict} is {token} but a certificate or name came with it"
                )
            return False
        if token != self.success:
            raise EvidenceError(
                Reason.PROXY_VERDICT_FAILED,
                f"{self.verdict} is {escape_peer_text(token)}, wanted exactly {self.success}",
            )
        self._refuse_bare_success(evidence)
        return True

    def _refuse_bare_success(self, evidence: Sequence[bytes | None]) -> None:
        if self.certificate is not None and evidence[0] is None:
            raise EvidenceError(
                Reason.VERDICT_CONTRADICTED,
                f"{self.verdict} is {self.success} but {self.certificate} is missing",
                hints=(_WAY_OUT,),
            )


_WAY_OUT = (
    'does the proxy pass the certificate on? ingress-nginx needs auth-tls-pass-certificate-to-upstream: "true", '
    "or source=IngressNginx(pass_certificate=False)"
)

# RFC 9110 §5.5 field values, without obs-text and horizontal tab.
_PRINTABLE = bytes(range(0x20, 0x7F))
