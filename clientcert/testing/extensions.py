"""From knobs to the extensions of a certificate (RFC 5280 §4.2)."""

from collections.abc import Collection, Iterator, Sequence

from cryptography import x509
from cryptography.x509.oid import ExtensionOID

from clientcert.testing.asn1 import bit_string, boolean, integer, object_identifier, octet_string, sequence, tlv
from clientcert.testing.general_names import GeneralNameLike, general_names
from clientcert.testing.knobs import ExtensionName, KeyUsageBit, Knobs

# uniformResourceIdentifier of a GeneralName, RFC 5280 §4.2.1.6.
_URI = 0x86

KEY_USAGE_BITS: tuple[KeyUsageBit, ...] = (
    "digitalSignature",
    "nonRepudiation",
    "keyEncipherment",
    "dataEncipherment",
    "keyAgreement",
    "keyCertSign",
    "cRLSign",
    "encipherOnly",
    "decipherOnly",
)

EXTENDED_KEY_USAGES = {
    "serverAuth": "1.3.6.1.5.5.7.3.1",
    "clientAuth": "1.3.6.1.5.5.7.3.2",
    "codeSigning": "1.3.6.1.5.5.7.3.3",
    "emailProtection": "1.3.6.1.5.5.7.3.4",
    "timeStamping": "1.3.6.1.5.5.7.3.8",
    "OCSPSigning": "1.3.6.1.5.5.7.3.9",
    "smartcardLogon": "1.3.6.1.4.1.311.20.2.2",
    "anyExtendedKeyUsage": "2.5.29.37.0",
}

# The order of OpenSSL's own configuration file comes first, so that its CA certificates look alike.
_OIDS: dict[ExtensionName, x509.ObjectIdentifier] = {
    "subject_key_identifier": ExtensionOID.SUBJECT_KEY_IDENTIFIER,
    "authority_key_identifier": ExtensionOID.AUTHORITY_KEY_IDENTIFIER,
    "basic_constraints": ExtensionOID.BASIC_CONSTRAINTS,
    "key_usage": ExtensionOID.KEY_USAGE,
    "extended_key_usage": ExtensionOID.EXTENDED_KEY_USAGE,
    "san": ExtensionOID.SUBJECT_ALTERNATIVE_NAME,
    "name_constraints": ExtensionOID.NAME_CONSTRAINTS,
    "crl_distribution_points": ExtensionOID.CRL_DISTRIBUTION_POINTS,
    "certificate_policies": ExtensionOID.CERTIFICATE_POLICIES,
    "policy_mappings": ExtensionOID.POLICY_MAPPINGS,
    "policy_constraints": ExtensionOID.POLICY_CONSTRAINTS,
    "inhibit_any_policy": ExtensionOID.INHIBIT_ANY_POLICY,
    "issuer_alternative_names": ExtensionOID.ISSUER_ALTERNATIVE_NAME,
    "freshest_crl": ExtensionOID.FRESHEST_CRL,
    "authority_information_access": ExtensionOID.AUTHORITY_INFORMATION_ACCESS,
    "subject_information_access": ExtensionOID.SUBJECT_INFORMATION_ACCESS,
}
# RFC 5280 §4.2.1 wants these critical, the policy mappings with SHOULD.
_CRITICAL_BY_DEFAULT: frozenset[ExtensionName] = frozenset(
    {
        *("basic_constraints", "key_usage", "name_constraints"),
        *("policy_mappings", "policy_constraints", "inhibit_any_policy"),
    }
)
_ACCESS_METHODS = {
    "OCSP": "1.3.6.1.5.5.7.48.1",
    "caIssuers": "1.3.6.1.5.5.7.48.2",
    "caRepository": "1.3.6.1.5.5.7.48.5",
}


def encode_extensions(
    knobs: Knobs, *, key_identifier: bytes, issuer_key_identifier: bytes, empty_subject: bool
) -> list[bytes]:
    """
    Encode the extensions these knobs ask for, each as one Extension.

    Args:
        knobs: Complete: what is not in it is not written.
        key_identifier: What ``subject_key_identifier=True`` stands for.
        issuer_key_identifier: What ``authority_key_identifier=True`` stands for.
        empty_subject: Makes the subject alternative name critical (RFC 5280 §4.2.1.6).
    """
    values = {
        "subject_key_identifier": _subject_key_identifier(knobs, key_identifier),
        "authority_key_identifier": _authority_key_identifier(knobs, issuer_key_identifier),
        **dict(_plain_values(knobs)),
        **dict(_values_of_authorities(knobs)),
    }
    defaults = _CRITICAL_BY_DEFAULT | ({"san"} if empty_subject else set())
    critical = {name: name in defaults for name in _OIDS} | dict(knobs.get("critical", {}))
    extensions = [
        encode_extension(oid.dotted_string, value, critical=critical[name])
        for name, oid in _OIDS.items()
        if (value := values.get(name)) is not None
    ]
    extra = knobs.get("extra_extensions", ())
    return extensions + [
        encode_extension(e.oid.dotted_string, e.value.public_bytes(), critical=e.critical) for e in extra
    ]


