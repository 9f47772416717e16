"""Every wire form of certificates: exact, reversible, linear (rows E1 to E15 and X13 of the threat model)."""

import pickle
from base64 import b64encode
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clientcert.core.encoding import ENCODINGS, encoding_named
from clientcert.core.encodings.base64_der import decode_base64_der_sequence, encode_base64_der_sequence
from clientcert.core.encodings.pem import decode_pem_chain, encode_pem_chain
from clientcert.errors import ClientCertError, ConfigurationError, Reason
from tests.material import ADMIN, ALICE, BEN, INTERMEDIATE, VERSION_1

A, B = ALICE.der, ADMIN.der
# A DER whose base64 holds + and / and padding.
PLUS = b"\x30\x44\x00" + b"\xfb\xef\xff" * 22 + b"\x00"
PEM = ALICE.pem
ON_ONE_LINE = PEM[:-1].replace(b"\n", b" ")
BASE64 = b64encode(A)

SINGLE = [name for name, encoding in ENCODINGS.items() if not encoding.carries_chain]
CHAINS = [name for name, encoding in ENCODINGS.items() if encoding.carries_chain]
# What these encode holds nothing but the certificates, so each accepted value has one spelling.
EXACT = [name for name in ENCODINGS if name not in {"folded-pem", "xfcc", "xfcc-json"}]


def decoded(name: str, value: bytes) -> tuple[bytes, ...] | Reason:
    """What a form makes of a value: certificates, or the reason to refuse."""
    try:
        return ENCODINGS[name].decode(value)
    except ClientCertError as error:
        return error.reason


WRITTEN: dict[str, bytes] = {
    "escaped-pem": quote(PEM, safe="").encode(),
    "folded-pem": PEM[:-1].replace(b"\n", b"\n\t"),
    "spaced-pem": ON_ONE_LINE,
    "base64-pem": b64encode(PEM),
    "apache-escaped-pem": quote(PEM, safe="+/=").replace("%0A", "%0a").encode(),
    "aws-escaped-pem": quote(PEM, safe="+/=").encode(),
    "base64-der": BASE64,
    "base64-der-list": BASE64,
    "escaped-base64-der-list": quote(BASE64, safe="").encode(),
    "base64-der-sequence": BASE64,
    "rfc9440": b":" + BASE64 + b":",
    "rfc9440-list": b":" + BASE64 + b":",
}


@pytest.mark.parametrize("name", WRITTEN)
def test_written_independently(name: str) -> None:
    """Our encoder writes what other libraries write, and the decoder takes it back."""
    assert ENCODINGS[name].encode((A,)) == WRITTEN[name]
    assert decoded(name, WRITTEN[name]) == (A,)


def test_material_has_every_escape() -> None:
    """The rows below mean something: a plus sign, a slash and padding are in what they decode."""
    assert {b"+", b"/", b"="} <= {bytes([byte]) for byte in b64encode(PLUS)}


def test_every_form_is_written() -> None:
    """The table above has every form but Envoy's, which has tests of its own."""
    assert set(WRITTEN) == set(ENCODINGS) - {"xfcc", "xfcc-json"}


@pytest.mark.parametrize("name", ENCODINGS)
@pytest.mark.parametrize("der", [A, B, VERSION_1.der, BEN.der, PLUS], ids=["alice", "admin", "v1", "ben", "plus"])
def test_round_trip(name: str, der: bytes) -> None:
    """What a form encodes, it decodes to the same certificate."""
    assert decoded(name, ENCODINGS[name].encode((der,))) == (der,)


@pytest.mark.parametrize("name", CHAINS)
def test_round_trip_of_a_chain(name: str) -> None:
    """A form that carries a chain keeps every certificate and their order."""
    for chain in ((BEN.der, INTERMEDIATE.der), (A, B, PLUS)):
        assert decoded(name, ENCODINGS[name].encode(chain)) == chain


