"""Revocation lists: what is read, and what is refused while loading."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.x509.oid import NameOID

from clientcert.core.verification import TrustStore
from clientcert.core.verification.crl import read_crl
from clientcert.core.verification.crl_bundle import split_crls
from clientcert.core.verification.revocation import Good, Revoked, Unknown
from clientcert.errors import ConfigurationError
from clientcert.testing import Revoked as Entry
from clientcert.testing import make_key
from clientcert.testing.asn1 import integer, sequence, time, tlv
from clientcert.testing.signing import algorithm_identifier
from tests.core.verification.kit import NOW, authority
from tests.core.verification.revocation_kit import (
    ALICE,
    BELOW,
    BOB,
    DATE,
    HOUR,
    ISSUING,
    ROOT,
    ask,
    crl,
    entry,
    hand_made,
    load,
    plain_extension,
    scope,
)

DAY = 24 * HOUR
SECOND = timedelta(seconds=1)
URL = x509.UniformResourceIdentifier("http://crl.example/ca.crl")
OTHER_URL = x509.UniformResourceIdentifier("http://crl.example/other.crl")
RELATIVE = x509.RelativeDistinguishedName([x509.NameAttribute(NameOID.COMMON_NAME, "point")])
FULL = x509.DirectoryName(
    x509.Name(
        [x509.NameAttribute(NameOID.COMMON_NAME, "revoking  ca"), x509.NameAttribute(NameOID.COMMON_NAME, "POINT")]
    )
)
COMPROMISE = frozenset({x509.ReasonFlags.key_compromise})
NUMBER, DELTA, IDP = "2.5.29.20", "2.5.29.27", "2.5.29.28"


def test_revoked_and_good() -> None:
    """A certificate on the list is revoked, with reason and date; its twin that is not on it is good."""
    checker = load(crl(Entry(serial_number=0x1001, at=-DAY, reason="keyCompromise"), number=7))
    assert ask(checker, ALICE).status == Revoked(
        source="CRL 7 of 2026-11-21T22:00:00Z", reason="keyCompromise", when=NOW - DAY
    )
    answer = ask(checker, BOB)
    assert answer.status == Good(source="CRL 7 of 2026-11-21T22:00:00Z")
    assert answer.valid_until == NOW + 7 * DAY
    assert checker.next_update == NOW + 7 * DAY
    assert checker.describe() == (
        "CRL 7 of 2026-11-21T22:00:00Z by 'CN=Revoking CA', 1 entries, next update 2026-11-28T23:00:00Z",
    )


def test_serial_numbers_of_another_issuer() -> None:
    """A serial number that another CA has revoked says nothing; a CA without a list is unknown."""
    checker = load(crl(0x2001))
    status = ask(checker, BELOW, ISSUING).status
    assert isinstance(status, Unknown)
    assert "no CRL of 'CN=Issuing CA'" in status.why
    both = load(crl(0x2001), crl(ca=ISSUING))
    assert isinstance(ask(both, BELOW, ISSUING).status, Good)
    assert isinstance(ask(load(crl(0x2001, ca=ISSUING)), BELOW, ISSUING).status, Revoked)


def test_same_name_and_another_key() -> None:
    """Of two CAs with one name, each has its own list."""
    twin = ROOT.impostor()
    both = TrustStore.load([ROOT.der, twin.der])
    checker = load(crl(), store=both)
    assert isinstance(ask(checker, BOB, ROOT).status, Good)
    assert isinstance(ask(checker, twin.issue("x"), twin).status, Unknown)
    checker = load(crl(), crl(0x1002, ca=twin), store=both)
    assert isinstance(ask(checker, BOB, ROOT).status, Good)
    assert isinstance(ask(checker, twin.issue("x", serial_number=0x1002), twin).status, Revoked)


@pytest.mark.parametrize("key", ["rsa", "ec-p384", "ed25519", "ed448"])
@pytest.mark.parametrize("padding", ["pkcs1", "pss"])
def test_keys(key: str, padding: str) -> None:
    """Lists of CAs with every kind of key are verified, and refused when the signature is another's."""
    ca = authority(f"CA {key}", key=key)
    store = TrustStore.load(ca.der)
    checker = load(crl(7, ca=ca, signature_padding=padding), store=store)
    assert isinstance(ask(checker, ca.issue("x", serial_number=7), ca).status, Revoked)
    for bad in ({"corrupt_signature": True}, {"signing_key": make_key()}, {"signing_key": make_key("ed25519")}):
        with pytest.raises(ConfigurationError, match="not signed by the key of"):
            load(crl(7, ca=ca, **bad), store=store)


