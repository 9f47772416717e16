"""
Load balancers, gateways and platforms, by their vendors' documentation: none of them was run.

What the documentation names without saying how it is written (Kong's and Application Gateway's attributes) is left out.
"""

import re
from base64 import b64encode
from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256

from clientcert.testing.producers.fields import CertificateFields, Element, moment
from clientcert.testing.producers.forms import (
    aws_escaped_pem,
    base64_der,
    byte_sequence,
    byte_sequences,
    escaped_pem,
)
from clientcert.testing.producers.handshake import (
    OPENSSL_RESULTS,
    Handshake,
    Variable,
    of_fields,
    of_leaf,
    openssl_verdict,
)
from clientcert.testing.producers.lines import HeaderLines, Language, Line
from clientcert.testing.producers.name_text import openssl_name

_BRACES = re.compile(r"\{\w+\}")
# Cloudflare's fields hold no more; a longer value is empty.
_CLOUDFLARE_LEAF_BYTES, _CLOUDFLARE_CHAIN_BYTES = 10 * 1024, 16 * 1024
_GOOGLE_NAME_BYTES = 512


def _flag(write: Callable[[Handshake], bool]) -> Variable:
    return lambda handshake: b"true" if write(handshake) else b"false"


def _is_presented(handshake: Handshake) -> bool:
    return handshake.certificate is not None


def _is_verified(handshake: Handshake) -> bool:
    return _is_presented(handshake) and handshake.failure is None


def _validity(fields: CertificateFields) -> bytes:
    times = (f"{moment(time):%Y-%m-%dT%H:%M:%SZ}" for time in (fields.not_before, fields.not_after))
    return "NotBefore={};NotAfter={}".format(*times).encode("ascii")


def _octets_with_colons(fields: CertificateFields) -> bytes:
    return fields.serial_number.removeprefix(b"\x00").hex(":").encode("ascii")


def _hex_serial_number(fields: CertificateFields) -> bytes:
    return fields.serial_number.removeprefix(b"\x00").hex().upper().encode("ascii")


def _when_verified(variable: Variable) -> Variable:
    return lambda handshake: variable(handshake) if _is_verified(handshake) else None


def _at_most(limit: int, value: bytes) -> bytes:
    return value if len(value) <= limit else b""


def _written(name: str, variables: dict[str, Variable], *lines: Line, tells_failure: bool = False) -> HeaderLines:
    """A producer that nobody configures in a language of its own, and that sends no header without a value."""
    language = Language(name=name, pattern=_BRACES, variables=variables, drops_empty=True, tells_failure=tells_failure)
    return HeaderLines(language, lines)


def _amazon(prefix: str) -> tuple[Line, ...]:
    return (
        (f"{prefix}-Serial-Number", "{serial_number}"),
        (f"{prefix}-Issuer", "{issuer}"),
        (f"{prefix}-Subject", "{subject}"),
        (f"{prefix}-Validity", "{validity}"),
    )


_AMAZON: dict[str, Variable] = {
    "{issuer}": of_fields(lambda fields: openssl_name(fields.issuer)),
    "{subject}": of_fields(lambda fields: openssl_name(fields.subject)),
    "{validity}": of_fields(_validity),
}

AWS_ALB_PRODUCER = _written(
    "aws-alb",
    {"{chain}": lambda handshake: aws_escaped_pem(handshake.der, *handshake.intermediates) if handshake.der else None},
    ("X-Amzn-Mtls-Clientcert", "{chain}"),
)
AWS_ALB_VERIFY_PRODUCER = _written(
    "aws-alb-verify",
    {**_AMAZON, "{serial_number}": of_fields(_hex_serial_number), "{leaf}": of_leaf(aws_escaped_pem)},
    *_amazon("X-Amzn-Mtls-Clientcert"),
    ("X-Amzn-Mtls-Clientcert-Leaf", "{leaf}"),
)
AWS_CLOUDFRONT_PRODUCER = _written(
    "aws-cloudfront",
    {
        **_AMAZON,
        "{serial_number}": of_fields(_octets_with_colons),
        "{present}": lambda handshake: b"1" if _is_presented(handshake) else b"0",
        "{sha256}": of_leaf(lambda der: sha256(der).hexdigest().encode("ascii")),
        "{leaf}": of_leaf(escaped_pem),
    },
    *_amazon("CloudFront-Viewer-Cert"),
    ("CloudFront-Viewer-Cert-Present", "{present}"),
    ("CloudFront-Viewer-Cert-Sha256", "{sha256}"),
    ("CloudFront-Viewer-Cert-Pem", "{leaf}"),
)