@pytest.mark.parametrize("name", SINGLE)
def test_e1_single_forms_carry_one(name: str) -> None:
    """A form for the leaf alone encodes no second certificate, and refuses two of its values in any joint."""
    one = ENCODINGS[name].encode((A,))
    with pytest.raises(ValueError, match="too many values"):
        ENCODINGS[name].encode((A, B))
    # Two values of bare base64 can be one of more octets, which `parse_certificate` refuses (row E11).
    for joint in (b",", b", ", b"%0A", b" ", b"\n\t", *([] if name == "base64-der" else [b""])):
        assert decoded(name, one + joint + ENCODINGS[name].encode((B,))) is Reason.ENCODING_MALFORMED


@given(st.binary(min_size=1, max_size=200))
def test_round_trip_of_any_bytes(der: bytes) -> None:
    """Any octets survive the forms that do not look into them."""
    for name in EXACT:
        if name != "base64-der-sequence":
            assert decoded(name, ENCODINGS[name].encode((der,))) == (der,)


@pytest.mark.parametrize("name", EXACT)
@given(data=st.data())
def test_accepted_values_encode_to_themselves(name: str, data: st.DataObject) -> None:
    """Whatever one or two changed bytes leave is refused, or is the one spelling of what it decodes to."""
    value = bytearray(ENCODINGS[name].encode((PLUS,) if name in SINGLE else (PLUS, PLUS)))
    for _ in range(data.draw(st.integers(1, 2))):
        value[data.draw(st.integers(0, len(value) - 1))] = data.draw(st.integers(0, 255))
    found = decoded(name, bytes(value))
    if not isinstance(found, Reason):
        again = ENCODINGS[name].encode(found)
        assert bytes(value).replace(b" ", b"") in {again.replace(b" ", b""), again.removesuffix(b"%0A")} or (
            bytes(value) in {again.removesuffix(b"%0a"), again}
        )


FRAGMENTS = [
    *(b"%0A", b"%0a", b"%20", b"%2B", b"%", b"-----BEGIN CERTIFICATE-----", b"-----END CERTIFICATE-----", b"\n", b"\t"),
    *(
        b" ",
        b":",
        b",",
        b";",
        b'"',
        b"\\",
        b"=",
        b"==",
        b"MAA=",
        b"MAAwAA==",
        b"Hash=",
        b"Cert=",
        b"[{",
        b"}]",
        b'"a":',
    ),
    *(b'"a":', b"\xff", b"\0", b"{", b"[", b"1", b"NaN", b"null", b'{"hash":"0","cert":"","chain":[]}'),
]


@pytest.mark.parametrize("name", ENCODINGS)
@given(parts=st.lists(st.sampled_from(FRAGMENTS)))
def test_hostile_values_are_refused_as_bad_requests(name: str, parts: list[bytes]) -> None:
    """No value makes a decoder raise anything but an error of ours, which is the sender's."""
    found = decoded(name, b"".join(parts))
    assert not isinstance(found, Reason) or found.status == 400


def _changed(name: str, old: bytes, new: bytes, count: int = -1) -> bytes:
    changed = WRITTEN[name].replace(old, new, count)
    assert changed != WRITTEN[name]
    return changed


def _plus(name: str) -> bytes:
    return ENCODINGS[name].encode((PLUS,))


