"""The whole decision: proxy, source, encoding, verification, identity, in that order, nothing after a failure."""

from collections.abc import Hashable
from datetime import datetime
from typing import Any

from clientcert.core.bindings import Binding, Bindings, SourceUse
from clientcert.core.certificate import ParsedCertificate, parse_certificate
from clientcert.core.decisions import Decision, Decisions
from clientcert.core.facts import RequestFacts
from clientcert.core.headers import HeaderGuard, SelectedHeaders, header_name
from clientcert.core.identity import ClientIdentity, Evidence, EvidenceLevel, identity_from_path, with_roles
from clientcert.core.layouts import Spoken
from clientcert.core.memory import Memory
from clientcert.core.outcome import Anonymous, Authenticated, Outcome, Rejected
from clientcert.core.proxy import DEFAULT_SECRET_HEADER
from clientcert.core.remembered import Wire
from clientcert.core.settings import Settings
from clientcert.core.sharing import kept_in
from clientcert.core.sources import GUARDED_HEADERS, Claim
from clientcert.core.verification.generation import TrustGeneration, TrustStatus
from clientcert.core.verification.revocation import check_revocation
from clientcert.errors import Case, ClientCertError, EvidenceError, Reason, escape_peer_text


class Authenticator:
    """
    Facts of one request in, one outcome out. Safe to share between threads and tasks.

    Args:
        settings: Usually a `ClientCertConfig`, which has validated everything.

    Attributes:
        guard: Which headers are read, and which the app must not see.
        recall: `Memory.recall`: the outcome of a request whose like has been decided before, or None.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._bindings = Bindings(settings.bindings)
        guarded = GUARDED_HEADERS | {header_name(DEFAULT_SECRET_HEADER)}
        self.guard = HeaderGuard(read=[*self._bindings.evidence_names, *self._bindings.proof_names], guarded=guarded)
        self._memory = Memory(settings, self.guard)
        self.recall = self._memory.recall

    def authenticate(self, facts: RequestFacts, spoken: Spoken | None = None) -> Outcome:
        """
        Decide about one request.

        Args:
            facts: What the adapter saw; hostile bytes are expected.
            spoken: All of the facts that a decision may rest on, the address and the headers that record addresses
                apart, in any form that is equal only where all of it is equal; None makes one.

        Returns:
            `Authenticated`, `Anonymous` or `Rejected`. Never raises for anything a request can carry.
        """
        try:
            return self._decide(facts, spoken, at=self._settings.clock())
        except ClientCertError as error:
            return self._refuse(error)

    def status(self) -> TrustStatus:
        """Tell how the trust material is: generation, age, last error; for a health page."""
        return self._settings.trust_provider.status(self._settings.clock())

    def source_uses(self) -> tuple[SourceUse, ...]:
        """Tell how often each source gave an identity, and when last: when may the old proxy go?"""
        return self._bindings.uses

    def _decide(self, facts: RequestFacts, spoken: Spoken | None, *, at: datetime) -> Outcome:
        headers = self.guard.select(facts.headers)
        proven = self._bindings.proven(facts, headers, at=at)
        try:
            decisions = self._memory.in_force(at)
        except ClientCertError:
            # It takes no trust to see that nobody is there.
            if not headers.values and not facts.tls_chain:
                self._read(proven, facts, headers)
            raise
        evidence = self._memory.key(proven, facts, headers, spoken, at=at)
        found = decisions.find(evidence, at.timestamp())
        use, outcome = found or self._examine(proven, facts, headers, evidence, decisions, at)
        if use is not None:
            use.served += 1
            use.last_served = at.timestamp()
        return outcome

    def _read(self, proven: tuple[int, ...], facts: RequestFacts, headers: SelectedHeaders) -> tuple[int, Claim]:
        return self._bindings.read(proven, facts, headers, self._settings.limits)

    def _examine(  # noqa: PLR0913, PLR0917 - what one decision knows
        self,
        proven: tuple[int, ...],
        facts: RequestFacts,
        headers: SelectedHeaders,
        evidence: Hashable,
        decisions: Decisions,
        at: datetime,
    ) -> Decision:
        try:
            index, claim = self._read(proven, facts, headers)
        except EvidenceError as error:
            if error.reason is not Reason.NO_CERTIFICATE:
                raise
            with decisions.lock:
                return decisions.refuse(evidence, (None, self._refuse(error)), at=at.timestamp())
        # One at a time: signatures hold the interpreter anyway, and a herd of one client is verified once.
        with decisions.lock:
            # Whoever was first here may have begun after us.
            now = self._settings.clock().timestamp()
            return decisions.find(evidence, now) or self._verify(index, claim, evidence, decisions, at)

    def _verify(self, index: int, claim: Claim, evidence: Hashable, decisions: Decisions, at: datetime) -> Decision:
        try:
            wire = kept_in(evidence, claim.wire)
            identity, until = self._identify(self._bindings.bindings[index], claim, wire, decisions, at)
        except ClientCertError as error:
            return decisions.refuse(evidence, (None, self._refuse(error)), at=at.timestamp())
        policy = decisions.generation.authorization
        outcome = Authenticated(identity=identity, authorization=policy, allowed_by=None if policy is None else set())
        end = None if until is None else until.timestamp()
        return decisions.accept(evidence, (self._bindings.uses[index], outcome), at=at.timestamp(), until=end)

    def _identify(
        self, binding: Binding, claim: Claim, wire: Wire | None, decisions: Decisions, at: datetime
    ) -> tuple[ClientIdentity, datetime | None]:
        """The identity, and the last moment for which everything it rests on holds."""
        generation, limits = decisions.generation, self._settings.limits
        told: dict[str, Any] = {"source": binding.source.name, "verdict": claim.verdict, "verified_at": at}
        told["proxy"] = tuple([proof.name for proof in binding.proofs])
        if claim.leaf is None:
            evidence = Evidence(level=EvidenceLevel.PROXY_ATTRIBUTES, **told)
            return self._with_roles(decisions.names_only.identity(claim, evidence), generation), None
        leaf = parse_certificate(claim.leaf, limits=limits)
        _agree(claim, leaf)
        forwarded = [parse_certificate(der, limits=limits) for der in claim.intermediates]
        path = generation.verifier.verify(leaf, intermediates=forwarded, at=at)
        revocation = check_revocation(path, generation.revocation, generation.policy, at=at)
        evidence = Evidence(
            level=EvidenceLevel.VERIFIED if path.anchored else EvidenceLevel.PROXY_VERDICT,
            profile=path.profile,
            anchor_sha256=None if path.anchor is None else path.anchor.fingerprint_sha256,
            revocation=revocation.text,
            **told,
        )
        until = path.valid_until if revocation.valid_until is None else min(path.valid_until, revocation.valid_until)
        return self._with_roles(identity_from_path(path, evidence, wire), generation), until

    @staticmethod
    def _with_roles(identity: ClientIdentity, generation: TrustGeneration) -> ClientIdentity:
        if generation.authorization is None:
            return identity
        return with_roles(identity, generation.authorization.roles.of(identity))

    def _refuse(self, error: ClientCertError) -> Outcome:
        """Apply ``mode`` and ``on_invalid``: a bad certificate is not "no certificate" unless that is spelled out."""
        reason, status = error.reason, error.status
        passes = {Case.MISSING, Case.REJECTED} if self._settings.on_invalid == "anonymous" else {Case.MISSING}
        if self._settings.mode == "optional" and reason.case in passes:
            return Anonymous(reason=reason, detail=error.detail, hints=error.hints)
        if reason.case is Case.MISSING:
            status = self._settings.missing_status
        return Rejected(reason=reason, status=status, detail=error.detail, hints=error.hints)


def _agree(claim: Claim, leaf: ParsedCertificate) -> None:
    """Names that the proxy wrote beside a certificate must be that certificate's (one handshake, one client)."""
    for label, claimed, name in (
        ("subject", claim.subject_dn, leaf.subject),
        ("issuer", claim.issuer_dn, leaf.issuer),
    ):
        if claimed is None:
            continue
        # A header value ends before its last space (RFC 9110 §5.5), even where the name ends in an escaped one.
        wanted = name.nginx.rstrip(b" ")
        if claimed != wanted:
            got = escape_peer_text(claimed)
            raise EvidenceError(
                Reason.EVIDENCE_MISMATCH,
                f"the proxy's {label} DN {got} is not the certificate's {escape_peer_text(wanted)}",
                hints=("did the client write the certificate header? pass_certificate must be what the proxy does",),
            )
