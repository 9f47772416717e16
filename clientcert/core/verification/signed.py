"""One signature over octets (RFC 5280 §4.1.1.3, §5.1.1.3; RFC 6960 §4.2.1) with the key of a certificate."""

from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.hashes import Hash, HashAlgorithm

from clientcert.core.certificate import ParsedCertificate
from clientcert.core.der import read_tlv
from clientcert.core.name_types import decode_oid

_PSS = "1.2.840.113549.1.1.10"
# SHA-1 and MD5 can be forged by collision.
_HASHES = frozenset({"sha224", "sha256", "sha384", "sha512"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed:
    """
    A signature that somebody still has to check.

    Attributes:
        message: The octets that were signed.
        signature: The content of the BIT STRING.
        algorithm: DER of the AlgorithmIdentifier.
        parameters: What cryptography makes of that: a padding, ECDSA, or None.
        hash_algorithm: The hash; None for EdDSA.
    """

    message: bytes | memoryview
    signature: bytes
    algorithm: bytes
    parameters: padding.PSS | padding.PKCS1v15 | ec.ECDSA | None
    hash_algorithm: HashAlgorithm | None

    @property
    def is_strong(self) -> bool:
        """Whether the hash is SHA-2, or the algorithm EdDSA, which brings its own."""
        if self.hash_algorithm is None:
            return True
        return self.hash_algorithm.name in _HASHES

    def is_by(self, signer: ParsedCertificate) -> bool:
        """
        Say whether the key of a certificate made the signature.

        A key or algorithm that cryptography does not have, or a key of another type than the algorithm's, is a no.

        Not checked here: that the signer may sign such a thing, its dates, and whether the algorithm is strong.
        """
        try:
            self._verify(signer)
        except (InvalidSignature, UnsupportedAlgorithm, ValueError, TypeError):
            return False
        return True

    def _verify(self, signer: ParsedCertificate) -> None:
        key, parameters, hash_ = signer.public_key, self.parameters, self.hash_algorithm
        if isinstance(key, rsa.RSAPublicKey) and isinstance(parameters, padding.PSS | padding.PKCS1v15) and hash_:
            self._check_pss_key(signer)
            digest = Hash(hash_)
            digest.update(self.message)
            key.verify(self.signature, digest.finalize(), parameters, Prehashed(hash_))
        elif isinstance(key, ec.EllipticCurvePublicKey) and isinstance(parameters, ec.ECDSA):
            key.verify(self.signature, self.message, parameters)
        elif isinstance(key, ed25519.Ed25519PublicKey | ed448.Ed448PublicKey):
            if _oid(self.algorithm) != _oid(signer.public_key_algorithm):
                raise TypeError("EdDSA with the other curve")
            key.verify(self.signature, self.message)
        else:
            raise TypeError("algorithm is not one for the signer's key")

    def _check_pss_key(self, signer: ParsedCertificate) -> None:
        """Hold a key that is for RSASSA-PSS alone to it, and to its parameters when it has any (RFC 4055 §3.3)."""
        allowed = signer.public_key_algorithm
        if _oid(allowed) != _PSS:
            return
        outer = read_tlv(allowed, 0)
        unrestricted = read_tlv(allowed, outer.start, outer.end).end == outer.end
        if _oid(self.algorithm) != _PSS or not (unrestricted or allowed == self.algorithm):
            raise TypeError("key is restricted to RSASSA-PSS with other parameters")


def _oid(identifier: bytes) -> str:
    outer = read_tlv(identifier, 0)
    oid = read_tlv(identifier, outer.start, outer.end)
    return decode_oid(identifier[oid.start : oid.end])
