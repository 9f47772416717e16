"""Rules about hashes, issuers, serial numbers and extensions (rows C16, D11, D12 and E12 of the threat model)."""

import dataclasses
from typing import Any

import pytest

from clientcert.core.certificate import parse_certificate
from clientcert.core.identity import ClientIdentity, EvidenceLevel
from clientcert.core.limits import Limits
from clientcert.core.policy import Answer, Rule, deny, extension, fingerprint, issued_by, ou, serial, spki
from clientcert.errors import ConfigurationError
from clientcert.testing.asn1 import tlv
from tests.core.policy_clients import by_proxy, client, private_extension, proof
from tests.material import AUTHORITY, INTERMEDIATE

YES, NO, CANNOT_TELL = Answer.YES, Answer.NO, Answer.CANNOT_TELL

OID = "1.3.6.1.4.1.55555.1"
ALICE = client(("CN", "alice"), serial_number=0x1001, extra_extensions=[private_extension(OID, tlv(0x0C, b"prod"))])
RAW = client(("CN", "raw"), extra_extensions=[private_extension(OID, b"prod")])
BELOW = client(("CN", "ben"), serial_number=0x1001, authority=INTERMEDIATE)
PROXIED = by_proxy(("CN", "alice"))
CA = parse_certificate(AUTHORITY.issued.der, limits=Limits())
CA_KEY = CA.spki_sha256
IMPOSTOR_KEY = parse_certificate(AUTHORITY.impostor().issued.der, limits=Limits()).spki_sha256
OTHER = "0" * 64


def _of(identity: ClientIdentity, **changes: Any) -> ClientIdentity:
    return dataclasses.replace(identity, **changes)


# Nobody looks for the issuer of a pinned certificate: its own key stands in the place.
PINNED = _of(ALICE, issuer_key_id=ALICE.spki_sha256, chain=ALICE.chain[:1])
SELF_SIGNED = _of(PINNED, issuer=ALICE.subject)
UNANCHORED = _of(ALICE, issuer_key_id=None, chain=ALICE.chain[:1], evidence=proof(EvidenceLevel.PROXY_VERDICT))

