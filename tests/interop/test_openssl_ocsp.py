"""OCSP against a real responder: ``openssl ocsp`` with an index of certificates."""

import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from clientcert.core.certificate import ParsedCertificate, parse_certificate
from clientcert.core.limits import Limits
from clientcert.core.verification.ocsp import OcspRules
from clientcert.core.verification.revocation import Good, RevocationStatus, Revoked, Unknown
from clientcert.runtime.ocsp import OcspChecker
from clientcert.testing import CertificateAuthority, IssuedCertificate
from tests.peers import require_peer

# The responder has the machine's clock, so these certificates have it too.
ROOT = CertificateAuthority("OCSP Test CA", seed="ocsp interop")
GOOD = ROOT.issue("good", serial_number=0x1001)
GONE = ROOT.issue("gone", serial_number=0x1002)
STRANGE = ROOT.issue("strange", serial_number=0x1003)
DELEGATE = ROOT.issue("responder", extended_key_usage=["OCSPSigning"], san=None)
CLIENT = ROOT.issue("client", san=None)


@contextmanager
def responder(folder: Path, signer: IssuedCertificate, *options: str) -> Iterator[str]:
    """Run ``openssl ocsp`` and yield its URL."""
    openssl = require_peer("openssl")
    (folder / "ca.crt").write_bytes(ROOT.pem)
    files = signer.write(folder, name="signer")
    expiry = "400101000000Z"
    (folder / "index.txt").write_text(
        f"V\t{expiry}\t\t1001\tunknown\t/CN=good\nR\t{expiry}\t251101000000Z,keyCompromise\t1002\tunknown\t/CN=gone\n"
    )
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [str(openssl), "ocsp", "-port", str(port), "-index", "index.txt", "-CA", "ca.crt", *options]
    command += ["-rsigner", str(files.certificate), "-rkey", str(files.key)]
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        try:
            _wait_until_ready(process)
            yield f"http://127.0.0.1:{port}/"
        finally:
            process.terminate()


def _wait_until_ready(process: "subprocess.Popen[str]") -> None:
    # Not by connecting: a connection without a request keeps this responder busy for good.
    lines = []
    for line in process.stdout or ():
        lines.append(line)
        if "waiting for OCSP client connections" in line:
            return
    raise AssertionError(f"openssl ocsp did not start: {lines}")


def _status(url: str, certificate: IssuedCertificate, rules: OcspRules) -> RevocationStatus:
    checker = OcspChecker(url, rules=rules, background=False)
    leaf, issuer = _parsed(certificate.der), _parsed(ROOT.der)
    assert isinstance(checker.check(leaf, issuer, at=datetime.now(UTC)).status, Unknown)
    assert checker.refresh_due() == 1
    return checker.check(leaf, issuer, at=datetime.now(UTC)).status


def _parsed(der: bytes) -> ParsedCertificate:
    return parse_certificate(der, limits=Limits())


@pytest.mark.parametrize("issuer_hash", ["sha1", "sha256"])
@pytest.mark.parametrize("signer", [pytest.param(ROOT.issued, id="issuer"), pytest.param(DELEGATE, id="delegate")])
@pytest.mark.parametrize("options", [pytest.param((), id="by-name"), pytest.param(("-resp_key_id",), id="by-key")])
def test_answers(tmp_path: Path, signer: IssuedCertificate, options: tuple[str, ...], issuer_hash: str) -> None:
    """Good, revoked and unknown come as such, from the issuer and from its delegate, by name and by key."""
    rules = OcspRules(issuer_hash=issuer_hash)
    with responder(tmp_path, signer, "-nmin", "10", *options) as url:
        assert isinstance(_status(url, GOOD, rules), Good)
        assert _status(url, GONE, rules) == Revoked(
            source=_status(url, GONE, rules).source,  # type: ignore[union-attr]
            reason="keyCompromise",
            when=datetime(2025, 11, 1, tzinfo=UTC),
        )
        strange = _status(url, STRANGE, rules)
    assert isinstance(strange, Unknown)
    assert "does not know the certificate" in strange.why


def test_responder_that_nobody_has_allowed(tmp_path: Path) -> None:
    """A client's certificate signs no answers, though its CA is the right one."""
    with responder(tmp_path, CLIENT, "-nmin", "10") as url:
        status = _status(url, GOOD, OcspRules())
    assert isinstance(status, Unknown)
    assert "signed neither by the issuer" in status.why


def test_answers_without_end(tmp_path: Path) -> None:
    """A responder that never says when it will know more needs a longest age."""
    with responder(tmp_path, DELEGATE) as url:
        endless = _status(url, GOOD, OcspRules())
        bounded = _status(url, GOOD, OcspRules(max_age=timedelta(minutes=10)))
    assert isinstance(endless, Unknown)
    assert "max_age is not set" in endless.why
    assert isinstance(bounded, Good)
