"""Strength of keys and signatures: what `standard` asks, OpenSSL's levels, and that low ones must be spelled out."""

from typing import Any

import pytest

from clientcert.core import proxy
from clientcert.core.der import encode_tlv
from clientcert.core.limits import Limits
from clientcert.core.verification import OpenSSLVerifier, StandardVerifier, StrictVerifier, TrustStore
from clientcert.core.verification.candidates import is_cheap
from clientcert.core.verification.strength import SecurityLevel, find_weak_key
from clientcert.errors import ConfigurationError, Reason, UnsafeConfigurationWarning
from tests.conformance.mutants import Chain, parse
from tests.conformance.oracle import accepts
from tests.core.verification.conftest import replace_key
from tests.core.verification.kit import NOW, SECOND, accept, authority, parsed, refuse

ROOT = authority()
LEVELS: tuple[SecurityLevel, ...] = (0, 1, 2)


def at_level(level: SecurityLevel, *trusted: bytes) -> OpenSSLVerifier:
    """The profile at one level, trusting these."""
    store = TrustStore.load(trusted, security_level=level)
    if level == 2:
        return OpenSSLVerifier(store)
    with pytest.warns(UnsafeConfigurationWarning):
        return OpenSSLVerifier(store, security_level=level)


# The levels of `openssl` that accept each key of the fixture, and what is said where one, or `standard`, does not.
_KEYS: dict[str, set[SecurityLevel]] = {
    "rsa-1024": {0, 1},
    "rsa-2040": {0, 1},
    "rsa-exponent-3": {0, 1, 2},
    "p-224": {0, 1, 2},
    "secp256k1": {0, 1, 2},
    "dsa": {0, 1, 2},
    "explicit-curve": set(),
}
_UNSAFE = "unsafe, but security_level=1 of profile 'openssl' accepts it"


def _ways_out(levels: set[SecurityLevel]) -> tuple[str, ...]:
    return ("profile 'openssl' accepts it",) if 2 in levels else (_UNSAFE,) if levels else ()


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("name", _KEYS)
def test_keys_of_clients_by_level(name: str, level: SecurityLevel, weak_keys: dict[str, bytes]) -> None:
    """A weak key is accepted from its level down; the refusal above names the highest level that accepts."""
    verifier, leaf = at_level(level, weak_keys["root"]), weak_keys[name]
    if level in _KEYS[name]:
        accept(verifier, leaf)
        assert accepts(Chain(anchor=weak_keys["root"], intermediates=(), leaf=leaf), NOW)
        return
    error = refuse(verifier, leaf)
    assert error.reason is Reason.KEY_NOT_ACCEPTED
    assert error.hints[1:] == ((_UNSAFE,) if _KEYS[name] else ())


@pytest.mark.parametrize("name", _KEYS)
def test_keys_of_clients_under_standard(name: str, weak_keys: dict[str, bytes]) -> None:
    """`standard` accepts none of them, and names the profile or the level that does; a good key is accepted."""
    verifier = StandardVerifier(TrustStore.load(weak_keys["root"]))
    error = refuse(verifier, weak_keys[name])
    assert error.reason is Reason.KEY_NOT_ACCEPTED
    assert error.hints[1:] == _ways_out(_KEYS[name])
    accept(verifier, ROOT.issue("client.example", key="rsa"))


