"""`ssl_context`: what it lets in, what it refuses, and how it says so."""

import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)

from clientcert.errors import ConfigurationError
from clientcert.servers import ssl_context
from clientcert.testing import CertificateAuthority, IssuedCertificate
from tests.servers.handshakes import Handshake
from tests.servers.harness import SERVER_NAME, TLS_VERSIONS, Pki


def make(pki: Pki, **changes: Any) -> ssl.SSLContext:
    """A good context but for `changes`."""
    arguments = {"certfile": pki.server.certificate, "keyfile": pki.server.key, "client_ca": pki.client_ca} | changes
    return ssl_context(arguments.pop("certfile"), arguments.pop("keyfile"), **arguments)


def certificate_let_in(server: ssl.SSLContext, client: ssl.SSLContext) -> bytes | None:
    """Shake hands and say what the server saw; raises `ssl.SSLError` where either side refuses."""
    return Handshake(server, client).run().server.getpeercert(True)


def from_elsewhere(_: Pki) -> IssuedCertificate:
    """A certificate of an authority that nobody configured."""
    return CertificateAuthority("Rogue").issue("bob")


CLIENTS: dict[str, Callable[[Pki], IssuedCertificate | None]] = {
    "none": lambda _: None,
    "issued-by-the-root": lambda pki: pki.bob,
    "intermediate-sent": lambda pki: pki.alice,
    "intermediate-not-sent": lambda pki: IssuedCertificate(der=pki.alice.der, key=pki.alice.key),
    "rogue": from_elsewhere,
    "version-1": lambda pki: pki.root.issue("old", version=1),
    "no-authority-key-identifier": lambda pki: pki.root.issue("bare", authority_key_identifier=None),
    "server-purpose-only": lambda pki: pki.root.issue("server", extended_key_usage=("serverAuth",)),
}
ALWAYS_LET_IN = {"issued-by-the-root", "intermediate-sent", "version-1", "no-authority-key-identifier"}


@pytest.mark.parametrize("version", TLS_VERSIONS)
@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("verify", ["required", "optional"])
def test_who_is_let_in(pki: Pki, verify: str, client: str, version: str) -> None:
    """The handshake table: the same on every Python, and "no certificate" is the only difference of the modes."""
    issued = CLIENTS[client](pki)
    server, context = make(pki, verify=verify), pki.client_context(issued, version=TLS_VERSIONS[version])
    if client in ALWAYS_LET_IN or (client, verify) == ("none", "optional"):
        assert certificate_let_in(server, context) == (issued and issued.der)
    else:
        with pytest.raises(ssl.SSLError):
            certificate_let_in(server, context)


def test_a_client_of_the_servers_own_authority_is_refused(pki: Pki, tmp_path: Path) -> None:
    """The chain in `certfile` names who the server is and lets no client in."""
    authority = CertificateAuthority("Server Root 2")
    issued = authority.issue(SERVER_NAME, extended_key_usage=("serverAuth",), san=[f"DNS:{SERVER_NAME}"])
    files = issued.write(tmp_path)
    (tmp_path / "chain.pem").write_bytes(issued.pem + authority.issued.pem)
    server = make(pki, certfile=tmp_path / "chain.pem", keyfile=files.key)
    for client, accepted in ((authority.issue("eve"), False), (pki.bob, True)):
        context = pki.client_context(client)
        context.load_verify_locations(tmp_path / "chain.pem")
        if accepted:
            assert certificate_let_in(server, context) == client.der
        else:
            with pytest.raises(ssl.SSLError):
                certificate_let_in(server, context)


def test_only_the_given_authorities_are_trusted(pki: Pki) -> None:
    """The system's authorities are not in the store, and no verification flag differs between Pythons."""
    context = make(pki)
    assert context.cert_store_stats() == {"x509": 1, "crl": 0, "x509_ca": 1}
    assert not context.verify_flags & (ssl.VERIFY_X509_STRICT | ssl.VERIFY_X509_PARTIAL_CHAIN)
    assert context.options & ssl.OP_NO_RENEGOTIATION
    assert context.post_handshake_auth is False


def test_old_tls_is_refused(pki: Pki) -> None:
    """TLS 1.2 is the floor, 1.3 can be; a lower floor is a configuration error."""
    assert make(pki).minimum_version == ssl.TLSVersion.TLSv1_2
    only_new = make(pki, minimum_version=ssl.TLSVersion.TLSv1_3)
    with pytest.raises(ssl.SSLError):
        certificate_let_in(only_new, pki.client_context(pki.bob, version=ssl.TLSVersion.TLSv1_2))
    assert Handshake(only_new, pki.client_context(pki.bob)).run().server.version() == "TLSv1.3"
    with pytest.raises(ConfigurationError, match=r"use TLSVersion\.TLSv1_2 or TLSv1_3"):
        make(pki, minimum_version=ssl.TLSVersion.TLSv1_1)


