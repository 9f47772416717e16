"""
Producers by name, and every header name that any of them uses.

No module outside this package knows a header name.
"""

from collections.abc import Callable
from types import MappingProxyType

from clientcert.core.sources.base import AliasPolicy, Claim, HeaderSource, Source
from clientcert.core.sources.nginx import IngressNginx, Nginx
from clientcert.core.sources.tls import TLSSocket
from clientcert.errors import ConfigurationError

__all__ = [
    "GUARDED_HEADERS",
    "PRESETS",
    "AliasPolicy",
    "Claim",
    "HeaderSource",
    "IngressNginx",
    "Nginx",
    "Source",
    "TLSSocket",
    "source_named",
]

PRESETS: MappingProxyType[str, Callable[[], Source]] = MappingProxyType(
    {
        "ingress-nginx": IngressNginx,
        "nginx": Nginx,
        "tls": TLSSocket,
    }
)
"""Preset name → the source with its usual options."""

GUARDED_HEADERS: frozenset[bytes] = frozenset(name for preset in PRESETS.values() for name in preset().header_names)
"""Lower-case names of every preset; the app sees none of them, whichever source is configured."""


def source_named(name: str) -> Source:
    """
    The preset of that name with its usual options.

    Raises:
        ConfigurationError: No such preset; the text lists the legal names.
    """
    if name not in PRESETS:
        raise ConfigurationError(f"unknown source {name!r}, wanted one of: {', '.join(sorted(PRESETS))}")
    return PRESETS[name]()
