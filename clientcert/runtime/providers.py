"""From settings to the trust that is in force: fixed or followed, with its engine and its revocation check."""

import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from os import PathLike
from typing import Any

from clientcert.core.limits import Limits
from clientcert.core.policy import Policy, Rule, RulePolicy
from clientcert.core.verification import (
    PROFILES,
    PinnedVerifier,
    TrustProxy,
    TrustProxyVerifier,
    TrustSource,
    TrustStore,
    Verifier,
    anchor_level,
)
from clientcert.core.verification.crl_rules import CrlRules
from clientcert.core.verification.generation import FixedTrust, TrustGeneration, TrustProvider
from clientcert.core.verification.revocation import RevocationChecker, RevocationPolicy
from clientcert.errors import ConfigurationError, UnsafeConfigurationWarning
from clientcert.runtime.files import Snapshot, Sources
from clientcert.runtime.reload import DEFAULT_INTERVAL, DEFAULT_MAX_STALE, ReloadAttempt, ReloadingTrust
from clientcert.runtime.trust import CRL, INTERMEDIATES, POLICY, TRUST, Build, TrustBuilder, read_policy
from clientcert.runtime.watch import find_watcher

PINNED = "pinned"
PROFILE_NAMES = (*sorted(PROFILES), PINNED)
_SYSTEM_HINT = "the system's CAs are never used"


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustSettings:
    """
    Everything that says what is trusted; the fields are those of `ClientCertConfig` with the same names.

    Attributes:
        gives_verdict: Whether the source says that it verified the certificate, which `TRUST_PROXY` needs.
        sends_certificate: Whether there is a certificate to pin.
    """

    trust: TrustSource | TrustStore | TrustProxy | None
    profile: str | Verifier
    intermediates: TrustSource | None
    crl: TrustSource | None
    revocation: RevocationPolicy
    revocation_checker: RevocationChecker | None
    crl_rules: CrlRules = field(default_factory=CrlRules)
    max_depth: int
    limits: Limits
    reload_interval: timedelta = DEFAULT_INTERVAL
    max_stale: timedelta = DEFAULT_MAX_STALE
    watch: bool | None = None
    on_reload: Callable[[ReloadAttempt], None] | None = None
    policy: str | PathLike[str] | Rule | Policy | None = None
    gives_verdict: bool
    sends_certificate: bool


def trust_provider(settings: TrustSettings, *, at: datetime) -> TrustProvider:
    """
    Load what is trusted, and follow it where it comes from files or callables.

    Args:
        settings: What the configuration says.
        at: The time of construction; aware.

    Raises:
        ConfigurationError: No trust, an unknown profile, settings that contradict each other, material that cannot be
            used.

    Warns:
        UnsafeConfigurationWarning: What `TrustStore.warnings` tells.
    """
    if not isinstance(settings.profile, str):
        return _own_verifier(settings, settings.profile, at)
    if settings.profile not in PROFILE_NAMES:
        raise ConfigurationError(f"unknown profile {settings.profile!r}, wanted one of: {', '.join(PROFILE_NAMES)}")
    if settings.trust is None:
        raise ConfigurationError(
            f'no trust: name the CAs whose clients are accepted, trust="/etc/clientcert/ca.crt"; {_SYSTEM_HINT}'
        )
    if isinstance(settings.trust, TrustProxy):
        return _proxy_verdict(settings, at)
    if settings.profile == PINNED:
        return _pins(settings, at)
    return _followed(settings, settings.profile, at)


def _own_verifier(settings: TrustSettings, verifier: Verifier, at: datetime) -> TrustProvider:
    if isinstance(verifier, type) or not callable(getattr(verifier, "verify", None)):
        raise ConfigurationError(f"profile {verifier!r} is neither a verifier nor one of: {', '.join(PROFILE_NAMES)}")
    _refuse_unused(settings, f"profile={verifier!r} brings its own", "trust", "intermediates", "crl")
    return _fixed(settings, verifier, at)


