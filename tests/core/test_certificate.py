"""Reading one certificate: every field at once, within limits, and nothing but our own errors for anything else."""

import warnings
from dataclasses import FrozenInstanceError
from hashlib import sha256
from ipaddress import ip_address

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import example, given
from hypothesis import strategies as st

from clientcert.core.certificate import MAX_SERIAL_NUMBER, parse_ca_certificate, parse_certificate, show_name
from clientcert.core.limits import Limits
from clientcert.core.names import Attribute, DistinguishedName
from clientcert.errors import ClientCertError, ConfigurationError, EncodingError, Reason, VerificationError
from clientcert.testing.knobs import Knobs
from clientcert.testing.malformed import DEFECTIVE, UNREADABLE, nested
from tests.conformance.mutants import Mutator, Node, parse
from tests.core.verification.kit import NOW, authority, raw_extension

LIMITS = Limits()
ROOT = authority()
_NAMES = [
    "DNS:a.example",
    "email:u@a.example",
    "URI:spiffe://td/x",
    "IP:10.0.0.1",
    "IP:::1",
    "UPN:u@corp.example",
    "RID:1.2.3",
    "DNS:b.example",
]
LEAF = ROOT.issue("client.example", san=_NAMES)


def test_every_field_is_that_of_the_certificate() -> None:
    """The fields agree with what cryptography reads from the same octets."""
    found, wanted = parse_certificate(LEAF.der, limits=LIMITS), LEAF.certificate
    assert found.der == LEAF.der
    assert found.x509 == wanted
    assert found.version == 3
    assert found.serial_number == wanted.serial_number
    assert (found.not_before, found.not_after) == (wanted.not_valid_before_utc, wanted.not_valid_after_utc)
    assert (found.subject.rfc4514, found.issuer.rfc4514) == ("CN=client.example", "CN=Test Root CA")
    assert found.dns_names == ("a.example", "b.example")
    assert found.email_addresses == ("u@a.example",)
    assert found.uris == ("spiffe://td/x",)
    assert found.ip_addresses == (ip_address("10.0.0.1"), ip_address("::1"))
    assert found.user_principal_names == ("u@corp.example",)
    assert found.fingerprint_sha256 == sha256(LEAF.der).hexdigest()
    spki = wanted.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    assert found.spki_sha256 == sha256(spki).hexdigest()
    assert found.public_key == wanted.public_key()
    assert not found.is_self_issued
    assert str(found) == f"'CN=client.example' (sha256 {found.fingerprint_sha256[:16]})"


_SHOWN = {
    "tab": ("tab\there", r"'CN=tab\09here'"),
    "special": ("a,b+c", r"'CN=a\,b\+c'"),
    "backslash": ("a\\b", r"'CN=a\\b'"),
    "latin": ("José", r"'CN=Jos\xe9'"),
    "override": ("a\u202eb", r"'CN=a\E2\80\AEb'"),
    "quote": ("o'clock", "'CN=o'clock'"),
    "exact": ("x" * 77, f"'CN={'x' * 77}'"),
    "long": ("x" * 78, f"'CN={'x' * 77}...'"),
}


@pytest.mark.parametrize(("common_name", "shown"), _SHOWN.values(), ids=_SHOWN)
def test_name_in_a_log_is_escaped_once(common_name: str, shown: str) -> None:
    """A certificate prints its subject as RFC 4514 escapes it, in ASCII, cut at 80 characters."""
    found = parse_certificate(ROOT.issue(subject=[("CN", common_name)]).der, limits=LIMITS)
    assert str(found) == f"{shown} (sha256 {found.fingerprint_sha256[:16]})"


@given(value=st.text(min_size=1, max_size=60))
def test_any_name_is_one_printable_line(value: str) -> None:
    """Whatever a peer calls itself is printable ASCII of bounded length in a log."""
    attribute = Attribute(oid="2.5.4.3", value=value)
    shown = show_name(DistinguishedName(rdns=((attribute,),)))
    assert shown.isascii()
    assert shown.isprintable()
    assert len(shown) <= 85


def test_certificates_compare_by_their_octets() -> None:
    """Equal octets make equal values, usable as keys; nothing of a value can be changed."""
    one, two = (parse_certificate(LEAF.der, limits=LIMITS) for _ in range(2))
    other = parse_certificate(ROOT.issue("client.example").der, limits=LIMITS)
    assert (one == two, one == other, len({one, two, other})) == (True, False, 2)
    with pytest.raises(FrozenInstanceError):
        one.serial_number = 1  # type: ignore[misc]


