"""Identities from attributes alone, and names beside a certificate: dialects, serial numbers, fingerprints (row X4)."""

from base64 import b64encode
from hashlib import sha256
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clientcert.config import ClientCertConfig
from clientcert.core.authenticator import Authenticator
from clientcert.core.facts import RequestFacts
from clientcert.core.identity import ClientIdentity, EvidenceLevel
from clientcert.core.names import DistinguishedName
from clientcert.core.outcome import Authenticated
from clientcert.core.sources import (
    Apache,
    AwsAlbVerify,
    AwsCloudFront,
    Envoy,
    EnvoyFormatter,
    GcpLoadBalancer,
    HAProxy,
    Source,
    custom,
)
from clientcert.core.sources.attributes import (
    BASE64_DER_NAMES,
    OPENSSL_NAMES,
    RAW_UTF8_NAMES,
    base64_fingerprint,
    hex_fingerprint,
    read_serial_number,
)
from clientcert.core.verification import TRUST_PROXY
from clientcert.errors import ClientCertError, ConfigurationError, Reason
from clientcert.testing.names import encode_name
from tests.core.producers import apache, base64, escaped, xfcc
from tests.material import ADMIN, ALICE, ALICE_DN, AUTHORITY, CA_DN, NETWORK, NOW, PROXY, STRANGERS, Pairs, raw

ZOE = AUTHORITY.issue(subject=[("O", "M\u00fcller, S\u00f6hne"), ("CN", 'Zo\u00eb "\\" \U0001f98a')])
ZOES_NAME = DistinguishedName.from_der(ZOE.certificate.subject.public_bytes())


def decided(source: Source, pairs: Pairs, **changes: Any) -> ClientIdentity | Reason:
    """Whom the whole decision makes of headers, or why nobody."""
    settings: dict[str, Any] = {"trust": AUTHORITY.pem, "trusted_proxies": [NETWORK], "clock": lambda: NOW} | changes
    config = ClientCertConfig(source=source, **settings)
    outcome = Authenticator(config).authenticate(RequestFacts(headers=raw(pairs), peer=PROXY))
    return outcome.identity if isinstance(outcome, Authenticated) else outcome.reason


def der_name(text: str) -> str:
    """A name as Google prints it: base64 of its DER."""
    pairs = [(kind, value) for kind, _, value in (part.partition("=") for part in reversed(text.split(",")))]
    return b64encode(encode_name(pairs)).decode()


ALB, ALB_NAMES = "x-amzn-mtls-clientcert-", AwsAlbVerify(leaf=False)
CLOUDFRONT, CLOUDFRONT_NAMES = "cloudfront-viewer-cert-", AwsCloudFront(pem=False)
GOOGLE, GOOGLE_NAMES = "x-client-cert-", GcpLoadBalancer(leaf=False)

ALB_SENT: Pairs = (
    (f"{ALB}subject", ALICE_DN),
    (f"{ALB}issuer", CA_DN),
    (f"{ALB}serial-number", "1001"),
    (f"{ALB}validity", "NotBefore=2029-12-16T12:00:00Z;NotAfter=2030-12-11T12:00:00Z"),
)
CLOUDFRONT_SENT: Pairs = (
    (f"{CLOUDFRONT}present", "1"),
    (f"{CLOUDFRONT}subject", ALICE_DN),
    (f"{CLOUDFRONT}issuer", CA_DN),
    (f"{CLOUDFRONT}serial-number", "10:01"),
)
GOOGLE_SENT: Pairs = (
    (f"{GOOGLE}present", "true"),
    (f"{GOOGLE}chain-verified", "true"),
    (f"{GOOGLE}subject-dn", der_name(ALICE_DN)),
    (f"{GOOGLE}issuer-dn", der_name(CA_DN)),
)
NAMES_ONLY = {
    "aws-alb-verify": (ALB_NAMES, ALB_SENT, 0x1001),
    "aws-cloudfront": (CLOUDFRONT_NAMES, CLOUDFRONT_SENT, 0x1001),
    "gcp-lb": (GOOGLE_NAMES, GOOGLE_SENT, None),
}
EVERY = pytest.mark.parametrize(("source", "sent", "serial"), NAMES_ONLY.values(), ids=NAMES_ONLY)


