"""
Files read as one: everything of one moment, with a fingerprint by which to see that something has changed.

Kubernetes swaps all files of a volume at once, by pointing the symbolic link ``..data`` elsewhere; read one after the
other through that link, a bundle may be new and a list old.
"""

import os
import stat
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

from clientcert.core.verification.bundle import TrustSource
from clientcert.errors import ConfigurationError

# A writer that is never done is a fault to report, not one to wait for on the request path.
_ATTEMPTS = 5
# Timestamps of file systems are coarse: 4 ms on Linux, 2 s on FAT. A file that changed this shortly before it was read
# may change again without a trace.
_COARSEST_TIMESTAMP_NS = 2_000_000_000
_KUBERNETES_LINK = "..data"
_DER, _PEM = b"\x30", b"-----BEGIN "


@dataclass(frozen=True, slots=True, kw_only=True)
class Fingerprint:
    """
    What files look like from outside. Compares equal as long as nothing has changed that can be seen without reading.

    Attributes:
        marks: Path, device, inode, size and times of each file, or the error in their place.
        size: Octets in all of them.
        newest_ns: The last change of any of them, in nanoseconds of the Unix time.
    """

    marks: tuple[tuple[object, ...], ...]
    size: int = field(compare=False)
    newest_ns: int = field(compare=False)

    def is_settled(self, begun_ns: int) -> bool:
        """Say whether a change after a moment, `time.time_ns` before reading began, is certain to be seen."""
        return self.newest_ns + _COARSEST_TIMESTAMP_NS < begun_ns


@dataclass(frozen=True, slots=True, kw_only=True)
class Blob:
    """
    One thing that was read.

    Attributes:
        origin: Its name for people: a quoted path, or what kind of object it is.
        content: Its octets, or, where the source is one, a certificate object.
    """

    origin: str
    content: object = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """
    All sources at one moment.

    Attributes:
        blobs: What was read, by the name of the setting.
        fingerprint: Of the files at that moment.
        digest: SHA-256 over everything read.
        is_settled: Whether a change after that moment is certain to change the fingerprint.
    """

    blobs: Mapping[str, tuple[Blob, ...]]
    fingerprint: Fingerprint
    digest: bytes
    is_settled: bool


class Sources:
    """
    Where trust material comes from: settings such as ``trust``, ``intermediates`` and ``crl`` with their sources.

    Args:
        settings: By name: a path of a file or a directory (whose regular files are read, dot files apart), octets, a
            certificate object, an iterable of these, or a callable that returns one of these. None is left out.

    Raises:
        ConfigurationError: PEM text where a path is wanted.
    """

    def __init__(self, settings: Mapping[str, TrustSource | None]) -> None:
        self._items = {name: tuple(_flatten(source)) for name, source in settings.items() if source is not None}
        everything = [item for items in self._items.values() for item in items]
        self.paths = tuple(item for item in everything if isinstance(item, Path))
        for path in self.paths:
            if "\0" in str(path):
                raise ConfigurationError(f"{', '.join(self._items)}: {str(path)!r} cannot be the path of a file")
        self.has_callables = any(map(callable, everything))
        self._forms: dict[Path, str] = {}

    @property
    def can_change(self) -> bool:
        """Whether there is anything to look at again: a path or a callable."""
        return bool(self.paths) or self.has_callables

    def fingerprint(self) -> Fingerprint:
        """Look at the files without reading them; never raises. Callables are not asked."""
        marks: list[tuple[object, ...]] = []
        size = newest_ns = 0
        for path in self.paths:
            for mark, state in _look(path):
                marks.append(mark)
                if state is not None:
                    size += state.st_size
                    newest_ns = max(newest_ns, state.st_mtime_ns, state.st_ctime_ns)
        return Fingerprint(marks=tuple(marks), size=size, newest_ns=newest_ns)

    def read(self) -> Snapshot:
        """
        Read everything.

        Raises:
            ConfigurationError: A file that is missing or may not be read, or is neither a file nor a directory; a
                directory without files; PEM, DER or a directory where one of the others was at first; files that never
                stand still; whatever a callable raises.
        """
        for _ in range(_ATTEMPTS):
            begun_ns = time.time_ns()
            before = self.fingerprint()
            links: dict[Path, Path] = {}
            blobs: dict[str, tuple[Blob, ...]] = {}
            name = ""
            try:
                for name, items in self._items.items():
                    blobs[name] = tuple(self._read_items(items, links))
            except ConfigurationError as exc:
                raise ConfigurationError(f"{name}: {exc}") from exc
            except OSError as exc:
                # Files vanish between two looks when a volume is swapped; a file that stays away is reported.
                if self.fingerprint() != before:
                    continue
                raise ConfigurationError(f"{name}: {exc.filename!r} cannot be read: {exc.strerror or exc}") from exc
            if self.fingerprint() == before:
                settled = before.is_settled(begun_ns)
                return Snapshot(blobs=blobs, fingerprint=before, digest=_digest(blobs), is_settled=settled)
        raise ConfigurationError(f"files change while they are read: {', '.join(map(repr, map(str, self.paths)))}")

    def _read_items(self, items: Iterable[object], links: dict[Path, Path]) -> Iterator[Blob]:
        for item in items:
            if isinstance(item, Path):
                yield from self._read_path(item, links)
            elif callable(item):
                yield from self._read_items(_call(item), links)
            else:
                yield Blob(origin="octets" if isinstance(item, bytes) else type(item).__name__, content=item)

    def _read_path(self, path: Path, links: dict[Path, Path]) -> Iterator[Blob]:
        mode = path.stat().st_mode
        if stat.S_ISDIR(mode):
            self._check_form(path, "a directory")
            files = _files_in(path)
            if not files:
                raise ConfigurationError(f"directory {str(path)!r} has no files")
            for file in files:
                yield Blob(origin=repr(str(file)), content=_resolve(file, links).read_bytes())
        elif stat.S_ISREG(mode):
            content = _resolve(path, links).read_bytes()
            if content:
                self._check_form(path, "DER" if content.startswith(_DER) and _PEM not in content else "PEM")
            yield Blob(origin=repr(str(path)), content=content)
        else:
            raise ConfigurationError(f"{str(path)!r} is neither a file nor a directory")

    def _check_form(self, path: Path, form: str) -> None:
        # A volume that failed to mount is a directory; DER holds one certificate, where PEM was a bundle.
        before = self._forms.setdefault(path, form)
        if before != form:
            raise ConfigurationError(f"{str(path)!r} was {before} and is {form} now: restart if that is meant")


