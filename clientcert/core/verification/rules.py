"""
The rules every certificate of a path must meet, whichever engine found the path.

They are those of OpenSSL's purpose ``sslclient`` without its strict mode, plus minimum key strength: what nginx,
Apache and HAProxy accept from a private CA. Each refusal names the certificate, the rule and its section.

Where a rule takes a `level`, that is OpenSSL's security level, for profile ``openssl``; None stands for `standard` and
`strict`, which go by `strength`'s own list and refuse what contradicts itself (`contradictions`).
"""

from collections.abc import Callable
from datetime import datetime
from typing import cast

from clientcert.core import extensions as ext
from clientcert.core.certificate import ParsedCertificate
from clientcert.core.verification.contradictions import find_contradiction
from clientcert.core.verification.strength import (
    DEFAULT_LEVEL,
    SecurityLevel,
    find_weak_key,
    find_weak_signature,
)
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
_OPENSSL_ACCEPTS = "profile 'openssl' accepts it"

# Proxy certificates (RFC 3820) and number resources (RFC 3779) change what a path means; nobody here evaluates them.
_REFUSED = frozenset({ext.PROXY_CERT_INFO, "1.3.6.1.5.5.7.1.7", "1.3.6.1.5.5.7.1.8"})


def refusal(reason: Reason, role: str, certificate: ParsedCertificate, problem: str, *hints: str) -> VerificationError:
    """Make the error that names a certificate by its place in the path, its subject and its fingerprint."""
    return VerificationError(reason, f"{role} {certificate}: {problem}", hints=hints)


def role_of(index: int, length: int) -> str:
    """Name a place in a path: leaf, intermediate n counted from the leaf, anchor."""
    if index == 0:
        return LEAF
    return ANCHOR if index == length - 1 else f"intermediate {index}"


def check_leaf(leaf: ParsedCertificate, at: datetime, *, level: SecurityLevel | None = None) -> None:
    """
    Check what a client's certificate says by itself: as `check_client`, and that its signature can mean something.

    Raises:
        VerificationError: As `check_client`, ALGORITHM_NOT_ACCEPTED, and what `find_contradiction` gives.

    Not checked here: that anybody signed it.
    """
    check_client(leaf, at, level=level)
    if level is None:
        _check_contradictions(leaf, LEAF)
    check_signature_algorithm(leaf, LEAF, level=level)


def check_client(leaf: ParsedCertificate, at: datetime, *, level: SecurityLevel | None = None) -> None:
    """
    Check dates, key, critical extensions and purpose of a client's certificate.

    Raises:
        VerificationError: CERTIFICATE_EXPIRED, CERTIFICATE_NOT_YET_VALID, KEY_NOT_ACCEPTED, CRITICAL_EXTENSION,
            PURPOSE_NOT_ALLOWED.
    """
    check_dates(leaf, LEAF, at)
    _check_key(leaf, LEAF, level)
    _check_critical(leaf, LEAF)
    found = leaf.extensions
    _check_extended_key_usage(leaf, LEAF)
    if found.key_usage is not None and not found.key_usage & (_DIGITAL_SIGNATURE | _KEY_AGREEMENT):
        problem = "key usage has neither digitalSignature nor keyAgreement"
        rule = "RFC 5280 §4.2.1.3, RFC 8446 §4.4.2.4"
        raise refusal(Reason.PURPOSE_NOT_ALLOWED, LEAF, leaf, problem, rule, "reissue it with digitalSignature")
    if found.netscape_cert_type is not None and not found.netscape_cert_type & _NETSCAPE_SSL_CLIENT:
        problem = "Netscape certificate type has no SSL client bit"
        raise refusal(Reason.PURPOSE_NOT_ALLOWED, LEAF, leaf, problem, "reissue it without nsCertType")


def check_ca(certificate: ParsedCertificate, role: str, *, level: SecurityLevel | None = None) -> None:
    """
    Check that a certificate may issue clients' certificates at all, at any time.

    Raises:
        VerificationError: ISSUER_NOT_CA, PURPOSE_NOT_ALLOWED, CRITICAL_EXTENSION, KEY_NOT_ACCEPTED, and what
            `find_contradiction` gives.

    Not checked here: dates, path length, name constraints, who signed it.
    """
    check_is_ca(certificate, role)
    if role != ANCHOR and certificate.extensions.basic_constraints is None:
        # As OpenSSL (x509_vfy.c, check_extensions): what old roots are like is no excuse for what they issue.
        problem = "basicConstraints is absent, which is accepted of a trust anchor only"
        raise refusal(Reason.ISSUER_NOT_CA, role, certificate, problem, "RFC 5280 §4.2.1.9, §6.1.4 k")
    _check_extended_key_usage(certificate, role)
    _check_critical(certificate, role)
    _check_key(certificate, role, level)
    if level is None:
        _check_contradictions(certificate, role)


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
    if at > certificate.not_after and at.replace(microsecond=0) > certificate.not_after:
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
    if not found.critical <= _UNDERSTOOD:
        problem = f"critical extension {min(found.critical - _UNDERSTOOD)} is not understood"
        raise refusal(Reason.CRITICAL_EXTENSION, role, certificate, problem, "RFC 5280 §4.2")
    if not _REFUSED.isdisjoint(found.oids):
        problem = f"extension {min(_REFUSED.intersection(found.oids))} is not for client certificates"
        raise refusal(Reason.CRITICAL_EXTENSION, role, certificate, problem, "RFC 3820, RFC 3779")


def check_signature_algorithm(certificate: ParsedCertificate, role: str, *, level: SecurityLevel | None = None) -> None:
    """Check that the issuer signed with SHA-2 or EdDSA; SHA-1 and MD5 can be forged by collision."""
    problem = find_weak_signature(certificate, level=level)
    if problem is not None:
        wanted = "wanted RSA, RSA-PSS or ECDSA with SHA-2, or EdDSA (RFC 8446 §4.2.3)"
        way_out = _accepting_level(level, lambda lower: find_weak_signature(certificate, level=lower))
        raise refusal(Reason.ALGORITHM_NOT_ACCEPTED, role, certificate, problem, wanted, *way_out)


def _check_key(certificate: ParsedCertificate, role: str, level: SecurityLevel | None) -> None:
    is_leaf = role == LEAF
    problem = find_weak_key(certificate, is_leaf=is_leaf, level=level)
    if problem is not None:
        wanted = "wanted RSA of 2048 to 8192 bits, P-256, P-384, P-521, Ed25519 or Ed448"
        way_out = _accepting_level(level, lambda lower: find_weak_key(certificate, is_leaf=is_leaf, level=lower))
        raise refusal(Reason.KEY_NOT_ACCEPTED, role, certificate, problem, wanted, *way_out)


def _accepting_level(level: SecurityLevel | None, find: Callable[[SecurityLevel], str | None]) -> tuple[str, ...]:
    """One hint that names the highest level at which there is no problem, or none."""
    if level is None and find(DEFAULT_LEVEL) is None:
        return (_OPENSSL_ACCEPTS,)
    for lower in range((DEFAULT_LEVEL if level is None else level) - 1, -1, -1):
        if find(cast("SecurityLevel", lower)) is None:
            return (f"unsafe, but security_level={lower} of profile 'openssl' accepts it",)
    return ()


def _check_contradictions(certificate: ParsedCertificate, role: str) -> None:
    found = find_contradiction(certificate, is_leaf=role == LEAF)
    if found is not None:
        reason, problem, section = found
        raise refusal(reason, role, certificate, problem, section, _OPENSSL_ACCEPTS)
