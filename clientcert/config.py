"""
The one configuration value that every adapter takes.

Everything is read and checked while constructing: what cannot work raises `ConfigurationError` then, never in a
request. The value does not change afterwards.
"""

import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime, timedelta
from os import PathLike
from typing import Any, Self

from clientcert.core.bindings import Binding
from clientcert.core.exempt import ExemptPaths
from clientcert.core.hosts import AllowedHosts
from clientcert.core.limits import Limits
from clientcert.core.policy import Policy, Rule
from clientcert.core.proxy import ProxyProof
from clientcert.core.settings import MissingStatus, Mode, OnInvalid, utc_now
from clientcert.core.sources import Source
from clientcert.core.verification import TrustProxy, TrustSource, TrustStore, Verifier
from clientcert.core.verification.generation import TrustProvider
from clientcert.core.verification.revocation import (
    RevocationChecker,
    RevocationMode,
    RevocationScope,
)
from clientcert.errors import ConfigurationError
from clientcert.resolution import (
    check_fields,
    check_policy,
    check_proxy_certificates,
    resolve_bindings,
    resolve_trust_provider,
)
from clientcert.runtime.events import Event
from clientcert.runtime.problem import OnProblem
from clientcert.runtime.reload import DEFAULT_INTERVAL, DEFAULT_MAX_STALE, ReloadAttempt

ENVIRONMENT_PREFIX = "CLIENTCERT_"
# Only settings that a deployment chooses. None of them can switch a check off.
_FROM_ENVIRONMENT = ("source", "trust", "intermediates", "trusted_proxies", "profile", "max_depth")


@dataclass(frozen=True, kw_only=True)
class ClientCertConfig:
    """
    How client certificates are read, verified and enforced.

    Args:
        source: Who tells us about the certificate: a preset's name, or a source with options such as
            ``IngressNginx(pass_certificate=False)``. Never guessed.
        sources: In the place of `source` and `trusted_proxies` while moving from one proxy to another: mappings with
            these two keys, the old one first.
        trust: The CAs whose clients are accepted, and nothing else: a path (file or directory), PEM or DER bytes,
            certificates, a `TrustStore`, or `TRUST_PROXY` to rely on the producer's verdict alone.
        trusted_proxies: Who may speak for a client: networks as text, proofs, or a list of both, all of which must
            hold. Required for header sources, refused for ``tls``.
        mode: ``required`` refuses requests without a certificate; ``optional`` lets them through without an identity.
        on_invalid: ``reject``, or, spelled out, ``anonymous`` to treat a bad certificate as none.
        exempt: Exact paths that need no certificate and get no identity, such as health probes.
        allowed_hosts: Exact host names, without ports, under which the app may be asked; a request for another gets
            421. Empty allows every host. Exempt paths are not asked.
        mount: Where the server mounts the app (``root_path``, ``SCRIPT_NAME``), such as ``/api``; `exempt` and `policy`
            name full paths and apply nowhere else, because some servers take the mount point from a header.
        enforce: False reports every outcome and admits every request; an identity that was not accepted is never shown.
        policy: Who may do what, asked on every request: the path of a policy file, a rule, or a `RoutePolicy`.
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
        watch: Notice changed files at once: None where the package ``watchfiles`` is installed, True with it or not at
            all, False never; `reload_interval` holds beside it.
        max_depth: CA certificates allowed between leaf and anchor.
        cache_size: Identities remembered by the exact bytes of their evidence; 0 remembers none.
        cache_ttl: Longest time one is remembered; the earliest end of its path and of revocation data is kept too.
        limits: Bounds on what a request may carry.
        missing_status: Status for "no certificate" in required mode: 401, or 403 as RFC 9440 deployments use.
        realm: The realm of the 401 challenge (RFC 9110 §11.5).
        clock: Returns the current time as aware UTC; for tests.
        on_event: Called with every `Event`; an exception in it is logged and changes nothing.
        on_reload: Called with every `ReloadAttempt`, likewise.
        on_problem: Called with the `ProblemDetails` of every refusal; returns the `ProblemBody` to show in the place of
            the default body, or None. An exception in it is logged, and the default body sent.

    Raises:
        ConfigurationError: Anything missing, unknown or contradictory; the text names the field and the way out.
    """

    source: str | Source | None = None
    sources: Iterable[Mapping[str, Any]] | None = None
    trust: TrustSource | TrustStore | TrustProxy | None = None
    trusted_proxies: str | ProxyProof | Iterable[str | ProxyProof] | None = None
    mode: Mode = "required"
    on_invalid: OnInvalid = "reject"
    exempt: Iterable[str] = ()
    allowed_hosts: Iterable[str] = ()
    mount: str = ""
    enforce: bool = True
    policy: str | PathLike[str] | Rule | Policy | None = None
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
    watch: bool | None = None
    max_depth: int = 4
    cache_size: int = 4_096
    cache_ttl: timedelta = timedelta(seconds=300)
    limits: Limits = field(default_factory=Limits)
    missing_status: MissingStatus = 401
    realm: str = "client certificate"
    clock: Callable[[], datetime] = utc_now
    on_event: Callable[[Event], None] | None = None
    on_reload: Callable[[ReloadAttempt], None] | None = None
    on_problem: OnProblem | None = None

    bindings: tuple[Binding, ...] = field(init=False, repr=False, compare=False)
    exempt_paths: ExemptPaths = field(init=False, repr=False, compare=False)
    hosts: AllowedHosts = field(init=False, repr=False, compare=False)
    trust_provider: TrustProvider = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Read and check everything; a field that is wrong is named."""
        check_fields(self)
        self._resolve("bindings", resolve_bindings(self))
        self._resolve("exempt_paths", ExemptPaths(self.exempt))
        self._resolve("hosts", AllowedHosts(self.allowed_hosts))
        self._resolve("trust_provider", resolve_trust_provider(self))
        check_proxy_certificates(self)
        check_policy(self)

    @property
    def evidence_source(self) -> Source:
        """The source; the preferred one where there are several."""
        return self.bindings[-1].source

    @property
    def proxy_proofs(self) -> tuple[ProxyProof, ...]:
        """The proofs of that source's proxy."""
        return self.bindings[-1].proofs

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


def _from_text(name: str, value: str) -> object:
    if name == "trusted_proxies":
        return [part.strip() for part in value.split(",") if part.strip()]
    if name == "max_depth":
        if not (value.isascii() and value.isdigit()):
            raise ConfigurationError(f"{ENVIRONMENT_PREFIX}MAX_DEPTH is {value!r}, wanted a number")
        return int(value)
    return value
