"""Authorities and keys that take long to make, made once."""

import pytest
from cryptography.hazmat.primitives.asymmetric import dsa, ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from clientcert.core.der import encode_tlv
from clientcert.testing import CertificateAuthority
from tests.conformance.corpora import cases
from tests.conformance.mutants import Node, parse, sign
from tests.core.verification.kit import authority

_RSA_BITS = (1024, 2040)
_EXPLICIT_P256 = (
    "3081f7020101302c06072a8648ce3d0101022100ffffffff00000001000000000000000000000000ffffffffffffffffffffffff305b0420"
    "ffffffff00000001000000000000000000000000fffffffffffffffffffffffc04205ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53"
    "b0f63bce3c3e27d2604b031500c49d360886e704936a6678e1139d26b7819f7e900441046b17d1f2e12c4247f8bce6e563a440f277037d81"
    "2deb33a0f4a13945d898c2964fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5022100ffffffff00000000ff"
    "ffffffffffffffbce6faada7179e84f3b9cac2fc632551020101"
)


def replace_key(leaf: bytes, spki: Node, issuer: CertificateAuthority) -> bytes:
    """Put another key into a certificate, and sign it again."""
    tbs = (parse(leaf).children or [])[0]
    (tbs.children or [])[6] = spki
    key = issuer.issued.key
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    return sign(tbs.encode(), key)


@pytest.fixture(scope="session")
def weak_keys() -> dict[str, bytes]:
    """One certificate for each kind of key that no client ought to have, and the root of all of them."""
    root = authority()
    leaf = root.issue("client.example").der
    keys: dict[str, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | dsa.DSAPrivateKey] = {
        **{f"rsa-{bits}": rsa.generate_private_key(65537, bits) for bits in _RSA_BITS},
        "rsa-exponent-3": rsa.generate_private_key(3, 2048),
        "p-224": ec.generate_private_key(ec.SECP224R1()),
        "secp256k1": ec.generate_private_key(ec.SECP256K1()),
        "dsa": dsa.generate_private_key(2048),
    }
    spkis = {
        name: parse(key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))
        for name, key in keys.items()
    }
    spkis["explicit-curve"] = parse(keys_explicit_curve())
    return {"root": root.der, **{name: replace_key(leaf, spki, root) for name, spki in spkis.items()}}


def keys_explicit_curve() -> bytes:
    """A P-256 key whose curve is written out instead of named."""
    spki = ec.derive_private_key(7, ec.SECP256R1()).public_key()
    der = parse(spki.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))
    algorithm, point = (child.encode() for child in der.children or [])
    oid = algorithm[2:11]
    return encode_tlv(0x30, encode_tlv(0x30, oid + bytes.fromhex(_EXPLICIT_P256)) + point)


@pytest.fixture(scope="session")
def pss_root() -> CertificateAuthority:
    """A root with an RSA key."""
    return authority("RSA Root CA", key="rsa")


@pytest.fixture(scope="session")
def dsa_root() -> bytes:
    """A self-signed CA with a DSA key."""
    (case,) = (case for case in cases("matrix") if case.id == "g26")
    return case.trusted[0]
