"""
How strong keys and signatures must be.

`standard` and `strict` have a list of their own: what FIPS 186-5 leaves, and no RSA modulus of a CA that is not whole
octets. `openssl` has OpenSSL's security levels (SSL_CTX_set_security_level(3)): 2 is what Debian's nginx demands, 1 and
0 are for PKIs that cannot be renewed today. What would make one verification expensive is refused everywhere.
"""

from functools import lru_cache
from typing import Final, Literal

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, rsa

from clientcert.core.certificate import ParsedCertificate
from clientcert.core.der import OBJECT_IDENTIFIER, read_tlv
from clientcert.core.name_types import decode_oid

SecurityLevel = Literal[0, 1, 2]
DEFAULT_LEVEL: Final = 2

MIN_RSA_BITS, MAX_RSA_BITS = 2048, 8192
# FIPS 186-4 §4.2 ends there; OpenSSL would compute with 10,000.
_MAX_DSA_BITS = 3072
# FIPS 186-5 §A.1.1: over 2^16; the upper bound keeps a verification cheap for whoever does it next.
_MIN_LEAF_EXPONENT, _MIN_EXPONENT, _MAX_EXPONENT_BITS = (1 << 16) + 1, 3, 32
_LEAF_CURVES = frozenset({"secp256r1", "secp384r1", "secp521r1"})
_CA_CURVES = _LEAF_CURVES | {"secp256k1", "brainpoolP256r1", "brainpoolP384r1", "brainpoolP512r1"}
_EC_PUBLIC_KEY = "1.2.840.10045.2.1"
# By level, for 0, 80 and 112 bits of security (NIST SP 800-57 part 1, table 2): moduli; curves and groups of DSA.
_LEVEL_MODULUS_BITS, _LEVEL_ORDER_BITS = (0, 1024, 2048), (0, 160, 224)

_PSS = "1.2.840.113549.1.1.10"
_PSS_HASHES = frozenset({"sha224", "sha256", "sha384", "sha512"})
_STRONG_SIGNATURES = frozenset(
    {
        _PSS,  # its hash is checked apart
        "1.2.840.113549.1.1.11",  # RSA with SHA-256
        "1.2.840.113549.1.1.12",
        "1.2.840.113549.1.1.13",
        "1.2.840.113549.1.1.14",  # RSA with SHA-224
        "1.2.840.10045.4.3.1",  # ECDSA with SHA-224
        "1.2.840.10045.4.3.2",
        "1.2.840.10045.4.3.3",
        "1.2.840.10045.4.3.4",
        "1.3.101.112",  # Ed25519
        "1.3.101.113",  # Ed448
    }
)
# OpenSSL counts 63 bits of security for SHA-1 and 39 for MD5; what is left has 112 or more. NIST's arc: DSA with SHA-2,
# then DSA, ECDSA and RSA with SHA-3.
_LEVEL_SIGNATURES = _STRONG_SIGNATURES | {f"2.16.840.1.101.3.4.3.{arc}" for arc in range(1, 17)}


def find_weak_key(certificate: ParsedCertificate, *, is_leaf: bool, level: SecurityLevel | None = None) -> str | None:
    """
    Say what is wrong with the key of a certificate, or None.

    Args:
        certificate: Whose key it is.
        is_leaf: Whether it is the client's: `standard` asks more of that one.
        level: OpenSSL's security level; None for what `standard` asks.

    Explicit curve parameters, exponents that are even, below 3 or over 32 bits, and moduli over 8192 (DSA: 3072) bits
    are wrong everywhere.
    """
    key = certificate.public_key
    if isinstance(key, rsa.RSAPublicKey):
        return _find_weak_rsa(key, is_leaf=is_leaf, level=level)
    if isinstance(key, ec.EllipticCurvePublicKey):
        return _find_weak_curve(certificate, key, is_leaf=is_leaf, level=level)
    if isinstance(key, ed25519.Ed25519PublicKey | ed448.Ed448PublicKey):
        return None
    if isinstance(key, dsa.DSAPublicKey) and level is not None:
        return _find_weak_dsa(key, level)
    return f"key of type {type(key).__name__}"


def find_weak_signature(certificate: ParsedCertificate, *, level: SecurityLevel | None = None) -> str | None:
    """Say what is wrong with the algorithm that signed a certificate, or None; see `find_weak_key` for the level."""
    oid = certificate.x509.signature_algorithm_oid.dotted_string
    accepted = _STRONG_SIGNATURES if level is None else _LEVEL_SIGNATURES
    if level == 0 or (oid in accepted and (oid != _PSS or _pss_hash(certificate) in _PSS_HASHES)):
        return None
    return f"signature algorithm {oid} is not accepted"


def _pss_hash(certificate: ParsedCertificate) -> str | None:
    """The hash that the parameters of RSASSA-PSS name (RFC 4055 §3.1), or None where they cannot be read."""
    try:
        algorithm = certificate.x509.signature_hash_algorithm
    except (UnsupportedAlgorithm, ValueError):
        return None
    return None if algorithm is None else algorithm.name


def _find_weak_rsa(key: rsa.RSAPublicKey, *, is_leaf: bool, level: SecurityLevel | None) -> str | None:
    bits, exponent = key.key_size, key.public_numbers().e
    if not (MIN_RSA_BITS if level is None else _LEVEL_MODULUS_BITS[level]) <= bits <= MAX_RSA_BITS:
        return f"RSA key of {bits} bits"
    # CA/Browser Forum BR §6.1.5. Whoever made a client's key is not known; CAs' keys are made with care.
    if level is None and not is_leaf and bits % 8:
        return f"RSA key of {bits} bits, which are not whole octets,"
    least = _MIN_LEAF_EXPONENT if is_leaf and level is None else _MIN_EXPONENT
    if exponent < least or exponent % 2 == 0 or exponent.bit_length() > _MAX_EXPONENT_BITS:
        return f"RSA exponent of {exponent.bit_length()} bits"
    return None


def _find_weak_curve(
    certificate: ParsedCertificate, key: ec.EllipticCurvePublicKey, *, is_leaf: bool, level: SecurityLevel | None
) -> str | None:
    curves = _LEAF_CURVES if is_leaf else _CA_CURVES
    if key.curve.name not in curves if level is None else key.key_size < _LEVEL_ORDER_BITS[level]:
        return f"key on the curve {key.curve.name}"
    return None if _has_named_curve(certificate.public_key_algorithm) else "key with explicit curve parameters"


def _find_weak_dsa(key: dsa.DSAPublicKey, level: SecurityLevel) -> str | None:
    order_bits = key.parameters().parameter_numbers().q.bit_length()
    if not _LEVEL_MODULUS_BITS[level] <= key.key_size <= _MAX_DSA_BITS or order_bits < _LEVEL_ORDER_BITS[level]:
        return f"DSA key of {key.key_size} bits with a group of {order_bits}"
    return None


@lru_cache(maxsize=64)
def _has_named_curve(algorithm: bytes) -> bool:
    outer = read_tlv(algorithm, 0)
    oid = read_tlv(algorithm, outer.start, outer.end)
    named = oid.end < outer.end and algorithm[oid.end] == OBJECT_IDENTIFIER
    return named and decode_oid(algorithm[oid.start : oid.end]) == _EC_PUBLIC_KEY
