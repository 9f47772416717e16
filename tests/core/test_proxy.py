"""Proxy proofs: who may speak for a client, and what is refused as proof (rows H of the threat model)."""

import warnings
from ipaddress import ip_address, ip_network
from time import perf_counter
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from clientcert.core.facts import RequestFacts
from clientcert.core.headers import HeaderGuard, header_name
from clientcert.core.proxy import (
    AnyPeer,
    ProxyProof,
    SharedSecret,
    TrustedNetworks,
    UnixSocket,
    UnsafeConfigurationWarning,
    proxy_proofs,
)
from clientcert.errors import ConfigurationError, EvidenceError, Reason
from tests.material import NETWORK, NOW, PROXY, SECRET, STRANGER

Headers = list[tuple[bytes, bytes]]

NETWORKS = TrustedNetworks(NETWORK)
OTHER_SECRET = "another-secret-for-the-rotation-0123456789"


def verdict_of(
    proof: ProxyProof, peer: str | None, *, port: int | None = 40_000, headers: Headers | None = None, **facts: Any
) -> Reason | None:
    """Why a proof refuses a request from a peer; None when it holds."""
    guard = HeaderGuard(read=[] if proof.header is None else [proof.header], guarded=[])
    headers = headers or []
    try:
        proof.check(RequestFacts(headers=headers, peer=peer, peer_port=port, **facts), guard.select(headers), at=NOW)
    except EvidenceError as error:
        return error.reason
    return None


INSIDE = {
    "first-of-the-network": ("10.42.7.0", NETWORK),
    "last-of-the-network": ("10.42.7.15", NETWORK),
    "single-address": ("192.0.2.1", "192.0.2.1"),
    "ipv6": ("2001:db8::7", "2001:db8::/64"),
    "ipv6-upper-case": ("2001:DB8::7", "2001:db8::/64"),
    "ipv6-loopback": ("::1", "::1"),
    "h10-mapped-peer": ("::ffff:10.42.7.3", NETWORK),
    "h10-mapped-peer-in-hexadecimal": ("::ffff:a2a:703", NETWORK),
    "h10-mapped-network": ("10.42.7.3", "::ffff:10.42.7.0/124"),
    "h10-mapped-both": ("::ffff:10.42.7.3", "::ffff:10.42.7.3"),
    "h10-listed-zone": ("fe80::1%eth0", "fe80::1%eth0"),
}

OUTSIDE = {
    "just-below": ("10.42.6.255", NETWORK),
    "just-above": ("10.42.7.16", NETWORK),
    "h13-loopback-not-configured": ("127.0.0.1", NETWORK),
    "h13-ipv6-loopback-not-configured": ("::1", NETWORK),
    "h10-zone-in-the-network": ("fe80::1%eth0", "fe80::/64"),
    "h10-other-zone": ("fe80::1%eth1", "fe80::1%eth0"),
    "h10-mapped-outside": ("::ffff:203.0.113.9", NETWORK),
    "h10-compatible-not-mapped": ("::10.42.7.3", NETWORK),
    "h11-surrogate-with-zone": ("\ud800%eth0", NETWORK),
    "version-6-against-4": ("2001:db8::7", NETWORK),
    "h8-no-address": (None, NETWORK),
    "h8-empty-address": ("", NETWORK),
}

NO_ADDRESS = {
    "h8-localhost": "localhost",
    "h9-unix": "unix:",
    "h11-leading-zero": "010.42.7.3",
    "h11-three-parts": "10.42.7",
    "h11-trailing-line-feed": "10.42.7.3\n",
    "h11-leading-space": " 10.42.7.3",
    "h11-arabic-digits": "\u0661\u0660.42.7.3",
    "h11-with-port": "10.42.7.3:443",
    "h11-in-brackets": "[2001:db8::7]",
    "h11-host-name": "proxy.example",
    "h11-surrogate": "\ud800",
    "network": NETWORK,
    "server-does-not-know": "unknown",
}


