"""Sources: what each producer's headers claim, row by row (N, V, E and H20 of the threat model)."""

import dataclasses
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clientcert.core.facts import RequestFacts
from clientcert.core.headers import HeaderGuard
from clientcert.core.limits import Limits
from clientcert.core.sources import (
    GUARDED_HEADERS,
    PRESETS,
    AliasPolicy,
    Claim,
    HeaderSource,
    IngressNginx,
    Nginx,
    Source,
    TLSSocket,
    source_named,
)
from clientcert.errors import ClientCertError, ConfigurationError, Reason
from tests.material import ADMIN_DN, ALICE, ALICE_DN, CA_DN, NOBODY, Pairs, certificate_header, evidence, raw

INGRESS = IngressNginx()
NAMES_ONLY = IngressNginx(pass_certificate=False)
NGINX = Nginx()
LIMITS = Limits()
CERTIFICATE = certificate_header(ALICE)
SUCCESS = ("ssl-client-verify", "SUCCESS")
SUBJECT = ("ssl-client-subject-dn", ALICE_DN)
ISSUER = ("ssl-client-issuer-dn", CA_DN)


def read(
    source: Source, pairs: Pairs, *, limits: Limits = LIMITS, folded: bool = False, **facts: Any
) -> Claim | Reason | None:
    """What a source makes of headers: a claim, a reason to refuse, or None for "no certificate"."""
    request = RequestFacts(headers=raw(pairs), folded=folded, **facts)
    guard = HeaderGuard(read=source.header_names, guarded=GUARDED_HEADERS)
    try:
        return source.read(request, guard.select(request.headers), limits)
    except ClientCertError as error:
        return error.reason


FULL = Claim(leaf=ALICE.der, verdict="SUCCESS", subject_dn=ALICE_DN.encode(), issuer_dn=CA_DN.encode())

CLAIMS: dict[str, tuple[Source, Pairs, Claim | None]] = {
    "ingress-all-four": (INGRESS, evidence(), FULL),
    "ingress-without-names-of-a-nameless-subject": (
        INGRESS,
        evidence(subject=None),
        dataclasses.replace(FULL, subject_dn=b""),
    ),
    "ingress-nobody": (INGRESS, NOBODY, None),
    "ingress-nothing-at-all": (INGRESS, (), None),
    "n15-empty-values": (INGRESS, (("ssl-client-cert", ""), ("ssl-client-verify", "")), None),
    "n15-empty-certificate-and-none": (INGRESS, (("ssl-client-cert", ""), *NOBODY), None),
    "n13-spaces-around": (INGRESS, tuple((name, f" \t{value}\t ") for name, value in evidence()), FULL),
    "n7-upper-case": (INGRESS, tuple((name.upper(), value) for name, value in evidence()), FULL),
    "order-does-not-matter": (INGRESS, evidence()[::-1], FULL),
    "names-only": (NAMES_ONLY, (SUCCESS, SUBJECT, ISSUER), dataclasses.replace(FULL, leaf=None)),
    "h20-names-only-ignores-the-clients-certificate": (
        NAMES_ONLY,
        (SUCCESS, SUBJECT, ISSUER, ("ssl-client-cert", "EVIL")),
        dataclasses.replace(FULL, leaf=None),
    ),
    "h20-names-only-ignores-it-without-a-client-too": (NAMES_ONLY, (*NOBODY, CERTIFICATE), None),
    "names-only-nobody": (NAMES_ONLY, NOBODY, None),
    "nginx-certificate-and-verdict": (NGINX, (CERTIFICATE, SUCCESS), Claim(leaf=ALICE.der, verdict="SUCCESS")),
    "nginx-with-names": (NGINX, evidence(), FULL),
    "nginx-with-the-subject": (
        NGINX,
        (CERTIFICATE, SUCCESS, SUBJECT),
        dataclasses.replace(FULL, issuer_dn=None),
    ),
    "nginx-nobody": (NGINX, NOBODY, None),
    "nginx-own-header-names": (
        Nginx(certificate="X-Cert", verdict="X-Verify", subject_dn=None, issuer_dn=None),
        (("x-cert", CERTIFICATE[1]), ("x-verify", "SUCCESS"), ("ssl-client-verify", "NONE")),
        Claim(leaf=ALICE.der, verdict="SUCCESS"),
    ),
    "e8-nginx-folded": (
        Nginx(encoding="folded-pem"),
        (("ssl-client-cert", ALICE.pem.decode()[:-1].replace("\n", "\n\t")), SUCCESS),
        Claim(leaf=ALICE.der, verdict="SUCCESS"),
    ),
    "connection-close-is-no-nomination": (INGRESS, (*evidence(), ("connection", "close, keep-alive")), FULL),
    "n19-another-producers-headers": (INGRESS, (*evidence(), ("x-ssl-client-verify", "FAILED")), FULL),
}


