"""The rules for leaves and CAs, each by a certificate that differs from an accepted one in one knob."""

from datetime import timedelta
from typing import NamedTuple

import pytest

from clientcert.core.verification import StandardVerifier, TrustStore
from clientcert.core.verification.rules import role_of
from clientcert.errors import Reason
from clientcert.testing import CertificateAuthority, make_key
from clientcert.testing.keys import KeyType
from clientcert.testing.knobs import Knobs
from tests.core.verification.kit import (
    NO_EXTENSIONS,
    NOT_CA,
    NOW,
    SECOND,
    accept,
    authority,
    parsed,
    raw_extension,
    refuse,
    standard,
    subjects,
    with_signature_parameters,
)

_NETSCAPE_TYPE = "2.16.840.1.113730.1.1"


class Row(NamedTuple):
    """One refused certificate, its accepted twin, and what is said."""

    bad: Knobs
    good: Knobs
    reason: Reason
    text: str


_LEAVES = {
    "expired": Row(
        Knobs(not_after=-SECOND),
        Knobs(not_after=timedelta()),
        Reason.CERTIFICATE_EXPIRED,
        "verified at 2026-11-21T23:00:00Z (1 s late)",
    ),
    "not-yet-valid": Row(
        Knobs(not_before=SECOND), Knobs(not_before=timedelta()), Reason.CERTIFICATE_NOT_YET_VALID, "(1 s early)"
    ),
    "server-purpose": Row(
        Knobs(extended_key_usage=["serverAuth"]),
        Knobs(extended_key_usage=["serverAuth", "clientAuth"]),
        Reason.PURPOSE_NOT_ALLOWED,
        "extended key usage allows 1.3.6.1.5.5.7.3.1, wanted clientAuth",
    ),
    "any-purpose": Row(
        Knobs(extended_key_usage=["anyExtendedKeyUsage"]),
        Knobs(extended_key_usage=None),
        Reason.PURPOSE_NOT_ALLOWED,
        "allows 2.5.29.37.0",
    ),
    "no-purpose": Row(
        Knobs(extended_key_usage=[]),
        Knobs(extended_key_usage=["clientAuth"]),
        Reason.PURPOSE_NOT_ALLOWED,
        "allows nothing",
    ),
    "key-encipherment-only": Row(
        Knobs(key_usage=["keyEncipherment"]), Knobs(key_usage=["keyAgreement"]), Reason.PURPOSE_NOT_ALLOWED, "key usage"
    ),
    "key-usage-empty": Row(Knobs(key_usage=[]), Knobs(key_usage=None), Reason.PURPOSE_NOT_ALLOWED, "key usage"),
    "netscape-server": Row(
        Knobs(extra_extensions=[raw_extension(_NETSCAPE_TYPE, "03020640")]),
        Knobs(extra_extensions=[raw_extension(_NETSCAPE_TYPE, "03020780")]),
        Reason.PURPOSE_NOT_ALLOWED,
        "Netscape",
    ),
    "critical-unknown": Row(
        Knobs(extra_extensions=[raw_extension("1.2.3.4", "0500", critical=True)]),
        Knobs(extra_extensions=[raw_extension("1.2.3.4", "0500")]),
        Reason.CRITICAL_EXTENSION,
        "critical extension 1.2.3.4 is not understood",
    ),
    "critical-key-identifier": Row(
        Knobs(critical={"subject_key_identifier": True}),
        Knobs(critical={"certificate_policies": True}, certificate_policies=["1.2.3"]),
        Reason.CRITICAL_EXTENSION,
        "critical extension 2.5.29.14",
    ),
    "proxy-certificate": Row(
        Knobs(extra_extensions=[raw_extension("1.3.6.1.5.5.7.1.14", "300c300a06082b06010505071501")]),
        Knobs(),
        Reason.CRITICAL_EXTENSION,
        "1.3.6.1.5.5.7.1.14 is not for client certificates",
    ),
    "signed-with-sha1": Row(
        Knobs(signature_hash="sha1"), Knobs(signature_hash="sha512"), Reason.ALGORITHM_NOT_ACCEPTED, "1.2.840.10045.4.1"
    ),
    "issued-by-an-impostor": Row(
        Knobs(signing_key=make_key("ec", seed="impostor")),
        Knobs(),
        Reason.SIGNATURE_INVALID,
        "signature does not match",
    ),
    "signature-damaged": Row(
        Knobs(corrupt_signature=True), Knobs(), Reason.SIGNATURE_INVALID, "signature does not match"
    ),
    "wrong-key-identifier": Row(
        Knobs(authority_key_identifier=b"other"),
        Knobs(authority_key_identifier=None),
        Reason.ISSUER_UNKNOWN,
        "6f74686572",
    ),
}


