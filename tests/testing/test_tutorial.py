"""The tutorials' certificates: the shape of the captured originals, by openssl and without it."""

import shlex
from collections.abc import Callable
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import rsa

from clientcert.testing.issued import CertificateFiles
from clientcert.testing.keys import load_key
from clientcert.testing.tutorial import TutorialCertificates, make_tutorial_certificates
from tests.peers import require_peer

CAPTURED = Path(__file__).parents[1] / "data" / "captures" / "certs"


@pytest.fixture(scope="module", params=["openssl", "own"])
def tutorial(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> TutorialCertificates:
    """The files, made by the program and made without it."""
    program = str(require_peer("openssl")) if request.param == "openssl" else None
    return make_tutorial_certificates(tmp_path_factory.mktemp("tutorial") / "made", openssl=program)


def read(files: CertificateFiles) -> x509.Certificate:
    """Load the certificate of some files."""
    return x509.load_pem_x509_certificate(files.certificate.read_bytes())


def shape(certificate: x509.Certificate) -> dict[str, object]:
    """Return all of a certificate that does not differ from one run of the tutorial to the next."""
    return {
        "version": certificate.version,
        "serial": certificate.serial_number if certificate.serial_number < 1 << 16 else "random",
        "subject": certificate.subject.public_bytes(),
        "issuer": certificate.issuer.public_bytes(),
        "lifetime": certificate.not_valid_after_utc - certificate.not_valid_before_utc,
        "signature": certificate.signature_algorithm_oid,
        "extensions": {(extension.oid, extension.critical) for extension in certificate.extensions},
    }


@pytest.mark.parametrize(
    ("name", "captured"),
    [
        ("fern_ca", "fern-ca.pem"),
        ("fern_client", "fern-client.pem"),
        ("public_ca", "aks-public-ca.pem"),
        ("internal_ca", "aks-internal-ca.pem"),
        ("internal_client", "aks-client.pem"),
    ],
)
def test_they_look_like_the_captured_originals(name: str, captured: str, tutorial: TutorialCertificates) -> None:
    """Version, serial number, names, lifetime, signature algorithm and extensions are the same."""
    original = x509.load_pem_x509_certificate((CAPTURED / captured).read_bytes())
    assert shape(read(getattr(tutorial, name))) == shape(original)


@pytest.mark.parametrize(
    ("client", "issuer", "version"),
    [
        ("fern_ca", "fern_ca", x509.Version.v3),
        ("fern_server", "fern_ca", x509.Version.v3),
        ("fern_client", "fern_ca", x509.Version.v1),
        ("public_ca", "public_ca", x509.Version.v3),
        ("public_server", "public_ca", x509.Version.v3),
        ("internal_ca", "internal_ca", x509.Version.v3),
        ("internal_client", "internal_ca", x509.Version.v1),
        ("expired_client", "internal_ca", x509.Version.v1),
        ("public_client", "public_ca", x509.Version.v1),
        ("unknown_ca", "unknown_ca", x509.Version.v3),
        ("unknown_client", "unknown_ca", x509.Version.v1),
    ],
)
def test_each_is_issued_by_its_authority_and_has_its_key(
    client: str, issuer: str, version: x509.Version, tutorial: TutorialCertificates
) -> None:
    """The signature holds, the version is the tutorial's, the key is an RSA key of 2048 bits that nobody else reads."""
    files: CertificateFiles = getattr(tutorial, client)
    certificate = read(files)
    certificate.verify_directly_issued_by(read(getattr(tutorial, issuer)))
    assert certificate.version is version
    key = load_key(files.key.read_bytes())
    assert isinstance(key, rsa.RSAPrivateKey)
    assert (key.public_key(), key.key_size) == (certificate.public_key(), 2048)
    assert files.key.stat().st_mode & 0o777 == 0o600
    assert files.chain == files.certificate


def test_servers_answer_for_the_loopback(tutorial: TutorialCertificates) -> None:
    """Both are valid for localhost and 127.0.0.1."""
    for files in (tutorial.fern_server, tutorial.public_server):
        names = read(files).extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        assert names.get_values_for_type(x509.DNSName) == ["localhost"]
        assert [str(address) for address in names.get_values_for_type(x509.IPAddress)] == ["127.0.0.1"]


def test_the_expired_client_is_over_and_the_good_one_is_not(tutorial: TutorialCertificates) -> None:
    """Both have begun in the past; they differ in their end and their serial number."""
    now = datetime.now(UTC)
    expired, good = read(tutorial.expired_client), read(tutorial.internal_client)
    assert expired.not_valid_before_utc < expired.not_valid_after_utc < now - timedelta(days=29)
    assert good.not_valid_before_utc <= now < good.not_valid_after_utc
    assert (expired.subject, expired.serial_number, good.serial_number) == (good.subject, 3, 2)


@pytest.mark.parametrize(
    ("client", "verdict"),
    [
        ("fern_client", "OK"),
        ("internal_client", "OK"),
        ("expired_client", "certificate has expired"),
        ("public_client", "unable to get local issuer certificate"),
        ("unknown_client", "unable to get local issuer certificate"),
    ],
)
def test_openssl_accepts_two_and_refuses_three(
    client: str, verdict: str, tutorial: TutorialCertificates, openssl: Callable[..., str]
) -> None:
    """Against the bundle of the server's client authorities, each has the verdict it is there for."""
    files: CertificateFiles = getattr(tutorial, client)
    printed = openssl(
        "verify", "-purpose", "sslclient", "-CAfile", str(tutorial.client_authorities), str(files.certificate)
    )
    assert verdict in printed


def test_no_two_have_the_same_key(tutorial: TutorialCertificates) -> None:
    """Eleven certificates, eleven keys."""
    keys = {getattr(tutorial, field.name).key.read_bytes() for field in fields(tutorial)[:11]}
    assert len(keys) == 11


def test_nothing_else_is_left_in_the_folder(tutorial: TutorialCertificates) -> None:
    """Requests and extension files are gone: both ways leave the same files."""
    names = {path.suffix for path in tutorial.client_authorities.parent.iterdir()}
    assert names == {".crt", ".key"}
    assert len(list(tutorial.client_authorities.parent.iterdir())) == 23


def test_it_says_who_made_them(tutorial: TutorialCertificates) -> None:
    """The version of the program, or our own name."""
    assert tutorial.made_by.startswith(("OpenSSL ", "LibreSSL ", "clientcert.testing"))


def test_a_program_that_writes_version_3_is_corrected(tmp_path: Path) -> None:
    """Where x509 -req adds extensions on its own, as OpenSSL does from 3.2 on, leaves are version 1 all the same."""
    openssl = require_peer("openssl")
    modern = tmp_path / "openssl"
    extensions = tmp_path / "modern.ext"
    extensions.write_text("subjectKeyIdentifier=hash\n")
    forced = tmp_path / "forced"
    modern.write_text(
        "#!/bin/sh\n"
        'case "$* " in *-extfile*) ;;\n'
        f"'x509 '*) set -- \"$@\" -extfile {shlex.quote(str(extensions))}; touch {shlex.quote(str(forced))} ;;\n"
        f'esac\nexec {shlex.quote(str(openssl))} "$@"\n'
    )
    modern.chmod(0o755)
    made = make_tutorial_certificates(tmp_path / "made", openssl=str(modern))
    client = read(made.fern_client)
    assert forced.exists()
    assert (client.version, client.serial_number) == (x509.Version.v1, 2)
    client.verify_directly_issued_by(read(made.fern_ca))
    assert load_key(made.fern_client.key.read_bytes()).public_key() == client.public_key()


def test_a_program_that_is_not_there_is_named(tmp_path: Path) -> None:
    """The text says which, and the way out."""
    with pytest.raises(FileNotFoundError, match=r"no program 'no-such-openssl': .* openssl=None"):
        make_tutorial_certificates(tmp_path, openssl="no-such-openssl")


def test_a_program_that_fails_is_quoted(tmp_path: Path) -> None:
    """The text has the command, its message, and the way out."""
    broken = tmp_path / "openssl"
    broken.write_text("#!/bin/sh\n[ $1 = version ] || { echo out of order >&2; exit 1; }\n")
    broken.chmod(0o755)
    with pytest.raises(RuntimeError, match=r"openssl req -x509 .* failed: out of order; give openssl=None"):
        make_tutorial_certificates(tmp_path, openssl=str(broken))


def test_the_server_authority_does_not_verify_the_clients(tutorial: TutorialCertificates) -> None:
    """Two separate authorities: neither vouches for the other's certificates."""
    with pytest.raises((InvalidSignature, ValueError)):
        read(tutorial.internal_client).verify_directly_issued_by(read(tutorial.public_ca))
