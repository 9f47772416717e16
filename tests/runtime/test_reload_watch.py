"""Reloads at the word of a watcher: what it adds to the interval, and that nothing depends on it."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path
from weakref import WeakMethod

import pytest

from clientcert.config import ClientCertConfig
from clientcert.errors import ConfigurationError
from clientcert.runtime import watch
from clientcert.runtime.watch import FileWatcher, find_watcher
from tests.core.verification.kit import NOW
from tests.runtime.trust_kit import INTERVAL, ROOT, SECOND, Volume, Watched, tag


@pytest.fixture
def volume(tmp_path: Path) -> Volume:
    """The first generation."""
    return Volume(tmp_path)


@pytest.fixture(autouse=True)
def no_thread_is_left() -> Iterator[None]:
    """Whatever a test started has ended when the next one begins."""
    yield
    watch._stop_threads()
    assert "clientcert-watch" not in {thread.name for thread in threading.enumerate()}


def until(condition: Callable[[], object]) -> None:
    """Wait for another thread, 10 s at most."""
    for _ in range(1000):
        if condition():
            return
        time.sleep(0.01)
    pytest.fail("nothing happened for 10 s")


def swap_until_noticed(volume: Volume, number: int, watcher: FileWatcher) -> None:
    """Put a generation in force; the system's watch begins a moment after its thread, so more than once."""

    def swapped() -> bool:
        if not watcher.has_changed:
            volume.swap(number)
            time.sleep(0.3)
        return watcher.has_changed

    until(swapped)


def watching(watcher: FileWatcher | None) -> threading.Thread:
    """The thread of a watcher that has one."""
    assert watcher is not None
    assert watcher._thread is not None
    assert watcher._thread.is_alive()
    return watcher._thread


def test_change_is_taken_up_before_the_interval_has_passed(volume: Volume) -> None:
    """Again and again, with one thread, which ends when nobody needs it any more."""
    watcher = find_watcher(volume.sources.paths, wanted=True)
    assert watcher is not None
    watched = Watched(volume.sources, watcher=watcher)
    watched.next()
    thread = watching(watcher)
    for number in (2, 3):
        assert watched.trust.due > watched.now.timestamp()
        swap_until_noticed(volume, number, watcher)
        until(partial(_is_due, watched))
        assert tag(watched.trust.current(watched.now + SECOND)) == number
        assert watching(watcher) is thread
    del watched, watcher
    until(lambda: not thread.is_alive())


def test_nothing_starts_before_the_first_look(volume: Volume) -> None:
    """A process that is over within an interval has no thread, and did not import the package."""
    watched = Watched(volume.sources, watcher=find_watcher(volume.sources.paths, wanted=None))
    watched.trust.current(NOW + INTERVAL - SECOND)
    watcher = watched.trust._watcher
    assert isinstance(watcher, FileWatcher)
    assert (watcher._thread, watcher.has_changed) == (None, False)
    watched.next()
    watching(watcher)


