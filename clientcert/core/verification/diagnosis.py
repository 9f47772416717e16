"""Why there is no path: the one line an operator needs, found after the engines have refused."""

from collections.abc import Sequence
from datetime import datetime

from clientcert.core.certificate import ParsedCertificate
from clientcert.core.verification.path import key_id_matches, key_id_text
from clientcert.core.verification.rules import LEAF, check_ca, check_dates, refusal, role_of
from clientcert.core.verification.signatures import is_signed_by
from clientcert.core.verification.store import TrustStore
from clientcert.errors import Reason, VerificationError, escape_peer_text

# Two for each level bound the work; more of the same name and key identifier is a mistake or an attack.
_MAX_SIGNATURE_CHECKS = 2


def trace_path(
    leaf: ParsedCertificate,
    store: TrustStore,
    forwarded: Sequence[ParsedCertificate],
    *,
    at: datetime,
    max_depth: int,
) -> tuple[ParsedCertificate, ...]:
    """
    Follow the most promising issuers upwards, to an anchor or to the first thing that is wrong.

    Args:
        leaf: The client's certificate.
        store: What is trusted.
        forwarded: What the request brought along.
        at: The moment to judge dates for.
        max_depth: CA certificates between the leaf and the anchor.

    Returns:
        A path whose signatures are verified, leaf first, anchor last.

    Raises:
        VerificationError: ISSUER_UNKNOWN, SIGNATURE_INVALID, PATH_TOO_LONG, and what `check_ca` and `check_dates`
            raise for an issuer on the way.

    Not checked here: everything else; see `path.check_path`.
    """
    path = [leaf]
    while path[-1] not in store.anchors:
        if len(path) > max_depth + 1:
            problem = f"no trust anchor within {max_depth} CA certificates"
            raise refusal(Reason.PATH_TOO_LONG, LEAF, leaf, problem, "raise max_depth to accept it")
        path.append(_next_issuer(path, store, forwarded, at))
    return tuple(path)


def inexpressible(leaf: ParsedCertificate) -> VerificationError:
    """Make the refusal of a path that is in order but that the profile has no engine for."""
    problem = "signatures, dates and purposes are in order, but this profile cannot express the path"
    hint = (
        "above the last hop it has an X.509 v1, Ed25519, Ed448 or brainpool CA, a constraint of other names than DNS, "
        "IP and e-mail, or names that differ in encoding: profile 'openssl' may accept it"
    )
    return refusal(Reason.PATH_INVALID, LEAF, leaf, problem, hint)


def _next_issuer(
    path: Sequence[ParsedCertificate], store: TrustStore, forwarded: Sequence[ParsedCertificate], at: datetime
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
            f"issuer {_issuer(certificate)} is known, but not with the key identifier {key_id_text(certificate)}; "
            f"known: {named[0]}"
        )
        raise refusal(
            Reason.ISSUER_UNKNOWN, role, certificate, problem, "add the CA certificate with that key to trust"
        )
    matching.sort(key=lambda issuer: not issuer.not_before <= at <= issuer.not_after)
    signed = next((issuer for issuer in matching[:_MAX_SIGNATURE_CHECKS] if is_signed_by(certificate, issuer)), None)
    if signed is None:
        problem = f"signature does not match the key of its issuer {matching[0]}"
        hint = "another CA of the same name signed it, or it was forged or damaged"
        raise refusal(Reason.SIGNATURE_INVALID, role, certificate, problem, "RFC 5280 §6.1.3 a 1", hint)
    issuer_role = role_of(len(path), len(path) + 1 + (signed not in store.anchors))
    check_ca(signed, issuer_role)
    check_dates(signed, issuer_role, at)
    return signed


def _unknown_issuer(certificate: ParsedCertificate, role: str, store: TrustStore) -> VerificationError:
    if certificate.is_self_issued:
        problem = "certificate is self-issued and not among the trust anchors"
        hint = "a self-signed client certificate needs profile 'pinned'"
        return refusal(Reason.ISSUER_UNKNOWN, role, certificate, problem, hint)
    anchors, links = len(store.anchors), len(store.intermediates)
    problem = (
        f"issuer {_issuer(certificate)} with key identifier {key_id_text(certificate)} is neither among the {anchors} "
        f"trust anchors nor among the {links} configured or the forwarded intermediates"
    )
    hint = "nginx forwards the leaf alone: add its intermediate CA certificate to trust"
    return refusal(Reason.ISSUER_UNKNOWN, role, certificate, problem, hint)


def _issuer(certificate: ParsedCertificate) -> str:
    return f"'{escape_peer_text(certificate.issuer.rfc4514)}'"
