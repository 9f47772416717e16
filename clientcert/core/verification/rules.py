"""
The rules every certificate of a path must meet, whichever engine found the path.

They are those of OpenSSL's purpose ``sslclient`` without its strict mode, plus minimum key strength: what nginx,
Apache and HAProxy accept from a private CA. Each refusal names the certificate, the rule and its section.
"""

from datetime import datetime
from functools import lru_cache

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa

from clientcert.core import extensions as ext
from clientcert.core.certificate import ParsedCertificate
from clientcert.core.der import OBJECT_IDENTIFIER, read_tlv
from clientcert.core.name_types import decode_oid
from clientcert.errors import Reason, VerificationError

LEAF = "leaf"
ANCHOR = "anchor"

_CLIENT_AUTH = "1.3.6.1.5.5.7.3.2"
_ANY_PURPOSE = "2.5.29.37.0"
# Bits of KeyUsage and of the Netscape certificate type.
_DIGITAL_SIGNATURE, _KEY_AGREEMENT, _KEY_CERT_SIGN = 1 << 0, 1 << 4, 1 << 5
_NETSCAPE_SSL_CLIENT = 1 << 0

# What OpenSSL's verifier understands (x509_vfy, X509_supported_extension), proxyCertInfo aside.
_UNDERSTOOD = frozenset(
    {
        ext.KEY_USAGE,
        ext.SUBJECT_ALT_NAME,
        ext.BASIC_CONSTRAINTS,
        ext.NAME_CONSTRAINTS,
        ext.CRL_DISTRIBUTION_POINTS,
        ext.CERTIFICATE_POLICIES,
        ext.POLICY_MAPPINGS,
        ext.POLICY_CONSTRAINTS,
        ext.EXTENDED_KEY_USAGE,
        ext.INHIBIT_ANY_POLICY,
        ext.NETSCAPE_CERT_TYPE,
        ext.OCSP_NO_CHECK,
    }
)
# Proxy certificates (RFC 3820) and number resources (RFC 3779) change what a path means; nobody here evaluates them.
_REFUSED = frozenset({ext.PROXY_CERT_INFO, "1.3.6.1.5.5.7.1.7", "1.3.6.1.5.5.7.1.8"})

MIN_RSA_BITS, MAX_RSA_BITS = 2048, 8192
# FIPS 186-5 §A.1.1: over 2^16; the upper bound keeps a verification cheap for whoever does it next.
_MIN_LEAF_EXPONENT, _MAX_EXPONENT_BITS = (1 << 16) + 1, 32
_LEAF_CURVES = frozenset({"secp256r1", "secp384r1", "secp521r1"})
_CA_CURVES = _LEAF_CURVES | {"secp256k1", "brainpoolP256r1", "brainpoolP384r1", "brainpoolP512r1"}
_EC_PUBLIC_KEY = "1.2.840.10045.2.1"

