"""
Who may speak for a client: proofs that the sender of a request is our proxy.

A certificate is public; anyone can copy one into a header. So a header source is believed only after every configured
proof has held. A proof says nothing about the client.
"""

import hmac
import warnings
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from itertools import product
from typing import Protocol, runtime_checkable

from clientcert.core.addresses import is_claimed, parse_address
from clientcert.core.facts import RequestFacts
from clientcert.core.headers import SelectedHeaders, header_name
from clientcert.errors import ConfigurationError, EvidenceError, Reason, escape_peer_text
from clientcert.errors import UnsafeConfigurationWarning as UnsafeConfigurationWarning  # noqa: PLC0414 - re-exported

Network = IPv4Network | IPv6Network

# A network wider than this, as the only proof, is more likely a mistake than a terminator's address range.
_WIDEST_PREFIX = {4: 16, 6: 48}
# Where IPv4 lies in IPv6 (RFC 4291 §2.5.5.2).
_MAPPED_PREFIX = 96
_MIN_SECRET_BYTES = 32

DEFAULT_SECRET_HEADER = "x-clientcert-proxy"  # noqa: S105 - a name; stripped in every configuration
# Peers are few; a remembered answer spares 2.7 µs of address parsing per request.
_MAX_REMEMBERED_PEERS = 1_024
_MAX_REMEMBERED_PEER_LENGTH = 64

_WAYS_OUT = (
    "the app server replaced the peer's address by one from a forwarding header; ways out:",
    "run it so that it does not: uvicorn --no-proxy-headers, no ProxyFix around this middleware",
    "prove the proxy otherwise: UnixSocket(), SharedSecret(...)",
    "take the address from the socket: uvicorn --http clientcert.servers.uvicorn:Auto",
)


@runtime_checkable
class ProxyProof(Protocol):
    """One way for a proxy to prove itself; every configured one must hold."""

    @property
    def name(self) -> str:
        """Kebab-case name, shown in `Evidence.proxy`."""

    @property
    def header(self) -> bytes | None:
        """Lower-case name of the header that carries the proof, if one does; guarded like the evidence."""

    def check(self, facts: RequestFacts, headers: SelectedHeaders, *, at: datetime) -> None:
        """Return when the sender is proven; raise `EvidenceError` (a MISSING reason) when it is not."""


class TrustedNetworks:
    """
    The peer's address lies in one of these networks.

    Args:
        networks: CIDR blocks or single addresses. IPv4-mapped IPv6 peers count as IPv4; an address with a zone id
            (``fe80::1%eth0``) only where it is listed literally.

    Raises:
        ConfigurationError: Nothing given, not a network (host names, ``*``), or everybody (``0.0.0.0/0``).

    Warns:
        UnsafeConfigurationWarning: A network wider than /16 (IPv4) or /48 (IPv6).

    Not checked here: that nobody else in the network can connect. See the threat model.
    """

    name = "trusted-networks"
    header: bytes | None = None

    def __init__(self, *networks: str) -> None:
        if not networks:
            raise ConfigurationError('trusted_proxies is empty: name the proxy\'s addresses, e.g. ["10.42.7.0/28"]')
        for text in networks:
            if not isinstance(text, str):
                raise ConfigurationError(f"trusted_proxies: {text!r} is no network as text, such as '10.42.7.0/28'")
        self._literal = frozenset(_zoned_address(text) for text in networks if "%" in text)
        self.networks = tuple(_network(text) for text in networks if "%" not in text)
        self._answers: dict[str, bool] = {}

    def __repr__(self) -> str:
        shown = [*map(str, self.networks), *sorted(self._literal)]
        return f"TrustedNetworks({', '.join(map(repr, shown))})"

    def check(self, facts: RequestFacts, headers: SelectedHeaders, *, at: datetime) -> None:  # noqa: ARG002 - protocol
        """See `ProxyProof.check`; refuses as PEER_ADDRESS_REWRITTEN what no socket can have reported."""
        peer = facts.peer
        if not facts.peer_is_socket:
            _refuse_rewritten(peer, facts.peer_port, headers)
        if not peer or not self.contains(peer):
            raise EvidenceError(
                Reason.PROXY_NOT_PROVEN,
                f"sender {escape_peer_text(peer or 'without an address')} is not in trusted_proxies {self!r}",
            )

    def contains(self, peer: str) -> bool:
        """True when the address text is in one of the networks; False for anything that is no IP address."""
        answer = self._answers.get(peer)
        if answer is None:
            answer = peer in self._literal or self._contains(peer)
            if len(self._answers) < _MAX_REMEMBERED_PEERS and len(peer) <= _MAX_REMEMBERED_PEER_LENGTH:
                self._answers[peer] = answer
        return answer

    def overlaps(self, other: "TrustedNetworks") -> bool:
        """True when one address could prove both."""
        pairs = product(self.networks, other.networks)
        return any(a.version == b.version and a.overlaps(b) for a, b in pairs)

    def _contains(self, peer: str) -> bool:
        address = parse_address(peer)
        return address is not None and any(address in network for network in self.networks)