@pytest.mark.parametrize(("source", "pairs", "claim"), CLAIMS.values(), ids=CLAIMS)
def test_claim(source: Source, pairs: Pairs, claim: Claim | None) -> None:
    """What the producer sends becomes exactly its claim, or "no certificate"."""
    assert read(source, pairs) == claim


REFUSALS: dict[str, tuple[Source, Pairs, Reason]] = {
    "n1-certificate-twice": (INGRESS, (*evidence(), CERTIFICATE), Reason.DUPLICATE_HEADER),
    "n1-certificate-twice-second-empty": (INGRESS, (*evidence(), ("ssl-client-cert", "")), Reason.DUPLICATE_HEADER),
    "n1-ignored-certificate-twice": (
        NAMES_ONLY,
        (SUCCESS, SUBJECT, ISSUER, CERTIFICATE, CERTIFICATE),
        Reason.DUPLICATE_HEADER,
    ),
    "n2-verdict-twice": (INGRESS, (*evidence(), ("ssl-client-verify", "FAILED:x")), Reason.DUPLICATE_HEADER),
    "n2-equal-verdicts": (INGRESS, (*evidence(), SUCCESS), Reason.DUPLICATE_HEADER),
    "n2-subject-twice": (INGRESS, (*evidence(), SUBJECT), Reason.DUPLICATE_HEADER),
    "n2-issuer-twice": (INGRESS, (*evidence(), ISSUER), Reason.DUPLICATE_HEADER),
    "n2-verdicts-without-a-client": (INGRESS, (*NOBODY, *NOBODY), Reason.DUPLICATE_HEADER),
    "n4-underscore-twin": (INGRESS, (*evidence(), ("ssl_client_cert", "EVIL")), Reason.HEADER_ALIAS),
    "n4-underscore-alone": (INGRESS, (("ssl_client_verify", "SUCCESS"),), Reason.HEADER_ALIAS),
    "n5-dot-twin": (INGRESS, (*evidence(), ("ssl.client.cert", "EVIL")), Reason.HEADER_ALIAS),
    "n5-mixed-twin": (INGRESS, (*evidence(), ("ssl-client.verify", "EVIL")), Reason.HEADER_ALIAS),
    "n5-twin-of-the-ignored-certificate": (NAMES_ONLY, (*NOBODY, ("ssl_client_cert", "x")), Reason.HEADER_ALIAS),
    "n9-line-feed-in-the-certificate": (
        INGRESS,
        (("ssl-client-cert", f"{CERTIFICATE[1]}\n x"), *evidence(None)),
        Reason.HEADER_MALFORMED,
    ),
    "n9-carriage-return-in-the-verdict": (INGRESS, evidence(verdict="SUC\r\n CESS"), Reason.HEADER_MALFORMED),
    "n9-tab-inside-the-verdict": (INGRESS, evidence(verdict="SUCCESS\tx"), Reason.HEADER_MALFORMED),
    "n9-space-inside-the-certificate": (
        INGRESS,
        (("ssl-client-cert", CERTIFICATE[1].replace("%0A", " ")), *evidence(None)),
        Reason.ENCODING_MALFORMED,
    ),
    "n11-nul-in-the-verdict": (INGRESS, evidence(verdict="SUCCESS\0"), Reason.HEADER_MALFORMED),
    "n11-escape-in-the-subject": (INGRESS, evidence(subject=ALICE_DN + "\x1b[2J"), Reason.HEADER_MALFORMED),
    "n11-delete-in-the-issuer": (INGRESS, evidence(issuer=CA_DN + "\x7f"), Reason.HEADER_MALFORMED),
    "n12-no-break-space-behind": (INGRESS, evidence(verdict="SUCCESS\xa0"), Reason.HEADER_MALFORMED),
    "n12-next-line-before": (INGRESS, evidence(verdict="\x85SUCCESS"), Reason.HEADER_MALFORMED),
    "n15-empty-certificate-and-success": (
        INGRESS,
        (("ssl-client-cert", ""), *evidence(None)),
        Reason.VERDICT_CONTRADICTED,
    ),
    "n16-verdict-nominated": (INGRESS, (*evidence(), ("connection", "ssl-client-verify")), Reason.HOP_BY_HOP_HEADER),
    "n16-nominated-among-others": (
        INGRESS,
        (*NOBODY, ("Connection", "close ,\tSSL-Client-Cert, x")),
        Reason.HOP_BY_HOP_HEADER,
    ),
    "n16-nominated-in-a-second-header": (
        INGRESS,
        (*evidence(), ("connection", "close"), ("connection", "ssl-client-cert")),
        Reason.HOP_BY_HOP_HEADER,
    ),
    "n16-verdict-removed": (INGRESS, evidence(verdict=None), Reason.VERDICT_MISSING),
    "n17-certificate-with-empty-verdict": (INGRESS, evidence(verdict=""), Reason.VERDICT_MISSING),
    "v1-optional-no-ca": (INGRESS, evidence(verdict="FAILED:self-signed certificate"), Reason.PROXY_VERDICT_FAILED),
    "v1-failed-without-certificate": (INGRESS, (("ssl-client-verify", "FAILED:x"),), Reason.PROXY_VERDICT_FAILED),
    "v2-none-with-certificate": (INGRESS, evidence(verdict="NONE"), Reason.VERDICT_CONTRADICTED),
    "v2-none-with-the-certificate-alone": (INGRESS, (CERTIFICATE, *NOBODY), Reason.VERDICT_CONTRADICTED),
    "v2-none-with-the-subject-alone": (INGRESS, (SUBJECT, *NOBODY), Reason.VERDICT_CONTRADICTED),
    "v2-none-with-the-issuer-alone": (INGRESS, (ISSUER, *NOBODY), Reason.VERDICT_CONTRADICTED),
    "v2-names-only-none-with-the-subject": (NAMES_ONLY, (SUBJECT, *NOBODY), Reason.VERDICT_CONTRADICTED),
    "v3-certificate-without-verdict": (INGRESS, (CERTIFICATE,), Reason.VERDICT_MISSING),
    "v3-subject-without-verdict": (INGRESS, (SUBJECT,), Reason.VERDICT_MISSING),
    "v3-issuer-without-verdict": (INGRESS, (ISSUER,), Reason.VERDICT_MISSING),
    "v3-nginx-certificate-without-verdict": (NGINX, (CERTIFICATE,), Reason.VERDICT_MISSING),
    "v4-success-alone": (INGRESS, (SUCCESS,), Reason.VERDICT_CONTRADICTED),
    "v4-success-with-names": (INGRESS, evidence(None), Reason.VERDICT_CONTRADICTED),
    "v4-nginx-success-alone": (NGINX, (SUCCESS,), Reason.VERDICT_CONTRADICTED),
    "v4-names-only-success-alone": (NAMES_ONLY, (SUCCESS,), Reason.EVIDENCE_MISSING),
    "v4-names-only-without-issuer": (NAMES_ONLY, (SUCCESS, SUBJECT), Reason.EVIDENCE_MISSING),
    "h20-ingress-without-names": (INGRESS, (CERTIFICATE, SUCCESS), Reason.EVIDENCE_MISSING),
    "h20-ingress-without-issuer": (INGRESS, evidence(issuer=None), Reason.EVIDENCE_MISSING),
    "e3-private-key": (
        INGRESS,
        (("ssl-client-cert", "-----BEGIN%20PRIVATE%20KEY-----%0A"), *evidence(None)),
        Reason.PRIVATE_KEY_SENT,
    ),
    "e8-folded-value-in-the-escaped-preset": (
        INGRESS,
        (("ssl-client-cert", ALICE.pem.decode()[:-1].replace("\n", "\n\t")), *evidence(None)),
        Reason.HEADER_MALFORMED,
    ),
    "e8-unfolded-value-in-the-escaped-preset": (
        INGRESS,
        (("ssl-client-cert", ALICE.pem.decode()[:-1].replace("\n", " ")), *evidence(None)),
        Reason.ENCODING_MALFORMED,
    ),
    "e14-placeholder-null": (INGRESS, (("ssl-client-cert", "(null)"), *evidence(None)), Reason.ENCODING_MALFORMED),
    "e14-placeholder-dash": (INGRESS, (("ssl-client-cert", "-"), *evidence(None)), Reason.ENCODING_MALFORMED),
    "e14-placeholder-none": (INGRESS, (("ssl-client-cert", "-"), *NOBODY), Reason.VERDICT_CONTRADICTED),
    "e15-high-bytes": (INGRESS, (("ssl-client-cert", "\xff"), *evidence(None)), Reason.HEADER_MALFORMED),
}


