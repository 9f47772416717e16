"""
Notice changed files at once, where the package ``watchfiles`` is installed.

Nothing depends on it: the interval of `ReloadingTrust` stays as it is, for network file systems tell nobody, and where
there is no watching there are no words about it either. Nothing starts before the first look after an interval, so
that commands and tests that are over sooner never pay for the package's import or for a thread.
"""

import _thread
import atexit
import logging
import threading
import weakref
from collections.abc import Callable, Iterable
from importlib.util import find_spec
from pathlib import Path
from types import BuiltinFunctionType
from typing import Protocol

from clientcert.errors import ConfigurationError

logger = logging.getLogger("clientcert")

# How often the thread looks up from waiting: what a change waits for at most, and the end of the process too.
_STEP_MS = 100


Callback = weakref.WeakMethod[Callable[[], None]]


class Watcher(Protocol):
    """Somebody who notices changes sooner than the interval does."""

    @property
    def has_changed(self) -> bool:
        """Whether something may have changed since `start`; read for each request, so it must cost nothing."""

    def start(self, tell: Callback) -> None:
        """
        Begin to watch, in this process, and forget earlier changes. Called again and again; never raises.

        Args:
            tell: Called, where it still lives, by any thread, after `has_changed` has become true.
        """


def find_watcher(paths: Iterable[Path], *, wanted: bool | None) -> "FileWatcher | None":
    """
    Choose between watching and the interval alone.

    Args:
        paths: What to watch.
        wanted: True for watching, False for none, None for what can be had.

    Raises:
        ConfigurationError: Watching is wanted, and the package is not installed.
    """
    paths = tuple(paths)
    is_installed = wanted is not False and find_spec("watchfiles") is not None
    if wanted and not is_installed:
        raise ConfigurationError(
            "watch=True needs the package watchfiles: pip install clientcert[watch], or leave it to reload_interval"
        )
    return FileWatcher(paths) if is_installed and paths else None


class FileWatcher:
    """
    A `Watcher` that waits for the operating system's word in a thread, one for each process.

    Where no thread can be had, or the operating system has no watch left (inotify's limits), nothing ever changes
    here; each `start` tries again.

    Args:
        paths: Files and directories; a file is watched through its directory, for it may be replaced.
    """

    def __init__(self, paths: Iterable[Path]) -> None:
        self._folders = tuple({path if path.is_dir() else path.parent for path in paths})
        self._changed = _Flag()
        self._thread: _WatchThread | None = None

    @property
    def has_changed(self) -> bool:
        """Whether a file in one of the directories has changed since `start`."""
        return self._changed.value

    def start(self, tell: Callback) -> None:
        """Watch from now on; after a fork, with a thread of this process."""
        self._changed.value = False
        # Greenlets in the place of threads (gevent, eventlet): one that waits in native code would stop all the others.
        is_threaded = isinstance(_thread.start_new_thread, BuiltinFunctionType)
        if not is_threaded or (self._thread is not None and self._thread.is_alive()):
            return
        thread = _WatchThread(self._folders, self._changed, tell)
        try:
            thread.start()
        except RuntimeError as exc:
            logger.debug("files are not watched, the interval remains: %s", exc)
            return
        self._thread = thread
        # The thread must not keep us: it ends when nobody else does.
        weakref.finalize(self, thread.stop.set)


class _Flag:
    """A bool for two threads. `threading.Event` has a lock, which a fork may leave locked for ever."""

    def __init__(self) -> None:
        self.value = False

    def set(self) -> None:
        self.value = True

    def is_set(self) -> bool:
        return self.value


def _nobody() -> None:
    """Nobody is there any more."""


class _WatchThread(threading.Thread):
    def __init__(self, folders: tuple[Path, ...], changed: _Flag, tell: Callback) -> None:
        super().__init__(name="clientcert-watch", daemon=True)
        self.stop = _Flag()
        self._folders, self._has_changed, self._tell = folders, changed, tell
        _THREADS.add(self)

    def run(self) -> None:
        try:
            from watchfiles import watch

            changes = watch(
                *self._folders,
                watch_filter=None,
                debounce=2 * _STEP_MS,
                step=_STEP_MS,
                stop_event=self.stop,
                raise_interrupt=False,
                recursive=False,
            )
            for _ in changes:
                self._has_changed.set()
                # No variable here may hold its owner while we wait for the next change.
                (self._tell() or _nobody)()
        # A directory that has gone away, limits of the system, a package that cannot be loaded: the interval goes on.
        except (OSError, RuntimeError, ImportError) as exc:
            logger.debug("files are not watched, the interval remains: %s", exc)


_THREADS: "weakref.WeakSet[_WatchThread]" = weakref.WeakSet()


@atexit.register
def _stop_threads() -> None:
    """End the threads while there still is an interpreter: one that wakes up later in native code may crash it."""
    threads = [thread for thread in list(_THREADS) if thread.is_alive()]
    for thread in threads:
        thread.stop.set()
    for thread in threads:
        thread.join(10 * _STEP_MS / 1000)
