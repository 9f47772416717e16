"""The rules that hold between the certificates of a path, after its signatures have been verified."""

from collections.abc import Container, Sequence
from dataclasses import dataclass
from datetime import datetime

from clientcert.core.certificate import ParsedCertificate
from clientcert.core.general_names import NameKind, comparison_form
from clientcert.core.limits import Limits
from clientcert.core.verification.constraints import check_name_constraints
from clientcert.core.verification.rules import (
    LEAF,
    check_ca,
    check_dates,
    check_signature_algorithm,
    refusal,
    role_of,
)
from clientcert.core.verification.strength import SecurityLevel
from clientcert.errors import Reason

# CAs between a leaf and an anchor that a configuration may allow: a real hierarchy has three, a hostile one hundreds.
MAX_DEPTH = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class PathRules:
    """
    What one engine holds paths to.

    Attributes:
        max_depth: CAs between the leaf and the anchor.
        limits: Upper bounds.
        level: OpenSSL's security level; None for the profiles `standard` and `strict` (see `rules`).
        sound: CAs known to pass `check_ca`, see `TrustStore.sound`: what they are does not change from path to path.
    """

    max_depth: int
    limits: Limits
    level: SecurityLevel | None = None
    sound: Container[ParsedCertificate] = frozenset()


def check_path(path: Sequence[ParsedCertificate], rules: PathRules, *, at: datetime) -> None:
    """
    Check what is above a leaf as OpenSSL does for the purpose ``sslclient``, and the limits of ours.

    Args:
        path: Leaf first, trust anchor last; each signature verified with the next certificate's key.
        rules: What to hold it to.
        at: The moment to decide for.

    Raises:
        VerificationError: Everything `check_ca`, `check_dates` and `check_signature_algorithm` raise, PATH_TOO_LONG,
            ISSUER_UNKNOWN when an authority key identifier names another issuer, NAME_CONSTRAINT_VIOLATED.

    Not checked here: signatures, that the anchor is one, and what the leaf says by itself: engines call `check_leaf`
    before they look for a path.
    """
    length = len(path)
    if length - 2 > rules.max_depth:
        problem = f"{length - 2} CA certificates between leaf and anchor, the limit is {rules.max_depth}"
        raise refusal(Reason.PATH_TOO_LONG, role_of(0, length), path[0], problem, *deeper(length - 2))
    for index in range(1, length):
        role = role_of(index, length)
        check_dates(path[index], role, at)
        if path[index] not in rules.sound:
            check_ca(path[index], role, level=rules.level)
        _check_path_length(path, index)
        if index < length - 1:
            check_signature_algorithm(path[index], role, level=rules.level)
    for index in range(length - 1):
        _check_not_self_signed(path[index], role_of(index, length))
    for index in range(length):
        check_key_id(path[index], path[min(index + 1, length - 1)], role_of(index, length))
    check_name_constraints(path, rules.limits)


def check_known_path(path: Sequence[ParsedCertificate], *, at: datetime) -> None:
    """
    Check what `check_path` would, where it accepted these issuers, without name constraints, for another leaf before.

    Left is what depends on the leaf or on the moment; errors as there.
    """
    length = len(path)
    for index in range(1, length):
        check_dates(path[index], role_of(index, length), at)
    _check_not_self_signed(path[0], LEAF)
    check_key_id(path[0], path[1], LEAF)


def deeper(depth: int) -> tuple[str, ...]:
    """One hint that names the max_depth that a path needs, or none where it is more than there may be."""
    return (f"max_depth={depth} accepts it",) if depth <= MAX_DEPTH else ()


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
