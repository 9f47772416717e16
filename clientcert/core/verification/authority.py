"""One configured CA: what every start needs of it at once, and the rest when a path first needs it."""

from datetime import datetime
from hashlib import sha256

from cryptography.x509 import Certificate

from clientcert.core.certificate import ParsedCertificate, parse_ca_certificate, show_name
from clientcert.core.names import CanonicalName, DistinguishedName
from clientcert.core.tbs import X509_V3
from clientcert.core.verification.path import key_id_matches
from clientcert.core.verification.rules import ANCHOR, check_ca, check_is_ca
from clientcert.core.verification.signatures import signature_state
from clientcert.core.verification.strength import SecurityLevel
from clientcert.errors import ClientCertError, ConfigurationError, Reason, VerificationError


class Authority:
    """
    A CA certificate whose form is known to be good.

    Args:
        der: Exactly the octets received.
        x509: The same as an object of cryptography.
        subject: Its name, and `subject_canonical` the form in which names are compared.
        spki_sha256: SHA-256 of the subjectPublicKeyInfo DER, 64 lower-case hex digits.
        certificate: The same parsed; None where it was recognised by `find_plain_root`, which vouches that it is an
            anchor without a flaw, and leaves its key and its self-signature to `certificate`.
    """

    __slots__ = ("_certificate", "_is_anchor", "der", "is_plain", "spki_sha256", "subject", "subject_canonical", "x509")

    def __init__(  # noqa: PLR0913 - what there is to know, all by name
        self,
        *,
        der: bytes,
        x509: Certificate,
        subject: DistinguishedName,
        subject_canonical: CanonicalName,
        spki_sha256: str,
        certificate: ParsedCertificate | None = None,
    ) -> None:
        self.der, self.x509, self.subject, self.subject_canonical = der, x509, subject, subject_canonical
        self.spki_sha256 = spki_sha256
        self.is_plain = certificate is None
        self._certificate = certificate
        self._is_anchor = True if certificate is None else None

    def __str__(self) -> str:
        """As that of the parsed certificate."""
        return f"{show_name(self.subject)} (sha256 {sha256(self.der).hexdigest()[:16]})"

    @property
    def not_before(self) -> datetime:
        """Beginning of the validity; aware UTC."""
        return self.x509.not_valid_before_utc

    @property
    def not_after(self) -> datetime:
        """End of the validity; aware UTC."""
        return self.x509.not_valid_after_utc

    @property
    def is_v3(self) -> bool:
        """Whether it is of version 3, which cryptography's verifier asks for."""
        return self._certificate is None or self._certificate.version == X509_V3

    @property
    def certificate(self) -> ParsedCertificate:
        """
        The parsed certificate; that of a plain root is made, and its self-signature checked, when first asked for.

        Raises:
            VerificationError: SIGNATURE_INVALID for an anchor that did not sign itself; KEY_NOT_ACCEPTED or
                CERTIFICATE_MALFORMED for a key that cannot be decoded.
        """
        if self._certificate is None:
            try:
                certificate = parse_ca_certificate(self.der)
            except ClientCertError as exc:
                detail = f"anchor {self}: {exc.detail}: the file is damaged"
                raise VerificationError(exc.reason, detail) from exc
            _check_self_signature(certificate)
            # Two threads may both get here; what they make is equal.
            self._certificate = certificate
        return self._certificate

    @property
    def is_anchor(self) -> bool:
        """
        Tell an anchor from an intermediate, once.

        Raises:
            ConfigurationError: It is neither, or an anchor that did not sign itself.
        """
        if self._is_anchor is None:
            self._is_anchor = _is_anchor(self.certificate)
        return self._is_anchor

    def flaw(self, level: SecurityLevel | None, role: str) -> str | None:
        """Why no client can be accepted under it at any time, and which option would help; or None."""
        if self.is_plain:
            return None
        try:
            check_ca(self.certificate, role, level=level)
        except VerificationError as exc:
            return "; ".join((exc.detail, *(hint for hint in exc.hints if "profile" in hint)))
        return None


def parsed_authority(certificate: ParsedCertificate) -> Authority:
    """Make an authority of what was read completely."""
    return Authority(
        der=certificate.der,
        x509=certificate.x509,
        subject=certificate.subject,
        subject_canonical=certificate.subject_canonical,
        spki_sha256=certificate.spki_sha256,
        certificate=certificate,
    )


def _is_anchor(certificate: ParsedCertificate) -> bool:
    try:
        check_is_ca(certificate, "certificate")
    except VerificationError as exc:
        raise ConfigurationError(
            f"trust: {exc.detail}: take it out of the bundle (a client's own certificate belongs into profile 'pinned')"
        ) from exc
    # A CA that changes its key may certify the new one under its own name: self-issued, and yet a link (RFC 5280 §3.2).
    if not certificate.is_self_issued or not key_id_matches(certificate, certificate):
        return False
    try:
        _check_self_signature(certificate)
    except VerificationError as exc:
        raise ConfigurationError(f"trust: {exc.detail}") from exc
    return True


def _check_self_signature(certificate: ParsedCertificate) -> None:
    # What cannot be computed (DSA, MD5) is no damage: nothing rests on the self-signature of an anchor.
    if signature_state(certificate, certificate) is False:
        detail = f"{ANCHOR} {certificate} is not signed by its own key: the file is damaged"
        raise VerificationError(Reason.SIGNATURE_INVALID, detail)
