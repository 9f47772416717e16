"""Every way out that a refusal offers is tried, and works: a hint that does not is worse than none."""

import re
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

import pytest

from clientcert.core.certificate import parse_certificate
from clientcert.core.limits import Limits
from clientcert.core.verification import (
    PROFILES,
    OpenSSLVerifier,
    PinnedVerifier,
    StandardVerifier,
    TrustStore,
    Verifier,
)
from clientcert.core.verification.diagnosis import hint_where_accepted
from clientcert.core.verification.strength import SecurityLevel
from clientcert.errors import ClientCertError, ConfigurationError, Reason
from clientcert.testing import CertificateAuthority, IssuedCertificate
from clientcert.testing.knobs import Knobs
from tests.conformance.corpora import CORPORA, cases
from tests.core.verification.kit import NO_EXTENSIONS, NOW, authority, intermediates, parsed

ROOT = authority()
MIDDLE = ROOT.intermediate("Middle CA")
_DEEP = intermediates(ROOT, 5)
_ED_ROOT = authority("Ed Root", key="ed25519")
_ED_MIDDLE = _ED_ROOT.intermediate("Ed Middle CA")


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """A configuration, and what is verified with it."""

    trusted: Sequence[bytes]
    leaf: bytes
    via: Sequence[bytes] = ()
    at: datetime = NOW
    profile: str = "standard"
    max_depth: int = 4
    limits: Limits = field(default_factory=Limits)
    level: SecurityLevel = 2

    def verifier(self) -> Verifier:
        """The engine that is configured."""
        if self.profile == "pinned":
            return PinnedVerifier.load([*self.trusted])
        store = TrustStore.load(self.trusted, security_level=self.level)
        if self.level < 2:
            return OpenSSLVerifier(store, max_depth=self.max_depth, limits=self.limits, security_level=self.level)
        return PROFILES[self.profile](store, max_depth=self.max_depth, limits=self.limits)

    def run(self) -> ClientCertError | None:
        """Verify; the refusal, or None."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            verifier = self.verifier()
        try:
            links = [parse_certificate(der, limits=self.limits) for der in self.via]
            verifier.verify(parse_certificate(self.leaf, limits=self.limits), intermediates=links, at=self.at)
        except ClientCertError as exc:
            return exc
        return None


_OFFERS: dict[str, Callable[[Attempt, re.Match[str]], Attempt]] = {
    r"max_depth=(\d+) accepts it": lambda a, m: replace(a, max_depth=int(m[1])),
    r"security_level=([01]) of profile '(\w+)' accepts it": lambda a, m: replace(a, level=int(m[1]), profile=m[2]),  # type: ignore[arg-type]
    r"profile '(\w+)' (?:may )?accepts? it": lambda a, m: replace(a, profile=m[1]),
    r"Limits\((\w+)=(\d+)\) accepts it": lambda a, m: replace(a, limits=replace(a.limits, **{m[1]: int(m[2])})),
    r"needs profile '(pinned)'": lambda a, m: replace(a, profile=m[1], trusted=[a.leaf]),
    r"add '(sha256:[0-9a-f]+)' to accept": lambda a, m: replace(a, trusted=[m[1]]),  # type: ignore[list-item]
}


def take(attempt: Attempt, refusal: ClientCertError) -> Attempt | None:
    """Do what the first hint that offers a way out says; None where none does."""
    for hint in refusal.hints:
        for pattern, change in _OFFERS.items():
            match = re.search(pattern, hint)
            if match is not None:
                return change(attempt, match)
    return None


def _row(
    leaf: IssuedCertificate | CertificateAuthority,
    *,
    trusted: Sequence[CertificateAuthority] = (ROOT,),
    via: Sequence[CertificateAuthority] = (),
    **configuration: object,
) -> Attempt:
    links = [link.der for link in via]
    return Attempt(trusted=[t.der for t in trusted], leaf=leaf.der, via=links, **configuration)  # type: ignore[arg-type]


_NAMES = [f"DNS:{n}.example" for n in range(9)]
_NARROW = ROOT.intermediate("Narrow CA", permitted_names=["DNS:example"])
_NARROW_ROOT = authority("Narrow Root", permitted_names=["DNS:example"])

# One row for each way out: what is refused, and the reason.
_REFUSED: dict[str, tuple[Attempt, Reason]] = {
    "v1-under-strict": (
        _row(ROOT.issue("u", **(NO_EXTENSIONS | Knobs(version=1))), profile="strict"),
        Reason.STRICT_RULE,
    ),
    "no-names-under-strict": (_row(ROOT.issue("u", san=None), profile="strict"), Reason.STRICT_RULE),
    "chain-without-engine": (_row(_ED_MIDDLE.issue("u"), trusted=[_ED_ROOT], via=[_ED_MIDDLE]), Reason.PATH_INVALID),
    "depth": (_row(MIDDLE.issue("u"), via=[MIDDLE], max_depth=0), Reason.PATH_TOO_LONG),
    "depth-openssl": (_row(MIDDLE.issue("u"), via=[MIDDLE], max_depth=0, profile="openssl"), Reason.PATH_TOO_LONG),
    "depth-strict": (_row(MIDDLE.issue("u"), via=[MIDDLE], max_depth=0, profile="strict"), Reason.PATH_TOO_LONG),
    "depth-configured": (_row(_DEEP[0].issue("u"), trusted=[ROOT, *_DEEP]), Reason.PATH_TOO_LONG),
    "forwarded": (_row(_DEEP[0].issue("u"), via=_DEEP), Reason.CHAIN_TOO_LARGE),
    "forwarded-roots": (_row(ROOT.issue("u"), via=[ROOT] * 5), Reason.CHAIN_TOO_LARGE),
    "constraints": (
        _row(_NARROW.issue("u", san=_NAMES), via=[_NARROW], limits=Limits(name_constraint_checks=9)),
        Reason.CHAIN_TOO_LARGE,
    ),
    "constraints-of-the-root": (
        _row(_NARROW_ROOT.issue("u", san=_NAMES), trusted=[_NARROW_ROOT], limits=Limits(name_constraint_checks=9)),
        Reason.NAME_CONSTRAINT_VIOLATED,
    ),
    "weak-key": (_row(ROOT.issue("u", key="rsa-1024")), Reason.KEY_NOT_ACCEPTED),
    "weak-key-strict": (_row(ROOT.issue("u", key="rsa-1024"), profile="strict"), Reason.KEY_NOT_ACCEPTED),
    "weak-key-openssl": (_row(ROOT.issue("u", key="rsa-1024"), profile="openssl"), Reason.KEY_NOT_ACCEPTED),
    "sha1": (_row(ROOT.issue("u", signature_hash="sha1")), Reason.ALGORITHM_NOT_ACCEPTED),
    "sha1-at-level-1": (
        _row(ROOT.issue("u", signature_hash="sha1"), profile="openssl", level=1),
        Reason.ALGORITHM_NOT_ACCEPTED,
    ),
    "self-signed": (_row(ROOT.issue("u", self_signed=True)), Reason.ISSUER_UNKNOWN),
    "not-pinned": (_row(ROOT.issue("u"), trusted=[MIDDLE], profile="pinned"), Reason.NOT_PINNED),
    "octets": (_row(ROOT.issue("u"), limits=Limits(certificate_bytes=99)), Reason.CERTIFICATE_TOO_LARGE),
    "extensions": (_row(ROOT.issue("u"), limits=Limits(extensions=2)), Reason.CERTIFICATE_TOO_LARGE),
    "alternative-names": (
        _row(ROOT.issue("u", san=_NAMES), limits=Limits(alternative_names=2)),
        Reason.CERTIFICATE_TOO_LARGE,
    ),
    "uri": (_row(ROOT.issue("u", san=["URI:a://b"]), limits=Limits(uri_bytes=2)), Reason.CERTIFICATE_TOO_LARGE),
    "rdns": (
        _row(ROOT.issue(subject=[("O", "x"), ("CN", "u")]), limits=Limits(rdns=1)),
        Reason.CERTIFICATE_TOO_LARGE,
    ),
    "name-value": (_row(ROOT.issue("u"), limits=Limits(name_value_characters=2)), Reason.CERTIFICATE_TOO_LARGE),
    "name": (_row(ROOT.issue("u"), limits=Limits(name_characters=2)), Reason.CERTIFICATE_TOO_LARGE),
}


@pytest.mark.parametrize(("attempt", "reason"), _REFUSED.values(), ids=_REFUSED)
def test_way_out_that_is_offered_works(attempt: Attempt, reason: Reason) -> None:
    """What is refused is accepted after doing what the hints say, one at a time, and nothing else."""
    refusal = attempt.run()
    assert refusal is not None
    assert refusal.reason is reason
    for _ in range(4):
        changed = take(attempt, refusal)
        assert changed is not None, refusal.hints
        assert changed != attempt, refusal.hints
        attempt = changed
        refusal = attempt.run()
        if refusal is None:
            return
    pytest.fail(f"still refused: {refusal}")


_NOTHING_HELPS: dict[str, tuple[Knobs, str]] = {
    "purpose": (Knobs(extended_key_usage=["serverAuth"]), "reissue it with clientAuth"),
    "key-usage": (Knobs(key_usage=["keyEncipherment"]), "reissue it with digitalSignature"),
}


@pytest.mark.parametrize(("knobs", "hint"), _NOTHING_HELPS.values(), ids=_NOTHING_HELPS)
def test_what_no_profile_accepts_is_to_be_reissued(knobs: Knobs, hint: str) -> None:
    """A wrong purpose is refused by every profile, and the hint says what to ask the CA for."""
    for profile in (*PROFILES, "pinned"):
        leaf = ROOT.issue("u", **knobs)
        attempt = _row(leaf, profile=profile)
        refusal = (attempt if profile != "pinned" else replace(attempt, trusted=[leaf.der])).run()
        assert refusal is not None
        assert hint in refusal.hints
        assert take(attempt, refusal) is None


def test_missing_issuer_that_is_added_is_found() -> None:
    """Adding the certificate that the refusal names and asks for is the way out, above the leaf and further up."""
    lower = MIDDLE.intermediate("Lower CA")
    attempt = _row(lower.issue("u"))
    for missing, place in ((lower, "leaf"), (MIDDLE, "intermediate 1")):
        refusal = attempt.run()
        assert refusal is not None
        assert refusal.detail.startswith(place)
        assert f"issuer '{missing.certificate.subject.rfc4514_string()}' with key identifier" in refusal.detail
        assert missing.key_identifier.hex() in refusal.detail
        assert "CA certificate to trust" in refusal.hints[0]
        attempt = replace(attempt, trusted=[*attempt.trusted, missing.der])
    assert attempt.run() is None


def test_profile_that_refuses_too_is_not_offered() -> None:
    """Another profile is named when it was asked and accepts, and not when it refuses as well."""
    verifier = StandardVerifier(TrustStore.load(ROOT.der))
    assert hint_where_accepted(verifier, parsed(ROOT.issue("u")), [], NOW) == ("profile 'standard' accepts it",)
    assert hint_where_accepted(verifier, parsed(MIDDLE.issue("u")), [], NOW) == ()


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("corpus", CORPORA)
def test_ways_out_of_the_corpora_work(corpus: str, profile: str) -> None:
    """Whatever a profile offers for a case of the corpora is accepted then, or refused for something else."""
    for case in cases(corpus):
        attempt = Attempt(trusted=case.trusted, leaf=case.leaf, via=case.untrusted, at=case.at, profile=profile)
        try:
            refusal = attempt.run()
            changed = None if refusal is None else take(attempt, refusal)
            if refusal is not None and changed is not None:
                again = changed.run()
                assert again is None or again.detail != refusal.detail, (case.id, refusal.hints)
                # Where a profile is named, and not only for its lower security level, it accepts.
                asked = any(re.search(r"(?<!of )profile '\w+' (may )?accept", hint) for hint in refusal.hints)
                assert again is None or not asked, (case.id, refusal.hints, again.detail)
        except ConfigurationError:
            continue
