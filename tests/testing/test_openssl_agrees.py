"""OpenSSL's opinion on what the knobs make: the same verdicts, the same text."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from cryptography import x509

from clientcert.testing import CertificateAuthority, make_key
from clientcert.testing.knobs import Knobs
from clientcert.testing.malformed import extension
from tests.testing.conftest import CLOCK

VERDICTS: list[Any] = [
    pytest.param({}, "OK", id="good"),
    pytest.param({"version": 1}, "OK", id="version-1"),
    pytest.param({"subject": []}, "OK", id="empty-subject"),
    pytest.param({"key": "ed25519"}, "OK", id="ed25519-key"),
    pytest.param({"signature_hash": "sha512"}, "OK", id="sha512"),
    pytest.param({"serial_number": -5}, "OK", id="negative-serial"),
    pytest.param({"permitted_names": ["DNS:a.example"]}, "OK", id="name-constraints-on-a-leaf"),
    pytest.param({"not_after": timedelta(minutes=-1)}, "certificate has expired", id="expired"),
    pytest.param({"not_before": timedelta(hours=1)}, "certificate is not yet valid", id="not-yet-valid"),
    pytest.param({"extended_key_usage": ["serverAuth"]}, "certificate purpose", id="server-auth-only"),
    pytest.param({"key_usage": ["keyEncipherment"]}, "certificate purpose", id="key-encipherment-only"),
    pytest.param({"corrupt_signature": True}, "certificate signature failure", id="corrupt-signature"),
    pytest.param({"signing_key": make_key(seed="other")}, "certificate signature failure", id="other-signing-key"),
    pytest.param({"self_signed": True}, "self-signed certificate", id="self-signed"),
    pytest.param(
        {"issuer_name": [("CN", "Nobody")]}, "unable to get local issuer certificate", id="issuer-name-unknown"
    ),
    pytest.param({"authority_key_identifier": b"\x01"}, "unable to get local issuer", id="authority-key-identifier"),
    pytest.param(
        {"extra_extensions": [extension(x509.ObjectIdentifier("1.2.3.4"), b"\x05\x00", critical=True)]},
        "unhandled critical extension",
        id="critical-extension",
    ),
]


@pytest.mark.parametrize(("knobs", "verdict"), VERDICTS)
def test_openssl_says_what_the_knob_means(
    knobs: Knobs, verdict: str, openssl: Callable[..., str], authority: CertificateAuthority
) -> None:
    """The verdict of the program on a TLS client is the one that the knob is for."""
    at = str(int(CLOCK.timestamp()))
    leaf = authority.issue("svc-a", **knobs)
    printed = openssl("verify", "-attime", at, "-purpose", "sslclient", "-CAfile", authority.pem, leaf.pem)
    assert verdict in printed


CA_VERDICTS: list[Any] = [
    pytest.param({}, "OK", id="good"),
    pytest.param({"basic_constraints": x509.BasicConstraints(ca=True, path_length=0)}, "OK", id="path-length-0"),
    pytest.param({"permitted_names": ["DNS:svc-a"]}, "OK", id="permitted"),
    pytest.param({"permitted_names": ["DNS:other.example"]}, "permitted subtree violation", id="not-permitted"),
    pytest.param({"excluded_names": ["DNS:svc-a"]}, "excluded subtree violation", id="excluded"),
    pytest.param({"basic_constraints": None, "key_usage": None}, "invalid CA certificate", id="no-basic-constraints"),
    pytest.param({"key_usage": ["digitalSignature"]}, "invalid CA certificate", id="no-cert-sign"),
    pytest.param({"not_after": timedelta(minutes=-1)}, "certificate has expired", id="expired"),
    pytest.param({"extended_key_usage": ["serverAuth"]}, "certificate purpose", id="servers-only"),
]


@pytest.mark.parametrize(("knobs", "verdict"), CA_VERDICTS)
def test_openssl_says_what_the_knob_of_an_authority_means(
    knobs: Knobs, verdict: str, openssl: Callable[..., str], authority: CertificateAuthority
) -> None:
    """The verdict on a good leaf below an intermediate with this knob is the one that the knob is for."""
    issuing = authority.intermediate("Issuing", **knobs)
    printed = openssl(
        "verify", "-attime", str(int(CLOCK.timestamp())), "-purpose", "sslclient",
        "-CAfile", authority.pem, "-untrusted", issuing.pem, issuing.issue("svc-a").pem,
    )  # fmt: skip
    assert verdict in printed


def test_openssl_prints_what_the_knobs_say(openssl: Callable[..., str], authority: CertificateAuthority) -> None:
    """A second reader sees the same names, usages, constraints and numbers."""
    leaf = authority.issue(
        subject=[("C", "GB"), ("O", "Acme"), [("CN", "svc-a"), ("UID", "42")]],
        serial_number=4711,
        san=[
            "DNS:a.example",
            "URI:spiffe://td/a",
            "UPN:a@corp.example",
            "RID:1.2.3",
            "IP:10.0.0.1",
            "email:a@b.example",
        ],
        key_usage=["digitalSignature", "keyAgreement", "decipherOnly"],
        extended_key_usage=["clientAuth", "smartcardLogon", "anyExtendedKeyUsage"],
        excluded_names=["email:.evil.example"],
        crl_distribution_points=["http://a.example/ca.crl"],
        certificate_policies=["1.2.3.4"],
    )
    printed = openssl("x509", "-in", leaf.pem, "-noout", "-text", "-nameopt", "RFC2253")
    for line in (
        "Serial Number: 4711 (0x1267)",
        "Subject: UID=42+CN=svc-a,O=Acme,C=GB",
        "DNS:a.example, URI:spiffe://td/a, ",
        ":a@corp.example, Registered ID:1.2.3, IP Address:10.0.0.1, email:a@b.example",
        "Digital Signature, Key Agreement, Decipher Only",
        "TLS Web Client Authentication, Microsoft Smartcard Login, Any Extended Key Usage",
        "email:.evil.example",
        "URI:http://a.example/ca.crl",
        "Policy: 1.2.3.4",
    ):
        assert line in printed