def test_certificate_without_names_has_none() -> None:
    """No subjectAltName, and an empty dNSName as cfssl writes it, are no names."""
    for knobs in (Knobs(version=1), Knobs(san=["DNS:", "URI:", "UPN:"])):
        found = parse_certificate(ROOT.issue("Fern", **knobs).der, limits=LIMITS)
        assert found.dns_names == found.email_addresses == found.uris == found.user_principal_names == ()
    assert found.ip_addresses == ()


@pytest.mark.parametrize("name", UNREADABLE)
def test_unreadable_octets_are_refused(name: str) -> None:
    """Whatever is not exactly one certificate is malformed, for a peer and in a configuration."""
    der = UNREADABLE[name](ROOT)
    with pytest.raises(ClientCertError) as caught:
        parse_certificate(der, limits=LIMITS)
    assert caught.value.reason in {Reason.CERTIFICATE_MALFORMED, Reason.NAME_MALFORMED}
    assert caught.value.detail.isprintable()
    with pytest.raises(ClientCertError):
        parse_ca_certificate(der)


_SERIAL, _MALFORMED, _NAME = Reason.SERIAL_NOT_ACCEPTED, Reason.CERTIFICATE_MALFORMED, Reason.NAME_MALFORMED
_DEFECTS: dict[str, Reason | None] = {
    "serial-negative": _SERIAL,
    "serial-zero": _SERIAL,
    "serial-of-51-octets": _SERIAL,
    "signature-algorithms-differ": Reason.ALGORITHM_NOT_ACCEPTED,
    "version-1-with-extensions": _MALFORMED,
    "ends-before-it-begins": None,
    "generalized-time-before-2050": None,
    "name-utf8-invalid": _NAME,
    "name-t61-latin-1": None,
    "name-octet-string": _MALFORMED,
    "name-empty-rdn": _NAME,
    "extension-twice": _MALFORMED,
    "extension-empty": _MALFORMED,
    "extension-trailing-octet": _MALFORMED,
    "extension-default-encoded": None,
    "extension-critical-unknown": None,
    "key-usage-empty": None,
    "extended-key-usage-empty": None,
    "san-empty": None,
    "san-dns-empty": None,
    "san-dns-not-ascii": None,
    "san-ip-of-5-octets": _MALFORMED,
    "san-registered-id-cut": _MALFORMED,
    "san-x400": _MALFORMED,
    "san-edi-party": _MALFORMED,
    "key-with-explicit-curve": None,
    "key-of-no-known-kind": Reason.KEY_NOT_ACCEPTED,
}


@pytest.mark.parametrize("name", DEFECTIVE)
def test_defects_are_refused_here_or_left_to_verification(name: str) -> None:
    """Each defect that cryptography loads has its reason here, or is one for path validation to judge."""
    der, reason = DEFECTIVE[name](ROOT), _DEFECTS[name]
    if reason is None:
        assert parse_certificate(der, limits=LIMITS).der == der
    else:
        with pytest.raises(ClientCertError) as caught:
            parse_certificate(der, limits=LIMITS)
        assert caught.value.reason is reason


def test_hostile_certificates_warn_nobody() -> None:
    """No defect of a peer's certificate makes cryptography warn, which would fill a log."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for make in DEFECTIVE.values():
            try:
                parse_certificate(make(ROOT), limits=LIMITS)
            except ClientCertError:
                continue
    assert caught == []


@pytest.mark.parametrize("serial", [1, MAX_SERIAL_NUMBER])
def test_serial_numbers_at_the_ends_are_accepted(serial: int) -> None:
    """1 and 2^159 - 1 are serial numbers; one beyond either end is not."""
    assert parse_certificate(ROOT.issue("u", serial_number=serial).der, limits=LIMITS).serial_number == serial
    with pytest.raises(VerificationError, match=r"wanted 1 to 2\^159 - 1"):
        parse_certificate(ROOT.issue("u", serial_number=serial + 1 if serial > 1 else 0).der, limits=LIMITS)


def test_configured_authorities_may_have_any_serial() -> None:
    """A private CA with serial 0 is read, with cryptography's own warning for the operator."""
    with pytest.warns(UserWarning, match="serial number"):
        found = parse_ca_certificate(authority(serial_number=0).der)
    assert found.serial_number == 0
    assert found.is_self_issued


