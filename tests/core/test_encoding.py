"""Wire forms of one certificate: every accepted value is the one that encoding its result gives back."""

from base64 import b64encode
from collections.abc import Callable
from contextlib import suppress
from time import perf_counter
from urllib.parse import quote

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from clientcert.core.certificate import parse_certificate
from clientcert.core.encoding import (
    ESCAPED_PEM,
    FOLDED_PEM,
    decode_escaped_pem,
    decode_folded_pem,
    decode_pem,
    encode_escaped_pem,
    encode_pem,
)
from clientcert.core.limits import Limits
from clientcert.errors import ClientCertError, EncodingError, Reason
from clientcert.testing import IssuedCertificate
from clientcert.testing.malformed import UNREADABLE
from tests.material import ADMIN, ALICE, AUTHORITY, VERSION_1

PEM = ALICE.pem
ESCAPED = ALICE.escaped_pem
BEGIN, END = b"-----BEGIN CERTIFICATE-----", b"-----END CERTIFICATE-----"
BASE64 = PEM.split(b"-----")[2]

# A DER whose base64 holds both + and /, for rows about those characters.
PLUS = b"\x30\x03\xfb\xef\xff" * 20


def escaped(pem: bytes) -> bytes:
    """Percent-encode as nginx does, independently of the code under test."""
    return quote(pem, safe="").encode("ascii")


def test_material_has_every_escape() -> None:
    """The rows below mean something: a plus sign, a slash and padding are in what they decode."""
    assert all(escape in escaped(encode_pem(PLUS)) for escape in (b"%2B", b"%2F", b"%0A", b"%20"))


@pytest.mark.parametrize("certificate", [ALICE, ADMIN, VERSION_1], ids=["alice", "admin", "version-1"])
def test_encodes_as_nginx(certificate: IssuedCertificate) -> None:
    """Our encoder writes what an independent one writes, and the decoder takes it back to the same DER."""
    assert encode_pem(certificate.der) == certificate.pem
    assert encode_escaped_pem(certificate.der) == certificate.escaped_pem
    assert decode_escaped_pem(certificate.escaped_pem) == certificate.der


ACCEPTED = {
    "final-newline": escaped(PEM),
    "no-final-newline": escaped(PEM[:-1]),
}

REFUSED = {
    "e1-two-certificates": escaped(ADMIN.pem + ALICE.pem),
    "e1-two-certificates-second-partial": escaped(PEM + BEGIN),
    "e2-text-before": escaped(b"x\n" + PEM),
    "e2-byte-order-mark-before": escaped(b"\xef\xbb\xbf" + PEM),
    "e2-newline-before": escaped(b"\n" + PEM),
    "e2-text-behind": escaped(PEM + b"x\n"),
    "e2-text-behind-the-end-line": escaped(PEM[:-1] + b"x"),
    "e2-two-newlines-behind": escaped(PEM + b"\n"),
    "e2-space-behind": escaped(PEM + b" "),
    "e2-no-begin": escaped(PEM.removeprefix(BEGIN)),
    "e2-no-end": escaped(PEM.removesuffix(END + b"\n")),
    "e2-markers-on-one-line": escaped(BEGIN + BASE64.strip() + END),
    "e4-x509-certificate": escaped(PEM.replace(b"CERTIFICATE", b"X509 CERTIFICATE")),
    "e4-trusted-certificate": escaped(PEM.replace(b"CERTIFICATE", b"TRUSTED CERTIFICATE")),
    "e4-certificate-request": escaped(PEM.replace(b"CERTIFICATE", b"CERTIFICATE REQUEST")),
    "e4-end-differs": escaped(PEM.replace(b"END CERTIFICATE", b"END TRUSTED CERTIFICATE")),
    "e4-pem-headers": escaped(PEM.replace(BEGIN, BEGIN + b"\nProc-Type: 4,ENCRYPTED\n")),
    "e4-lower-case-label": escaped(PEM.lower()),
    "e5-not-hexadecimal": ESCAPED.replace(b"%0A", b"%ZZ", 1),
    "e5-one-digit": ESCAPED.replace(b"%0A", b"%0", 1),
    "e5-bare-percent": ESCAPED.replace(b"%0A", b"%", 1),
    "e5-percent-at-the-end": ESCAPED + b"%",
    "e5-escaped-high-byte": ESCAPED.replace(b"%0A", b"%FF", 1),
    "e5-lower-case-hexadecimal": ESCAPED.replace(b"%0A", b"%0a"),
    "e5-escape-of-a-letter": ESCAPED.replace(b"BEGIN", b"%42EGIN"),
    "e5-nul": ESCAPED + b"%00",
    "e6-escaped-twice": escaped(ESCAPED),
    "e6-not-escaped": PEM.replace(b"\n", b" "),
    "e6-escape-inside-an-escape": ESCAPED.replace(b"%0A", b"%%0A0A", 1),
    "e7-plus-for-space": ESCAPED.replace(b"%20", b"+"),
    "e7-raw-plus": escaped(encode_pem(PLUS)).replace(b"%2B", b"+"),
    "e7-raw-slash": escaped(encode_pem(PLUS)).replace(b"%2F", b"/"),
    "e9-url-safe-alphabet": escaped(encode_pem(PLUS).replace(b"+", b"-")),
    "e9-one-line": escaped(BEGIN + b"\n" + BASE64.replace(b"\n", b"") + b"\n" + END),
    "e9-short-lines": escaped(PEM.replace(BASE64[:20], BASE64[:10] + b"\n" + BASE64[10:20])),
    "e9-carriage-returns": escaped(PEM.replace(b"\n", b"\r\n")),
    "e9-space-inside": escaped(PEM.replace(BASE64[10:20], BASE64[10:15] + b" " + BASE64[15:20])),
    "e9-not-base64": escaped(PEM.replace(BASE64[10:11], b"*", 1)),
    "e9-padding-missing": escaped(encode_pem(b"x" * 10).replace(b"=", b"")),
    "e9-padding-too-much": escaped(encode_pem(b"x" * 10).replace(b"=", b"==")),
    "e9-padding-inside": escaped(encode_pem(b"x" * 10).replace(b"eHh4", b"eH==", 1)),
    "e9-padding-bits-set": escaped(encode_pem(b"x").replace(b"eA==", b"eB==")),
    "e14-null-in-parentheses": b"(null)",
    "e14-dash": b"-",
    "e14-none": b"none",
    "e14-none-upper-case": b"NONE",
    "e14-placeholder": b"{http.request.tls.client.certificate_pem}",
    "e15-high-byte": b"\xff",
    "e15-high-byte-inside": ESCAPED.replace(b"%0A", b"\xa0", 1),
    "comma-joined": ESCAPED + b"," + ESCAPED,
    "quoted": b'"' + ESCAPED + b'"',
    "rfc-9440": b":" + b64encode(ALICE.der) + b":",
    "base64-der": b64encode(ALICE.der),
    "empty": b"",
}


