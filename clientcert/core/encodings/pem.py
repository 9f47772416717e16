"""
PEM blocks (RFC 7468) in a header value: percent-escaped, folded, with spaces for line feeds, or in base64 once more.

A block is canonical (64 characters a line) or refused, and each producer's way of escaping has exactly one spelling
here. A plus sign is base64, never a space.
"""

from binascii import Error as Base64Error
from binascii import a2b_base64, b2a_base64
from dataclasses import dataclass

from clientcert.core.encodings.base import CertificateEncoding, Chain, malformed, refuse_private_key, single

_BEGIN = b"-----BEGIN CERTIFICATE-----"
_END = b"-----END CERTIFICATE-----"
_PEM_LINE = 64  # characters (RFC 7468 §2)

_ALPHANUMERIC = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
_UNRESERVED = _ALPHANUMERIC + b"-._~"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Escaping:
    """
    One producer's percent-encoding of PEM text.

    Attributes:
        plain: Bytes that stay as they are.
        escapes: Escape → byte, for every byte of a PEM block that is not plain, in the one spelling that the producer
            uses. No byte is a hex digit or a percent sign, so replacing one after the other makes no new escape.
        wanted: The form in words.
    """

    plain: bytes
    escapes: tuple[tuple[bytes, bytes], ...]
    wanted: str

    def decode(self, value: bytes) -> bytes:
        """Unescape exactly once, or refuse."""
        refuse_private_key(value)
        if value.translate(None, self.plain + b"%"):
            raise malformed(f"percent-escaped PEM ({self.wanted})", value)
        text = value
        for escape, byte in self.escapes:
            text = text.replace(escape, byte)
        if b"%" in text:
            spellings = b" ".join(escape for escape, _ in self.escapes).decode("ascii")
            raise malformed(f"the escapes {spellings} and no others", value)
        return text

    def encode(self, text: bytes) -> bytes:
        """Escape PEM text as the producer does."""
        for escape, byte in self.escapes:
            text = text.replace(byte, escape)
        return text


# ngx_escape_uri(NGX_ESCAPE_URI_COMPONENT), and what Envoy, Traefik's ingress provider and Kong do.
_NGINX = _Escaping(
    plain=_UNRESERVED,
    escapes=((b"%0A", b"\n"), (b"%2B", b"+"), (b"%2F", b"/"), (b"%3D", b"="), (b"%20", b" ")),
    wanted="A-Z a-z 0-9 - . _ ~ and %XX",
)
# The `escape` function of Apache's expressions: lower-case hexadecimal, base64 as it is.
_APACHE = _Escaping(
    plain=_UNRESERVED + b"+/=", escapes=((b"%0a", b"\n"), (b"%20", b" ")), wanted="base64 plain, %20 and %0a"
)
# An Application Load Balancer: "URL-encoded PEM format, with +=/ as safe characters".
_AWS = _Escaping(
    plain=_UNRESERVED + b"+/=", escapes=((b"%0A", b"\n"), (b"%20", b" ")), wanted="base64 plain, %20 and %0A"
)


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
    refuse_private_key(pem)
    if not pem.startswith(_BEGIN + b"\n"):
        raise malformed("starts with the line -----BEGIN CERTIFICATE-----", pem)
    end = pem.find(_END)
    try:
        der = a2b_base64(pem[len(_BEGIN) : end])
    except Base64Error:
        raise malformed("base64 between the markers", pem) from None
    canonical = encode_pem(der)
    if pem != canonical and pem != canonical[:-1]:
        raise malformed("one certificate block and nothing else, 64 characters a line", pem)
    return der


def encode_pem_chain(chain: Chain) -> bytes:
    """Canonical PEM blocks one behind the other, as producers write a chain."""
    return b"".join(map(encode_pem, chain))


def decode_pem_chain(pem: bytes) -> Chain:
    """
    Turn canonical PEM blocks, one behind the other, into DER.

    Raises:
        EncodingError: As `decode_pem`, for any of them and for anything between or behind them.
    """
    blocks = pem.removesuffix(b"\n").split(_END + b"\n")
    # Every block but the last has lost its end marker to the split.
    *complete, last = blocks
    return (*(decode_pem(block + _END) for block in complete), decode_pem(last))


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
    return decode_pem(_NGINX.decode(value))


def encode_escaped_pem(der: bytes) -> bytes:
    """The exact header value that nginx sends for a certificate as ``$ssl_client_escaped_cert``."""
    return _NGINX.encode(encode_pem(der))


def decode_escaped_pem_chain(value: bytes) -> Chain:
    """As `decode_escaped_pem` for one block or more: ``Chain`` in the XFCC of Envoy."""
    return decode_pem_chain(_NGINX.decode(value))


