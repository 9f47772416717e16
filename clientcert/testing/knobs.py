"""What can be turned when a certificate is issued."""

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Literal, TypeAlias, TypedDict

from cryptography import x509

from clientcert.testing.asn1 import TimeType
from clientcert.testing.general_names import GeneralNameLike
from clientcert.testing.keys import KeyType, PrivateKey
from clientcert.testing.names import NameLike
from clientcert.testing.signing import SignatureHash, SignaturePadding

Moment: TypeAlias = datetime | timedelta
"""An aware time, or a distance from the authority's clock: ``timedelta(hours=-1)`` is an hour ago."""

KeyUsageBit: TypeAlias = Literal[
    "digitalSignature",
    "nonRepudiation",
    "keyEncipherment",
    "dataEncipherment",
    "keyAgreement",
    "keyCertSign",
    "cRLSign",
    "encipherOnly",
    "decipherOnly",
]

ExtensionName: TypeAlias = Literal[
    "subject_key_identifier",
    "authority_key_identifier",
    "basic_constraints",
    "key_usage",
    "extended_key_usage",
    "san",
    "name_constraints",
    "crl_distribution_points",
    "certificate_policies",
    "policy_mappings",
    "policy_constraints",
    "inhibit_any_policy",
    "issuer_alternative_names",
    "freshest_crl",
    "authority_information_access",
    "subject_information_access",
]


class Knobs(TypedDict, total=False):
    """
    Everything about one certificate that a test may choose; each has a default that makes a good certificate.

    For the knobs of extensions ``None`` leaves the extension out. A certificate of version 1 or 2 has no
    extensions unless a knob asks for one.

    Attributes:
        subject: The subject instead of the common name; ``[]`` for an empty one.
        issuer_name: The issuer field instead of the authority's subject.
        key: A key type or a private key. Default ``ec`` for authorities, the authority's type for what it issues.
        public_key_der: A SubjectPublicKeyInfo to certify instead of the key's own.
        serial_number: Any integer, also 0 and negative ones. Default random, 127 bits.
        not_before: Default one hour ago (a day before `not_after` where that is in the past).
        not_after: Default `valid_days` from now.
        valid_days: Days from now, or from `not_before` if that is given. Default 30, for authorities 3650.
        time_type: Force UTCTime or GeneralizedTime.
        version: 1, 2 or 3 (default); others are written too.
        self_signed: Sign with the certificate's own key and name it as its own issuer.
        signing_key: Sign with this key instead of the issuer's: a wrong signature if it is another.
        corrupt_signature: Flip the last bit of the signature.
        signature_hash: Default sha256.
        inner_signature_hash: The hash that the signed part names, where it is to contradict the outer one.
        signature_padding: ``pkcs1`` (default) or ``pss``, for RSA.
        basic_constraints: Default CA:FALSE, for authorities CA:TRUE without path length.
        key_usage: Default digitalSignature, for authorities keyCertSign and cRLSign.
        extended_key_usage: Names (``clientAuth``, ``serverAuth`` …) or dotted OIDs. Default clientAuth, for
            authorities none.
        san: Subject alternative names, in order; see `general_name`. Default ``DNS:<common name>`` where that
            looks like a host name, else none.
        subject_key_identifier: True (default) for the SHA-1 of the key (RFC 5280 §4.2.1.2), or the identifier.
        authority_key_identifier: True for the issuer's identifier, or any keyIdentifier, or the whole extension.
            Default True, for self-signed certificates None.
        permitted_names, excluded_names: Name constraints; see `general_name`. A DNS name without a leading dot
            covers its subdomains too (RFC 5280 §4.2.1.10).
        crl_distribution_points: URLs.
        certificate_policies: Dotted OIDs.
        policy_mappings: Pairs of dotted OIDs, issuer's and subject's.
        policy_constraints: As ``cryptography`` has it.
        inhibit_any_policy: Number of certificates that it does not hold for.
        issuer_alternative_names: See `general_name`.
        freshest_crl: URLs of delta lists.
        authority_information_access: Pairs of ``OCSP`` or ``caIssuers`` (or a dotted OID) and URL.
        subject_information_access: Pairs of ``caRepository`` (or a dotted OID) and URL.
        extra_extensions: Any other, behind these, duplicates included; `x509.UnrecognizedExtension` holds raw bytes.
        critical: Criticality by extension, over the default (true for basic_constraints, key_usage,
            name_constraints and what restricts policies, and for san where the subject is empty).
    """

    subject: NameLike
    issuer_name: NameLike
    key: KeyType | PrivateKey
    public_key_der: bytes
    serial_number: int
    not_before: Moment
    not_after: Moment
    valid_days: float
    time_type: TimeType
    version: int
    self_signed: bool
    signing_key: PrivateKey
    corrupt_signature: bool
    signature_hash: SignatureHash
    inner_signature_hash: SignatureHash
    signature_padding: SignaturePadding
    basic_constraints: x509.BasicConstraints | None
    key_usage: Collection[KeyUsageBit] | None
    extended_key_usage: Collection[str] | None
    san: Sequence[GeneralNameLike] | None
    subject_key_identifier: Literal[True] | bytes | None
    authority_key_identifier: Literal[True] | bytes | x509.AuthorityKeyIdentifier | None
    permitted_names: Sequence[GeneralNameLike]
    excluded_names: Sequence[GeneralNameLike]
    crl_distribution_points: Sequence[str]
    certificate_policies: Sequence[str]
    policy_mappings: Sequence[tuple[str, str]]
    policy_constraints: x509.PolicyConstraints
    inhibit_any_policy: int
    issuer_alternative_names: Sequence[GeneralNameLike]
    freshest_crl: Sequence[str]
    authority_information_access: Sequence[tuple[str, str]]
    subject_information_access: Sequence[tuple[str, str]]
    extra_extensions: Sequence[x509.Extension[x509.ExtensionType]]
    critical: Mapping[ExtensionName, bool]


def resolve(moment: Moment, now: datetime) -> datetime:
    """Turn a moment into an aware UTC time in whole seconds; ValueError for a naive one."""
    time = now + moment if isinstance(moment, timedelta) else moment
    if time.tzinfo is None:
        raise ValueError(f"naive datetime {time.isoformat()}: give an aware one, such as datetime(..., tzinfo=UTC)")
    return time.astimezone(UTC).replace(microsecond=0)


def validity(knobs: Knobs, now: datetime) -> tuple[datetime, datetime]:
    """Work out notBefore and notAfter; the two may contradict each other when both are given."""
    days = timedelta(days=knobs.get("valid_days", 30))
    if "not_before" in knobs:
        not_before = resolve(knobs["not_before"], now)
        start = not_before if "valid_days" in knobs else max(not_before, now)
        return not_before, resolve(knobs.get("not_after", start + days), now)
    not_after = resolve(knobs.get("not_after", days), now)
    # An hour: clocks of test machines and containers differ.
    not_before = now - timedelta(hours=1) if not_after > now else not_after - timedelta(days=1)
    return resolve(not_before, now), not_after
