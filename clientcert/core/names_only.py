"""Identities of producers that send attributes and no certificate: less is known, and the identity says so."""

from collections.abc import Sequence
from functools import cached_property

from clientcert.core.certificate import show_name
from clientcert.core.identity import ClientIdentity, Evidence
from clientcert.core.names import CanonicalName, DistinguishedName
from clientcert.core.sources import Claim
from clientcert.errors import Reason, VerificationError


class NamesOnly:
    """
    Turns the two names, or a fingerprint that the operator has pinned, into an `EvidenceLevel.PROXY_ATTRIBUTES`.

    Args:
        issuers: Subjects of the configured CAs, which narrow what the proxy may claim; None accepts whatever the
            proxy accepted (`TRUST_PROXY`).
    """

    def __init__(self, issuers: Sequence[DistinguishedName] | None) -> None:
        self._issuers = issuers

    @cached_property
    def _canonical(self) -> frozenset[CanonicalName] | None:
        # Not at start: most sources send certificates, and a bundle may have thousands of names.
        return None if self._issuers is None else frozenset(name.canonical for name in self._issuers)

    def identity(self, claim: Claim, evidence: Evidence) -> ClientIdentity:
        """
        Read both names strictly; with a fingerprint alone both are empty.

        Raises:
            NameSyntaxError: NAME_MALFORMED, not the text nginx writes.
            VerificationError: NAME_NOT_ACCEPTED for an empty subject; ISSUER_UNKNOWN for an issuer that is none of
                the configured CAs.

        Not checked here: signature, dates, revocation. The proxy's verdict is all there is.
        """
        if claim.fingerprint_sha256 is not None:
            # The source has compared it with its list, which narrows more than any CA could.
            nameless = DistinguishedName()
            return ClientIdentity(
                subject=nameless, issuer=nameless, fingerprint_sha256=claim.fingerprint_sha256, evidence=evidence
            )
        subject = DistinguishedName.from_nginx(claim.subject_dn or b"")
        issuer = DistinguishedName.from_nginx(claim.issuer_dn or b"")
        if subject.is_empty:
            raise VerificationError(Reason.NAME_NOT_ACCEPTED, "the subject is empty and no certificate came with it")
        if self._canonical is not None and issuer.canonical not in self._canonical:
            detail = f"issuer {show_name(issuer)} is none of the CAs in trust or intermediates"
            raise VerificationError(Reason.ISSUER_UNKNOWN, detail)
        return ClientIdentity(subject=subject, issuer=issuer, serial_number=claim.serial_number, evidence=evidence)