@pytest.mark.parametrize(("source", "pairs", "reason"), REFUSALS.values(), ids=REFUSALS)
def test_refusal(source: Source, pairs: Pairs, reason: Reason) -> None:
    """Contradictory, duplicate or unreadable evidence is refused for the reason it deserves."""
    assert read(source, pairs) is reason


@pytest.mark.parametrize(
    "token",
    [
        "success", "Success", "OK", "1", "0", "TRUE", "True", "yes", "SUCCESS,", "SUCCESS;x", '"SUCCESS"', "SUCCESS x",
        "SUCCES", "SUCCESSS", "xSUCCESS", "FAILED:SUCCESS", "NOT SUCCESS", "FAILED", "FAILED:", "GENEROUS", "none",
        "None", "NONE,", "SUCCESS:NONE",
    ],
)  # fmt: skip
def test_v5_v7_v8_other_tokens(token: str) -> None:
    """Exactly one token is success; nothing near it, around it or in it, nor another producer's, is."""
    assert read(INGRESS, evidence(verdict=token)) is Reason.PROXY_VERDICT_FAILED
    assert read(NAMES_ONLY, evidence(None, verdict=token)) is Reason.PROXY_VERDICT_FAILED


@given(st.binary(max_size=20))
def test_v5_any_verdict(verdict: bytes) -> None:
    """No bytes but the token itself, spaces and tabs around it aside, are success."""
    outcome = read(INGRESS, evidence(verdict=verdict.decode("latin-1")))
    assert (outcome == FULL) is (verdict.strip(b" \t") == b"SUCCESS")