def _proxy_verdict(settings: TrustSettings, at: datetime) -> TrustProvider:
    if not settings.gives_verdict:
        raise ConfigurationError(
            "trust=TRUST_PROXY relies on the producer's verdict, and this source gives none; name the CAs"
        )
    _refuse_unused(settings, "trust=TRUST_PROXY builds no path", "intermediates", "crl", "revocation_checker")
    return _fixed(settings, TrustProxyVerifier(), at)


def _pins(settings: TrustSettings, at: datetime) -> TrustProvider:
    if not settings.sends_certificate:
        raise ConfigurationError("profile='pinned' compares certificates, and this source sends names only")
    _refuse_unused(settings, "profile='pinned' builds no path", "intermediates", "crl", "revocation_checker")
    pins: Any = settings.trust
    return _fixed(settings, PinnedVerifier.load(pins), at)


def _fixed(settings: TrustSettings, verifier: Verifier, at: datetime) -> TrustProvider:
    def build(snapshot: Snapshot, *, number: int, previous: TrustGeneration | None, at: datetime) -> TrustGeneration:
        del previous
        return TrustGeneration(
            number=number,
            verifier=verifier,
            revocation=settings.revocation_checker,
            policy=settings.revocation,
            authorization=read_policy(snapshot) or _own_policy(settings),
            loaded_at=at,
        )

    sources = Sources({POLICY: _policy_path(settings)})
    if not sources.can_change:
        return FixedTrust(build(sources.read(), number=1, previous=None, at=at))
    return _reloading(settings, sources, build, at)


def _own_policy(settings: TrustSettings) -> Policy | None:
    policy = settings.policy
    if isinstance(policy, Rule):
        return RulePolicy(rule=policy)
    if policy is None or isinstance(policy, str | PathLike):
        return None
    if not callable(getattr(policy, "decide", None)):
        raise ConfigurationError(f"policy is {policy!r}, wanted the path of a policy file, a rule or a RoutePolicy")
    return policy


def _policy_path(settings: TrustSettings) -> str | PathLike[str] | None:
    return settings.policy if isinstance(settings.policy, str | PathLike) else None


def _reloading(settings: TrustSettings, sources: Sources, build: Build, at: datetime) -> ReloadingTrust:
    wanted = settings.watch
    # Every change in a busy directory would ask the callable; without an interval every request looks anyway.
    if wanted is None and (sources.has_callables or not settings.reload_interval):
        wanted = False
    return ReloadingTrust(
        sources,
        build,
        at=at,
        interval=settings.reload_interval,
        max_stale=settings.max_stale,
        watcher=find_watcher(sources.paths, wanted=wanted),
        on_attempt=settings.on_reload,
    )


def _followed(settings: TrustSettings, profile: str, at: datetime) -> TrustProvider:
    def verifier(store: TrustStore) -> Verifier:
        return PROFILES[profile](store, max_depth=settings.max_depth, limits=settings.limits)

    trust: Any = settings.trust
    if isinstance(trust, TrustStore):
        trust = list(trust.authorities)
    sources = Sources(
        {TRUST: trust, INTERMEDIATES: settings.intermediates, CRL: settings.crl, POLICY: _policy_path(settings)}
    )
    build = TrustBuilder(
        verifier=verifier,
        security_level=anchor_level(profile),
        policy=settings.revocation,
        crl_rules=settings.crl_rules,
        checker=settings.revocation_checker,
        authorization=_own_policy(settings),
    )
    provider = _reloading(settings, sources, build, at)
    for line in provider.current(at).warnings:
        warnings.warn(f"trust: {line}", UnsafeConfigurationWarning, stacklevel=6)
    return provider


def _refuse_unused(settings: TrustSettings, why: str, *names: str) -> None:
    for name in names:
        if getattr(settings, name) is not None:
            raise ConfigurationError(f"{why}, so {name} has nothing to say; remove it")
