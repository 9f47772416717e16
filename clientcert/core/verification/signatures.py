"""One signature of one certificate (RFC 5280 §4.1.1.3), with the issuer's key."""

from typing import Any

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, padding, rsa

from clientcert.core.certificate import ParsedCertificate
from clientcert.core.der import read_tlv
from clientcert.core.name_types import decode_oid

_PSS = "1.2.840.113549.1.1.10"


def is_signed_by(certificate: ParsedCertificate, issuer: ParsedCertificate) -> bool:
    """
    Say whether the issuer's key made the signature of a certificate; no, where that cannot be computed.

    Not checked here: that the issuer may issue, its name, its dates, and whether the algorithm is strong enough.
    """
    return signature_state(certificate, issuer) is True


def signature_state(certificate: ParsedCertificate, issuer: ParsedCertificate) -> bool | None:
    """As `is_signed_by`, and None for an algorithm that cryptography does not have or a key of another type."""
    try:
        _verify(certificate, issuer)
    except InvalidSignature:
        return False
    except (UnsupportedAlgorithm, ValueError, TypeError):
        return None
    return True


def _verify(certificate: ParsedCertificate, issuer: ParsedCertificate) -> None:
    arguments = signature_arguments(certificate, issuer)
    key: Any = issuer.public_key
    key.verify(certificate.x509.signature, certificate.x509.tbs_certificate_bytes, *arguments)


def signature_arguments(certificate: ParsedCertificate, issuer: ParsedCertificate) -> tuple[Any, ...]:
    """
    Say how the issuer's key verifies a certificate: what its method takes after the signature and the signed octets.

    Raises:
        TypeError: The algorithm is not one for that key, or one that cryptography does not have.
        UnsupportedAlgorithm, ValueError: cryptography cannot read its parameters.
    """
    x509, key = certificate.x509, issuer.public_key
    parameters, hash_ = x509.signature_algorithm_parameters, x509.signature_hash_algorithm
    if isinstance(key, rsa.RSAPublicKey) and isinstance(parameters, padding.PSS | padding.PKCS1v15) and hash_:
        _check_pss_key(certificate, issuer)
        return parameters, hash_
    if isinstance(key, ec.EllipticCurvePublicKey) and isinstance(parameters, ec.ECDSA):
        return (parameters,)
    if isinstance(key, ed25519.Ed25519PublicKey | ed448.Ed448PublicKey) and _algorithm(certificate) == _algorithm(
        issuer, key=True
    ):
        return ()
    raise TypeError("algorithm is not one for the issuer's key")


def _check_pss_key(certificate: ParsedCertificate, issuer: ParsedCertificate) -> None:
    """Hold a key that is for RSASSA-PSS alone to it, and to its parameters when it has any (RFC 4055 §3.3)."""
    if _algorithm(issuer, key=True) != _PSS:
        return
    allowed, used = issuer.public_key_algorithm, certificate.signature_algorithm
    outer = read_tlv(allowed, 0)
    unrestricted = read_tlv(allowed, outer.start, outer.end).end == outer.end
    if _algorithm(certificate) != _PSS or not (unrestricted or allowed == used):
        raise TypeError("key is restricted to RSASSA-PSS with other parameters")


def _algorithm(certificate: ParsedCertificate, *, key: bool = False) -> str:
    """Dotted OID of a certificate's signature algorithm, or of its key's."""
    identifier = certificate.public_key_algorithm if key else certificate.signature_algorithm
    outer = read_tlv(identifier, 0)
    oid = read_tlv(identifier, outer.start, outer.end)
    return decode_oid(identifier[oid.start : oid.end])
