"""The worst that a request can bring costs less than 50 ms of CPU: an event loop is shared."""

import time
from collections.abc import Callable
from functools import cache
from ipaddress import ip_network

import pytest
from cryptography import x509

from clientcert.core.certificate import parse_certificate
from clientcert.core.der import encode_tlv
from clientcert.core.limits import Limits
from clientcert.core.verification import OpenSSLVerifier, StandardVerifier, StrictVerifier, TrustStore, Verifier
from clientcert.errors import ClientCertError, UnsafeConfigurationWarning
from clientcert.testing import CertificateAuthority
from clientcert.testing.keys import KeyType
from clientcert.testing.malformed import nested
from tests.conformance.mutants import parse
from tests.core.verification.conftest import replace_key
from tests.core.verification.kit import NOW, authority, raw_extension

_BUDGET_SECONDS = 0.050
LIMITS = Limits()
ROOT = authority()
Hostile = tuple[bytes, list[bytes]]


def _same_name(key: KeyType, count: int = 4) -> Hostile:
    """Intermediates of one name and different keys: every signature could be any of theirs."""
    links = [ROOT.intermediate("Trap", key=key) for _ in range(count)]
    return links[0].issue("u", key="ec", signing_key=links[-1].issued.key).der, [link.der for link in links]


def _mutual_loop(key: KeyType) -> Hostile:
    """CAs that certify each other with one key, so that every path leads to another one."""
    first = authority("A", key=key)
    links = [first]
    for name in ("B", "C", "D"):
        links.append(CertificateAuthority(name, issuer=links[-1], key=first.issued.key))
    closing = CertificateAuthority("A", issuer=links[-1], key=first.issued.key)
    return links[-1].issue("u", key="ec").der, [*(link.der for link in links[1:]), closing.der]


def _self_signed(key: KeyType) -> Hostile:
    """Self-signed certificates of one name, each with its own key."""
    traps = [authority(f"trap {n}", key=key, subject=[("CN", "Trap")]) for n in range(4)]
    return traps[0].issue("u", key="ec").der, [trap.der for trap in traps]


def _ladder(key: KeyType) -> Hostile:
    """A long chain to nowhere."""
    links = [authority("Trap", key=key)]
    for number in range(4):
        links.append(links[-1].intermediate(f"Rung {number}"))
    return links[-1].issue("u", key="ec").der, [link.der for link in links[1:]]


def _names_times_constraints() -> Hostile:
    """As many names as are allowed under as many constraints as fit into a certificate."""
    forged = CertificateAuthority("Trap", issuer=ROOT, excluded_names=[f"DNS:{n:x}.ab" for n in range(1000)])
    names = [f"DNS:{n:x}.cd" for n in range(256)]
    return forged.issue("u", san=names).der, [forged.der]


def _names_under_the_limit() -> Hostile:
    """As many checks as the limit allows, in a path that is valid up to the last of them."""
    networks = [x509.IPAddress(ip_network(f"10.{n}.0.0/16")) for n in range(127)]
    trusted = ROOT.intermediate("Trap", excluded_names=networks)
    return trusted.issue("u", san=[f"IP:11.0.0.{n % 250}" for n in range(256)]).der, [trusted.der]


def _padded(size: int) -> Hostile:
    """A certificate of a given size, most of it one extension."""
    extra = [raw_extension("1.2.3.4", "00" * size)]
    return ROOT.issue("u", extra_extensions=extra).der, []


