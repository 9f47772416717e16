"""From the content of a file to encoded revocation lists: all of them, or a refusal that says why."""

import binascii
import re
from collections.abc import Sequence

from clientcert.core.verification.bundle import ends_in_marker
from clientcert.errors import ConfigurationError

_BEGIN, _END = b"-----BEGIN ", b"-----END "
# Possessive: what is not a block is refused in one pass.
_BLOCK = re.compile(
    rb"-----BEGIN ([A-Z0-9 ]+)-----[ \t]*+\r?\n([A-Za-z0-9+/\s]*+={0,2}+)\s*+-----END \1-----[ \t]*+(?:\r?\n|\Z)"
)
_LABEL = b"X509 CRL"
_DER_SEQUENCE = b"\x30"


def split_crls(octets: bytes, origin: str) -> Sequence[bytes]:
    """
    Find the lists in the content of one file.

    Args:
        octets: PEM blocks ``X509 CRL`` with any text between them, or the DER of one list.
        origin: What to call the file in an error.

    Returns:
        DER of each list, in order; at least one.

    Raises:
        ConfigurationError: Empty; neither PEM nor DER; a block that is cut off or not a revocation list; a private key.

    Not checked here: that the DER is a list.
    """
    if not octets.strip():
        raise ConfigurationError(f"crl: {origin} is empty")
    if _BEGIN not in octets:
        if octets.startswith(_DER_SEQUENCE):
            return (octets,)
        raise ConfigurationError(f"crl: {origin} holds neither PEM nor DER revocation lists")
    if b"PRIVATE KEY" in octets:
        raise ConfigurationError(f"crl: {origin} holds a private key: keep keys out of it")
    blocks = list(_BLOCK.finditer(octets))
    begins, ends = octets.count(_BEGIN), octets.count(_END)
    if not begins == ends == len(blocks) or ends_in_marker(octets):
        raise ConfigurationError(
            f"crl: {origin} is damaged: {begins} BEGIN lines, {ends} END lines, {len(blocks)} whole blocks "
            "(a file cut off while it is written looks like this)"
        )
    labels = {octets[block.start(1) : block.end(1)] for block in blocks}
    if labels != {_LABEL}:
        label = min(labels - {_LABEL}).decode()
        raise ConfigurationError(f"crl: {origin} holds a block {label!r}, wanted X509 CRL only")
    # Slices of a view: a list of a million entries is 55 MB of PEM, and is not copied once more.
    view = memoryview(octets)
    return [_decode(view[block.start(2) : block.end(2)], origin) for block in blocks]


def _decode(text: memoryview, origin: str) -> bytes:
    try:
        return binascii.a2b_base64(text)
    except binascii.Error as exc:
        raise ConfigurationError(f"crl: {origin} is damaged: {exc}") from exc
