"""The parts of an X.509 certificate (RFC 5280 §4.1), found by a walk over its DER."""

from functools import lru_cache
from typing import NamedTuple

from clientcert.core import der as asn1
from clientcert.core.extensions import Extensions, read_extensions, read_integer
from clientcert.core.general_names import check_bit_string, read_name_and_form
from clientcert.core.names import CanonicalName, DistinguishedName

_INTEGER, _VERSION, _ISSUER_ID, _SUBJECT_ID, _EXTENSIONS = 0x02, 0xA0, 0x81, 0x82, 0xA3
_CERTIFICATE = [asn1.SEQUENCE, asn1.SEQUENCE, asn1.BIT_STRING]
_TO_BE_SIGNED = [_INTEGER] + [asn1.SEQUENCE] * 5

X509_V3 = 3
_VERSION_3 = b"\xa0\x03\x02\x01\x02"
# Clients come from few CAs. A longer name is not kept, so that a peer can empty the cache but not fill the memory.
_MAX_CACHED_ISSUERS, _MAX_CACHED_BYTES = 64, 512


class CertificateFields(NamedTuple):
    """
    What the walk found.

    Attributes:
        signed: DER of the to-be-signed part.
        version: 1 to 3.
        issuer_der: DER of the issuer's Name.
        validity: DER of the Validity.
        issuer_canonical, subject_canonical: The names as `comparison_form` gives them.
        spki: DER of the subjectPublicKeyInfo.
        public_key_algorithm: DER of the AlgorithmIdentifier in it.
        signature_algorithm: DER of the AlgorithmIdentifier inside the signed part.
        outer_signature_algorithm: The same from outside it.
    """

    signed: bytes
    version: int
    serial_number: int
    issuer_der: bytes
    validity: bytes
    issuer: DistinguishedName
    subject: DistinguishedName
    issuer_canonical: CanonicalName
    subject_canonical: CanonicalName
    spki: bytes
    public_key_algorithm: bytes
    signature_algorithm: bytes
    outer_signature_algorithm: bytes
    extensions: Extensions


def read_fields(der: bytes) -> CertificateFields:
    """
    Walk over one certificate.

    Raises:
        ValueError: Anything that is not one Certificate in DER, trailing octets included.
        NameSyntaxError: Subject, issuer, or a directoryName in an extension is not a Name.

    Not checked here: sizes, values, signature; validity and key are left to cryptography.
    """
    certificate = asn1.read_tlv(der, 0)
    if certificate.tag != asn1.SEQUENCE or certificate.end != len(der):
        raise ValueError("wanted one SEQUENCE and nothing after it")
    parts = asn1.split_elements(der, certificate.start, certificate.end)
    if _tags(parts) != _CERTIFICATE:
        raise ValueError("wanted to-be-signed part, algorithm and signature")
    signed, outer_signature_algorithm, _ = parts
    outer = asn1.read_tlv(signed, 0)
    elements = asn1.split_elements(signed, outer.start, outer.end)
    version = _read_version(elements)
    if _tags(elements[:6]) != _TO_BE_SIGNED:
        raise ValueError("wanted serial number, algorithm, issuer, validity, subject and key")
    serial_number, signature_algorithm, issuer_der, validity, subject_der, spki, *rest = elements
    key = asn1.read_tlv(spki, 0)
    public_key_algorithm = spki[key.start : asn1.read_tlv(spki, key.start, key.end).end]
    read = _read_known_issuer if len(issuer_der) <= _MAX_CACHED_BYTES else read_name_and_form
    issuer, issuer_canonical = read(issuer_der)
    subject, subject_canonical = read_name_and_form(subject_der)
    return CertificateFields(
        signed=signed,
        version=version,
        serial_number=read_integer(serial_number, asn1.read_tlv(serial_number, 0)),
        issuer_der=issuer_der,
        validity=validity,
        signature_algorithm=signature_algorithm,
        issuer=issuer,
        subject=subject,
        issuer_canonical=issuer_canonical,
        subject_canonical=subject_canonical,
        spki=spki,
        public_key_algorithm=public_key_algorithm,
        outer_signature_algorithm=outer_signature_algorithm,
        extensions=_find_extensions(version, rest) if rest else Extensions(),
    )


_read_known_issuer = lru_cache(maxsize=_MAX_CACHED_ISSUERS)(read_name_and_form)


def _tags(elements: list[bytes]) -> list[int]:
    return [element[0] for element in elements]


def _read_version(elements: list[bytes]) -> int:
    """Take the version off the list; 1 when it is left out."""
    if not elements or elements[0][0] != _VERSION:
        return 1
    explicit = elements.pop(0)
    if explicit == _VERSION_3:
        return X509_V3
    outer = asn1.read_tlv(explicit, 0)
    number = asn1.read_tlv(explicit, outer.start, outer.end)
    if number.tag != _INTEGER or number.end != outer.end or explicit[number.start : number.end] != b"\x01":
        raise ValueError("version is not 2 or 3")
    return 2


def _find_extensions(version: int, rest: list[bytes]) -> Extensions:
    tags = _tags(rest)
    # The unique identifiers of issuer and subject: obsolete, and without a meaning here.
    if tags != sorted(set(tags)) or not set(tags) <= {_ISSUER_ID, _SUBJECT_ID, _EXTENSIONS} or version == 1:
        raise ValueError("unexpected elements after the key")
    for element in rest:
        if element[0] != _EXTENSIONS:
            check_bit_string(element[asn1.read_tlv(element, 0).start :])
    if tags[-1] != _EXTENSIONS:
        return Extensions()
    if version != X509_V3:
        raise ValueError("extensions in a certificate that is not version 3")
    explicit = asn1.read_tlv(rest[-1], 0)
    sequence = asn1.read_tlv(rest[-1], explicit.start, explicit.end)
    if sequence.tag != asn1.SEQUENCE or sequence.end != explicit.end:
        raise ValueError("extensions are not one SEQUENCE")
    return read_extensions(rest[-1], sequence.start, sequence.end)
