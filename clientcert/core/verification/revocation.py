"""Whether a certificate has been revoked: the answers, who gives them, and what is done about them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol, get_args

from clientcert.core.certificate import ParsedCertificate
from clientcert.core.verification.base import VerifiedPath, utc_time
from clientcert.core.verification.rules import LEAF, refusal, role_of
from clientcert.errors import ConfigurationError, Reason

RevocationMode = Literal["off", "hard", "soft"]
RevocationScope = Literal["leaf", "chain"]

NOT_CHECKED = "not-checked"
"""`RevocationResult.text` where nobody was asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Good:
    """
    Not revoked, and somebody who may say so says so.

    Attributes:
        source: What said so, for people: ``CRL 17 of 2026-11-21T22:00:00Z``.
    """

    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Revoked:
    """
    Revoked by its issuer.

    Attributes:
        source: What said so.
        reason: Reason code by its name in RFC 5280 §5.3.1, ``unspecified`` where none is given.
        when: The revocation date; None where it cannot be read. Aware UTC.
    """

    source: str
    reason: str
    when: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Unknown:
    """
    Nobody who may say so has said anything that holds at this moment.

    Attributes:
        why: One line for the operator: what is missing, or how stale it is.
    """

    why: str


RevocationStatus = Good | Revoked | Unknown


@dataclass(frozen=True, slots=True, kw_only=True)
class RevocationAnswer:
    """
    A status and how long it holds.

    Attributes:
        status: Good, revoked or unknown.
        valid_until: The last moment for which the answer may be kept, inclusive: the nextUpdate (and grace) that it
            depends on, or the moment asked for where it may change at any time; None where it holds until trust is
            loaded again. Aware UTC.
    """

    status: RevocationStatus
    valid_until: datetime | None = None


