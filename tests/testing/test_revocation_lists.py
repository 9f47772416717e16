"""Revocation lists of the authority: entries, knobs, signatures, and OpenSSL's opinion."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import CRLEntryExtensionOID

from clientcert.testing import CertificateAuthority, IssuedCrl, Revoked, make_key
from clientcert.testing.crl import CrlKnobs
from tests.testing.conftest import CLOCK


def is_genuine(issued: IssuedCrl, authority: CertificateAuthority) -> bool:
    """Whether the list is signed by the authority's key."""
    public_key = authority.certificate.public_key()
    assert isinstance(public_key, ec.EllipticCurvePublicKey)
    return issued.crl.is_signature_valid(public_key)


def test_a_list_names_what_was_revoked_and_is_genuine(authority: CertificateAuthority) -> None:
    """Certificates, numbers and entries with a reason are found again; nothing else is."""
    client, other = authority.issue("revoked"), authority.issue("other")
    entry = Revoked(serial_number=8, at=timedelta(days=-2), reason="keyCompromise")
    issued = authority.crl([client, 7, entry])
    crl = issued.crl
    assert is_genuine(issued, authority)
    assert [item.serial_number for item in crl] == [client.certificate.serial_number, 7, 8]
    assert crl[2].revocation_date_utc == CLOCK - timedelta(days=2)
    assert crl[2].extensions.get_extension_for_class(x509.CRLReason).value.reason is x509.ReasonFlags.key_compromise
    assert crl.get_revoked_certificate_by_serial_number(other.certificate.serial_number) is None


def test_an_empty_list_is_a_list(authority: CertificateAuthority) -> None:
    """Nobody revoked is a genuine list without entries."""
    assert is_genuine(authority.crl(), authority)
    assert len(authority.crl().crl) == 0


EXTENSIONS = {
    "CRLNumber": x509.CRLNumber,
    "base": x509.DeltaCRLIndicator,
    "scope": x509.IssuingDistributionPoint,
    "aki": x509.AuthorityKeyIdentifier,
}
USERS_ONLY = x509.IssuingDistributionPoint(
    full_name=None,
    relative_name=None,
    only_contains_user_certs=True,
    only_contains_ca_certs=False,
    only_some_reasons=None,
    indirect_crl=False,
    only_contains_attribute_certs=False,
)


def find(crl: x509.CertificateRevocationList, kind: type[x509.ExtensionType]) -> tuple[object, bool] | None:
    """Return value and criticality of the list's extension of this class."""
    return next((found for e in crl.extensions if isinstance(e.value, kind) for found in [(e.value, e.critical)]), None)


@pytest.mark.parametrize(
    ("knobs", "read", "expected"),
    [
        pytest.param({}, lambda c: c.last_update_utc, CLOCK - timedelta(hours=1), id="this-update-default"),
        pytest.param({"this_update": CLOCK}, lambda c: c.last_update_utc, CLOCK, id="this-update"),
        pytest.param({}, lambda c: c.next_update_utc, CLOCK + timedelta(days=7), id="next-update-default"),
        pytest.param({"next_update": timedelta(0)}, lambda c: c.next_update_utc, CLOCK, id="next-update"),
        pytest.param({"next_update": None}, lambda c: c.next_update_utc, None, id="next-update-none"),
        pytest.param({}, lambda c: find(c, x509.CRLNumber), (x509.CRLNumber(1), False), id="number-default"),
        pytest.param({"number": 9}, lambda c: find(c, x509.CRLNumber), (x509.CRLNumber(9), False), id="number"),
        pytest.param({"number": None}, lambda c: find(c, x509.CRLNumber), None, id="number-none"),
        pytest.param(
            {"delta_base": 3},
            lambda c: find(c, x509.DeltaCRLIndicator),
            (x509.DeltaCRLIndicator(3), True),
            id="delta",
        ),
        pytest.param(
            {"issuing_distribution_point": USERS_ONLY},
            lambda c: find(c, x509.IssuingDistributionPoint),
            (USERS_ONLY, True),
            id="issuing-distribution-point",
        ),
        pytest.param(
            {"authority_key_identifier": b"\x01"},
            lambda c: find(c, x509.AuthorityKeyIdentifier),
            (x509.AuthorityKeyIdentifier(b"\x01", None, None), False),
            id="authority-key-identifier",
        ),
        pytest.param(
            {"authority_key_identifier": None},
            lambda c: find(c, x509.AuthorityKeyIdentifier),
            None,
            id="authority-key-identifier-none",
        ),
        pytest.param(
            {
                "extra_extensions": [
                    x509.Extension(x509.DeltaCRLIndicator.oid, critical=False, value=x509.DeltaCRLIndicator(1))
                ]
            },
            lambda c: find(c, x509.DeltaCRLIndicator),
            (x509.DeltaCRLIndicator(1), False),
            id="extra",
        ),
        pytest.param({"version": 1}, lambda c: len(c.extensions), 0, id="version-1"),
        pytest.param({"issuer_name": [("CN", "Other")]}, lambda c: c.issuer.rfc4514_string(), "CN=Other", id="issuer"),
        pytest.param({"signature_hash": "sha512"}, lambda c: c.signature_hash_algorithm.name, "sha512", id="hash"),
        pytest.param(
            {"time_type": "generalized"}, lambda c: b"\x18\x0f20261121220000Z" in c.tbs_certlist_bytes, True, id="time"
        ),
    ],
)
def test_a_knob_reads_back(
    knobs: CrlKnobs,
    read: Callable[[x509.CertificateRevocationList], object],
    expected: object,
    authority: CertificateAuthority,
) -> None:
    """What the knob asks for is in the list, and the list is still genuine."""
    issued = authority.crl([1], **knobs)
    assert read(issued.crl) == expected
    assert is_genuine(issued, authority)


