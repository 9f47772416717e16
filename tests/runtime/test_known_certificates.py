"""What the generation before has read is not read again."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from clientcert.core.verification import StandardVerifier
from clientcert.core.verification.authority import Authority
from clientcert.core.verification.generation import TrustGeneration
from clientcert.errors import ConfigurationError
from clientcert.runtime.files import Sources
from tests.core.verification.kit import NOW, authority
from tests.runtime.trust_kit import BUILDER, ROOT, link

_ROOTS = [authority(f"Root {number}") for number in range(20)]


def _build(folder: Path, previous: TrustGeneration | None = None) -> TrustGeneration:
    sources = Sources({"trust": folder})
    return BUILDER(sources.read(), number=1, previous=previous, at=NOW)


def _authorities(generation: TrustGeneration) -> Mapping[bytes, Authority]:
    assert isinstance(generation.verifier, StandardVerifier)
    return generation.verifier.store.authorities


@pytest.mark.parametrize("count", [3, 20], ids=["few", "many"])
def test_only_what_is_new_is_read(count: int, tmp_path: Path) -> None:
    """After one CA of a bundle has changed, the others are the very values of before, checked or not."""
    for number, root in enumerate(_ROOTS[:count]):
        (tmp_path / f"{number:02}.pem").write_bytes(root.pem)
    first = _build(tmp_path)
    (tmp_path / "00.pem").write_bytes(ROOT.pem + link(1).pem)
    second = _build(tmp_path, first)
    before, after = _authorities(first), _authorities(second)
    assert after.keys() - before.keys() == {ROOT.der, link(1).der}
    assert before.keys() - after.keys() == {_ROOTS[0].der}
    assert all(after[der] is before[der] for der in after.keys() & before.keys())
    assert len(second.known_issuers or ()) == len(second.description) == count + 1


def test_plain_roots_are_told_by_their_number_in_all_files(tmp_path: Path) -> None:
    """A folder with one certificate in each of many files is one large bundle."""
    for number, root in enumerate(_ROOTS):
        (tmp_path / f"{number:02}.pem").write_bytes(root.pem)
    assert all(authority.is_plain for authority in _authorities(_build(tmp_path)).values())
    for number in range(4, 20):
        (tmp_path / f"{number:02}.pem").unlink()
    assert not any(authority.is_plain for authority in _authorities(_build(tmp_path)).values())


@pytest.mark.parametrize("count", [3, 20], ids=["few", "many"])
def test_broken_file_among_them_is_named(count: int, tmp_path: Path) -> None:
    """One file that is no certificate, and the error names it, however many there are."""
    for number, root in enumerate(_ROOTS[:count]):
        (tmp_path / f"{number:02}.pem").write_bytes(root.pem)
    assert _build(tmp_path).number == 1
    (tmp_path / "broken.der").write_bytes(_ROOTS[0].der[:-1])
    with pytest.raises(ConfigurationError, match=r"broken\.der': trust: octets: not an X\.509 certificate"):
        _build(tmp_path)
