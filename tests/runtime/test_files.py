"""Files read as one: of one moment, and seen to change."""

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from clientcert.errors import ConfigurationError
from clientcert.runtime.files import Blob, Sources
from tests.runtime.trust_kit import ROOT, Volume, bundle, crl, without_permission


def contents(sources: Sources, name: str = "trust") -> list[object]:
    """What was read of one setting."""
    return [blob.content for blob in sources.read().blobs[name]]


def write(path: Path, content: bytes = b"content") -> Path:
    """A file of some content."""
    path.write_bytes(content)
    return path


def make_fifo(path: Path) -> None:
    """Something whose reading would never end."""
    path.unlink()
    os.mkfifo(path)


@pytest.mark.parametrize(
    "form",
    [
        pytest.param(lambda path: path, id="path"),
        pytest.param(str, id="text"),
        pytest.param(lambda path: path.parent, id="directory"),
        pytest.param(lambda path: path.read_bytes(), id="octets"),
        pytest.param(lambda path: lambda: path, id="callable"),
        pytest.param(lambda path: lambda: [path.read_bytes()], id="callable-of-list"),
        pytest.param(lambda path: [str(path)], id="list"),
        pytest.param(lambda path: (item for item in [path]), id="generator"),
    ],
)
def test_forms_of_a_source(tmp_path: Path, form: Callable[[Path], Any]) -> None:
    """A source may be given in all of these forms, and is read again and again."""
    sources = Sources({"trust": form(write(tmp_path / "ca.crt"))})
    assert contents(sources) == [b"content"]
    assert contents(sources) == [b"content"]


def test_settings() -> None:
    """Each setting has its own blobs with names for people; what is None is not there; objects pass as they are."""
    certificate = ROOT.certificate
    sources = Sources({"trust": [certificate, b"x"], "crl": None})
    snapshot = sources.read()
    assert snapshot.blobs == {
        "trust": (Blob(origin="Certificate", content=certificate), Blob(origin="octets", content=b"x"))
    }
    assert not sources.can_change
    assert Sources({"trust": "ca.crt"}).can_change
    assert Sources({"trust": lambda: b"x"}).can_change


def test_directory(tmp_path: Path) -> None:
    """Of a directory all regular files are read, in the order of their names; dot files and directories are not."""
    for name in ("b", "a", ".hidden"):
        write(tmp_path / name, name.encode())
    (tmp_path / "below").mkdir()
    sources = Sources({"trust": tmp_path})
    assert contents(sources) == [b"a", b"b"]
    before = sources.fingerprint()
    write(tmp_path / ".swap")
    assert sources.fingerprint() == before
    write(tmp_path / "c")
    assert sources.fingerprint() != before
    (tmp_path / "c").unlink()
    assert sources.fingerprint() == before


@pytest.mark.parametrize(
    ("spoil", "text"),
    [
        pytest.param(lambda path: path.unlink(), "No such file", id="missing"),
        pytest.param(lambda path: (path.unlink(), path.mkdir()), "was PEM and is a directory now", id="directory"),
        pytest.param(lambda path: path.write_bytes(b"\x30\x03\x02\x01\x01"), "was PEM and is DER now", id="der"),
        pytest.param(make_fifo, "neither a file nor a directory", id="fifo"),
    ],
)
def test_unreadable(tmp_path: Path, spoil: Callable[[Path], object], text: str) -> None:
    """A file that cannot be read, or is something else than it was, is named, and its fingerprint is another."""
    path = write(tmp_path / "ca.crt", bundle(1))
    sources = Sources({"trust": path})
    sources.read()
    before = sources.fingerprint()
    spoil(path)
    with pytest.raises(ConfigurationError, match=text) as info:
        sources.read()
    assert str(path) in str(info.value)
    assert sources.fingerprint() != before


def test_empty_directory(tmp_path: Path) -> None:
    """A directory without files is a mistake, at first and later."""
    sources = Sources({"trust": tmp_path})
    with pytest.raises(ConfigurationError, match="has no files"):
        sources.read()
    path = write(tmp_path / "ca.crt")
    assert contents(sources) == [b"content"]
    path.unlink()
    with pytest.raises(ConfigurationError, match="has no files"):
        sources.read()


def test_wrong_permissions(tmp_path: Path) -> None:
    """A file that may not be read is named with the cause."""
    path = write(tmp_path / "ca.crt")
    sources = Sources({"trust": path})
    sources.read()
    with without_permission(path), pytest.raises(ConfigurationError, match="Permission denied"):
        sources.read()
    assert contents(sources) == [b"content"]


