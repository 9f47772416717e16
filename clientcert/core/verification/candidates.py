"""Which intermediates a path may go through, decided before any signature is checked."""

from collections.abc import Container, Sequence
from datetime import datetime

from cryptography.hazmat.primitives.asymmetric import dsa, rsa

from clientcert.core.certificate import ParsedCertificate
from clientcert.core.limits import Limits
from clientcert.core.verification.constraints import constrained_names
from clientcert.core.verification.rules import LEAF, check_ca, check_dates, check_signature_algorithm, refusal
from clientcert.core.verification.store import TrustStore
from clientcert.errors import Reason, VerificationError


def admit_forwarded(
    leaf: ParsedCertificate, forwarded: Sequence[ParsedCertificate], *, at: datetime, limits: Limits
) -> tuple[ParsedCertificate, ...]:
    """
    Filter the certificates that a request brought along.

    A path builder tries every candidate against every other; a few that were made for it cost 128 signature checks.
    One for each subject, none self-issued, and no giant keys leave nothing to multiply.

    Raises:
        VerificationError: CHAIN_TOO_LARGE for more than `Limits.intermediates`, or more name constraints than
            `Limits.name_constraint_checks` allows for the names of the leaf.
    """
    if not forwarded:
        return ()
    links = check_forwarded(leaf, forwarded, limits=limits)
    admitted: dict[object, ParsedCertificate] = {}
    for link in links:
        if _is_usable(link, at) and is_cheap(link, limits):
            admitted.setdefault(link.subject_canonical, link)
    _check_constraint_budget(leaf, tuple(admitted.values()), limits)
    return tuple(admitted.values())


def check_forwarded(
    leaf: ParsedCertificate, forwarded: Sequence[ParsedCertificate], *, limits: Limits
) -> list[ParsedCertificate]:
    """Return those that are not self-issued; CHAIN_TOO_LARGE for more of them, or more of the rest, than the limit."""
    links = [certificate for certificate in forwarded if not certificate.is_self_issued]
    for count, kind in ((len(links), "intermediates"), (len(forwarded) - len(links), "self-issued certificates")):
        if count > limits.intermediates:
            problem = f"{count} {kind} came with it, the limit is {limits.intermediates}"
            raise refusal(Reason.CHAIN_TOO_LARGE, LEAF, leaf, problem, f"Limits(intermediates={count}) accepts it")
    return links


def _check_constraint_budget(leaf: ParsedCertificate, links: Sequence[ParsedCertificate], limits: Limits) -> None:
    subtrees = 0
    for constraints in (link.extensions.name_constraints for link in links):
        if constraints is not None:
            subtrees += len(constraints.permitted) + len(constraints.excluded)
    checks = subtrees and subtrees * len(constrained_names(leaf))
    if checks > limits.name_constraint_checks:
        problem = f"{checks} name constraint checks for what came with it, the limit is {limits.name_constraint_checks}"
        hint = f"Limits(name_constraint_checks={checks}) accepts it"
        raise refusal(Reason.CHAIN_TOO_LARGE, LEAF, leaf, problem, hint)


def collect_intermediates(
    leaf: ParsedCertificate,
    store: TrustStore,
    forwarded: Sequence[ParsedCertificate],
    *,
    at: datetime,
    max_depth: int,
) -> list[ParsedCertificate]:
    """Follow issuer names upwards from a leaf and return the usable intermediates met, at most `max_depth` levels."""
    offered = {link.subject_canonical: link for link in forwarded}
    found: dict[ParsedCertificate, None] = {}
    names = {leaf.issuer_canonical}
    for _ in range(max_depth):
        level = [link for name in names for link in store.intermediates_by_name.get(name, ())]
        level += [offered[name] for name in names if name in offered]
        fresh = [link for link in level if link not in found and _is_usable(link, at, store.sound)]
        if not fresh:
            break
        found.update(dict.fromkeys(fresh))
        names = {link.issuer_canonical for link in fresh}
    return list(found)


def _is_usable(link: ParsedCertificate, at: datetime, sound: Container[ParsedCertificate] = ()) -> bool:
    try:
        check_dates(link, "", at)
        if link not in sound:
            check_ca(link, "")
        check_signature_algorithm(link, "")
    except VerificationError:
        return False
    return True


def is_cheap(link: ParsedCertificate, limits: Limits) -> bool:
    """Whether one signature check with this key is within the limits for keys that a request brings along."""
    key = link.public_key
    if isinstance(key, dsa.DSAPublicKey):
        return key.key_size <= limits.intermediate_rsa_bits
    if not isinstance(key, rsa.RSAPublicKey):
        return True
    exponent_bits = key.public_numbers().e.bit_length()
    return key.key_size <= limits.intermediate_rsa_bits and exponent_bits <= limits.intermediate_rsa_exponent_bits
