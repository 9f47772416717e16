"""One certificate revocation list (RFC 5280 §5): octets in, typed values and an index out."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256

from cryptography.x509 import load_der_x509_crl

from clientcert.core import der
from clientcert.core.certificate import ParsedCertificate, hostile_der
from clientcert.core.extensions import AUTHORITY_KEY_ID, AuthorityKeyId, read_extensions, read_integer
from clientcert.core.names import CanonicalName, DistinguishedName
from clientcert.core.verification.crl_entries import CrlEntries
from clientcert.core.verification.distribution_points import ListScope, read_list_scope
from clientcert.core.verification.signed import Signed
from clientcert.errors import ClientCertError, ConfigurationError, escape_peer_text

_CRL_NUMBER, _DELTA_INDICATOR, _ISSUING_POINT = "2.5.29.20", "2.5.29.27", "2.5.29.28"
_UNDERSTOOD = frozenset({_ISSUING_POINT, AUTHORITY_KEY_ID})
_INTEGER, _UTC_TIME, _GENERALIZED_TIME, _EXTENSIONS = 0x02, 0x17, 0x18, 0xA0
_TIMES = (_UTC_TIME, _GENERALIZED_TIME)


@dataclass(frozen=True, slots=True, kw_only=True)
class Crl:
    """
    A complete, direct list of one issuer, as it came. Nothing is said of whether it may be believed.

    Attributes:
        issuer: Whose list it is; it has entries for this issuer's certificates only.
        issuer_canonical: The same in the form in which names are compared.
        number: cRLNumber (RFC 5280 §5.2.3), or None.
        this_update, next_update: When it was issued, and when the next one comes at the latest; aware UTC.
        scope: What it is for (RFC 5280 §5.2.5).
        authority_key_id: Whose key signed it, if it says so.
        entries: The revoked certificates.
        signed: The signature to check.
        sha256: Of the encoded list.
    """

    issuer: DistinguishedName
    issuer_canonical: CanonicalName = field(repr=False)
    number: int | None
    this_update: datetime
    next_update: datetime | None
    scope: ListScope
    authority_key_id: AuthorityKeyId | None = field(repr=False)
    entries: CrlEntries = field(repr=False)
    signed: Signed = field(repr=False)
    sha256: bytes = field(repr=False)

    def __str__(self) -> str:
        """Number and date, for one line of a log."""
        number = "without number" if self.number is None else str(self.number)
        return f"CRL {number} of {self.this_update:%Y-%m-%dT%H:%M:%SZ}"

    def expires(self, *, grace: timedelta, max_age: timedelta | None) -> datetime | None:
        """
        Return the last moment it may be believed, or None where it names none and there is no `max_age`.

        Args:
            grace: Time after nextUpdate in which it still holds.
            max_age: Longest time after thisUpdate, whatever nextUpdate says.
        """
        ends = [] if self.next_update is None else [self.next_update + grace]
        if max_age is not None:
            ends.append(self.this_update + max_age)
        return min(ends, default=None)

    def covers(self, certificate: ParsedCertificate) -> bool:
        """
        Say whether the list is for a certificate of its issuer, by kind (RFC 5280 §6.3.3 b 2 ii, iii).

        Not checked here: distribution points.
        """
        constraints = certificate.extensions.basic_constraints
        is_ca = constraints is not None and constraints.ca
        return not (self.scope.attributes_only or (self.scope.users_only if is_ca else self.scope.cas_only))


def read_crl(encoded: bytes) -> Crl:
    """
    Read one list and index its entries.

    Args:
        encoded: DER of exactly one CertificateList; the index keeps it.

    Raises:
        ConfigurationError: Anything that is not one; and lists that are not used here, by name: delta lists
            (§5.2.4), indirect ones (§5.2.5), lists for some reasons only, lists with a critical extension that is
            not understood (§5.2) or a critical cRLNumber (§5.2.3), version 1 with extensions, an empty
            revokedCertificates (§5.1.2.6).

    Not checked here: signature, issuer, dates. See `crl_checker`.
    """
    try:
        return _read(encoded)
    except ValueError as exc:
        if isinstance(exc, ConfigurationError):
            raise
        raise ConfigurationError(f"not a revocation list in DER: {escape_peer_text(str(exc))}") from exc
    except ClientCertError as exc:
        raise ConfigurationError(f"not a revocation list in DER: {exc.detail}") from exc


def _read(encoded: bytes) -> Crl:
    outer = der.read_tlv(encoded, 0)
    if outer.tag != der.SEQUENCE or outer.end != len(encoded):
        raise ValueError("wanted one SEQUENCE and nothing after it")
    parts = list(der.read_elements(encoded, outer.start, outer.end))
    if [tlv.tag for _, tlv in parts] != [der.SEQUENCE, der.SEQUENCE, der.BIT_STRING]:
        raise ValueError("wanted to-be-signed part, algorithm and signature")
    (start, tbs), algorithm, signature = parts
    fields = _read_fields(encoded, tbs)
    whole = {name: encoded[at : tlv.end] for name, (at, tlv) in fields.items() if name != "entries"}
    if whole["algorithm"] != encoded[algorithm[0] : algorithm[1].end]:
        raise ValueError("signature algorithm inside the list differs from the one outside (RFC 5280 §5.1.1.2)")
    entries = fields["entries"][1] if "entries" in fields else der.Tlv(0, start, start)
    values, key_id = _read_extensions(encoded, fields)
    issuer = DistinguishedName.from_der(whole["issuer"])
    scope = read_list_scope(values[_ISSUING_POINT], whole["issuer"]) if _ISSUING_POINT in values else ListScope()
    _check_scope(scope)
    # The list without its entries: cryptography reads dates and algorithms, and keeps no copy of a million entries.
    content = der.encode_tlv(der.SEQUENCE, b"".join(whole.values()))
    skeleton = der.encode_tlv(der.SEQUENCE, content + encoded[algorithm[0] : signature[1].end])
    with hostile_der():
        loaded = load_der_x509_crl(skeleton)
        this_update, next_update = loaded.last_update_utc, loaded.next_update_utc
        signed = Signed(
            message=memoryview(encoded)[start : tbs.end],
            signature=loaded.signature,
            algorithm=whole["algorithm"],
            parameters=loaded.signature_algorithm_parameters,
            hash_algorithm=loaded.signature_hash_algorithm,
        )
    return Crl(
        issuer=issuer,
        issuer_canonical=issuer.canonical,
        number=_read_number(values.get(_CRL_NUMBER)),
        this_update=this_update,
        next_update=next_update,
        scope=scope,
        authority_key_id=key_id,
        entries=CrlEntries.read(encoded, entries.start, entries.end, has_extensions="version" in whole),
        signed=signed,
        sha256=sha256(encoded).digest(),
    )


def _read_fields(encoded: bytes, tbs: der.Tlv) -> dict[str, tuple[int, der.Tlv]]:
    """Name the elements of the TBSCertList (RFC 5280 §5.1), in order."""
    rest = list(der.read_elements(encoded, tbs.start, tbs.end))
    fields: dict[str, tuple[int, der.Tlv]] = {}
    for name, tags, is_optional in (
        ("version", (_INTEGER,), True),
        ("algorithm", (der.SEQUENCE,), False),
        ("issuer", (der.SEQUENCE,), False),
        ("this_update", _TIMES, False),
        ("next_update", _TIMES, True),
        ("entries", (der.SEQUENCE,), True),
        ("extensions", (_EXTENSIONS,), True),
    ):
        if rest and rest[0][1].tag in tags:
            fields[name] = rest.pop(0)
        elif not is_optional:
            raise ValueError(f"{name.replace('_u', 'U')} is not where it belongs")
    if rest:
        raise ValueError("unexpected elements in the to-be-signed part")
    if "version" in fields and encoded[fields["version"][1].start : fields["version"][1].end] != b"\x01":
        raise ValueError("version is neither left out nor 2")
    if "version" not in fields and "extensions" in fields:
        raise ConfigurationError("list of version 1 has extensions (RFC 5280 §5.1.2.1)")
    if "entries" in fields and fields["entries"][1].start == fields["entries"][1].end:
        raise ConfigurationError("list has an empty revokedCertificates, which must be left out (RFC 5280 §5.1.2.6)")
    return fields


def _read_extensions(
    encoded: bytes, fields: Mapping[str, tuple[int, der.Tlv]]
) -> tuple[dict[str, bytes], AuthorityKeyId | None]:
    """Return the content of each extension by its OID, and the authority key identifier."""
    if "extensions" not in fields:
        return {}, None
    explicit = fields["extensions"][1]
    sequence = der.read_tlv(encoded, explicit.start, explicit.end)
    if sequence.tag != der.SEQUENCE or sequence.end != explicit.end:
        raise ValueError("extensions are not one SEQUENCE")
    found = read_extensions(encoded, sequence.start, sequence.end)
    if _DELTA_INDICATOR in found.oids:
        raise ConfigurationError(
            "delta lists (RFC 5280 §5.2.4) are not supported: configure the complete list of the same issuer"
        )
    if _CRL_NUMBER in found.critical:
        raise ConfigurationError("list has a critical cRLNumber, which RFC 5280 §5.2.3 forbids")
    unknown = sorted(found.critical - _UNDERSTOOD)
    if unknown:
        raise ConfigurationError(f"list has the critical extension {unknown[0]}, which is not understood")
    extensions = der.read_elements(encoded, sequence.start, sequence.end)
    # read_extensions has checked that each is an OID, perhaps a flag, and an OCTET STRING.
    contents = ([tlv for _, tlv in der.read_elements(encoded, e.start, e.end)][-1] for _, e in extensions)
    return {
        oid: encoded[tlv.start : tlv.end] for oid, tlv in zip(found.oids, contents, strict=True)
    }, found.authority_key_id


def _check_scope(scope: ListScope) -> None:
    if scope.indirect:
        raise ConfigurationError("indirect lists (RFC 5280 §5.2.5) are not supported: configure the issuer's own list")
    if scope.some_reasons:
        raise ConfigurationError("lists for some reasons only (RFC 5280 §5.2.5) are not supported")


def _read_number(value: bytes | None) -> int | None:
    if value is None:
        return None
    tlv = der.read_tlv(value, 0)
    if tlv.tag != _INTEGER or tlv.end != len(value):
        raise ValueError("cRLNumber is not an INTEGER")
    return read_integer(value, tlv)
