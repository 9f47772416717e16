"""Knobs of a certificate's extensions: what they change is read back by cryptography."""

from ipaddress import ip_address, ip_network
from typing import Any

import pytest
from cryptography import x509
from cryptography.x509.oid import (
    AuthorityInformationAccessOID,
    ExtendedKeyUsageOID,
    ExtensionOID,
    SubjectInformationAccessOID,
)

from clientcert.testing import CertificateAuthority
from clientcert.testing.knobs import Knobs
from clientcert.testing.malformed import extension

UTF8_ADMIN = b"\x0c\x05admin"


def extension_values(certificate: x509.Certificate) -> dict[str, Any]:
    """Return the extensions by the short name of their OID."""
    return {extension.oid._name: extension.value for extension in certificate.extensions}


EXTENSIONS: list[Any] = [
    pytest.param({}, "basicConstraints", x509.BasicConstraints(ca=False, path_length=None), id="bc-default"),
    pytest.param(
        {"basic_constraints": x509.BasicConstraints(ca=True, path_length=0)},
        "basicConstraints",
        x509.BasicConstraints(ca=True, path_length=0),
        id="bc",
    ),
    pytest.param({"basic_constraints": None}, "basicConstraints", None, id="bc-none"),
    pytest.param(
        {"extended_key_usage": ["serverAuth", "1.2.3.4"]},
        "extendedKeyUsage",
        x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, x509.ObjectIdentifier("1.2.3.4")]),
        id="eku",
    ),
    pytest.param({"extended_key_usage": None}, "extendedKeyUsage", None, id="eku-none"),
    pytest.param({"key_usage": None}, "keyUsage", None, id="ku-none"),
    pytest.param({}, "subjectAltName", x509.SubjectAlternativeName([x509.DNSName("svc-a")]), id="san-default"),
    pytest.param({"san": None}, "subjectAltName", None, id="san-none"),
    pytest.param(
        {
            "san": [
                "DNS:a.example",
                "IP:10.0.0.1",
                "IP:2001:db8::1",
                "email:a@b.example",
                "URI:spiffe://prod.example/svc:a",
                "UPN:admin",
                "RID:1.2.3",
                x509.DirectoryName(x509.Name([])),
            ]
        },
        "subjectAltName",
        x509.SubjectAlternativeName(
            [
                x509.DNSName("a.example"),
                x509.IPAddress(ip_address("10.0.0.1")),
                x509.IPAddress(ip_address("2001:db8::1")),
                x509.RFC822Name("a@b.example"),
                x509.UniformResourceIdentifier("spiffe://prod.example/svc:a"),
                x509.OtherName(x509.ObjectIdentifier("1.3.6.1.4.1.311.20.2.3"), UTF8_ADMIN),
                x509.RegisteredID(x509.ObjectIdentifier("1.2.3")),
                x509.DirectoryName(x509.Name([])),
            ]
        ),
        id="san-of-every-type",
    ),
    pytest.param(
        {"subject_key_identifier": b"\x01"}, "subjectKeyIdentifier", x509.SubjectKeyIdentifier(b"\x01"), id="ski"
    ),
    pytest.param({"subject_key_identifier": None}, "subjectKeyIdentifier", None, id="ski-none"),
    pytest.param(
        {"authority_key_identifier": b"\x02"},
        "authorityKeyIdentifier",
        x509.AuthorityKeyIdentifier(b"\x02", None, None),
        id="aki",
    ),
    pytest.param(
        {"authority_key_identifier": x509.AuthorityKeyIdentifier(None, [x509.DNSName("a")], 7)},
        "authorityKeyIdentifier",
        x509.AuthorityKeyIdentifier(None, [x509.DNSName("a")], 7),
        id="aki-by-issuer-and-serial",
    ),
    pytest.param({"authority_key_identifier": None}, "authorityKeyIdentifier", None, id="aki-none"),
    pytest.param(
        {"permitted_names": ["DNS:a.example", "IP:10.0.0.0/8"], "excluded_names": ["URI:.evil.example"]},
        "nameConstraints",
        x509.NameConstraints(
            [x509.DNSName("a.example"), x509.IPAddress(ip_network("10.0.0.0/8"))],
            [x509.UniformResourceIdentifier(".evil.example")],
        ),
        id="name-constraints",
    ),
    pytest.param(
        {"crl_distribution_points": ["http://a.example/ca.crl"]},
        "cRLDistributionPoints",
        x509.CRLDistributionPoints(
            [
                x509.DistributionPoint(
                    [x509.UniformResourceIdentifier("http://a.example/ca.crl")], None, reasons=None, crl_issuer=None
                )
            ]
        ),
        id="cdp",
    ),
    pytest.param(
        {"certificate_policies": ["1.2.3", "2.5.29.32.0"]},
        "certificatePolicies",
        x509.CertificatePolicies(
            [x509.PolicyInformation(x509.ObjectIdentifier(oid), None) for oid in ("1.2.3", "2.5.29.32.0")]
        ),
        id="policies",
    ),
    pytest.param(
        {"policy_constraints": x509.PolicyConstraints(0, 1)}, "policyConstraints", x509.PolicyConstraints(0, 1), id="pc"
    ),
    pytest.param({"inhibit_any_policy": 2}, "inhibitAnyPolicy", x509.InhibitAnyPolicy(2), id="any-policy"),
    pytest.param(
        {"policy_mappings": [("1.2.3", "1.2.4")]},
        "policyMappings",
        x509.UnrecognizedExtension(ExtensionOID.POLICY_MAPPINGS, bytes.fromhex("300a300806022a0306022a04")),
        id="policy-mappings",
    ),
    pytest.param(
        {"issuer_alternative_names": ["email:ca@b.example"]},
        "issuerAltName",
        x509.IssuerAlternativeName([x509.RFC822Name("ca@b.example")]),
        id="issuer-alternative-names",
    ),
    pytest.param(
        {"freshest_crl": ["http://a.example/delta.crl"]},
        "freshestCRL",
        x509.FreshestCRL(
            [
                x509.DistributionPoint(
                    [x509.UniformResourceIdentifier("http://a.example/delta.crl")], None, reasons=None, crl_issuer=None
                )
            ]
        ),
        id="freshest-crl",
    ),
    pytest.param(
        {"authority_information_access": [("OCSP", "http://o.example"), ("caIssuers", "http://i.example")]},
        "authorityInfoAccess",
        x509.AuthorityInformationAccess(
            [
                x509.AccessDescription(method, x509.UniformResourceIdentifier(url))
                for method, url in (
                    (AuthorityInformationAccessOID.OCSP, "http://o.example"),
                    (AuthorityInformationAccessOID.CA_ISSUERS, "http://i.example"),
                )
            ]
        ),
        id="aia",
    ),
    pytest.param(
        {"subject_information_access": [("caRepository", "http://r.example")]},
        "subjectInfoAccess",
        x509.SubjectInformationAccess(
            [
                x509.AccessDescription(
                    SubjectInformationAccessOID.CA_REPOSITORY, x509.UniformResourceIdentifier("http://r.example")
                )
            ]
        ),
        id="sia",
    ),
    pytest.param(
        {"extra_extensions": [x509.Extension(ExtensionOID.OCSP_NO_CHECK, critical=False, value=x509.OCSPNoCheck())]},
        "OCSPNoCheck",
        x509.OCSPNoCheck(),
        id="extra",
    ),
    pytest.param(
        {"extra_extensions": [extension(x509.ObjectIdentifier("1.2.3.4"), b"anything")]},
        "Unknown OID",
        x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"anything"),
        id="extra-raw",
    ),
]


