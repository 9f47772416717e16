"""
The plain root recognised at a glance, so that a bundle of thousands is read in a tenth of a second.

Nearly every root made in the last twenty years looks the same: version 3, one name twice, a usual key, and four
extensions at most. Such a one is read here as far as a start needs it; its name and the form of everything are checked
as always, and what is left for later is to decode its key and to compute its self-signature. Whatever looks in any way
different is not for this module: `parse_ca_certificate` reads it, and says what is wrong.
"""

from functools import lru_cache
from hashlib import sha256
from typing import Final

from cryptography.x509 import load_der_x509_certificate

from clientcert.core import extensions as ext
from clientcert.core.certificate import hostile_der
from clientcert.core.general_names import read_name_and_form
from clientcert.core.verification.authority import Authority
from clientcert.errors import ClientCertError

_VERSION_3 = bytes.fromhex("a003020102")
_KEY_CERT_SIGN = 1 << 5
_MAX_CACHED_BYTES = 64

# subjectKeyIdentifier and authorityKeyIdentifier up to the identifier itself, where that is a SHA-1.
_SUBJECT_KEY_ID = bytes.fromhex("301d0603551d0e04160414")
_AUTHORITY_KEY_ID = bytes.fromhex("301f0603551d23041830168014")
_KEY_ID_OCTETS = 20

# subjectPublicKeyInfo with a named curve and a whole point, by its length in octets: P-256, P-384, P-521.
_EC_KEYS: Final = {
    91: bytes.fromhex("3059301306072a8648ce3d020106082a8648ce3d03010703420004"),
    120: bytes.fromhex("3076301006072a8648ce3d020106052b8104002203620004"),
    158: bytes.fromhex("30819b301006072a8648ce3d020106052b810400230381860004"),
}
# The same for RSA of 2048, 3072 and 4096 bits, up to the modulus; then the end of it for the exponent 65537.
_RSA_KEYS: Final = {
    294: bytes.fromhex("30820122300d06092a864886f70d01010105000382010f003082010a0282010100"),
    422: bytes.fromhex("308201a2300d06092a864886f70d01010105000382018f003082018a0282018100"),
    550: bytes.fromhex("30820222300d06092a864886f70d01010105000382020f003082020a0282020100"),
}
_RSA_END = bytes.fromhex("0203010001")


def find_plain_root(der: bytes) -> Authority | None:
    """
    Recognise a root that is an anchor, and sound in every profile; None for everything else.

    Args:
        der: One certificate, or whatever an operator's file had in its place.

    Checked here: everything that `parse_ca_certificate`, `rules.check_ca` and `TrustStore.load` check of such a
    certificate, but for its key's number and its signature, which `Authority.certificate` checks.
    """
    try:
        # For a fault of any kind there is somebody else to name it.
        with hostile_der():
            return _recognise(der)
    except ClientCertError:
        return None


def _recognise(der: bytes) -> Authority | None:
    """Walk without a check of bounds or lengths: what is found counts only if cryptography finds the same structure."""
    start = _content(der, _content(der, 0))
    if not der.startswith(_VERSION_3, start):
        return None
    serial = start + len(_VERSION_3)
    algorithm = _end(der, serial)
    issuer = _end(der, algorithm)
    validity = _end(der, issuer)
    subject = _end(der, validity)
    key = _end(der, subject)
    extensions = _end(der, key)
    end = _end(der, extensions)
    name, spki = der[subject:key], der[key:extensions]
    is_plain = (
        # cryptography warns of the serial numbers 0 and below, and of long ones.
        0 < der[serial + 2] < 0x80  # noqa: PLR2004 - the sign
        and der[issuer:validity] == name
        and der.startswith(der[algorithm:issuer], end)
        and _is_usual_key(spki)
        and der[extensions] == 0xA3  # noqa: PLR2004 - [3] EXPLICIT
        and _are_plain(der, _content(der, extensions), end)
    )
    if not is_plain:
        return None
    x509 = load_der_x509_certificate(der)
    # For their form.
    _ = x509.not_valid_before_utc, x509.not_valid_after_utc
    read, canonical = read_name_and_form(name)
    return Authority(
        der=der,
        x509=x509,
        subject=read,
        subject_canonical=canonical,
        spki_sha256=sha256(spki).hexdigest(),
    )


def _content(der: bytes, start: int) -> int:
    """Index of the first octet of an element's content."""
    length = der[start + 1]
    return start + 2 + (length & 0x7F if length & 0x80 else 0)


def _end(der: bytes, start: int) -> int:
    """Index after an element."""
    length = der[start + 1]
    if length < 0x80:  # noqa: PLR2004 - the short form
        return start + 2 + length
    content = start + 2 + (length & 0x7F)
    return content + int.from_bytes(der[start + 2 : content])


def _is_usual_key(spki: bytes) -> bool:
    size = len(spki)
    if size in _EC_KEYS:
        return spki.startswith(_EC_KEYS[size])
    prefix = _RSA_KEYS.get(size)
    # The highest bit: the modulus has as many bits as it has room for.
    return prefix is not None and spki.startswith(prefix) and spki[len(prefix)] >> 7 == 1 and spki.endswith(_RSA_END)


def _are_plain(der: bytes, sequence: int, end: int) -> bool:
    """Say that a CA's basicConstraints is there, and beside it at most a keyUsage and a key identifier of its own."""
    found: dict[str, bytes] = {}
    start = _content(der, sequence)
    while start < end:
        after = _end(der, start)
        element = der[start:after]
        kind = _kind(element)
        if not kind or kind in found:
            return False
        found[kind] = element[-_KEY_ID_OCTETS:]
        start = after
    own = found.get(ext.SUBJECT_KEY_ID)
    return ext.BASIC_CONSTRAINTS in found and found.get(ext.AUTHORITY_KEY_ID, own) == own


def _kind(element: bytes) -> str:
    """The OID of one of those four, where it says what a root's says; else empty."""
    if element.startswith(_SUBJECT_KEY_ID):
        return ext.SUBJECT_KEY_ID
    if element.startswith(_AUTHORITY_KEY_ID):
        return ext.AUTHORITY_KEY_ID
    return _usual_kind(element) if len(element) <= _MAX_CACHED_BYTES else ""


@lru_cache(maxsize=64)
def _usual_kind(element: bytes) -> str:
    found = ext.read_extensions(element, 0, len(element))
    if found.basic_constraints is not None and found.basic_constraints.ca:
        return ext.BASIC_CONSTRAINTS
    if found.key_usage is not None and found.key_usage & _KEY_CERT_SIGN:
        return ext.KEY_USAGE
    return ""
