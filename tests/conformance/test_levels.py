"""Profile `openssl` against the program ``openssl verify`` at the profile's own security level."""

import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from clientcert.testing.issued import pem
from tests.conformance.corpora import Case, cases
from tests.conformance.verdicts import LEVEL_0, mismatches, verdicts
from tests.peers import require_peer

_OPTIONS = ("-no-CAfile", "-no-CApath", "-no-CAstore", "-purpose", "sslclient", "-auth_level", "2")


def _accepts(program: str, case: Case, folder: Path) -> bool:
    """The verdict of the program at level 2."""
    groups: dict[str, Sequence[bytes]] = {"trusted": case.trusted, "untrusted": case.untrusted, "leaf": (case.leaf,)}
    for name, certificates in groups.items():
        (folder / name).write_bytes(b"".join(map(pem, certificates)))
    arguments: list[str | Path] = [
        program,
        "verify",
        *_OPTIONS,
        "-attime",
        str(int(case.at.timestamp())),
        "-trusted",
        folder / "trusted",
    ]
    if case.untrusted:
        arguments += ["-untrusted", folder / "untrusted"]
    return subprocess.run([*arguments, folder / "leaf"], capture_output=True, check=False).returncode == 0


@pytest.mark.parametrize("corpus", ["matrix", "pkits"])
def test_level_2_is_the_level_2_of_openssl(corpus: str, tmp_path: Path) -> None:
    """At its default level the profile differs from OpenSSL at that level where it differs from it without levels."""
    program = str(require_peer("openssl"))
    said = {case.id: _accepts(program, case, tmp_path) for case in cases(corpus)}
    ours = {verdict.case.id: verdict.accepted for verdict in verdicts(corpus, "openssl")}
    without_levels = mismatches("matrix", LEVEL_0).keys() if corpus == "matrix" else set()
    assert {case for case in said if said[case] != ours[case]} == without_levels
    assert not any(ours[case] and not said[case] for case in said)
