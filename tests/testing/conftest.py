"""A fixed clock, one authority, and the openssl program where there is one."""

import subprocess
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from clientcert.testing import CertificateAuthority
from tests.peers import require_peer

CLOCK = datetime(2026, 11, 21, 23, tzinfo=UTC)


@pytest.fixture
def clock() -> datetime:
    """The time all certificates of these tests are issued and verified at."""
    return CLOCK


@pytest.fixture(scope="session")
def authority() -> CertificateAuthority:
    """A root with a seed and a fixed clock."""
    return CertificateAuthority("Tests' Root", seed="tests/testing", now=CLOCK)


@pytest.fixture
def openssl(tmp_path: Path) -> Callable[..., str]:
    """Run the openssl program; bytes among the arguments become files; returns what it prints, errors included."""
    program = require_peer("openssl")

    def run(*arguments: str | bytes) -> str:
        command = [str(program)]
        for number, argument in enumerate(arguments):
            if isinstance(argument, bytes):
                path = tmp_path / f"{number}.pem"
                path.write_bytes(argument)
                argument = str(path)  # noqa: PLW2901 - the file stands for its content
            command.append(argument)
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        return done.stdout + done.stderr

    return run