@pytest.mark.parametrize("position", range(7))
def test_v5_one_edit(position: int) -> None:
    """No byte put into or in the place of a letter of the token leaves it success."""
    for byte in range(256):
        for end in (position, position + 1):
            token = "SUCCESS"[:position] + chr(byte) + "SUCCESS"[end:]
            outcome = read(INGRESS, evidence(verdict=token))
            assert (outcome == FULL) is (token.strip(" \t") == "SUCCESS")


@pytest.mark.parametrize(
    "token", ["SUCCESS,SUCCESS", "SUCCESS,FAILED:x", "FAILED:x,SUCCESS", "NONE,SUCCESS", "SUCCESS, NONE", "SUCCESS,"]
)
def test_n2_joined_verdicts(token: str) -> None:
    """A comma in the verdict means, where the server joins duplicates, that there were several."""
    assert read(INGRESS, evidence(verdict=token), folded=True) is Reason.DUPLICATE_HEADER
    assert read(INGRESS, evidence(verdict=token), folded=False) is Reason.PROXY_VERDICT_FAILED


@pytest.mark.parametrize("separator", [",", ", "])
def test_n1_joined_certificates(separator: str) -> None:
    """Certificates that a server has joined with a comma are not one certificate."""
    pairs = (("ssl-client-cert", separator.join([CERTIFICATE[1]] * 2)), *evidence(None))
    assert read(INGRESS, pairs, folded=True) is Reason.ENCODING_MALFORMED


