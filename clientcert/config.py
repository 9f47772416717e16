"""
The one configuration value that every adapter takes.

Everything is read and checked while constructing: what cannot work raises `ConfigurationError` then, never in a
request. The value does not change afterwards.
"""

import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, Self, get_args

from clientcert.core.exempt import ExemptPaths
from clientcert.core.limits import Limits
from clientcert.core.proxy import ProxyProof, proxy_proofs
from clientcert.core.sources import PRESETS, Source, source_named
from clientcert.core.verification import TrustProxy, TrustSource, TrustStore, Verifier
from clientcert.core.verification.crl_checker import CrlRules
from clientcert.core.verification.generation import TrustProvider
from clientcert.core.verification.revocation import (
    RevocationChecker,
    RevocationMode,
    RevocationPolicy,
    RevocationScope,
)
from clientcert.errors import ConfigurationError
from clientcert.runtime.events import Event
from clientcert.runtime.providers import TrustSettings, trust_provider
from clientcert.runtime.reload import DEFAULT_INTERVAL, DEFAULT_MAX_STALE, ReloadAttempt

Mode = Literal["required", "optional"]
OnInvalid = Literal["reject", "anonymous"]
MissingStatus = Literal[401, 403]

ENVIRONMENT_PREFIX = "CLIENTCERT_"
# Only settings that a deployment chooses. None of them can switch a check off.
_FROM_ENVIRONMENT = ("source", "trust", "intermediates", "trusted_proxies", "profile", "max_depth")

_SOURCES = ", ".join(map(repr, sorted(PRESETS)))


def utc_now() -> datetime:
    """The default clock."""
    return datetime.now(UTC)