@pytest.mark.parametrize("wrap", [lambda c: c, lambda c: b"# note\n" + c + b"\n", lambda c: c.replace(b"\n", b"\r\n")])
def test_forms_of_a_file(wrap: Callable[[bytes], bytes]) -> None:
    """DER, PEM with text and CRLF around it, and several lists in one file are the same lists."""
    pem = ROOT.crl([0x1001]).pem
    checker = load(wrap(pem + ISSUING.crl([0x2001]).pem))
    assert len(checker.lists) == 2
    assert isinstance(ask(checker, ALICE).status, Revoked)
    assert isinstance(ask(load(ROOT.crl([0x1001]).der), ALICE).status, Revoked)


PEM = ROOT.crl([0x1001]).pem


@pytest.mark.parametrize(
    ("octets", "text"),
    [
        pytest.param(b"", "is empty", id="empty"),
        pytest.param(b" \n", "is empty", id="blank"),
        pytest.param(b"hello", "neither PEM nor DER", id="text"),
        pytest.param(PEM[:-30], "damaged: 1 BEGIN lines, 0 END lines", id="cut-in-the-end-line"),
        pytest.param(PEM[:100], "damaged", id="half-written"),
        pytest.param(PEM + PEM[:100], "2 BEGIN lines, 1 END lines, 1 whole", id="second-half-written"),
        pytest.param(PEM.replace(b"A", b"!", 1), "damaged", id="not-base64"),
        pytest.param(PEM.replace(b"\n-----END", b"A\n-----END"), "damaged|not a revocation list", id="length"),
        pytest.param(ROOT.pem, "block 'CERTIFICATE'", id="certificate"),
        pytest.param(PEM + ROOT.issued.key_pem, "private key", id="key"),
        pytest.param(ROOT.der, "not a revocation list", id="certificate-der"),
        pytest.param(ROOT.crl([1]).der[:-1], "not a revocation list", id="der-cut"),
        pytest.param(ROOT.crl([1]).der + b"\x00", "nothing after it", id="der-and-more"),
    ],
)
def test_damaged_files(octets: bytes, text: str) -> None:
    """A file that is not whole refuses everything, and its name is in the text."""
    with pytest.raises(ConfigurationError, match=text) as info:
        load(octets)
    assert "file 1" in str(info.value)


def test_padding_that_is_cut() -> None:
    """PEM whose base64 is cut is damaged, not a shorter list."""
    with pytest.raises(ConfigurationError, match="damaged"):
        split_crls(b"-----BEGIN X509 CRL-----\nMIIBA\n-----END X509 CRL-----\n", "f")


def test_no_list_at_all() -> None:
    """Nothing is not a list that revokes nothing."""
    with pytest.raises(ConfigurationError, match="no revocation list"):
        load()


@pytest.mark.parametrize(
    ("encoded", "text"),
    [
        pytest.param(crl(delta_base=1), "delta lists", id="delta"),
        pytest.param(crl(issuing_distribution_point=scope(only="indirect")), "indirect lists", id="indirect"),
        pytest.param(crl(issuing_distribution_point=scope(reasons=COMPROMISE)), "some reasons only", id="reasons"),
        pytest.param(hand_made(revoked=sequence()), "empty revokedCertificates", id="empty-entries"),
        pytest.param(crl(1, version=1, number=1), "version 1 has extensions", id="version-1-extensions"),
        pytest.param(hand_made(version=2), "version is neither", id="version-3"),
        pytest.param(
            hand_made(extensions=(plain_extension("1.2.3.4", b"", critical=True),)),
            "critical extension 1.2.3.4",
            id="critical",
        ),
        pytest.param(hand_made(entry(integer(1), integer(1))), "serial number and a date", id="entry"),
        pytest.param(hand_made(dates=b""), "thisUpdate is not where", id="no-dates"),
        pytest.param(hand_made(dates=time(NOW) * 3), "unexpected elements", id="three-dates"),
        pytest.param(hand_made(more=b"\x05\x00"), "unexpected elements", id="trailing"),
        pytest.param(hand_made(dates=tlv(0x17, b"hello")), "not a revocation list in DER", id="dates"),
        pytest.param(
            hand_made(inner_algorithm=algorithm_identifier(make_key("ed25519"))),
            "differs from the one outside",
            id="algorithms",
        ),
        pytest.param(
            hand_made(extensions=(plain_extension(NUMBER, b"\x04\x00"),)), "cRLNumber is not an INTEGER", id="number"
        ),
        pytest.param(
            hand_made(extensions=(plain_extension(NUMBER, integer(1), critical=True),)),
            "critical cRLNumber",
            id="critical-number",
        ),
        pytest.param(hand_made(extensions=(plain_extension(IDP, b"\x05\x00"),)), "not one SEQUENCE", id="scope"),
        pytest.param(
            hand_made(extensions=(plain_extension(IDP, sequence(integer(1))),)), "unknown or", id="scope-field"
        ),
        pytest.param(
            hand_made(extensions=(plain_extension(IDP, sequence(tlv(0x81, b"\x01"))),)),
            "not a BOOLEAN",
            id="scope-flag",
        ),
        pytest.param(
            hand_made(extensions=(plain_extension(IDP, sequence(tlv(0x81, b"\xff") * 2)),)),
            "field twice",
            id="scope-twice",
        ),
        pytest.param(
            hand_made(extensions=(plain_extension(IDP, sequence(tlv(0xA0, integer(1)))),)),
            "neither a full",
            id="scope-name",
        ),
        pytest.param(
            hand_made(extensions=(plain_extension(IDP, sequence(tlv(0xA0, tlv(0xA1, b"\x05\x00")))),)),
            "not a revocation list",
            id="scope-relative-name",
        ),
        pytest.param(b"\x30\x03\x02\x01\x01", "to-be-signed part", id="integer"),
        pytest.param(b"\x30\x80\x00\x00", "indefinite", id="ber"),
    ],
)
def test_refused_lists(encoded: bytes, text: str) -> None:
    """A list that is malformed, or of a kind that is not used here, refuses everything and says so."""
    with pytest.raises(ConfigurationError, match=text):
        load(encoded)


