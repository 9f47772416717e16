"""
The one configuration value that every adapter takes.

Everything is read and checked while constructing: what cannot work raises `ConfigurationError` then, never in a
request. The value does not change afterwards.
"""

import os
import warnings
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from typing import Any, Literal, Self, get_args

from clientcert.core.certificate import ParsedCertificate
from clientcert.core.exempt import ExemptPaths
from clientcert.core.limits import Limits
from clientcert.core.names import DistinguishedName
from clientcert.core.proxy import ProxyProof, UnsafeConfigurationWarning, proxy_proofs
from clientcert.core.sources import PRESETS, Source, source_named
from clientcert.core.verification import PROFILES, TrustSource, TrustStore, Verifier
from clientcert.core.verification.bundle import read_bundle
from clientcert.core.verification.trust_proxy import TrustProxy, TrustProxyVerifier
from clientcert.errors import ConfigurationError
from clientcert.runtime.events import Event

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
            certificates, or `TRUST_PROXY` to rely on the producer's verdict alone.
        trusted_proxies: Who may speak for a client: networks as text, proofs, or a list of both, all of which must
            hold. Required for header sources, refused for ``tls``.
        mode: ``required`` refuses requests without a certificate; ``optional`` lets them through without an identity.
        on_invalid: ``reject``, or, spelled out, ``anonymous`` to treat a bad certificate as none.
        exempt: Exact paths that need no certificate and get no identity, such as health probes.
        enforce: False reports every outcome and admits every request; an identity that was not accepted is never shown.
        profile: Path validation profile.
        intermediates: Further CA certificates to build paths with; same forms as `trust`. Never trust anchors.
        max_depth: CA certificates allowed between leaf and anchor.
        limits: Bounds on what a request may carry.
        missing_status: Status for "no certificate" in required mode: 401, or 403 as RFC 9440 deployments use.
        realm: The realm of the 401 challenge (RFC 9110 §11.5).
        clock: Returns the current time as aware UTC; for tests.
        on_event: Called with every `Event`; an exception in it is logged and changes nothing.

    Raises:
        ConfigurationError: Anything missing, unknown or contradictory; the text names the field and the way out.
    """

    source: str | Source | None = None
    trust: TrustSource | TrustProxy | None = None
    trusted_proxies: str | ProxyProof | Iterable[str | ProxyProof] | None = None
    mode: Mode = "required"
    on_invalid: OnInvalid = "reject"
    exempt: Iterable[str] = ()
    enforce: bool = True
    profile: str = "standard"
    intermediates: TrustSource | None = None
    max_depth: int = 4
    limits: Limits = field(default_factory=Limits)
    missing_status: MissingStatus = 401
    realm: str = "client certificate"
    clock: Callable[[], datetime] = utc_now
    on_event: Callable[[Event], None] | None = None

    evidence_source: Source = field(init=False, repr=False, compare=False)
    proxy_proofs: tuple[ProxyProof, ...] = field(init=False, repr=False, compare=False)
    exempt_paths: ExemptPaths = field(init=False, repr=False, compare=False)
    trust_store: TrustStore | None = field(init=False, repr=False, compare=False)
    verifier: Verifier = field(init=False, repr=False, compare=False)
    known_issuers: tuple[DistinguishedName, ...] | None = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Read and check everything; a field that is wrong is named."""
        _one_of("mode", self.mode, get_args(Mode))
        _one_of("on_invalid", self.on_invalid, get_args(OnInvalid))
        _one_of("missing_status", self.missing_status, get_args(MissingStatus))
        _one_of("enforce", self.enforce, (True, False))
        _check_realm(self.realm)
        source = _source(self.source)
        self._resolve("evidence_source", source)
        self._resolve("proxy_proofs", _proxy_proofs(source, self.trusted_proxies))
        self._resolve("exempt_paths", ExemptPaths(self.exempt))
        store = _trust_store(self)
        self._resolve("trust_store", store)
        self._resolve("verifier", TrustProxyVerifier() if store is None else _verifier(self, store))
        self._resolve("known_issuers", None if store is None else _issuer_names(store))

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


def _trust_store(config: ClientCertConfig) -> TrustStore | None:
    source = config.evidence_source
    if config.trust is None:
        raise ConfigurationError(
            'no trust: name the CAs whose clients are accepted, trust="/etc/clientcert/ca.crt"; '
            "the system's CAs are never used"
        )
    if isinstance(config.trust, TrustProxy):
        if not source.gives_verdict:
            raise ConfigurationError(
                f"trust=TRUST_PROXY relies on the producer's verdict, and source {source.name!r} gives none; "
                "name the CAs"
            )
        if config.intermediates is not None:
            raise ConfigurationError("intermediates are for building paths; trust=TRUST_PROXY builds none")
        return None
    store = TrustStore.load([*map(_der, read_bundle(config.trust)), *map(_der, _extra_intermediates(config))])
    for line in store.warnings(config.clock()):
        warnings.warn(f"trust: {line}", UnsafeConfigurationWarning, stacklevel=6)
    return store


def _extra_intermediates(config: ClientCertConfig) -> list[ParsedCertificate]:
    """Read the `intermediates` setting; a root in it would silently become an anchor, so it is refused."""
    if config.intermediates is None:
        return []
    certificates = read_bundle(config.intermediates)
    for certificate in certificates:
        if certificate.is_self_issued:
            raise ConfigurationError(f"intermediates contains the root {certificate}; what is trusted belongs in trust")
    return certificates


def _der(certificate: ParsedCertificate) -> bytes:
    return certificate.der


def _verifier(config: ClientCertConfig, store: TrustStore) -> Verifier:
    if config.profile not in PROFILES:
        raise ConfigurationError(f"unknown profile {config.profile!r}, wanted one of: {', '.join(sorted(PROFILES))}")
    return PROFILES[config.profile](store, max_depth=config.max_depth, limits=config.limits)


def _issuer_names(store: TrustStore) -> tuple[DistinguishedName, ...]:
    return tuple(certificate.subject for certificate in (*store.anchors, *store.intermediates))