def changed(pairs: Pairs, name: str, value: str | None) -> Pairs:
    """The headers with another value of one, or without it."""
    kept = tuple((header, value if header == name and value is not None else old) for header, old in pairs)
    return tuple(pair for pair in kept if value is not None or pair[0] != name)


@EVERY
def test_x4_names_only(source: Source, sent: Pairs, serial: int | None) -> None:
    """The identity has the names that the producer wrote, and says that they are no more than that."""
    identity = decided(source, sent)
    assert isinstance(identity, ClientIdentity)
    assert (identity.subject.rfc4514, identity.issuer.rfc4514, identity.serial_number) == (ALICE_DN, CA_DN, serial)
    assert (identity.certificate, identity.fingerprint_sha256, identity.issuer_key_id) == (None, None, None)
    assert identity.evidence.level is EvidenceLevel.PROXY_ATTRIBUTES


@EVERY
def test_names_only_narrowed_by_trust(source: Source, sent: Pairs, serial: int | None) -> None:
    """The issuer must be one of the CAs that the configuration names."""
    assert serial in (None, 0x1001)
    issuer = next(name for name, _ in sent if "issuer" in name)
    other = der_name("CN=Other CA,O=Elsewhere") if source is GOOGLE_NAMES else "CN=Other CA,O=Elsewhere"
    assert decided(source, changed(sent, issuer, other)) is Reason.ISSUER_UNKNOWN


@EVERY
def test_names_only_incomplete(source: Source, sent: Pairs, serial: int | None) -> None:
    """Half of the names is refused, none of them is nobody, and an empty subject names nobody."""
    assert serial in (None, 0x1001)
    subject, issuer = (next(name for name, _ in sent if word in name) for word in ("subject", "issuer"))
    assert decided(source, changed(sent, issuer, None)) is Reason.EVIDENCE_MISSING
    assert decided(source, changed(sent, subject, None)) is Reason.NAME_NOT_ACCEPTED
    assert decided(source, ()) is Reason.NO_CERTIFICATE


@pytest.mark.parametrize(
    ("source", "sent", "name", "value"),
    [
        (ALB_NAMES, ALB_SENT, f"{ALB}subject", "/CN=alice/O=Example"),
        (ALB_NAMES, ALB_SENT, f"{ALB}subject", "CN=alice, O=Example"),
        (ALB_NAMES, ALB_SENT, f"{ALB}issuer", "cn=Clients CA,o=Example"),
        (CLOUDFRONT_NAMES, CLOUDFRONT_SENT, f"{CLOUDFRONT}subject", "CN=client\\_.com"),
        (GOOGLE_NAMES, GOOGLE_SENT, f"{GOOGLE}subject-dn", ALICE_DN),
        (GOOGLE_NAMES, GOOGLE_SENT, f"{GOOGLE}subject-dn", "MAA"),
        (GOOGLE_NAMES, GOOGLE_SENT, f"{GOOGLE}subject-dn", b64encode(b"\x31\x00").decode()),
        (GOOGLE_NAMES, GOOGLE_SENT, f"{GOOGLE}issuer-dn", "MAA= "[:-1] + "MAA="),
    ],
    ids=["slashes", "space-behind-a-comma", "lower-case", "unknown-escape", "text", "padding", "not-a-name", "two"],
)
def test_names_in_another_dialect(source: Source, sent: Pairs, name: str, value: str) -> None:
    """A name that is not spelled in the declared dialect is refused, not read somehow."""
    assert decided(source, changed(sent, name, value)) is Reason.NAME_MALFORMED