@pytest.mark.parametrize(("peer", "network"), INSIDE.values(), ids=INSIDE)
def test_network_holds(peer: str, network: str) -> None:
    """An address in the network is the proxy's, mapped into IPv6 or not."""
    assert verdict_of(TrustedNetworks(network), peer) is None


@pytest.mark.parametrize(("peer", "network"), OUTSIDE.values(), ids=OUTSIDE)
def test_network_refuses(peer: str | None, network: str) -> None:
    """Any other address, and none at all, proves nothing; loopback is no exception."""
    assert verdict_of(TrustedNetworks(network), peer) is Reason.PROXY_NOT_PROVEN


@pytest.mark.parametrize("peer", NO_ADDRESS.values(), ids=NO_ADDRESS)
def test_h11_no_address(peer: str) -> None:
    """A peer that no socket can have reported was put there by somebody, and proves nothing."""
    assert verdict_of(NETWORKS, peer) is Reason.PEER_ADDRESS_REWRITTEN


def test_several_networks() -> None:
    """One of several networks is enough."""
    networks = TrustedNetworks("192.0.2.0/28", NETWORK)
    assert verdict_of(networks, PROXY) is None
    assert verdict_of(networks, "192.0.2.3") is None
    assert verdict_of(networks, STRANGER) is Reason.PROXY_NOT_PROVEN


REWRITTEN = {
    "h5-x-forwarded-for": [(b"x-forwarded-for", b"10.42.7.3")],
    "h5-last-of-several": [(b"x-forwarded-for", b"192.0.2.1, 10.42.7.3")],
    "h5-first-of-several": [(b"x-forwarded-for", b"10.42.7.3,192.0.2.1")],
    "h5-second-header": [(b"x-forwarded-for", b"192.0.2.1"), (b"x-forwarded-for", b"10.42.7.3")],
    "h5-upper-case-name": [(b"X-Forwarded-For", b"10.42.7.3")],
    "h5-x-real-ip": [(b"x-real-ip", b"10.42.7.3")],
    "h5-forwarded": [(b"forwarded", b"for=192.0.2.1;proto=https, for=10.42.7.3")],
    "h5-forwarded-quoted": [(b"forwarded", b'for="10.42.7.3:4711"')],
    "h6-with-port": [(b"x-forwarded-for", b"10.42.7.3:4242, 192.0.2.1")],
    "h6-mapped": [(b"x-forwarded-for", b"::ffff:10.42.7.3")],
    "h6-tab-separated": [(b"x-forwarded-for", b"192.0.2.1\t10.42.7.3")],
}

REWRITTEN_V6 = {
    "h5-ipv6": [(b"x-forwarded-for", b"2001:db8::7")],
    "h5-ipv6-upper-case": [(b"x-forwarded-for", b"2001:DB8::7")],
    "h6-ipv6-with-port": [(b"x-forwarded-for", b"[2001:db8::7]:4242")],
    "h5-ipv6-forwarded": [(b"forwarded", b'for="[2001:db8::7]:4711"')],
}

NOT_REWRITTEN = {
    "no-headers": [],
    "other-address": [(b"x-forwarded-for", b"192.0.2.1")],
    "longer-address": [(b"x-forwarded-for", b"10.42.7.30, 110.42.7.3")],
    "part-of-a-word": [(b"forwarded", b"for=_10.42.7.3x")],
    "host-header": [(b"host", b"10.42.7.3")],
    "connection": [(b"connection", b"10.42.7.3")],
    "high-bytes": [(b"x-forwarded-for", b"\xff\xfe10.42.7.3\xff")],
    "nothing-readable": [(b"x-forwarded-for", b",,;;[[]]==:::")],
}