RFC9440_PRODUCER = _written(
    "rfc9440",
    {"{leaf}": of_leaf(byte_sequence), "{chain}": lambda handshake: byte_sequences(handshake.intermediates)},
    ("Client-Cert", "{leaf}"),
    ("Client-Cert-Chain", "{chain}"),
)
AZURE_APP_SERVICE_PRODUCER = _written(
    "azure-app-service", {"{leaf}": of_leaf(base64_der)}, ("X-ARR-ClientCert", "{leaf}")
)
AZURE_APPLICATION_GATEWAY_PRODUCER = _written(
    "azure-application-gateway",
    {"{var_client_certificate}": of_leaf(escaped_pem), "{var_client_certificate_verification}": openssl_verdict},
    ("X-Client-Certificate", "{var_client_certificate}"),
    ("X-Client-Certificate-Verification", "{var_client_certificate_verification}"),
    tells_failure=True,
)
CLOUD_FOUNDRY_PRODUCER = _written(
    "cloud-foundry", {"{leaf}": of_leaf(base64_der)}, ("X-Forwarded-Client-Cert", "{leaf}")
)
KONG_PRODUCER = _written("kong", {"{leaf}": of_leaf(escaped_pem)}, ("X-Client-Cert", "{leaf}"))

F5_RULES = Language(
    name="f5",
    pattern=re.compile(r"\[b64encode \[SSL::cert 0\]\]|\[SSL::\w+\]"),
    variables={
        "[b64encode [SSL::cert 0]]": of_leaf(base64_der),
        "[SSL::verify_result]": lambda handshake: str(
            OPENSSL_RESULTS[handshake.failure][0] if handshake.failure else 0
        ).encode("ascii"),
    },
    drops_empty=True,
)
F5_PRODUCER = HeaderLines(
    # Without a verdict, as the preset.
    replace(F5_RULES, tells_failure=False),
    (("X-SSL-Client-Cert", "[b64encode [SSL::cert 0]]"),),
)


GOOGLE_VARIABLES = Language(
    name="gcp-lb",
    pattern=_BRACES,
    variables={
        "{client_cert_present}": _flag(_is_presented),
        "{client_cert_chain_verified}": _flag(_is_verified),
        "{client_cert_leaf}": _when_verified(of_leaf(byte_sequence)),
        "{client_cert_chain}": _when_verified(lambda handshake: byte_sequences(handshake.intermediates)),
        "{client_cert_sha256_fingerprint}": of_leaf(lambda der: b64encode(sha256(der).digest())),
        "{client_cert_serial_number}": of_fields(_hex_serial_number),
        "{client_cert_subject_dn}": of_fields(lambda fields: _google_name(fields.subject_der)),
        "{client_cert_issuer_dn}": of_fields(lambda fields: _google_name(fields.issuer_der)),
        "{client_cert_valid_not_before}": of_fields(lambda fields: _date(fields.not_before)),
        "{client_cert_valid_not_after}": of_fields(lambda fields: _date(fields.not_after)),
    },
)
GOOGLE_PRODUCER = HeaderLines(
    GOOGLE_VARIABLES,
    (
        ("X-Client-Cert-Present", "{client_cert_present}"),
        ("X-Client-Cert-Chain-Verified", "{client_cert_chain_verified}"),
        ("X-Client-Cert-Chain", "{client_cert_chain}"),
        ("X-Client-Cert-Leaf", "{client_cert_leaf}"),
    ),
)
"""The lines of ``clientcert snippet gcp-lb``."""

CLOUDFLARE_FIELDS = Language(
    name="cloudflare",
    pattern=re.compile(r"cf\.tls_client_auth\.\w+"),
    variables={
        "cf.tls_client_auth.cert_presented": _flag(_is_presented),
        # A revoked certificate counts as verified.
        "cf.tls_client_auth.cert_verified": _flag(
            lambda handshake: _is_verified(handshake) or handshake.failure == "revoked"
        ),
        "cf.tls_client_auth.cert_revoked": _flag(lambda handshake: handshake.failure == "revoked"),
        "cf.tls_client_auth.cert_rfc9440": of_leaf(lambda der: _at_most(_CLOUDFLARE_LEAF_BYTES, byte_sequence(der))),
        "cf.tls_client_auth.cert_chain_rfc9440": lambda handshake: _at_most(
            _CLOUDFLARE_CHAIN_BYTES, byte_sequences(handshake.intermediates)
        ),
    },
    drops_empty=True,
)
CLOUDFLARE_PRODUCER = HeaderLines(
    CLOUDFLARE_FIELDS,
    (
        ("Client-Cert", "cf.tls_client_auth.cert_rfc9440"),
        ("Client-Cert-Chain", "cf.tls_client_auth.cert_chain_rfc9440"),
        ("Cf-Cert-Presented", "cf.tls_client_auth.cert_presented"),
        ("Cf-Cert-Verified", "cf.tls_client_auth.cert_verified"),
        ("Cf-Cert-Revoked", "cf.tls_client_auth.cert_revoked"),
    ),
)
"""The transform rules that the preset asks for."""


def _google_name(der: bytes) -> bytes:
    return _at_most(_GOOGLE_NAME_BYTES, b64encode(der))


def _date(time: Element) -> bytes:
    return f"{moment(time):%Y-%m-%dT%H:%M:%SZ}".encode("ascii")
