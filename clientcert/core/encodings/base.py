"""What a wire form is, and the refusals that all of them share."""

from collections.abc import Callable
from dataclasses import dataclass

from clientcert.errors import EncodingError, Reason, escape_peer_text

Chain = tuple[bytes, ...]
"""DER of certificates in the order of the wire; the leaf first where the form carries one."""

_SHOWN = 27  # characters of a refused value that a log line may show: a PEM marker, nothing of what follows it


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateEncoding:
    """
    One wire form of certificates.

    Attributes:
        name: As the configuration names it.
        decode: Header value without surrounding SP and HTAB → DER of one certificate or more; raises
            `EncodingError`, XFCC also `EvidenceError`.
        encode: The inverse: what the producer writes for these certificates.
        controls: Control bytes that the form itself contains; any other one makes the header malformed.
        carries_chain: More than one certificate may come; decides which limit of `Limits` holds.
    """

    name: str
    decode: Callable[[bytes], Chain]
    encode: Callable[[Chain], bytes]
    controls: bytes = b""
    carries_chain: bool = False


@dataclass(frozen=True, slots=True)
class _DecodeOne:
    decode: Callable[[bytes], bytes]

    def __call__(self, value: bytes) -> Chain:
        return (self.decode(value),)


@dataclass(frozen=True, slots=True)
class _EncodeOne:
    encode: Callable[[bytes], bytes]

    def __call__(self, chain: Chain) -> bytes:
        (der,) = chain
        return self.encode(der)


def single(
    name: str, decode: Callable[[bytes], bytes], encode: Callable[[bytes], bytes], *, controls: bytes = b""
) -> CertificateEncoding:
    """Declare a form that carries exactly one certificate."""
    return CertificateEncoding(name=name, decode=_DecodeOne(decode), encode=_EncodeOne(encode), controls=controls)


def malformed(wanted: str, got: bytes) -> EncodingError:
    """Make the refusal of a value that is not in its wire form; shows a marker's length of it at most."""
    return EncodingError(
        Reason.ENCODING_MALFORMED,
        f"certificate header is not in its wire form: got {escape_peer_text(got, limit=_SHOWN)!r}, wanted {wanted}",
    )


def refuse_private_key(value: bytes) -> None:
    """
    Refuse PEM text, escaped or not, that holds a private key.

    Raises:
        EncodingError: PRIVATE_KEY_SENT; nothing of the value is shown.
    """
    if b"PRIVATE KEY" in value or b"PRIVATE%20KEY" in value:
        raise EncodingError(Reason.PRIVATE_KEY_SENT, "a private key was sent in place of a certificate")
