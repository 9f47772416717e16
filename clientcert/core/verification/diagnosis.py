"""Why there is no path: the one line an operator needs, found after the engines have refused."""

from collections.abc import Sequence
from datetime import datetime

from clientcert.core.certificate import ParsedCertificate, show_name
from clientcert.core.verification.base import Verifier
from clientcert.core.verification.path import MAX_DEPTH, PathRules, deeper, key_id_matches, key_id_text
from clientcert.core.verification.rules import LEAF, check_ca, check_dates, check_signature_algorithm, refusal, role_of
from clientcert.core.verification.signatures import is_signed_by
from clientcert.core.verification.store import TrustStore
from clientcert.core.verification.strength import SecurityLevel
from clientcert.errors import Reason, VerificationError

# Two for each level bound the work; more of the same name and key identifier is a mistake or an attack.
_MAX_SIGNATURE_CHECKS = 2


def trace_path(
    leaf: ParsedCertificate,
    store: TrustStore,
    forwarded: Sequence[ParsedCertificate],
    rules: PathRules,
    *,
    at: datetime,
) -> tuple[ParsedCertificate, ...]:
    """
    Follow the most promising issuers upwards, to an anchor or to the first thing that is wrong.

    Args:
        leaf: The client's certificate.
        store: What is trusted.
        forwarded: What the request brought along.
        rules: What the engine holds paths to. One that is too long is followed all the same, to say how long it is, or
            what else is wrong with it.
        at: The moment to judge dates for.

    Returns:
        A path whose signatures are verified, leaf first, anchor last.

    Raises:
        VerificationError: ISSUER_UNKNOWN, SIGNATURE_INVALID, ALGORITHM_NOT_ACCEPTED, PATH_TOO_LONG, and what `check_ca`
            and `check_dates` raise for an issuer on the way.

    Not checked here: everything else; see `path.check_path`.
    """
    path = [leaf]
    while path[-1] not in store.anchors:
        if len(path) > MAX_DEPTH + 1:
            problem = f"no trust anchor within {MAX_DEPTH} CA certificates"
            raise refusal(Reason.PATH_TOO_LONG, LEAF, leaf, problem)
        path.append(_next_issuer(path, store, forwarded, rules.level, at))
    depth = len(path) - 2
    if depth > rules.max_depth:
        problem = f"no trust anchor within {rules.max_depth} CA certificates, but after {depth}"
        raise refusal(Reason.PATH_TOO_LONG, LEAF, leaf, problem, *deeper(depth))
    return tuple(path)


def hint_where_accepted(
    verifier: Verifier, leaf: ParsedCertificate, forwarded: Sequence[ParsedCertificate], at: datetime
) -> tuple[str, ...]:
    """One hint when another profile accepts what the one in use refuses; it is asked."""
    try:
        verifier.verify(leaf, intermediates=forwarded, at=at)
    except VerificationError:
        return ()
    return (f"profile '{verifier.name}' accepts it",)


def inexpressible(leaf: ParsedCertificate) -> VerificationError:
    """Make the refusal of a path that is in order but that the profile has no engine for."""
    problem = "signatures, dates and purposes are in order, but this profile cannot express the path"
    hint = (
        "above the last hop it has an X.509 v1, Ed25519, Ed448 or brainpool CA, a constraint of other names than DNS, "
        "IP and e-mail, or names that differ in encoding: profile 'openssl' may accept it"
    )
    return refusal(Reason.PATH_INVALID, LEAF, leaf, problem, hint)


def _next_issuer(
    path: Sequence[ParsedCertificate],
    store: TrustStore,
    forwarded: Sequence[ParsedCertificate],
    level: SecurityLevel | None,
    at: datetime,
) -> ParsedCertificate:
    """Return the best issuer of the last certificate of a path; VerificationError when there is none."""
    certificate = path[-1]
    role = role_of(len(path) - 1, len(path) + 1)
    name = certificate.issuer_canonical
    offered = [link for link in forwarded if link.subject_canonical == name and link not in path]
    named = [link for link in (*store.issuers_of(certificate), *offered) if link not in path]
    if not named:
        raise _unknown_issuer(certificate, role, store)
    matching = [issuer for issuer in named if key_id_matches(certificate, issuer)]
    if not matching:
        problem = (
            f"issuer {show_name(certificate.issuer)} is known, but not with the key identifier "
            f"{key_id_text(certificate)}; known: {named[0]}"
        )
        raise refusal(
            Reason.ISSUER_UNKNOWN, role, certificate, problem, "add the CA certificate with that key to trust"
        )
    matching.sort(key=lambda issuer: not issuer.not_before <= at <= issuer.not_after)
    signed = next((issuer for issuer in matching[:_MAX_SIGNATURE_CHECKS] if is_signed_by(certificate, issuer)), None)
    if signed is None:
        # Of an algorithm that nobody computes any more, no one can say whether the signature matches.
        check_signature_algorithm(certificate, role, level=level)
        problem = f"signature does not match the key of its issuer {matching[0]}"
        hint = "another CA of the same name signed it, or it was forged or damaged"
        raise refusal(Reason.SIGNATURE_INVALID, role, certificate, problem, "RFC 5280 §6.1.3 a 1", hint)
    issuer_role = role_of(len(path), len(path) + 1 + (signed not in store.anchors))
    check_ca(signed, issuer_role, level=level)
    check_dates(signed, issuer_role, at)
    return signed


def _unknown_issuer(certificate: ParsedCertificate, role: str, store: TrustStore) -> VerificationError:
    if certificate.is_self_issued:
        problem = "certificate is self-issued and not among the trust anchors"
        hint = (
            "a self-signed client certificate needs profile 'pinned'"
            if role == LEAF
            else "add it to trust if its clients are welcome"
        )
        return refusal(Reason.ISSUER_UNKNOWN, role, certificate, problem, hint)
    anchors, links = len(store.anchors), len(store.intermediates)
    problem = (
        f"issuer {show_name(certificate.issuer)} with key identifier {key_id_text(certificate)} is neither among the "
        f"{anchors} trust anchors nor among the {links} configured or the forwarded intermediates"
    )
    hint = "add that CA certificate to trust"
    if role == LEAF:
        hint = "nginx forwards the leaf alone: add its intermediate CA certificate to trust"
    return refusal(Reason.ISSUER_UNKNOWN, role, certificate, problem, hint)
