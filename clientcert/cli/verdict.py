"""What is said of one file, and which other rules would say otherwise."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from clientcert.cli.leaf import read_leaf
from clientcert.core.certificate import ParsedCertificate
from clientcert.core.limits import Limits
from clientcert.core.verification import PROFILES, TrustSource, TrustStore, VerifiedPath, Verifier
from clientcert.core.verification.path_builder import DEFAULT_MAX_DEPTH
from clientcert.core.verification.revocation import (
    RevocationChecker,
    RevocationPolicy,
    RevocationResult,
    check_revocation,
)
from clientcert.errors import ClientCertError, ConfigurationError, Reason
from clientcert.verify import PINNED, build_verifier

ACCEPTED = "accepted"
"""What `Verdict.other_profiles` says of a profile that accepts."""
UNAVAILABLE = "unavailable"
"""What it says of a profile that cannot run here."""

_DATES = frozenset({Reason.CERTIFICATE_EXPIRED, Reason.CERTIFICATE_NOT_YET_VALID})
# The most that the verifiers take.
_MAX_DEPTH = 16
# Ends of validity periods to try, nearest first: a bundle may have hundreds.
_MAX_MOMENTS = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """
    Everything that decides, the certificate apart.

    Attributes:
        trust: A store, or the pins of profile ``pinned``.
        profile: Name of the engine.
        max_depth: CA certificates allowed between leaf and anchor.
        checker: Whom to ask about revocation.
        policy: What "unknown" means.
        at: The moment to decide for; aware UTC.
        limits: Bounds, as for a request.

    Raises:
        ConfigurationError: As `build_verifier`.
    """

    trust: TrustStore | TrustSource
    profile: str = "standard"
    max_depth: int = DEFAULT_MAX_DEPTH
    checker: RevocationChecker | None = None
    policy: RevocationPolicy = field(default_factory=lambda: RevocationPolicy(mode="off"))
    at: datetime
    limits: Limits = field(default_factory=Limits)
    _verifier: Verifier = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        verifier = build_verifier(self.profile, self.trust, max_depth=self.max_depth, limits=self.limits)
        object.__setattr__(self, "_verifier", verifier)

    def apply(self, chain: Sequence[ParsedCertificate]) -> tuple[VerifiedPath, RevocationResult]:
        """Decide about a certificate and the candidates that came with it; VerificationError if it is refused."""
        path = self._verifier.verify(chain[0], intermediates=chain[1:], at=self.at)
        return path, check_revocation(path, self.checker, self.policy, at=self.at)

    def judge(self, file: str, octets: bytes) -> "Verdict":
        """Read one file and decide; whatever is in it, there is a verdict."""
        chain: tuple[ParsedCertificate, ...] = ()
        try:
            chain = read_leaf(octets, limits=self.limits)
            path, revocation = self.apply(chain)
        except ClientCertError as exc:
            leaf = chain[0] if chain else None
            others = _other_profiles(self, chain) if chain else {}
            flags = _accepting_flags(self, chain, exc, others) if chain else ()
            return Verdict(file=file, rules=self, leaf=leaf, refusal=exc, other_profiles=others, accepted_with=flags)
        return Verdict(file=file, rules=self, leaf=chain[0], path=path, revocation=revocation.text)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """
    The answer for one file. Exactly one of `path` and `refusal` is there.

    Attributes:
        file: As named on the command line.
        rules: What decided.
        leaf: The client's certificate, where it could be read.
        path: What was found.
        revocation: `RevocationResult.text` of an accepted certificate.
        refusal: Why it is not accepted.
        other_profiles: Of a refused certificate: what the other path building profiles say: `ACCEPTED`, `UNAVAILABLE`
            or a Reason.
        accepted_with: Of a refused certificate: options each of which, alone, would make it accepted.
    """

    file: str
    rules: Rules
    leaf: ParsedCertificate | None
    path: VerifiedPath | None = None
    revocation: str | None = None
    refusal: ClientCertError | None = None
    other_profiles: Mapping[str, str] = field(default_factory=dict)
    accepted_with: tuple[str, ...] = ()

    @property
    def accepted(self) -> bool:
        """Whether the certificate is accepted."""
        return self.path is not None

    @property
    def days_left(self) -> int | None:
        """Whole days from the moment of verification to the leaf's notAfter; negative afterwards."""
        return None if self.leaf is None else (self.leaf.not_after - self.rules.at).days


def utc_text(moment: datetime) -> str:
    """Write a UTC moment to the second: ``2026-11-21T23:00:00Z``."""
    return f"{moment.replace(tzinfo=None, microsecond=0).isoformat()}Z"


def _other_profiles(rules: Rules, chain: Sequence[ParsedCertificate]) -> Mapping[str, str]:
    if rules.profile == PINNED:
        return {}
    return {name: _said_by(rules, name, chain) for name in PROFILES if name != rules.profile}


def _said_by(rules: Rules, profile: str, chain: Sequence[ParsedCertificate]) -> str:
    try:
        replace(rules, profile=profile).apply(chain)
    except ClientCertError as exc:
        return str(exc.reason)
    except ConfigurationError:
        return UNAVAILABLE
    return ACCEPTED


def _accepting_flags(
    rules: Rules, chain: Sequence[ParsedCertificate], refusal: ClientCertError, others: Mapping[str, str]
) -> tuple[str, ...]:
    flags = [f"--profile {name}" for name, said in others.items() if said == ACCEPTED]
    if refusal.reason in _DATES:
        nearest = next((at for at in _moments(rules, chain) if _accepts(replace(rules, at=at), chain)), None)
        flags += [] if nearest is None else [f"--at {utc_text(nearest)}"]
    elif refusal.reason is Reason.PATH_TOO_LONG:
        path = _accepts(replace(rules, max_depth=_MAX_DEPTH), chain)
        flags += [] if path is None else [f"--max-depth {len(path.certificates) - 2}"]
    elif refusal.reason is Reason.REVOCATION_UNKNOWN:
        soft = replace(rules, policy=replace(rules.policy, mode="soft"))
        flags += ["--revocation soft"] if _accepts(soft, chain) else []
    elif refusal.reason is Reason.ISSUER_UNKNOWN and chain[0].is_self_issued:
        pin = f"sha256:{chain[0].fingerprint_sha256}"
        if _accepts(Rules(trust=pin, profile=PINNED, at=rules.at), chain):
            flags.append(f"--profile {PINNED} --trust {pin}")
    return tuple(flags)


def _accepts(rules: Rules, chain: Sequence[ParsedCertificate]) -> VerifiedPath | None:
    try:
        return rules.apply(chain)[0]
    except ClientCertError:
        return None


def _moments(rules: Rules, chain: Sequence[ParsedCertificate]) -> list[datetime]:
    """Ends of the validity periods that play a part, nearest to the moment of verification first."""
    store = rules.trust
    configured = (*store.anchors, *store.intermediates) if isinstance(store, TrustStore) else ()
    ends = {end for certificate in (*chain, *configured) for end in (certificate.not_before, certificate.not_after)}
    return sorted(ends, key=lambda end: abs(end - rules.at))[:_MAX_MOMENTS]
