"""What a server without a bridge of ours says about the TLS peer of one request."""

import base64
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice

# OpenSSL accepts about 100 kB of certificates in a handshake; deeper paths than this are refused anyway.
MAX_SENT_INTERMEDIATES = 10

_BEGIN = "-----BEGIN CERTIFICATE-----"
_END = "-----END CERTIFICATE-----"
_BEGIN_BYTES = _BEGIN.encode("ascii")


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsEvidence:
    """
    The TLS part of a request's facts.

    Attributes:
        chain: DER certificates, leaf first; empty when the client presented none; ``None`` when this server does
            not say, which is not the same thing.
        error: What the TLS layer said against the certificate, where it let the client through all the same.
        asked: False where the TLS layer is known not to ask for a certificate.
        note: One sentence for the operator.
    """

    chain: tuple[bytes, ...] | None = None
    error: str | None = None
    asked: bool = True
    note: str | None = None


NOT_READ = TlsEvidence()
"""For a source that does not look at the connection."""


def der_of(certificate: object) -> bytes:
    """
    Read one certificate in any form that servers use: DER, or PEM as text or bytes.

    Raises:
        ValueError: Neither bytes nor exactly one PEM block (RFC 7468 §5).

    Not checked here: that the DER is a certificate.
    """
    if isinstance(certificate, bytes) and not certificate.lstrip().startswith(_BEGIN_BYTES):
        return certificate
    text = certificate.decode("ascii") if isinstance(certificate, bytes) else certificate
    if not isinstance(text, str):
        raise ValueError(f"a certificate as {type(certificate).__name__}, wanted PEM or DER")  # noqa: TRY004
    block = text.strip()
    if not (block.startswith(_BEGIN) and block.endswith(_END)) or block.count("-----BEGIN") != 1:
        raise ValueError("not exactly one PEM certificate")
    body = block.removeprefix(_BEGIN).removesuffix(_END)
    return base64.b64decode("".join(body.split()), validate=True)


def chain_of(certificates: Iterable[object]) -> tuple[bytes, ...]:
    """
    Read a leaf and what was sent with it.

    Raises:
        ValueError: The leaf cannot be read. What follows it is only a hint, and left out when it cannot.
    """
    first, *others = islice(certificates, MAX_SENT_INTERMEDIATES + 1)
    leaf = der_of(first)
    sent = (der for der in map(_der_or_none, others) if der is not None and der != leaf)
    return (leaf, *sent)


def _der_or_none(certificate: object) -> bytes | None:
    try:
        return der_of(certificate)
    except ValueError:
        return None