@pytest.mark.parametrize("headers", REWRITTEN.values(), ids=REWRITTEN)
def test_h5_rewritten_address(headers: Headers) -> None:
    """A peer address that also stands in a forwarding header is taken for that header's, not for the socket's."""
    assert verdict_of(NETWORKS, PROXY, headers=headers) is Reason.PEER_ADDRESS_REWRITTEN


@pytest.mark.parametrize("headers", REWRITTEN_V6.values(), ids=REWRITTEN_V6)
def test_h5_rewritten_ipv6_address(headers: Headers) -> None:
    """The same for IPv6, with its brackets and ports."""
    assert verdict_of(TrustedNetworks("2001:db8::/64"), "2001:db8::7", headers=headers) is Reason.PEER_ADDRESS_REWRITTEN


def test_h6_rewritten_zone() -> None:
    """A listed address with a zone is not believed either when a forwarding header has it, also with a port."""
    networks = TrustedNetworks("fe80::1%eth0")
    for value in (b"fe80::1%eth0", b"192.0.2.1, FE80::1%eth0", b"[fe80::1%eth0]:4242", b"fe80::1%eth0:4242"):
        headers = [(b"x-forwarded-for", value)]
        assert verdict_of(networks, "fe80::1%eth0", headers=headers) is Reason.PEER_ADDRESS_REWRITTEN
    assert verdict_of(networks, "fe80::1%eth0", headers=[(b"x-forwarded-for", b"192.0.2.1")]) is None


@pytest.mark.parametrize("headers", NOT_REWRITTEN.values(), ids=NOT_REWRITTEN)
def test_h5_address_not_rewritten(headers: Headers) -> None:
    """A forwarding header with other addresses is what every proxy sends, and is no obstacle."""
    assert verdict_of(NETWORKS, PROXY, headers=headers) is None


@pytest.mark.parametrize("peer", [PROXY, STRANGER, "unix:", "::ffff:10.42.7.3"])
def test_h5_port_zero(peer: str) -> None:
    """Port 0 is what uvicorn gives an address that it took from a header; no socket has it."""
    assert verdict_of(NETWORKS, peer, port=0) is Reason.PEER_ADDRESS_REWRITTEN
    assert verdict_of(NETWORKS, PROXY, port=None) is None


def test_h5_names_the_ways_out() -> None:
    """The refusal tells the operator what to change."""
    headers = [(b"x-forwarded-for", b"10.42.7.3")]
    with pytest.raises(EvidenceError) as caught:
        NETWORKS.check(RequestFacts(peer=PROXY), HeaderGuard(read=[], guarded=[]).select(headers), at=NOW)
    hints = " ".join(caught.value.hints)
    for way_out in ("--no-proxy-headers", "UnixSocket", "SharedSecret", "clientcert.servers.uvicorn:Auto", "ProxyFix"):
        assert way_out in hints


def test_h7_socket_address() -> None:
    """An address read from the socket itself is believed, whatever forwarding headers say."""
    headers = [(b"x-forwarded-for", b"10.42.7.3")]
    assert verdict_of(NETWORKS, PROXY, headers=headers, peer_is_socket=True) is None
    assert verdict_of(NETWORKS, STRANGER, headers=headers, peer_is_socket=True) is Reason.PROXY_NOT_PROVEN
    assert verdict_of(NETWORKS, "unknown", peer_is_socket=True) is Reason.PROXY_NOT_PROVEN


HOSTILE_FORWARDING = {
    "r6-many-words": b"1," * 32_000 + b"10.42.7.30",
    "r6-many-near-misses": b"10.42.7.3x," * 6_000,
    "r6-many-ports": b"10.42.7.3x:1," * 5_000,
    "r6-one-long-word": b"10.42.7.3" * 7_000,
    "r6-many-colons": b"10.42.7.3x" + b":" * 60_000,
    "r6-many-separators": b"10.42.7.3x" + b',;="[]' * 10_000,
}


