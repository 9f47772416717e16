"""
The parts of an OCSP response (RFC 6960 §4.2.1), read. Nothing is said of whether it may be believed.

cryptography shows the extensions of a response that is about one certificate only, and neither the algorithm
identifier nor the raw name of the responder; those are found by a walk over the octets.
"""

from dataclasses import dataclass
from datetime import datetime

from cryptography.hazmat.primitives.asymmetric import ec, padding
from cryptography.x509.ocsp import OCSPResponse, OCSPResponseStatus, OCSPSingleResponse, load_der_ocsp_response

from clientcert.core import der
from clientcert.core.certificate import hostile_der
from clientcert.core.extensions import read_extensions
from clientcert.core.name_types import decode_oid
from clientcert.core.names import CanonicalName, DistinguishedName
from clientcert.core.verification.signed import Signed
from clientcert.errors import ClientCertError, escape_peer_text

_BY_KEY, _EXTENSIONS = 0xA2, 0xA1
_RSA_OIDS = frozenset(f"1.2.840.113549.1.1.{arc}" for arc in (11, 12, 13, 14))
_ECDSA_OIDS = frozenset(f"1.2.840.10045.4.3.{arc}" for arc in (1, 2, 3, 4))
_EDDSA_OIDS = frozenset({"1.3.101.112", "1.3.101.113"})


class OcspError(ValueError):
    """A response is worth nothing; the text says why, for the operator."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OcspMessage:
    """
    One successful basic response.

    Attributes:
        responder_name: Who says to have signed it, in the form in which names are compared; or None,
        responder_key_hash: and then this, the SHA-1 of the responder's key.
        produced_at: When it was signed; aware UTC.
        singles: What it says of each certificate.
        critical: Dotted OIDs of all extensions marked critical, of the whole and of its parts.
        certificates: DER of the certificates it brings along.
        signed: The signature to check.
    """

    responder_name: CanonicalName | None
    responder_key_hash: bytes | None
    produced_at: datetime
    singles: tuple[OCSPSingleResponse, ...]
    critical: frozenset[str]
    certificates: tuple[bytes, ...]
    signed: Signed


def read_message(encoded: bytes) -> OcspMessage:
    """
    Read a response as a responder sent it.

    Raises:
        OcspError: Not a response, a status other than successful, another type than basic, a signature algorithm other
            than RSA (PKCS #1), ECDSA or EdDSA with SHA-2.
    """
    try:
        with hostile_der():
            response = load_der_ocsp_response(encoded)
            status = response.response_status
    except ClientCertError as exc:
        raise OcspError("not an OCSP response") from exc
    if status is not OCSPResponseStatus.SUCCESSFUL:
        raise OcspError(f"the responder answers {status.name.lower()}")
    try:
        with hostile_der():
            return _read(encoded, response)
    except ClientCertError as exc:
        raise OcspError(f"OCSP response cannot be read: {escape_peer_text(exc.detail)}") from exc


def _read(encoded: bytes, response: OCSPResponse) -> OcspMessage:
    basic = _find_basic(encoded)
    (_, tbs), algorithm, *rest = der.read_elements(encoded, basic.start, basic.end)
    signed = _read_signed(encoded, algorithm, response)
    certificates: tuple[bytes, ...] = ()
    if rest[1:]:
        sequence = der.read_tlv(encoded, rest[1][1].start, rest[1][1].end)
        elements = der.read_elements(encoded, sequence.start, sequence.end)
        certificates = tuple(encoded[start : tlv.end] for start, tlv in elements)
    # Responder, date, responses, extensions. DER leaves version 1 out, and cryptography has refused any other.
    fields = [tlv for _, tlv in der.read_elements(encoded, tbs.start, tbs.end)]
    responder = der.read_tlv(encoded, fields[0].start, fields[0].end)
    by_key = fields[0].tag == _BY_KEY
    name = None if by_key else DistinguishedName.from_der(encoded[fields[0].start : fields[0].end]).canonical
    return OcspMessage(
        responder_name=name,
        responder_key_hash=encoded[responder.start : responder.end] if by_key else None,
        produced_at=response.produced_at_utc,
        singles=tuple(response.responses),
        critical=_find_critical(encoded, fields[2], fields[3:]),
        certificates=certificates,
        signed=signed,
    )


def _find_basic(encoded: bytes) -> der.Tlv:
    """Go from OCSPResponse to BasicOCSPResponse; cryptography has parsed both."""
    outer = der.read_tlv(encoded, 0)
    _, (_, explicit) = der.read_elements(encoded, outer.start, outer.end)
    sequence = der.read_tlv(encoded, explicit.start)
    _, (_, octets) = der.read_elements(encoded, sequence.start, sequence.end)
    return der.read_tlv(encoded, octets.start, octets.end)


def _read_signed(encoded: bytes, algorithm: tuple[int, der.Tlv], response: OCSPResponse) -> Signed:
    start, sequence = algorithm
    oid = der.read_tlv(encoded, sequence.start, sequence.end)
    dotted = decode_oid(encoded[oid.start : oid.end])
    hash_ = None if dotted in _EDDSA_OIDS else response.signature_hash_algorithm
    parameters: padding.PKCS1v15 | ec.ECDSA | None = None
    if dotted in _RSA_OIDS:
        parameters = padding.PKCS1v15()
    elif dotted in _ECDSA_OIDS and hash_ is not None:
        parameters = ec.ECDSA(hash_)
    elif dotted not in _EDDSA_OIDS:
        raise ValueError(f"signature algorithm {dotted} is not accepted, wanted RSA, ECDSA or EdDSA with SHA-2")
    return Signed(
        message=response.tbs_response_bytes,
        signature=response.signature,
        algorithm=encoded[start : sequence.end],
        parameters=parameters,
        hash_algorithm=hash_,
    )


def _find_critical(encoded: bytes, responses: der.Tlv, rest: list[der.Tlv]) -> frozenset[str]:
    explicit = [tlv for tlv in rest if tlv.tag == _EXTENSIONS]
    for _, single in der.read_elements(encoded, responses.start, responses.end):
        # After certID, certStatus and thisUpdate; a status of revoked has the same tag.
        _, _, _, *optional = (tlv for _, tlv in der.read_elements(encoded, single.start, single.end))
        explicit += [tlv for tlv in optional if tlv.tag == _EXTENSIONS]
    critical: set[str] = set()
    for tlv in explicit:
        sequence = der.read_tlv(encoded, tlv.start, tlv.end)
        critical |= read_extensions(encoded, sequence.start, sequence.end).critical
    return frozenset(critical)
