"""The identity as a value: what is in it, what it equals, and what it does not give away."""

import copy
import dataclasses
import pickle
from base64 import urlsafe_b64decode
from collections.abc import Callable
from datetime import UTC, timedelta
from hashlib import sha256
from ipaddress import ip_address

import pytest
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature

from clientcert import Authenticated, Authenticator, RequestFacts
from clientcert.core.certificate import parse_certificate
from clientcert.core.identity import ClientIdentity, Evidence, EvidenceLevel, identity_from_path
from clientcert.core.limits import Limits
from clientcert.core.names import AmbiguousNameError
from clientcert.core.verification.base import VerifiedPath
from clientcert.testing import IssuedCertificate
from clientcert.testing.asn1 import object_identifier, sequence, tlv
from tests import material as m
from tests.material import ALICE, ALICE_DN, AUTHORITY, BEN, CA_DN, INTERMEDIATE, NAMELESS, NOW, VERSION_1

EVIDENCE = Evidence(level=EvidenceLevel.VERIFIED, source="nginx", verified_at=NOW)


def identity_of(
    *certificates: IssuedCertificate, anchored: bool = True, evidence: Evidence = EVIDENCE
) -> ClientIdentity:
    """The identity of a path that somebody has accepted: a leaf and its issuers."""
    path = tuple(parse_certificate(certificate.der, limits=Limits()) for certificate in certificates)
    return identity_from_path(VerifiedPath(certificates=path, profile="standard", anchored=anchored), evidence)


IDENTITY = identity_of(ALICE, AUTHORITY.issued)


def test_names() -> None:
    """Subject and issuer are the certificate's names."""
    assert IDENTITY.subject.rfc4514 == ALICE_DN
    assert IDENTITY.issuer.rfc4514 == CA_DN
    assert IDENTITY.common_name == "alice"


def test_numbers_and_dates() -> None:
    """The serial number is a number and its hexadecimal text; both dates are aware and UTC."""
    assert (IDENTITY.serial_number, IDENTITY.serial_hex) == (0x1001, "1001")
    assert IDENTITY.not_before is not None
    assert IDENTITY.not_after is not None
    assert IDENTITY.not_before < NOW < IDENTITY.not_after
    assert IDENTITY.not_before.tzinfo is UTC
    assert IDENTITY.not_after.tzinfo is UTC


def test_alternative_names_by_type() -> None:
    """Alternative names stay apart by type, so that no text of one type is taken for another's."""
    assert IDENTITY.dns_names == ("alice.example",)
    assert IDENTITY.email_addresses == ("alice@example.org",)
    assert IDENTITY.uris == ("spiffe://prod.example/alice",)
    assert IDENTITY.ip_addresses == (ip_address("192.0.2.7"),)
    assert IDENTITY.user_principal_names == ()


def test_no_alternative_names() -> None:
    """A version 1 certificate has none, and an identity all the same."""
    identity = identity_of(VERSION_1, AUTHORITY.issued)
    assert identity.common_name == "Fern"
    assert (identity.dns_names, identity.uris, identity.spiffe_id) == ((), (), None)
    assert identity.serial_hex == "2"


SPIFFE = {
    "one-good-uri": (["URI:spiffe://prod.example/a"], "spiffe://prod.example/a"),
    "beside-other-types": (["DNS:a.example", "URI:spiffe://prod.example/a"], "spiffe://prod.example/a"),
    "d8-two-uris": (["URI:spiffe://prod.example/a", "URI:spiffe://prod.example/b"], None),
    "d8-another-uri-beside": (["URI:spiffe://prod.example/a", "URI:https://prod.example/"], None),
    "d8-not-a-spiffe-id": (["URI:https://prod.example/a"], None),
    "d8-broken": (["URI:spiffe://prod.example/../a"], None),
    "d7-as-dns-name": (["DNS:spiffe://prod.example/a"], None),
}


@pytest.mark.parametrize(("names", "spiffe_id"), SPIFFE.values(), ids=SPIFFE)
def test_d8_spiffe_id(names: list[str], spiffe_id: str | None) -> None:
    """There is a SPIFFE ID where the certificate has exactly one URI and that is one, else none."""
    identity = identity_of(AUTHORITY.issue("spiffe", san=names), AUTHORITY.issued)
    assert (None if identity.spiffe_id is None else str(identity.spiffe_id)) == spiffe_id


def test_fingerprints() -> None:
    """The fingerprint is the SHA-256 of the DER, its RFC 8705 form the same octets in unpadded base64url."""
    digest = sha256(ALICE.der)
    assert IDENTITY.fingerprint_sha256 == digest.hexdigest()
    assert IDENTITY.x5t_s256 is not None
    assert urlsafe_b64decode(IDENTITY.x5t_s256 + "=") == digest.digest()
    assert "=" not in IDENTITY.x5t_s256


def test_chain() -> None:
    """The chain is the accepted path's DER, leaf first; the issuer's key is that of its second certificate."""
    identity = identity_of(BEN, INTERMEDIATE.issued, AUTHORITY.issued)
    assert identity.certificate == BEN.der
    assert identity.chain == (BEN.der, INTERMEDIATE.der, AUTHORITY.der)
    issuing = parse_certificate(INTERMEDIATE.der, limits=Limits())
    assert identity.issuer_key_id == issuing.spki_sha256


def test_unanchored_path_names_no_issuer_key() -> None:
    """Where nobody here looked for an issuer, none is named."""
    identity = identity_of(ALICE, anchored=False)
    assert identity.issuer_key_id is None
    assert identity.chain == (ALICE.der,)


