"""Where a list can be found (RFC 5280 §4.2.1.13) and what it is for (§5.2.5): compared, never visited."""

from dataclasses import dataclass

from clientcert.core import der
from clientcert.core.certificate import ParsedCertificate
from clientcert.core.extensions import CRL_DISTRIBUTION_POINTS
from clientcert.core.general_names import GeneralName, NameKind, read_general_name
from clientcert.core.name_types import decode_oid
from clientcert.core.names import CanonicalName, DistinguishedName

PointNames = frozenset[tuple[NameKind, bytes | CanonicalName]]

_POINT_NAME, _REASONS, _ISSUER = 0xA0, 0x81, 0xA2
_USERS_ONLY, _CAS_ONLY, _SOME_REASONS, _INDIRECT, _ATTRIBUTES_ONLY = 0x81, 0x82, 0x83, 0x84, 0x85
_SCOPE_FIELDS = frozenset({_POINT_NAME, _USERS_ONLY, _CAS_ONLY, _SOME_REASONS, _INDIRECT, _ATTRIBUTES_ONLY})
_FULL_NAME, _RELATIVE_NAME = 0xA0, 0xA1
_TRUE, _FALSE = b"\xff", b"\x00"


@dataclass(frozen=True, slots=True, kw_only=True)
class DistributionPoint:
    """
    One entry of cRLDistributionPoints.

    Attributes:
        names: Names of the point, comparable; a name relative to the issuer is made a full one.
        has_reasons: Lists found there are for some reasons only.
        has_issuer: Lists found there are somebody else's.
    """

    names: PointNames = frozenset()
    has_reasons: bool = False
    has_issuer: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ListScope:
    """
    What an issuingDistributionPoint says a list is for; without one it is for every certificate of its issuer.

    Attributes:
        names: Names of its distribution point; None where it names none.
        users_only, cas_only, attributes_only: Kinds of certificate.
        some_reasons: It is partitioned by reason.
        indirect: It has entries of other issuers.
    """

    names: PointNames | None = None
    users_only: bool = False
    cas_only: bool = False
    attributes_only: bool = False
    some_reasons: bool = False
    indirect: bool = False


def read_distribution_points(certificate: ParsedCertificate) -> tuple[DistributionPoint, ...]:
    """
    Read cRLDistributionPoints (RFC 5280 §4.2.1.13) of a certificate; empty where there is none.

    Raises:
        ValueError: Not of that form.
        NameSyntaxError: A directoryName in it is not a Name.
    """
    if CRL_DISTRIBUTION_POINTS not in certificate.extensions.oids:
        return ()
    issuer, value = _issuer_and_value(certificate.der)
    points = []
    for _, point in _elements(value):
        fields = {tlv.tag: tlv for _, tlv in der.read_elements(value, point.start, point.end)}
        names = _read_point_name(value, fields[_POINT_NAME], issuer) if _POINT_NAME in fields else frozenset()
        points.append(DistributionPoint(names=names, has_reasons=_REASONS in fields, has_issuer=_ISSUER in fields))
    return tuple(points)


def read_list_scope(value: bytes, issuer: bytes) -> ListScope:
    """
    Read issuingDistributionPoint (RFC 5280 §5.2.5).

    Args:
        value: The content of the extension.
        issuer: DER of the Name of the list's issuer.

    Raises:
        ValueError: Not of that form.
        NameSyntaxError: A directoryName in it is not a Name.
    """
    fields = {tlv.tag: tlv for _, tlv in _elements(value)}
    if not fields.keys() <= _SCOPE_FIELDS:
        raise ValueError("issuingDistributionPoint has unknown or repeated fields")
    return ListScope(
        names=_read_point_name(value, fields[_POINT_NAME], issuer) if _POINT_NAME in fields else None,
        users_only=_read_flag(value, fields.get(_USERS_ONLY)),
        cas_only=_read_flag(value, fields.get(_CAS_ONLY)),
        some_reasons=_SOME_REASONS in fields,
        indirect=_read_flag(value, fields.get(_INDIRECT)),
        attributes_only=_read_flag(value, fields.get(_ATTRIBUTES_ONLY)),
    )


def _elements(value: bytes) -> list[tuple[int, der.Tlv]]:
    outer = der.read_tlv(value, 0)
    if outer.tag != der.SEQUENCE or outer.end != len(value):
        raise ValueError("extension is not one SEQUENCE")
    elements = list(der.read_elements(value, outer.start, outer.end))
    tags = [tlv.tag for _, tlv in elements]
    if len(set(tags)) != len(tags) and set(tags) != {der.SEQUENCE}:
        raise ValueError("extension has a field twice")
    return elements


def _read_flag(value: bytes, tlv: der.Tlv | None) -> bool:
    if tlv is None:
        return False
    content = value[tlv.start : tlv.end]
    if content not in (_TRUE, _FALSE):
        raise ValueError("flag is not a BOOLEAN in DER")
    return content == _TRUE


def _read_point_name(value: bytes, point: der.Tlv, issuer: bytes) -> PointNames:
    choice = der.read_tlv(value, point.start, point.end)
    if choice.end != point.end or choice.tag not in (_FULL_NAME, _RELATIVE_NAME):
        raise ValueError("distribution point is neither a full nor a relative name")
    content = value[choice.start : choice.end]
    if choice.tag == _FULL_NAME:
        elements = der.read_elements(content, 0, len(content))
        return frozenset(_key(read_general_name(content, tlv)) for _, tlv in elements)
    outer = der.read_tlv(issuer, 0)
    full = der.encode_tlv(der.SEQUENCE, issuer[outer.start : outer.end] + der.encode_tlv(der.SET, content))
    return frozenset({(NameKind.DIRECTORY, DistinguishedName.from_der(full).canonical)})


def _key(name: GeneralName) -> tuple[NameKind, bytes | CanonicalName]:
    return name.kind, name.value if name.name is None else name.name.canonical


def _issuer_and_value(certificate: bytes) -> tuple[bytes, bytes]:
    """DER of the issuer, and the content of cRLDistributionPoints, of a certificate that was parsed and has both."""
    outer = der.read_tlv(certificate, 0)
    tbs = der.read_tlv(certificate, outer.start)
    fields = list(der.read_elements(certificate, tbs.start, tbs.end))
    # [0] version, serial number, algorithm, issuer; extensions last.
    start, name = fields[3]
    extensions = der.read_tlv(certificate, fields[-1][1].start)
    found = (
        [tlv for _, tlv in der.read_elements(certificate, extension.start, extension.end)]
        for _, extension in der.read_elements(certificate, extensions.start, extensions.end)
    )
    value = next(e[-1] for e in found if decode_oid(certificate[e[0].start : e[0].end]) == CRL_DISTRIBUTION_POINTS)
    return certificate[start : name.end], certificate[value.start : value.end]
