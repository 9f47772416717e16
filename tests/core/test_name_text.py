"""Distinguished names as text: what real software printed, escapes, and the strict way back."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from clientcert.core.names import DistinguishedName
from clientcert.errors import NameSyntaxError, Reason
from tests.core.name_builders import CN, NAMES, PRINTED, RDNS, UID, UNKNOWN, C, O, Printed, check_texts, common, name


def test_printed_data_is_whole() -> None:
    """The table of observations holds at least the 165 values that were once reproduced, from five programs."""
    assert sum(printed.times for printed in PRINTED) >= 165
    assert {printed.by for printed in PRINTED} == {"openssl", "nginx", "haproxy", "apache", "envoy"}


@pytest.mark.parametrize("printed", PRINTED, ids=lambda printed: f"{printed.by}-{printed.name}")
def test_prints_as_real_software(printed: Printed) -> None:
    """The text of a name is octet for octet what the software printed."""
    observed = printed.text.encode("latin-1")
    assert getattr(DistinguishedName.from_der(NAMES[printed.name]), printed.dialect) == observed


@pytest.mark.parametrize("encoded", NAMES.values(), ids=NAMES)
def test_real_name_survives_its_text(encoded: bytes) -> None:
    """A real name and the one read back from its text are equal, exactly and canonically."""
    original = DistinguishedName.from_der(encoded)
    again = DistinguishedName.from_nginx(original.nginx)
    assert (again, again.canonical, again.rfc4514) == (original, original.canonical, original.rfc4514)


# value → OpenSSL text, RFC 4514 text
ESCAPES = {
    "plain": ("alice", b"alice", "alice"),
    "empty": ("", b"", ""),
    "specials": ('",+;<>\\', rb"\"\,\+\;\<\>\\", r"\"\,\+\;\<\>\\"),
    "not-special": ("a=b/c#d e", b"a=b/c#d e", "a=b/c#d e"),
    "hash-first": ("#a", rb"\#a", r"\#a"),
    "hash-alone": ("#", b"#", r"\#"),
    "hashes": ("##", rb"\##", r"\##"),
    "space-first": (" a", rb"\ a", r"\ a"),
    "space-last": ("a ", rb"a\ ", r"a\ "),
    "space-alone": (" ", rb"\ ", r"\ "),
    "two-spaces": ("  ", rb"\ \ ", r"\ \ "),
    "three-spaces": ("   ", rb"\  \ ", r"\  \ "),
    "backslash-last": ("a\\", rb"a\\", r"a\\"),
    "backslash-then-space": ("a\\ ", rb"a\\\ ", r"a\\\ "),
    "line-break": ("bob\r\nCN=admin", rb"bob\0D\0ACN=admin", r"bob\0D\0ACN=admin"),
    "nul": ("a\x00b", rb"a\00b", r"a\00b"),
    "delete": ("\x7f", rb"\7F", r"\7F"),
    "c1-control": ("\x85", rb"\C2\85", r"\C2\85"),
    "accent": ("é", rb"\C3\A9", "é"),
    "emoji": ("🦊", rb"\F0\9F\A6\8A", "🦊"),
    "no-break-space": ("\xa0", rb"\C2\A0", r"\C2\A0"),
    "soft-hyphen": ("\xad", rb"\C2\AD", r"\C2\AD"),
    "right-to-left-override": ("a\u202eb", rb"a\E2\80\AEb", r"a\E2\80\AEb"),
    "zero-width-space": ("\u200b", rb"\E2\80\8B", r"\E2\80\8B"),
    "isolate": ("\u2066", rb"\E2\81\A6", r"\E2\81\A6"),
    "line-separator": ("\u2028", rb"\E2\80\A8", r"\E2\80\A8"),
    "paragraph-separator": ("\u2029", rb"\E2\80\A9", r"\E2\80\A9"),
    "byte-order-mark": ("\ufeff", rb"\EF\BB\BF", r"\EF\BB\BF"),
    "private-use": ("\ue000", rb"\EE\80\80", r"\EE\80\80"),
    "tag-character": ("\U000e0041", rb"\F3\A0\81\81", r"\F3\A0\81\81"),
}


@pytest.mark.parametrize(("value", "nginx", "rfc4514"), ESCAPES.values(), ids=ESCAPES)
def test_escapes(value: str, nginx: bytes, rfc4514: str) -> None:
    """Each awkward value prints as OpenSSL and RFC 4514 want it, and reads back as itself."""
    dn = common(value)
    assert (dn.nginx, dn.rfc4514) == (b"CN=" + nginx, "CN=" + rfc4514)
    assert DistinguishedName.from_nginx(dn.nginx) == dn
    check_texts(dn)


def test_apache_leaves_utf8_raw() -> None:
    """Apache's variant escapes everything else alike but leaves UTF-8 as it is."""
    assert common("é,\n").apache == "CN=é\\,\\0A".encode()