@pytest.mark.parametrize("value", HOSTILE_FORWARDING.values(), ids=HOSTILE_FORWARDING)
def test_r6_forwarding_headers_cost_little(value: bytes) -> None:
    """The largest forwarding header that a server lets through takes a fraction of what a request may take."""
    headers = [(b"x-forwarded-for", value)]

    def seconds() -> float:
        begun = perf_counter()
        assert verdict_of(NETWORKS, PROXY, headers=headers) is None
        return perf_counter() - begun

    assert min(seconds() for _ in range(3)) < 0.025


def test_a_flood_of_peers_is_not_remembered() -> None:
    """However many peers connect, memory for the answers is bounded and the answers stay right."""
    networks = TrustedNetworks(NETWORK)
    for number in range(3_000):
        assert not networks.contains(f"192.0.{number // 256}.{number % 256}")
    assert len(networks._answers) <= 1_024
    assert networks.contains(PROXY)


ADDRESSES = st.ip_addresses().map(str)


@given(ADDRESSES, st.integers(0, 2**32 - 1), st.integers(1, 32))
def test_agrees_with_ipaddress(peer: str, network: int, prefix: int) -> None:
    """For any address and network the answer is that of `ipaddress`, mapped addresses counted as IPv4."""
    cidr = ip_network((network, prefix), strict=False)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UnsafeConfigurationWarning)
        ours = TrustedNetworks(str(cidr))
    address = ip_address(peer)
    if address.version == 6:
        address = address.ipv4_mapped or address
    assert ours.contains(peer) is (address in cidr)
    if address.version == 4:
        assert ours.contains(f"::ffff:{address}") is ours.contains(str(address))


@given(ADDRESSES, st.text(max_size=10), st.text(max_size=10))
def test_h6_a_claimed_address_is_never_believed(peer: str, before: str, behind: str) -> None:
    """Whenever the peer's address is a word of X-Forwarded-For, the proof fails."""
    value = f"{before},{peer},{behind}".encode()
    networks = TrustedNetworks(peer)
    assert verdict_of(networks, peer) is None
    assert verdict_of(networks, peer, headers=[(b"x-forwarded-for", value)]) is Reason.PEER_ADDRESS_REWRITTEN


@given(st.text(max_size=40), st.integers(-1, 70_000) | st.none(), st.binary(max_size=40))
def test_h11_any_peer_text(peer: str, port: int | None, forwarded: bytes) -> None:
    """Any text as a peer is refused with a reason that means "nobody spoke for a client"; nothing raises."""
    assume(peer != PROXY)
    for proof in (TrustedNetworks(PROXY), SharedSecret(SECRET)):
        reason = verdict_of(proof, peer, port=port, headers=[(b"x-forwarded-for", forwarded)])
        assert reason is not None
        assert reason.status == 401


REFUSED_NETWORKS = {
    "h4-everybody": ("0.0.0.0/0", "is everybody"),
    "h4-everybody-ipv6": ("::/0", "is everybody"),
    "h4-everybody-mapped": ("::ffff:0:0/96", "is everybody"),
    "h4-star": ("*", "is not a network"),
    "h4-empty": ("", "is not a network"),
    "h4-host-name": ("proxy.example", "is not a network"),
    "h4-localhost": ("localhost", "is not a network"),
    "host-bits-set": ("10.42.7.3/28", "has host bits set"),
    "leading-zero": ("010.0.0.0/28", "is not a network"),
    "zone-without-address": ("10.42.7.3%eth0", "is not a network"),
    "zone-in-a-network": ("fe80::/64%eth0", "is not a network"),
    "escape": ("10.42.7.0%2f28", "is not a network"),
    "two-in-one-text": ("10.0.0.1,10.0.0.2", "is not a network"),
}


@pytest.mark.parametrize(("text", "message"), REFUSED_NETWORKS.values(), ids=REFUSED_NETWORKS)
def test_h4_wildcards(text: str, message: str) -> None:
    """Everybody, and what is no network, is refused while constructing."""
    with pytest.raises(ConfigurationError, match=message):
        TrustedNetworks(text)


