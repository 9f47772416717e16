"""Envoy's X-Forwarded-Client-Cert as text: one element, one certificate, nothing else (rows X1 to X6)."""

from hashlib import sha256
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clientcert.core.encodings.pem import encode_escaped_pem, encode_escaped_pem_chain
from clientcert.core.encodings.xfcc import xfcc_encoding
from clientcert.core.encodings.xfcc_text import Element, split_elements
from clientcert.errors import ClientCertError, EncodingError, Reason
from tests.material import ADMIN, ALICE, BEN, INTERMEDIATE

HASH = ALICE.fingerprint_sha256
CERT = encode_escaped_pem(ALICE.der).decode()
OWN = f'Hash={HASH};Cert="{CERT}"'
"""The element of Alice's hop."""
ADMINS = f'Hash={ADMIN.fingerprint_sha256};Cert="{encode_escaped_pem(ADMIN.der).decode()}"'


def text(value: str, **options: Any) -> tuple[bytes, ...] | Reason:
    """What the text form makes of a value: certificates, or the reason to refuse."""
    try:
        return xfcc_encoding(**options).decode(value.encode("latin-1"))
    except ClientCertError as error:
        return error.reason


ACCEPTED: dict[str, str] = {
    "as-recommended": OWN,
    "every-field": f'By=spiffe://example.org/gw;By=urn:second;{OWN};Chain="{CERT}";Subject="CN=alice,O=Example";'
    'URI=spiffe://prod.example/alice;URI=;DNS=alice.example;DNS=*.example;Issuer="CN=Clients CA,O=Example"',
    "container-apps-ends-with-a-semicolon": f'{OWN};Chain="{CERT}";',
    "keys-in-any-case": f'HASH={HASH};cert="{CERT}"',
    "values-without-quotes": f"Hash={HASH};Cert={CERT}",
    "empty-values": f'{OWN};URI=;Subject="";DNS=',
    "unknown-key": f"{OWN};Pin=x",
    "subject-with-every-escape": rf'{OWN};Subject="CN=a\"\\\,\+\;\<\>\#\=\ \C3\BC\0D\0A\00b,O=x"',
    "delimiters-inside-quotes": f'{OWN};Subject="CN=a,Hash=1;Cert=2,By=3"',
    "equals-in-a-raw-value": f"{OWN};URI=https://example.org/?a=b",
    "spaces-before-the-element": f"  {OWN}",
}


@pytest.mark.parametrize("value", ACCEPTED.values(), ids=ACCEPTED)
def test_accepted(value: str) -> None:
    """The certificate of the one element counts, whatever else the element says."""
    assert text(value) == (ALICE.der,)