_MANY = 33
_LIMITED = {
    "octets": (
        Limits(certificate_bytes=len(LEAF.der) - 1),
        f"has {len(LEAF.der)} bytes, the limit is {len(LEAF.der) - 1}",
    ),
    "alternative-names": (Limits(alternative_names=7), "has 8 alternative names, the limit is 7"),
    "uri": (Limits(uri_bytes=12), "has 13 bytes in one URI"),
    "extensions": (Limits(extensions=5), "has 6 extensions"),
    "value": (Limits(name_value_characters=13), "has 14 characters in one value of the subject"),
    "name": (Limits(name_characters=13), "has 14 characters in the subject"),
}


@pytest.mark.parametrize(("limits", "text"), _LIMITED.values(), ids=_LIMITED)
def test_limits_are_inclusive(limits: Limits, text: str) -> None:
    """One over a limit is too large, and the error has both numbers; the limit itself is not."""
    with pytest.raises(EncodingError, match=text) as caught:
        parse_certificate(LEAF.der, limits=limits)
    assert caught.value.reason is Reason.CERTIFICATE_TOO_LARGE
    exact = Limits(
        certificate_bytes=len(LEAF.der),
        alternative_names=8,
        uri_bytes=13,
        extensions=6,
        name_value_characters=14,
        name_characters=14,
        rdns=1,
    )
    parse_certificate(LEAF.der, limits=exact)


def test_limit_names_its_way_out() -> None:
    """A refusal for a size says which limit would accept it; with that limit it is accepted."""
    with pytest.raises(EncodingError) as caught:
        parse_certificate(LEAF.der, limits=Limits(uri_bytes=12))
    assert caught.value.hints == ("Limits(uri_bytes=13) accepts it",)


