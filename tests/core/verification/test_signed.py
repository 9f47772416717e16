"""Signatures over lists and responses: keys that are for RSASSA-PSS alone."""

from dataclasses import replace

import pytest

from clientcert.core.verification.crl import read_crl
from clientcert.testing.asn1 import null, object_identifier, sequence
from clientcert.testing.signing import algorithm_identifier
from tests.core.verification.kit import authority, parsed

RSA = authority("RSA CA", key="rsa")
ANY_PSS = sequence(object_identifier("1.2.840.113549.1.1.10"))
PSS_SHA256 = algorithm_identifier(RSA.issued.key, signature_padding="pss")
PSS_SHA512 = algorithm_identifier(RSA.issued.key, signature_padding="pss", signature_hash="sha512")
PLAIN = sequence(object_identifier("1.2.840.113549.1.1.1"), null())


@pytest.mark.parametrize(
    ("key_algorithm", "padding", "expected"),
    [
        pytest.param(PLAIN, "pkcs1", True, id="any-key-pkcs1"),
        pytest.param(PLAIN, "pss", True, id="any-key-pss"),
        pytest.param(ANY_PSS, "pss", True, id="pss-key"),
        pytest.param(PSS_SHA256, "pss", True, id="pss-sha256-key"),
        pytest.param(PSS_SHA512, "pss", False, id="pss-sha512-key"),
        pytest.param(ANY_PSS, "pkcs1", False, id="pss-key-pkcs1"),
        pytest.param(PSS_SHA256, "pkcs1", False, id="pss-sha256-key-pkcs1"),
    ],
)
def test_keys_for_pss_alone(key_algorithm: bytes, padding: str, *, expected: bool) -> None:
    """A key that is restricted to RSASSA-PSS signs nothing else, and with its own parameters (RFC 4055 §3.3)."""
    signed = read_crl(RSA.crl(signature_padding=padding).der).signed  # type: ignore[arg-type]
    assert signed.is_by(replace(parsed(RSA), public_key_algorithm=key_algorithm)) is expected


def test_eddsa_with_the_other_curve() -> None:
    """A signature by Ed25519 is none by a key of Ed448, whatever its octets."""
    first, second = authority("A", key="ed25519"), authority("B", key="ed448")
    signed = read_crl(first.crl().der).signed
    assert signed.is_strong
    assert signed.is_by(parsed(first))
    assert not signed.is_by(parsed(second))