REFUSED: dict[str, tuple[str, Reason]] = {
    "x1-forged-first-element": (f"{ADMINS},{OWN}", Reason.DUPLICATE_HEADER),
    "x1-forged-last-element": (f"{OWN},{ADMINS}", Reason.DUPLICATE_HEADER),
    "x1-joined-with-a-space": (f"{ADMINS}, {OWN}", Reason.DUPLICATE_HEADER),
    "x1-comma-in-a-uri": (f"{OWN};URI=spiffe://example.org/a,Hash=0", Reason.DUPLICATE_HEADER),
    "x1-comma-in-by": (f"By=x,Hash=1;{OWN}", Reason.DUPLICATE_HEADER),
    "x1-trailing-comma": (f"{OWN},", Reason.ENCODING_MALFORMED),
    "x1-leading-comma": (f",{OWN}", Reason.ENCODING_MALFORMED),
    "x2-quote-never-closed": (f'Hash=1;Subject="CN=unterminated,{OWN}', Reason.ENCODING_MALFORMED),
    "x2-quote-never-closed-at-all": (f'{OWN};Subject="CN=unterminated', Reason.ENCODING_MALFORMED),
    "x2-escaped-closing-quote": (rf'{OWN};Subject="CN=a\"', Reason.ENCODING_MALFORMED),
    "x2-quote-inside-a-raw-value": (f'{OWN};URI=spiffe://example.org/q"uote', Reason.ENCODING_MALFORMED),
    "x2-quote-at-the-end-of-a-raw-value": (f'{OWN};URI=a"', Reason.ENCODING_MALFORMED),
    "x2-text-behind-a-closing-quote": (f'{OWN};Subject="CN=a"b', Reason.ENCODING_MALFORMED),
    "x2-unknown-escape": (rf'{OWN};Subject="CN=a\n"', Reason.ENCODING_MALFORMED),
    "x2-half-a-hexadecimal-escape": (rf'{OWN};Subject="CN=a\0"', Reason.ENCODING_MALFORMED),
    "x2-backslash-at-the-end": (f'{OWN};Subject="CN=a\\', Reason.ENCODING_MALFORMED),
    "x3-two-hashes": (f"Hash={HASH};{OWN}", Reason.ENCODING_MALFORMED),
    "x3-two-certs": (f'{OWN};Cert="{CERT}"', Reason.ENCODING_MALFORMED),
    "x3-second-cert-in-another-case": (f'{OWN};cert="{CERT}"', Reason.ENCODING_MALFORMED),
    "x3-two-chains": (f'{OWN};Chain="{CERT}";Chain="{CERT}"', Reason.ENCODING_MALFORMED),
    "x3-two-subjects": (f'{OWN};Subject="CN=a";Subject="CN=b"', Reason.ENCODING_MALFORMED),
    "x3-two-issuers": (f'{OWN};Issuer="CN=a";Issuer="CN=b"', Reason.ENCODING_MALFORMED),
    "x3-semicolon-in-a-uri": (f"{OWN};URI=a;Hash={'0' * 64}", Reason.ENCODING_MALFORMED),
    "x3-hash-of-another": (f'Hash={ADMIN.fingerprint_sha256};Cert="{CERT}"', Reason.EVIDENCE_MISMATCH),
    "x3-hash-in-upper-case": (f'Hash={HASH.upper()};Cert="{CERT}"', Reason.EVIDENCE_MISSING),
    "x3-hash-missing": (f'Cert="{CERT}"', Reason.EVIDENCE_MISSING),
    "x3-hash-empty": (f'Hash=;Cert="{CERT}"', Reason.EVIDENCE_MISSING),
    "x3-hash-too-short": (f'Hash={HASH[:-1]};Cert="{CERT}"', Reason.EVIDENCE_MISSING),
    "x3-chain-of-another": (
        f'{OWN};Chain="{encode_escaped_pem(ADMIN.der).decode()}"',
        Reason.EVIDENCE_MISMATCH,
    ),
    "x4-without-cert": (f'Hash={HASH};Subject="CN=admin";URI=spiffe://example.org/admin', Reason.EVIDENCE_MISSING),
    "x4-chain-without-cert": (f'Hash={HASH};Chain="{CERT}"', Reason.EVIDENCE_MISSING),
    "x6-json-where-text-is-declared": ('[{"hash":"00"}]', Reason.ENCODING_MALFORMED),
    "e1-two-certificates-in-cert": (
        f'Hash={HASH};Cert="{encode_escaped_pem_chain((ALICE.der, ADMIN.der)).decode()}"',
        Reason.ENCODING_MALFORMED,
    ),
    "e3-private-key-in-cert": (f'Hash={HASH};Cert="-----BEGIN%20PRIVATE%20KEY-----%0A"', Reason.PRIVATE_KEY_SENT),
    "e14-empty-cert": (f'Hash={HASH};Cert=""', Reason.ENCODING_MALFORMED),
    "empty": ("", Reason.ENCODING_MALFORMED),
    "spaces": ("   ", Reason.ENCODING_MALFORMED),
    "key-without-value": (f"{OWN};By", Reason.ENCODING_MALFORMED),
    "empty-pair": (f"{OWN};;URI=", Reason.ENCODING_MALFORMED),
    "empty-key": (f"{OWN};=x", Reason.ENCODING_MALFORMED),
    "space-in-a-key": (f"{OWN}; URI=x", Reason.ENCODING_MALFORMED),
    "semicolon-alone": (";", Reason.ENCODING_MALFORMED),
    "base64-der": ("MIIB", Reason.ENCODING_MALFORMED),
}


@pytest.mark.parametrize(("value", "reason"), REFUSED.values(), ids=REFUSED)
def test_refused(value: str, reason: Reason) -> None:
    """More than one element, a broken one, or evidence in it that does not agree, is refused."""
    assert text(value) is reason


def test_chain_follows_the_leaf() -> None:
    """What else the client presented comes behind its certificate, once."""
    chain = encode_escaped_pem_chain((BEN.der, INTERMEDIATE.der)).decode()
    value = f'Hash={BEN.fingerprint_sha256};Cert="{encode_escaped_pem(BEN.der).decode()}";Chain="{chain}"'
    assert text(value) == (BEN.der, INTERMEDIATE.der)


EDGE = f'By=spiffe://a/gw;{OWN};Subject="CN=alice"'
INNER = f'Hash={"1" * 64};Subject="CN=edge"'
CLIENTS = f'{ADMINS};Subject="CN=admin"'

