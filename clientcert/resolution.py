"""From what a user wrote to what the core uses: every field of a configuration checked and resolved, once, at start."""

import warnings
from collections.abc import Mapping
from datetime import datetime
from inspect import iscoroutinefunction
from itertools import combinations
from os import PathLike
from typing import TYPE_CHECKING, Any, get_args

from clientcert.core.bindings import Binding
from clientcert.core.limits import Limits
from clientcert.core.proxy import AnyPeer, ProxyProof, TrustedNetworks, UnixSocket, proxy_proofs
from clientcert.core.settings import MissingStatus, Mode, OnInvalid
from clientcert.core.sources import PRESETS, Source, source_named
from clientcert.core.verification import TrustStore
from clientcert.core.verification.authorities import Certificates
from clientcert.core.verification.crl_rules import CrlRules
from clientcert.core.verification.generation import TrustProvider
from clientcert.core.verification.revocation import RevocationPolicy
from clientcert.errors import ConfigurationError, UnsafeConfigurationWarning
from clientcert.runtime.providers import TrustSettings, trust_provider

if TYPE_CHECKING:
    from clientcert.config import ClientCertConfig

_SOURCES = ", ".join(map(repr, sorted(PRESETS)))


def check_fields(config: "ClientCertConfig") -> None:
    """
    Check what stands by itself, and what is first used while answering a request.

    Raises:
        ConfigurationError: The field is named.
    """
    _one_of("mode", config.mode, get_args(Mode))
    _one_of("on_invalid", config.on_invalid, get_args(OnInvalid))
    _one_of("missing_status", config.missing_status, get_args(MissingStatus))
    _one_of("enforce", config.enforce, (True, False))
    _check_mount(config.mount)
    _check_combination(config)
    _check_realm(config.realm)
    _check_number("max_depth", config.max_depth)
    _check_number("cache_size", config.cache_size)
    _check_run_time(config)


def _one_of(name: str, value: object, legal: tuple[object, ...]) -> None:
    if value not in legal:
        raise ConfigurationError(f"{name} is {value!r}, wanted {' or '.join(map(repr, legal))}")


def _check_mount(mount: str) -> None:
    if mount and (not mount.startswith("/") or mount.endswith("/") or "%" in mount or "//" in mount):
        raise ConfigurationError(f"mount is {mount!r}, wanted a path such as '/api', without a slash at the end")


def _check_combination(config: "ClientCertConfig") -> None:
    if config.on_invalid == "anonymous" and config.mode == "required":
        raise ConfigurationError(
            "on_invalid='anonymous' treats a bad certificate as none, which required mode refuses as well; "
            "set mode='optional' with it, or leave it out"
        )


def _check_number(name: str, value: object) -> None:
    # `True` is an int that nobody means as one.
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise ConfigurationError(f"{name} is {value!r}, wanted a number from 0")


def _check_run_time(config: "ClientCertConfig") -> None:
    """Check what is first used while answering a request, where a mistake would be an error 500."""
    if not isinstance(config.limits, Limits):
        raise ConfigurationError(f"limits is {config.limits!r}, wanted Limits(...)")
    if config.on_event is not None and not callable(config.on_event):
        raise ConfigurationError(f"on_event is {config.on_event!r}, wanted a callable that takes an Event")
    on_problem: object = config.on_problem
    if on_problem is not None and (not callable(on_problem) or iscoroutinefunction(on_problem)):
        raise ConfigurationError(f"on_problem is {on_problem!r}, wanted a function, not async, of ProblemDetails")
    if not callable(config.clock):
        raise ConfigurationError(f"clock is {config.clock!r}, wanted a callable such as lambda: datetime.now(UTC)")
    now: object = config.clock()
    if not isinstance(now, datetime) or now.utcoffset() is None:
        raise ConfigurationError(f"clock returns {now!r}, wanted an aware datetime such as datetime.now(UTC)")


def _check_realm(realm: str) -> None:
    if not realm.isascii() or not realm.isprintable() or '"' in realm or "\\" in realm:
        raise ConfigurationError(f"realm {realm!r} must be printable ASCII without quotes and backslashes")


