"""What producers write that no capture shows: documented examples, lines and options of one's own, names."""

import json
from base64 import b64decode, b64encode
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, get_args

import pytest

from clientcert.config import ClientCertConfig
from clientcert.core.authenticator import Authenticator
from clientcert.core.identity import EvidenceLevel
from clientcert.core.outcome import Anonymous, Authenticated
from clientcert.core.sources import (
    ALIASES,
    PRESETS,
    AwsAlbVerify,
    AwsCloudFront,
    Custom,
    Envoy,
    GcpLoadBalancer,
    HeaderSource,
    IngressNginx,
)
from clientcert.core.sources.aws import api_gateway_chain
from clientcert.testing import CertificateAuthority, IssuedCertificate, as_client
from clientcert.testing.malformed import DEFECTIVE, UNREADABLE
from clientcert.testing.names import encode_name
from clientcert.testing.producers import (
    LANGUAGES,
    PRODUCERS,
    Detail,
    HeaderLines,
    Line,
    PassTlsClientCert,
    Via,
    Xfcc,
    api_gateway_event,
    header_lines,
    ingress_nginx,
    producer_of,
)
from clientcert.testing.producers.fields import fields_of
from clientcert.testing.producers.lines import capitalized
from clientcert.testing.producers.name_text import openssl_name
from tests.core.producers import PRODUCERS as ROWS
from tests.core.producers import Producer, pairs_of

NAMES = json.loads((Path(__file__).parents[1] / "data" / "names" / "printed.json").read_text(encoding="utf-8"))

# The names of Amazon's own example.
AMAZON = CertificateAuthority(
    seed="amazon",
    now=datetime(2024, 1, 1, tzinfo=UTC),
    subject=[
        *(("C", "US"), ("ST", "Washington"), ("L", "Seattle")),
        *(("O", "mTLS"), ("OU", "rootCA"), ("CN", "rootcamtls.com")),
    ],
)
AMAZONS_CLIENT = AMAZON.issue(
    subject=[("C", "US"), ("ST", "Washington"), ("O", "mTLS"), ("OU", "client-3"), ("CN", "client_.com")],
    serial_number=0x4A3F5C92D1E87B6C,
    not_before=datetime(2023, 9, 21, 1, 50, 17, tzinfo=UTC),
    not_after=datetime(2024, 9, 20, 1, 50, 17, tzinfo=UTC),
)
AMAZON_SAYS = {
    "Issuer": "CN=rootcamtls.com,OU=rootCA,O=mTLS,L=Seattle,ST=Washington,C=US",
    "Subject": "CN=client_.com,OU=client-3,O=mTLS,ST=Washington,C=US",
    "Validity": "NotBefore=2023-09-21T01:50:17Z;NotAfter=2024-09-20T01:50:17Z",
}
SERIAL_NUMBERS = {"X-Amzn-Mtls-Clientcert-": "4A3F5C92D1E87B6C", "CloudFront-Viewer-Cert-": "4a:3f:5c:92:d1:e8:7b:6c"}


@pytest.mark.parametrize(
    ("via", "prefix"),
    [("aws-alb-verify", "X-Amzn-Mtls-Clientcert-"), ("aws-cloudfront", "CloudFront-Viewer-Cert-")],
)
def test_amazons_examples(via: str, prefix: str) -> None:
    """Names, dates and serial number are written as the documentation of the load balancer and CloudFront has them."""
    headers = AMAZONS_CLIENT.as_client(via=via).header_dict()
    assert {name: headers[prefix + name] for name in AMAZON_SAYS} == AMAZON_SAYS
    assert headers[prefix + "Serial-Number"] == SERIAL_NUMBERS[prefix]


