"""One signature with one key: every algorithm, and every pair that does not belong together."""

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from clientcert.core.certificate import ParsedCertificate
from clientcert.core.verification.signatures import is_signed_by, signature_state
from clientcert.testing import CertificateAuthority
from clientcert.testing.keys import KeyType
from tests.conformance.mutants import Node, parse
from tests.core.verification.kit import authority, parsed

_KEYS: tuple[KeyType, ...] = ("ec", "ec-p521", "ec-brainpool-p256", "ed25519", "ed448", "rsa")
ROOTS = {key: authority(f"Root {key}", key=key) for key in _KEYS}


@pytest.mark.parametrize("key", ROOTS)
def test_own_key_and_no_other(key: KeyType) -> None:
    """A leaf is signed by its issuer; another key of that type is wrong, one of another type says nothing."""
    leaf = parsed(ROOTS[key].issue("u", key="ec"))
    for other, root in ROOTS.items():
        assert is_signed_by(leaf, parsed(root)) is (other == key)
    assert signature_state(leaf, parsed(ROOTS[key].impostor())) is False
    assert signature_state(leaf, parsed(ROOTS["rsa" if key != "rsa" else "ec"])) is None


_PSS = bytes.fromhex("06092a864886f70d01010a")
# RSASSA-PSS-params (RFC 4055 §3.1): SHA-256, MGF1 with SHA-256, 32 octets of salt; then 20 octets.
_SHA256 = "a00f300d06096086480165030402010500a11c301a06092a864886f70d010108300d06096086480165030402010500"
_SALT_32, _SALT_20 = (bytes.fromhex(f"3034{_SHA256}a203020120")), bytes.fromhex(f"302f{_SHA256}")


def _pss_key(root: CertificateAuthority, parameters: bytes) -> ParsedCertificate:
    """The root with its key marked as being for RSASSA-PSS alone (id-RSASSA-PSS in the SPKI)."""
    tree = parse(root.der)
    spki = ((tree.children or [])[0].children or [])[6]
    (spki.children or [])[0] = Node(0x30, _PSS + parameters)
    return parsed(tree.encode())


def _signed(root: CertificateAuthority, parameters: bytes, salt: int) -> ParsedCertificate:
    """A leaf signed with RSA-PSS and a salt of this length."""
    tbs, *_ = parse(root.issue("u", key="ec").der).children or []
    algorithm = Node(0x30, _PSS + parameters)
    (tbs.children or [])[2] = algorithm
    key = root.issued.key
    assert isinstance(key, rsa.RSAPrivateKey)
    scheme = padding.PSS(padding.MGF1(hashes.SHA256()), salt)
    signature = Node(0x03, b"\0" + key.sign(tbs.encode(), scheme, hashes.SHA256()))
    return parsed(Node(0x30, children=[tbs, algorithm, signature]).encode())


def test_keys_for_pss_alone() -> None:
    """A key marked for RSASSA-PSS verifies nothing else, and with parameters nothing but those (RFC 4055 §3.3)."""
    root = ROOTS["rsa"]
    plain = parsed(root.issue("u", key="ec"))
    long, short = _signed(root, _SALT_32, 32), _signed(root, _SALT_20, 20)
    unrestricted, restricted = _pss_key(root, b""), _pss_key(root, _SALT_32)
    assert signature_state(plain, parsed(root)) is True
    assert signature_state(plain, unrestricted) is None
    assert [signature_state(leaf, unrestricted) for leaf in (long, short)] == [True, True]
    assert [signature_state(leaf, restricted) for leaf in (long, short)] == [True, None]