ANSWERS: dict[str, tuple[Rule, ClientIdentity, Answer]] = {
    "spki": (spki(str(ALICE.spki_sha256)), ALICE, YES),
    "spki-other": (spki(OTHER), ALICE, NO),
    "spki-second": (spki(OTHER, str(ALICE.spki_sha256)), ALICE, YES),
    "spki-by-proxy": (spki(OTHER), PROXIED, CANNOT_TELL),
    "issued-by-key": (issued_by(CA_KEY), ALICE, YES),
    "issued-by-pem": (issued_by(AUTHORITY.pem), ALICE, YES),
    "issued-by-der": (issued_by(AUTHORITY.issued.der), ALICE, YES),
    "issued-by-object": (issued_by(AUTHORITY.issued.certificate), ALICE, YES),
    "issued-by-parsed": (issued_by(CA), ALICE, YES),
    "issued-by-second": (issued_by(OTHER, CA), ALICE, YES),
    "issued-by-other": (issued_by(OTHER), ALICE, NO),
    "issued-by-intermediate": (issued_by(INTERMEDIATE.pem), BELOW, YES),
    "issued-by-root-above": (issued_by(AUTHORITY.pem), BELOW, YES),
    "issued-by-itself": (issued_by(str(BELOW.spki_sha256)), BELOW, NO),
    "c16-same-name-other-key": (issued_by(IMPOSTOR_KEY), ALICE, NO),
    "issued-by-of-the-proxys-verdict": (issued_by(CA), UNANCHORED, CANNOT_TELL),
    "issued-by-of-a-pin": (issued_by(CA), PINNED, CANNOT_TELL),
    "issued-by-of-a-self-signed-pin": (issued_by(CA), SELF_SIGNED, NO),
    "issued-by-without-path": (issued_by(OTHER), _of(ALICE, chain=()), CANNOT_TELL),
    "serial": (serial(CA, 0x1001), ALICE, YES),
    "serial-second": (serial(CA, 7, 0x1001), ALICE, YES),
    "serial-other": (serial(CA, 0x1002), ALICE, NO),
    "d11-serial-of-another-issuer": (serial(OTHER, 0x1001), ALICE, NO),
    "c16-serial-of-a-namesake": (serial(IMPOSTOR_KEY, 0x1001), ALICE, NO),
    "serial-of-the-root-above": (serial(CA, 0x1001), BELOW, NO),
    "serial-of-the-proxys-verdict": (serial(CA, 0x1001), UNANCHORED, CANNOT_TELL),
    "serial-by-proxy": (serial(CA, 0x1001), PROXIED, CANNOT_TELL),
    "serial-of-a-pin": (serial(CA, 0x1001), PINNED, CANNOT_TELL),
    "serial-of-a-self-signed-pin": (serial(CA, 0x1001), SELF_SIGNED, NO),
    "extension-text": (extension(OID, "prod"), ALICE, YES),
    "extension-octets": (extension(OID, tlv(0x0C, b"prod")), ALICE, YES),
    "extension-second": (extension(OID, "dev", "prod"), ALICE, YES),
    "extension-other-text": (extension(OID, "dev"), ALICE, NO),
    "extension-other-octets": (extension(OID, b"prod"), ALICE, NO),
    "extension-other-case": (extension(OID, "Prod"), ALICE, CANNOT_TELL),
    "extension-missing": (extension("1.2.3.4", "prod"), ALICE, CANNOT_TELL),
    "extension-of-a-kind-we-know": (extension("2.5.29.15", bytes.fromhex("03020780")), ALICE, YES),
    "extension-that-is-no-text": (extension("2.5.29.15", "x"), ALICE, NO),
    "extension-raw": (extension(OID, b"prod"), RAW, YES),
    "extension-raw-as-text": (extension(OID, "prod"), RAW, NO),
    "extension-by-proxy": (extension(OID, "prod"), PROXIED, CANNOT_TELL),
    "extension-of-version-1": (extension(OID, "prod"), client(("CN", "old"), version=1), CANNOT_TELL),
}


@pytest.mark.parametrize(("rule", "identity", "answer"), ANSWERS.values(), ids=ANSWERS)
def test_answers(rule: Rule, identity: ClientIdentity, answer: Answer) -> None:
    """A rule matches what only the key's owner or the very CA can have, and cannot tell where nobody looked."""
    assert rule.check(identity).answer is answer
    assert (~rule).check(identity).answer is answer.opposite
    assert rule.check(None).answer is CANNOT_TELL


def test_e12_fingerprint_allows() -> None:
    """A fingerprint allows the one certificate, and cannot tell without it."""
    rule = fingerprint(OTHER, str(ALICE.fingerprint_sha256))
    assert rule.check(ALICE).answer is YES
    assert rule.check(BELOW).answer is NO
    assert rule.check(PROXIED).answer is CANNOT_TELL
    assert rule.check(None).answer is CANNOT_TELL


@pytest.mark.parametrize(
    "rule",
    [fingerprint(OTHER), fingerprint(OTHER) | ou("a"), ou("a") & (ou("b") | fingerprint(OTHER))],
    ids=["alone", "beside-another", "deep-inside"],
)
def test_e12_fingerprint_never_denies(rule: Rule) -> None:
    """Whatever contains a fingerprint cannot be negated: ECDSA signatures can be varied by anybody."""
    with pytest.raises(ConfigurationError, match=r"allow, never deny.*serial\(issuer, number\)"):
        _ = ~rule
    with pytest.raises(ConfigurationError, match="allow, never deny"):
        deny(ou("c"), rule)


