"""
Certificates that contradict themselves: RFC 5280 forbids them, OpenSSL does not look, and no usual tool makes them.

What private CAs do issue in spite of RFC 5280 (no key identifiers, constraints that are not critical, keyCertSign
without cA) is not here; the page ``docs/reference/conformance.md`` names each with its reason.
"""

from clientcert.core import extensions as ext
from clientcert.core.certificate import ParsedCertificate
from clientcert.errors import Reason

_KEY_CERT_SIGN = 1 << 5


def find_contradiction(certificate: ParsedCertificate, *, is_leaf: bool) -> tuple[Reason, str, str] | None:
    """
    Find what no certificate in its place can mean.

    Args:
        certificate: Anything that is otherwise in order.
        is_leaf: Whether it is the client's, and not that of a CA.

    Returns:
        Reason, problem, and the section that says so; None where there is nothing.

    Not checked here: the content of policy extensions, which nobody processes.
    """
    return _in_client(certificate) if is_leaf else _in_ca(certificate)


def _in_client(leaf: ParsedCertificate) -> tuple[Reason, str, str] | None:
    found = leaf.extensions
    is_ca = found.basic_constraints is not None and found.basic_constraints.ca
    if found.name_constraints is not None and not is_ca:
        problem = "name constraints in a certificate that is not a CA's"
        return Reason.NAME_CONSTRAINT_VIOLATED, problem, "RFC 5280 §4.2.1.10"
    if is_ca and found.key_usage is not None and not found.key_usage & _KEY_CERT_SIGN:
        problem = "basicConstraints says cA TRUE, and key usage has no keyCertSign: neither a client's nor a CA's"
        return Reason.PURPOSE_NOT_ALLOWED, problem, "RFC 5280 §4.2.1.3, §4.2.1.9"
    return None


def _in_ca(certificate: ParsedCertificate) -> tuple[Reason, str, str] | None:
    found = certificate.extensions
    if ext.POLICY_CONSTRAINTS in found.oids and ext.POLICY_CONSTRAINTS not in found.critical:
        return Reason.PATH_INVALID, "policy constraints are not critical", "RFC 5280 §4.2.1.11"
    key_id = found.authority_key_id
    if certificate.is_self_issued and key_id is not None and key_id.key_id is None:
        problem = "authority key identifier of a root has no key identifier"
        return Reason.PATH_INVALID, problem, "RFC 5280 §4.2.1.1, CA/Browser Forum BR §7.1.2.1.3"
    return None
