"""
Which headers are ours, found once per request and taken away from the app.

A guarded name is one that some producer uses for client certificates. Its *alias* is any other spelling that some
server or gateway may take for it: names are compared with ASCII letters lower-cased and everything that is neither
letter nor digit read as ``-``, so ``ssl_client_cert`` and ``SSL.Client-Cert`` are aliases of ``ssl-client-cert``.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from clientcert.core.facts import Header
from clientcert.core.layouts import HeaderKind, HeaderLayout, Layouts
from clientcert.errors import ConfigurationError

# Headers in which other components record addresses (RFC 7239 and its predecessors), and the one in which a sender
# can ask the next hop to drop a header (RFC 9110 §7.6.1). Read as context, left to the app.
FORWARDED_HEADERS = frozenset({b"x-forwarded-for", b"forwarded", b"x-real-ip"})
CONNECTION_HEADER = b"connection"
# Says that a body may end in trailers, which some servers hand on as headers (RFC 9110 §6.5).
TRANSFER_ENCODING_HEADER = b"transfer-encoding"
_CONTEXT_HEADERS = FORWARDED_HEADERS | {CONNECTION_HEADER, TRANSFER_ENCODING_HEADER}

# Distinct header names remembered with their class; beyond these bounds (a hostile sender) each is classified anew.
_MAX_REMEMBERED_NAMES = 1_024
_MAX_REMEMBERED_NAME_BYTES = 64

# Most Connection and Transfer-Encoding headers, and bytes in them, that take part in a remembered decision.
_MAX_REMEMBERED_CONTEXT, _MAX_REMEMBERED_CONTEXT_BYTES = 4, 256

_FOLD = bytes(
    byte if chr(byte).isalnum() and byte < 0x80 else ord("-")  # noqa: PLR2004 - ASCII ends at 0x7F
    for byte in bytes(range(256)).lower()
)


def fold_name(name: bytes) -> bytes:
    """Lower-case ASCII letters and turn everything that is no ASCII letter or digit into ``-``."""
    return name.translate(_FOLD)


_TOKEN = frozenset(b"abcdefghijklmnopqrstuvwxyz0123456789-")
_NEVER_EVIDENCE = _CONTEXT_HEADERS | {b"host", b"authorization", b"cookie"}


def header_name(text: str) -> bytes:
    """
    A header name as configuration gives it, lower-case.

    Raises:
        ConfigurationError: Not letters, digits and dashes (an underscore is dropped or merged by app servers), or a
            name that means something else.
    """
    name = text.lower().encode("utf-8")
    if not name or not _TOKEN.issuperset(name):
        raise ConfigurationError(
            f"header name {text!r} is not made of letters, digits and dashes (app servers drop or merge others)"
        )
    if name in _NEVER_EVIDENCE:
        raise ConfigurationError(f"header name {text!r} means something else in HTTP; choose another one")
    return name


@dataclass(slots=True)
class SelectedHeaders:
    """
    The headers of one request that authentication may look at.

    Attributes:
        values: Configured name → value, surrounding SP and HTAB removed; empty values are left out (RFC 9110 §5.5).
        duplicates: Configured names that came more than once.
        aliases: Names that came in another spelling of a configured name, as received.
        context: ``(lower-case name, value)`` of forwarding headers, ``Connection`` and ``Transfer-Encoding``,
            duplicates kept.
    """

    values: dict[bytes, bytes] = field(default_factory=dict)
    duplicates: list[bytes] = field(default_factory=list)
    aliases: list[bytes] = field(default_factory=list)
    context: list[Header] = field(default_factory=list)

    def only(self, names: Iterable[bytes]) -> "SelectedHeaders":
        """Return the part that one of several sources may look at."""
        mine = frozenset(names)
        folds = frozenset(map(fold_name, mine))
        return SelectedHeaders(
            values={name: value for name, value in self.values.items() if name in mine},
            duplicates=[name for name in self.duplicates if name in mine],
            aliases=[name for name in self.aliases if fold_name(name) in folds],
            context=self.context,
        )

    @property
    def is_memorable(self) -> bool:
        """False where the client wrote more of its own than a decision is worth keeping for."""
        framing = [len(value) for name, value in self.context if name not in FORWARDED_HEADERS]
        is_short = len(framing) <= _MAX_REMEMBERED_CONTEXT and sum(framing) <= _MAX_REMEMBERED_CONTEXT_BYTES
        return is_short and not self.aliases and not self.duplicates


class HeaderGuard:
    """
    Knows the guarded names; selects what authentication reads and strips what the app must not see.

    Args:
        read: Lower-case names that the configured source and proofs read.
        guarded: Lower-case names of every producer; stripped, never read.

    Attributes:
        layouts: Header names → where in a request's headers everything is.
    """

    def __init__(self, *, read: Iterable[bytes], guarded: Iterable[bytes]) -> None:
        self._read = frozenset(read)
        self._guarded = frozenset(guarded) | self._read
        self._read_folds = frozenset(map(fold_name, self._read))
        self._guarded_folds = frozenset(map(fold_name, self._guarded))
        self._classes: dict[bytes, HeaderKind] = {}
        self.layouts: Layouts[bytes, HeaderLayout] = Layouts(self._lay_out)

    @property
    def names(self) -> frozenset[bytes]:
        """Every guarded name, lower-case."""
        return self._guarded

    def is_guarded(self, name: bytes) -> bool:
        """True for a guarded name and for every alias of one."""
        return self.kind_of(name) >= HeaderKind.GUARDED

    def select(self, headers: Iterable[Header]) -> SelectedHeaders:
        """One pass over the headers as received: each configured name at most once, the rest reported."""
        selected = SelectedHeaders()
        seen: set[bytes] = set()
        for name, value in headers:
            kind = self.kind_of(name)
            if kind is HeaderKind.READ:
                key = name.lower()
                if key in seen:
                    selected.duplicates.append(key)
                seen.add(key)
                if stripped := value.strip(b" \t"):
                    selected.values[key] = stripped
            elif kind is HeaderKind.READ_ALIAS:
                selected.aliases.append(name)
            elif kind is HeaderKind.CONTEXT or kind is HeaderKind.FORWARDED:
                selected.context.append((name.lower(), value))
        return selected

    def strip(self, headers: Iterable[Header]) -> list[Header]:
        """A new list without any guarded name or alias; order and everything else as received."""
        kind_of = self.kind_of
        return [header for header in headers if kind_of(header[0]) < HeaderKind.GUARDED]

    def kind_of(self, name: bytes) -> HeaderKind:
        """Tell what a name is, in whatever spelling."""
        kind = self._classes.get(name)
        if kind is None:
            kind = self._class_of(name)
            if len(name) <= _MAX_REMEMBERED_NAME_BYTES and len(self._classes) < _MAX_REMEMBERED_NAMES:
                self._classes[name] = kind
        return kind

    def _lay_out(self, names: list[bytes]) -> HeaderLayout:
        return HeaderLayout(names, [self.kind_of(name) for name in names])

    def _class_of(self, name: bytes) -> HeaderKind:
        lowered = name.lower()
        if lowered in self._read:
            return HeaderKind.READ
        if lowered in self._guarded:
            return HeaderKind.GUARDED
        if lowered in FORWARDED_HEADERS:
            return HeaderKind.FORWARDED
        if lowered in _CONTEXT_HEADERS:
            return HeaderKind.CONTEXT
        folded = fold_name(name)
        if folded in self._read_folds:
            return HeaderKind.READ_ALIAS
        return HeaderKind.GUARDED_ALIAS if folded in self._guarded_folds else HeaderKind.OTHER