@pytest.mark.parametrize("value", ["", "0", "00", "-1", "10-01", "0x1001", "1001h", "::", "f" * 43, "8" + "0" * 39])
def test_serial_number_refused(value: str) -> None:
    """A serial number that is not a positive number of at most 20 octets in hex is refused."""
    found = decided(ALB_NAMES, changed(ALB_SENT, f"{ALB}serial-number", value))
    if value:
        assert found is Reason.ENCODING_MALFORMED
    else:
        assert isinstance(found, ClientIdentity)
        assert found.serial_number is None


def test_serial_numbers() -> None:
    """Digits of either case, leading zeros and colons make no difference."""
    assert {read_serial_number(text) for text in (b"3a5b1", b"03A5B1", b"03:a5:B1")} == {0x3A5B1}
    assert read_serial_number(b"00" + b"7f" + b"ff" * 19) == (1 << 159) - 1


def test_trust_proxy_needs_a_verdict() -> None:
    """Names of an Amazon product are not believed without a CA: nothing says that they were verified."""
    for source in (ALB_NAMES, CLOUDFRONT_NAMES):
        with pytest.raises(ConfigurationError, match="TRUST_PROXY"):
            decided(source, (), trust=TRUST_PROXY)
    assert isinstance(decided(GOOGLE_NAMES, GOOGLE_SENT, trust=TRUST_PROXY), ClientIdentity)


BESIDE = (("ssl-client-verify", "SUCCESS"), ("ssl-client-cert", apache(ZOE)))
APACHE_NAME = ("ssl-client-subject-dn", ZOES_NAME.apache.decode("latin-1"))


@pytest.mark.parametrize(
    ("source", "pairs", "is_good"),
    [
        (Apache(), (*BESIDE, APACHE_NAME), True),
        (Apache(), (*BESIDE, (APACHE_NAME[0], "(null)")), True),
        (Apache(), (*BESIDE, (APACHE_NAME[0], ALICE_DN)), False),
        (Apache(), (*BESIDE, (APACHE_NAME[0], "/O=Example/CN=alice")), False),
        (Apache(subject_dn=None), (*BESIDE, (APACHE_NAME[0], "/O=Example/CN=alice")), True),
        (Apache(), (*BESIDE, APACHE_NAME, ("ssl-client-issuer-dn", CA_DN)), True),
        (Apache(), (*BESIDE, APACHE_NAME, ("ssl-client-issuer-dn", f"{CA_DN},C=GB")), False),
        (EnvoyFormatter(), (("x-client-cert", escaped(ZOE)), ("x-client-subject", ZOES_NAME.nginx.decode())), True),
        (EnvoyFormatter(), (("x-client-cert", escaped(ZOE)), ("x-client-subject", ALICE_DN)), False),
        (
            HAProxy(subject_dn="ssl-client-s-dn-rfc2253"),
            (("ssl-client-cert", base64(ZOE)), ("ssl-client-verify", "0"), ("ssl-client-s-dn-rfc2253", ALICE_DN)),
            False,
        ),
    ],
    ids=[
        *("apache", "apache-null", "apache-another", "apache-legacy", "apache-legacy-unread", "apache-issuer"),
        *("apache-another-issuer", "envoy-formatter", "envoy-formatter-another", "haproxy-another"),
    ],
)
def test_h20_names_beside_a_certificate(source: Source, pairs: Pairs, *, is_good: bool) -> None:
    """Names that come beside a certificate must be that certificate's, in the dialect of the producer."""
    found = decided(source, pairs)
    assert isinstance(found, ClientIdentity) if is_good else found is Reason.EVIDENCE_MISMATCH


