"""A volume that is swapped, half written, broken and repaired in any order, and somebody who reads all the time."""

import shutil
import tempfile
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from tests.runtime.trust_kit import Volume, Watched, bundle, crl, tag

GENERATIONS = 12


def cut(content: bytes, share: float) -> bytes:
    """The first part of a file; never a whole number of blocks, which nobody could tell from a shorter file."""
    part = content[: int(len(content) * share)]
    return part[:-5] if part.rstrip().endswith(b"-----") else part


class Reloading(RuleBasedStateMachine):
    """Whatever happens to the files, a reader sees one complete generation: the newest that was whole at a look."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.volume = Volume(self.folder / "volume")
        self.watched = Watched(self.volume.sources)
        self.written = 1
        self.broken: set[str] = set()
        self.expected = 1

    @initialize()
    def look(self) -> None:
        """The first generation is there at once."""
        assert tag(self.watched.trust.current(self.watched.now)) == 1

    @precondition(lambda self: self.written < GENERATIONS)
    @rule()
    def swap(self) -> None:
        """The kubelet puts the next generation in force."""
        self.written += 1
        self.volume.swap(self.written)
        self.broken.clear()

    @precondition(lambda self: self.written < GENERATIONS)
    @rule(name=st.sampled_from(["ca.crt", "ca.crl"]), share=st.floats(0, 0.97))
    def swap_half_written(self, name: str, share: float) -> None:
        """The kubelet puts a generation in force of which one file is cut."""
        self.written += 1
        whole = {"ca.crt": bundle(self.written), "ca.crl": crl(self.written)}
        whole[name] = cut(whole[name], share)
        self.volume.swap(self.written, ca=whole["ca.crt"], lists=whole["ca.crl"])
        self.broken = {name}

    @rule(name=st.sampled_from(["ca.crt", "ca.crl"]), share=st.floats(0, 0.97))
    def write_in_place(self, name: str, share: float) -> None:
        """Somebody begins to write a file in its place, and has not finished."""
        content = bundle(self.written) if name == "ca.crt" else crl(self.written)
        (self.volume.target / name).write_bytes(cut(content, share))
        self.broken.add(name)

    @precondition(lambda self: bool(self.broken))
    @rule()
    def finish_writing(self) -> None:
        """Everything that was begun is finished."""
        (self.volume.target / "ca.crt").write_bytes(bundle(self.written))
        (self.volume.target / "ca.crl").write_bytes(crl(self.written))
        self.broken.clear()

    @rule()
    def remove(self) -> None:
        """A file is gone for a while."""
        (self.volume.target / "ca.crl").unlink(missing_ok=True)
        self.broken.add("ca.crl")

    @rule()
    def request(self) -> None:
        """A request after the interval sees the newest whole generation."""
        if not self.broken:
            self.expected = self.written
        assert tag(self.watched.next()) == self.expected

    @rule()
    def early_request(self) -> None:
        """A request within the interval sees what was seen before."""
        assert tag(self.watched.trust.current(self.watched.now)) == self.expected

    @invariant()
    def status_is_honest(self) -> None:
        """An error is shown as long as the newest attempt failed."""
        status = self.watched.trust.status(self.watched.now)
        assert status.last_error is None or self.watched.attempts[-1].cause == status.last_error
        assert not status.is_stale

    def teardown(self) -> None:
        """Clean up."""
        shutil.rmtree(self.folder)


Reloading.TestCase.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
TestReloading = Reloading.TestCase
