"""Certificate revocation lists for tests (RFC 5280 §5), written by hand for the same reason as certificates."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, TypeAlias, TypedDict

from cryptography import x509
from cryptography.x509.oid import CRLEntryExtensionOID, ExtensionOID

from clientcert.testing.asn1 import TimeType, enumerated, explicit, integer, sequence, time
from clientcert.testing.building import Party
from clientcert.testing.extensions import encode_extension
from clientcert.testing.issued import IssuedCertificate, pem
from clientcert.testing.keys import PrivateKey
from clientcert.testing.knobs import Moment, resolve
from clientcert.testing.names import NameLike, encode_name
from clientcert.testing.signing import SignatureHash, SignaturePadding, algorithm_identifier, signed

ReasonCode: TypeAlias = Literal[
    "unspecified",
    "keyCompromise",
    "cACompromise",
    "affiliationChanged",
    "superseded",
    "cessationOfOperation",
    "certificateHold",
    "removeFromCRL",
    "privilegeWithdrawn",
    "aACompromise",
]

# RFC 5280 §5.3.1; 7 is not used.
_REASON_CODES: dict[ReasonCode, int] = {
    "unspecified": 0,
    "keyCompromise": 1,
    "cACompromise": 2,
    "affiliationChanged": 3,
    "superseded": 4,
    "cessationOfOperation": 5,
    "certificateHold": 6,
    "removeFromCRL": 8,
    "privilegeWithdrawn": 9,
    "aACompromise": 10,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Revoked:
    """
    One entry of a revocation list.

    Attributes:
        serial_number: Of the revoked certificate.
        at: When it was revoked; by default now.
        reason: Its reason code; None leaves the extension out.
        extra_extensions: Further entry extensions, such as the certificate issuer of an indirect list.
    """

    serial_number: int
    at: Moment = timedelta()
    reason: ReasonCode | None = None
    extra_extensions: tuple[x509.Extension[x509.ExtensionType], ...] = ()


RevokedLike: TypeAlias = Revoked | IssuedCertificate | int
"""An entry, an issued certificate, or a serial number."""


class CrlKnobs(TypedDict, total=False):
    """
    Everything about one revocation list that a test may choose.

    Attributes:
        this_update: Default one hour ago.
        next_update: Default in 7 days; None leaves it out, which RFC 5280 §5.1.2.5 forbids.
        number: cRLNumber. Default 1; None leaves it out.
        delta_base: Makes a delta list on the base list of this number (critical, RFC 5280 §5.2.4).
        authority_key_identifier: True (default) for the issuer's identifier, any identifier, or None for none.
        issuing_distribution_point: RFC 5280 §5.2.5, critical.
        extra_extensions: Written after the others.
        version: 2 (default) or 1; a list of version 1 has no extensions unless a knob asks for one.
        issuer_name: Instead of the authority's subject.
        signing_key: Instead of the authority's key: a wrong signature.
        corrupt_signature: Flip the last bit of the signature.
        signature_hash: Default sha256.
        signature_padding: ``pkcs1`` (default) or ``pss``, for RSA.
        time_type: Force UTCTime or GeneralizedTime.
    """

    this_update: Moment
    next_update: Moment | None
    number: int | None
    delta_base: int
    authority_key_identifier: Literal[True] | bytes | None
    issuing_distribution_point: x509.IssuingDistributionPoint
    extra_extensions: Sequence[x509.Extension[x509.ExtensionType]]
    version: int
    issuer_name: NameLike
    signing_key: PrivateKey
    corrupt_signature: bool
    signature_hash: SignatureHash
    signature_padding: SignaturePadding
    time_type: TimeType


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuedCrl:
    """A signed revocation list; ``der`` may be one that `crl` cannot parse: nothing is checked when issuing."""

    der: bytes

    @property
    def crl(self) -> x509.CertificateRevocationList:
        """The list as ``cryptography`` reads it; ValueError where a knob has made it unreadable."""
        return x509.load_der_x509_crl(self.der)

    @property
    def pem(self) -> bytes:
        """The list in PEM."""
        return pem(self.der, label="X509 CRL")


def build_crl(revoked: Iterable[RevokedLike], knobs: CrlKnobs, *, issuer: Party, now: datetime) -> IssuedCrl:
    """
    Encode and sign one revocation list.

    Raises:
        TypeError: A knob that does not exist.
        ValueError: A naive datetime.
    """
    if unknown := knobs.keys() - CrlKnobs.__annotations__.keys():
        legal = ", ".join(CrlKnobs.__annotations__)
        raise TypeError(f"unknown knob {', '.join(sorted(unknown))}: the legal ones are {legal}")
    signing_key = knobs.get("signing_key", issuer.key)
    signature_hash, signature_padding = knobs.get("signature_hash", "sha256"), knobs.get("signature_padding", "pkcs1")
    version = knobs.get("version", 2)
    entries = [_entry(item, now, knobs.get("time_type", "auto")) for item in revoked]
    extensions = _extensions(
        knobs if version == 1 else CrlKnobs(number=1, authority_key_identifier=True) | knobs, issuer
    )
    to_be_signed = sequence(
        integer(version - 1) if version != 1 else b"",
        algorithm_identifier(signing_key, signature_hash=signature_hash, signature_padding=signature_padding),
        encode_name(knobs.get("issuer_name", issuer.name)),
        _updates(knobs, now),
        # An empty revokedCertificates must be absent (RFC 5280 §5.1.2.6).
        sequence(*entries) if entries else b"",
        explicit(0, sequence(*extensions)) if extensions else b"",
    )
    return IssuedCrl(
        der=signed(
            to_be_signed,
            signing_key,
            signature_hash=signature_hash,
            signature_padding=signature_padding,
            corrupt=knobs.get("corrupt_signature", False),
        )
    )


def _updates(knobs: CrlKnobs, now: datetime) -> bytes:
    moments = (knobs.get("this_update", timedelta(hours=-1)), knobs.get("next_update", timedelta(days=7)))
    time_type = knobs.get("time_type", "auto")
    return b"".join(time(resolve(moment, now), time_type=time_type) for moment in moments if moment is not None)


def _entry(item: RevokedLike, now: datetime, time_type: TimeType) -> bytes:
    entry = _as_entry(item)
    extensions = [
        encode_extension(extension.oid.dotted_string, extension.value.public_bytes(), critical=extension.critical)
        for extension in entry.extra_extensions
    ]
    if entry.reason is not None:
        code = enumerated(_REASON_CODES[entry.reason])
        extensions.insert(0, encode_extension(CRLEntryExtensionOID.CRL_REASON.dotted_string, code, critical=False))
    return sequence(
        integer(entry.serial_number),
        time(resolve(entry.at, now), time_type=time_type),
        sequence(*extensions) if extensions else b"",
    )


def _as_entry(item: RevokedLike) -> Revoked:
    if isinstance(item, Revoked):
        return item
    return Revoked(serial_number=item if isinstance(item, int) else item.certificate.serial_number)


def _extensions(knobs: CrlKnobs, issuer: Party) -> list[bytes]:
    extensions: list[x509.Extension[x509.ExtensionType]] = []
    if (identifier := knobs.get("authority_key_identifier")) is not None:
        octets = issuer.key_identifier if identifier is True else identifier
        key_id = x509.AuthorityKeyIdentifier(octets, authority_cert_issuer=None, authority_cert_serial_number=None)
        extensions.append(x509.Extension(ExtensionOID.AUTHORITY_KEY_IDENTIFIER, critical=False, value=key_id))
    if (number := knobs.get("number")) is not None:
        extensions.append(x509.Extension(ExtensionOID.CRL_NUMBER, critical=False, value=x509.CRLNumber(number)))
    if (base := knobs.get("delta_base")) is not None:
        indicator = x509.DeltaCRLIndicator(base)
        extensions.append(x509.Extension(ExtensionOID.DELTA_CRL_INDICATOR, critical=True, value=indicator))
    if (scope := knobs.get("issuing_distribution_point")) is not None:
        extensions.append(x509.Extension(ExtensionOID.ISSUING_DISTRIBUTION_POINT, critical=True, value=scope))
    return [
        encode_extension(extension.oid.dotted_string, extension.value.public_bytes(), critical=extension.critical)
        for extension in (*extensions, *knobs.get("extra_extensions", ()))
    ]