def test_amazons_escaping() -> None:
    """A load balancer leaves ``+ = /`` as they are, CloudFront does not; both escape line breaks and spaces."""
    leaf = AMAZONS_CLIENT.as_client(via="aws-alb-verify").header_dict()["X-Amzn-Mtls-Clientcert-Leaf"]
    pem = AMAZONS_CLIENT.as_client(via="aws-cloudfront").header_dict()["CloudFront-Viewer-Cert-Pem"]
    assert leaf.startswith("-----BEGIN%20CERTIFICATE-----%0AMII")
    assert leaf.endswith("%0A-----END%20CERTIFICATE-----%0A")
    assert leaf.replace("+", "%2B").replace("=", "%3D").replace("/", "%2F") == pem != leaf


def test_google_writes_names_as_der() -> None:
    """Names and fingerprint are base64, and a name over 512 octets is left empty."""
    via = header_lines(
        "gcp-lb", ("X-Subject", "{client_cert_subject_dn}"), ("X-Sha", "{client_cert_sha256_fingerprint}")
    )
    headers = AMAZONS_CLIENT.as_client(via=via).header_dict()
    assert b64decode(headers["X-Subject"]) == AMAZONS_CLIENT.certificate.subject.public_bytes()
    assert b64decode(headers["X-Sha"]).hex() == AMAZONS_CLIENT.fingerprint_sha256
    long = AMAZON.issue(subject=[("O", "x" * 64)] * 10)
    assert long.as_client(via=via).header_dict()["X-Subject"] == ""


def test_cloudflare_leaves_out_what_is_too_long() -> None:
    """A certificate of more than 10 KiB does not arrive, and a revoked one counts as verified."""
    long = AMAZON.issue("svc-a", san=[f"DNS:{number}.{'x' * 50}.example" for number in range(150)])
    headers = long.as_client(via="cloudflare").header_dict()
    assert "Client-Cert" not in headers
    assert headers["Cf-Cert-Presented"] == "true"
    revoked = AMAZONS_CLIENT.as_client(via="cloudflare", failure="revoked").header_dict()
    assert (revoked["Cf-Cert-Verified"], revoked["Cf-Cert-Revoked"]) == ("true", "true")


@pytest.mark.parametrize("payload", ["1.0", "2.0"])
def test_event_of_api_gateway(payload: Any) -> None:
    """The certificate lies where REST APIs, or HTTP APIs, put it, with the documented attributes beside it."""
    event = api_gateway_event(AMAZONS_CLIENT, payload=payload)
    assert api_gateway_chain(event) == (AMAZONS_CLIENT.der,)
    assert api_gateway_chain(api_gateway_event(None, payload=payload)) == ()
    holder = event["requestContext"]["identity" if payload == "1.0" else "authentication"]["clientCert"]
    assert holder["subjectDN"] == AMAZON_SAYS["Subject"]
    assert holder["validity"] == {"notBefore": "Sep 21 01:50:17 2023 GMT", "notAfter": "Sep 20 01:50:17 2024 GMT"}


def test_names_as_real_software_printed_them() -> None:
    """Every name that OpenSSL, nginx, HAProxy, Apache or Envoy printed is written in the same octets."""
    printed = {(name, dialect, text) for name, _, dialect, text, _ in NAMES["printed"]}
    assert len(printed) == 95
    for name, dialect, text in printed:
        fields = fields_of(AMAZON.issue(subject=b64decode(NAMES["names"][name])).der)
        assert fields is not None
        assert openssl_name(fields.subject, raw_utf8=dialect == "apache").decode("latin-1") == text


def test_every_preset_has_a_producer() -> None:
    """None is missing, none is of no preset, each goes by its own name; aliases name the producer of their preset."""
    assert set(PRODUCERS) == set(PRESETS)
    assert [producer.name for producer in PRODUCERS.values()] == list(PRODUCERS)
    assert all(producer_of(alias) is PRODUCERS[preset] for alias, preset in ALIASES.items())
    assert all(producer_of(PRESETS[name]()) is producer for name, producer in PRODUCERS.items())