@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_fork_leaves_the_thread_behind(volume: Volume) -> None:
    """A child has its parent's watcher without the thread: the interval finds the change, and a new thread begins."""
    watcher = FileWatcher(volume.sources.paths)
    watched = Watched(volume.sources, watcher=watcher)
    watched.next()
    watching(watcher)
    child = os.fork()
    if child == 0:
        assert watcher._thread is not None
        before = watcher._thread.is_alive()
        volume.swap(2)
        seen = tag(watched.trust.current(watched.now + SECOND)), tag(watched.next())
        os._exit(0 if (before, seen, watcher._thread.is_alive()) == (False, (1, 2), True) else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def _no_thread(_: object) -> None:
    raise RuntimeError("can't start new thread")


_WAYS: dict[str, Callable[[pytest.MonkeyPatch], None]] = {
    "no-thread": lambda patch: patch.setattr(threading.Thread, "start", _no_thread),
    "greenlets": lambda patch: patch.setattr("_thread.start_new_thread", lambda *_: 0),
    "broken-package": lambda patch: patch.setitem(sys.modules, "watchfiles", None),
    "no-inotify": lambda patch: patch.setattr("watchfiles.watch", _no_watch),
}


def _no_watch(*_: object, **__: object) -> None:
    raise OSError(28, "OS file watch limit reached")


@pytest.mark.parametrize("way", _WAYS)
def test_interval_goes_on_where_nobody_watches(volume: Volume, monkeypatch: pytest.MonkeyPatch, way: str) -> None:
    """Whatever keeps a watcher from starting, the next look finds the change, without an error or a word."""
    watcher = FileWatcher(volume.sources.paths)
    watched = Watched(volume.sources, watcher=watcher)
    _WAYS[way](monkeypatch)
    for number in (2, 3):
        volume.swap(number)
        assert tag(watched.next()) == number
        until(lambda: watcher._thread is None or not watcher._thread.is_alive())
    assert not watcher.has_changed
    monkeypatch.undo()
    watched.next()
    watching(watcher)


def _is_due(watched: Watched) -> bool:
    return watched.trust.due < NOW.timestamp()


class Owner:
    """Somebody who is told."""

    def hear(self) -> None:
        """Of a change."""


def test_directory_that_is_gone(tmp_path: Path) -> None:
    """A watch that cannot be kept ends, and the next look begins another; who is gone is not told."""
    (tmp_path / "below").mkdir()
    watcher, owner = FileWatcher([tmp_path / "below"]), Owner()
    (tmp_path / "below").rmdir()
    watcher.start(WeakMethod(owner.hear))
    first = watcher._thread
    assert first is not None
    first.join(10)
    (tmp_path / "below").mkdir()
    watcher.start(WeakMethod(owner.hear))
    assert watching(watcher) is not first
    del owner
    (tmp_path / "below" / "file").write_text("x", encoding="ascii")
    until(lambda: watcher.has_changed or not (tmp_path / "below" / "file").write_text("y", encoding="ascii"))


def test_package_that_is_not_there(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Without the package `True` names the way out while constructing, and None does without."""
    monkeypatch.setitem(sys.modules, "watchfiles", None)
    with pytest.raises(ConfigurationError, match=r"pip install clientcert\[watch\]"):
        find_watcher([tmp_path], wanted=True)
    assert find_watcher([tmp_path], wanted=None) is find_watcher([tmp_path], wanted=False) is None
    monkeypatch.undo()
    assert find_watcher([tmp_path], wanted=False) is None
    assert find_watcher([], wanted=None) is None
    assert find_watcher([tmp_path], wanted=None) is not None


@pytest.mark.parametrize(
    ("settings", "watches"),
    [
        ({}, True),
        ({"watch": True}, True),
        ({"watch": False}, False),
        ({"trust": ROOT.pem}, False),
        ({"trust": ROOT.pem, "watch": True}, False),
        ({"reload_interval": timedelta(0)}, False),
        ({"reload_interval": timedelta(0), "watch": True}, True),
        ({"intermediates": lambda: [ROOT.intermediate("Link").pem]}, False),
    ],
)
def test_what_a_configuration_watches(settings: dict[str, object], watches: bool, tmp_path: Path) -> None:  # noqa: FBT001
    """Files, where the package is installed, unless somebody says otherwise or it would add nothing."""
    (tmp_path / "ca.pem").write_bytes(ROOT.pem)
    options = {"source": "tls", "trust": tmp_path / "ca.pem", "clock": lambda: NOW, **settings}
    config = ClientCertConfig(**options)  # type: ignore[arg-type]
    watcher = config.trust_provider._watcher  # type: ignore[attr-defined]
    assert isinstance(watcher, FileWatcher) is watches


_SCRIPT = """
import sys, threading
from datetime import UTC, datetime, timedelta
{prelude}
from clientcert import ClientCertConfig
trust = ClientCertConfig(source="tls", trust={path!r}, reload_interval=timedelta(seconds=1)).trust_provider
assert "watchfiles" not in sys.modules
trust.current(datetime.now(UTC) + timedelta(seconds=2))
print(sum(thread.name == "clientcert-watch" for thread in threading.enumerate()))
"""


@pytest.mark.parametrize(("prelude", "threads"), [("", "1"), ("import gevent.monkey; gevent.monkey.patch_all()", "0")])
def test_process_ends_at_once(prelude: str, threads: str, tmp_path: Path) -> None:
    """A process with a watcher ends when it is done, in silence; under gevent it has none, which would stop the hub."""
    (tmp_path / "ca.pem").write_bytes(ROOT.pem)
    script = _SCRIPT.format(prelude=prelude, path=str(tmp_path / "ca.pem"))
    command = [sys.executable, "-X", "dev", "-W", "error::ResourceWarning", "-c", script]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=20)
    assert (done.returncode, done.stdout.strip(), done.stderr) == (0, threads, "")
