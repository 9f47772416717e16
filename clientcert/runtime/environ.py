"""The headers of a WSGI environ (PEP 3333): where they are, what they were called, and which are ours."""

from collections.abc import Mapping
from typing import Any

from clientcert.core.headers import HeaderGuard
from clientcert.core.layouts import DECISIVE_KINDS, HeaderKind, Layouts, Spoken, picker

HEADER_PREFIX = "HTTP_"
SOFTWARE_KEY = "SERVER_SOFTWARE"


def header_name(key: str) -> bytes:
    """``HTTP_SSL_CLIENT_CERT`` → ``ssl-client-cert``: the spelling that a server folded is gone."""
    return key[len(HEADER_PREFIX) :].lower().replace("_", "-").encode("utf-8", "surrogatepass")


def header_value(value: str) -> bytes:
    """Undo PEP 3333's latin-1 text; for what is none, octets that are refused wherever they matter."""
    try:
        return value.encode("latin-1")
    except UnicodeEncodeError:
        return value.encode("utf-8", "surrogatepass")


class EnvironLayout:
    """
    One sequence of environ keys; what `HeaderLayout` is for a header list.

    Attributes:
        names: The sequence, in the server's order.
        keys: Those on whose values a decision may rest.
        values: Environ → these values.
        forwarded: Environ → the values of headers that record addresses.
        guarded: Keys that the app must not see.
    """

    __slots__ = ("forwarded", "guarded", "keys", "names", "values")

    def __init__(self, names: list[str], guard: HeaderGuard) -> None:
        kinds = {name: guard.kind_of(header_name(name)) for name in names if name.startswith(HEADER_PREFIX)}
        # What the server does to names decides whether another spelling can have become ours.
        self.keys = (
            *(name for name, kind in kinds.items() if kind in DECISIVE_KINDS),
            *(name for name in names if name == SOFTWARE_KEY),
        )
        self.names = names
        self.values = picker(self.keys)
        self.forwarded = picker([name for name, kind in kinds.items() if kind is HeaderKind.FORWARDED])
        self.guarded = tuple(name for name, kind in kinds.items() if kind >= HeaderKind.GUARDED)

    def spoken(self, environ: Mapping[str, Any]) -> Spoken:
        """Take what a decision may rest on out of an environ of this layout."""
        return (self.keys, self.values(environ))


def environ_layouts(guard: HeaderGuard) -> Layouts[str, EnvironLayout]:
    """Make the memory of the layouts that one middleware meets."""
    return Layouts(lambda names: EnvironLayout(names, guard))