class UnixSocket:
    """
    The request came over a unix socket, which file permissions protect.

    App servers say so as ``None`` (uvicorn, hypercorn, daphne), ``""`` (gunicorn, granian); waitress's
    ``"localhost"`` is not believed, a header could have put it there.
    """

    name = "unix-socket"
    header: bytes | None = None

    def __repr__(self) -> str:
        return "UnixSocket()"

    def check(self, facts: RequestFacts, headers: SelectedHeaders, *, at: datetime) -> None:  # noqa: ARG002 - protocol
        """See `ProxyProof.check`."""
        if facts.peer:
            raise EvidenceError(
                Reason.PROXY_NOT_PROVEN,
                f"sender {escape_peer_text(facts.peer)} did not come over the unix socket",
            )


@dataclass(frozen=True, slots=True)
class _Secret:
    value: bytes = field(repr=False)


class SharedSecret:
    """
    The proxy adds a header with a secret that only it and the app know.

    Args:
        secrets: One secret, or two while rotating; each at least 32 bytes, as text or bytes.
        header: Name of the header; it is removed from what the app sees.

    Raises:
        ConfigurationError: No secret, more than two, a short one, or bytes that no header can carry.

    Not checked here: secrecy of the hop. Pair it with TLS or a local socket (RFC 9440 §4).
    """

    name = "shared-secret"

    def __init__(self, *secrets: str | bytes, header: str = DEFAULT_SECRET_HEADER) -> None:
        if not 1 <= len(secrets) <= 2:  # noqa: PLR2004 - old and new, while rotating
            raise ConfigurationError(f"SharedSecret takes one secret, or two while rotating; got {len(secrets)}")
        self._secrets = tuple(_Secret(_secret_bytes(secret)) for secret in secrets)
        self.header: bytes | None = header_name(header)

    def __repr__(self) -> str:
        return "SharedSecret(***)"

    def check(self, facts: RequestFacts, headers: SelectedHeaders, *, at: datetime) -> None:  # noqa: ARG002 - protocol
        """See `ProxyProof.check`; constant time over all secrets, a duplicated header proves nothing."""
        name = self.header or b""
        given = headers.values.get(name, b"")
        # No short circuit: the time must not tell which of two secrets is nearly right.
        matches = [hmac.compare_digest(given, secret.value) for secret in self._secrets]
        if name in headers.duplicates or not any(matches):
            state = "missing" if not given else "duplicated" if name in headers.duplicates else "wrong"
            raise EvidenceError(
                Reason.PROXY_NOT_PROVEN, f"shared secret is {state}: header {name.decode('ascii')} must carry it"
            )


