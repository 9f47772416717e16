"""Assemble and sign one certificate from its knobs (RFC 5280 §4.1), by hand so that nothing is refused."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Self

from cryptography import x509

from clientcert.testing.asn1 import explicit, integer, sequence, time
from clientcert.testing.extensions import encode_extensions
from clientcert.testing.keys import PrivateKey, public_key_der
from clientcert.testing.knobs import Knobs, validity
from clientcert.testing.names import encode_name
from clientcert.testing.signing import algorithm_identifier, signed

_EMPTY_NAME = sequence()


@dataclass(frozen=True, slots=True, kw_only=True)
class Party:
    """
    One side of a certificate: who is certified, or who certifies.

    Attributes:
        name: DER of its distinguished name.
        key: Its private key.
        key_identifier: What the key identifier extensions call it.
    """

    name: bytes
    key: PrivateKey = field(repr=False)
    key_identifier: bytes

    @classmethod
    def of(cls, name: bytes, key: PrivateKey, knobs: Knobs) -> Self:
        """Make one with the identifier of the knobs, else the SHA-1 of the key (RFC 5280 §4.2.1.2, method 1)."""
        identifier = knobs.get("subject_key_identifier")
        if not isinstance(identifier, bytes):
            identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key()).digest
        return cls(name=name, key=key, key_identifier=identifier)


def build_certificate(knobs: Knobs, *, subject: Party, issuer: Party, serial_number: int, now: datetime) -> bytes:
    """
    Encode and sign one certificate.

    Args:
        knobs: Complete; extensions without a knob are not written.
        subject: Whose certificate it is; only the public half of its key is used.
        issuer: Who signs, unless ``signing_key`` says otherwise.
        serial_number: Used unless the knobs have one.
        now: Aware; what moments are relative to.

    Returns:
        The DER of the certificate.
    """
    signing_key = knobs.get("signing_key", issuer.key)
    signature_hash, signature_padding = knobs.get("signature_hash", "sha256"), knobs.get("signature_padding", "pkcs1")
    inner_hash = knobs.get("inner_signature_hash", signature_hash)
    extensions = encode_extensions(
        knobs,
        key_identifier=subject.key_identifier,
        issuer_key_identifier=issuer.key_identifier,
        empty_subject=subject.name == _EMPTY_NAME,
    )
    to_be_signed = sequence(
        _version(knobs.get("version", 3)),
        integer(knobs.get("serial_number", serial_number)),
        algorithm_identifier(signing_key, signature_hash=inner_hash, signature_padding=signature_padding),
        encode_name(knobs.get("issuer_name", issuer.name)),
        _validity(knobs, now),
        subject.name,
        knobs.get("public_key_der", public_key_der(subject.key)),
        explicit(3, sequence(*extensions)) if extensions else b"",
    )
    return signed(
        to_be_signed,
        signing_key,
        signature_hash=signature_hash,
        signature_padding=signature_padding,
        corrupt=knobs.get("corrupt_signature", False),
    )


def _version(version: int) -> bytes:
    # Version 1 is the DEFAULT and is left out (RFC 5280 §4.1.2.1).
    return explicit(0, integer(version - 1)) if version != 1 else b""


def _validity(knobs: Knobs, now: datetime) -> bytes:
    time_type = knobs.get("time_type", "auto")
    return sequence(*(time(moment, time_type=time_type) for moment in validity(knobs, now)))
