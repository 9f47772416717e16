"""General names (RFC 5280 §4.2.1.6) from short texts, as the openssl configuration file writes them."""

from collections.abc import Callable, Iterable
from ipaddress import ip_address, ip_network
from typing import TypeAlias

from cryptography import x509

from clientcert.testing.asn1 import tlv

GeneralNameLike: TypeAlias = str | x509.GeneralName
"""A ``cryptography`` general name, or ``"<kind>:<value>"`` with one of the kinds of `KINDS`."""

USER_PRINCIPAL_NAME = x509.ObjectIdentifier("1.3.6.1.4.1.311.20.2.3")


def _ip(text: str) -> x509.IPAddress:
    return x509.IPAddress(ip_network(text) if "/" in text else ip_address(text))


def _user_principal_name(text: str) -> x509.OtherName:
    return x509.OtherName(USER_PRINCIPAL_NAME, tlv(0x0C, text.encode("utf-8")))


KINDS: dict[str, Callable[[str], x509.GeneralName]] = {
    "DNS": x509.DNSName,
    "IP": _ip,
    "email": x509.RFC822Name,
    "URI": x509.UniformResourceIdentifier,
    "UPN": _user_principal_name,
    "RID": lambda text: x509.RegisteredID(x509.ObjectIdentifier(text)),
}


def general_name(name: GeneralNameLike) -> x509.GeneralName:
    """
    Read one general name.

    ``"DNS:a.example"``, ``"IP:10.0.0.1"`` (a network in name constraints), ``"email:a@b.example"``,
    ``"URI:spiffe://td/path"``, ``"UPN:a@corp.example"`` (an otherName), ``"RID:1.2.3"``. Directory
    names and other forms are given as ``cryptography`` objects.

    Raises:
        ValueError: An unknown kind, or a value that the kind cannot hold.
    """
    if not isinstance(name, str):
        return name
    kind, separator, value = name.partition(":")
    if not separator or kind not in KINDS:
        raise ValueError(f"unknown general name {name!r}: wanted <kind>:<value> with a kind of {', '.join(KINDS)}")
    return KINDS[kind](value)


def general_names(names: Iterable[GeneralNameLike]) -> list[x509.GeneralName]:
    """Read several general names, in order."""
    return [general_name(name) for name in names]
