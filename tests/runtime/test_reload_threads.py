"""Reloads by threads, in an event loop, and after forks."""

import asyncio
import os
import threading
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from clientcert.runtime import reload
from clientcert.runtime.files import Sources
from tests.core.verification.kit import NOW
from tests.runtime.trust_kit import (
    BUILDER,
    Volume,
    Watched,
    bundle,
    tag,
)


@pytest.fixture
def volume(tmp_path: Path) -> Volume:
    """The first generation."""
    return Volume(tmp_path)


def test_callable(volume: Volume) -> None:
    """A callable is asked again in every interval, by a thread; what it raises leaves the old in force."""
    answers: list[bytes | Exception] = [bundle(1), bundle(1), OSError("vault is sealed"), bundle(2)]

    def fetch() -> bytes:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    watched = Watched(Sources({"trust": fetch}))
    numbers = []
    for _ in range(3):
        watched.next()
        _join()
        numbers.append(watched.trust.current(watched.now).number)
    assert numbers == [1, 1, 2]
    assert "vault is sealed" in str(watched.causes[0])


def _join() -> None:
    for thread in threading.enumerate():
        if thread.name == "clientcert-reload":
            thread.join(5)


def test_large_material_is_loaded_by_a_thread(volume: Volume, monkeypatch: pytest.MonkeyPatch) -> None:
    """Requests go on with the old generation while a thread loads the new one, also in an event loop."""
    monkeypatch.setattr(reload, "_INLINE_BYTES", 0)
    loading, go_on = threading.Event(), threading.Event()

    def build(snapshot: Any, *, number: int, previous: Any, at: Any) -> Any:
        if number > 1:
            loading.set()
            assert go_on.wait(5)
        return BUILDER(snapshot, number=number, previous=previous, at=at)

    watched = Watched(volume.sources, build)  # type: ignore[arg-type]

    async def serve() -> None:
        volume.swap(2)
        assert tag(watched.next()) == 1
        assert loading.wait(5)
        volume.swap(3)
        assert tag(watched.next()) == 1
        go_on.set()
        await asyncio.to_thread(_join)
        # Another look may have begun, and another thread may be done with it.
        assert tag(watched.trust.current(watched.now)) in (2, 3)

    asyncio.run(serve())
    watched.next()
    _join()
    assert tag(watched.trust.current(watched.now)) == 3


@pytest.mark.parametrize("way", ["not-wanted", "not-to-be-had"])
def test_large_material_without_threads(volume: Volume, monkeypatch: pytest.MonkeyPatch, way: str) -> None:
    """Where there is no thread the request that notices the change loads."""
    monkeypatch.setattr(reload, "_INLINE_BYTES", 0)

    def refuse(_: object) -> None:
        raise RuntimeError("can't start new thread")

    watched = Watched(volume.sources, background=way != "not-wanted")
    monkeypatch.setattr(threading.Thread, "start", refuse)
    volume.swap(2)
    assert tag(watched.next()) == 2


@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_fork_in_the_middle_of_loading(volume: Volume, monkeypatch: pytest.MonkeyPatch) -> None:
    """A child forked while a thread of its parent loads has no such thread, and loads for itself."""
    monkeypatch.setattr(reload, "_INLINE_BYTES", 0)
    go_on, parent = threading.Event(), os.getpid()

    def build(snapshot: Any, *, number: int, previous: Any, at: Any) -> Any:
        if number > 1 and os.getpid() == parent:
            assert go_on.wait(5)
        return BUILDER(snapshot, number=number, previous=previous, at=at)

    watched = Watched(volume.sources, build)  # type: ignore[arg-type]
    volume.swap(2)
    assert tag(watched.next()) == 1
    child = os.fork()
    if child == 0:
        watched.next()
        _join()
        os._exit(tag(watched.trust.current(watched.now)))
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 2
    assert tag(watched.trust.current(watched.now)) == 1
    go_on.set()
    _join()
    assert tag(watched.trust.current(watched.now)) == 2


def test_lock_of_another_process(volume: Volume) -> None:
    """While somebody loads the others use what there is; a lock that came with a fork is nobody's."""
    watched = Watched(volume.sources)
    volume.swap(2)
    with watched.trust._lock:
        assert tag(watched.next()) == 1
        watched.trust.renew_locks()
        assert tag(watched.next()) == 2


def test_threads(volume: Volume) -> None:
    """32 threads see complete generations only, in order, while the volume is swapped under them."""
    watched = Watched(volume.sources, interval=timedelta(0))
    failures: list[BaseException] = []
    is_over = threading.Event()

    def read() -> None:
        seen = 0
        try:
            while not is_over.is_set():
                number = tag(watched.trust.current(NOW))
                assert number >= seen
                seen = number
                # Or 32 busy threads would keep the one that swaps from ever getting its turn.
                is_over.wait(0.0005)
        except BaseException as exc:  # noqa: BLE001 - handed to the test's own thread
            failures.append(exc)

    threads = [threading.Thread(target=read) for _ in range(32)]
    for thread in threads:
        thread.start()
    for number in range(2, 12):
        volume.swap(number)
        is_over.wait(0.02)
    is_over.set()
    for thread in threads:
        thread.join()
    assert failures == []
    assert tag(watched.trust.current(NOW)) == 11
    assert set(watched.causes) <= {None, *filter(lambda cause: "change while" in str(cause), watched.causes)}