def test_h4_nothing() -> None:
    """An empty list of networks is refused, with an example of what to write."""
    with pytest.raises(ConfigurationError, match=r"10\.42\.7\.0/28"):
        TrustedNetworks()


@pytest.mark.parametrize("value", [ip_network(NETWORK), ip_address(PROXY), 7, None, b"10.42.7.0/28"], ids=repr)
def test_network_is_text(value: Any) -> None:
    """Something that is not text is refused by name, not by a TypeError."""
    with pytest.raises(ConfigurationError, match="as text"):
        TrustedNetworks(value)


@pytest.mark.parametrize("text", ["10.0.0.0/8", "172.16.0.0/15", "fd00::/47", "::ffff:10.0.0.0/104"])
def test_h12_wide_network(text: str) -> None:
    """A wide network is accepted with a warning that names the alternatives."""
    with pytest.warns(UnsafeConfigurationWarning, match=r"SharedSecret.*UnixSocket"):
        assert verdict_of(TrustedNetworks(text), STRANGER) is Reason.PROXY_NOT_PROVEN


def test_h12_warning_points_at_the_caller() -> None:
    """A warning names the line that somebody wrote, not one of ours."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        TrustedNetworks("10.0.0.0/8")
        AnyPeer()
    assert [warning.filename for warning in caught] == [__file__, __file__]


@pytest.mark.parametrize("text", ["10.42.0.0/16", "2001:db8:1::/48", "10.42.7.3", "::1", "::ffff:10.42.0.0/112"])
def test_h12_narrow_network(text: str) -> None:
    """A network of a usual width is accepted in silence."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        TrustedNetworks(text)


@pytest.mark.parametrize("peer", [None, ""])
@pytest.mark.parametrize("port", [None, 0])
def test_h8_unix_socket_holds(peer: str | None, port: int | None) -> None:
    """No address at all is how app servers report a unix socket."""
    assert verdict_of(UnixSocket(), peer, port=port) is None


@pytest.mark.parametrize("peer", [PROXY, "127.0.0.1", "localhost", "unix:", "unknown", "::1", " "])
def test_h8_h9_unix_socket_refuses(peer: str) -> None:
    """Any text as a peer, also waitress's and a forged one, is not the socket."""
    assert verdict_of(UnixSocket(), peer) is Reason.PROXY_NOT_PROVEN


@pytest.mark.parametrize("name", ["x-clientcert-proxy", "X-Proxy-Secret"])
def test_h14_secret_holds(name: str) -> None:
    """The right secret proves the proxy, wherever the request comes from."""
    secret = SharedSecret(SECRET, header=name)
    assert verdict_of(secret, STRANGER, headers=[(name.encode(), SECRET.encode())]) is None
    assert verdict_of(secret, None, headers=[(name.lower().encode(), b" " + SECRET.encode() + b"\t")]) is None


WRONG_SECRETS: dict[str, Headers] = {
    "missing": [],
    "empty": [(b"x-clientcert-proxy", b"")],
    "prefix": [(b"x-clientcert-proxy", SECRET.encode()[:-1])],
    "longer": [(b"x-clientcert-proxy", SECRET.encode() + b"9")],
    "other-case": [(b"x-clientcert-proxy", SECRET.upper().encode())],
    "non-ascii": [(b"x-clientcert-proxy", b"\xff\xfe\x00")],
    "other-header": [(b"x-other", SECRET.encode())],
    "alias": [(b"x_clientcert_proxy", SECRET.encode())],
    "right-then-wrong": [(b"x-clientcert-proxy", SECRET.encode()), (b"x-clientcert-proxy", b"x")],
    "wrong-then-right": [(b"x-clientcert-proxy", b"x"), (b"x-clientcert-proxy", SECRET.encode())],
    "right-twice": [(b"x-clientcert-proxy", SECRET.encode())] * 2,
}