def test_alpn(pki: Pki) -> None:
    """ALPN is offered only when asked for."""
    client = pki.client_context(pki.bob)
    client.set_alpn_protocols(["http/1.1"])
    offering = make(pki, alpn_protocols=["h2", "http/1.1"])
    for server, chosen in ((offering, "http/1.1"), (make(pki), None)):
        assert Handshake(server, client).run().server.selected_alpn_protocol() == chosen


def test_encrypted_key(pki: Pki, tmp_path: Path) -> None:
    """An encrypted key opens with its password; without, it is refused and nobody is asked on the terminal."""
    key = tmp_path / "encrypted.key"
    key.write_bytes(encrypted(pki.server.key.read_bytes(), b"geheim"))
    assert make(pki, keyfile=key, password="geheim").verify_mode == ssl.CERT_REQUIRED
    for wrong in (None, "falsch"):
        with pytest.raises(ConfigurationError, match="the key's password"):
            make(pki, keyfile=key, password=wrong)


def test_key_in_the_certificate_file(pki: Pki, tmp_path: Path) -> None:
    """One file may hold certificate and key."""
    both = tmp_path / "both.pem"
    both.write_bytes(pki.server.certificate.read_bytes() + pki.server.key.read_bytes())
    assert make(pki, certfile=both, keyfile=None).verify_mode == ssl.CERT_REQUIRED


def encrypted(key_pem: bytes, password: bytes) -> bytes:
    """The same key under a password."""
    key = load_pem_private_key(key_pem, None)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(password))


FileOf = Callable[[Pki], bytes]
BAD_CLIENT_CA: dict[str, tuple[FileOf, str]] = {
    "empty": (lambda _: b"", "holds no PEM certificate; give the certificates of your clients' CAs"),
    "text": (lambda _: b"not a certificate\n", "holds no PEM certificate"),
    "der": (lambda pki: pki.root.issued.der, "holds no PEM certificate"),
    "truncated": (lambda pki: pki.root.issued.pem + pki.issuing.issued.pem[:-40], "is truncated: 2 certif"),
    "broken": (lambda pki: pki.root.issued.pem.replace(b"MII", b"M!I", 1), "cannot be read as PEM certificates"),
    "second-broken": (
        lambda pki: pki.root.issued.pem + pki.issuing.issued.pem.replace(b"MII", b"AAA", 1),
        "cannot be read as PEM certificates",
    ),
    "with-key": (lambda pki: pki.root.issued.pem + pki.root.issued.key_pem, "holds a private key"),
    "no-ca": (lambda pki: pki.bob.pem, "1 of 1 certificates that are no CA's; give the issuers"),
    "one-no-ca": (lambda pki: pki.root.issued.pem + pki.bob.pem, "1 of 2 certificates that are no CA's"),
}


@pytest.mark.parametrize("row", BAD_CLIENT_CA)
def test_bad_client_ca(pki: Pki, tmp_path: Path, row: str) -> None:
    """A file that is not wholly CA certificates is refused, with the file and the way out in the text."""
    content, message = BAD_CLIENT_CA[row]
    path = tmp_path / "ca.pem"
    path.write_bytes(content(pki))
    with pytest.raises(ConfigurationError) as refused:
        make(pki, client_ca=path)
    assert message in str(refused.value)
    assert str(path) in str(refused.value)
    path.write_bytes(b"# Wurzel f\xc3\xbcr alle\n" + pki.root.issued.pem + pki.issuing.issued.pem)
    assert make(pki, client_ca=path).cert_store_stats()["x509_ca"] == 2


BAD_FILES = ("certfile", "keyfile", "client_ca")


@pytest.mark.parametrize("argument", BAD_FILES)
def test_missing_file(pki: Pki, tmp_path: Path, argument: str) -> None:
    """A missing file and a directory are refused with the name of the argument."""
    for path, cause in ((tmp_path / "nowhere.pem", "No such file"), (tmp_path, "Is a directory")):
        with pytest.raises(ConfigurationError, match=f"^{argument} '{path}' cannot be read: {cause}"):
            make(pki, **{argument: path})


def test_key_of_another_certificate(pki: Pki, tmp_path: Path) -> None:
    """A key that is not the certificate's is refused, and so is a certificate file without a certificate."""
    other = pki.bob.write(tmp_path).key
    with pytest.raises(ConfigurationError, match=r"cannot be used: KEY_VALUES_MISMATCH; give the PEM certificate"):
        make(pki, keyfile=other)
    with pytest.raises(ConfigurationError, match="cannot be used"):
        make(pki, certfile=other)


@pytest.mark.parametrize(
    ("verify", "message"),
    [
        ("none", "never asks for a client certificate.*use 'optional'"),
        ("OPTIONAL", "verify is 'OPTIONAL'; use 'required' or 'optional'"),
        (None, "verify is None; use"),
    ],
    ids=str,
)
def test_verify(pki: Pki, verify: Any, message: str) -> None:
    """Every `verify` but the two is refused, "none" with the way out."""
    with pytest.raises(ConfigurationError, match=message):
        make(pki, verify=verify)
