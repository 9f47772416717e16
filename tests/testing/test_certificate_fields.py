"""Knobs of a certificate's fields: what they change is read back by cryptography."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography import x509

from clientcert.testing import CertificateAuthority, make_key
from clientcert.testing.keys import public_key_der
from clientcert.testing.knobs import Knobs
from tests.testing.conftest import CLOCK

FIELDS: list[Any] = [
    pytest.param({"serial_number": 2}, lambda c: c.serial_number, 2, id="serial"),
    pytest.param(
        {"public_key_der": public_key_der(make_key("ed25519", seed=1))},
        lambda c: c.public_key(),
        make_key("ed25519", seed=1).public_key(),
        id="public-key",
    ),
    pytest.param({"version": 1}, lambda c: (c.version, len(c.extensions)), (x509.Version.v1, 0), id="version-1"),
    pytest.param(
        {"not_before": CLOCK - timedelta(days=2), "not_after": CLOCK + timedelta(days=3)},
        lambda c: (c.not_valid_before_utc - CLOCK, c.not_valid_after_utc - CLOCK),
        (timedelta(days=-2), timedelta(days=3)),
        id="dates",
    ),
    pytest.param(
        {},
        lambda c: (c.not_valid_before_utc - CLOCK, c.not_valid_after_utc - CLOCK),
        (timedelta(hours=-1), timedelta(days=30)),
        id="dates-by-default",
    ),
    pytest.param(
        {"valid_days": 0.5},
        lambda c: (c.not_valid_before_utc - CLOCK, c.not_valid_after_utc - CLOCK),
        (timedelta(hours=-1), timedelta(hours=12)),
        id="valid-days-from-now",
    ),
    pytest.param(
        {"not_before": timedelta(days=-10), "valid_days": 5},
        lambda c: (c.not_valid_before_utc - CLOCK, c.not_valid_after_utc - CLOCK),
        (timedelta(days=-10), timedelta(days=-5)),
        id="valid-days-from-the-beginning",
    ),
    pytest.param(
        {"not_before": timedelta(days=-100)},
        lambda c: c.not_valid_after_utc - CLOCK,
        timedelta(days=30),
        id="a-beginning-in-the-past-does-not-expire-it",
    ),
    pytest.param(
        {"not_after": timedelta(minutes=-1)},
        lambda c: (c.not_valid_before_utc - CLOCK, c.not_valid_after_utc - CLOCK),
        (timedelta(days=-1, minutes=-1), timedelta(minutes=-1)),
        id="expired",
    ),
    pytest.param(
        {"not_before": timedelta(days=1)},
        lambda c: (c.not_valid_before_utc - CLOCK, c.not_valid_after_utc - CLOCK),
        (timedelta(days=1), timedelta(days=31)),
        id="not-yet-valid",
    ),
    pytest.param(
        {"not_after": datetime(2050, 1, 1, tzinfo=UTC)},
        lambda c: b"\x18\x0f20500101000000Z" in c.tbs_certificate_bytes,
        True,
        id="generalized-time-from-2050",
    ),
    pytest.param(
        {"time_type": "generalized"},
        lambda c: b"\x18\x0f20261121220000Z" in c.tbs_certificate_bytes,
        True,
        id="generalized-time-forced",
    ),
    pytest.param(
        {"time_type": "utc", "not_after": datetime(2050, 1, 1, tzinfo=UTC)},
        lambda c: c.not_valid_after_utc.year,
        1950,
        id="utc-time-forced",
    ),
    pytest.param({"issuer_name": [("CN", "Other")]}, lambda c: c.issuer.rfc4514_string(), "CN=Other", id="issuer-name"),
    pytest.param(
        {"self_signed": True}, lambda c: c.verify_directly_issued_by(c), None, id="self-signed-verifies-by-itself"
    ),
    pytest.param(
        {"self_signed": True},
        lambda c: any(isinstance(extension.value, x509.AuthorityKeyIdentifier) for extension in c.extensions),
        False,
        id="self-signed-has-no-authority-key-identifier",
    ),
    pytest.param(
        {"signature_hash": "sha384"}, lambda c: c.signature_hash_algorithm.name, "sha384", id="signature-hash"
    ),
    pytest.param(
        {"signature_hash": "sha1"}, lambda c: c.signature_hash_algorithm.name, "sha1", id="signature-hash-sha1"
    ),
]


@pytest.mark.parametrize(("knobs", "read", "expected"), FIELDS)
def test_a_field_reads_back(
    knobs: Knobs, read: Callable[[x509.Certificate], object], expected: object, authority: CertificateAuthority
) -> None:
    """What the knob of a field asks for is in the certificate."""
    assert read(authority.issue("svc-a", **knobs).certificate) == expected