def encode_escaped_pem_chain(chain: Chain) -> bytes:
    """The value of ``Chain`` that Envoy writes, without its quotes."""
    return _NGINX.encode(encode_pem_chain(chain))


def decode_apache_escaped_pem(value: bytes) -> bytes:
    """Turn Apache's ``%{escape:%{SSL_CLIENT_CERT}}`` into DER; refuses as `decode_escaped_pem` does."""
    return decode_pem(_APACHE.decode(value))


def encode_apache_escaped_pem(der: bytes) -> bytes:
    """The value of Apache's ``%{escape:%{SSL_CLIENT_CERT}}``."""
    return _APACHE.encode(encode_pem(der))


def decode_aws_escaped_pem(value: bytes) -> Chain:
    """Turn a load balancer's ``X-Amzn-Mtls-Clientcert`` into DER, leaf first; refuses as `decode_escaped_pem` does."""
    return decode_pem_chain(_AWS.decode(value))


def encode_aws_escaped_pem(chain: Chain) -> bytes:
    """The documented value of ``X-Amzn-Mtls-Clientcert`` and of ``…-Leaf``."""
    return _AWS.encode(encode_pem_chain(chain))


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
    refuse_private_key(value)
    pem = value.replace(b"\r\n\t", b"\n\t")
    if pem.count(b"\n") != pem.count(b"\n\t"):
        raise malformed("folded PEM: every line feed followed by a tab", value)
    return _decode_on_one_line(pem.replace(b"\n\t", b"\n").replace(b"\t", b"\n"), "folded PEM", value)


def encode_folded_pem(der: bytes) -> bytes:
    """The value that nginx writes for ``$ssl_client_cert``."""
    return encode_pem(der)[:-1].replace(b"\n", b"\n\t")


def decode_spaced_pem(value: bytes) -> bytes:
    """
    Turn Apache's ``%{SSL_CLIENT_CERT}s`` into DER.

    Args:
        value: A PEM block with a space in the place of each line feed; the last one has gone with the white space
            around the value.

    Raises:
        EncodingError: ENCODING_MALFORMED for anything else, real line feeds included; and as `decode_pem`.
    """
    refuse_private_key(value)
    if b"\n" in value:
        raise malformed("PEM with spaces for line feeds", value)
    return _decode_on_one_line(value, "PEM with spaces for line feeds", value)


def encode_spaced_pem(der: bytes) -> bytes:
    """The value of Apache's ``%{SSL_CLIENT_CERT}s``, without the space at its end."""
    return encode_pem(der)[:-1].replace(b"\n", b" ")


def _decode_on_one_line(text: bytes, wanted: str, value: bytes) -> bytes:
    """Turn the spaces between the markers back into line feeds; the markers hold a space each themselves."""
    body = text.removeprefix(_BEGIN).removesuffix(_END)
    if len(body) != len(text) - len(_BEGIN) - len(_END):
        raise malformed(f"{wanted} between its two markers", value)
    return decode_pem(_BEGIN + body.replace(b" ", b"\n") + _END)


def decode_base64_pem(value: bytes) -> bytes:
    """
    Turn Apache's ``%{base64:%{SSL_CLIENT_CERT}}`` into DER: base64 of PEM text.

    Raises:
        EncodingError: ENCODING_MALFORMED for anything but the canonical base64 of a block with its final line feed.
    """
    try:
        pem = a2b_base64(value, strict_mode=True)
    except Base64Error:
        raise malformed("base64 of PEM text", value) from None
    der = decode_pem(pem)
    if encode_base64_pem(der) != value:
        raise malformed("canonical base64 of PEM text with its final line feed", value)
    return der


def encode_base64_pem(der: bytes) -> bytes:
    """The value of Apache's ``%{base64:%{SSL_CLIENT_CERT}}``."""
    return b2a_base64(encode_pem(der), newline=False)


ESCAPED_PEM = single("escaped-pem", decode_escaped_pem, encode_escaped_pem)
FOLDED_PEM = single("folded-pem", decode_folded_pem, encode_folded_pem, controls=b"\r\n\t")
SPACED_PEM = single("spaced-pem", decode_spaced_pem, encode_spaced_pem)
BASE64_PEM = single("base64-pem", decode_base64_pem, encode_base64_pem)
APACHE_ESCAPED_PEM = single("apache-escaped-pem", decode_apache_escaped_pem, encode_apache_escaped_pem)
AWS_ESCAPED_PEM = CertificateEncoding(
    name="aws-escaped-pem", decode=decode_aws_escaped_pem, encode=encode_aws_escaped_pem, carries_chain=True
)
