"""Certificates shared by the tests of the server bridges."""

import pytest

from tests.servers.harness import Pki
from tests.servers.matrix import MatrixPki


@pytest.fixture(scope="session")
def pki(tmp_path_factory: pytest.TempPathFactory) -> Pki:
    """One public key infrastructure for all server tests of the run."""
    return Pki(tmp_path_factory.mktemp("pki"))


@pytest.fixture(scope="session")
def matrix_pki(tmp_path_factory: pytest.TempPathFactory) -> MatrixPki:
    """The certificates of the matrix, which the servers' CA file suits."""
    return MatrixPki(tmp_path_factory.mktemp("matrix"))