@pytest.mark.parametrize("row", ROWS.values(), ids=ROWS)
def test_a_configured_source_is_a_producer(row: Producer, authority: CertificateAuthority) -> None:
    """Whatever options a source has, what is written for it is what it reads; without a certificate it says so."""
    issuing = authority.intermediate("Issuing CA")
    settings: dict[str, Any] = {"trusted_proxies": ["127.0.0.1"], "mode": "optional", "clock": lambda: authority.now}
    authenticator = Authenticator(ClientCertConfig(source=row.source, trust=issuing.bundle_pem, **settings))
    client = issuing.issue(subject=[("O", "Zoë"), ("CN", "svc-a")])
    outcome = authenticator.authenticate(client.as_client(via=row.source).facts())
    assert isinstance(outcome, Authenticated)
    assert outcome.identity.certificate == client.der
    assert isinstance(authenticator.authenticate(as_client(None, via=row.source).facts()), Anonymous)


ATTRIBUTES_ONLY: dict[str, HeaderSource] = {
    "ingress-nginx": IngressNginx(pass_certificate=False),
    "aws-alb-verify": AwsAlbVerify(leaf=False),
    "aws-cloudfront": AwsCloudFront(pem=False),
    "gcp-lb": GcpLoadBalancer(leaf=False),
    "envoy": Envoy(fields_only=True, fingerprints=[AMAZONS_CLIENT.fingerprint_sha256]),
}


@pytest.mark.parametrize("source", ATTRIBUTES_ONLY.values(), ids=ATTRIBUTES_ONLY)
def test_a_source_without_a_certificate_is_a_producer(source: HeaderSource) -> None:
    """Names, serial number or hash are written in the source's own dialect, and are an identity of that level."""
    config = ClientCertConfig(source=source, trust=AMAZON.pem, trusted_proxies=["127.0.0.1"], clock=lambda: AMAZON.now)
    outcome = Authenticator(config).authenticate(AMAZONS_CLIENT.as_client(via=source).facts())
    assert isinstance(outcome, Authenticated)
    assert outcome.identity.evidence.level is EvidenceLevel.PROXY_ATTRIBUTES
    assert outcome.identity.certificate is None


CUSTOM: dict[str, tuple[HeaderSource, dict[str, str]]] = {
    "renamed": (Custom(certificate="X-Cert", verdict="X-Verdict"), {"x-verdict": "FAILED:certificate has expired"}),
    "number": (
        Custom(certificate="x-cert", verdict="x-verdict", success="0", presence="x-used", presence_tokens=("1", "0")),
        {"x-verdict": "10", "x-used": "1"},
    ),
    "flag": (
        Custom(certificate="x-cert", verdict="x-verdict", success="true", conditions=(("x-revoked", "false"),)),
        {"x-verdict": "false", "x-revoked": "false"},
    ),
}


@pytest.mark.parametrize(("source", "wanted"), CUSTOM.values(), ids=CUSTOM)
def test_a_failed_verdict_of_a_source_of_ones_own(source: HeaderSource, wanted: dict[str, str]) -> None:
    """The word for a bad certificate is of the same kind as that for a good one."""
    headers = dict(pairs_of(AMAZONS_CLIENT.as_client(via=source, failure="expired")))
    assert wanted.items() <= headers.items()


def test_a_chain_goes_into_as_many_headers_as_the_source_has(authority: CertificateAuthority) -> None:
    """One certificate for each header, or all of them in one where its form carries several."""
    client = authority.intermediate("One").intermediate("Two").issue("svc-a")
    two = Custom(certificate="x-cert", chain=("x-0", "x-1"), chain_encoding="base64-der")
    headers = dict(pairs_of(client.as_client(via=two)))
    assert [headers["x-0"], headers["x-1"]] == [b64encode(der).decode() for der in client.intermediates]
    one = Custom(certificate="x-cert", chain=("x-0",), chain_encoding="base64-der-sequence")
    assert b64decode(dict(pairs_of(client.as_client(via=one)))["x-0"]) == b"".join(client.intermediates)
    assert "x-0" not in dict(pairs_of(client.as_client(via=one, chain=())))