SIZES: dict[str, tuple[str, str]] = {
    "r1-certificate": ("ssl-client-cert", "header_bytes"),
    "r1-subject": ("ssl-client-subject-dn", "name_header_bytes"),
    "r1-issuer": ("ssl-client-issuer-dn", "name_header_bytes"),
    "r1-verdict": ("ssl-client-verify", "verdict_header_bytes"),
}


@pytest.mark.parametrize(("name", "limit"), SIZES.values(), ids=SIZES)
def test_r1_size(name: str, limit: str) -> None:
    """A header value may be as long as its limit and no longer; the length decides before anything is decoded."""
    longest: int = getattr(LIMITS, limit)
    pairs = dict(evidence())
    pairs[name] = "x" * longest
    assert read(INGRESS, tuple(pairs.items())) is not Reason.HEADER_TOO_LARGE
    pairs[name] = "\xff" * (longest + 1)
    assert read(INGRESS, tuple(pairs.items())) is Reason.HEADER_TOO_LARGE


def test_r1_lower_limit() -> None:
    """A lowered limit holds exactly."""
    size = len(CERTIFICATE[1])
    assert read(INGRESS, evidence(), limits=Limits(header_bytes=size)) == FULL
    assert read(INGRESS, evidence(), limits=Limits(header_bytes=size - 1)) is Reason.HEADER_TOO_LARGE


def test_n16_names_the_header() -> None:
    """The operator reads which header was nominated."""
    request = RequestFacts(headers=raw((("connection", "close, ssl-client-verify"),)))
    selected = HeaderGuard(read=INGRESS.header_names, guarded=[]).select(request.headers)
    with pytest.raises(ClientCertError, match="Connection names ssl-client-verify"):
        INGRESS.read(request, selected, LIMITS)


TLS = TLSSocket()


@pytest.mark.parametrize(
    ("chain", "claim"),
    [
        ((b"leaf",), Claim(leaf=b"leaf")),
        ((b"leaf", b"ca-1", b"ca-2"), Claim(leaf=b"leaf", intermediates=(b"ca-1", b"ca-2"))),
        ((), None),
        (None, Reason.SERVER_UNSUPPORTED),
    ],
    ids=["leaf", "leaf-and-chain", "t6-no-certificate", "no-data"],
)
def test_tls_socket(chain: tuple[bytes, ...] | None, claim: Claim | Reason | None) -> None:
    """The socket's peer is the client; "no certificate" and "no data" are different answers."""
    assert read(TLS, (), tls_chain=chain) == claim


def test_x9_tls_socket_reads_no_header() -> None:
    """With the TLS source no header says anything."""
    assert read(TLS, evidence(), tls_chain=()) is None
    assert read(TLS, evidence(), tls_chain=(b"leaf",)) == Claim(leaf=b"leaf")


def test_x8_tls_error() -> None:
    """A certificate that the server's TLS layer found bad is refused, whatever the chain says."""
    assert read(TLS, (), tls_chain=(b"leaf",), tls_error="self-signed certificate") is Reason.PROXY_VERDICT_FAILED


def test_h18_header_sources_read_no_socket() -> None:
    """The TLS peer of the hop is the proxy, never the user."""
    for source in (INGRESS, NAMES_ONLY, NGINX):
        assert read(source, NOBODY, tls_chain=(ALICE.der,)) is None


def test_presets() -> None:
    """Every preset's name gives a source of that name; an unknown one lists the legal ones."""
    assert {name: source_named(name).name for name in PRESETS} == {name: name for name in PRESETS}
    for name in ("envoyy", "", "Nginx", "ingress_nginx"):
        with pytest.raises(ConfigurationError, match=r"wanted one of: .*ingress-nginx.*nginx.*tls"):
            source_named(name)


TRAITS: Mapping[str, tuple[Source, bool, bool, bool]] = {
    "ingress-nginx": (INGRESS, True, True, True),
    "ingress-nginx-names-only": (NAMES_ONLY, True, True, False),
    "nginx": (NGINX, True, True, True),
    "tls": (TLS, False, False, True),
}