HOPS: dict[str, tuple[str, int, tuple[bytes, ...] | Reason]] = {
    "x1-one-hop": (EDGE, 1, (ALICE.der,)),
    "x1-one-hop-and-the-clients-own": (f"{CLIENTS},{EDGE}", 1, (ALICE.der,)),
    "x1-two-hops": (f"{EDGE},{INNER}", 2, (ALICE.der,)),
    "x1-two-hops-and-the-clients-own": (f"{CLIENTS},{EDGE},{INNER}", 2, (ALICE.der,)),
    "x1-two-hops-and-two-of-the-clients": (f"{CLIENTS}, {CLIENTS}, {EDGE}, {INNER}", 2, (ALICE.der,)),
    "x1-two-hops-that-end-in-uris": (f"{EDGE};URI=spiffe://a/b,{INNER};URI=", 2, (ALICE.der,)),
    "x1-a-hop-missing": (EDGE, 2, Reason.EVIDENCE_MISSING),
    "x1-client-reaches-the-inner-hop": (f"{CLIENTS},{INNER}", 1, Reason.EVIDENCE_MISSING),
    "x1-broken-element-of-the-client": (f"x,{EDGE}", 1, Reason.ENCODING_MALFORMED),
    # Mallory's certificate has the URI `x,Hash=…;Cert="…"`: what follows the comma is text of hers.
    "x1-injected-last": (f"{OWN};URI=x,{ADMINS}", 1, Reason.DUPLICATE_HEADER),
    "x1-injected-behind-another-injected": (f"{OWN};DNS=x,Hash=0,{ADMINS}", 1, Reason.DUPLICATE_HEADER),
    "x1-injected-in-the-middle": (f"{OWN};URI=x,{ADMINS},{INNER}", 2, Reason.DUPLICATE_HEADER),
    "x1-clients-own-ends-in-a-uri": (f"{CLIENTS};URI=x,{EDGE}", 1, Reason.DUPLICATE_HEADER),
}


@pytest.mark.parametrize(("value", "hops", "found"), HOPS.values(), ids=HOPS)
def test_trusted_hops(value: str, hops: int, found: tuple[bytes, ...] | Reason) -> None:
    """Of the trusted hops the outermost counts, and no comma that may be a certificate's own moves it."""
    assert text(value, trusted_hops=hops) == found


JUNK = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=30)


@given(JUNK, st.integers(1, 3))
def test_x1_nothing_on_the_left_changes_who_it_is(junk: str, hops: int) -> None:
    """Whatever stands left of the trusted hops' elements, it is Alice or nobody."""
    trusted = ",".join([EDGE, *[INNER] * (hops - 1)])
    assert text(f"{junk},{trusted}", trusted_hops=hops) in ((ALICE.der,), *Reason)


@given(JUNK)
def test_x2_nothing_in_a_uri_changes_who_it_is(uri: str) -> None:
    """Whatever the names of Alice's certificate say, it is Alice or nobody."""
    for value in (f"{OWN};URI={uri}", f"By={uri};{OWN}", f"{OWN};URI={uri};DNS=a"):
        assert text(value) in ((ALICE.der,), *Reason)
    assert text(f"{OWN};URI={uri},{ADMINS}", trusted_hops=1) != (ADMIN.der,)


@given(JUNK, st.sampled_from(["Subject", "Issuer"]))
def test_x2_quoted_text_stays_in_its_quotes(name: str, key: str) -> None:
    """A name that Envoy has quoted can hold every delimiter without becoming one."""
    quoted = "".join("\\" + char if char in '"\\' else char for char in name)
    assert text(f'{OWN};{key}="{quoted}"') == (ALICE.der,)


@given(st.lists(st.lists(st.tuples(st.sampled_from(["by", "x", "uri"]), JUNK), min_size=1), min_size=1))
def test_split_is_the_inverse_of_joining(elements: list[list[tuple[str, str]]]) -> None:
    """Elements whose values are quoted are split into what they were joined from."""
    quoted = [
        [(key, "".join("\\" + char if char in '"\\' else char for char in value)) for key, value in pairs]
        for pairs in elements
    ]
    joined = ",".join(";".join(f'{key}="{value}"' for key, value in pairs) for pairs in quoted)
    assert split_elements(joined.encode()) == tuple(
        Element(pairs=tuple((key.encode(), value.encode()) for key, value in pairs)) for pairs in quoted
    )


def test_round_trip() -> None:
    """What we write as Envoy, Envoy's other reader and this one take back."""
    for der in (ALICE.der, b"\x30\x03\xfb\xef\xff" * 9):
        for is_json in (False, True):
            encoding = xfcc_encoding(is_json=is_json)
            assert encoding.decode(encoding.encode((der,))) == (der,)
            assert sha256(der).hexdigest().encode() in encoding.encode((der,))


def test_refusals_show_little() -> None:
    """A refused value is shown as far as a PEM marker reaches, and no further."""
    with pytest.raises(EncodingError) as caught:
        xfcc_encoding().decode(f'{OWN};Subject="'.encode())
    assert CERT[40:60] not in str(caught.value)