def test_what_is_remembered_is_only_what_is_the_same() -> None:
    """Parts that were read before give the same values as parts that are new, refusals included, long ones too."""
    for _ in range(2):
        for count in (1, 40):
            names = [f"DNS:{n}.example" for n in range(count)]
            issuer = authority(subject=[("OU", f"{n:0200}") for n in range(count // 10 + 1)])
            found = parse_certificate(issuer.issue(subject=[("OU", "x" * 200)], san=names).der, limits=LIMITS)
            assert found.dns_names == tuple(name.removeprefix("DNS:") for name in names)
            assert found.issuer.rfc4514 == issuer.certificate.subject.rfc4514_string()
        with pytest.raises(EncodingError, match=r"extension 2\.5\.29\.19"):
            parse_certificate(_broken_constraints(), limits=LIMITS)


def _broken_constraints() -> bytes:
    return ROOT.issue("u", basic_constraints=None, extra_extensions=[raw_extension("2.5.29.19", "3103")]).der


def test_number_of_rdns_is_limited() -> None:
    """A name of 33 RDNs is too large, of 32 it is not."""
    for count in (_MANY - 1, _MANY):
        der = ROOT.issue(subject=[("OU", "x")] * count).der
        if count < _MANY:
            parse_certificate(der, limits=LIMITS)
        else:
            with pytest.raises(EncodingError, match="33 RDNs in the subject"):
                parse_certificate(der, limits=LIMITS)


@pytest.mark.parametrize("value", [0, -1, True, 1.5, "8"])
def test_limits_are_positive_integers(value: object) -> None:
    """A limit that is none is refused with its name."""
    with pytest.raises(ConfigurationError, match=r"limits\.uri_bytes is .*, wanted a positive integer"):
        Limits(uri_bytes=value)  # type: ignore[arg-type]


def test_directory_names_in_the_alternative_name_keep_the_bounds_of_x520() -> None:
    """A directoryName that would make cryptography warn later is refused; one within the bounds is not."""
    for value, accepted in (
        ("3011a40f300d310b3009060355040613024742", True),
        ("3012a410300e310c300a06035504061303474252", False),
    ):
        der = ROOT.issue("u", san=None, extra_extensions=[raw_extension("2.5.29.17", value)]).der
        if accepted:
            parse_certificate(der, limits=LIMITS)
        else:
            with pytest.raises(VerificationError) as caught:
                parse_certificate(der, limits=LIMITS)
            assert caught.value.reason is Reason.NAME_NOT_ACCEPTED


_CURVE_WITHOUT_IMPLEMENTATION = Node(0x06, bytes.fromhex("2b81040006"))


def test_key_that_cannot_be_decoded() -> None:
    """A curve that nobody implements is a key not accepted; the same certificate with P-256 is read."""
    tree = parse(LEAF.der)
    spki = ((tree.children or [])[0].children or [])[6]
    ((spki.children or [])[0].children or [])[1] = _CURVE_WITHOUT_IMPLEMENTATION
    with pytest.raises(VerificationError) as caught:
        parse_certificate(tree.encode(), limits=LIMITS)
    assert caught.value.reason is Reason.KEY_NOT_ACCEPTED
    parse_certificate(LEAF.der, limits=LIMITS)


def _tbs_with(edit: object) -> bytes:
    tree = parse(LEAF.der)
    edit(tree.children)  # type: ignore[operator]
    return tree.encode()


_STRUCTURES = {
    "not-a-sequence": b"\x31\x00",
    "no-signature": _tbs_with(lambda parts: parts.pop()),
    "empty-tbs": _tbs_with(lambda parts: parts[0].children.clear()),
    "no-key": _tbs_with(lambda parts: parts[0].children.pop(6)),
    "version-not-an-integer": _tbs_with(lambda parts: parts[0].children[0].children.append(Node(0x05))),
    "extensions-twice": _tbs_with(lambda parts: parts[0].children.append(parts[0].children[-1])),
    "extensions-not-a-sequence": _tbs_with(lambda parts: parts[0].children.__setitem__(7, Node(0xA3, b"\x31\x00"))),
    "extensions-in-version-2": _tbs_with(lambda parts: parts[0].children.__setitem__(0, Node(0xA0, b"\x02\x01\x01"))),
    "extension-not-a-sequence": _tbs_with(
        lambda parts: parts[0].children.__setitem__(7, Node(0xA3, b"\x30\x02\x05\x00"))
    ),
    "extension-without-value": _tbs_with(
        lambda parts: parts[0].children.__setitem__(7, Node(0xA3, bytes.fromhex("3006300406022a03")))
    ),
    "criticality-not-der": _tbs_with(
        lambda parts: parts[0].children.__setitem__(7, Node(0xA3, bytes.fromhex("300b300906022a030101010400")))
    ),
    "criticality-false": _tbs_with(
        lambda parts: parts[0].children.__setitem__(7, Node(0xA3, bytes.fromhex("300b300906022a030101000400")))
    ),
    "unique-id-not-bits": _tbs_with(lambda parts: parts[0].children.insert(7, Node(0x82, b"\x09"))),
}


@pytest.mark.parametrize("der", _STRUCTURES.values(), ids=_STRUCTURES)
def test_structure_that_is_no_certificate(der: bytes) -> None:
    """Each place of the walk over the certificate has its refusal."""
    with pytest.raises(EncodingError) as caught:
        parse_certificate(der, limits=LIMITS)
    assert caught.value.reason is Reason.CERTIFICATE_MALFORMED


def test_obsolete_parts_are_read_over() -> None:
    """Unique identifiers and a BIT STRING in a name are old, not wrong."""
    identifiers = _tbs_with(lambda parts: parts[0].children.insert(7, Node(0x82, b"\x00\x01")))
    bits = ROOT.issue(subject=_bit_string_name()).der
    for der in (identifiers, bits):
        assert parse_certificate(der, limits=LIMITS).der == der


def _bit_string_name() -> bytes:
    value = Node(0x30, children=[Node(0x06, bytes.fromhex("55042d")), Node(0x03, b"\x00\xab")])
    return Node(0x30, children=[Node(0x31, children=[value])]).encode()


@given(octets=st.binary(max_size=400))
@example(octets=nested(3_000))
def test_any_octets_give_a_certificate_or_our_error(octets: bytes) -> None:
    """Nothing but our own errors leaves the reader."""
    try:
        parse_certificate(octets, limits=LIMITS)
    except ClientCertError as exc:
        assert exc.detail.isprintable()  # noqa: PT017 - most octets are refused, some are not


@pytest.mark.parametrize("seed", range(4))
def test_any_mutant_gives_a_certificate_or_our_error(seed: int) -> None:
    """A certificate with a small change in it is read completely or refused with one of our errors, silently."""
    mutator = Mutator(seed)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for _ in range(500):
            chain = mutator.chain()
            for der in (chain.leaf, *chain.intermediates):
                try:
                    found = parse_certificate(der, limits=LIMITS)
                except ClientCertError as exc:
                    assert exc.detail.isprintable()  # noqa: PT017 - the same
                else:
                    assert (found.der, found.not_before.tzinfo) == (der, NOW.tzinfo)