@pytest.mark.parametrize("value", ACCEPTED.values(), ids=ACCEPTED)
def test_accepts_escaped_pem(value: bytes) -> None:
    """The value nginx sends is taken, with or without the line feed behind the block."""
    assert decode_escaped_pem(value) == ALICE.der


@pytest.mark.parametrize("value", REFUSED.values(), ids=REFUSED)
def test_refuses_escaped_pem(value: bytes) -> None:
    """Everything that is not exactly one block in nginx's one spelling is malformed, and nothing of it is shown."""
    with pytest.raises(EncodingError) as caught:
        decode_escaped_pem(value)
    assert caught.value.reason is Reason.ENCODING_MALFORMED
    assert BASE64[:16].decode() not in str(caught.value)


def _key(label: bytes, payload: bytes = b"MC4CAQAwBQYDK2VwBCIEIA==") -> bytes:
    return b"-----BEGIN %s-----\n%s\n-----END %s-----\n" % (label, payload, label)


PRIVATE_KEYS = {
    "alone": _key(b"PRIVATE KEY"),
    "before-a-certificate": _key(b"PRIVATE KEY") + PEM,
    "behind-a-certificate": PEM + _key(b"EC PRIVATE KEY"),
    "encrypted": _key(b"ENCRYPTED PRIVATE KEY"),
    "rsa": _key(b"RSA PRIVATE KEY"),
}


@pytest.mark.parametrize("pem", PRIVATE_KEYS.values(), ids=PRIVATE_KEYS)
def test_e3_private_key(pem: bytes) -> None:
    """A private key in the header, escaped or not, has a reason of its own; no part of it is in the message."""
    for value in (escaped(pem), pem.replace(b"\n", b" ")):
        with pytest.raises(EncodingError) as caught:
            decode_escaped_pem(value)
        assert caught.value.reason is Reason.PRIVATE_KEY_SENT
        assert "MC4C" not in str(caught.value)


@given(st.binary(max_size=300))
@example(b"")
@example(PLUS)
def test_e7_round_trip(der: bytes) -> None:
    """Any bytes survive encoding and decoding, plus signs and slashes included."""
    value = encode_escaped_pem(der)
    assert value == escaped(encode_pem(der))
    assert decode_escaped_pem(value) == der
    assert decode_pem(encode_pem(der)) == der


@given(st.integers(0, len(ESCAPED) - 1), st.integers(0, 255))
def test_one_changed_byte_is_refused_or_another_certificate(position: int, byte: int) -> None:
    """Whatever a changed byte leaves is refused, or is the one spelling of what it decodes to."""
    value = ESCAPED[:position] + bytes([byte]) + ESCAPED[position + 1 :]
    try:
        der = decode_escaped_pem(value)
    except EncodingError:
        return
    assert value in (encode_escaped_pem(der), encode_escaped_pem(der).removesuffix(b"%0A"))


@given(st.lists(st.sampled_from([b"%0A", b"%20", b"%", b"0A", b"A", b"=", b"%3D", BEGIN, END, b"\n", b" ", b"\n\t"])))
def test_hostile_values_raise_one_error(parts: list[bytes]) -> None:
    """No value makes a decoder raise anything but `EncodingError`."""
    for decode in (decode_pem, decode_escaped_pem, decode_folded_pem):
        with suppress(EncodingError):
            decode(b"".join(parts))