REFUSED: dict[str, tuple[str, bytes]] = {
    "e2-spaced-text-before": ("spaced-pem", b"x " + ON_ONE_LINE),
    "e2-spaced-text-behind": ("spaced-pem", ON_ONE_LINE + b" x"),
    "e2-base64-space-before": ("base64-der", b" " + BASE64),
    "e2-rfc9440-text-behind": ("rfc9440", WRITTEN["rfc9440"] + b"x"),
    "e4-spaced-other-label": ("spaced-pem", ON_ONE_LINE.replace(b"CERTIFICATE", b"X509 CERTIFICATE")),
    "e4-aws-other-label": ("aws-escaped-pem", _changed("aws-escaped-pem", b"CERTIFICATE", b"TRUSTED%20CERTIFICATE")),
    "e4-base64-pem-other-label": ("base64-pem", b64encode(PEM.replace(b"CERTIFICATE", b"X509 CERTIFICATE"))),
    "e5-apache-upper-case-hexadecimal": ("apache-escaped-pem", _changed("apache-escaped-pem", b"%0a", b"%0A")),
    "e5-aws-lower-case-hexadecimal": ("aws-escaped-pem", _changed("aws-escaped-pem", b"%0A", b"%0a")),
    "e5-aws-not-hexadecimal": ("aws-escaped-pem", _changed("aws-escaped-pem", b"%0A", b"%ZZ", 1)),
    "e5-apache-bare-percent": ("apache-escaped-pem", WRITTEN["apache-escaped-pem"] + b"%"),
    "e6-aws-escaped-twice": ("aws-escaped-pem", quote(WRITTEN["aws-escaped-pem"], safe="+/=").encode()),
    "e6-spaced-escaped": ("spaced-pem", WRITTEN["apache-escaped-pem"]),
    "e7-aws-escaped-plus": ("aws-escaped-pem", _plus("escaped-pem")),
    "e7-aws-plus-for-space": ("aws-escaped-pem", _changed("aws-escaped-pem", b"%20", b"+")),
    "e7-base64-space-for-plus": ("base64-der", _plus("base64-der").replace(b"+", b" ")),
    "e7-list-space-for-plus": ("base64-der-list", _plus("base64-der-list").replace(b"+", b" ")),
    "e8-spaced-line-feeds": ("spaced-pem", PEM[:-1]),
    "e8-spaced-tabs": ("spaced-pem", ON_ONE_LINE.replace(b" M", b"\tM", 1)),
    "e8-apache-unescaped": ("apache-escaped-pem", ON_ONE_LINE),
    "e9-url-safe-alphabet": ("base64-der", _plus("base64-der").replace(b"+", b"-")),
    "e9-padding-missing": ("base64-der", b64encode(b"0" * 10).rstrip(b"=")),
    "e9-padding-too-much": ("base64-der", b64encode(b"0" * 10) + b"="),
    "e9-padding-inside": ("base64-der", b"MA==MA=="),
    "e9-padding-bits-set": ("base64-der", b"MB=="),
    "e9-line-feed-inside": ("base64-der", BASE64[:64] + b"\n" + BASE64[64:]),
    "e9-empty": ("base64-der", b""),
    "e9-only-padding": ("base64-der", b"===="),
    "e9-base64-pem-padding-bits-set": ("base64-pem", b64encode(PEM + b"").replace(b"Cg==", b"Ch==")[:-4] + b"Ch=="),
    "e9-base64-pem-not-base64": ("base64-pem", b"-----BEGIN"),
    "e9-base64-pem-without-its-line-feed": ("base64-pem", b64encode(PEM[:-1])),
    "e9-base64-pem-of-der": ("base64-pem", BASE64),
    "e10-no-colons": ("rfc9440", BASE64),
    "e10-one-colon": ("rfc9440", b":" + BASE64),
    "e10-parameters": ("rfc9440", WRITTEN["rfc9440"] + b";a=1"),
    "e10-parameters-inside": ("rfc9440", b":" + BASE64 + b";a:"),
    "e10-two-items": ("rfc9440", WRITTEN["rfc9440"] + b", " + WRITTEN["rfc9440"]),
    "e10-space-inside": ("rfc9440", b": " + BASE64 + b":"),
    "e10-empty-sequence": ("rfc9440", b"::"),
    "e10-colon-alone": ("rfc9440", b":"),
    "e10-token": ("rfc9440", b"?1"),
    "e10-string": ("rfc9440", b'"' + BASE64 + b'"'),
    "e10-list-parameters": ("rfc9440-list", WRITTEN["rfc9440"] + b";a, " + WRITTEN["rfc9440"]),
    "e10-list-inner-list": ("rfc9440-list", b"(" + WRITTEN["rfc9440"] + b")"),
    "e10-list-trailing-comma": ("rfc9440-list", WRITTEN["rfc9440"] + b","),
    "e10-list-empty-item": ("rfc9440-list", WRITTEN["rfc9440"] + b",, " + WRITTEN["rfc9440"]),
    "e10-list-without-comma": ("rfc9440-list", WRITTEN["rfc9440"] + b" " + WRITTEN["rfc9440"]),
    "e11-sequence-trailing-byte": ("base64-der-sequence", b64encode(A + b"\0")),
    "e11-sequence-cut-short": ("base64-der-sequence", b64encode(A[:-1])),
    "e11-sequence-indefinite-length": ("base64-der-sequence", b64encode(b"\x30\x80\0\0")),
    "e11-sequence-of-something-else": ("base64-der-sequence", b64encode(b"\x31\x00")),
    "e14-null-in-parentheses": ("spaced-pem", b"(null)"),
    "e14-caddys-placeholder": ("base64-der", b"{http.request.tls.client.certificate_der_base64}"),
    "e15-high-byte": ("base64-der", b"\xff"),
    "e15-high-byte-in-pem": ("aws-escaped-pem", b"\xff"),
    "x13-markers-in-base64": ("base64-der-list", ON_ONE_LINE),
    "x13-escaped-value-in-the-new-form": ("base64-der-list", _plus("escaped-base64-der-list")),
    "x13-new-value-in-the-escaped-form": ("escaped-base64-der-list", _plus("base64-der-list")),
    "x13-space-behind-the-comma": ("base64-der-list", BASE64 + b", " + BASE64),
    "x13-trailing-comma": ("base64-der-list", BASE64 + b","),
    "x13-escaped-comma": ("escaped-base64-der-list", WRITTEN["escaped-base64-der-list"] + b"%2C"),
    "x13-info-text": ("base64-der-list", b"Subject%3D%22CN%3Dadmin%22"),
    "x13-lower-case-escapes": ("escaped-base64-der-list", _plus("escaped-base64-der-list").lower()),
}


