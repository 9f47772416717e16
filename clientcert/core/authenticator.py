"""The whole decision: proxy, source, encoding, verification, identity, in that order, nothing after a failure."""

from datetime import datetime

from clientcert.core.certificate import ParsedCertificate, parse_certificate
from clientcert.core.facts import RequestFacts
from clientcert.core.headers import HeaderGuard, header_name
from clientcert.core.identity import Evidence, EvidenceLevel, identity_from_path
from clientcert.core.names_only import NamesOnly
from clientcert.core.outcome import Anonymous, Authenticated, Outcome, Rejected
from clientcert.core.proxy import DEFAULT_SECRET_HEADER
from clientcert.core.settings import Settings
from clientcert.core.sources import GUARDED_HEADERS, Claim
from clientcert.core.verification.trust_proxy import TrustProxyVerifier
from clientcert.errors import Case, ClientCertError, EvidenceError, Reason, escape_peer_text


class Authenticator:
    """
    Facts of one request in, one outcome out. Safe to share between threads and tasks; performs no I/O.

    Args:
        settings: Usually a `ClientCertConfig`, which has validated everything.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._source = settings.evidence_source
        self._names_only = NamesOnly(settings.known_issuers)
        guarded = GUARDED_HEADERS | {header_name(DEFAULT_SECRET_HEADER)}
        secret_headers = [proof.header for proof in settings.proxy_proofs if proof.header is not None]
        self.guard = HeaderGuard(read=[*self._source.header_names, *secret_headers], guarded=guarded)

    def authenticate(self, facts: RequestFacts) -> Outcome:
        """
        Decide about one request.

        Args:
            facts: What the adapter saw; hostile bytes are expected.

        Returns:
            `Authenticated`, `Anonymous` or `Rejected`. Never raises for anything a request can carry.
        """
        try:
            return self._decide(facts, at=self._settings.clock())
        except ClientCertError as error:
            return self._refuse(error)

    def _decide(self, facts: RequestFacts, *, at: datetime) -> Outcome:
        headers = self.guard.select(facts.headers)
        for proof in self._settings.proxy_proofs:
            proof.check(facts, headers)
        claim = self._source.read(facts, headers, self._settings.limits)
        if claim is None:
            raise EvidenceError(Reason.NO_CERTIFICATE, f"{self._source.name} says that the client presented none")
        if claim.leaf is None:
            return Authenticated(identity=self._names_only.identity(claim, self._evidence(claim, at)))
        leaf = parse_certificate(claim.leaf, limits=self._settings.limits)
        _agree(claim, leaf)
        forwarded = [parse_certificate(der, limits=self._settings.limits) for der in claim.intermediates]
        path = self._settings.verifier.verify(leaf, intermediates=forwarded, at=at)
        evidence = self._evidence(claim, at, profile=path.profile, anchor=path.anchor)
        return Authenticated(identity=identity_from_path(path, evidence))

    def _evidence(
        self, claim: Claim, at: datetime, *, profile: str | None = None, anchor: ParsedCertificate | None = None
    ) -> Evidence:
        level = EvidenceLevel.VERIFIED
        if claim.leaf is None:
            level = EvidenceLevel.PROXY_ATTRIBUTES
        elif isinstance(self._settings.verifier, TrustProxyVerifier):
            level = EvidenceLevel.PROXY_VERDICT
        return Evidence(
            level=level,
            source=self._source.name,
            proxy=tuple(proof.name for proof in self._settings.proxy_proofs),
            verdict=claim.verdict,
            profile=profile,
            anchor_sha256=None if anchor is None else anchor.fingerprint_sha256,
            verified_at=at,
        )

    def _refuse(self, error: ClientCertError) -> Outcome:
        """Apply ``mode`` and ``on_invalid``: a bad certificate is not "no certificate" unless that is spelled out."""
        reason, status = error.reason, error.status
        if reason.case is Case.MISSING:
            if self._settings.mode == "optional":
                return Anonymous(reason=reason, detail=error.detail, hints=error.hints)
            status = self._settings.missing_status
        if reason.case is Case.REJECTED and self._settings.on_invalid == "anonymous":
            return Anonymous(reason=reason, detail=error.detail, hints=error.hints)
        return Rejected(reason=reason, status=status, detail=error.detail, hints=error.hints)


def _agree(claim: Claim, leaf: ParsedCertificate) -> None:
    """Names that the proxy wrote beside a certificate must be that certificate's (one handshake, one client)."""
    for label, claimed, name in (
        ("subject", claim.subject_dn, leaf.subject),
        ("issuer", claim.issuer_dn, leaf.issuer),
    ):
        # A header value ends before its last space (RFC 9110 §5.5), even where the name ends in an escaped one.
        wanted = name.nginx.rstrip(b" ")
        if claimed is not None and claimed != wanted:
            got = escape_peer_text(claimed)
            raise EvidenceError(
                Reason.EVIDENCE_MISMATCH,
                f"the proxy's {label} DN {got} is not the certificate's {escape_peer_text(wanted)}",
                hints=("did the client write the certificate header? pass_certificate must be what the proxy does",),
            )