def test_unknown_type_without_known_encoding_prints_as_utf8string() -> None:
    """An unknown type prints as hex; a text of unknown string type is taken for a UTF8String."""
    dn = name(((UNKNOWN, "hello"),))
    assert dn.rfc4514 == dn.nginx.decode() == "1.2.3.4.5=#0C0568656C6C6F"
    assert DistinguishedName.from_nginx(dn.nginx) == dn


def test_short_names_differ_in_street_only() -> None:
    """RFC 4514 writes STREET where OpenSSL writes street."""
    dn = name((("2.5.4.9", "1 Road"),))
    assert (dn.rfc4514, dn.nginx) == ("STREET=1 Road", b"street=1 Road")


def test_repr_is_quoted_rfc4514() -> None:
    """Neither repr nor str looks like a user name, and neither breaks the line."""
    assert repr(common("al\nice")) == str(common("al\nice")) == r"DistinguishedName('CN=al\\0Aice')"


NOT_OPENSSL_TEXT = {
    "no-equals": b"alice",
    "no-type": b"=alice",
    "lower-case-type": b"cn=alice",
    "unknown-short-name": b"LOGIN=alice",
    "rfc4514-street": b"STREET=1 Road",
    "space-before-type": b" CN=alice",
    "space-after-separator": b"CN=alice, O=Ex",
    "space-before-equals": b"CN =alice",
    "oid-prefix": b"OID.1.2.3=#0500",
    "known-type-as-oid": b"2.5.4.3=#0C0161",
    "oid-with-text": b"1.2.3.4.5=hello",
    "oid-with-empty-value": b"1.2.3.4.5=",
    "oid-with-lone-hash": b"1.2.3.4.5=#",
    "oid-leading-zero": b"1.02.3=#0500",
    "oid-one-arc": b"1=#0500",
    "oid-first-arc": b"3.1=#0500",
    "oid-second-arc": b"1.40.1=#0500",
    "oid-trailing-dot": b"1.2.=#0500",
    "oid-too-long": b"1.2" + b".1" * 39 + b"=#0500",
    "oid-high-octet": b"1.\xb2=#0500",
    "hex-lower-case": b"1.2.3.4.5=#0c0161",
    "hex-odd": b"1.2.3.4.5=#0C016",
    "hex-space": b"1.2.3.4.5=#0C 01 61",
    "hex-not-hex": b"1.2.3.4.5=#0C01GG",
    "hex-octets-after": b"1.2.3.4.5=#0C016100",
    "hex-not-minimal": b"1.2.3.4.5=#0C810161",
    "hex-invalid-utf8": b"1.2.3.4.5=#0C01FF",
    "hex-of-text-in-known-type": b"CN=#0C0161",
    "hash-unescaped": b"CN=#abc",
    "lone-hash-escaped": rb"CN=\#",
    "hash-escaped-inside": rb"CN=a\#b",
    "space-unescaped-first": b"CN= alice",
    "space-unescaped-last": b"CN=alice ",
    "space-escaped-inside": rb"CN=al\ ice",
    "quote": b'CN="alice"',
    "semicolon": b"CN=alice;O=Ex",
    "angle": b"CN=<alice>",
    "escape-of-plain": rb"CN=\alice",
    "escape-of-equals": rb"CN=a\=b",
    "hex-escape-of-plain": rb"CN=\61lice",
    "hex-escape-of-special": rb"CN=a\2Cb",
    "hex-escape-lower-case": rb"CN=\c3\a9",
    "hex-escape-half": rb"CN=a\C",
    "hex-escape-not-hex": rb"CN=a\0G",
    "hex-escape-cut-by-separator": rb"CN=a\C,O=b",
    "escape-at-end": b"CN=alice\\",
    "invalid-utf8": rb"CN=\FF",
    "cut-utf8": rb"CN=\C3",
    "surrogate": rb"CN=\ED\A0\80",
    "raw-utf8": "CN=é".encode(),
    "raw-line-break": b"CN=bob\nCN=admin",
    "raw-nul": b"CN=bob\x00",
    "raw-delete": b"CN=bob\x7f",
    "comma-at-end": b"CN=alice,",
    "comma-at-start": b",CN=alice",
    "two-commas": b"CN=alice,,O=Ex",
    "plus-at-end": b"CN=alice+",
    "plus-at-start": b"+CN=alice",
    "comma-alone": b",",
    "type-twice-in-an-rdn": b"CN=a+CN=b",
    "legacy": b"/C=GB/CN=alice",
    "apache-null": b"(null)",
}

