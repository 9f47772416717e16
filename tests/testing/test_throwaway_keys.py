"""Private keys: types, seeds, PEM."""

from typing import Any, get_args

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa, x25519

from clientcert.testing import make_key
from clientcert.testing.keys import Entropy, KeyType, key_pem, key_type_of, load_key

QUICK = [key_type for key_type in get_args(KeyType) if key_type not in {"rsa-3072", "rsa-4096"}]


@pytest.mark.parametrize("key_type", QUICK)
def test_a_seed_gives_the_same_key_and_another_seed_another(key_type: Any) -> None:
    """Seeds are whatever names the key: numbers, texts, octets."""
    keys = [key_pem(make_key(key_type, seed=seed)) for seed in (1, 1, "1", b"1")]
    assert keys[0] == keys[1]
    assert len(set(keys)) == 3


@pytest.mark.parametrize("key_type", QUICK)
def test_without_a_seed_every_key_is_another(key_type: Any) -> None:
    """Nothing repeats."""
    assert key_pem(make_key(key_type)) != key_pem(make_key(key_type))


@pytest.mark.parametrize("key_type", [key_type for key_type in QUICK if key_type not in {"ec", "rsa"}])
def test_the_type_of_a_key_is_found_again(key_type: Any) -> None:
    """A key names the type it was made of; ec and rsa are other words for two of them."""
    found = key_type_of(make_key(key_type, seed=1))
    assert found == {"ec-p256": "ec", "rsa-2048": "rsa"}.get(key_type, key_type)


def test_keys_of_other_kinds_have_the_nearest_type() -> None:
    """A curve or a size that has no name here falls back to the usual one."""
    assert key_type_of(ec.generate_private_key(ec.SECP224R1())) == "ec"
    assert key_type_of(rsa.generate_private_key(65537, 2056)) == "rsa"


def test_a_seeded_rsa_key_is_sound() -> None:
    """It has exactly the size asked for, the usual exponent, and OpenSSL has checked its primes on loading."""
    key = make_key("rsa-2048", seed="sound")
    assert isinstance(key, rsa.RSAPrivateKey)
    assert (key.key_size, key.public_key().public_numbers().e) == (2048, 65537)
    assert load_key(key_pem(key)).public_key() == key.public_key()


def test_labels_are_not_confused() -> None:
    """Where one label ends and the next begins matters."""
    entropy = Entropy(1)
    assert entropy.derive("ab", "c", size=16) != entropy.derive("a", "bc", size=16)
    assert entropy.child("a").derive("b", size=16) != entropy.derive("a", "b", size=16)


def test_only_keys_that_can_sign_are_loaded() -> None:
    """An X25519 key is refused by name, an EC key is taken."""
    pem = x25519.X25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    with pytest.raises(ValueError, match="X25519PrivateKey is not supported"):
        load_key(pem)
    key = make_key()
    assert load_key(key_pem(key)).public_key() == key.public_key()