@dataclass(frozen=True, kw_only=True)
class ClientCertConfig:
    """
    How client certificates are read, verified and enforced.

    Args:
        source: Who tells us about the certificate: a preset's name, or a source with options such as
            ``IngressNginx(pass_certificate=False)``. Never guessed.
        trust: The CAs whose clients are accepted, and nothing else: a path (file or directory), PEM or DER bytes,
            certificates, a `TrustStore`, or `TRUST_PROXY` to rely on the producer's verdict alone.
        trusted_proxies: Who may speak for a client: networks as text, proofs, or a list of both, all of which must
            hold. Required for header sources, refused for ``tls``.
        mode: ``required`` refuses requests without a certificate; ``optional`` lets them through without an identity.
        on_invalid: ``reject``, or, spelled out, ``anonymous`` to treat a bad certificate as none.
        exempt: Exact paths that need no certificate and get no identity, such as health probes.
        enforce: False reports every outcome and admits every request; an identity that was not accepted is never shown.
        profile: Path validation profile: ``standard``, ``strict``, ``openssl``, ``pinned`` (`trust` holds the
            clients' own certificates or their hashes then), or an object with a `Verifier`'s ``verify``.
        intermediates: Further CA certificates to build paths with; same forms as `trust`. Never trust anchors.
        crl: Revocation lists: paths, or PEM or DER bytes.
        revocation: ``off`` (default without lists), ``hard`` (default with), ``soft`` lets "unknown" pass.
        revocation_scope: ``leaf``, or ``chain`` for every certificate but the anchor.
        revocation_checker: A checker beside the lists, such as an `OcspChecker`.
        crl_grace: Time after nextUpdate in which a list still holds.
        crl_max_age: Longest life of a list; required where it has no nextUpdate.
        reload_interval: How often files are looked at; a request does it, no thread is needed.
        max_stale: How long the last good material is used after its files were last seen to be good; then 503.
        watch: Notice changed files at once, with the package ``watchfiles``.
        max_depth: CA certificates allowed between leaf and anchor.
        cache_size: Identities remembered by the exact bytes of their evidence; 0 remembers none.
        cache_ttl: Longest time one is remembered; the earliest end of its path and of revocation data is kept too.
        limits: Bounds on what a request may carry.
        missing_status: Status for "no certificate" in required mode: 401, or 403 as RFC 9440 deployments use.
        realm: The realm of the 401 challenge (RFC 9110 §11.5).
        clock: Returns the current time as aware UTC; for tests.
        on_event: Called with every `Event`; an exception in it is logged and changes nothing.
        on_reload: Called with every `ReloadAttempt`, likewise.

    Raises:
        ConfigurationError: Anything missing, unknown or contradictory; the text names the field and the way out.
    """

    source: str | Source | None = None
    trust: TrustSource | TrustStore | TrustProxy | None = None
    trusted_proxies: str | ProxyProof | Iterable[str | ProxyProof] | None = None
    mode: Mode = "required"
    on_invalid: OnInvalid = "reject"
    exempt: Iterable[str] = ()
    enforce: bool = True
    profile: str | Verifier = "standard"
    intermediates: TrustSource | None = None
    crl: TrustSource | None = None
    revocation: RevocationMode | None = None
    revocation_scope: RevocationScope = "leaf"
    revocation_checker: RevocationChecker | None = None
    crl_grace: timedelta = timedelta(0)
    crl_max_age: timedelta | None = None
    reload_interval: timedelta = DEFAULT_INTERVAL
    max_stale: timedelta = DEFAULT_MAX_STALE
    watch: bool = False
    max_depth: int = 4
    cache_size: int = 4_096
    cache_ttl: timedelta = timedelta(seconds=300)
    limits: Limits = field(default_factory=Limits)
    missing_status: MissingStatus = 401
    realm: str = "client certificate"
    clock: Callable[[], datetime] = utc_now
    on_event: Callable[[Event], None] | None = None
    on_reload: Callable[[ReloadAttempt], None] | None = None

    evidence_source: Source = field(init=False, repr=False, compare=False)
    proxy_proofs: tuple[ProxyProof, ...] = field(init=False, repr=False, compare=False)
    exempt_paths: ExemptPaths = field(init=False, repr=False, compare=False)
    trust_provider: TrustProvider = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Read and check everything; a field that is wrong is named."""
        _one_of("mode", self.mode, get_args(Mode))
        _one_of("on_invalid", self.on_invalid, get_args(OnInvalid))
        _one_of("missing_status", self.missing_status, get_args(MissingStatus))
        _one_of("enforce", self.enforce, (True, False))
        _check_combination(self)
        _check_realm(self.realm)
        _check_depth(self.max_depth)
        _check_run_time(self)
        source = _source(self.source)
        self._resolve("evidence_source", source)
        self._resolve("proxy_proofs", _proxy_proofs(source, self.trusted_proxies))
        self._resolve("exempt_paths", ExemptPaths(self.exempt))
        self._resolve("trust_provider", _trust_provider(self, source))

    def _resolve(self, name: str, value: object) -> None:
        object.__setattr__(self, name, value)

    @classmethod
    def from_mapping(cls, mapping: Mapping[str, Any]) -> Self:
        """
        Build from a mapping such as a settings dict.

        Raises:
            ConfigurationError: An unknown key, with the legal ones listed; and whatever the fields refuse.
        """
        legal = [field.name for field in fields(cls) if field.init]
        unknown = sorted(set(mapping) - set(legal))
        if unknown:
            raise ConfigurationError(f"unknown setting {unknown[0]!r}, wanted one of: {', '.join(legal)}")
        return cls(**mapping)

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None, **overrides: Any) -> Self:
        """
        Build from environment variables, for containers: ``CLIENTCERT_SOURCE``, ``CLIENTCERT_TRUST``, ….

        Args:
            environ: The process environment unless given.
            overrides: Settings given in code; they win.

        Raises:
            ConfigurationError: A ``CLIENTCERT_`` variable that is not a setting, or one that could switch a check
                off and therefore belongs in code.
        """
        environ = os.environ if environ is None else environ
        found: dict[str, Any] = {}
        for variable, value in environ.items():
            if variable.startswith(ENVIRONMENT_PREFIX):
                name = variable.removeprefix(ENVIRONMENT_PREFIX).lower()
                if name not in _FROM_ENVIRONMENT:
                    legal = ", ".join(ENVIRONMENT_PREFIX + legal.upper() for legal in _FROM_ENVIRONMENT)
                    raise ConfigurationError(f"{variable} is not read from the environment, only: {legal}")
                found[name] = _from_text(name, value)
        return cls.from_mapping({**found, **overrides})


def resolve_config(config: ClientCertConfig | None, keywords: Mapping[str, Any]) -> ClientCertConfig:
    """
    What every adapter accepts: a finished config, or its fields as keywords.

    Raises:
        ConfigurationError: Both given, or anything `ClientCertConfig` refuses.
    """
    if config is None:
        return ClientCertConfig.from_mapping(keywords)
    if keywords:
        raise ConfigurationError(f"give a config or keywords, not both; got a config and {', '.join(keywords)}")
    return config


def _one_of(name: str, value: object, legal: tuple[object, ...]) -> None:
    if value not in legal:
        raise ConfigurationError(f"{name} is {value!r}, wanted {' or '.join(map(repr, legal))}")


def _check_combination(config: ClientCertConfig) -> None:
    if config.on_invalid == "anonymous" and config.mode == "required":
        raise ConfigurationError(
            "on_invalid='anonymous' treats a bad certificate as none, which required mode refuses as well; "
            "set mode='optional' with it, or leave it out"
        )


def _check_depth(depth: object) -> None:
    # `True` is an int that nobody means as one.
    if not isinstance(depth, int) or isinstance(depth, bool):
        raise ConfigurationError(f"max_depth is {depth!r}, wanted a number")


def _check_run_time(config: ClientCertConfig) -> None:
    """Check what is first used while answering a request, where a mistake would be an error 500."""
    if not isinstance(config.limits, Limits):
        raise ConfigurationError(f"limits is {config.limits!r}, wanted Limits(...)")
    if config.on_event is not None and not callable(config.on_event):
        raise ConfigurationError(f"on_event is {config.on_event!r}, wanted a callable that takes an Event")
    if not callable(config.clock):
        raise ConfigurationError(f"clock is {config.clock!r}, wanted a callable such as lambda: datetime.now(UTC)")
    now: object = config.clock()
    if not isinstance(now, datetime) or now.utcoffset() is None:
        raise ConfigurationError(f"clock returns {now!r}, wanted an aware datetime such as datetime.now(UTC)")


def _check_realm(realm: str) -> None:
    if not realm.isascii() or not realm.isprintable() or '"' in realm or "\\" in realm:
        raise ConfigurationError(f"realm {realm!r} must be printable ASCII without quotes and backslashes")


def _from_text(name: str, value: str) -> object:
    if name == "trusted_proxies":
        return [part.strip() for part in value.split(",") if part.strip()]
    if name == "max_depth":
        if not (value.isascii() and value.isdigit()):
            raise ConfigurationError(f"{ENVIRONMENT_PREFIX}MAX_DEPTH is {value!r}, wanted a number")
        return int(value)
    return value


def _source(value: str | Source | None) -> Source:
    if isinstance(value, str):
        return source_named(value)
    if value is None:
        raise ConfigurationError(f"no source: say who tells us about the certificate, one of: {_SOURCES}")
    if isinstance(value, type) or not hasattr(value, "read"):
        raise ConfigurationError(f"source {value!r} is not a source, wanted an object or one of: {_SOURCES}")
    return value


def _proxy_proofs(source: Source, value: Any) -> tuple[ProxyProof, ...]:
    if source.needs_proxy_proof:
        if value is None:
            raise ConfigurationError(
                f"source {source.name!r} reads headers, which anybody can write: say who may, "
                'trusted_proxies=["10.42.7.0/28"] | UnixSocket() | SharedSecret(...)'
            )
        return proxy_proofs(value)
    if value is not None:
        raise ConfigurationError(
            f"source {source.name!r} reads no header, so trusted_proxies has nothing to say; remove it"
        )
    return ()


def _trust_provider(config: ClientCertConfig, source: Source) -> TrustProvider:
    asked = config.crl is not None or config.revocation_checker is not None
    if config.revocation in ("hard", "soft") and not asked:
        raise ConfigurationError(f"revocation={config.revocation!r} has nobody to ask: give crl or revocation_checker")
    settings = TrustSettings(
        trust=config.trust,
        profile=config.profile,
        intermediates=config.intermediates,
        crl=config.crl,
        revocation=RevocationPolicy(
            mode=config.revocation or ("hard" if asked else "off"), scope=config.revocation_scope
        ),
        revocation_checker=config.revocation_checker,
        crl_rules=CrlRules(
            grace=config.crl_grace, max_age=config.crl_max_age, accept_expired=config.revocation == "soft"
        ),
        max_depth=config.max_depth,
        limits=config.limits,
        reload_interval=config.reload_interval,
        max_stale=config.max_stale,
        watch=config.watch,
        on_reload=config.on_reload,
        gives_verdict=source.gives_verdict,
        sends_certificate=source.sends_certificate,
    )
    return trust_provider(settings, at=config.clock())