_SIGNATURE_ALGORITHMS = frozenset(
    {
        "1.2.840.113549.1.1.10",  # RSASSA-PSS; its hash is checked apart
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
_PSS = "1.2.840.113549.1.1.10"
_PSS_HASHES = frozenset({"sha224", "sha256", "sha384", "sha512"})


def refusal(reason: Reason, role: str, certificate: ParsedCertificate, problem: str, *hints: str) -> VerificationError:
    """Make the error that names a certificate by its place in the path, its subject and its fingerprint."""
    return VerificationError(reason, f"{role} {certificate}: {problem}", hints=hints)


def role_of(index: int, length: int) -> str:
    """Name a place in a path: leaf, intermediate n counted from the leaf, anchor."""
    if index == 0:
        return LEAF
    return ANCHOR if index == length - 1 else f"intermediate {index}"


def check_leaf(leaf: ParsedCertificate, at: datetime) -> None:
    """
    Check what a client's certificate says by itself: as `check_client`, and that its signature can mean something.

    Raises:
        VerificationError: As `check_client`, and ALGORITHM_NOT_ACCEPTED.

    Not checked here: that anybody signed it.
    """
    check_client(leaf, at)
    check_signature_algorithm(leaf, LEAF)


def check_client(leaf: ParsedCertificate, at: datetime) -> None:
    """
    Check dates, key, critical extensions and purpose of a client's certificate.

    Raises:
        VerificationError: CERTIFICATE_EXPIRED, CERTIFICATE_NOT_YET_VALID, KEY_NOT_ACCEPTED, CRITICAL_EXTENSION,
            PURPOSE_NOT_ALLOWED.
    """
    check_dates(leaf, LEAF, at)
    _check_leaf_key(leaf)
    _check_critical(leaf, LEAF)
    found = leaf.extensions
    _check_extended_key_usage(leaf, LEAF)
    if found.key_usage is not None and not found.key_usage & (_DIGITAL_SIGNATURE | _KEY_AGREEMENT):
        problem = "key usage has neither digitalSignature nor keyAgreement"
        raise refusal(Reason.PURPOSE_NOT_ALLOWED, LEAF, leaf, problem, "RFC 5280 §4.2.1.3, RFC 8446 §4.4.2.4")
    if found.netscape_cert_type is not None and not found.netscape_cert_type & _NETSCAPE_SSL_CLIENT:
        problem = "Netscape certificate type has no SSL client bit"
        raise refusal(Reason.PURPOSE_NOT_ALLOWED, LEAF, leaf, problem, "reissue it without nsCertType")


def check_ca(certificate: ParsedCertificate, role: str) -> None:
    """
    Check that a certificate may issue clients' certificates at all, at any time.

    Raises:
        VerificationError: ISSUER_NOT_CA, PURPOSE_NOT_ALLOWED, CRITICAL_EXTENSION, KEY_NOT_ACCEPTED.

    Not checked here: dates, path length, name constraints, who signed it.
    """
    check_is_ca(certificate, role)
    _check_extended_key_usage(certificate, role)
    _check_critical(certificate, role)
    _check_ca_key(certificate, role)


def check_is_ca(certificate: ParsedCertificate, role: str) -> None:
    """Check that a certificate is a CA's (RFC 5280 §6.1.4 k, n); VerificationError with ISSUER_NOT_CA if not."""
    found = certificate.extensions
    if found.key_usage is not None and not found.key_usage & _KEY_CERT_SIGN:
        raise refusal(Reason.ISSUER_NOT_CA, role, certificate, "key usage has no keyCertSign", "RFC 5280 §4.2.1.3")
    if not _is_ca(certificate):
        problem = "not a CA: basicConstraints is absent or says cA FALSE"
        raise refusal(Reason.ISSUER_NOT_CA, role, certificate, problem, "RFC 5280 §4.2.1.9, §6.1.4 k")


def _is_ca(certificate: ParsedCertificate) -> bool:
    """OpenSSL's X509_check_ca without the Netscape type: cA, or a self-issued version 1, or keyCertSign alone."""
    constraints = certificate.extensions.basic_constraints
    if constraints is not None:
        return constraints.ca
    if certificate.version == 1:
        return certificate.is_self_issued
    return certificate.extensions.key_usage is not None


def check_dates(certificate: ParsedCertificate, role: str, at: datetime) -> None:
    """Check the validity period (RFC 5280 §4.1.2.5), both ends inclusive, in whole seconds."""
    if at < certificate.not_before:
        early = int((certificate.not_before - at).total_seconds())
        problem = f"certificate is valid from {_utc(certificate.not_before)}, verified at {_utc(at)} ({early} s early)"
        raise refusal(Reason.CERTIFICATE_NOT_YET_VALID, role, certificate, problem, "RFC 5280 §4.1.2.5")
    if at.replace(microsecond=0) > certificate.not_after:
        late = int((at - certificate.not_after).total_seconds())
        problem = f"certificate expired at {_utc(certificate.not_after)}, verified at {_utc(at)} ({late} s late)"
        raise refusal(Reason.CERTIFICATE_EXPIRED, role, certificate, problem, "RFC 5280 §4.1.2.5")


def _utc(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _check_extended_key_usage(certificate: ParsedCertificate, role: str) -> None:
    purposes = certificate.extensions.extended_key_usage
    if purposes is None or _CLIENT_AUTH in purposes:
        return
    hint = "OpenSSL refuses anyExtendedKeyUsage alone too" if _ANY_PURPOSE in purposes else "reissue it with clientAuth"
    shown = ", ".join(sorted(purposes)[:4]) or "nothing"
    problem = f"extended key usage allows {shown}, wanted clientAuth"
    raise refusal(Reason.PURPOSE_NOT_ALLOWED, role, certificate, problem, "RFC 5280 §4.2.1.12", hint)


def _check_critical(certificate: ParsedCertificate, role: str) -> None:
    found = certificate.extensions
    unknown = sorted(found.critical - _UNDERSTOOD)
    if unknown:
        problem = f"critical extension {unknown[0]} is not understood"
        raise refusal(Reason.CRITICAL_EXTENSION, role, certificate, problem, "RFC 5280 §4.2")
    refused = sorted(_REFUSED.intersection(found.oids))
    if refused:
        problem = f"extension {refused[0]} is not for client certificates"
        raise refusal(Reason.CRITICAL_EXTENSION, role, certificate, problem, "RFC 3820, RFC 3779")


def check_signature_algorithm(certificate: ParsedCertificate, role: str) -> None:
    """Check that the issuer signed with SHA-2 or EdDSA; SHA-1 and MD5 can be forged by collision."""
    oid = certificate.x509.signature_algorithm_oid.dotted_string
    if oid not in _SIGNATURE_ALGORITHMS or (oid == _PSS and _pss_hash(certificate) not in _PSS_HASHES):
        problem = f"signature algorithm {oid} is not accepted"
        hint = "wanted RSA, RSA-PSS or ECDSA with SHA-2, or EdDSA"
        raise refusal(Reason.ALGORITHM_NOT_ACCEPTED, role, certificate, problem, hint, "RFC 8446 §4.2.3")


def _pss_hash(certificate: ParsedCertificate) -> str | None:
    """The hash that the parameters of RSASSA-PSS name (RFC 4055 §3.1), or None where they cannot be read."""
    try:
        algorithm = certificate.x509.signature_hash_algorithm
    except (UnsupportedAlgorithm, ValueError):
        return None
    return None if algorithm is None else algorithm.name


def _check_leaf_key(leaf: ParsedCertificate) -> None:
    key = leaf.public_key
    if isinstance(key, rsa.RSAPublicKey):
        _check_rsa(leaf, key, LEAF, _MIN_LEAF_EXPONENT)
    elif isinstance(key, ec.EllipticCurvePublicKey):
        _check_curve(leaf, key, LEAF, _LEAF_CURVES)
    elif not isinstance(key, ed25519.Ed25519PublicKey | ed448.Ed448PublicKey):
        raise _key_refusal(leaf, LEAF, f"key of type {type(key).__name__}")


def _check_ca_key(certificate: ParsedCertificate, role: str) -> None:
    key = certificate.public_key
    if isinstance(key, rsa.RSAPublicKey):
        _check_rsa(certificate, key, role, 3)
    elif isinstance(key, ec.EllipticCurvePublicKey):
        _check_curve(certificate, key, role, _CA_CURVES)
    elif not isinstance(key, ed25519.Ed25519PublicKey | ed448.Ed448PublicKey):
        raise _key_refusal(certificate, role, f"key of type {type(key).__name__}")


def _check_rsa(certificate: ParsedCertificate, key: rsa.RSAPublicKey, role: str, min_exponent: int) -> None:
    exponent = key.public_numbers().e
    if not MIN_RSA_BITS <= key.key_size <= MAX_RSA_BITS:
        raise _key_refusal(certificate, role, f"RSA key of {key.key_size} bits")
    if exponent < min_exponent or exponent % 2 == 0 or exponent.bit_length() > _MAX_EXPONENT_BITS:
        raise _key_refusal(certificate, role, f"RSA exponent of {exponent.bit_length()} bits")


def _check_curve(
    certificate: ParsedCertificate, key: ec.EllipticCurvePublicKey, role: str, curves: frozenset[str]
) -> None:
    if key.curve.name not in curves:
        raise _key_refusal(certificate, role, f"key on the curve {key.curve.name}")
    if not _has_named_curve(certificate.public_key_algorithm):
        raise _key_refusal(certificate, role, "key with explicit curve parameters")


@lru_cache(maxsize=64)
def _has_named_curve(algorithm: bytes) -> bool:
    outer = read_tlv(algorithm, 0)
    oid = read_tlv(algorithm, outer.start, outer.end)
    named = oid.end < outer.end and algorithm[oid.end] == OBJECT_IDENTIFIER
    return named and decode_oid(algorithm[oid.start : oid.end]) == _EC_PUBLIC_KEY


def _key_refusal(certificate: ParsedCertificate, role: str, problem: str) -> VerificationError:
    wanted = "wanted RSA of 2048 to 8192 bits, P-256, P-384, P-521, Ed25519 or Ed448"
    return refusal(Reason.KEY_NOT_ACCEPTED, role, certificate, problem, wanted)
