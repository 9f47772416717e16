"""
One X.509 certificate, read once and completely: DER in, typed values out.

The to-be-signed part is walked by our own reader before cryptography sees a byte of it. cryptography warns about serial
numbers and names that a peer can choose, raises for some of them only when they are first looked at, and gives no raw
names; here every field is there, or the certificate is refused.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from ipaddress import IPv4Address, IPv6Address, ip_address

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes
from cryptography.x509 import Certificate, load_der_x509_certificate

from clientcert.core.extensions import Extensions
from clientcert.core.general_names import GeneralName, NameKind
from clientcert.core.limits import Limits
from clientcert.core.names import CanonicalName, DistinguishedName
from clientcert.core.tbs import CertificateFields, read_fields
from clientcert.errors import MAX_PEER_TEXT, ClientCertError, EncodingError, Reason, VerificationError, escape_peer_text

# RFC 5280 §4.1.2.2: positive, at most 20 octets.
MAX_SERIAL_NUMBER = (1 << 159) - 1
_SERIAL_RULE = "RFC 5280 §4.1.2.2: positive, at most 20 octets"

_TEXT_KINDS = frozenset({NameKind.EMAIL, NameKind.DNS, NameKind.URI})
# X.520 upper bounds that cryptography warns about whenever it meets them in a directoryName.
_LENGTH_BOUNDS = {"2.5.4.6": (2, 2), "1.3.6.1.4.1.311.60.2.1.3": (2, 2), "2.5.4.3": (1, 64)}


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedCertificate:
    """
    A certificate whose every field could be read. Nothing is said of whether it may be believed.

    Compares by `der`.

    Attributes:
        der: Exactly the octets received.
        x509: The same as an object of cryptography. Its names and extensions are parsed lazily, warn and raise;
            the fields here do not.
        signed: DER of the to-be-signed part.
        version: 1 to 3.
        serial_number: 1 to 2^159 - 1 in a client's certificate; any integer in a CA's.
        subject, issuer: Names as encoded (RFC 5280 §4.1.2.4).
        issuer_der: DER of the issuer's Name.
        validity: DER of the Validity.
        not_before, not_after: Validity, both ends inclusive; aware UTC, whole seconds.
        extensions: RFC 5280 §4.2.
        name_kinds: The types of names in subjectAltName; empty without one.
        public_key: The subject's key, decoded.
        subject_canonical, issuer_canonical: The names in the form in which they are compared (RFC 5280 §7.1).
        public_key_algorithm: DER of the AlgorithmIdentifier of that key, parameters included.
        signature_algorithm: DER of the AlgorithmIdentifier of the issuer's signature, the same inside and outside.
        fingerprint_sha256: SHA-256 of `der`, 64 lower-case hex digits.
        spki_sha256: SHA-256 of the subjectPublicKeyInfo DER, 64 lower-case hex digits.
    """

    der: bytes = field(repr=False)
    x509: Certificate = field(repr=False, compare=False)
    signed: bytes = field(repr=False, compare=False)
    version: int = field(compare=False)
    serial_number: int = field(compare=False)
    subject: DistinguishedName = field(compare=False)
    issuer: DistinguishedName = field(compare=False)
    issuer_der: bytes = field(repr=False, compare=False)
    validity: bytes = field(repr=False, compare=False)
    not_before: datetime = field(compare=False)
    not_after: datetime = field(compare=False)
    extensions: Extensions = field(repr=False, compare=False)
    name_kinds: frozenset[NameKind] = field(repr=False, compare=False)
    public_key: CertificatePublicKeyTypes = field(repr=False, compare=False)
    public_key_algorithm: bytes = field(repr=False, compare=False)
    signature_algorithm: bytes = field(repr=False, compare=False)
    ip_addresses: tuple[IPv4Address | IPv6Address, ...] = field(repr=False, compare=False)
    subject_canonical: CanonicalName = field(repr=False, compare=False)
    issuer_canonical: CanonicalName = field(repr=False, compare=False)
    fingerprint_sha256: str = field(compare=False)
    spki_sha256: str = field(repr=False, compare=False)

    @property
    def dns_names(self) -> tuple[str, ...]:
        """The dNSName entries of subjectAltName, exactly as encoded; empty ones (cfssl writes them) left out."""
        return self._alternative_names(NameKind.DNS)

    @property
    def email_addresses(self) -> tuple[str, ...]:
        """The rfc822Name entries of subjectAltName, exactly as encoded; empty ones left out."""
        return self._alternative_names(NameKind.EMAIL)

    @property
    def uris(self) -> tuple[str, ...]:
        """The uniformResourceIdentifier entries of subjectAltName, exactly as encoded; empty ones left out."""
        return self._alternative_names(NameKind.URI)

    @property
    def user_principal_names(self) -> tuple[str, ...]:
        """The UPN otherNames of subjectAltName (Active Directory), exactly as encoded; empty ones left out."""
        if NameKind.OTHER_NAME not in self.name_kinds:
            return ()
        names = self.extensions.alternative_names or ()
        return tuple(name.text for name in names if name.is_user_principal_name and name.text)

    @property
    def is_self_issued(self) -> bool:
        """Whether subject and issuer are the same name (RFC 5280 §3.2); says nothing of the signature."""
        return self.subject_canonical == self.issuer_canonical

    def _alternative_names(self, kind: NameKind) -> tuple[str, ...]:
        if kind not in self.name_kinds:
            return ()
        return tuple([name.text for name in self.extensions.alternative_names or () if name.kind is kind and name.text])

    def __str__(self) -> str:
        """Subject and the first 8 octets of the fingerprint, escaped and cut: for one line of a log."""
        return f"{show_name(self.subject)} (sha256 {self.fingerprint_sha256[:16]})"


def show_name(name: DistinguishedName) -> str:
    """
    Print a name in quotes for one line of a log: RFC 4514, cut at 80 characters, printable ASCII.

    Its backslashes are RFC 4514's own and stay as they are; what is beyond ASCII becomes a Python escape.
    """
    text = name.rfc4514.encode("ascii", "backslashreplace").decode("ascii")
    return f"'{text}'" if len(text) <= MAX_PEER_TEXT else f"'{text[:MAX_PEER_TEXT]}...'"


def parse_certificate(der: bytes, *, limits: Limits) -> ParsedCertificate:
    """
    Read one certificate that a peer sent.

    Args:
        der: Exactly one certificate.
        limits: Upper bounds; see `Limits`.

    Raises:
        EncodingError: CERTIFICATE_TOO_LARGE over a limit; CERTIFICATE_MALFORMED or NAME_MALFORMED for anything that
            is not one X.509 certificate in DER, trailing octets included.
        VerificationError: SERIAL_NOT_ACCEPTED outside 1..2^159 - 1 (RFC 5280 §4.1.2.2); ALGORITHM_NOT_ACCEPTED when
            the two signature algorithms differ (§4.1.1.2); KEY_NOT_ACCEPTED for a key that cannot be decoded;
            NAME_NOT_ACCEPTED for a directoryName in subjectAltName that exceeds X.520's bounds.

    Not checked here: trust, dates, purpose, key strength. See `verification`.
    """
    if len(der) > limits.certificate_bytes:
        detail = f"certificate has {len(der)} bytes, the limit is {limits.certificate_bytes}"
        raise EncodingError(Reason.CERTIFICATE_TOO_LARGE, detail, hints=_way_out("certificate_bytes", len(der)))
    fields = _walk(der)
    if not 1 <= fields.serial_number <= MAX_SERIAL_NUMBER:
        raise VerificationError(Reason.SERIAL_NOT_ACCEPTED, _serial_detail(fields.serial_number), hints=(_SERIAL_RULE,))
    _check_sizes(fields, limits)
    return _load(der, fields)


def parse_ca_certificate(der: bytes) -> ParsedCertificate:
    """
    Read one CA certificate that the operator configured: as `parse_certificate`, without limits, with any serial.

    Old private CAs carry serial 0; cryptography emits a deprecation warning for them, which the operator should see.
    """
    return _load(der, _walk(der))


def _serial_detail(number: int) -> str:
    kind = "zero" if number == 0 else "negative" if number < 0 else f"{number.bit_length()} bits long"
    return f"serial number is {kind}, wanted 1 to 2^159 - 1"


def _malformed(exc: Exception) -> EncodingError:
    detail = f"not an X.509 certificate in DER: {escape_peer_text(str(exc) or type(exc).__name__)}"
    return EncodingError(Reason.CERTIFICATE_MALFORMED, detail)


@contextmanager
def hostile_der() -> Iterator[None]:
    """
    Turn whatever cryptography raises for octets that an attacker chose into a refusal.

    Raises:
        VerificationError: KEY_NOT_ACCEPTED for an algorithm that cryptography does not have.
        EncodingError: CERTIFICATE_MALFORMED for everything else.
    """
    try:
        yield
    except ClientCertError:
        raise
    except UnsupportedAlgorithm as exc:
        detail = f"public key cannot be used: {escape_peer_text(str(exc))}"
        raise VerificationError(Reason.KEY_NOT_ACCEPTED, detail, hints=("RFC 5280 §4.1.2.7",)) from exc
    # The one broad handler of the code base. What cryptography raises here is no contract: ValueError, TypeError,
    # OverflowError, InvalidVersion, DuplicateExtension, UnsupportedGeneralNameType and warnings turned into errors
    # have all been seen, and a new release may add to them. Whatever it is, the request must have an outcome.
    except Exception as exc:
        raise _malformed(exc) from exc


def _walk(der: bytes) -> CertificateFields:
    try:
        return read_fields(der)
    except ValueError as exc:
        raise _malformed(exc) from exc


def _check_sizes(fields: CertificateFields, limits: Limits) -> None:
    names = fields.extensions.alternative_names or ()
    uri_bytes = max([len(name.value) for name in names if name.kind is NameKind.URI], default=0)
    _check_size("extensions", len(fields.extensions.oids), "extensions", limits.extensions)
    _check_size("alternative names", len(names), "alternative_names", limits.alternative_names)
    _check_size("bytes in one URI", uri_bytes, "uri_bytes", limits.uri_bytes)
    for whose, name in (("subject", fields.subject), ("issuer", fields.issuer)):
        rdns = name.rdns
        lengths = [len(attribute.value) for rdn in rdns for attribute in rdn]
        _check_size("RDNs in the " + whose, len(rdns), "rdns", limits.rdns)
        longest = max(lengths, default=0)
        _check_size(
            "characters in one value of the " + whose, longest, "name_value_characters", limits.name_value_characters
        )
        _check_size("characters in the " + whose, sum(lengths), "name_characters", limits.name_characters)


def _check_size(what: str, size: int, name: str, limit: int) -> None:
    if size > limit:
        detail = f"certificate has {size} {what}, the limit is {limit}"
        raise EncodingError(Reason.CERTIFICATE_TOO_LARGE, detail, hints=_way_out(name, size))


def _way_out(limit: str, size: int) -> tuple[str, ...]:
    return (f"Limits({limit}={size}) accepts it",)


def _load(der: bytes, fields: CertificateFields) -> ParsedCertificate:
    if fields.signature_algorithm != fields.outer_signature_algorithm:
        detail = "signature algorithm inside the certificate differs from the one outside"
        raise VerificationError(Reason.ALGORITHM_NOT_ACCEPTED, detail, hints=("RFC 5280 §4.1.1.2",))
    names = fields.extensions.alternative_names or ()
    kinds = frozenset([name.kind for name in names])
    addresses = () if kinds <= _TEXT_KINDS else _read_addresses(names)
    with hostile_der():
        loaded = load_der_x509_certificate(der)
        not_before, not_after = loaded.not_valid_before_utc, loaded.not_valid_after_utc
        public_key = loaded.public_key()
    return ParsedCertificate(
        der=der,
        x509=loaded,
        signed=fields.signed,
        version=fields.version,
        serial_number=fields.serial_number,
        subject=fields.subject,
        issuer=fields.issuer,
        issuer_der=fields.issuer_der,
        validity=fields.validity,
        not_before=not_before,
        not_after=not_after,
        extensions=fields.extensions,
        name_kinds=kinds,
        public_key=public_key,
        public_key_algorithm=fields.public_key_algorithm,
        signature_algorithm=fields.signature_algorithm,
        ip_addresses=addresses,
        subject_canonical=fields.subject_canonical,
        issuer_canonical=fields.issuer_canonical,
        fingerprint_sha256=sha256(der).hexdigest(),
        spki_sha256=sha256(fields.spki).hexdigest(),
    )


def _read_addresses(names: Sequence[GeneralName]) -> tuple[IPv4Address | IPv6Address, ...]:
    """Addresses of subjectAltName, and a refusal for names that could not be handed on as what they are."""
    addresses = []
    for name in names:
        if name.kind is NameKind.IP:
            if len(name.value) not in (4, 16):
                detail = f"IP address of {len(name.value)} octets in subjectAltName, wanted 4 or 16"
                raise EncodingError(Reason.CERTIFICATE_MALFORMED, detail, hints=("RFC 5280 §4.2.1.6",))
            addresses.append(ip_address(name.value))
        if name.name is not None and not _within_bounds(name.name):
            detail = "directoryName in subjectAltName has a country or common name longer than X.520 allows"
            raise VerificationError(Reason.NAME_NOT_ACCEPTED, detail, hints=("RFC 5280 §4.2.1.6",))
    return tuple(addresses)


def _within_bounds(name: DistinguishedName) -> bool:
    for attribute in (attribute for rdn in name.rdns for attribute in rdn):
        low, high = _LENGTH_BOUNDS.get(attribute.oid, (0, len(attribute.value.encode())))
        if not low <= len(attribute.value.encode()) <= high:
            return False
    return True