@pytest.mark.parametrize("row", _LEAVES.values(), ids=_LEAVES)
def test_leaf_rule_refuses_and_accepts_the_twin(row: Row) -> None:
    """A leaf that breaks one rule is refused with its reason; the same leaf without that fault is accepted."""
    root = authority()
    error = refuse(standard(root), root.issue("client.example", **row.bad))
    assert (error.reason, row.text in error.detail) == (row.reason, True), error.detail
    assert error.detail.startswith("leaf 'CN=client.example' (sha256 ")
    assert accept(standard(root), root.issue("client.example", **row.good)).anchor == parsed(root)


# EdDSA has no hash to choose.
_LEAVES_OF_EDDSA = {name: row for name, row in _LEAVES.items() if "signature_hash" not in row.bad}


@pytest.mark.parametrize("row", _LEAVES_OF_EDDSA.values(), ids=_LEAVES_OF_EDDSA)
def test_leaf_rule_holds_in_stage_two(row: Row) -> None:
    """The rules for leaves are the same where the path builder cannot be used and the direct check decides."""
    root = authority(key="ed25519")
    bad = row.bad | (Knobs() if "signing_key" not in row.bad else Knobs(signing_key=make_key("ed25519", seed="x")))
    key = Knobs(key="ec")
    assert refuse(standard(root), root.issue("client.example", **(bad | key))).reason is row.reason
    accept(standard(root), root.issue("client.example", **(row.good | key)))


_LEAF_KEYS: dict[KeyType, bool] = {
    "ec-p256": True,
    "ec-p384": True,
    "ec-p521": True,
    "ed25519": True,
    "ed448": True,
    "rsa": True,
}


@pytest.mark.parametrize("key", _LEAF_KEYS)
def test_usual_leaf_keys_are_accepted(key: KeyType) -> None:
    """RSA-2048, the NIST curves and EdDSA are good keys for a client."""
    root = authority()
    assert accept(standard(root), root.issue("client.example", key=key)).leaf.der


_DAYS = (
    ("not-before", timedelta(hours=-1), True),
    ("a-second-earlier", timedelta(hours=-1) - SECOND, False),
    ("not-after", timedelta(days=30), True),
    ("a-fraction-later", timedelta(days=30, microseconds=999_999), True),
    ("a-second-later", timedelta(days=30, seconds=1), False),
)


@pytest.mark.parametrize(("when", "accepted"), [row[1:] for row in _DAYS], ids=[row[0] for row in _DAYS])
def test_validity_is_inclusive_to_the_second(when: timedelta, *, accepted: bool) -> None:
    """A certificate is good from notBefore to notAfter, both included, in whole seconds."""
    root = authority(not_before=timedelta(days=-1))
    leaf = root.issue("client.example")
    if accepted:
        accept(standard(root), leaf, at=NOW + when)
    else:
        refuse(standard(root), leaf, at=NOW + when).reason.startswith("certificate-")


