"""System checks: ``manage.py check`` for what cannot work, ``check --deploy`` for what is weaker than it looks."""

import warnings
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from django.conf import settings
from django.core.checks import CheckMessage, Error, Info, Tags, Warning, register  # noqa: A004 - Django's names
from django.urls import URLPattern, URLResolver, get_resolver

from clientcert.config import ClientCertConfig
from clientcert.core.exempt import ExemptPaths
from clientcert.core.policy import Rule, all_of
from clientcert.core.proxy import AnyPeer
from clientcert.django.decorators import RULE_ATTRIBUTE
from clientcert.django.middleware import config_from_settings
from clientcert.errors import ConfigurationError, UnsafeConfigurationWarning
from clientcert.runtime.environ import header_name
from clientcert.runtime.gate import Gate

OURS: Final = "clientcert.django.ClientCertMiddleware"
_SAME: Final = "clientcert.django.middleware.ClientCertMiddleware"
SESSION: Final = "clientcert.django.session.ClientCertSessionMiddleware"
USER: Final = "clientcert.django.auth.ClientCertUserMiddleware"
BACKEND: Final = "clientcert.django.auth.ClientCertBackend"
_CORS: Final = "corsheaders.middleware.CorsMiddleware"
_DJANGO_SESSION: Final = "django.contrib.sessions.middleware.SessionMiddleware"
_DJANGO_AUTH: Final = "django.contrib.auth.middleware.AuthenticationMiddleware"
# (the one that comes first, the one that comes after it, why)
_ORDER: Final = (
    (OURS, SESSION, "which reads the identity"),
    (OURS, USER, "which reads the identity"),
    (_DJANGO_SESSION, SESSION, "which reads the session"),
    (SESSION, _DJANGO_AUTH, "which would take the user of a session that is another client's"),
    (_DJANGO_AUTH, USER, "whose user it replaces"),
)


@register(Tags.security)
def check_settings(app_configs: Any, **_: Any) -> list[CheckMessage]:
    """``CLIENTCERT`` is accepted (E001: the trust file can be read, among the rest); what it warns of is W001."""
    del app_configs
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", UnsafeConfigurationWarning)
        try:
            config = config_from_settings()
        except ConfigurationError as exc:
            return [Error(str(exc), id="clientcert.E001")]
    found: list[CheckMessage] = [
        Warning(f"settings.CLIENTCERT: {each.message}", id="clientcert.W001")
        for each in caught
        if issubclass(each.category, UnsafeConfigurationWarning)
    ]
    # It warned when the settings were read, where nobody may have looked.
    if any(isinstance(proof, AnyPeer) for proof in config.proxy_proofs):
        found.append(Warning("settings.CLIENTCERT: AnyPeer() believes whoever reaches the port", id="clientcert.W001"))
    return [*found, *_header_settings(config)]


@register(Tags.security)
def check_middleware(app_configs: Any, **_: Any) -> list[CheckMessage]:
    """The middleware is there, once (E002, E003), first (W002), and in order with what stands on it (E004)."""
    del app_configs
    listed = [OURS if name == _SAME else name for name in settings.MIDDLEWARE]
    if OURS not in listed:
        return [Error(f"{OURS} is not in MIDDLEWARE; it goes first", id="clientcert.E002")]
    found: list[CheckMessage] = []
    if listed.count(OURS) > 1:
        found.append(Error(f"{OURS} is in MIDDLEWARE twice; keep the first one", id="clientcert.E003"))
    before = [name for name in listed[: listed.index(OURS)] if name != _CORS]
    if before:
        text = f"{before[0]} stands before {OURS}: it sees the headers that a client may have written, and answers "
        found.append(Warning(text + "without asking for a certificate", id="clientcert.W002"))
    if _CORS in listed and listed.index(_CORS) > listed.index(OURS):
        text = f"{_CORS} stands behind {OURS}, which refuses preflight requests: they never carry a certificate"
        found.append(Warning(text, hint=f"Put {_CORS} before it.", id="clientcert.W003"))
    for first, second, why in _ORDER:
        if first in listed and second in listed and listed.index(first) > listed.index(second):
            found.append(Error(f"in MIDDLEWARE {first} must stand before {second}, {why}", id="clientcert.E004"))
    return [*found, *_remote_user(listed)]