class RevocationChecker(Protocol):
    """
    Somebody who knows about revocation; any object of this shape can stand in a configuration.

    It is called from several threads at once, on the request path: no I/O, no waiting.
    """

    def check(self, certificate: ParsedCertificate, issuer: ParsedCertificate, *, at: datetime) -> RevocationAnswer:
        """
        Answer for one certificate.

        Args:
            certificate: One of a path that was accepted, the anchor excepted.
            issuer: The certificate that follows it in that path, so its key made the signature.
            at: The moment to decide for; aware UTC.

        Returns:
            `Unknown` for whatever goes wrong; it never raises.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class RevocationPolicy:
    """
    What is asked, and what "unknown" means.

    Attributes:
        mode: ``off`` asks nobody, ``hard`` refuses "unknown", ``soft`` lets it pass and says so in the evidence.
        scope: ``leaf`` asks about the client's certificate, ``chain`` about every certificate but the anchor.

    Raises:
        ConfigurationError: Anything else.
    """

    mode: RevocationMode = "hard"
    scope: RevocationScope = "leaf"

    def __post_init__(self) -> None:
        for name, value, legal in (
            ("revocation", self.mode, get_args(RevocationMode)),
            ("revocation_scope", self.scope, get_args(RevocationScope)),
        ):
            if value not in legal:
                raise ConfigurationError(f"{name} is {value!r}, wanted {' or '.join(map(repr, legal))}")


@dataclass(frozen=True, slots=True, kw_only=True)
class RevocationResult:
    """
    What a check that let the path pass has found.

    Attributes:
        text: For `Evidence.revocation`: ``not-checked``, ``good: …`` or ``unknown: …``.
        valid_until: As in `RevocationAnswer`.
        is_unknown: Whether ``soft`` let an unknown status pass, which deserves a count and a line in a log.
    """

    text: str = NOT_CHECKED
    valid_until: datetime | None = None
    is_unknown: bool = False


def check_revocation(
    path: VerifiedPath, checker: RevocationChecker | None, policy: RevocationPolicy, *, at: datetime
) -> RevocationResult:
    """
    Ask about the certificates of a path that was accepted, and apply the policy to the answers.

    Args:
        path: What a `Verifier` returned. A leaf that is pinned, or itself an anchor, has no issuer to ask: it is
            revoked by taking it out of the configuration, and ``not-checked`` is the result.
        checker: Whom to ask; None is the same as ``off``.
        policy: Mode and scope.
        at: The moment to decide for; aware.

    Raises:
        VerificationError: REVOKED in both modes; REVOCATION_UNKNOWN in mode ``hard``.
    """
    if checker is None or policy.mode == "off":
        return RevocationResult()
    at = utc_time(at)
    certificates = path.certificates
    if not path.anchored:
        why = "no path was built here, so the issuer's key is not known"
        return _unknown(LEAF, path.leaf, why, at, policy)
    last = len(certificates) - 1
    results = []
    for index in range(last if policy.scope == "chain" else min(1, last)):
        answer = checker.check(certificates[index], certificates[index + 1], at=at)
        results.append(_judge(role_of(index, last + 1), certificates[index], answer, policy))
    return _conclude(results)


def _judge(
    role: str, certificate: ParsedCertificate, answer: RevocationAnswer, policy: RevocationPolicy
) -> RevocationResult:
    status = answer.status
    if isinstance(status, Revoked):
        when = "at a time that cannot be read" if status.when is None else f"at {status.when:%Y-%m-%dT%H:%M:%SZ}"
        problem = f"revoked {when} ({status.reason}), says {status.source}"
        raise refusal(Reason.REVOKED, role, certificate, problem, "RFC 5280 §6.3")
    if isinstance(status, Good):
        return RevocationResult(text=f"good: {status.source}", valid_until=answer.valid_until)
    return _unknown(role, certificate, status.why, answer.valid_until, policy)


def _unknown(
    role: str, certificate: ParsedCertificate, why: str, valid_until: datetime | None, policy: RevocationPolicy
) -> RevocationResult:
    if policy.mode == "hard":
        problem = f"revocation status is unknown: {why}"
        hint = "revocation='soft' accepts unknown, revocation='off' does not ask"
        raise refusal(Reason.REVOCATION_UNKNOWN, role, certificate, problem, hint)
    return RevocationResult(text=f"unknown: {why}", valid_until=valid_until, is_unknown=True)


def _conclude(results: Sequence[RevocationResult]) -> RevocationResult:
    """Join what was found: the first unknown speaks for all, else the leaf's text; the shortest life counts."""
    if not results:
        return RevocationResult()
    told = next((result for result in results if result.is_unknown), results[0])
    end = _earliest(result.valid_until for result in results)
    return RevocationResult(text=told.text, valid_until=end, is_unknown=told.is_unknown)


def _earliest(moments: Iterable[datetime | None]) -> datetime | None:
    return min((moment for moment in moments if moment is not None), default=None)


@dataclass(frozen=True, slots=True)
class FirstAnswer:
    """
    Several checkers as one: whoever says "revoked" is believed, then the first who says "good".

    Attributes:
        checkers: In the order of asking, such as CRLs and then OCSP; at least one.

    Raises:
        ConfigurationError: No checker.
    """

    checkers: tuple[RevocationChecker, ...]

    def __post_init__(self) -> None:
        if not self.checkers:
            raise ConfigurationError("no revocation checker to ask")

    def check(self, certificate: ParsedCertificate, issuer: ParsedCertificate, *, at: datetime) -> RevocationAnswer:
        """Ask all of them; see `RevocationChecker.check`."""
        answers = [checker.check(certificate, issuer, at=at) for checker in self.checkers]
        statuses = [answer.status for answer in answers]
        unknown = Unknown(why="; ".join(status.why for status in statuses if isinstance(status, Unknown)))
        revoked = next((status for status in statuses if isinstance(status, Revoked)), None)
        told = revoked or next((status for status in statuses if isinstance(status, Good)), unknown)
        # What the others say may change first, and change the answer.
        return RevocationAnswer(status=told, valid_until=_earliest(answer.valid_until for answer in answers))
