"""Paths that need no certificate: an exact list, compared as the client wrote it."""

from collections.abc import Iterable

from clientcert.errors import ConfigurationError

# A prefix or a pattern here has been a bypass in every gateway that had one (``/health/../admin``, ``//health``).
_NOT_EXACT = ("%", "?", "#", "*", ";", "//", "/./", "/../")


class ExemptPaths:
    """
    A frozen set of exact paths.

    Args:
        paths: Absolute paths such as ``/healthz``; no patterns, no escapes.

    Raises:
        ConfigurationError: Something that is not one exact path.
    """

    def __init__(self, paths: Iterable[str] = ()) -> None:
        if isinstance(paths, str | bytes):
            raise ConfigurationError(f"exempt is a list of exact paths, got the single text {paths!r}")
        try:
            self._paths = frozenset(paths)
        except TypeError as exc:
            raise ConfigurationError(f"exempt is a list of exact paths, got {paths!r}") from exc
        for path in self._paths:
            if not _is_exact(path):
                raise ConfigurationError(f"exempt path {path!r} is not one exact absolute path such as '/healthz'")

    def __bool__(self) -> bool:
        return bool(self._paths)

    def covers(self, path: str, raw_path: bytes | None) -> bool:
        """
        True when the request's path is exempt.

        Args:
            path: Decoded path, mount point included.
            raw_path: The path on the wire without the query, where the server gives it; must be the same text, so
                that no escape, dot segment or double slash is taken for the path it resolves to.
        """
        return path in self._paths and (raw_path is None or raw_path == path.encode("ascii"))


def _is_exact(path: object) -> bool:
    if not isinstance(path, str) or not path.startswith("/") or not path.isascii() or not path.isprintable():
        return False
    # The slash behind it makes a dot segment at the end look like one in the middle; "/" itself stays exact.
    return not any(part in path.rstrip("/") + "/" or part in path for part in _NOT_EXACT)