def _integer(value: int) -> bytes:
    return encode_tlv(0x02, value.to_bytes(value.bit_length() // 8 + 1))


def _spki(algorithm: bytes, key: bytes) -> bytes:
    return encode_tlv(0x30, encode_tlv(0x30, algorithm) + encode_tlv(0x03, b"\0" + key))


def _rsa(bits: int, exponent: int = 65537) -> bytes:
    """Some odd number of that size for a modulus: nobody computes with the key of a leaf here."""
    key = encode_tlv(0x30, _integer((1 << bits) - 1) + _integer(exponent))
    return _spki(bytes.fromhex("06092a864886f70d0101010500"), key)


def _dsa(bits: int, order_bits: int = 256) -> bytes:
    """A DSA key with a modulus and a group order of that size."""
    parameters = encode_tlv(0x30, _integer((1 << bits) - 1) + _integer((1 << order_bits) - 1) + _integer(4))
    return _spki(bytes.fromhex("06072a8648ce380401") + parameters, _integer(16))


# What a leaf's key is, and the levels that accept it (NIST SP 800-57 part 1, table 2).
_SIZES: dict[str, tuple[bytes, set[SecurityLevel]]] = {
    "RSA key of 1016 bits": (_rsa(1016), {0}),
    "RSA key of 1024 bits": (_rsa(1024), {0, 1}),
    "RSA key of 8192 bits": (_rsa(8192), {0, 1, 2}),
    "RSA key of 8200 bits": (_rsa(8200), set()),
    "RSA exponent of 32 bits": (_rsa(2048, (1 << 32) - 1), {0, 1, 2}),
    "RSA exponent of 33 bits": (_rsa(2048, (1 << 32) + 1), set()),
    "DSA key of 1016 bits with a group of 256": (_dsa(1016), {0}),
    "DSA key of 1024 bits with a group of 160": (_dsa(1024, 160), {0, 1}),
    "DSA key of 2048 bits with a group of 160": (_dsa(2048, 160), {0, 1}),
    "DSA key of 2048 bits with a group of 224": (_dsa(2048, 224), {0, 1, 2}),
    "DSA key of 3072 bits with a group of 256": (_dsa(3072), {0, 1, 2}),
    "DSA key of 3080 bits with a group of 256": (_dsa(3080), set()),
    "key of type X25519PublicKey": (_spki(bytes.fromhex("06032b656e"), b"\x09" + bytes(31)), set()),
}


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("name", _SIZES)
def test_sizes_by_level(name: str, level: SecurityLevel) -> None:
    """Each level has its least size, and no level takes what would make a check expensive or cannot sign."""
    spki, levels = _SIZES[name]
    leaf = parsed(replace_key(ROOT.issue("client.example").der, parse(spki), ROOT))
    found = find_weak_key(leaf, is_leaf=True, level=level)
    assert found == (None if level in levels else name)


@pytest.mark.parametrize(
    ("bits", "accepted"), [(2040, False), (2048, True), (2052, False), (8192, True), (8200, False)]
)
def test_moduli_of_cas_under_standard(bits: int, accepted: bool) -> None:  # noqa: FBT001 - a column of the table
    """An RSA modulus of a CA has whole octets under `standard`; a client's and OpenSSL's levels need not."""
    key = parsed(replace_key(ROOT.issue("u").der, parse(_rsa(bits)), ROOT))
    assert (find_weak_key(key, is_leaf=False) is None) is accepted
    assert (find_weak_key(key, is_leaf=True) is None) is (2048 <= bits <= 8192)
    assert (find_weak_key(key, is_leaf=False, level=2) is None) is (2048 <= bits <= 8192)


_SIGNATURES: dict[str, tuple[str, set[SecurityLevel]]] = {
    "sha1": ("ec", {0}),
    "sha1-rsa": ("rsa", {0}),
    "md5-rsa": ("rsa", {0}),
    "sha224": ("ec", {0, 1, 2}),
    "sha256-rsa": ("rsa", {0, 1, 2}),
}


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("name", _SIGNATURES)
def test_signatures_by_level(name: str, level: SecurityLevel) -> None:
    """SHA-1 and MD5 are accepted at level 0 alone, of a leaf and of an intermediate; OpenSSL's verdict is the same."""
    key, levels = _SIGNATURES[name]
    root = authority("Root", key=key)
    knobs: Any = {"signature_hash": name.removesuffix("-rsa")}
    middle = root.intermediate("Middle CA", key="ec", **knobs)
    for leaf, via in ((root.issue("u", key="ec", **knobs), []), (middle.issue("u"), [middle])):
        assert accepts(Chain(anchor=root.der, intermediates=tuple(link.der for link in via), leaf=leaf.der), NOW)
        if level in levels:
            accept(at_level(level, root.der), leaf, via=via)
        else:
            error = refuse(at_level(level, root.der), leaf, via=via)
            assert error.reason is Reason.ALGORITHM_NOT_ACCEPTED
            assert refuse(StandardVerifier(TrustStore.load(root.der)), leaf, via=via).reason is error.reason
            assert "unsafe, but security_level=0 of profile 'openssl' accepts it" in error.hints


def test_purpose_depth_and_dates_hold_at_every_level() -> None:
    """A low level is about strength alone."""
    middle = ROOT.intermediate("Middle CA")
    verifier = at_level(0, ROOT.der)
    assert refuse(verifier, ROOT.issue("u", extended_key_usage=["serverAuth"])).reason is Reason.PURPOSE_NOT_ALLOWED
    assert refuse(verifier, ROOT.issue("u", not_after=-SECOND)).reason is Reason.CERTIFICATE_EXPIRED
    assert refuse(verifier, ROOT.issue("u", corrupt_signature=True)).reason is Reason.SIGNATURE_INVALID
    with pytest.warns(UnsafeConfigurationWarning):
        shallow = OpenSSLVerifier(TrustStore.load(ROOT.der), security_level=0, max_depth=0)
    assert refuse(shallow, middle.issue("u"), via=[middle]).reason is Reason.PATH_TOO_LONG
    accept(verifier, middle.issue("u"), via=[middle])


def test_anchor_with_a_weak_key_needs_the_level_too() -> None:
    """A root of 1024 bits is refused at start with the way out, and is none for the other profiles all the same."""
    root = authority("Weak Root", key="rsa-1024")
    leaf = root.issue("client.example", key="ec")
    with pytest.raises(ConfigurationError, match="1024 bits; unsafe, but security_level=1 of profile 'openssl'"):
        TrustStore.load(root.der)
    accept(at_level(1, root.der), leaf)
    store = TrustStore.load(root.der, security_level=1)
    for verifier in (StandardVerifier(store), StrictVerifier(store), OpenSSLVerifier(store)):
        assert refuse(verifier, leaf).reason is Reason.KEY_NOT_ACCEPTED


def test_low_levels_warn_and_others_are_refused() -> None:
    """Level 2 is silent, 1 and 0 warn where they are written, and there is no other."""
    store = TrustStore.load(ROOT.der)
    OpenSSLVerifier(store, security_level=2)
    for level, text in ((1, "keys of 80 bits"), (0, "MD5 included")):
        with pytest.warns(UnsafeConfigurationWarning, match=f"security_level={level} accepts .*{text}") as caught:
            OpenSSLVerifier(store, security_level=level)  # type: ignore[arg-type]
        assert caught[0].filename == __file__
    for wrong in (-1, 3, "2", None):
        with pytest.raises(ConfigurationError, match="wanted 2"):
            OpenSSLVerifier(store, security_level=wrong)  # type: ignore[arg-type]


def test_forwarded_dsa_keys_are_limited() -> None:
    """A DSA key that a request brings along is held to the limit for RSA moduli."""
    link = parsed(replace_key(ROOT.issue("u").der, parse(_dsa(2048)), ROOT))
    assert is_cheap(link, Limits())
    assert not is_cheap(link, Limits(intermediate_rsa_bits=2047))


def test_warning_class_is_one() -> None:
    """The class of the warning is the same wherever it is imported from."""
    assert UnsafeConfigurationWarning is proxy.UnsafeConfigurationWarning
