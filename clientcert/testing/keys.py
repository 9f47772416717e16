"""Throw-away private keys: quick, and the same again for the same seed."""

import hashlib
import os
from functools import cache
from math import gcd, prod
from typing import Literal, TypeAlias

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa

PrivateKey: TypeAlias = (
    ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey | ed448.Ed448PrivateKey
)

KeyType: TypeAlias = Literal[
    "ec",
    "ec-p256",
    "ec-p384",
    "ec-p521",
    "ec-secp256k1",
    "ec-brainpool-p256",
    "rsa",
    "rsa-1024",
    "rsa-2048",
    "rsa-3072",
    "rsa-4096",
    "ed25519",
    "ed448",
]
"""``ec`` is P-256, ``rsa`` is 2048 bits."""

Seed: TypeAlias = int | str | bytes

_CURVES: dict[KeyType, ec.EllipticCurve] = {
    "ec": ec.SECP256R1(),
    "ec-p256": ec.SECP256R1(),
    "ec-p384": ec.SECP384R1(),
    "ec-p521": ec.SECP521R1(),
    "ec-secp256k1": ec.SECP256K1(),
    "ec-brainpool-p256": ec.BrainpoolP256R1(),
}
_RSA_BITS: dict[KeyType, int] = {"rsa": 2048, "rsa-1024": 1024, "rsa-2048": 2048, "rsa-3072": 3072, "rsa-4096": 4096}
_RSA_EXPONENT = 65537


class Entropy:
    """
    Bytes for keys and serial numbers, addressed by labels: from the operating system, or from a seed.

    The same seed and labels give the same bytes in whatever order they are asked for, so that one more certificate
    in a test changes no other. Not for keys that protect anything.
    """

    __slots__ = ("_secret", "seeded")

    def __init__(self, seed: Seed | None = None) -> None:
        """Take a seed, or None for the operating system's randomness."""
        self.seeded = seed is not None
        self._secret = os.urandom(32) if seed is None else repr(seed).encode()

    def child(self, *labels: str | bytes) -> "Entropy":
        """Return a source of its own for these labels."""
        child = Entropy(self.derive("child", *labels, size=32))
        child.seeded = self.seeded
        return child

    def derive(self, *labels: str | bytes, size: int) -> bytes:
        """Return ``size`` bytes for these labels (SHAKE-256 over length-prefixed parts)."""
        parts = [self._secret, *(label.encode() if isinstance(label, str) else label for label in labels)]
        return hashlib.shake_256(b"".join(len(part).to_bytes(8) + part for part in parts)).digest(size)


def make_key(key_type: KeyType = "ec", *, seed: Seed | None = None) -> PrivateKey:
    """
    Make one private key.

    Args:
        key_type: See `KeyType`.
        seed: The same seed gives the same key; None a fresh one. A seeded RSA key takes about 0.3 s (2048 bits) to
            5 s (4096 bits) the first time in a process; all others well under a millisecond.

    Raises:
        ValueError: An unknown key type; the legal ones are listed.
    """
    return derive_key(key_type, Entropy(seed), "make_key")


def derive_key(key_type: KeyType, entropy: Entropy, *labels: str | bytes) -> PrivateKey:
    """Make the private key that belongs to these labels; see `make_key`."""
    if key_type in _CURVES:
        curve = _CURVES[key_type]
        number = int.from_bytes(entropy.derive(*labels, key_type, size=curve.key_size // 8 + 16))
        return ec.derive_private_key(number % (curve.group_order - 1) + 1, curve)
    if key_type == "ed25519":
        return ed25519.Ed25519PrivateKey.from_private_bytes(entropy.derive(*labels, key_type, size=32))
    if key_type == "ed448":
        return ed448.Ed448PrivateKey.from_private_bytes(entropy.derive(*labels, key_type, size=57))
    if key_type not in _RSA_BITS:
        legal = ", ".join((*_CURVES, *_RSA_BITS, "ed25519", "ed448"))
        raise ValueError(f"unknown key type {key_type!r}: give a private key or one of {legal}")
    bits = _RSA_BITS[key_type]
    if not entropy.seeded:
        return rsa.generate_private_key(_RSA_EXPONENT, bits)
    return _seeded_rsa_key(bits, entropy.derive(*labels, "rsa", size=32))


def key_type_of(key: PrivateKey) -> KeyType:
    """Return the type to make more keys like this one; ``ec`` or ``rsa`` for curves and sizes without a name here."""
    if isinstance(key, ec.EllipticCurvePrivateKey):
        return next((name for name, curve in _CURVES.items() if curve.name == key.curve.name), "ec")
    if isinstance(key, rsa.RSAPrivateKey):
        return next((name for name, bits in _RSA_BITS.items() if bits == key.key_size), "rsa")
    return "ed25519" if isinstance(key, ed25519.Ed25519PrivateKey) else "ed448"


def load_key(pem: bytes) -> PrivateKey:
    """
    Read one unencrypted private key in PEM.

    Raises:
        ValueError: Not one, or of a type that is not a `PrivateKey`.
        TypeError: The key is encrypted.
    """
    key = serialization.load_pem_private_key(pem, password=None)
    if not isinstance(key, PrivateKey):
        raise ValueError(f"{type(key).__name__} is not supported: wanted an EC, RSA, Ed25519 or Ed448 private key")  # noqa: TRY004 - the text is wrong, not the argument's type
    return key


def key_pem(key: PrivateKey) -> bytes:
    """Return the unencrypted PKCS #8 PEM of a private key."""
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def public_key_der(key: PrivateKey) -> bytes:
    """Return the DER of the SubjectPublicKeyInfo (RFC 5280 §4.1.2.7)."""
    return key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


@cache
def _seeded_rsa_key(bits: int, secret: bytes) -> rsa.RSAPrivateKey:
    p, q = (_prime(bits // 2, secret + bytes([index])) for index in range(2))
    d = pow(_RSA_EXPONENT, -1, (p - 1) * (q - 1))
    return rsa.RSAPrivateNumbers(
        p=p,
        q=q,
        d=d,
        dmp1=rsa.rsa_crt_dmp1(d, p),
        dmq1=rsa.rsa_crt_dmq1(d, q),
        iqmp=rsa.rsa_crt_iqmp(p, q),
        public_numbers=rsa.RSAPublicNumbers(_RSA_EXPONENT, p * q),
    ).private_key()


def _prime(bits: int, secret: bytes) -> int:
    # The two highest bits are set so that the product of two primes has exactly twice the bits. One Fermat test is
    # enough for random candidates; OpenSSL tests both primes again when the key is loaded.
    candidate = int.from_bytes(hashlib.shake_256(secret).digest(bits // 8)) | 0b11 << (bits - 2) | 1
    sieve = _small_primes_product()
    while gcd(candidate, sieve) != 1 or gcd(candidate - 1, _RSA_EXPONENT) != 1 or pow(2, candidate - 1, candidate) != 1:
        candidate += 2
    return candidate


@cache
def _small_primes_product() -> int:
    return prod(n for n in range(3, 5000, 2) if all(n % divisor for divisor in range(3, int(n**0.5) + 1, 2)))
