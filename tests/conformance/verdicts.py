"""Run cases through profiles, and compare with what they ought to give."""

import tomllib
import warnings
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal, cast

from clientcert.core.certificate import parse_certificate
from clientcert.core.limits import Limits
from clientcert.core.verification import PROFILES, OpenSSLVerifier, TrustStore, Verifier, anchor_level
from clientcert.errors import ClientCertError, ConfigurationError
from tests.conformance.corpora import Case, cases

Kind = Literal["false accept", "false reject"]
LEVEL_0 = "openssl, security level 0"
"""Not a profile of its own, but a row of its own."""
ROWS = (*PROFILES, LEVEL_0)
LISTED = ("standard", "openssl", LEVEL_0)
"""The rows whose every difference is listed with its reason."""
_ALLOWED = Path(__file__).with_name("allowed.toml")


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """
    What a profile said of a case.

    Attributes:
        case: The case.
        accepted: Its answer.
        explanation: The error of a rejection, else empty.
    """

    case: Case
    accepted: bool
    explanation: str = ""

    @property
    def mismatch(self) -> Kind | None:
        """How it differs from the case's own verdict, or None."""
        if self.accepted == self.case.valid:
            return None
        return "false accept" if self.accepted else "false reject"


def build(profile: str, trusted: Sequence[bytes], *, max_depth: int, limits: Limits) -> Verifier:
    """The engine of one row, trusting these."""
    if profile == LEVEL_0:
        store = TrustStore.load(trusted, security_level=0)
        return OpenSSLVerifier(store, max_depth=max_depth, limits=limits, security_level=0)
    store = TrustStore.load(trusted, security_level=anchor_level(profile))
    return PROFILES[profile](store, max_depth=max_depth, limits=limits)


def judge(case: Case, profile: str) -> Verdict:
    """
    Give one case to one profile, as a request with forwarded intermediates.

    Anything but our own errors propagates, and so fails the run.
    """
    limits = Limits()
    depth = 4 if case.max_depth is None else case.max_depth
    if depth > limits.intermediates:
        limits = Limits(intermediates=depth)
    try:
        with warnings.catch_warnings():
            # A configured CA with serial 0 and a low security level are the operator's to hear of.
            warnings.simplefilter("ignore")
            verifier = build(profile, case.trusted, max_depth=depth, limits=limits)
        leaf = parse_certificate(case.leaf, limits=limits)
        intermediates = [parse_certificate(der, limits=limits) for der in case.untrusted]
        path = verifier.verify(leaf, intermediates=intermediates, at=case.at)
    except (ClientCertError, ConfigurationError) as exc:
        return Verdict(case=case, accepted=False, explanation=str(exc))
    if path.certificates[0].der != case.leaf:
        raise AssertionError(f"{case.id}: the path is about another certificate")
    return Verdict(case=case, accepted=True)


@cache
def verdicts(corpus: str, profile: str) -> tuple[Verdict, ...]:
    """All verdicts of a profile on a corpus."""
    return tuple(judge(case, profile) for case in cases(corpus))


def mismatches(corpus: str, profile: str) -> dict[str, Kind]:
    """The cases, by id, that differ from their verdict."""
    return {v.case.id: v.mismatch for v in verdicts(corpus, profile) if v.mismatch is not None}


def allowed(corpus: str, profile: str) -> dict[str, tuple[Kind, str]]:
    """The differences that we want, by case, each with its reason."""
    table = _load_allowed().get(corpus, {}).get(profile, {})
    return {
        id_: (cast("Kind", kind), reason)
        for kind, reasons in table.items()
        for reason, ids in reasons.items()
        for id_ in ids
    }


@cache
def _load_allowed() -> Mapping[str, Mapping[str, Mapping[str, Mapping[str, list[str]]]]]:
    return tomllib.loads(_ALLOWED.read_text(encoding="utf-8"))


def tally(corpus: str, profile: str) -> Counter[tuple[bool, bool]]:
    """How often each pair of (ought to be accepted, was accepted) occurs."""
    return Counter((v.case.valid, v.accepted) for v in verdicts(corpus, profile))
