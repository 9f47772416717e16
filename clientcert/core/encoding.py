"""Wire form → DER: every form by name; see `clientcert.core.encodings`."""

from types import MappingProxyType

from clientcert.core.encodings.base import CertificateEncoding
from clientcert.core.encodings.base64_der import (
    BASE64_DER,
    BASE64_DER_LIST,
    BASE64_DER_SEQUENCE,
    ESCAPED_BASE64_DER_LIST,
)
from clientcert.core.encodings.pem import (
    APACHE_ESCAPED_PEM,
    AWS_ESCAPED_PEM,
    BASE64_PEM,
    ESCAPED_PEM,
    FOLDED_PEM,
    SPACED_PEM,
    decode_escaped_pem,
    decode_folded_pem,
    decode_pem,
    encode_escaped_pem,
    encode_folded_pem,
    encode_pem,
)
from clientcert.core.encodings.rfc9440 import RFC9440, RFC9440_LIST
from clientcert.core.encodings.xfcc import XFCC, XFCC_JSON
from clientcert.errors import ConfigurationError

__all__ = [
    "APACHE_ESCAPED_PEM",
    "AWS_ESCAPED_PEM",
    "BASE64_DER",
    "BASE64_DER_LIST",
    "BASE64_DER_SEQUENCE",
    "BASE64_PEM",
    "ENCODINGS",
    "ESCAPED_BASE64_DER_LIST",
    "ESCAPED_PEM",
    "FOLDED_PEM",
    "RFC9440",
    "RFC9440_LIST",
    "SPACED_PEM",
    "XFCC",
    "XFCC_JSON",
    "CertificateEncoding",
    "decode_escaped_pem",
    "decode_folded_pem",
    "decode_pem",
    "encode_escaped_pem",
    "encode_folded_pem",
    "encode_pem",
    "encoding_named",
]

ENCODINGS: MappingProxyType[str, CertificateEncoding] = MappingProxyType(
    {
        encoding.name: encoding
        for encoding in (
            ESCAPED_PEM,
            FOLDED_PEM,
            SPACED_PEM,
            BASE64_PEM,
            APACHE_ESCAPED_PEM,
            AWS_ESCAPED_PEM,
            BASE64_DER,
            BASE64_DER_LIST,
            ESCAPED_BASE64_DER_LIST,
            BASE64_DER_SEQUENCE,
            RFC9440,
            RFC9440_LIST,
            XFCC,
            XFCC_JSON,
        )
    }
)
"""Name → wire form."""


def encoding_named(name: str, *, among: tuple[CertificateEncoding, ...] = ()) -> CertificateEncoding:
    """
    The wire form of that name.

    Args:
        name: As in `ENCODINGS`.
        among: The forms that make sense where it is asked for; all of them unless given.

    Raises:
        ConfigurationError: No such form there; the text lists the legal names.
    """
    legal = {encoding.name: encoding for encoding in among} or ENCODINGS
    if name not in legal:
        raise ConfigurationError(f"unknown encoding {name!r}, wanted one of: {', '.join(legal)}")
    return legal[name]
