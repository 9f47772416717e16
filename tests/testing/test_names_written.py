"""Distinguished names of certificates: string types, grouping, raw DER."""

from typing import Any

import pytest
from cryptography import x509
from cryptography.x509.name import _ASN1Type
from cryptography.x509.oid import NameOID

from clientcert.testing import CertificateAuthority
from clientcert.testing.names import SHORT_NAMES, NameLike, encode_name


@pytest.mark.parametrize(
    ("string_type", "expected"),
    [
        ("utf8", _ASN1Type.UTF8String),
        ("printable", _ASN1Type.PrintableString),
        ("ia5", _ASN1Type.IA5String),
        ("visible", _ASN1Type.VisibleString),
        ("numeric", _ASN1Type.NumericString),
        ("t61", _ASN1Type.T61String),
        ("bmp", _ASN1Type.BMPString),
        ("universal", _ASN1Type.UniversalString),
    ],
)
def test_each_string_type_reads_back(string_type: Any, expected: _ASN1Type, authority: CertificateAuthority) -> None:
    """The value and its ASN.1 type are those asked for."""
    (attribute,) = authority.issue(subject=[("CN", "42", string_type)]).certificate.subject
    assert (attribute.value, attribute._type) == ("42", expected)


@pytest.mark.parametrize(
    ("attribute_type", "expected"),
    [
        ("CN", _ASN1Type.UTF8String),
        ("C", _ASN1Type.PrintableString),
        ("serialNumber", _ASN1Type.PrintableString),
        ("dnQualifier", _ASN1Type.PrintableString),
        ("DC", _ASN1Type.IA5String),
        ("emailAddress", _ASN1Type.IA5String),
    ],
)
def test_default_string_types_are_those_of_openssl(attribute_type: str, expected: _ASN1Type) -> None:
    """Countries and serial numbers are printable, mail addresses and domains IA5, all else UTF-8."""
    certificate = CertificateAuthority(subject=[(attribute_type, "GB")]).certificate
    (attribute,) = certificate.subject
    assert attribute._type is expected


def test_every_short_name_has_the_oid_that_cryptography_knows(authority: CertificateAuthority) -> None:
    """None of the table's object identifiers is a slip of the pen."""
    known = {oid.dotted_string for name, oid in vars(NameOID).items() if name.isupper()}
    assert set(SHORT_NAMES.values()) - known == {"2.5.4.41"}
    subject = [(name, "GB") for name in SHORT_NAMES]
    read = authority.issue(subject=subject).certificate.subject
    assert [attribute.oid.dotted_string for attribute in read] == list(SHORT_NAMES.values())


def test_rdns_keep_their_order_and_their_grouping(authority: CertificateAuthority) -> None:
    """A list is one RDN of several attributes, in DER order; RDNs stay in wire order."""
    subject: NameLike = [("C", "GB"), [("UID", "42"), ("CN", "svc-a")], ("1.2.3.4", "custom")]
    read = authority.issue(subject=subject).certificate.subject
    assert [[attribute.value for attribute in rdn] for rdn in read.rdns] == [["GB"], ["svc-a", "42"], ["custom"]]


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "svc-a")]), id="parsed"),
        pytest.param(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "svc-a")]).public_bytes(), id="der"),
        pytest.param([("CN", "svc-a")], id="pairs"),
        pytest.param([("2.5.4.3", "svc-a")], id="dotted"),
        pytest.param([("CN", b"svc-a")], id="octets"),
    ],
)
def test_all_ways_to_write_a_name_agree(name: NameLike) -> None:
    """A parsed name, its DER and pairs of type and value give the same octets."""
    assert encode_name(name) == bytes.fromhex("3010310e300c06035504030c057376632d61")


def test_octets_that_no_string_type_allows_are_written_all_the_same(authority: CertificateAuthority) -> None:
    """Text that does not fit is refused; bytes are the way around."""
    with pytest.raises(UnicodeEncodeError):
        authority.issue(subject=[("CN", "zoë", "printable")])
    assert b"\x13\x02\xff\x00" in authority.issue(subject=[("CN", b"\xff\x00", "printable")]).der


def test_an_unknown_attribute_type_is_refused() -> None:
    """Short names are a closed list; a dotted OID always works."""
    with pytest.raises(KeyError, match="cn"):
        encode_name([("cn", "svc-a")])
