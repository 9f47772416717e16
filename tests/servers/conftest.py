"""Certificates shared by the tests of the server bridges."""

import pytest

from tests.servers.harness import Pki


@pytest.fixture(scope="session")
def pki(tmp_path_factory: pytest.TempPathFactory) -> Pki:
    """One public key infrastructure for all server tests of the run."""
    return Pki(tmp_path_factory.mktemp("pki"))