@pytest.mark.parametrize("headers", WRONG_SECRETS.values(), ids=WRONG_SECRETS)
def test_h14_secret_refuses(headers: Headers) -> None:
    """Anything but the secret, exactly once, proves nothing; bytes above ASCII raise nothing."""
    assert verdict_of(SharedSecret(SECRET), PROXY, headers=headers) is Reason.PROXY_NOT_PROVEN


@pytest.mark.parametrize("given_secret", [SECRET, OTHER_SECRET])
def test_h14_rotation(given_secret: str) -> None:
    """While rotating, the old and the new secret both hold, as text or bytes; a third does not."""
    secret = SharedSecret(SECRET, OTHER_SECRET.encode())
    assert verdict_of(secret, PROXY, headers=[(b"x-clientcert-proxy", given_secret.encode())]) is None
    assert verdict_of(secret, PROXY, headers=[(b"x-clientcert-proxy", b"x" * 40)]) is Reason.PROXY_NOT_PROVEN


@pytest.mark.parametrize(
    ("headers", "state"),
    [([], "missing"), ([(b"x-clientcert-proxy", b"x")], "wrong"), ([(b"x-clientcert-proxy", b"x")] * 2, "duplicated")],
    ids=["missing", "wrong", "duplicated"],
)
def test_secret_refusal_says_what(headers: Headers, state: str) -> None:
    """The operator reads which of the three it was, and in which header; never a secret."""
    secret = SharedSecret(SECRET)
    guard = HeaderGuard(read=[b"x-clientcert-proxy"], guarded=[])
    with pytest.raises(EvidenceError, match=f"is {state}: header x-clientcert-proxy") as caught:
        secret.check(RequestFacts(headers=headers), guard.select(headers), at=NOW)
    assert SECRET not in str(caught.value)


REFUSED_SECRETS = {
    "none": ((), "takes one secret"),
    "three": ((SECRET, SECRET, SECRET), "takes one secret"),
    "empty": (("",), "has 0 bytes"),
    "31-bytes": (("x" * 31,), "has 31 bytes.*token_urlsafe"),
    "second-short": ((SECRET, "x"), "has 1 bytes"),
    "space-inside": (("x" * 20 + " " + "x" * 20,), "printable ASCII"),
    "line-feed-behind": ((SECRET + "\n",), "printable ASCII"),
    "non-ascii": (("\u00e9" * 40,), "printable ASCII"),
    "nul": ((b"\x00" * 40,), "printable ASCII"),
    "delete": ((b"\x7f" * 40,), "printable ASCII"),
}


@pytest.mark.parametrize(("secrets", "message"), REFUSED_SECRETS.values(), ids=REFUSED_SECRETS)
def test_h14_unusable_secret(secrets: tuple[str | bytes, ...], message: str) -> None:
    """A secret that can be guessed, or that no header can carry, is refused while constructing, and not shown."""
    with pytest.raises(ConfigurationError, match=message) as caught:
        SharedSecret(*secrets)
    assert not any(str(secret) in str(caught.value) for secret in secrets if len(secret) > 1)


def test_h14_shortest_secret() -> None:
    """32 bytes are enough."""
    assert verdict_of(SharedSecret(b"x" * 32), None, headers=[(b"x-clientcert-proxy", b"x" * 32)]) is None


def test_h15_secret_is_not_shown() -> None:
    """Neither the proof nor what it keeps shows a secret."""
    secret = SharedSecret(SECRET, OTHER_SECRET)
    assert repr(secret) == "SharedSecret(***)"
    assert SECRET not in repr(vars(secret))
    assert OTHER_SECRET not in repr(vars(secret))