_AUTHORITIES = {
    "no-key-usage": (Knobs(key_usage=None), None),
    "constraints-not-critical": (Knobs(critical={"basic_constraints": False}), None),
    "no-key-identifier": (Knobs(subject_key_identifier=None), None),
    "key-usage-without-constraints": (Knobs(basic_constraints=None), None),
    "version-1": (Knobs(version=1), None),
    "purpose-client": (Knobs(extended_key_usage=["clientAuth"]), None),
    "not-a-ca": (Knobs(basic_constraints=NOT_CA), "not a CA: basicConstraints is absent or says cA FALSE"),
    "no-extensions": (NO_EXTENSIONS, "not a CA"),
    "no-cert-sign": (Knobs(key_usage=["digitalSignature"]), "key usage has no keyCertSign"),
    "purpose-any": (Knobs(extended_key_usage=["anyExtendedKeyUsage"]), "wanted clientAuth"),
    "purpose-server": (Knobs(extended_key_usage=["serverAuth"]), "wanted clientAuth"),
    "critical-unknown": (Knobs(extra_extensions=[raw_extension("1.2.3.4", "0500", critical=True)]), "1.2.3.4"),
}


@pytest.mark.parametrize(("knobs", "flaw"), _AUTHORITIES.values(), ids=_AUTHORITIES)
def test_anchor_that_cannot_issue_is_refused_at_start(knobs: Knobs, flaw: str | None) -> None:
    """What is no CA for clients cannot be the only trust anchor; what old private CAs look like can."""
    root = authority(**knobs)
    if flaw is None:
        accept(standard(root), root.issue("client.example"))
    else:
        with pytest.raises(ValueError, match=flaw):
            TrustStore.load(root.der)


@pytest.mark.parametrize(("knobs", "flaw"), _AUTHORITIES.values(), ids=_AUTHORITIES)
def test_intermediate_that_cannot_issue_is_refused(knobs: Knobs, flaw: str | None) -> None:
    """The rules for CAs hold for intermediates, and the refusal says which one and why."""
    root = authority()
    middle = root.intermediate("Middle CA", **knobs)
    leaf = middle.issue("client.example")
    if flaw is not None:
        error = refuse(standard(root), leaf, via=[middle])
        assert flaw in error.detail
        assert error.detail.startswith("intermediate 1 'CN=Middle CA'")
    elif "version" in knobs or "basic_constraints" in knobs:
        # What an old root may lack, a CA below it may not.
        error = refuse(standard(root), leaf, via=[middle])
        assert error.reason is Reason.ISSUER_NOT_CA
        if "version" not in knobs:
            assert refuse(standard(root, middle), leaf).reason is Reason.ISSUER_NOT_CA
            assert "basicConstraints is absent, which is accepted of a trust anchor only" in error.detail
    else:
        assert subjects(accept(standard(root), leaf, via=[middle]))[1:] == ["CN=Middle CA", "CN=Test Root CA"]


def test_weak_keys_of_leaves_are_refused(weak_keys: dict[str, bytes]) -> None:
    """RSA below 2048 bits, odd exponents, odd curves, DSA and explicit curve parameters are no keys for a client."""
    trusted = StandardVerifier(TrustStore.load(weak_keys["root"]))
    for name, der in ((name, der) for name, der in weak_keys.items() if name != "root"):
        error = refuse(trusted, der)
        assert error.reason is Reason.KEY_NOT_ACCEPTED, name
        assert error.hints[0] == "wanted RSA of 2048 to 8192 bits, P-256, P-384, P-521, Ed25519 or Ed448"


def test_places_are_named_from_the_leaf_up() -> None:
    """The leaf, the intermediates counted from it, and the anchor."""
    assert [role_of(index, 4) for index in range(4)] == ["leaf", "intermediate 1", "intermediate 2", "anchor"]


def test_signature_hashes_of_pss(pss_root: CertificateAuthority) -> None:
    """RSA-PSS is accepted with SHA-2, and refused with SHA-1 (the default of its parameters) or an unknown hash."""
    leaf = pss_root.issue("client.example", signature_padding="pss")
    accept(standard(pss_root), leaf)
    sha1, unknown = bytes.fromhex("3000"), bytes.fromhex("300da00b300906052a030405060500")
    for parameters in (sha1, unknown):
        error = refuse(standard(pss_root), with_signature_parameters(leaf.der, parameters))
        assert error.reason is Reason.ALGORITHM_NOT_ACCEPTED