def resolve_bindings(config: "ClientCertConfig") -> tuple[Binding, ...]:
    """The sources with the proofs of their proxies; ConfigurationError when one of them is missing."""
    if config.sources is None:
        source = _source(config.source)
        return (Binding(source=source, proofs=_proxy_proofs(source, config.trusted_proxies)),)
    if config.source is not None or config.trusted_proxies is not None:
        raise ConfigurationError("sources has a source and trusted_proxies in each entry; give none beside it")
    bindings = tuple(map(_binding, config.sources))
    if not bindings:
        raise ConfigurationError("sources is empty: name at least one source and who may speak for it")
    names = [binding.source.name for binding in bindings]
    if len(set(names)) != len(names):
        raise ConfigurationError(f"sources names one producer twice: {', '.join(names)}")
    for one, other in combinations(bindings, 2):
        if _share_a_proof(one, other):
            warnings.warn(
                f"sources {one.source.name!r} and {other.source.name!r} share what proves their proxies, so each may "
                "speak in the other's name, and a proxy must then remove the other's headers too; give each a "
                "network or a secret of its own",
                UnsafeConfigurationWarning,
                stacklevel=5,
            )
    return bindings


def _share_a_proof(one: Binding, other: Binding) -> bool:
    """Whether networks or sockets are all that tells two proxies apart, and do not."""
    mine = [proof for proof in one.proofs if isinstance(proof, TrustedNetworks)]
    theirs = [proof for proof in other.proofs if isinstance(proof, TrustedNetworks)]
    if len(mine) == len(one.proofs) and len(theirs) == len(other.proofs):
        return any(a.overlaps(b) for a in mine for b in theirs)
    return all(isinstance(proof, UnixSocket | AnyPeer) for proof in (*one.proofs, *other.proofs))


def _binding(entry: object) -> Binding:
    if not isinstance(entry, Mapping) or not {"source"} <= set(entry) <= {"source", "trusted_proxies"}:
        raise ConfigurationError(
            f'sources: {entry!r} is no entry, wanted e.g. {{"source": "nginx", "trusted_proxies": ["10.42.7.0/28"]}}'
        )
    source = _source(entry["source"])
    return Binding(source=source, proofs=_proxy_proofs(source, entry.get("trusted_proxies")))


def check_proxy_certificates(config: "ClientCertConfig") -> None:
    """Refuse a CA that vouches for clients and for the proxy: every client could claim to be the proxy (H17)."""
    verifier = config.trust_provider.current(config.clock()).verifier
    store = getattr(verifier, "store", None)
    anchors = store.anchors.authorities.values() if isinstance(store, TrustStore) else ()
    clients = {anchor.spki_sha256 for anchor in anchors}
    for binding in config.bindings:
        for proof in binding.proofs:
            proxies = getattr(proof, "anchors", ())
            named = proxies.authorities.values() if isinstance(proxies, Certificates) else proxies
            shared = [anchor for anchor in named if anchor.spki_sha256 in clients]
            if shared:
                raise ConfigurationError(
                    f"ProxyCertificate trusts {shared[0]}, which trust has as well: every client could be the proxy; "
                    "use a CA of its own for proxies"
                )


def check_policy(config: "ClientCertConfig") -> None:
    """Refuse a policy that no anonymous request can pass where certificates are optional: it would only look so."""
    policy = config.trust_provider.current(config.clock()).authorization
    if policy is not None and config.mode == "optional" and not policy.admits_anonymous:
        file = f" {str(config.policy)!r}" if isinstance(config.policy, str | PathLike) else ""
        raise ConfigurationError(
            f"policy{file} allows nothing without a client, so mode='optional' has no effect but another status; "
            "set mode='required', or write a rule with anyone() for what is public"
        )


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


def resolve_trust_provider(config: "ClientCertConfig") -> TrustProvider:
    """Load what is trusted, and follow it; see `trust_provider`."""
    sources = [binding.source for binding in config.bindings]
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
        policy=config.policy,
        gives_verdict=all(source.gives_verdict for source in sources),
        sends_certificate=all(source.sends_certificate for source in sources),
    )
    return trust_provider(settings, at=config.clock())
