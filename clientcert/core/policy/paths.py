"""Paths of requests, and the anchored patterns that routes are written in."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, Self
from unicodedata import category
from urllib.parse import unquote_to_bytes

from clientcert.errors import ConfigurationError

ONE: Final = "*"
REST: Final = "**"

# What would end the path, escape something, or separate segments somewhere else.
_NOT_LITERAL = frozenset("%?#;\\")
# Escapes of escapes, slashes, dots and backslashes that are still there after decoding once.
_ESCAPED_TWICE = ("%25", "%2f", "%2e", "%5c")
# Controls, surrogates (octets that are not UTF-8), line and paragraph separators.
_REFUSED_CATEGORIES = frozenset({"Cc", "Cs", "Zl", "Zp"})
_REPLACEMENT = "\ufffd"


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusedPath:
    """
    A path that two readers could take for two paths.

    Attributes:
        why: What is wrong with it; ASCII, nothing of the path in it.
    """

    why: str


def read_path(path: str, raw_path: bytes | None = None) -> tuple[str, ...] | RefusedPath:
    """
    Split the path of a request into its segments.

    Args:
        path: Percent-decoded as UTF-8, mount point included, no query.
        raw_path: The same on the wire, where the server gives it.

    Returns:
        The segments; one slash at the end counts for nothing, as most frameworks redirect or ignore it. Or why the
        path is refused: it is not absolute, has empty or dot segments, backslashes, control characters, an escaped
        slash, an escape of an escape, octets that are not UTF-8, or is not what the raw path decodes to.
    """
    segments = path[1:].removesuffix("/").split("/") if path != "/" else []
    for why in _faults(path, raw_path, segments):
        return RefusedPath(why=why)
    return tuple(segments)


def _faults(path: str, raw_path: bytes | None, segments: list[str]) -> Iterator[str]:
    if raw_path is not None:
        if unquote_to_bytes(raw_path) != path.encode("utf-8", "surrogatepass"):
            yield "the path is not what the raw path decodes to"
        if b"%2f" in raw_path.lower():
            yield "the path has an escaped slash"
    if not path.startswith("/"):
        yield "the path does not start with a slash"
    if _REPLACEMENT in path or not (path.isprintable() or _REFUSED_CATEGORIES.isdisjoint(map(category, path))):
        yield "the path has a control character or octets that are not UTF-8"
    if "\\" in path:
        yield "the path has a backslash"
    if "%" in path and any(escape in path.lower() for escape in _ESCAPED_TWICE):
        yield "the path is escaped twice"
    if not all(segments):
        yield "the path has an empty segment"
    if "." in segments or ".." in segments:
        yield "the path has a dot segment"


@dataclass(frozen=True, slots=True, kw_only=True)
class PathPattern:
    """
    An anchored pattern of paths.

    Attributes:
        segments: Literals, ``*`` for one segment whatever it is, and as the last one ``**`` for any number of them,
            none included.
    """

    segments: tuple[str, ...]

    @classmethod
    def parse(cls, text: Any) -> Self:
        """
        Read ``/orders/*/items``.

        Raises:
            ConfigurationError: Not text, not absolute, a slash at the end, an empty or dot segment, a character that
                no literal segment has, or a wildcard that is not a whole segment or, as ``**``, not the last one.
        """
        if not isinstance(text, str) or not text.startswith("/"):
            raise ConfigurationError(f"path {text!r} does not start with a slash")
        segments = tuple(text[1:].split("/")) if text != "/" else ()
        for segment in segments:
            problem = _problem(segment)
            if problem:
                raise ConfigurationError(f"path {text!r} {problem}")
        if REST in segments[:-1]:
            raise ConfigurationError(f"path {text!r} has ** before its end: it stands for all that follows")
        return cls(segments=segments)

    @property
    def is_literal(self) -> bool:
        """Whether it stands for one path only."""
        return ONE not in self.segments and REST not in self.segments

    @property
    def rank(self) -> tuple[int, ...]:
        """Sorts patterns so that one which lies within another comes before it."""
        return tuple({ONE: 1, REST: 2}.get(segment, 0) for segment in self.segments)

    def matches(self, segments: tuple[str, ...]) -> bool:
        """Whether it stands for a path with these segments."""
        mine = self.segments
        if mine and mine[-1] == REST:
            mine = mine[:-1]
            segments = segments[: len(mine)]
        return len(mine) == len(segments) and all(a in (ONE, b) for a, b in zip(mine, segments, strict=True))

    def intersection(self, other: "PathPattern") -> "PathPattern | None":
        """The pattern of all paths that both stand for; None where there are none."""
        mine, others = self.segments, other.segments
        found: list[str] = []
        for position in range(max(len(mine), len(others))):
            if REST in (here := mine[position : position + 1]) or REST in others[position : position + 1]:
                return PathPattern(segments=(*found, *(others if REST in here else mine)[position:]))
            if not here or position == len(others):
                return None
            pair = {mine[position], others[position]} - {ONE}
            if len(pair) > 1:
                return None
            found.append(pair.pop() if pair else ONE)
        return PathPattern(segments=tuple(found))

    def __str__(self) -> str:
        return "/" + "/".join(self.segments)


def _problem(segment: str) -> str:
    if segment in (ONE, REST):
        return ""
    if not segment:
        return "has an empty segment or ends in a slash, which counts for nothing: leave it out"
    if segment in (".", ".."):
        return "has a dot segment"
    if ONE in segment:
        return "has a wildcard that is not a whole segment: * stands for one, ** at the end for all that follow"
    if not _NOT_LITERAL.isdisjoint(segment) or not segment.isprintable():
        return f"has a segment {segment!r} that no path has: write it decoded, without query"
    return ""
