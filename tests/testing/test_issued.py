"""What the authority hands out, in the forms that servers, proxies and tests take."""

import json
from pathlib import Path

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding

from clientcert.testing import CertificateAuthority
from clientcert.testing.issued import escape_pem

CAPTURES = Path(__file__).parents[1] / "data" / "captures"


def test_files_are_those_of_a_tls_peer(authority: CertificateAuthority, tmp_path: Path) -> None:
    """Certificate, chain and key are written, over older ones too, and the key is the owner's alone."""
    client = authority.intermediate("Issuing").issue("svc-a", extended_key_usage=["serverAuth"])
    (tmp_path / "server.key").touch(mode=0o644)
    files = client.write(tmp_path, name="server")
    assert files.certificate.read_bytes() == client.pem
    assert files.chain.read_bytes() == client.chain_pem
    assert files.key.read_bytes() == client.key_pem
    assert files.key.stat().st_mode & 0o777 == 0o600
    assert client.write(str(tmp_path / "new")).certificate == tmp_path / "new" / "client.crt"


def test_pem_is_what_everybody_else_writes(authority: CertificateAuthority) -> None:
    """Our PEM equals cryptography's, for several lengths of the last line."""
    for length in range(8):
        client = authority.issue("x" * (length + 1))
        assert client.pem == client.certificate.public_bytes(Encoding.PEM)


def test_escaped_pem_is_the_header_value_of_nginx(authority: CertificateAuthority) -> None:
    """All but unreserved characters is escaped in upper case, the last line break too."""
    escaped = authority.issue("svc-a").escaped_pem
    assert escaped.startswith(b"-----BEGIN%20CERTIFICATE-----%0AMII")
    assert escaped.endswith(b"%0A-----END%20CERTIFICATE-----%0A")
    assert not set(escaped) & set(b"+/=\n ")


def test_escaped_pem_equals_what_a_real_nginx_sent() -> None:
    """The captured header value of the tutorial's client is the escaped text of its file, octet for octet."""
    capture = json.loads((CAPTURES / "nginx.json").read_bytes())["nginx/optional-fern-client"]
    (sent,) = (value for name, value in capture["request_headers"] if name.lower() == "ssl-client-cert")
    assert escape_pem((CAPTURES / "certs" / "fern-client.pem").read_bytes()) == sent.encode("ascii")


def test_a_private_key_does_not_show_itself(authority: CertificateAuthority) -> None:
    """The representation of an issued certificate names no key."""
    assert "key" not in repr(authority.issue("svc-a"))


def test_fingerprint_is_that_of_the_certificate(authority: CertificateAuthority) -> None:
    """It agrees with cryptography's."""
    client = authority.issue("svc-a")
    assert client.fingerprint_sha256 == client.certificate.fingerprint(hashes.SHA256()).hex()