def test_any_peer_warns() -> None:
    """Believing everybody must be spelled out, warns, and then does believe everybody."""
    with pytest.warns(UnsafeConfigurationWarning, match="whoever reaches the port"):
        proof = AnyPeer()
    for peer in (None, "", STRANGER, "unix:"):
        assert verdict_of(proof, peer, port=0) is None
    assert repr(proof) == "AnyPeer()"


def test_proofs_show_themselves() -> None:
    """A proof's text is what the operator would write."""
    networks = TrustedNetworks(NETWORK, "::1", "fe80::1%eth0")
    assert repr(networks) == "TrustedNetworks('10.42.7.0/28', '::1/128', 'fe80::1%eth0')"
    assert repr(UnixSocket()) == "UnixSocket()"


def test_reads_the_setting() -> None:
    """Text, a proof, or a list of both become proofs; all networks of a list are one proof, the first."""
    unix, secret = UnixSocket(), SharedSecret(SECRET)
    assert [proof.name for proof in proxy_proofs(NETWORK)] == ["trusted-networks"]
    assert proxy_proofs(unix) == (unix,)
    found = proxy_proofs([secret, NETWORK, unix, "192.0.2.1"])
    assert [proof.name for proof in found] == ["trusted-networks", "shared-secret", "unix-socket"]
    assert repr(found[0]) == "TrustedNetworks('10.42.7.0/28', '192.0.2.1/32')"


REFUSED_SETTINGS: dict[str, Any] = {
    "empty-list": ([], "is empty"),
    "empty-text": ("", "is not a network"),
    "number": (7, "proves nothing"),
    "bytes": (b"10.0.0.1", "proves nothing"),
    "class-not-object": (UnixSocket, "proves nothing"),
    "list-with-none": ([NETWORK, None], "proves nothing"),
    "network-object": (ip_network("0.0.0.0/1"), "proves nothing"),
    "list-of-network-objects": ([ip_network(NETWORK)], "proves nothing"),
    "true": (True, "proves nothing"),
}


@pytest.mark.parametrize(("value", "message"), REFUSED_SETTINGS.values(), ids=REFUSED_SETTINGS)
def test_h3_h4_refused_setting(value: object, message: str) -> None:
    """Whatever proves nothing is refused while constructing, with what to write in its place."""
    with pytest.raises(ConfigurationError, match=message):
        proxy_proofs(value)


@pytest.mark.parametrize(
    ("text", "name"),
    [("x-clientcert-proxy", b"x-clientcert-proxy"), ("X-Secret", b"x-secret"), ("sslclientcert", b"sslclientcert")],
)
def test_n22_header_name(text: str, name: bytes) -> None:
    """A name of letters, digits and dashes can be configured; its case makes no difference."""
    assert header_name(text) == name


REFUSED_NAMES = {
    "n22-underscore": ("SSL_CLIENT_CERT", "app servers drop or merge others"),
    "n22-dot": ("ssl.client.cert", "app servers drop or merge others"),
    "n22-space": ("ssl client cert", "app servers drop or merge others"),
    "n22-empty": ("", "app servers drop or merge others"),
    "n22-non-ascii": ("\u00dfl-client-cert", "app servers drop or merge others"),
    "n22-colon": ("host:", "app servers drop or merge others"),
    "n22-host": ("Host", "means something else"),
    "n22-authorization": ("authorization", "means something else"),
    "n22-cookie": ("Cookie", "means something else"),
    "n22-connection": ("connection", "means something else"),
    "n22-x-forwarded-for": ("X-Forwarded-For", "means something else"),
    "n22-x-real-ip": ("x-real-ip", "means something else"),
    "n22-forwarded": ("forwarded", "means something else"),
}


@pytest.mark.parametrize(("text", "message"), REFUSED_NAMES.values(), ids=REFUSED_NAMES)
def test_n22_refused_header_name(text: str, message: str) -> None:
    """A name that servers drop or merge, or that means something else, is refused while constructing."""
    with pytest.raises(ConfigurationError, match=message):
        header_name(text)