def test_pem_text_is_no_path() -> None:
    """PEM text where a path is wanted is refused while constructing."""
    with pytest.raises(ConfigurationError, match="pass the text as bytes"):
        Sources({"trust": ROOT.pem.decode()})


def test_callable_that_raises() -> None:
    """Whatever a callable raises is a refusal with its text."""

    def fail() -> bytes:
        raise KeyError("vault")

    with pytest.raises(ConfigurationError, match="raised KeyError: 'vault'"):
        Sources({"trust": fail}).read()


def test_digest() -> None:
    """The digest tells contents apart, and settings, and objects by their octets."""
    settings: list[dict[str, Any]] = [
        {"trust": b"ab"},
        {"trust": [b"a", b"b"]},
        {"crl": b"ab"},
        {"trust": ROOT.certificate},
    ]
    digests = [Sources(setting).read().digest for setting in settings]
    assert len(set(digests)) == 4
    assert Sources({"trust": ROOT.certificate}).read().digest == digests[3]


def test_settled(tmp_path: Path) -> None:
    """A file that changed a moment ago may change again without a trace; one that is old may not."""
    path = write(tmp_path / "ca.crt")
    sources = Sources({"trust": path})
    assert not sources.read().is_settled
    assert sources.fingerprint().is_settled(time.time_ns() + 3_000_000_000)
    assert Sources({"trust": b"x"}).read().is_settled


class Interrupted(Sources):
    """Calls somebody after each file that was read."""

    def __init__(self, volume: Volume, interrupt: Callable[[], object]) -> None:
        super().__init__({"trust": volume.folder / "ca.crt", "crl": volume.folder / "ca.crl"})
        self.interrupt = interrupt

    def _read_path(self, path: Path, links: dict[Path, Path]) -> Iterator[Blob]:
        yield from super()._read_path(path, links)
        self.interrupt()


def test_kubernetes_swap_between_two_files(tmp_path: Path) -> None:
    """A volume that is swapped between the reading of two files is read again, as one generation."""
    volume = Volume(tmp_path)
    swaps = iter([2, 3])
    sources = Interrupted(volume, lambda: volume.swap(number) if (number := next(swaps, None)) else None)
    snapshot = sources.read()
    assert [blob.content for blobs in snapshot.blobs.values() for blob in blobs] == [bundle(3), crl(3)]


def test_kubernetes_swap_there_and_back(tmp_path: Path) -> None:
    """A volume that is swapped and swapped back meanwhile leaves no trace, and is read as one all the same."""
    volume = Volume(tmp_path)
    original = (tmp_path / "..data").readlink()
    reads = 0

    def swap() -> None:
        nonlocal reads
        reads += 1
        if reads == 1:
            volume.swap(2, keep=True)
        else:
            temporary = tmp_path / "..data_tmp"
            temporary.symlink_to(original)
            temporary.replace(tmp_path / "..data")

    snapshot = Interrupted(volume, swap).read()
    assert reads == 2
    assert [blob.content for blobs in snapshot.blobs.values() for blob in blobs] == [bundle(1), crl(1)]


def test_files_that_never_stand_still(tmp_path: Path) -> None:
    """A writer that is never done is reported, not waited for."""
    volume = Volume(tmp_path)
    numbers = iter(range(2, 100))
    with pytest.raises(ConfigurationError, match="change while they are read"):
        Interrupted(volume, lambda: volume.swap(next(numbers))).read()


def test_links_of_other_kinds(tmp_path: Path) -> None:
    """Links that do not go through the volume's, and plain files beside it, are read as they are."""
    volume = Volume(tmp_path / "volume")
    write(tmp_path / "plain", b"1")
    (volume.folder / "link").symlink_to(tmp_path / "plain")
    write(volume.folder / "file", b"2")
    assert contents(Sources({"trust": [volume.folder / "link", volume.folder / "file"]})) == [b"1", b"2"]
    assert contents(Sources({"trust": volume.folder})) == [crl(1), bundle(1), b"2", b"1"]


def test_directory_that_is_a_volume(tmp_path: Path) -> None:
    """A directory that is a volume is followed as a whole."""
    volume = Volume(tmp_path)
    sources = Sources({"trust": tmp_path})
    before = sources.read()
    volume.swap(2)
    assert sources.fingerprint() != before.fingerprint
    assert contents(sources) == [crl(2), bundle(2)]
