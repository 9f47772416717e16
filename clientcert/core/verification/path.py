"""The rules that hold between the certificates of a path, after its signatures have been verified."""

from collections.abc import Sequence
from datetime import datetime

from clientcert.core.certificate import ParsedCertificate
from clientcert.core.general_names import NameKind, comparison_form
from clientcert.core.limits import Limits
from clientcert.core.verification.constraints import check_name_constraints
from clientcert.core.verification.rules import (
    check_ca,
    check_dates,
    check_leaf,
    check_signature_algorithm,
    refusal,
    role_of,
)
from clientcert.errors import Reason


def check_path(path: Sequence[ParsedCertificate], *, at: datetime, max_depth: int, limits: Limits) -> None:
    """
    Check a whole path as OpenSSL does for the purpose ``sslclient``, and the limits of ours.

    Args:
        path: Leaf first, trust anchor last; each signature verified with the next certificate's key.
        at: The moment to decide for.
        max_depth: CAs between the leaf and the anchor.
        limits: Upper bounds.

    Raises:
        VerificationError: Everything `check_leaf` and `check_ca` raise, PATH_TOO_LONG, ISSUER_UNKNOWN when an
            authority key identifier names another issuer, NAME_CONSTRAINT_VIOLATED.

    Not checked here: signatures, and that the anchor is one.
    """
    length = len(path)
    check_leaf(path[0], at)
    if length - 2 > max_depth:
        problem = f"{length - 2} CA certificates between leaf and anchor, the limit is {max_depth}"
        raise refusal(Reason.PATH_TOO_LONG, role_of(0, length), path[0], problem, "raise max_depth to accept it")
    for index in range(1, length):
        role = role_of(index, length)
        check_dates(path[index], role, at)
        check_ca(path[index], role)
        _check_path_length(path, index)
        if index < length - 1:
            check_signature_algorithm(path[index], role)
    for index in range(length - 1):
        _check_not_self_signed(path[index], role_of(index, length))
    for index in range(length):
        check_key_id(path[index], path[min(index + 1, length - 1)], role_of(index, length))
    check_name_constraints(path, limits)


def _check_path_length(path: Sequence[ParsedCertificate], index: int) -> None:
    constraints = path[index].extensions.basic_constraints
    if constraints is None or constraints.path_length is None:
        return
    # Self-issued CAs do not count (RFC 5280 §4.2.1.9).
    below = sum(1 for certificate in path[1:index] if not certificate.is_self_issued)
    if below > constraints.path_length:
        problem = f"path length {constraints.path_length} allows as many CAs below it, the path has {below}"
        role = role_of(index, len(path))
        raise refusal(Reason.PATH_TOO_LONG, role, path[index], problem, "RFC 5280 §4.2.1.9, §6.1.4 l")


def _check_not_self_signed(certificate: ParsedCertificate, role: str) -> None:
    # OpenSSL ends a path at such a certificate, whoever signed it (X509_self_signed), and finds it untrusted.
    if certificate.is_self_issued and key_id_matches(certificate, certificate):
        problem = "certificate has its issuer's name and no key identifier that tells them apart"
        hint = "give it another subject, or an authority key identifier"
        raise refusal(Reason.ISSUER_UNKNOWN, role, certificate, problem, hint)


def check_key_id(certificate: ParsedCertificate, issuer: ParsedCertificate, role: str) -> None:
    """Refuse an issuer that the authority key identifier (RFC 5280 §4.2.1.1) does not mean."""
    if not key_id_matches(certificate, issuer):
        problem = f"authority key identifier {key_id_text(certificate)} is not that of its issuer {issuer}"
        raise refusal(Reason.ISSUER_UNKNOWN, role, certificate, problem, "RFC 5280 §4.2.1.1")


def key_id_matches(certificate: ParsedCertificate, issuer: ParsedCertificate) -> bool:
    """Whether nothing in the authority key identifier speaks against an issuer; True where there is none."""
    wanted = certificate.extensions.authority_key_id
    if wanted is None:
        return True
    subject_key_id = issuer.extensions.subject_key_id
    if wanted.key_id is not None and subject_key_id is not None and wanted.key_id != subject_key_id:
        return False
    if wanted.serial_number is not None and wanted.serial_number != issuer.serial_number:
        return False
    names = [name.name for name in wanted.issuer if name.kind is NameKind.DIRECTORY and name.name is not None]
    # OpenSSL looks at the first directoryName alone (X509_check_akid).
    return not names or comparison_form(names[0]) == issuer.issuer_canonical


def key_id_text(certificate: ParsedCertificate) -> str:
    """The key identifier of the wanted issuer in hex, cut at 20 octets; ``(none)`` where none is named."""
    wanted = certificate.extensions.authority_key_id
    return wanted.key_id[:20].hex() if wanted is not None and wanted.key_id else "(none)"
