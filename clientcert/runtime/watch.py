"""Notice changed files at once, where the package ``watchfiles`` is installed and asked for."""

import threading
import weakref
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from clientcert.errors import ConfigurationError


class Watcher(Protocol):
    """Somebody who notices changes sooner than the interval does."""

    @property
    def has_changed(self) -> bool:
        """Whether something may have changed since `start`; read for each request, so it must cost nothing."""

    def start(self) -> None:
        """Begin to watch, in this process, and forget earlier changes. Called again and again."""


class FileWatcher:
    """
    A `Watcher` that waits for the operating system's word in a thread, one for each process.

    The interval of `ReloadingTrust` stays as it is: network file systems tell nobody.

    Args:
        paths: Files and directories; a file is watched through its directory, for it may be replaced.

    Raises:
        ConfigurationError: The package is not installed.
    """

    def __init__(self, paths: Iterable[Path]) -> None:
        try:
            import watchfiles  # noqa: F401 - asked for here, used in the thread
        except ImportError as exc:
            raise ConfigurationError(
                "watch=True needs the package watchfiles: pip install clientcert[watch], or leave it to reload_interval"
            ) from exc
        self._folders = tuple({path if path.is_dir() else path.parent for path in paths})
        self._changed = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def has_changed(self) -> bool:
        """Whether a file in one of the directories has changed since `start`."""
        return self._changed.is_set()

    def start(self) -> None:
        """Watch from now on; after a fork, with a thread of this process."""
        self._changed.clear()
        if self._thread is not None and self._thread.is_alive():
            return
        stop = threading.Event()
        # The thread must not keep us: it ends when nobody else does.
        weakref.finalize(self, stop.set)
        arguments = (self._folders, self._changed, stop)
        self._thread = threading.Thread(target=_run, args=arguments, name="clientcert-watch", daemon=True)
        self._thread.start()


def _run(folders: tuple[Path, ...], changed: threading.Event, stop: threading.Event) -> None:
    from watchfiles import watch

    # A directory that has gone away is the interval's to report; the next look starts another thread.
    with suppress(OSError):
        for _ in watch(*folders, watch_filter=None, stop_event=stop, recursive=False, debounce=100, rust_timeout=500):
            changed.set()
