"""A verdict for scripts: one JSON object, whose keys do not change between releases."""

from clientcert.cli.verdict import Verdict, utc_text
from clientcert.core.certificate import ParsedCertificate
from clientcert.core.spiffe import SpiffeId
from clientcert.core.verification.rules import role_of

Record = dict[str, object]


def to_record(verdict: Verdict) -> Record:
    """
    Return the object of one file, as documented in ``docs/reference/cli.md``; every key is always there.

    Texts of the certificate are exactly as encoded: JSON escapes them.
    """
    path, refusal = verdict.path, verdict.refusal
    return {
        "file": verdict.file,
        "accepted": verdict.accepted,
        "profile": verdict.rules.profile,
        "verified_at": utc_text(verdict.rules.at),
        "reason": None if refusal is None else str(refusal.reason),
        "detail": None if refusal is None else refusal.detail,
        "hints": [] if refusal is None else list(refusal.hints),
        "accepted_with": list(verdict.accepted_with),
        "other_profiles": dict(verdict.other_profiles),
        "certificate": None if verdict.leaf is None else _certificate(verdict.leaf),
        "days_left": verdict.days_left,
        "path": [] if path is None else _path(path.certificates),
        "valid_until": None if path is None else utc_text(path.valid_until),
        "revocation": verdict.revocation,
    }


def _certificate(leaf: ParsedCertificate) -> Record:
    """Under the names that `ClientIdentity` has for the same."""
    spiffe = spiffe_id(leaf)
    return {
        "subject": leaf.subject.rfc4514,
        "issuer": leaf.issuer.rfc4514,
        "serial_hex": f"{leaf.serial_number:x}",
        "not_before": utc_text(leaf.not_before),
        "not_after": utc_text(leaf.not_after),
        "dns_names": list(leaf.dns_names),
        "email_addresses": list(leaf.email_addresses),
        "uris": list(leaf.uris),
        "ip_addresses": [str(address) for address in leaf.ip_addresses],
        "user_principal_names": list(leaf.user_principal_names),
        "spiffe_id": None if spiffe is None else spiffe.uri,
        "fingerprint_sha256": leaf.fingerprint_sha256,
        "spki_sha256": leaf.spki_sha256,
    }


def _path(certificates: tuple[ParsedCertificate, ...]) -> list[Record]:
    return [
        {
            "role": role_of(place, len(certificates)),
            "subject": certificate.subject.rfc4514,
            "not_after": utc_text(certificate.not_after),
            "fingerprint_sha256": certificate.fingerprint_sha256,
            "spki_sha256": certificate.spki_sha256,
        }
        for place, certificate in enumerate(certificates)
    ]


def spiffe_id(leaf: ParsedCertificate) -> SpiffeId | None:
    """Return the SPIFFE ID where there is exactly one URI and that is a valid one (X509-SVID §2)."""
    if len(leaf.uris) != 1:
        return None
    try:
        return SpiffeId.parse(leaf.uris[0])
    except ValueError:
        return None