@pytest.mark.parametrize(("knobs", "name", "expected"), EXTENSIONS)
def test_an_extension_reads_back(
    knobs: Knobs, name: str, expected: x509.ExtensionType | None, authority: CertificateAuthority
) -> None:
    """What the knob of an extension asks for is in the certificate, or left out of it."""
    assert extension_values(authority.issue("svc-a", **knobs).certificate).get(name) == expected


KEY_USAGES = {
    "digitalSignature": "digital_signature",
    "nonRepudiation": "content_commitment",
    "keyEncipherment": "key_encipherment",
    "dataEncipherment": "data_encipherment",
    "keyAgreement": "key_agreement",
    "keyCertSign": "key_cert_sign",
    "cRLSign": "crl_sign",
    "encipherOnly": "encipher_only",
    "decipherOnly": "decipher_only",
}


@pytest.mark.parametrize("usage", KEY_USAGES)
def test_each_key_usage_bit_stands_where_cryptography_looks(usage: str, authority: CertificateAuthority) -> None:
    """One bit with keyAgreement, without which the last two cannot be read, gives exactly these two."""
    wanted: Any = {usage, "keyAgreement"}
    certificate = authority.issue("svc-a", key_usage=wanted).certificate
    value = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    assert {name for name, attribute in KEY_USAGES.items() if getattr(value, attribute)} == wanted


CRITICAL_BY_DEFAULT = {"basicConstraints", "keyUsage", "nameConstraints"}


@pytest.mark.parametrize(
    ("knobs", "expected"),
    [
        pytest.param({}, CRITICAL_BY_DEFAULT, id="by-default"),
        pytest.param({"critical": {"basic_constraints": False}}, CRITICAL_BY_DEFAULT - {"basicConstraints"}, id="less"),
        pytest.param({"critical": {"extended_key_usage": True}}, CRITICAL_BY_DEFAULT | {"extendedKeyUsage"}, id="more"),
        pytest.param({"subject": []}, CRITICAL_BY_DEFAULT | {"subjectAltName"}, id="san-of-an-empty-subject"),
        pytest.param(
            {"extra_extensions": [extension(x509.ObjectIdentifier("1.2.3.4"), b"", critical=True)]},
            CRITICAL_BY_DEFAULT | {"Unknown OID"},
            id="extra",
        ),
    ],
)
def test_criticality_is_a_knob_too(knobs: Knobs, expected: set[str], authority: CertificateAuthority) -> None:
    """Exactly the expected extensions are critical."""
    names = Knobs(excluded_names=["DNS:evil.example"])
    certificate = authority.issue("svc-a", **(names | knobs)).certificate
    assert {extension.oid._name for extension in certificate.extensions if extension.critical} == expected


@pytest.mark.parametrize(
    ("common_name", "expected"),
    [
        pytest.param("svc-a.prod.example", True, id="host-name"),
        pytest.param("Fern", True, id="single-label"),
        pytest.param("Fern Certificate", False, id="space"),
        pytest.param("zoë", False, id="not-ascii"),
        pytest.param("10.0.0.1", False, id="address"),
        pytest.param("-svc", False, id="hyphen-first"),
        pytest.param("svc\n", False, id="line-break"),
        pytest.param("", False, id="empty"),
    ],
)
@pytest.mark.filterwarnings("ignore:Attribute's length:UserWarning")
def test_the_default_san_is_the_common_name_where_it_is_a_host_name(
    common_name: str, *, expected: bool, authority: CertificateAuthority
) -> None:
    """No other common name is turned into a DNS name."""
    extensions = authority.issue(common_name).certificate.extensions
    assert any(isinstance(extension.value, x509.SubjectAlternativeName) for extension in extensions) is expected