def _flatten(source: object) -> Iterator[object]:
    if isinstance(source, str | os.PathLike):
        path = os.fspath(source)
        if "-----BEGIN" in path:
            raise ConfigurationError("a path is wanted, got PEM text: pass the text as bytes instead")
        yield Path(path)
    elif isinstance(source, bytes) or callable(source) or not isinstance(source, Iterable):
        yield source
    else:
        for item in source:
            yield from _flatten(item)


def _call(source: Callable[[], object]) -> list[object]:
    try:
        return list(_flatten(source()))
    # Somebody else's code, perhaps in the middle of the night: whatever it raises, the last good material stays.
    except Exception as exc:
        raise ConfigurationError(f"callable {source!r} raised {type(exc).__name__}: {exc}") from exc


def _look(path: Path) -> Iterator[tuple[tuple[object, ...], os.stat_result | None]]:
    """Yield a mark for a path and, where it is a directory, one for each file in it."""
    try:
        state = path.stat()
        yield _mark(path, state), None if stat.S_ISDIR(state.st_mode) else state
        for file in _files_in(path) if stat.S_ISDIR(state.st_mode) else ():
            state = file.stat()
            yield _mark(file, state), state
    except OSError as exc:
        yield (path, exc.errno), None


def _mark(path: Path, state: os.stat_result) -> tuple[object, ...]:
    # A directory changes its times for files that are not ours, such as an editor's.
    times = () if stat.S_ISDIR(state.st_mode) else (state.st_size, state.st_mtime_ns, state.st_ctime_ns)
    return path, state.st_dev, state.st_ino, state.st_mode, *times


def _files_in(directory: Path) -> list[Path]:
    # Dot files are how Kubernetes and editors keep what is not meant to be read.
    return sorted(entry for entry in directory.iterdir() if not entry.name.startswith(".") and entry.is_file())


def _resolve(file: Path, links: dict[Path, Path]) -> Path:
    """Follow a Kubernetes volume's link, once for all of its files, so that all are of one generation."""
    folder = file.parent
    if folder not in links:
        link = folder / _KUBERNETES_LINK
        links[folder] = folder / link.readlink() if link.is_symlink() else folder
    if links[folder] == folder or not file.is_symlink():
        return file
    target = file.readlink()
    return links[folder].joinpath(*target.parts[1:]) if target.parts[0] == _KUBERNETES_LINK else file


def _digest(blobs: Mapping[str, tuple[Blob, ...]]) -> bytes:
    total = sha256()
    for name, items in blobs.items():
        for blob in items:
            # Certificate objects hash by their octets.
            part = (
                sha256(blob.content).digest() if isinstance(blob.content, bytes) else str(hash(blob.content)).encode()
            )
            total.update(b"%s:%d:" % (name.encode(), len(part)) + part)
    return total.digest()