HASHES: dict[str, tuple[tuple[Any, ...], str]] = {
    "nothing": ((), "give at least one"),
    "none": ((None,), "one by one"),
    "empty": (("",), "wanted 64 lower-case hex digits"),
    "d12-sha-1": (("a9993e364706816aba3e25717850c26c9cd0d89d",), "SHA-1 identifies nothing"),
    "d12-sha-1-with-colons": ((":".join(["a9"] * 20),), "SHA-1 identifies nothing"),
    "d12-upper-case": (("AB" * 32,), "write it as 'abab"),
    "d12-colons": ((":".join(["ab"] * 32),), "write it as 'abab"),
    "d12-space": ((" " + "ab" * 32,), "write it as 'abab"),
    "truncated": (("ab" * 16,), "wanted 64"),
    "not-hex": (("zz" * 32,), "wanted 64"),
    "not-hex-of-sha-1s-length": (("zz" * 20,), "wanted 64"),
    "full-width-digits": (("\uff11" * 64,), "wanted 64"),
}


@pytest.mark.parametrize(("values", "message"), HASHES.values(), ids=HASHES)
@pytest.mark.parametrize("rule", [fingerprint, spki, issued_by])
def test_d12_hash_refused(rule: Any, values: tuple[Any, ...], message: str) -> None:
    """Only the SHA-256 in its one text form is taken."""
    with pytest.raises(ConfigurationError, match=message):
        rule(*values)


@pytest.mark.parametrize("make", [issued_by, lambda issuer: serial(issuer, 1)], ids=["issued_by", "serial"])
@pytest.mark.parametrize(
    ("issuer", "message"),
    {
        "d11-name": ("CN=Clients CA,O=Example", "identifies nothing"),
        "number": (7, "one by one"),
        "two-certificates": (AUTHORITY.pem + INTERMEDIATE.pem, "2 certificates"),
        "not-a-certificate": (b"x", "neither PEM nor DER"),
    }.values(),
    ids=["d11-name", "number", "two-certificates", "not-a-certificate"],
)
def test_d11_issuer_refused(make: Any, issuer: Any, message: str) -> None:
    """An issuer is a key, never a name that any CA may have."""
    with pytest.raises(ConfigurationError, match=message):
        make(issuer)


@pytest.mark.parametrize("numbers", [(), (0,), (-1,), (True,), ("1",), (None,), (1, 0)], ids=repr)
def test_serial_number_refused(numbers: tuple[Any, ...]) -> None:
    """Serial numbers are positive integers, and at least one of them."""
    with pytest.raises(ConfigurationError, match="serial"):
        serial(CA, *numbers)


@pytest.mark.parametrize(
    ("oid", "values", "message"),
    [
        ("subjectAltName", ("a",), "is not an OID"),
        (None, ("a",), "is not an OID"),
        (OID, (), "give at least one"),
        (OID, (b"",), "no octets"),
        (OID, ("",), "empty text"),
        (OID, (7,), "one by one"),
        (OID, ("a*",), "wildcard"),
    ],
)
def test_extension_refused(oid: Any, values: tuple[Any, ...], message: str) -> None:
    """An extension rule needs an OID and values that an extension can have."""
    with pytest.raises(ConfigurationError, match=message):
        extension(oid, *values)


def test_wanted_is_shown() -> None:
    """Explanations show numbers with their issuer, and octets as hex."""
    assert serial(CA, 7).check(ALICE).summary == (
        f'serial: no, got "0x1001 of {CA_KEY[:16]}...", wanted "0x7 of {CA_KEY[:16]}..."'
    )
    assert extension("2.5.29.15", b"\x01").check(ALICE).summary == (
        'extension: no, 2.5.29.15, got "03020780", wanted "01"'
    )
    assert issued_by(OTHER).check(ALICE).summary == f'issued_by: no, got "{CA_KEY}", wanted "{OTHER}"'
    assert spki(OTHER).check(ALICE).rule.wanted == (OTHER,)