def test_names_only() -> None:
    """An identity without a certificate has nothing that only a certificate could tell."""
    identity = ClientIdentity(subject=IDENTITY.subject, issuer=IDENTITY.issuer, evidence=EVIDENCE)
    assert identity.common_name == "alice"
    for attribute in ("serial_number", "serial_hex", "not_after", "fingerprint_sha256", "x5t_s256", "certificate"):
        assert getattr(identity, attribute) is None
    assert identity.chain == ()


def test_c16_equality_binds_the_issuers_key() -> None:
    """Two CAs of the same name that issue the same subject and serial number make two different clients."""
    twin = AUTHORITY.impostor()
    same = twin.issue(subject=[("O", "Example"), ("CN", "alice")], serial_number=0x1001)
    other = identity_of(same, twin.issued)
    assert other.subject == IDENTITY.subject
    assert other.issuer == IDENTITY.issuer
    assert other.serial_number == IDENTITY.serial_number
    assert other != IDENTITY
    assert dataclasses.replace(IDENTITY, issuer_key_id=other.issuer_key_id) != IDENTITY


def test_e12_malleable_signature() -> None:
    """
    Anybody can make a second certificate from an ECDSA one: valid, the same client's, of another fingerprint.

    Serial number and keys stay, so those are what a deny list must hold.
    """
    twin = _with_the_other_signature(ALICE)
    identity = identity_of(twin, AUTHORITY.issued)
    twin.certificate.verify_directly_issued_by(AUTHORITY.certificate)
    assert identity.fingerprint_sha256 != IDENTITY.fingerprint_sha256
    for attribute in ("subject", "issuer", "serial_number", "spki_sha256", "issuer_key_id"):
        assert getattr(identity, attribute) == getattr(IDENTITY, attribute)


def _with_the_other_signature(issued: IssuedCertificate) -> IssuedCertificate:
    """For a signature (r, s) on P-256, (r, n - s) is one as well."""
    order = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
    certificate = issued.certificate
    r, s = decode_dss_signature(certificate.signature)
    signature = encode_dss_signature(r, order - s)
    algorithm = sequence(object_identifier(certificate.signature_algorithm_oid.dotted_string))
    der = sequence(certificate.tbs_certificate_bytes, algorithm, tlv(0x03, b"\0" + signature))
    return IssuedCertificate(der=der, intermediates=issued.intermediates)


def test_equality_is_by_value() -> None:
    """The same certificate is the same client, whatever was proven about it, when, and along which path."""
    later = dataclasses.replace(EVIDENCE, verified_at=NOW + timedelta(hours=1), source="ingress-nginx")
    again = identity_of(ALICE, AUTHORITY.issued, evidence=later)
    assert again == IDENTITY
    assert hash(again) == hash(IDENTITY)
    assert dataclasses.replace(IDENTITY, chain=()) == IDENTITY
    assert {IDENTITY: 1}[again] == 1


@pytest.mark.parametrize("again", [copy.copy, copy.deepcopy, lambda value: pickle.loads(pickle.dumps(value))])  # noqa: S301
def test_copies_and_pickles(again: Callable[[ClientIdentity], ClientIdentity]) -> None:
    """A copy and a pickle are equal in everything, also in what equality leaves out."""
    twin = again(IDENTITY)
    assert twin == IDENTITY
    assert (twin.chain, twin.evidence, twin.certificate) == (IDENTITY.chain, IDENTITY.evidence, IDENTITY.certificate)


def test_d13_frozen() -> None:
    """No attribute can be set, none added, and there is no dictionary to reach into."""
    with pytest.raises(dataclasses.FrozenInstanceError):
        IDENTITY.serial_number = 1  # type: ignore[misc]
    with pytest.raises((AttributeError, TypeError)):
        IDENTITY.is_admin = True  # type: ignore[attr-defined]
    assert not hasattr(IDENTITY, "__dict__")
    with pytest.raises(dataclasses.FrozenInstanceError):
        IDENTITY.evidence.level = EvidenceLevel.VERIFIED  # type: ignore[misc]


def test_d6_text_is_no_user_name() -> None:
    """Neither `str` nor `repr` yields something that could be taken for a user name, and no certificate."""
    for text in (str(IDENTITY), repr(IDENTITY)):
        assert text.startswith("ClientIdentity(")
        assert ALICE.der.hex() not in text
        assert "certificate=" not in text
        assert "chain=" not in text


def test_d2_ambiguous_common_name() -> None:
    """Two common names, or none, are an error when one is asked for."""
    two = AUTHORITY.issue(subject=[("CN", "alice"), ("CN", "admin")])
    for certificate in (two, NAMELESS):
        with pytest.raises(AmbiguousNameError):
            _ = identity_of(certificate, AUTHORITY.issued).common_name
    assert identity_of(two, AUTHORITY.issued).subject.values("CN") == ("alice", "admin")


def test_evidence_levels_are_ordered() -> None:
    """More proof compares greater, so that an app can ask for at least so much."""
    assert EvidenceLevel.PROXY_ATTRIBUTES < EvidenceLevel.PROXY_VERDICT < EvidenceLevel.VERIFIED


def test_confirms_a_bound_token() -> None:
    """A token that names this certificate's thumbprint is confirmed, one that names another is not (RFC 8705 §3.1)."""
    outcome = Authenticator(m.config()).authenticate(RequestFacts(headers=m.raw(m.evidence()), peer=m.PROXY))
    assert isinstance(outcome, Authenticated)
    identity = outcome.identity
    assert identity.confirms({"cnf": {"x5t#S256": identity.x5t_s256}})
    assert not identity.confirms({"cnf": {"x5t#S256": "x" * 43}})
