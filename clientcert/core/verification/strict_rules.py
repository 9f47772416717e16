"""
What the Web PKI asks of certificates beyond `path.check_path`, in words.

cryptography's verifier decides (see its documentation of ``ExtensionPolicy``); these are for saying which of its rules
a path broke that `standard` accepts, and where.
"""

from collections.abc import Callable, Sequence

from cryptography.hazmat.primitives.asymmetric import ec, rsa

from clientcert.core import extensions as ext
from clientcert.core.certificate import ParsedCertificate
from clientcert.core.tbs import X509_V3

Rule = tuple[Callable[[ParsedCertificate], bool], str, str]

_KEY_CERT_SIGN = 1 << 5
_CURVES = frozenset({"secp256r1", "secp384r1", "secp521r1"})
# Those that cryptography's verifier knows; anything else that is critical, it refuses.
_MAY_BE_CRITICAL = frozenset({ext.KEY_USAGE, ext.BASIC_CONSTRAINTS, ext.NAME_CONSTRAINTS, ext.SUBJECT_ALT_NAME})


def _is_critical(oid: str) -> Callable[[ParsedCertificate], bool]:
    return lambda certificate: oid in certificate.extensions.critical


def _san_criticality_is_wrong(leaf: ParsedCertificate) -> bool:
    return (ext.SUBJECT_ALT_NAME in leaf.extensions.critical) is not leaf.subject.is_empty


def _is_ca(leaf: ParsedCertificate) -> bool:
    constraints = leaf.extensions.basic_constraints
    return constraints is not None and constraints.ca


def _has_odd_key(issuer: ParsedCertificate) -> bool:
    key = issuer.public_key
    if isinstance(key, ec.EllipticCurvePublicKey):
        return key.curve.name not in _CURVES
    return not isinstance(key, rsa.RSAPublicKey)


_EVERY: tuple[Rule, ...] = (
    (lambda c: c.version != X509_V3, "not an X.509 version 3 certificate", "RFC 5280 §4.1.2.1"),
    (_is_critical(ext.EXTENDED_KEY_USAGE), "extended key usage is critical", "CA/Browser Forum BR §7.1.2"),
    (
        lambda c: bool(c.extensions.critical - _MAY_BE_CRITICAL),
        "an extension is critical that the Web PKI does not mark so",
        "RFC 5280 §4.2",
    ),
)
_LEAF: tuple[Rule, ...] = (
    (lambda c: c.extensions.alternative_names is None, "no subjectAltName", "RFC 5280 §4.2.1.6"),
    (
        _san_criticality_is_wrong,
        "subjectAltName is critical beside a subject, or not critical without one",
        "RFC 5280 §4.2.1.6",
    ),
    (lambda c: c.extensions.authority_key_id is None, "no authority key identifier", "RFC 5280 §4.2.1.1"),
    (lambda c: bool((c.extensions.key_usage or 0) & _KEY_CERT_SIGN), "key usage has keyCertSign", "RFC 5280 §4.2.1.3"),
    (_is_ca, "basicConstraints says cA TRUE in a client's certificate", "RFC 5280 §4.2.1.9"),
    (lambda c: c.extensions.name_constraints is not None, "name constraints in no CA", "RFC 5280 §4.2.1.10"),
)
_CA: tuple[Rule, ...] = (
    (lambda c: c.extensions.basic_constraints is None, "CA without basicConstraints", "RFC 5280 §4.2.1.9"),
    (
        lambda c: ext.BASIC_CONSTRAINTS not in c.extensions.critical,
        "CA whose basicConstraints is not critical",
        "RFC 5280 §4.2.1.9",
    ),
    (lambda c: c.extensions.key_usage is None, "CA without key usage", "RFC 5280 §4.2.1.3"),
    (_has_odd_key, "CA whose key is neither RSA nor P-256, P-384 or P-521", "CA/Browser Forum BR §6.1.5"),
    (
        lambda c: c.extensions.authority_key_id is not None and c.extensions.authority_key_id.key_id is None,
        "CA whose authority key identifier has no key identifier",
        "RFC 5280 §4.2.1.1",
    ),
)


def find_broken_rule(path: Sequence[ParsedCertificate]) -> tuple[int, str, str] | None:
    """
    Find the first rule that a path breaks, from the leaf up.

    Args:
        path: Leaf first, as `standard` accepted it.

    Returns:
        The certificate's place in the path, what is wrong with it, and the section that says so; None where nothing
        here is.
    """
    for index, certificate in enumerate(path):
        for breaks, problem, section in (*_EVERY, *(_CA if index else _LEAF)):
            if breaks(certificate):
                return index, problem, section
    return None