def encode_extension(oid: str, value: bytes, *, critical: bool) -> bytes:
    """Encode one Extension; ``critical`` is DEFAULT FALSE and hence left out when false."""
    return sequence(object_identifier(oid), boolean(critical) if critical else b"", octet_string(value))


def key_usage_bits(usages: Collection[KeyUsageBit]) -> bytes:
    """Encode KeyUsage, a named bit list: without trailing zero bits, also in combinations RFC 5280 forbids."""
    positions = [KEY_USAGE_BITS.index(usage) for usage in usages]
    if not positions:
        return bit_string(b"")
    size = max(positions) + 1
    octets = (size + 7) // 8
    bits = sum(1 << (octets * 8 - 1 - position) for position in positions)
    return bit_string(bits.to_bytes(octets), unused_bits=octets * 8 - size)


def _plain_values(knobs: Knobs) -> Iterator[tuple[ExtensionName, bytes]]:
    if (constraints := knobs.get("basic_constraints")) is not None:
        yield "basic_constraints", constraints.public_bytes()
    if (bits := knobs.get("key_usage")) is not None:
        yield "key_usage", key_usage_bits(bits)
    if (usages := knobs.get("extended_key_usage")) is not None:
        yield "extended_key_usage", sequence(*(object_identifier(EXTENDED_KEY_USAGES.get(u, u)) for u in usages))
    if (names := knobs.get("san")) is not None:
        yield "san", x509.SubjectAlternativeName(general_names(names)).public_bytes()
    if "permitted_names" in knobs or "excluded_names" in knobs:
        yield "name_constraints", _name_constraints(knobs.get("permitted_names"), knobs.get("excluded_names"))
    if urls := knobs.get("crl_distribution_points"):
        yield (
            "crl_distribution_points",
            x509.CRLDistributionPoints([_distribution_point(u) for u in urls]).public_bytes(),
        )
    if oids := knobs.get("certificate_policies"):
        yield "certificate_policies", sequence(*(sequence(object_identifier(oid)) for oid in oids))


def _values_of_authorities(knobs: Knobs) -> Iterator[tuple[ExtensionName, bytes]]:
    if pairs := knobs.get("policy_mappings"):
        yield "policy_mappings", sequence(*(sequence(*map(object_identifier, pair)) for pair in pairs))
    if (constraints := knobs.get("policy_constraints")) is not None:
        yield "policy_constraints", constraints.public_bytes()
    if (skipped := knobs.get("inhibit_any_policy")) is not None:
        yield "inhibit_any_policy", integer(skipped)
    if names := knobs.get("issuer_alternative_names"):
        yield "issuer_alternative_names", x509.IssuerAlternativeName(general_names(names)).public_bytes()
    if urls := knobs.get("freshest_crl"):
        yield "freshest_crl", x509.FreshestCRL([_distribution_point(url) for url in urls]).public_bytes()
    if accesses := knobs.get("authority_information_access"):
        yield "authority_information_access", _accesses(accesses)
    if accesses := knobs.get("subject_information_access"):
        yield "subject_information_access", _accesses(accesses)


def _accesses(accesses: Sequence[tuple[str, str]]) -> bytes:
    return sequence(
        *(sequence(object_identifier(_ACCESS_METHODS.get(m, m)), tlv(_URI, url.encode("ascii"))) for m, url in accesses)
    )


def _subject_key_identifier(knobs: Knobs, computed: bytes) -> bytes | None:
    identifier = knobs.get("subject_key_identifier")
    return None if identifier is None else octet_string(computed if identifier is True else identifier)


def _authority_key_identifier(knobs: Knobs, computed: bytes) -> bytes | None:
    identifier = knobs.get("authority_key_identifier")
    if identifier is None:
        return None
    if not isinstance(identifier, x509.AuthorityKeyIdentifier):
        key_identifier = computed if identifier is True else identifier
        identifier = x509.AuthorityKeyIdentifier(
            key_identifier, authority_cert_issuer=None, authority_cert_serial_number=None
        )
    return identifier.public_bytes()


def _name_constraints(permitted: Sequence[GeneralNameLike] | None, excluded: Sequence[GeneralNameLike] | None) -> bytes:
    return x509.NameConstraints(
        permitted_subtrees=general_names(permitted) if permitted else None,
        excluded_subtrees=general_names(excluded) if excluded else None,
    ).public_bytes()


def _distribution_point(url: str) -> x509.DistributionPoint:
    name = x509.UniformResourceIdentifier(url)
    return x509.DistributionPoint(full_name=[name], relative_name=None, reasons=None, crl_issuer=None)
