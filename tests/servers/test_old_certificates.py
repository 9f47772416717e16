"""
What the usual recipe makes: a CA of ``openssl req -x509`` has no key usage, ``openssl x509 -req`` issues X.509 v1.

Since Python 3.13 `ssl.create_default_context` refuses clients of such a CA, and certificates without an authority key
identifier (VERIFY_X509_STRICT); and with it the servers that make their TLS contexts by it.
`clientcert.servers.ssl_context` does not, and the profile ``standard`` decides.
"""

import ssl
import sys
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from clientcert.servers import ssl_context
from clientcert.testing import CertificateAuthority
from tests.servers.exchange import ask
from tests.servers.handshakes import Handshake
from tests.servers.harness import RunningServer
from tests.servers.launching import LAUNCHES, Serve, hypercorn, python
from tests.servers.matrix import MatrixPki
from tests.servers.soaking import SERVERS

IS_STRICT_PYTHON = sys.version_info >= (3, 13)
STRICT = ssl.VERIFY_X509_STRICT | ssl.VERIFY_X509_PARTIAL_CHAIN
Start = Callable[[MatrixPki, Path], AbstractContextManager[RunningServer]]


class RecipePki(MatrixPki):
    """The matrix's certificates, and a CA of the usual recipe that servers and apps trust beside its CAs."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        recipe = CertificateAuthority("Recipe", key_usage=None)
        self.client_ca.write_bytes(self.client_ca.read_bytes() + recipe.issued.pem)
        self.old = {
            "version 1, of a CA without key usage": recipe.issue("old", version=1),
            "no authority key identifier": self.root.issue("bare", authority_key_identifier=None),
        }


@pytest.fixture(scope="module")
def pki(tmp_path_factory: pytest.TempPathFactory) -> RecipePki:
    """Certificates of their own, because their CA file is another one."""
    return RecipePki(tmp_path_factory.mktemp("recipe"))


def test_flags(pki: RecipePki) -> None:
    """The flags alone make the difference: Python's default context has them since 3.13, ours never has."""
    files = pki.server.certificate, pki.server.key
    default = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=pki.client_ca)
    default.load_cert_chain(*files)
    default.verify_mode = ssl.CERT_REQUIRED
    assert bool(default.verify_flags & STRICT) is IS_STRICT_PYTHON
    ours = ssl_context(*files, client_ca=pki.client_ca)
    for issued in pki.old.values():
        client = pki.client_context(issued)
        default.verify_flags |= STRICT
        with pytest.raises(ssl.SSLError):
            Handshake(default, client).run()
        default.verify_flags &= ~STRICT
        for context in (default, ours):
            assert Handshake(context, client).run().server.getpeercert(True) == issued.der


def lenient_hypercorn(pki: MatrixPki, folder: Path) -> AbstractContextManager[RunningServer]:
    """Set hypercorn's ``verify_flags``, as the documentation says."""
    configuration = folder / "hypercorn.toml"
    configuration.write_text(f"verify_flags = {int(ssl.VERIFY_X509_TRUSTED_FIRST)}\n", encoding="ascii")
    command = hypercorn("--config", str(configuration))
    return python(command, MATRIX_INSTALL="hypercorn")(pki, "optional", folder)


def _as_it_comes(serve: Serve) -> Start:
    return lambda pki, folder: serve(pki, "optional", folder)


# How it is served, and whether its context is Python's default.
SERVED: Mapping[str, tuple[Start, bool]] = {
    "uvicorn": (_as_it_comes(LAUNCHES["uvicorn httptools"].serve), False),
    "gunicorn asgi": (_as_it_comes(LAUNCHES["gunicorn asgi"].serve), True),
    "gunicorn gthread": (_as_it_comes(LAUNCHES["gunicorn gthread"].serve), True),
    "gunicorn gthread, with our context": (SERVERS["gunicorn"][0], False),
    "hypercorn": (_as_it_comes(LAUNCHES["hypercorn"].serve), True),
    "hypercorn, verify_flags": (lenient_hypercorn, False),
    "werkzeug, with our context": (_as_it_comes(LAUNCHES["werkzeug"].serve), False),
    "cheroot, with our context": (_as_it_comes(LAUNCHES["cheroot"].serve), False),
}


@pytest.mark.parametrize("server", SERVED)
def test_server(server: str, pki: RecipePki, tmp_path: Path) -> None:
    """With Python's default context they are let in before 3.13 only, with ours always, and then are an identity."""
    start, is_default = SERVED[server]
    with start(pki, tmp_path) as running:
        for name, issued in pki.old.items():
            answer = ask(running, pki.client_context(issued), "h1")
            wanted = (None, None) if is_default and IS_STRICT_PYTHON else (200, issued.fingerprint_sha256)
            assert (answer.status, answer.who) == wanted, (name, running.log)
