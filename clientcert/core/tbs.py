"""The parts of an X.509 certificate (RFC 5280 §4.1), found by a walk over its DER."""

from dataclasses import dataclass
from functools import lru_cache

from clientcert.core import der as asn1
from clientcert.core.extensions import Extensions, read_extensions, read_integer
from clientcert.core.general_names import check_bit_string, comparison_form, read_name
from clientcert.core.names import CanonicalName, DistinguishedName

_INTEGER, _VERSION, _ISSUER_ID, _SUBJECT_ID, _EXTENSIONS = 0x02, 0xA0, 0x81, 0x82, 0xA3

X509_V3 = 3
# Clients come from few CAs. A longer name is not kept, so that a peer can empty the cache but not fill the memory.
_MAX_CACHED_ISSUERS, _MAX_CACHED_BYTES = 64, 512


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateFields:
    """
    What the walk found.

    Attributes:
        version: 1 to 3.
        issuer_canonical, subject_canonical: The names as `comparison_form` gives them.
        spki: DER of the subjectPublicKeyInfo.
        public_key_algorithm: DER of the AlgorithmIdentifier in it.
        signature_algorithm: DER of the AlgorithmIdentifier inside the signed part.
        outer_signature_algorithm: The same from outside it.
    """

    version: int
    serial_number: int
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
    parts = list(asn1.read_elements(der, certificate.start, certificate.end))
    if [tlv.tag for _, tlv in parts] != [asn1.SEQUENCE, asn1.SEQUENCE, asn1.BIT_STRING]:
        raise ValueError("wanted to-be-signed part, algorithm and signature")
    elements = list(asn1.read_elements(der, parts[0][1].start, parts[0][1].end))
    version = _read_version(der, elements)
    if [tlv.tag for _, tlv in elements[:6]] != [_INTEGER] + [asn1.SEQUENCE] * 5:
        raise ValueError("wanted serial number, algorithm, issuer, validity, subject and key")
    whole = [der[start : tlv.end] for start, tlv in elements[:6]]
    spki = elements[5][1]
    key_algorithm = asn1.read_tlv(der, spki.start, spki.end)
    read = _read_known_issuer if len(whole[2]) <= _MAX_CACHED_BYTES else _read_issuer
    (issuer, issuer_canonical), subject = read(whole[2]), read_name(whole[4])
    return CertificateFields(
        version=version,
        serial_number=read_integer(der, elements[0][1]),
        signature_algorithm=whole[1],
        issuer=issuer,
        subject=subject,
        issuer_canonical=issuer_canonical,
        subject_canonical=comparison_form(subject),
        spki=whole[5],
        public_key_algorithm=der[spki.start : key_algorithm.end],
        outer_signature_algorithm=der[parts[1][0] : parts[1][1].end],
        extensions=_find_extensions(der, version, elements[6:]),
    )


def _read_issuer(der: bytes) -> tuple[DistinguishedName, CanonicalName]:
    name = read_name(der)
    return name, comparison_form(name)


_read_known_issuer = lru_cache(maxsize=_MAX_CACHED_ISSUERS)(_read_issuer)


def _read_version(der: bytes, elements: list[tuple[int, asn1.Tlv]]) -> int:
    """Take the version off the list; 1 when it is left out."""
    if not elements or elements[0][1].tag != _VERSION:
        return 1
    explicit = elements.pop(0)[1]
    number = asn1.read_tlv(der, explicit.start, explicit.end)
    if number.tag != _INTEGER or number.end != explicit.end or der[number.start : number.end] not in (b"\x01", b"\x02"):
        raise ValueError("version is not 2 or 3")
    return der[number.start] + 1


def _find_extensions(der: bytes, version: int, rest: list[tuple[int, asn1.Tlv]]) -> Extensions:
    tags = [tlv.tag for _, tlv in rest]
    # The unique identifiers of issuer and subject: obsolete, and without a meaning here.
    if tags != sorted(set(tags)) or not set(tags) <= {_ISSUER_ID, _SUBJECT_ID, _EXTENSIONS} or (tags and version == 1):
        raise ValueError("unexpected elements after the key")
    for _, tlv in rest:
        if tlv.tag != _EXTENSIONS:
            check_bit_string(der[tlv.start : tlv.end])
    if _EXTENSIONS not in tags:
        return Extensions()
    if version != X509_V3:
        raise ValueError("extensions in a certificate that is not version 3")
    explicit = rest[-1][1]
    sequence = asn1.read_tlv(der, explicit.start, explicit.end)
    if sequence.tag != asn1.SEQUENCE or sequence.end != explicit.end:
        raise ValueError("extensions are not one SEQUENCE")
    return read_extensions(der, sequence.start, sequence.end)