OPENSSL_TEXT_TWINS = {
    "empty": b"",
    "several": b"CN=alice,O=Ex",
    "multi-valued": b"UID=a1+CN=alice,O=Ex",
    "empty-values": b"CN=,O=",
    "equals-in-value": b"CN=a=b",
    "oid": b"1.2.3.4.5=#0C0568656C6C6F",
    "oid-of-79-characters": b"1.2" + b".1" * 38 + b"=#0500",
    "oid-large-second-arc": b"2.999.1=#0500",
    "opaque-in-known-type": b"CN=#03020041",
    "type-in-two-rdns": b"CN=a,CN=b",
    "escaped-comma": rb"CN=bob\,CN=admin",
    "escaped-line-break": rb"CN=bob\0ACN\=admin".replace(rb"\=", b"="),
    "slashes": b"CN=a/CN=b",
}


@pytest.mark.parametrize("text", NOT_OPENSSL_TEXT.values(), ids=NOT_OPENSSL_TEXT)
def test_refuses_other_text(text: bytes) -> None:
    """A text that OpenSSL would not print for any name is refused, with one printable line for the operator."""
    with pytest.raises(NameSyntaxError) as caught:
        DistinguishedName.from_nginx(text)
    assert caught.value.reason is Reason.NAME_MALFORMED
    assert caught.value.detail.isprintable()


@pytest.mark.parametrize("text", OPENSSL_TEXT_TWINS.values(), ids=OPENSSL_TEXT_TWINS)
def test_reads_its_own_text(text: bytes) -> None:
    """A text that OpenSSL prints is read and prints as it was."""
    assert DistinguishedName.from_nginx(text).nginx == text


def test_order_of_text_and_name() -> None:
    """Text starts with the most specific RDN and the last attribute, the value with the root and the first."""
    assert DistinguishedName.from_nginx(b"UID=a1+CN=alice,O=Ex,C=GB") == name(
        ((C, "GB"),), ((O, "Ex"),), ((CN, "alice"), (UID, "a1"))
    )


@given(st.binary(max_size=40) | st.text('CN=,+\\#" \n02C1.', max_size=20).map(str.encode))
@example(rb"CN=a\ ")
def test_hostile_text(text: bytes) -> None:
    """Any bytes either are the exact text of a name or raise NameSyntaxError."""
    try:
        dn = DistinguishedName.from_nginx(text)
    except NameSyntaxError:
        return
    assert dn.nginx == text


@given(st.lists(RDNS, max_size=5))
def test_every_name_survives_its_text(rdns: list[tuple[tuple[str, str], ...]]) -> None:
    """Whatever a name holds, its OpenSSL text leads back to it."""
    check_texts(name(*rdns))


def test_long_text_is_read_in_linear_time() -> None:
    """Half a megabyte of separators, of escapes or of one value is read without a quadratic step."""
    for text in (b"CN=a," * 100_000 + b"CN=a", rb"CN=" + rb"\C3\A9" * 90_000, b"CN=" + b"a" * 500_000):
        assert DistinguishedName.from_nginx(text).nginx == text
