"""
Bytes that are not a good certificate, each by one defect, for tests of whatever reads certificates.

`UNREADABLE` holds what `x509.load_der_x509_certificate` refuses, `DEFECTIVE` what it loads although something inside
is against RFC 5280: that shows when a name or an extension is read, in path validation, or nowhere at all. Keys of
both are readable identifiers for a test table, values make the bytes with a given authority.
"""

from collections.abc import Callable, Mapping
from datetime import timedelta
from types import MappingProxyType
from typing import TypeAlias

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import ExtensionOID

from clientcert.testing.asn1 import bit_string, integer, length, object_identifier, octet_string, sequence, set_of, tlv
from clientcert.testing.authority import CertificateAuthority
from clientcert.testing.keys import public_key_der
from clientcert.testing.knobs import Knobs

# FIPS 186-4, D.1.2.3.
_P256_PRIME = 2**256 - 2**224 + 2**192 + 2**96 - 1
_P256_B = bytes.fromhex("5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604b")
_P256_GENERATOR = bytes.fromhex(
    "046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"
    "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5"
)

Maker: TypeAlias = Callable[[CertificateAuthority], bytes]
"""Issues with this authority, and returns DER or what passes for it."""

# Deeper than any recursion limit, and yet below the default limit on the size of a certificate: 12 kB.
_HOSTILE_DEPTH = 3_000


def truncated(der: bytes, *, octets: int = 1) -> bytes:
    """Cut octets off the end."""
    return der[:-octets]


def trailing(der: bytes, *, octets: bytes = b"\x00") -> bytes:
    """Put octets behind the end."""
    return der + octets


def long_form_length(der: bytes) -> bytes:
    """Write the outermost length in one octet more than needed: BER, but not DER (X.690 §10.1)."""
    content = _content(der)
    minimal = length(len(content))
    longer = b"\x81" + minimal if len(minimal) == 1 else bytes([minimal[0] + 1, 0]) + minimal[1:]
    return der[:1] + longer + content


def indefinite_length(der: bytes) -> bytes:
    """Write the outermost element with an indefinite length: BER, but not DER (X.690 §8.1.3.6)."""
    return der[:1] + b"\x80" + _content(der) + b"\x00\x00"


def nested(depth: int = _HOSTILE_DEPTH) -> bytes:
    """Nest empty SEQUENCEs, for readers that recurse."""
    der = b""
    for _ in range(depth):
        der = sequence(der)
    return der


def public_key_with_explicit_curve(key: ec.EllipticCurvePrivateKey) -> bytes:
    """
    Write the public key of a P-256 key with all parameters of the curve instead of its name.

    RFC 5480 §2.1.1 forbids it: parameters out of a certificate may be those of a curve made to measure
    (CVE-2020-0601).
    """
    point = key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    curve = sequence(
        integer(1),
        sequence(object_identifier("1.2.840.10045.1.1"), integer(_P256_PRIME)),
        sequence(octet_string((_P256_PRIME - 3).to_bytes(32)), octet_string(_P256_B)),
        octet_string(_P256_GENERATOR),
        integer(ec.SECP256R1().group_order),
        integer(1),
    )
    return sequence(sequence(object_identifier("1.2.840.10045.2.1"), curve), bit_string(point))


def extension(
    oid: x509.ObjectIdentifier, value: bytes, *, critical: bool = False
) -> x509.Extension[x509.ExtensionType]:
    """Wrap raw bytes as an extension for the ``extra_extensions`` knob."""
    return x509.Extension(oid, critical, x509.UnrecognizedExtension(oid, value))


def _content(der: bytes) -> bytes:
    lead = der[1]
    return der[2 + (lead & 0x7F if lead & 0x80 else 0) :]


def _edited(edit: Callable[[bytes], bytes]) -> Maker:
    return lambda authority: edit(authority.issue("malformed").der)


def _with_explicit_curve(authority: CertificateAuthority) -> bytes:
    key = ec.derive_private_key(0x1F2E3D4C5B6A, ec.SECP256R1())
    return authority.issue("malformed", key=key, public_key_der=public_key_with_explicit_curve(key)).der


def _issued(knobs: Knobs) -> Maker:
    return lambda authority: authority.issue("malformed", **knobs).der


def _replaced(oid: x509.ObjectIdentifier, value: bytes) -> Maker:
    # All extensions but this one are left out, so that it is not there twice.
    bare = Knobs(basic_constraints=None, key_usage=None, extended_key_usage=None, san=None)
    return _issued(bare | Knobs(extra_extensions=[extension(oid, value)]))