def test_extensions_that_are_no_sequence() -> None:
    """The explicit tag of the extensions holds one SEQUENCE."""
    whole = hand_made(extensions=(plain_extension("1.2.3.4", b""),))
    with pytest.raises(ConfigurationError, match="extensions are not one SEQUENCE"):
        read_crl(whole.replace(b"\xa0\x0b\x30\x09", b"\xa0\x0b\x31\x09"))


@pytest.mark.parametrize(
    "encoded",
    [
        pytest.param(hand_made(entry(integer(0x1001), DATE)), id="hand-made"),
        pytest.param(hand_made(entry(integer(0x1001), DATE), version=None), id="version-1"),
        pytest.param(crl(0x1001, number=None, authority_key_identifier=None), id="no-extensions"),
        pytest.param(crl(0x1001, issuing_distribution_point=scope(only="user")), id="users"),
        pytest.param(
            hand_made(entry(integer(0x1001), DATE), extensions=(plain_extension("1.2.3.4", b"x"),)),
            id="unknown-extension",
        ),
    ],
)
def test_accepted_lists(encoded: bytes) -> None:
    """The twins of the refused lists are read."""
    assert isinstance(ask(load(encoded), ALICE).status, Revoked)
    assert isinstance(ask(load(encoded), BOB).status, Good)


def test_lists_without_number() -> None:
    """A list need not have a number, and says so in texts."""
    (only,) = load(hand_made()).lists
    assert str(only) == "CRL without number of 2026-11-21T22:00:00Z"
    (only,) = load(hand_made(extensions=(plain_extension(NUMBER, integer(8)),))).lists
    assert str(only) == "CRL 8 of 2026-11-21T22:00:00Z"


def test_issuer_that_is_not_configured() -> None:
    """A list of a CA that nobody trusts is a mistake of the operator's, and refuses everything."""
    stranger = authority("Stranger")
    with pytest.raises(ConfigurationError, match=r"file 2: CRL 1 of .* by 'CN=Stranger', which is not configured"):
        load(crl(), crl(ca=stranger))
    load(crl(), crl(ca=stranger), store=TrustStore.load([ROOT.der, stranger.der]))


def test_issuer_that_may_not_sign_lists() -> None:
    """A CA whose key usage has no cRLSign signs no lists; without key usage it may."""
    for usage, is_allowed in ((["keyCertSign"], False), (["keyCertSign", "cRLSign"], True), (None, True)):
        ca = authority("Some CA", key_usage=usage)
        store = TrustStore.load(ca.der)
        if is_allowed:
            load(crl(ca=ca), store=store)
        else:
            with pytest.raises(ConfigurationError, match="no cRLSign"):
                load(crl(ca=ca), store=store)


def test_key_identifier_of_another_key() -> None:
    """A list that names another key identifier than its signer's is refused; without identifiers the key decides."""
    with pytest.raises(ConfigurationError, match="not signed by the key"):
        load(crl(authority_key_identifier=b"another"))
    ca = authority("No SKI", subject_key_identifier=None)
    load(crl(ca=ca, authority_key_identifier=b"whatever"), store=TrustStore.load(ca.der))


def test_weak_signature() -> None:
    """A list signed with SHA-1 could be a forgery."""
    with pytest.raises(ConfigurationError, match="not signed with SHA-2"):
        load(crl(signature_hash="sha1"))
    load(crl(signature_hash="sha512"))
