"""
Wire form → DER: one strict decoder per form a producer uses, never a guess.

Every decoder is exact: what it accepts is what encoding the result gives back, so that no two values on the wire
mean the same certificate and nothing rides along beside it. All run in linear time.
"""

from binascii import Error as Base64Error
from binascii import a2b_base64, b2a_base64
from collections.abc import Callable
from dataclasses import dataclass

from clientcert.errors import EncodingError, Reason, escape_peer_text

_BEGIN = b"-----BEGIN CERTIFICATE-----"
_END = b"-----END CERTIFICATE-----"
_PEM_LINE = 64  # characters (RFC 7468 §2)
_SHOWN = 27  # characters of a refused value that a log line may show: the marker, nothing of what follows it

# What nginx leaves unescaped (ngx_escape_uri, NGX_ESCAPE_URI_COMPONENT), and the sign of an escape.
_ESCAPED_ALPHABET = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~%"

# The bytes of a PEM block that nginx escapes, in the only spelling it uses. None of the right sides is a hex digit
# or a percent sign, so replacing one after the other cannot make a new escape.
_PEM_ESCAPES = ((b"%0A", b"\n"), (b"%2B", b"+"), (b"%2F", b"/"), (b"%3D", b"="), (b"%20", b" "))


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateEncoding:
    """
    One wire form of one certificate.

    Attributes:
        name: As the configuration names it.
        decode: Header value without surrounding SP and HTAB → DER; raises `EncodingError`.
        controls: Control bytes that the form itself contains; any other one makes the header malformed.
    """

    name: str
    decode: Callable[[bytes], bytes]
    controls: bytes = b""


def encode_pem(der: bytes) -> bytes:
    """The canonical PEM block of a certificate (RFC 7468 §5), with its final line feed."""
    text = b2a_base64(der, newline=False)
    lines = [text[start : start + _PEM_LINE] for start in range(0, len(text), _PEM_LINE)]
    return b"\n".join([_BEGIN, *lines, _END, b""])


def decode_pem(pem: bytes) -> bytes:
    """
    Turn exactly one PEM block into DER.

    Args:
        pem: The canonical block (RFC 7468 §5: 64 characters a line), the final line feed optional.

    Returns:
        The bytes between the markers; whether they are a certificate is for `parse_certificate`.

    Raises:
        EncodingError: PRIVATE_KEY_SENT when a private key is in it; ENCODING_MALFORMED for anything that is not one
            certificate block and nothing else.
    """
    _refuse_private_key(pem)
    if not pem.startswith(_BEGIN + b"\n"):
        raise _malformed("starts with the line -----BEGIN CERTIFICATE-----", pem)
    end = pem.find(_END)
    try:
        der = a2b_base64(pem[len(_BEGIN) : end])
    except Base64Error:
        raise _malformed("base64 between the markers", pem) from None
    canonical = encode_pem(der)
    if pem != canonical and pem != canonical[:-1]:
        raise _malformed("one certificate block and nothing else, 64 characters a line", pem)
    return der


def decode_escaped_pem(value: bytes) -> bytes:
    """
    Turn the percent-escaped PEM of nginx's ``$ssl_client_escaped_cert`` into DER.

    Args:
        value: Header value; ``A-Z a-z 0-9 - . _ ~`` plain, everything else as ``%`` and two upper-case hex digits.

    Returns:
        DER of the leaf; nginx forwards no other certificate.

    Raises:
        EncodingError: ENCODING_MALFORMED for any other spelling (a raw ``+``, lower-case hex, a second layer of
            escapes), and as `decode_pem`.

    Not checked here: trust, dates, purpose. See `verification`.
    """
    _refuse_private_key(value)
    if value.translate(None, _ESCAPED_ALPHABET):
        raise _malformed("percent-escaped PEM (A-Z a-z 0-9 - . _ ~ and %XX)", value)
    pem = value
    for escape, byte in _PEM_ESCAPES:
        pem = pem.replace(escape, byte)
    if b"%" in pem:
        raise _malformed("the escapes %0A %20 %2B %2F %3D and no others", value)
    return decode_pem(pem)


def encode_escaped_pem(der: bytes) -> bytes:
    """The exact header value that nginx sends for a certificate as ``$ssl_client_escaped_cert``."""
    pem = encode_pem(der)
    for escape, byte in _PEM_ESCAPES:
        pem = pem.replace(byte, escape)
    return pem


def decode_folded_pem(value: bytes) -> bytes:
    """
    Turn the folded PEM of nginx's deprecated ``$ssl_client_cert`` into DER.

    Args:
        value: A PEM block whose line feeds are followed by a tab (obs-fold, RFC 9112 §5.2), or have become single
            spaces in the app server.

    Returns:
        DER of the leaf.

    Raises:
        EncodingError: ENCODING_MALFORMED for bare line feeds and anything else, and as `decode_pem`.
    """
    _refuse_private_key(value)
    pem = value.replace(b"\r\n\t", b"\n\t")
    if pem.count(b"\n") != pem.count(b"\n\t"):
        raise _malformed("folded PEM: every line feed followed by a tab", value)
    body = pem.removeprefix(_BEGIN).removesuffix(_END)
    if len(body) != len(pem) - len(_BEGIN) - len(_END):
        raise _malformed("folded PEM between its two markers", value)
    unfolded = body.replace(b"\n\t", b"\n").replace(b" ", b"\n").replace(b"\t", b"\n")
    return decode_pem(_BEGIN + unfolded + _END)


def _refuse_private_key(value: bytes) -> None:
    if b"PRIVATE KEY" in value or b"PRIVATE%20KEY" in value:
        raise EncodingError(Reason.PRIVATE_KEY_SENT, "a private key was sent in place of a certificate")


def _malformed(wanted: str, got: bytes) -> EncodingError:
    return EncodingError(
        Reason.ENCODING_MALFORMED,
        f"certificate header is not in its wire form: got {escape_peer_text(got, limit=_SHOWN)!r}, wanted {wanted}",
    )


ESCAPED_PEM = CertificateEncoding(name="escaped-pem", decode=decode_escaped_pem)
FOLDED_PEM = CertificateEncoding(name="folded-pem", decode=decode_folded_pem, controls=b"\r\n\t")