def _san(*names: bytes) -> Maker:
    return _replaced(ExtensionOID.SUBJECT_ALTERNATIVE_NAME, sequence(*names))


def _common_name(tag: int, value: bytes) -> Maker:
    return _issued(Knobs(subject=sequence(set_of(sequence(object_identifier("2.5.4.3"), tlv(tag, value))))))


UNREADABLE: Mapping[str, Maker] = MappingProxyType(
    {
        "empty": lambda _: b"",
        "text": lambda _: b"hello",
        "pem": lambda authority: authority.issue("malformed").pem,
        "truncated": _edited(truncated),
        "trailing-octet": _edited(trailing),
        "two-certificates": _edited(lambda der: der + der),
        "indefinite-length": _edited(indefinite_length),
        "long-form-length": _edited(long_form_length),
        "length-of-4-gigabytes": lambda _: b"\x30\x84\xff\xff\xff\xff",
        "deeply-nested": lambda _: nested(),
        "revocation-list": lambda authority: authority.crl().der,
        "public-key": lambda authority: public_key_der(authority.issued.key),
        "version-0": _issued(Knobs(version=0)),
        "version-2": _issued(Knobs(version=2)),
        "version-4": _issued(Knobs(version=4)),
        "subject-not-a-sequence": _issued(Knobs(subject=tlv(0x04, b"x"))),
        "name-bmp-of-odd-length": _common_name(0x1E, b"\x00a\x00"),
        "name-printable-not-ascii": _common_name(0x13, b"a\xff"),
    }
)
"""What cannot be loaded as a certificate at all."""

DEFECTIVE: Mapping[str, Maker] = MappingProxyType(
    {
        "serial-negative": _issued(Knobs(serial_number=-1)),
        "serial-zero": _issued(Knobs(serial_number=0)),
        "serial-of-51-octets": _issued(Knobs(serial_number=1 << 400)),
        "signature-algorithms-differ": _issued(Knobs(inner_signature_hash="sha512")),
        "version-1-with-extensions": _issued(Knobs(version=1, key_usage=["digitalSignature"])),
        "ends-before-it-begins": _issued(Knobs(not_before=timedelta(days=1), not_after=timedelta(days=-1))),
        "generalized-time-before-2050": _issued(Knobs(time_type="generalized")),
        "key-with-explicit-curve": _with_explicit_curve,
        "key-of-no-known-kind": _issued(
            Knobs(public_key_der=sequence(sequence(object_identifier("1.2.3.4")), bit_string(b"\x00")))
        ),
        "name-utf8-invalid": _common_name(0x0C, b"\xff"),
        "name-t61-latin-1": _common_name(0x14, b"Jos\xe9"),
        "name-octet-string": _common_name(0x04, b"x"),
        "name-empty-rdn": _issued(Knobs(subject=sequence(set_of()))),
        "extension-twice": _issued(Knobs(extra_extensions=[extension(ExtensionOID.KEY_USAGE, b"\x03\x02\x07\x80")])),
        "extension-empty": _replaced(ExtensionOID.EXTENDED_KEY_USAGE, b""),
        "extension-trailing-octet": _replaced(ExtensionOID.BASIC_CONSTRAINTS, b"\x30\x00\x00"),
        "extension-default-encoded": _replaced(ExtensionOID.BASIC_CONSTRAINTS, b"\x30\x03\x01\x01\x00"),
        "extension-critical-unknown": _issued(
            Knobs(extra_extensions=[extension(x509.ObjectIdentifier("1.2.3.4"), b"\x05\x00", critical=True)])
        ),
        "key-usage-empty": _issued(Knobs(key_usage=[])),
        "extended-key-usage-empty": _issued(Knobs(extended_key_usage=[])),
        "san-empty": _san(),
        "san-dns-empty": _san(tlv(0x82)),
        "san-dns-not-ascii": _san(tlv(0x82, b"\xc3\xa9.example")),
        "san-ip-of-5-octets": _san(tlv(0x87, b"\x01\x02\x03\x04\x05")),
        "san-registered-id-cut": _san(tlv(0x88, b"\x80")),
        "san-x400": _san(tlv(0xA3)),
        "san-edi-party": _san(tlv(0xA5, tlv(0xA1, tlv(0x0C, b"x")))),
    }
)
"""What loads, although RFC 5280 forbids it."""