@pytest.mark.parametrize(
    "knobs",
    [
        pytest.param({"corrupt_signature": True}, id="corrupt"),
        pytest.param({"signing_key": make_key(seed="other")}, id="other-key"),
    ],
)
def test_a_forged_list_is_not_genuine(knobs: CrlKnobs, authority: CertificateAuthority) -> None:
    """A flipped bit and another key are noticed; without the knob the list is genuine."""
    assert not is_genuine(authority.crl([1], **knobs), authority)
    assert is_genuine(authority.crl([1]), authority)


def test_entries_carry_further_extensions(authority: CertificateAuthority) -> None:
    """The certificate issuer of an indirect list is written behind the reason."""
    issuer = x509.CertificateIssuer([x509.DNSName("a.example")])
    extra = x509.Extension(CRLEntryExtensionOID.CERTIFICATE_ISSUER, critical=True, value=issuer)
    entry = Revoked(serial_number=1, reason="superseded", extra_extensions=(extra,))
    (read,) = authority.crl([entry]).crl
    assert [e.value for e in read.extensions] == [x509.CRLReason(x509.ReasonFlags.superseded), issuer]


def test_a_misspelt_knob_is_refused(authority: CertificateAuthority) -> None:
    """The legal ones are listed; a legal one is taken."""
    wrong: Any = {"nextUpdate": None}
    with pytest.raises(TypeError, match="unknown knob nextUpdate: the legal ones are this_update, next_update"):
        authority.crl(**wrong)
    assert authority.crl(next_update=None).der


def test_a_naive_time_is_refused(authority: CertificateAuthority) -> None:
    """A time without a zone is nobody's; the same with UTC is taken."""
    naive = datetime(2026, 1, 1)  # noqa: DTZ001 - on purpose
    with pytest.raises(ValueError, match="naive datetime"):
        authority.crl(this_update=naive)
    assert authority.crl(this_update=naive.replace(tzinfo=UTC)).der


@pytest.mark.parametrize(
    ("knobs", "revoke", "verdict"),
    [
        pytest.param({}, False, "OK", id="not-revoked"),
        pytest.param({}, True, "certificate revoked", id="revoked"),
        pytest.param({"next_update": timedelta(minutes=-1)}, False, "CRL has expired", id="stale"),
        pytest.param({"this_update": timedelta(minutes=1)}, False, "CRL is not yet valid", id="early"),
        pytest.param({"corrupt_signature": True}, False, "CRL signature failure", id="corrupt"),
        pytest.param({"issuer_name": [("CN", "X")]}, False, "unable to get certificate CRL", id="other-issuer"),
    ],
)
def test_openssl_reads_the_list(
    knobs: CrlKnobs, verdict: str, openssl: Callable[..., str], authority: CertificateAuthority, *, revoke: bool
) -> None:
    """The program's verdict on a client is the one that list and knob are for."""
    client = authority.issue("svc-a")
    crl = authority.crl([client] if revoke else [], **knobs)
    printed = openssl(
        "verify", "-attime", str(int(CLOCK.timestamp())), "-crl_check",
        "-CAfile", authority.pem, "-CRLfile", crl.pem, client.pem,
    )  # fmt: skip
    assert verdict in printed
