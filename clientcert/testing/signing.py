"""Signatures over certificates and revocation lists, with every algorithm a test may want to see refused."""

from typing import Literal, TypeAlias

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed448, padding, rsa

from clientcert.testing.asn1 import bit_string, explicit, integer, null, object_identifier, sequence
from clientcert.testing.keys import PrivateKey

SignatureHash: TypeAlias = Literal["md5", "sha1", "sha224", "sha256", "sha384", "sha512"]
SignaturePadding: TypeAlias = Literal["pkcs1", "pss"]

_HASHES: dict[SignatureHash, tuple[hashes.HashAlgorithm, str]] = {
    "md5": (hashes.MD5(), "1.2.840.113549.2.5"),  # noqa: S303 - to be refused by the tests' subject
    "sha1": (hashes.SHA1(), "1.3.14.3.2.26"),  # noqa: S303 - to be refused by the tests' subject
    "sha224": (hashes.SHA224(), "2.16.840.1.101.3.4.2.4"),
    "sha256": (hashes.SHA256(), "2.16.840.1.101.3.4.2.1"),
    "sha384": (hashes.SHA384(), "2.16.840.1.101.3.4.2.2"),
    "sha512": (hashes.SHA512(), "2.16.840.1.101.3.4.2.3"),
}
_RSA_PKCS1: dict[SignatureHash, str] = {
    "md5": "1.2.840.113549.1.1.4",
    "sha1": "1.2.840.113549.1.1.5",
    "sha224": "1.2.840.113549.1.1.14",
    "sha256": "1.2.840.113549.1.1.11",
    "sha384": "1.2.840.113549.1.1.12",
    "sha512": "1.2.840.113549.1.1.13",
}
_ECDSA: dict[SignatureHash, str] = {
    "sha1": "1.2.840.10045.4.1",
    "sha224": "1.2.840.10045.4.3.1",
    "sha256": "1.2.840.10045.4.3.2",
    "sha384": "1.2.840.10045.4.3.3",
    "sha512": "1.2.840.10045.4.3.4",
}
_RSA_PSS, _MGF1 = "1.2.840.113549.1.1.10", "1.2.840.113549.1.1.8"
_ED25519, _ED448 = "1.3.101.112", "1.3.101.113"


def algorithm_identifier(
    key: PrivateKey, *, signature_hash: SignatureHash = "sha256", signature_padding: SignaturePadding = "pkcs1"
) -> bytes:
    """
    Encode the AlgorithmIdentifier of a signature by this key (RFC 5280 §4.1.1.2, RFC 4055, RFC 5758, RFC 8410).

    Hash and padding mean nothing to Ed25519 and Ed448 and are ignored there; PSS takes a salt as long as the hash.
    """
    if isinstance(key, rsa.RSAPrivateKey):
        if signature_padding == "pss":
            return _pss_identifier(signature_hash)
        return sequence(object_identifier(_RSA_PKCS1[signature_hash]), null())
    if isinstance(key, ec.EllipticCurvePrivateKey):
        return sequence(object_identifier(_ECDSA[signature_hash]))
    return sequence(object_identifier(_ED448 if isinstance(key, ed448.Ed448PrivateKey) else _ED25519))


def sign(
    key: PrivateKey,
    message: bytes,
    *,
    signature_hash: SignatureHash = "sha256",
    signature_padding: SignaturePadding = "pkcs1",
) -> bytes:
    """Sign; the same message gives the same bytes again (ECDSA: RFC 6979), but for PSS, whose salt is random."""
    algorithm, _ = _HASHES[signature_hash]
    if isinstance(key, rsa.RSAPrivateKey):
        pss = padding.PSS(padding.MGF1(algorithm), algorithm.digest_size)
        return key.sign(message, pss if signature_padding == "pss" else padding.PKCS1v15(), algorithm)
    if isinstance(key, ec.EllipticCurvePrivateKey):
        return key.sign(message, ec.ECDSA(algorithm, deterministic_signing=True))
    return key.sign(message)


def signed(
    to_be_signed: bytes,
    key: PrivateKey,
    *,
    signature_hash: SignatureHash = "sha256",
    signature_padding: SignaturePadding = "pkcs1",
    corrupt: bool = False,
) -> bytes:
    """Encode SIGNED{} (X.509 §6.2.1): the message, the algorithm, the signature; ``corrupt`` flips its last bit."""
    signature = sign(key, to_be_signed, signature_hash=signature_hash, signature_padding=signature_padding)
    if corrupt:
        signature = signature[:-1] + bytes([signature[-1] ^ 1])
    algorithm = algorithm_identifier(key, signature_hash=signature_hash, signature_padding=signature_padding)
    return sequence(to_be_signed, algorithm, bit_string(signature))


def _pss_identifier(signature_hash: SignatureHash) -> bytes:
    algorithm, oid = _HASHES[signature_hash]
    hash_identifier = sequence(object_identifier(oid), null())
    mask = sequence(object_identifier(_MGF1), hash_identifier)
    salt_size = integer(algorithm.digest_size)
    parameters = sequence(explicit(0, hash_identifier), explicit(1, mask), explicit(2, salt_size))
    return sequence(object_identifier(_RSA_PSS), parameters)