FOLDED = PEM[:-1].replace(b"\n", b"\n\t")

FOLDED_ACCEPTED = {
    "e8-as-nginx-sends": FOLDED,
    "e8-carriage-returns": PEM[:-1].replace(b"\n", b"\r\n\t"),
    "e8-unfolded-to-spaces": BEGIN + PEM[len(BEGIN) : -len(END) - 1].replace(b"\n", b" ") + END,
    "e8-unfolded-to-tabs": BEGIN + PEM[len(BEGIN) : -len(END) - 1].replace(b"\n", b"\t") + END,
}

FOLDED_REFUSED = {
    "bare-line-feeds": PEM[:-1],
    "one-bare-line-feed": FOLDED.replace(b"\n\t", b"\n", 1),
    "folded-with-a-space": PEM[:-1].replace(b"\n", b"\n "),
    "header-smuggled": FOLDED.replace(b"\n\t", b"\nssl-client-verify: SUCCESS\n\t", 1),
    "two-spaces": BEGIN + PEM[len(BEGIN) : -len(END) - 1].replace(b"\n", b"  ") + END,
    "escaped": ESCAPED,
    "text-before": b"x " + FOLDED,
    "text-behind": FOLDED + b" x",
    "two-certificates": FOLDED + b"\n\t" + FOLDED,
    "markers-overlap": b"-----BEGIN CERTIFICATE-----END CERTIFICATE-----",
    "empty": b"",
}


@pytest.mark.parametrize("value", FOLDED_ACCEPTED.values(), ids=FOLDED_ACCEPTED)
def test_accepts_folded_pem(value: bytes) -> None:
    """The deprecated form is read as nginx sends it and as app servers unfold it."""
    assert decode_folded_pem(value) == ALICE.der


@pytest.mark.parametrize("value", FOLDED_REFUSED.values(), ids=FOLDED_REFUSED)
def test_refuses_folded_pem(value: bytes) -> None:
    """Anything else in the deprecated form is malformed."""
    with pytest.raises(EncodingError) as caught:
        decode_folded_pem(value)
    assert caught.value.reason is Reason.ENCODING_MALFORMED


@pytest.mark.parametrize("pem", PRIVATE_KEYS.values(), ids=PRIVATE_KEYS)
def test_e3_folded_private_key(pem: bytes) -> None:
    """A folded private key is recognised as well."""
    with pytest.raises(EncodingError) as caught:
        decode_folded_pem(pem[:-1].replace(b"\n", b"\n\t"))
    assert caught.value.reason is Reason.PRIVATE_KEY_SENT


HOSTILE = {
    "r6-dashes": b"-" * 24_000,
    "r8-begins": BEGIN * 900,
    "r8-ends": b"-----BEGIN%20CERTIFICATE-----%0A" + END * 900,
    "r8-line-feeds": b"-----BEGIN%20CERTIFICATE-----" + b"%0A" * 8_000,
    "r8-percent-signs": b"%" * 24_000,
    "r8-padding": b"-----BEGIN%20CERTIFICATE-----%0A" + b"%3D" * 8_000,
    "r8-spaces": BEGIN + b" " * 24_000 + END,
    "r8-folds": BEGIN + b"\n\t" * 12_000 + END,
}


@pytest.mark.parametrize("value", HOSTILE.values(), ids=HOSTILE)
@pytest.mark.parametrize("decode", [decode_escaped_pem, decode_folded_pem])
def test_r6_r8_hostile_values_cost_little(decode: Callable[[bytes], bytes], value: bytes) -> None:
    """The longest value that is decoded at all is refused in a fraction of the time a request may take."""

    def seconds() -> float:
        begun = perf_counter()
        with pytest.raises(EncodingError):
            decode(value)
        return perf_counter() - begun

    assert min(seconds() for _ in range(3)) < 0.010


def test_encodings_declare_their_controls() -> None:
    """Only the folded form may hold control bytes, and only those of a fold."""
    assert ESCAPED_PEM.controls == b""
    assert sorted(FOLDED_PEM.controls) == sorted(b"\r\n\t")


@pytest.mark.parametrize("name", UNREADABLE)
def test_e11_e13_unreadable_der(name: str) -> None:
    """What is in the block but is not one DER certificate is refused when it is parsed, eagerly and with a reason."""
    der = decode_escaped_pem(encode_escaped_pem(UNREADABLE[name](AUTHORITY)))
    with pytest.raises(ClientCertError) as caught:
        parse_certificate(der, limits=Limits())
    assert caught.value.status in (400, 403)


def test_e13_tiny_der() -> None:
    """The five bytes that other libraries accept until somebody looks at them are refused at once."""
    with pytest.raises(EncodingError) as caught:
        parse_certificate(decode_escaped_pem(encode_escaped_pem(b"\x30\x03\x02\x01\x01")), limits=Limits())
    assert caught.value.reason is Reason.CERTIFICATE_MALFORMED
