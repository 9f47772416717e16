"""Addresses as app servers report them and as forwarding headers spell them."""

from ipaddress import IPv4Address, IPv6Address, ip_address

from clientcert.core.headers import FORWARDED_HEADERS, SelectedHeaders

Address = IPv4Address | IPv6Address

_MAPPED = "::ffff:"
# What stands around an address in X-Forwarded-For and Forwarded (RFC 7239 §4, §6).
_SEPARATORS = str.maketrans(dict.fromkeys(',;="[]', " "))


def parse_address(text: str) -> Address | None:
    """One IP address, mapped ones (``::ffff:10.0.0.1``) as IPv4; None for anything else and for zone ids."""
    if "%" in text:
        return None
    try:
        address = ip_address(text)
    except ValueError:
        return None
    return address.ipv4_mapped or address if isinstance(address, IPv6Address) else address


def spelling(peer: str) -> bytes:
    """An address as it would be found in a lower-case header, without the prefix of mapped ones."""
    return peer.lower().removeprefix(_MAPPED).encode("utf-8", "surrogatepass")


def mentions(value: bytes | str, address: bytes) -> bool:
    """True when a forwarding header may name an address: part of another one counts, and so does any escape."""
    text = value.encode("utf-8", "surrogatepass") if isinstance(value, str) else value
    return b"\\" in text or address in text.lower()


def is_claimed(peer: str, headers: SelectedHeaders) -> bool:
    """True when a forwarding header names the peer's address, with or without a port."""
    # Who rewrites an address copies its text, so texts are compared: parsing 64 kB of addresses takes 120 ms.
    needle = spelling(peer)
    text = needle.decode("utf-8", "surrogatepass")
    for name, received in headers.context:
        # A quoted-pair (RFC 9110 §5.6.4) would hide a digit from us that a server's parser brings back.
        value = received.replace(b"\\", b"")
        if name in FORWARDED_HEADERS and needle in value.lower():
            for word in value.lower().decode("latin-1").translate(_SEPARATORS).split():
                if text in word and text in _addresses_in(word):
                    return True
    return False


def _addresses_in(word: str) -> tuple[str, str]:
    """A word as an address alone, and as an address before a port."""
    return word.removeprefix(_MAPPED), word.rpartition(":")[0].removeprefix(_MAPPED)