@pytest.mark.parametrize(("source", "needs_proof", "gives_verdict", "sends_certificate"), TRAITS.values(), ids=TRAITS)
def test_traits(source: Source, *, needs_proof: bool, gives_verdict: bool, sends_certificate: bool) -> None:
    """What the configuration needs to know of a source is declared by it."""
    assert source.needs_proxy_proof is needs_proof
    assert source.gives_verdict is gives_verdict
    assert source.sends_certificate is sends_certificate


def test_n23_guarded_headers() -> None:
    """Every name of every preset is guarded, in lower case, whichever is configured."""
    assert frozenset(NAMES_ONLY.header_names) | set(NGINX.header_names) <= GUARDED_HEADERS
    assert all(name == name.lower() for name in GUARDED_HEADERS)
    # The names-only form reads the client's own certificate header too: to strip it.
    assert b"ssl-client-cert" in NAMES_ONLY.header_names


REFUSED_SOURCES: dict[str, tuple[Any, dict[str, Any], str]] = {
    "n22-underscores": (Nginx, {"certificate": "SSL_CLIENT_CERT"}, "app servers drop or merge others"),
    "n22-host": (Nginx, {"verdict": "host"}, "means something else"),
    "n22-same-name-twice": (Nginx, {"certificate": "x-a", "verdict": "X-A"}, "one header name twice"),
    "n22-names-collide": (Nginx, {"subject_dn": "x-a", "issuer_dn": "x-a"}, "one header name twice"),
    "e8-unknown-encoding": (Nginx, {"encoding": "pem"}, "escaped-pem, folded-pem"),
    "upper-case-in-a-source-of-ones-own": (
        HeaderSource,
        {"name": "mine", "certificate": "X-Cert", "verdict": "x-verify"},
        "lower-case",
    ),
    "names-only-without-a-verdict": (
        HeaderSource,
        {"name": "mine", "certificate": None, "subject_dn": "x-s", "issuer_dn": "x-i", "names_required": True},
        "without a certificate",
    ),
    "names-only-without-names": (
        HeaderSource,
        {"name": "mine", "certificate": None, "verdict": "x-verify"},
        "without a certificate",
    ),
}


@pytest.mark.parametrize(("kind", "options", "message"), REFUSED_SOURCES.values(), ids=REFUSED_SOURCES)
def test_refused_source(kind: Any, options: dict[str, Any], message: str) -> None:
    """A source that could not work is refused while constructing."""
    with pytest.raises(ConfigurationError, match=message):
        kind(**options)


def test_alias_policy_ignore() -> None:
    """For a producer that forwards whatever the client invents, another spelling says nothing, as `Connection` does."""
    source = HeaderSource(name="mine", certificate="x-cert", verdict="x-verify", aliases=AliasPolicy.IGNORE)
    pairs = (
        ("x-cert", CERTIFICATE[1]),
        ("x-verify", "SUCCESS"),
        ("x_cert", "EVIL"),
        ("connection", "x-cert"),
    )
    assert read(source, pairs) == Claim(leaf=ALICE.der, verdict="SUCCESS")
    assert read(source, (*pairs, ("x-cert", "EVIL"))) is Reason.DUPLICATE_HEADER
    assert read(dataclasses.replace(source, aliases=AliasPolicy.REFUSE), pairs) is Reason.HEADER_ALIAS


def test_source_without_verdict() -> None:
    """A producer without a verdict says "no certificate" by sending none, and what it sends is for us to verify."""
    source = HeaderSource(name="mine", certificate="x-cert")
    assert not source.gives_verdict
    assert read(source, ()) is None
    assert read(source, (("x-cert", CERTIFICATE[1]),)) == Claim(leaf=ALICE.der)


def test_sources_are_values() -> None:
    """Sources compare by what they declare, and cannot be changed."""
    assert IngressNginx() == IngressNginx()
    assert IngressNginx() != NAMES_ONLY
    with pytest.raises(AttributeError):
        INGRESS.verdict = "x"  # type: ignore[misc]


def test_no_header_decides_but_ones_own() -> None:
    """The same claim results whatever another subject's headers of other names say."""
    noise = (("x-user", ADMIN_DN), ("forwarded", "for=1.2.3.4"), ("x-ssl-client-cert", "EVIL"))
    assert read(INGRESS, noise + evidence() + noise) == FULL