@pytest.mark.parametrize(("name", "value"), REFUSED.values(), ids=REFUSED)
def test_refused(name: str, value: bytes) -> None:
    """Everything that is not exactly the declared form is malformed."""
    assert decoded(name, value) is Reason.ENCODING_MALFORMED


KEY = b"-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIA==\n-----END PRIVATE KEY-----\n"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("spaced-pem", KEY[:-1].replace(b"\n", b" ")),
        ("folded-pem", KEY[:-1].replace(b"\n", b"\n\t")),
        ("base64-pem", b64encode(PEM + KEY)),
        ("apache-escaped-pem", quote(KEY, safe="+/=").replace("%0A", "%0a").encode()),
        ("aws-escaped-pem", quote(PEM + KEY, safe="+/=").encode()),
    ],
)
def test_e3_private_key(name: str, value: bytes) -> None:
    """A private key in any PEM form has a reason of its own."""
    assert decoded(name, value) is Reason.PRIVATE_KEY_SENT


def test_messages_show_no_certificate() -> None:
    """A refused value is shown as far as a PEM marker reaches, and no further."""
    with pytest.raises(ClientCertError) as caught:
        ENCODINGS["rfc9440"].decode(BASE64)
    assert BASE64[:28].decode() not in str(caught.value)


def test_pem_chain() -> None:
    """Blocks stand one behind the other, the final line feed optional, with nothing between or behind."""
    assert decode_pem_chain(encode_pem_chain((A, B))) == (A, B)
    assert decode_pem_chain(encode_pem_chain((A, B))[:-1]) == (A, B)
    for bad in (PEM + b"\n" + PEM, PEM + b"x" + PEM, b"", PEM + PEM[:-10], PEM + b"\n\n"):
        with pytest.raises(ClientCertError):
            decode_pem_chain(bad)


def test_sequence_of_none() -> None:
    """The empty chain has no value: an empty header is one that was not sent."""
    assert encode_base64_der_sequence(()) == b""
    with pytest.raises(ClientCertError):
        decode_base64_der_sequence(b"")


def test_encodings_are_values() -> None:
    """Forms compare by what they are and survive pickling, as configurations that hold them must."""
    for encoding in ENCODINGS.values():
        assert pickle.loads(pickle.dumps(encoding)) == encoding  # noqa: S301 - our own octets


def test_encoding_named() -> None:
    """A form is found by its name, among those that make sense; otherwise the legal ones are listed."""
    two = (ENCODINGS["rfc9440"], ENCODINGS["base64-der"])
    assert encoding_named("rfc9440", among=two) is two[0]
    assert encoding_named("xfcc") is ENCODINGS["xfcc"]
    with pytest.raises(ConfigurationError, match=r"wanted one of: rfc9440, base64-der$"):
        encoding_named("xfcc", among=two)
    with pytest.raises(ConfigurationError, match="escaped-pem, folded-pem"):
        encoding_named("pem")