def test_raw_utf8_needs_the_dialect() -> None:
    """Only a producer that prints raw UTF-8 may send bytes above 0x7F, and in its names alone."""
    assert decided(custom(certificate="ssl-client-cert", subject_dn=APACHE_NAME[0]), (APACHE_NAME,)) is (
        Reason.HEADER_MALFORMED
    )
    assert decided(Apache(), (*BESIDE[:1], ("ssl-client-cert", "\xfc"))) is Reason.HEADER_MALFORMED
    assert decided(Apache(), (("ssl-client-verify", "\xfc"),)) is Reason.HEADER_MALFORMED
    assert decided(Apache(), (*BESIDE, (APACHE_NAME[0], "CN=a\x1b"))) is Reason.HEADER_MALFORMED


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=20))
def test_dialects_meet(text: str) -> None:
    """A name printed in any dialect reads as what OpenSSL prints."""
    name = DistinguishedName.from_nginx(b"CN=x")
    attribute = name.rdns[0][0]
    other = DistinguishedName(rdns=((type(attribute)(oid=attribute.oid, value=text),),))
    assert RAW_UTF8_NAMES.to_openssl(other.apache) == other.nginx
    assert OPENSSL_NAMES.to_openssl(other.nginx) == other.nginx


def test_base64_der_names() -> None:
    """Google's names come out as OpenSSL prints them."""
    octets = ZOE.certificate.subject.public_bytes()
    assert BASE64_DER_NAMES.to_openssl(b64encode(octets)) == ZOES_NAME.nginx


PINNED = Envoy(fields_only=True, fingerprints=[ALICE.fingerprint_sha256])


def test_x4_pinned_hash() -> None:
    """A pinned hash is an identity of a fingerprint and nothing else, and no field beside it is believed."""
    value = f'Hash={ALICE.fingerprint_sha256};Subject="CN=admin";URI=spiffe://example.org/admin'
    for trust in (AUTHORITY.pem, TRUST_PROXY):
        identity = decided(PINNED, (("x-forwarded-client-cert", value),), trust=trust)
        assert isinstance(identity, ClientIdentity)
        assert identity.fingerprint_sha256 == ALICE.fingerprint_sha256
        assert identity.x5t_s256 is not None
        assert (identity.subject.is_empty, identity.issuer.is_empty) == (True, True)
        assert (identity.certificate, identity.serial_number, identity.uris, identity.spiffe_id) == (
            None,
            None,
            (),
            None,
        )
        assert identity.evidence.level is EvidenceLevel.PROXY_ATTRIBUTES


def test_x4_hash_that_is_not_pinned() -> None:
    """Any other hash is refused, and so is the shape without a certificate where it has not been opted into."""
    header = "x-forwarded-client-cert"
    assert decided(PINNED, ((header, f"Hash={'0' * 64}"),)) is Reason.NOT_PINNED
    assert decided(PINNED, ((header, xfcc(ADMIN)),)) is Reason.NOT_PINNED
    assert decided(PINNED, ((header, "Subject=x"),)) is Reason.EVIDENCE_MISSING
    assert decided(PINNED, ()) is Reason.NO_CERTIFICATE
    assert decided(Envoy(), ((header, f"Hash={ALICE.fingerprint_sha256}"),)) is Reason.EVIDENCE_MISSING
    assert isinstance(decided(PINNED, ((header, xfcc(ALICE)),)), ClientIdentity)
    assert decided(Envoy(), ((header, xfcc(STRANGERS)),)) is Reason.ISSUER_UNKNOWN


def test_fingerprint_forms() -> None:
    """A SHA-256 has one spelling in hex and one in base64."""
    digest = sha256(b"x")
    assert hex_fingerprint(digest.hexdigest().encode()) == digest.hexdigest()
    assert base64_fingerprint(b64encode(digest.digest())) == digest.hexdigest()
    for bad in (b"", b"00", digest.hexdigest().upper().encode(), digest.hexdigest().encode() + b"0", b"g" * 64):
        with pytest.raises(ClientCertError):
            hex_fingerprint(bad)
        with pytest.raises(ClientCertError):
            base64_fingerprint(bad)
    with pytest.raises(ClientCertError):
        base64_fingerprint(b64encode(digest.digest()[:-1] + b"").rstrip(b"="))
