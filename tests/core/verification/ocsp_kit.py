"""OCSP responses written by hand: with any part a test wants, and with dates of its own clock."""

from datetime import datetime
from hashlib import new
from typing import Any, Literal

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from clientcert.core.der import read_tlv
from clientcert.testing import CertificateAuthority, IssuedCertificate
from clientcert.testing.asn1 import enumerated, explicit, integer, null, object_identifier, octet_string, sequence, tlv
from clientcert.testing.keys import PrivateKey
from clientcert.testing.signing import SignatureHash, signed
from tests.core.verification.kit import NOW
from tests.core.verification.revocation_kit import HOUR, ROOT

BASIC = "1.3.6.1.5.5.7.48.1.1"
_HASH_OIDS = {"sha1": "1.3.14.3.2.26", "sha256": "2.16.840.1.101.3.4.2.1"}
RESPONDER = ROOT.issue("responder", extended_key_usage=["OCSPSigning"], san=None)

Status = Literal["good", "revoked", "unknown"]


def single(  # noqa: PLR0913 - one for each part
    serial: int = 0x1001,
    *,
    issuer: CertificateAuthority = ROOT,
    status: Status = "good",
    reason: int | None = None,
    this_update: datetime = NOW - HOUR,
    next_update: datetime | None = NOW + HOUR,
    hash_: str = "sha1",
    extensions: bytes = b"",
) -> bytes:
    """What a response says of one certificate."""
    name_hash, key_hash = new(hash_, issuer.subject).digest(), new(hash_, _key_bits(issuer.issued.key)).digest()
    algorithm = sequence(object_identifier(_HASH_OIDS[hash_]), null())
    identifier = sequence(algorithm, octet_string(name_hash), octet_string(key_hash), integer(serial))
    why = b"" if reason is None else explicit(0, enumerated(reason))
    return sequence(
        identifier,
        {"good": b"\x80\x00", "revoked": explicit(1, _time(NOW - 2 * HOUR), why), "unknown": b"\x82\x00"}[status],
        _time(this_update),
        b"" if next_update is None else explicit(0, _time(next_update)),
        explicit(1, sequence(extensions)) if extensions else b"",
    )


def message(  # noqa: PLR0913 - one for each part
    *singles: bytes,
    signer: IssuedCertificate = ROOT.issued,
    by_key: bool = True,
    send: tuple[bytes, ...] = (),
    key: PrivateKey | None = None,
    signature_hash: SignatureHash = "sha256",
    padding: Literal["pkcs1", "pss"] = "pkcs1",
    produced_at: datetime = NOW - HOUR,
    version: bytes = b"",
    extensions: bytes = b"",
    kind: str = BASIC,
    corrupt: bool = False,
) -> bytes:
    """A successful response of these parts; unless told otherwise by the root's key, and sending no certificates."""
    more = explicit(1, sequence(extensions)) if extensions else b""
    name = tlv(0xA1, signer.certificate.subject.public_bytes())
    responder = explicit(2, octet_string(new("sha1", _key_bits(signer.key)).digest())) if by_key else name  # noqa: S324 - RFC 6960
    tbs = sequence(version, responder, _time(produced_at), sequence(*singles), more)
    whole = signed(tbs, key or signer.key, signature_hash=signature_hash, signature_padding=padding, corrupt=corrupt)
    basic = sequence(whole[read_tlv(whole, 0).start :], explicit(0, sequence(*send)) if send else b"")
    return sequence(enumerated(0), explicit(0, sequence(object_identifier(kind), octet_string(basic))))


def respond(
    serial: int = 0x1001, *, signer: IssuedCertificate = ROOT.issued, by_key: bool = True, **knobs: Any
) -> bytes:
    """By the root, or by a delegate who sends its certificate; the knobs are those of `single`."""
    send = () if signer is ROOT.issued else (signer.der,)
    return message(single(serial, **knobs), signer=signer, by_key=by_key, send=send)


def refusal(status: int) -> bytes:
    """A response that says that there is none."""
    return sequence(enumerated(status))


def _key_bits(key: PrivateKey) -> bytes:
    spki = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    algorithm = read_tlv(spki, read_tlv(spki, 0).start)
    return spki[read_tlv(spki, algorithm.end).start + 1 :]


def _time(moment: datetime) -> bytes:
    return tlv(0x18, moment.strftime("%Y%m%d%H%M%SZ").encode("ascii"))
