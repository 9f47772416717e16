"""Keys and signatures: every algorithm signs, and what is meant to be wrong is wrong."""

from collections.abc import Callable
from typing import Any

import pytest
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, padding, rsa

from clientcert.testing import CertificateAuthority, make_key
from clientcert.testing.knobs import Knobs
from tests.testing.conftest import CLOCK


@pytest.mark.parametrize(
    ("key", "read", "expected"),
    [
        ("ec", lambda k: k.curve.name, "secp256r1"),
        ("ec-p256", lambda k: k.curve.name, "secp256r1"),
        ("ec-p384", lambda k: k.curve.name, "secp384r1"),
        ("ec-p521", lambda k: k.curve.name, "secp521r1"),
        ("ec-secp256k1", lambda k: k.curve.name, "secp256k1"),
        ("ec-brainpool-p256", lambda k: k.curve.name, "brainpoolP256r1"),
        ("rsa", lambda k: k.key_size, 2048),
        ("rsa-1024", lambda k: k.key_size, 1024),
        ("rsa-2048", lambda k: k.key_size, 2048),
        ("rsa-3072", lambda k: k.key_size, 3072),
        ("ed25519", type, type(ed25519.Ed25519PrivateKey.generate().public_key())),
        ("ed448", type, type(ed448.Ed448PrivateKey.generate().public_key())),
    ],
)
def test_each_key_type_is_certified_and_signs(key: Any, read: Callable[[Any], object], expected: object) -> None:
    """An authority with this key issues a leaf with a key like its own, and the signature holds."""
    root = CertificateAuthority(key=key, now=CLOCK)
    client = root.issue("svc-a")
    assert read(client.certificate.public_key()) == expected
    assert client.certificate.public_key() == client.key.public_key()
    client.certificate.verify_directly_issued_by(root.certificate)


@pytest.mark.parametrize("signature_hash", ["sha224", "sha256", "sha384", "sha512"])
@pytest.mark.parametrize("signature_padding", ["pkcs1", "pss"])
@pytest.mark.parametrize("key", ["rsa", "ec"])
def test_each_signature_algorithm_verifies(key: Any, signature_padding: Any, signature_hash: Any) -> None:
    """Hash and padding are named in the certificate as they were used."""
    root = CertificateAuthority(key=key, seed=1, now=CLOCK)
    client = root.issue("svc-a", signature_hash=signature_hash, signature_padding=signature_padding).certificate
    client.verify_directly_issued_by(root.certificate)
    parameters = client.signature_algorithm_parameters
    is_pss = key == "rsa" and signature_padding == "pss"
    assert isinstance(parameters, padding.PSS if is_pss else (padding.PKCS1v15, ec.ECDSA))


@pytest.mark.parametrize("signature_hash", ["md5", "sha1"])
def test_broken_hashes_are_named_and_right(signature_hash: Any) -> None:
    """A signature with MD5 or SHA-1 is a true one, so that a test can see it refused for its hash alone."""
    root = CertificateAuthority(key="rsa", seed=1, now=CLOCK)
    client = root.issue("svc-a", signature_hash=signature_hash).certificate
    public_key = root.certificate.public_key()
    assert isinstance(public_key, rsa.RSAPublicKey)
    algorithm = {"md5": hashes.MD5(), "sha1": hashes.SHA1()}[signature_hash]  # noqa: S303 - the subject of this test
    public_key.verify(client.signature, client.tbs_certificate_bytes, padding.PKCS1v15(), algorithm)


@pytest.mark.parametrize("key", ["ec", "rsa", "ed25519", "ed448"])
@pytest.mark.parametrize("wrong", ["corrupt", "other-key"])
def test_a_wrong_signature_is_wrong(key: Any, wrong: str) -> None:
    """A flipped bit and another key are both refused; the twin without the knob verifies."""
    root = CertificateAuthority(key=key, seed=1, now=CLOCK)
    knobs = Knobs(corrupt_signature=True) if wrong == "corrupt" else Knobs(signing_key=make_key(key, seed=2))
    with pytest.raises(InvalidSignature):
        root.issue("svc-a", **knobs).certificate.verify_directly_issued_by(root.certificate)
    root.issue("svc-a").certificate.verify_directly_issued_by(root.certificate)


@pytest.mark.parametrize("key", ["ec", "rsa", "ed25519", "ed448"])
def test_a_version_1_leaf_verifies(key: Any) -> None:
    """The library cannot sign version 1, but checks that we did."""
    root = CertificateAuthority(key=key, seed=1, now=CLOCK)
    leaf = root.issue("Fern", version=1, serial_number=2).certificate
    assert leaf.version is x509.Version.v1
    leaf.verify_directly_issued_by(root.certificate)


def test_contradicting_algorithms_are_a_knob(authority: CertificateAuthority) -> None:
    """The signed part names another hash than the signature: refused; the same hash twice is not."""
    with pytest.raises(ValueError, match="Inner and outer"):
        authority.issue("svc-a", inner_signature_hash="sha512").certificate.verify_directly_issued_by(
            authority.certificate
        )
    honest = authority.issue("svc-a", inner_signature_hash="sha256").certificate
    honest.verify_directly_issued_by(authority.certificate)
