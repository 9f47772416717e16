"""
The two fields of RFC 9440 in the grammar of structured fields (RFC 9651, which replaces RFC 8941).

A Byte Sequence is base64 between colons (§3.3.5). The leaf's field is an Item, the chain's a List of Items (§3.1);
parameters are allowed by that grammar, have no meaning here and are refused.
"""

from clientcert.core.encodings.base import CertificateEncoding, Chain, malformed, single
from clientcert.core.encodings.base64_der import decode_base64_der, encode_base64_der
from clientcert.errors import EncodingError

_COLON = b":"
_SHORTEST = 3  # two colons and something between them


def decode_byte_sequence(value: bytes) -> bytes:
    """
    Turn one Byte Sequence into octets (RFC 9651 §4.2.7).

    Args:
        value: ``:base64:``, nothing before, between or behind.

    Raises:
        EncodingError: ENCODING_MALFORMED for missing colons, parameters, several items, white space, or base64 that
            is not canonical, which RFC 9651 §4.2.7 lets a parser refuse.
    """
    if len(value) < _SHORTEST or not (value.startswith(_COLON) and value.endswith(_COLON)):
        raise malformed("one Byte Sequence, base64 between two colons (RFC 9651 §3.3.5)", value)
    try:
        return decode_base64_der(value[1:-1])
    except EncodingError:
        raise malformed("one Byte Sequence without parameters, canonical base64 (RFC 9651 §3.3.5)", value) from None


def encode_byte_sequence(octets: bytes) -> bytes:
    """One Byte Sequence (RFC 9651 §4.1.8)."""
    return _COLON + encode_base64_der(octets) + _COLON


def decode_byte_sequence_list(value: bytes) -> Chain:
    """
    Turn a List of Byte Sequences into octets (RFC 9651 §4.2.1), in their order.

    Args:
        value: Items separated by a comma with spaces around it or none.

    Raises:
        EncodingError: ENCODING_MALFORMED as `decode_byte_sequence`, and for an item missing between commas.

    A field that spans several lines arrives as one value only where somebody has joined them; lines are refused as
    duplicates.
    """
    return tuple(decode_byte_sequence(item.strip(b" ")) for item in value.split(b","))


def encode_byte_sequence_list(chain: Chain) -> bytes:
    """A List of Byte Sequences (RFC 9651 §4.1.1)."""
    return b", ".join(map(encode_byte_sequence, chain))


RFC9440 = single("rfc9440", decode_byte_sequence, encode_byte_sequence)
RFC9440_LIST = CertificateEncoding(
    name="rfc9440-list", decode=decode_byte_sequence_list, encode=encode_byte_sequence_list, carries_chain=True
)