def _giant(bits: int, exponent: int) -> Hostile:
    """A CA that came along with an RSA key far over the limits, and a leaf that says it was signed with it."""
    trap = ROOT.intermediate("Trap")
    numbers = b"".join(encode_tlv(0x02, n.to_bytes(n.bit_length() // 8 + 1)) for n in ((1 << bits) - 1, exponent))
    algorithm = encode_tlv(0x30, bytes.fromhex("06092a864886f70d0101010500"))
    spki = encode_tlv(0x30, algorithm + encode_tlv(0x03, b"\0" + encode_tlv(0x30, numbers)))
    return trap.issue("u").der, [replace_key(trap.der, parse(spki), ROOT)]


_INPUTS: dict[str, Callable[[], Hostile]] = {
    **{f"same-name-{key}": lambda key=key: _same_name(key) for key in ("ec-p256", "ec-p384", "ec-p521")},  # type: ignore[misc]
    # Making an RSA key of that size takes seconds.
    "same-name-rsa-4096": lambda: _same_name("rsa-4096", count=2),
    **{f"mutual-loop-{key}": lambda key=key: _mutual_loop(key) for key in ("ec-p256", "ec-p521", "rsa-4096")},  # type: ignore[misc]
    **{f"self-signed-{key}": lambda key=key: _self_signed(key) for key in ("ec-p256", "ec-p521")},  # type: ignore[misc]
    **{f"ladder-{key}": lambda key=key: _ladder(key) for key in ("ec-p256", "ec-p521")},  # type: ignore[misc]
    "names-times-constraints": _names_times_constraints,
    "names-under-the-limit": _names_under_the_limit,
    "largest-certificate": lambda: _padded(15_500),
    "giant-exponent": lambda: _giant(4096, (1 << 4095) + 1),
    "giant-modulus": lambda: _giant(64_000, 65537),
    "deeply-nested": lambda: (nested(3_000), []),
    "nested-extension": lambda: (
        ROOT.issue("u", san=None, extra_extensions=[raw_extension("2.5.29.17", nested(3_000).hex())]).der,
        [],
    ),
    "rdns": lambda: (ROOT.issue(subject=[("OU", f"{n:064}") for n in range(32)]).der, []),
    "thousand-rdns": lambda: (ROOT.issue(subject=[("OU", "x")] * 1_000).der, []),
}
_hostile = cache(lambda name: _INPUTS[name]())


def _cost(verifier: Verifier, leaf: bytes, links: list[bytes]) -> float:
    start = time.process_time()
    try:
        certificate = parse_certificate(leaf, limits=LIMITS)
        intermediates = [parse_certificate(link, limits=LIMITS) for link in links]
        verifier.verify(certificate, intermediates=intermediates, at=NOW)
    except ClientCertError:
        pass
    return time.process_time() - start


def _openssl_at_level_0(store: TrustStore) -> OpenSSLVerifier:
    with pytest.warns(UnsafeConfigurationWarning):
        return OpenSSLVerifier(store, security_level=0)


_ENGINES: dict[str, Callable[[TrustStore], Verifier]] = {
    "standard": StandardVerifier,
    "strict": StrictVerifier,
    "openssl": OpenSSLVerifier,
    "openssl-level-0": _openssl_at_level_0,
}


@pytest.mark.parametrize("engine", _ENGINES.values(), ids=_ENGINES)
@pytest.mark.parametrize("name", _INPUTS)
def test_worst_input_is_within_the_budget(name: str, engine: Callable[[TrustStore], Verifier]) -> None:
    """Reading and verifying it takes less than 50 ms, accepted or not."""
    verifier = engine(TrustStore.load(ROOT.der))
    leaf, links = _hostile(name)
    # The best of three: a shared machine can only be slower than the code.
    assert min(_cost(verifier, leaf, links) for _ in range(3)) < _BUDGET_SECONDS


def test_cost_grows_with_the_size() -> None:
    """Twice the octets cost at most 2.5 times as much, and no more than a constant for small ones."""
    limits = Limits(certificate_bytes=1 << 21)
    costs = []
    for size in (1 << 18, 1 << 19):
        leaf, _ = _padded(size)
        runs = []
        for _ in range(5):
            start = time.process_time()
            for _ in range(5):
                parse_certificate(leaf, limits=limits)
            runs.append(time.process_time() - start)
        costs.append(min(runs))
    assert costs[1] <= 2.5 * costs[0] + 0.005