@register(Tags.security)
def check_users(app_configs: Any, **_: Any) -> list[CheckMessage]:
    """``CLIENTCERT_USER`` is accepted and fits the user model (E006), and its backend is there (E007)."""
    del app_configs
    if not hasattr(settings, "CLIENTCERT_USER") and USER not in settings.MIDDLEWARE:
        return []
    # The user model is there only where django.contrib.auth is installed.
    from clientcert.django.users import SETTING, UserMapping

    try:
        mapping = UserMapping.from_settings()
    except ConfigurationError as exc:
        return [Error(str(exc), id="clientcert.E006")]
    if mapping is None:
        return [Error(f"{USER} is in MIDDLEWARE, and settings.{SETTING} is missing", id="clientcert.E006")]
    problems = (*mapping.problems(), *_unknown_roles(mapping.groups))
    found: list[CheckMessage] = [Error(text, id="clientcert.E006") for text in problems]
    if BACKEND not in settings.AUTHENTICATION_BACKENDS:
        found.append(Error(f"{BACKEND} is not in AUTHENTICATION_BACKENDS", id="clientcert.E007"))
    return found


@register(Tags.security, deploy=True)
def check_deployment(app_configs: Any, **_: Any) -> list[CheckMessage]:
    """List every route with its rule (I001); warn of a configuration that only reports (W005)."""
    del app_configs
    try:
        config = config_from_settings()
    except ConfigurationError:
        return []
    found: list[CheckMessage] = [Info("routes:\n" + "\n".join(_table(config)), id="clientcert.I001")]
    if not config.enforce:
        found.append(Warning("settings.CLIENTCERT: enforce is False, so everybody is let in", id="clientcert.W005"))
    found += [
        Error(f"{path} is exempt, so no client can ever meet its rule {rule!r}", id="clientcert.E008")
        for path, rule in _routes(get_resolver().url_patterns)
        if rule is not None and _is_exempt(path, config.exempt_paths) and not rule.check(None).allowed
    ]
    return found


def _unknown_roles(groups: Iterable[str] | Mapping[str, Rule]) -> Iterator[str]:
    """Yield a line for each group that is to follow a role which the policy does not give."""
    try:
        config = None if isinstance(groups, Mapping) or not groups else config_from_settings()
    except ConfigurationError:
        # `check_settings` has it.
        return
    if config is None:
        return
    policy = config.trust_provider.current(config.clock()).authorization
    roles = frozenset() if policy is None else policy.roles.names
    legal = ", ".join(sorted(roles)) or "(the policy has no roles)"
    for name in groups:
        if name not in roles:
            yield f"settings.CLIENTCERT_USER: groups has unknown role {name!r}, wanted one of: {legal}"


def _header_settings(config: ClientCertConfig) -> Iterator[CheckMessage]:
    setting = settings.SECURE_PROXY_SSL_HEADER
    if setting is not None and Gate(config).is_guarded(header_name(setting[0])):
        text = f"SECURE_PROXY_SSL_HEADER reads {setting[0]}, which is removed: every request would count as insecure"
        yield Warning(text, hint="Let the proxy set X-Forwarded-Proto.", id="clientcert.W004")


def _remote_user(listed: Iterable[str]) -> Iterator[CheckMessage]:
    for name in listed:
        if name.endswith("RemoteUserMiddleware"):
            text = f"{name} believes a header under ASGI, which any client can write"
            yield Error(text, hint=f"Use {USER}.", id="clientcert.E005")


def _table(config: ClientCertConfig) -> Iterator[str]:
    for path, rule in _routes(get_resolver().url_patterns):
        state = "exempt" if _is_exempt(path, config.exempt_paths) else "covered"
        everybody = state == "exempt" or config.mode == "optional"
        who = "everybody" if everybody else "any accepted client"
        yield f"{state:<8} {path}  {who if rule is None else repr(rule)}"


def _routes(patterns: Iterable[Any], prefix: str = "/") -> Iterator[tuple[str, Rule | None]]:
    """Yield every path as Django writes it, with the rule of its view."""
    for pattern in patterns:
        path = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from _routes(pattern.url_patterns, path)
        elif isinstance(pattern, URLPattern):
            view: Any = pattern.callback
            # A class-based view shows its class, one of Django REST framework's another name for it.
            shown = getattr(view, "view_class", None) or getattr(view, "cls", view)
            marked = (view, shown, *getattr(shown, "permission_classes", ()))
            rules = [rule for each in marked if isinstance(rule := getattr(each, RULE_ATTRIBUTE, None), Rule)]
            yield path, all_of(*dict.fromkeys(rules)) if rules else None


def _is_exempt(path: str, exempt: ExemptPaths) -> bool:
    return exempt.covers(path.replace("^", "").removesuffix("$"), None)
