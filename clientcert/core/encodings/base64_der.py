"""DER in base64 (RFC 4648 §4) on one line: one certificate, several joined by commas, several as one octet string."""

from binascii import Error as Base64Error
from binascii import a2b_base64, b2a_base64

from clientcert.core.der import SEQUENCE, read_elements
from clientcert.core.encodings.base import CertificateEncoding, Chain, malformed, single

# net/url's QueryEscape, as Traefik used it up to 2.9; the rest of the alphabet needs no escape.
_TRAEFIK_ESCAPES = ((b"%2B", b"+"), (b"%2F", b"/"), (b"%3D", b"="))


def decode_base64_der(value: bytes) -> bytes:
    """
    Turn base64 into octets.

    Args:
        value: Standard alphabet with its padding, nothing else: no white space, no line feed.

    Raises:
        EncodingError: ENCODING_MALFORMED, padding bits that are not zero included (RFC 4648 §3.5).
    """
    try:
        der = a2b_base64(value, strict_mode=True)
    except Base64Error:
        raise malformed("base64", value) from None
    if not value or b2a_base64(der, newline=False) != value:
        raise malformed("canonical base64 (RFC 4648 §3.5)", value)
    return der


def encode_base64_der(der: bytes) -> bytes:
    """Base64 on one line, padded."""
    return b2a_base64(der, newline=False)


def decode_base64_der_list(value: bytes) -> Chain:
    """Turn Traefik's ``X-Forwarded-Tls-Client-Cert`` into DER, leaf first: base64 joined by commas, no space."""
    return tuple(map(decode_base64_der, value.split(b",")))


def encode_base64_der_list(chain: Chain) -> bytes:
    """The value that Traefik 3 writes."""
    return b",".join(map(encode_base64_der, chain))


def decode_escaped_base64_der_list(value: bytes) -> Chain:
    """As `decode_base64_der_list` for what Traefik 2 wrote up to 2.9: ``+ / =`` percent-escaped, commas raw."""
    text = value
    for escape, byte in _TRAEFIK_ESCAPES:
        if byte in value:
            raise malformed("the escapes %2B %2F %3D for + / =", value)
        text = text.replace(escape, byte)
    return decode_base64_der_list(text)


def encode_escaped_base64_der_list(chain: Chain) -> bytes:
    """The value that Traefik 2 wrote up to 2.9."""
    text = encode_base64_der_list(chain)
    for escape, byte in _TRAEFIK_ESCAPES:
        text = text.replace(byte, escape)
    return text


def decode_base64_der_sequence(value: bytes) -> Chain:
    """
    Turn HAProxy's ``ssl_c_chain_der,base64`` into DER: certificates one behind the other, the leaf not among them.

    Raises:
        EncodingError: ENCODING_MALFORMED when it is not canonical base64, or what is in it not one DER SEQUENCE
            behind the other up to the end.
    """
    octets = decode_base64_der(value)
    found = []
    try:
        for start, tlv in read_elements(octets, 0, len(octets)):
            if tlv.tag != SEQUENCE:
                raise malformed("DER certificates one behind the other", value)
            found.append(octets[start : tlv.end])
    except ValueError:
        raise malformed("DER certificates one behind the other", value) from None
    return tuple(found)


def encode_base64_der_sequence(chain: Chain) -> bytes:
    """The value of ``ssl_c_chain_der,base64``."""
    return encode_base64_der(b"".join(chain))


BASE64_DER = single("base64-der", decode_base64_der, encode_base64_der)
BASE64_DER_LIST = CertificateEncoding(
    name="base64-der-list", decode=decode_base64_der_list, encode=encode_base64_der_list, carries_chain=True
)
ESCAPED_BASE64_DER_LIST = CertificateEncoding(
    name="escaped-base64-der-list",
    decode=decode_escaped_base64_der_list,
    encode=encode_escaped_base64_der_list,
    carries_chain=True,
)
BASE64_DER_SEQUENCE = CertificateEncoding(
    name="base64-der-sequence", decode=decode_base64_der_sequence, encode=encode_base64_der_sequence, carries_chain=True
)