class AnyPeer:
    """
    Nobody has to prove anything: whoever reaches the port is believed. Only for a port that nobody else can reach.

    Warns:
        UnsafeConfigurationWarning: Always.
    """

    name = "any-peer"
    header: bytes | None = None

    def __init__(self) -> None:
        warnings.warn(
            "AnyPeer() believes certificate headers from whoever reaches the port; "
            "name the proxy instead: trusted_proxies=[...], UnixSocket() or SharedSecret(...)",
            UnsafeConfigurationWarning,
            stacklevel=2,
        )

    def __repr__(self) -> str:
        return "AnyPeer()"

    def check(self, facts: RequestFacts, headers: SelectedHeaders, *, at: datetime) -> None:
        """See `ProxyProof.check`; never refuses."""


def proxy_proofs(value: object) -> tuple[ProxyProof, ...]:
    """
    Read the ``trusted_proxies`` setting: networks as text, proofs, or a list of both; all of them must hold.

    Raises:
        ConfigurationError: Empty, or something that is neither a network nor a proof.
    """
    items: list[object] = [value]
    # A network object is iterable as well: over all of its addresses.
    if isinstance(value, Iterable) and not isinstance(value, str | bytes | IPv4Network | IPv6Network):
        items = list(value)
    networks = [item for item in items if isinstance(item, str)]
    proofs: list[ProxyProof] = []
    for proof in items:
        if isinstance(proof, str):
            continue
        if isinstance(proof, type) or not isinstance(proof, ProxyProof):
            raise ConfigurationError(
                f"trusted_proxies: {proof!r} proves nothing; wanted networks as text, TrustedNetworks(...), "
                "UnixSocket(), SharedSecret(...) or, spelled out, AnyPeer()"
            )
        proofs.append(proof)
    if networks or not proofs:
        proofs.insert(0, TrustedNetworks(*networks))
    return tuple(proofs)


def _network(text: str) -> Network:
    try:
        network = ip_network(text)
    except ValueError as exc:
        raise _not_a_network(text, exc) from exc
    if isinstance(network, IPv6Network) and network.prefixlen >= _MAPPED_PREFIX:
        mapped = network.network_address.ipv4_mapped
        network = network if mapped is None else IPv4Network((mapped, network.prefixlen - _MAPPED_PREFIX))
    if network.prefixlen == 0:
        raise ConfigurationError(
            f"trusted_proxies: {text!r} is everybody; name the proxy's addresses, or spell out AnyPeer()"
        )
    if network.prefixlen < _WIDEST_PREFIX[network.version]:
        warnings.warn(
            f"trusted_proxies: {text!r} is wide: every host in it can claim any identity; narrow it, "
            "or add SharedSecret(...) or UnixSocket()",
            UnsafeConfigurationWarning,
            stacklevel=4,
        )
    return network


def _zoned_address(text: str) -> str:
    try:
        ip_address(text)
    except ValueError as exc:
        raise _not_a_network(text, exc) from exc
    return text


def _not_a_network(text: str, cause: ValueError) -> ConfigurationError:
    return ConfigurationError(
        f"trusted_proxies: {text!r} is not a network ({cause}); wanted CIDR such as '10.42.7.0/28' or one address"
    )


def _secret_bytes(secret: str | bytes) -> bytes:
    value = secret.encode("utf-8") if isinstance(secret, str) else secret
    if len(value) < _MIN_SECRET_BYTES:
        raise ConfigurationError(
            f"shared secret has {len(value)} bytes, wanted at least {_MIN_SECRET_BYTES}; make one with "
            "python -c 'import secrets; print(secrets.token_urlsafe(32))'"
        )
    if value.strip(b" \t") != value or any(byte <= 0x20 or byte >= 0x7F for byte in value):  # noqa: PLR2004
        raise ConfigurationError("shared secret must be printable ASCII without spaces, as a header value can be")
    return value


def _refuse_rewritten(peer: str | None, port: int | None, headers: SelectedHeaders) -> None:
    """Refuse an address that a forwarding header has put in the place of the socket's."""
    if not peer:
        return
    if port == 0 or ("%" not in peer and parse_address(peer) is None) or is_claimed(peer, headers):
        raise EvidenceError(
            Reason.PEER_ADDRESS_REWRITTEN,
            f"peer address {escape_peer_text(peer)} is not the socket's, so trusted_proxies proves nothing",
            hints=_WAYS_OUT,
        )