OPTIONS: dict[str, tuple[Via, list[str]]] = {
    "ingress-nginx-without-certificate": (
        ingress_nginx(pass_certificate=False),
        ["ssl-client-verify", "ssl-client-subject-dn", "ssl-client-issuer-dn"],
    ),
    "traefik-info": (PassTlsClientCert(pem=False, info=True), ["X-Forwarded-Tls-Client-Cert-Info"]),
    "nginx-lines": (header_lines("nginx", ("X-Serial", "no $ssl_client_serial!"), ("X-No", "")), ["X-Serial"]),
    "haproxy-lines": (header_lines("haproxy", ("X-Empty", ""), ("X-Never", "1", "absent")), ["x-empty"]),
}


@pytest.mark.parametrize(("via", "names"), OPTIONS.values(), ids=OPTIONS)
def test_options(via: Via, names: list[str]) -> None:
    """What a producer is configured to send comes, in its spelling, and nothing else."""
    assert [name.decode() for name, _ in AMAZONS_CLIENT.as_client(via=via).headers] == names


def test_envoy_appends() -> None:
    """Behind another hop's element stands Envoy's own; JSON stays JSON behind JSON alone."""
    own = AMAZONS_CLIENT.as_client(via=Xfcc()).header_dict()["x-forwarded-client-cert"]

    def appended(after: str) -> str:
        return AMAZONS_CLIENT.as_client(via=Xfcc(json=True, after=after)).header_dict()["x-forwarded-client-cert"]

    assert appended("Hash=0") == f"Hash=0,{own}"
    assert [len(element) for element in json.loads(appended('[{"hash":"0"}]'))] == [1, 3]


def test_lines_that_no_producer_would_start_with() -> None:
    """An unknown language or variable is refused with the legal ones."""
    with pytest.raises(ValueError, match="unknown language 'nginz', wanted one of nginx, haproxy"):
        header_lines("nginz")
    with pytest.raises(ValueError, match=r"nginx: unknown \$ssl_client_s_nd in 'a \$ssl_client_s_nd', the legal"):
        header_lines("nginx", ("x", "a $ssl_client_s_nd"))
    for language in LANGUAGES.values():
        assert isinstance(header_lines(language.name, *(("x", text) for text in language.variables)), HeaderLines)


def test_a_source_that_nobody_knows() -> None:
    """A class of the user's own reads what only its author knows."""

    class Own:
        name, needs_proxy_proof, gives_verdict, sends_certificate = "own", True, False, True
        header_names = (b"x",)

        def read(self, facts: object, headers: object, limits: object) -> None:
            """Nobody."""

    with pytest.raises(TypeError, match="is no HeaderSource"):
        producer_of(Own())


@pytest.mark.parametrize("name", [*DEFECTIVE, *UNREADABLE])
def test_every_variable_of_every_language_can_be_written(name: str, authority: CertificateAuthority) -> None:
    """Whatever stands in the place of a certificate, there is something to write of it, or nothing."""
    client = IssuedCertificate(der={**DEFECTIVE, **UNREADABLE}[name](authority))
    details = get_args(Detail)
    assert client.as_client(via=Xfcc(details=details)).headers
    assert client.as_client(via=Xfcc(details=details, json=True)).headers
    assert client.as_client(via=PassTlsClientCert(info=True)).headers
    for language in LANGUAGES.values():
        lines: list[Line] = [("x", variable) for variable in language.variables]
        assert client.as_client(via=header_lines(language.name, *lines)).headers


def test_spelling_of_go() -> None:
    """Each word begins with a capital letter."""
    assert capitalized("x-SSL-client-cert") == "X-Ssl-Client-Cert"


def test_an_attribute_that_is_no_text() -> None:
    """OpenSSL prints its DER, Go leaves it out of the known ones."""
    name = encode_name([("CN", b"\x01\x02", "bmp"), ("CN", "a")])
    client = AMAZON.issue(subject=name.replace(b"\x1e\x02", b"\x04\x02"))
    request = client.as_client(via="traefik-ingress-nginx")
    assert request.header_dict()["Ssl-Client-Subject-Dn"] == "CN=a"
    assert client.as_client(via="ingress-nginx").header_dict()["ssl-client-subject-dn"] == "CN=a,CN=#04020102"
    assert isinstance(client, IssuedCertificate)
