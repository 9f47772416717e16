"""
OCSP (RFC 6960): requests as octets, and what a response is worth. No network here.

cryptography parses responses and verifies none of them; the checks of §3.2 and §4.2.2.2 are in this module.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography.hazmat.primitives.hashes import SHA1, SHA256, Hash
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.ocsp import OCSPCertStatus, OCSPRequestBuilder, OCSPSingleResponse

from clientcert.core import der
from clientcert.core import extensions as ext
from clientcert.core.certificate import ParsedCertificate, hostile_der, parse_certificate
from clientcert.core.limits import Limits
from clientcert.core.verification.base import utc_time
from clientcert.core.verification.ocsp_response import OcspError, OcspMessage, read_message
from clientcert.core.verification.path import key_id_matches
from clientcert.core.verification.revocation import Good, RevocationStatus, Revoked, Unknown
from clientcert.core.verification.rules import check_dates, check_signature_algorithm
from clientcert.core.verification.signatures import is_signed_by
from clientcert.errors import ClientCertError, ConfigurationError

# RFC 6960 §4.2.2.2. anyExtendedKeyUsage does not delegate.
_OCSP_SIGNING = "1.3.6.1.5.5.7.3.9"
_DIGITAL_SIGNATURE = 1 << 0
_UNDERSTOOD = frozenset({ext.KEY_USAGE, ext.EXTENDED_KEY_USAGE, ext.BASIC_CONSTRAINTS, ext.OCSP_NO_CHECK})
# One is enough, and every further one may cost a signature check.
_MAX_DELEGATES = 4
_MAX_LEEWAY = timedelta(minutes=5)
_CERTIFICATE_LIMITS = Limits()

# They say which issuer is meant, and the signature covers the answer: collisions help nobody.
ISSUER_HASHES = {"sha1": SHA1, "sha256": SHA256}


@dataclass(frozen=True, slots=True, kw_only=True)
class OcspRules:
    """
    How responses are asked for and judged.

    Attributes:
        issuer_hash: ``sha1`` is what every responder understands (RFC 5019 §2.1.1), ``sha256`` what some want.
        leeway: How far a responder's clock may be ahead of ours, at most 5 minutes; it signs the very second.
        max_age: Longest time after thisUpdate; required where a response has no nextUpdate.

    Raises:
        ConfigurationError: Another hash, a leeway out of 0..300 s, a `max_age` that is not positive.
    """

    issuer_hash: str = "sha1"
    leeway: timedelta = timedelta(seconds=60)
    max_age: timedelta | None = None

    def __post_init__(self) -> None:
        if self.issuer_hash not in ISSUER_HASHES:
            raise ConfigurationError(f"ocsp issuer_hash is {self.issuer_hash!r}, wanted 'sha1' or 'sha256'")
        if not timedelta(0) <= self.leeway <= _MAX_LEEWAY:
            raise ConfigurationError(f"ocsp leeway is {self.leeway}, wanted 0 to 300 seconds")
        if self.max_age is not None and self.max_age <= timedelta(0):
            raise ConfigurationError(f"ocsp max_age is {self.max_age}, wanted more than zero, or None")


@dataclass(frozen=True, slots=True, kw_only=True)
class OcspAnswer:
    """
    What a response that was verified says of one certificate.

    Attributes:
        status: Good or revoked; unknown where the responder says so.
        this_update: When the responder knew it; aware UTC.
        expires: The last moment for which it holds, inclusive; aware UTC.
    """

    status: RevocationStatus
    this_update: datetime
    expires: datetime

    def status_at(self, at: datetime) -> RevocationStatus:
        """
        Return the status for a moment; unknown once the response has expired, but revoked for ever.

        Not checked here: that the moment is not before thisUpdate; it was checked when the response came.
        """
        if at > self.expires and not isinstance(self.status, Revoked):
            late = (at - self.expires).total_seconds()
            return Unknown(why=f"OCSP response expired at {self.expires:%Y-%m-%dT%H:%M:%SZ} ({late:.0f} s late)")
        return self.status


def build_request(certificate: ParsedCertificate, issuer: ParsedCertificate, rules: OcspRules) -> bytes:
    """
    Encode a request for one certificate (RFC 6960 §4.1); without a nonce, for most responders sign beforehand.

    Raises:
        OcspError: A serial number that cannot be asked for, as a CA's may be.
    """
    name_hash, key_hash = _issuer_hashes(issuer, rules.issuer_hash)
    algorithm = ISSUER_HASHES[rules.issuer_hash]()
    try:
        with hostile_der():
            builder = OCSPRequestBuilder().add_certificate_by_hash(
                name_hash, key_hash, certificate.serial_number, algorithm
            )
            return builder.build().public_bytes(Encoding.DER)
    except ClientCertError as exc:
        raise OcspError(f"no OCSP request can be made for {certificate}: {exc.detail}") from exc


def verify_response(
    encoded: bytes, certificate: ParsedCertificate, issuer: ParsedCertificate, *, at: datetime, rules: OcspRules
) -> OcspAnswer:
    """
    Verify what a responder answered, or a staple, as RFC 6960 §3.2 wants it.

    Args:
        encoded: The response as received.
        certificate: The certificate in question.
        issuer: Its issuer in a verified path.
        at: The moment to judge dates for; aware.
        rules: What was asked for, and how strict the dates are.

    Raises:
        OcspError: Whatever `read_message` refuses; about another certificate or with another hash; signed neither by
            the issuer nor by somebody whom it allows to (OCSPSigning, directly issued, in its dates); a critical
            extension; not valid yet, or expired, or never expiring without `OcspRules.max_age`.

    Not checked here: whether the delegate's own certificate is revoked (RFC 6960 §4.2.2.2.1 leaves that to local
    policy): give delegates short lives.
    """
    at = utc_time(at)
    message = read_message(encoded)
    single = _find_single(message, certificate, issuer, rules)
    if message.critical:
        raise OcspError(f"OCSP response has the critical extension {min(message.critical)}, which is not understood")
    if not any(message.signed.is_by(signer) for signer in _signers(message, issuer, at)):
        raise OcspError("OCSP response is signed neither by the issuer nor by a responder that it allows to sign")
    this_update, expires = _check_times(message, single, at, rules)
    return OcspAnswer(status=_status(single, this_update), this_update=this_update, expires=expires)


def _find_single(
    message: OcspMessage, certificate: ParsedCertificate, issuer: ParsedCertificate, rules: OcspRules
) -> OCSPSingleResponse:
    wanted = (*_issuer_hashes(issuer, rules.issuer_hash), certificate.serial_number, rules.issuer_hash)
    found = [single for single in message.singles if _certificate_id(single) == wanted]
    if len(found) != 1:
        raise OcspError(f"OCSP response speaks {len(found)} times of the certificate that was asked for, wanted once")
    return found[0]


def _certificate_id(single: OCSPSingleResponse) -> tuple[bytes, bytes, int, str]:
    return single.issuer_name_hash, single.issuer_key_hash, single.serial_number, single.hash_algorithm.name


def _signers(message: OcspMessage, issuer: ParsedCertificate, at: datetime) -> Iterator[ParsedCertificate]:
    """Yield those who may have signed, by the name or key that the response gives."""
    if _is_responder(message, issuer):
        yield issuer
    for encoded in message.certificates[:_MAX_DELEGATES]:
        try:
            delegate = parse_certificate(encoded, limits=_CERTIFICATE_LIMITS)
            check_dates(delegate, "responder", at)
            check_signature_algorithm(delegate, "responder")
        except ClientCertError:
            continue
        if _is_responder(message, delegate) and _is_delegate(delegate, issuer):
            yield delegate


def _is_responder(message: OcspMessage, certificate: ParsedCertificate) -> bool:
    if message.responder_name is not None:
        return message.responder_name == certificate.subject_canonical
    return message.responder_key_hash == _issuer_hashes(certificate, "sha1")[1]


def _is_delegate(delegate: ParsedCertificate, issuer: ParsedCertificate) -> bool:
    """Say whether an issuer allows somebody to answer for it (RFC 6960 §4.2.2.2): issued directly, for this purpose."""
    found = delegate.extensions
    return (
        _OCSP_SIGNING in (found.extended_key_usage or ())
        and (found.key_usage is None or bool(found.key_usage & _DIGITAL_SIGNATURE))
        and found.critical <= _UNDERSTOOD
        and delegate.issuer_canonical == issuer.subject_canonical
        and key_id_matches(delegate, issuer)
        and is_signed_by(delegate, issuer)
    )


def _check_times(
    message: OcspMessage, single: OCSPSingleResponse, at: datetime, rules: OcspRules
) -> tuple[datetime, datetime]:
    """Return thisUpdate and the last moment (RFC 6960 §3.2, 5 and 6)."""
    this_update = single.this_update_utc
    ends = [] if single.next_update_utc is None else [single.next_update_utc]
    if rules.max_age is not None:
        ends.append(this_update + rules.max_age)
    if not ends:
        raise OcspError("OCSP response has no nextUpdate, and max_age is not set")
    early = (max(this_update, message.produced_at) - at).total_seconds()
    if early > rules.leeway.total_seconds():
        raise OcspError(f"OCSP response is from the future, by {early:.0f} s: compare the clocks")
    if at > min(ends):
        late = (at - min(ends)).total_seconds()
        raise OcspError(f"OCSP response expired at {min(ends):%Y-%m-%dT%H:%M:%SZ} ({late:.0f} s late)")
    return this_update, min(ends)


def _status(single: OCSPSingleResponse, this_update: datetime) -> RevocationStatus:
    source = f"OCSP response of {this_update:%Y-%m-%dT%H:%M:%SZ}"
    if single.certificate_status is OCSPCertStatus.GOOD:
        return Good(source=source)
    if single.certificate_status is OCSPCertStatus.REVOKED:
        reason = single.revocation_reason
        text = "unspecified" if reason is None else str(reason.value)
        return Revoked(source=source, reason=text, when=single.revocation_time_utc)
    return Unknown(why=f"{source} says that the responder does not know the certificate")


def _issuer_hashes(issuer: ParsedCertificate, algorithm: str) -> tuple[bytes, bytes]:
    """Hashes of subject and key of a certificate, as CertID (RFC 6960 §4.1.1) wants them."""
    outer = der.read_tlv(issuer.der, 0)
    tbs = der.read_tlv(issuer.der, outer.start)
    fields = list(der.read_elements(issuer.der, tbs.start, tbs.end))
    # Serial number, algorithm, issuer, validity, subject, key; from version 2 on the version is before them.
    subject, key = fields[4 + (issuer.version > 1)], fields[5 + (issuer.version > 1)][1]
    bits = list(der.read_elements(issuer.der, key.start, key.end))[1][1]
    # Without the octet that counts unused bits.
    parts = issuer.der[subject[0] : subject[1].end], issuer.der[bits.start + 1 : bits.end]
    return _hash(parts[0], algorithm), _hash(parts[1], algorithm)


def _hash(octets: bytes, algorithm: str) -> bytes:
    digest = Hash(ISSUER_HASHES[algorithm]())
    digest.update(octets)
    return digest.finalize()
