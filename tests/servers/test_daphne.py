"""Our command in the place of daphne's: what it refuses before it serves."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.servers.harness import ROOT, Pki
from tests.servers.matrix import MatrixPki

APP = "tests.servers.echo:app"


def run(*options: str) -> subprocess.CompletedProcess[str]:
    """Run the command, which is expected to end by itself."""
    command = [sys.executable, "-m", "clientcert.servers.daphne", "-p", "0", *options, APP]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=30)


@pytest.mark.parametrize("left_out", ["--certfile", "--keyfile", "--client-ca"])
def test_half_a_tls_configuration(left_out: str, pki: Pki) -> None:
    """TLS with a file missing is refused, not served without."""
    files = {
        "--certfile": str(pki.server.certificate),
        "--keyfile": str(pki.server.key),
        "--client-ca": str(pki.client_ca),
    }
    del files[left_out]
    done = run(*(part for pair in files.items() for part in pair))
    assert done.returncode == 2
    assert "TLS needs all of --certfile, --keyfile and --client-ca" in done.stderr


def test_file_that_is_no_ca(pki: Pki) -> None:
    """A client CA file that holds the server's certificate is refused in the words of `ssl_context`."""
    files = ("--certfile", str(pki.server.certificate), "--keyfile", str(pki.server.key))
    done = run(*files, "--client-ca", str(pki.server.certificate))
    assert done.returncode == 1
    assert "are no CA's; give the issuers of the client certificates" in done.stderr
    assert "Traceback" not in done.stderr


CODE = """
import sys
from OpenSSL import SSL
from clientcert.servers.daphne import certificate_options

certfile, keyfile, client_ca = sys.argv[1:]
for verify in ("required", "optional"):
    context = certificate_options(certfile, keyfile, client_ca, verify=verify).getContext()
    mode = context.get_verify_mode()
    print(bool(mode & SSL.VERIFY_PEER), bool(mode & SSL.VERIFY_FAIL_IF_NO_PEER_CERT))
"""


def test_verification(matrix_pki: MatrixPki, tmp_path: Path) -> None:
    """Both modes verify; only the required one insists. A chain and comments in the files do no harm."""
    certfile = tmp_path / "server.pem"
    pem = matrix_pki.server.chain.read_bytes()
    certfile.write_bytes("# Zertifikat für den Server\n".encode() + pem + matrix_pki.server_ca.read_bytes() + b"\n\n")
    files = (certfile, matrix_pki.server.key, matrix_pki.client_ca)
    command = [sys.executable, "-c", CODE, *map(str, files)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["True", "True", "True", "False"]
