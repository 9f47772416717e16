"""`as_client`: any preset's headers for any certificate and verdict, and the value that holds them."""

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from clientcert.config import ClientCertConfig
from clientcert.core.authenticator import Authenticator
from clientcert.core.outcome import Anonymous, Authenticated, Outcome, Rejected
from clientcert.core.proxy import SharedSecret
from clientcert.core.sources import ALIASES, PRESETS, source_named
from clientcert.errors import Reason
from clientcert.testing import (
    CertificateAuthority,
    ClientRequest,
    IssuedCertificate,
    as_client,
    default_authority,
    request_facts,
)
from clientcert.testing.malformed import UNREADABLE
from clientcert.testing.producers import PRODUCERS
from tests.material import SECRET

EVERY = pytest.mark.parametrize("via", [*PRESETS, *ALIASES])


def decided(request: ClientRequest, authority: CertificateAuthority, via: str, **changes: Any) -> Outcome:
    """What the core makes of a request behind that producer on this machine."""
    source = source_named(via)
    settings: dict[str, Any] = {
        "source": source,
        "trust": authority.pem,
        "trusted_proxies": ["127.0.0.1"] if source.needs_proxy_proof else None,
        "clock": lambda: authority.now,
        "mode": "optional",
    }
    return Authenticator(ClientCertConfig(**(settings | changes))).authenticate(request.facts())


@EVERY
def test_the_preset_reads_what_the_kit_writes(via: str, authority: CertificateAuthority) -> None:
    """The kit's headers of every preset and alias are the client's identity, without any option on either side."""
    client = authority.issue(subject=[("O", "Zoë, Söhne"), ("CN", "svc-a")], san=["URI:spiffe://prod.example/svc-a"])
    outcome = decided(client.as_client(via=via, at=authority.now), authority, via)
    assert isinstance(outcome, Authenticated)
    assert outcome.identity.certificate == client.der
    assert outcome.identity.evidence.source == ALIASES.get(via, via)


@EVERY
def test_a_chain_is_sent_where_the_producer_sends_it(via: str, authority: CertificateAuthority) -> None:
    """A client below an intermediate is accepted with the root alone where the chain comes along, else not."""
    client = authority.intermediate("Issuing CA").issue("svc-a")
    forwards = {"aws-alb", "cloudflare", "envoy", "gcp-lb", "rfc9440", "tls", "traefik"}
    outcome = decided(client.as_client(via=via), authority, via)
    assert isinstance(outcome, Authenticated) is (ALIASES.get(via, via) in forwards)
    alone = client.as_client(via=via, chain=())
    assert isinstance(decided(alone, authority, via), Rejected)
    assert alone.headers == as_client(IssuedCertificate(der=client.der), via=via).headers


@EVERY
def test_a_client_without_a_certificate(via: str, authority: CertificateAuthority) -> None:
    """It is nobody behind every preset, said in either of three ways."""
    request = as_client(None, via=via)
    assert request.certificate is None
    assert isinstance(decided(request, authority, via), Anonymous)
    assert authority.as_client("svc-a", via=via, verdict="none") == request
    assert authority.issue("svc-a").as_client(via=via, verdict="none") == request


TELLING = [name for name, producer in PRODUCERS.items() if producer.tells_failure]


@pytest.mark.parametrize("via", TELLING)
def test_a_failed_verdict(via: str, authority: CertificateAuthority) -> None:
    """A producer with a verdict says that the certificate is bad, and who reads it believes that."""
    outcome = decided(authority.as_client("svc-a", via=via, verdict="failed"), authority, via)
    assert isinstance(outcome, Rejected)
    assert outcome.reason is Reason.PROXY_VERDICT_FAILED
    assert isinstance(decided(authority.as_client("svc-a", via=via), authority, via), Authenticated)


@pytest.mark.parametrize("via", [name for name in PRODUCERS if name not in TELLING])
def test_no_verdict_cannot_fail(via: str, authority: CertificateAuthority) -> None:
    """A producer without a verdict cannot be made to give one."""
    with pytest.raises(ValueError, match=f"{via} has no word for a bad certificate"):
        authority.as_client("svc-a", via=via, verdict="failed")


def test_every_failure_has_the_producers_own_words(authority: CertificateAuthority) -> None:
    """OpenSSL's text behind nginx, its number behind HAProxy, Go's text behind Traefik."""
    client = authority.issue("svc-a", not_after=timedelta(hours=-1))

    def verdict(via: str) -> str:
        headers = client.as_client(via=via, failure="expired", at=authority.now).header_dict()
        return {name.lower(): value for name, value in headers.items()}["ssl-client-verify"]

    assert verdict("nginx") == "FAILED:certificate has expired"
    assert verdict("haproxy") == "10"
    assert verdict("traefik-ingress-nginx") == (
        "FAILED:x509: certificate has expired or is not yet valid: "
        "current time 2026-11-21T23:00:00Z is after 2026-11-21T22:00:00Z"
    )


@pytest.mark.parametrize("via", [name for name in PRESETS if source_named(name).needs_proxy_proof])
def test_the_proof_is_a_header_of_the_producer(via: str, authority: CertificateAuthority) -> None:
    """The secret arrives under the usual name or another one; without it, or with a wrong one, nobody is believed."""
    proven = {"trusted_proxies": SharedSecret(SECRET)}
    assert isinstance(decided(authority.as_client("a", via=via, proof=SECRET), authority, via, **proven), Authenticated)
    for wrong in (None, SECRET[::-1], ("x-other", SECRET)):
        outcome = decided(authority.as_client("a", via=via, proof=wrong), authority, via, **proven)
        assert not isinstance(outcome, Authenticated)
    renamed = {"trusted_proxies": SharedSecret(SECRET, header="x-other")}
    other = authority.as_client("a", via=via, proof=("X-Other", SECRET.encode()))
    assert isinstance(decided(other, authority, via, **renamed), Authenticated)


def test_the_default_authority_is_one_for_the_process() -> None:
    """A name is enough, knobs included, where the app trusts that authority; no seed makes it known to others."""
    request = as_client("svc-a", via="envoy", san=["URI:spiffe://prod.example/svc-a"])
    assert isinstance(decided(request, default_authority(), "envoy"), Authenticated)
    assert default_authority() is default_authority()
    assert default_authority().der != default_authority.__wrapped__().der


@pytest.mark.parametrize("name", UNREADABLE)
@pytest.mark.parametrize("via", ["ingress-nginx", "envoy", "openshift", "apache", "caddy", "aws-alb-verify", "tls"])
def test_what_nobody_can_read_is_written_all_the_same(via: str, name: str, authority: CertificateAuthority) -> None:
    """Any octets can stand in the place of a certificate; whoever reads them refuses, and never fails."""
    octets = UNREADABLE[name](authority)
    outcome = decided(as_client(IssuedCertificate(der=octets), via=via), authority, via)
    # The certificate of no octets is these two's way to say that there is none.
    wanted = Anonymous if name == "empty" and via in {"caddy", "openshift"} else Rejected
    assert isinstance(outcome, wanted)


REQUEST = ClientRequest(
    headers=((b"X-Cert", b"a"), (b"x_cert", b"\xfc"), (b"X-Verify", b"0")), via="nginx", certificate=None
)


def test_headers_as_text() -> None:
    """A mapping keeps spelling and octets."""
    assert REQUEST.header_dict() == {"X-Cert": "a", "x_cert": "\xfc", "X-Verify": "0"}
    with pytest.raises(ValueError, match="cannot hold x-cert twice"):
        REQUEST.with_header("x-CERT", "b").header_dict()


def test_headers_as_an_environ() -> None:
    """Names are folded and values joined, as the least careful server does."""
    assert REQUEST.environ() == {"HTTP_X_CERT": "a,\xfc", "HTTP_X_VERIFY": "0"}


def test_headers_taken_away_and_added() -> None:
    """A request is changed by making another one; what is not there cannot be taken away."""
    changed = REQUEST.without("X-CERT", b"x_cert").with_header("X-Verify", b"1")
    assert changed.headers == ((b"X-Verify", b"0"), (b"X-Verify", b"1"))
    assert REQUEST.headers[0] == (b"X-Cert", b"a")
    with pytest.raises(KeyError, match="x-other"):
        REQUEST.without("X-Other")


def test_facts() -> None:
    """The core gets the headers as they are, from a proxy on this machine unless the test says otherwise."""
    facts = REQUEST.facts()
    assert (facts.headers, facts.peer, facts.tls_chain) == (REQUEST.headers, "127.0.0.1", None)
    assert facts.peer_port
    assert REQUEST.facts(peer=None, tls_error="x").tls_error == "x"
    assert as_client(None, via="tls").facts().tls_chain == ()
    folded = REQUEST.facts(folded=True, drops_aliases=True)
    assert folded.headers == ((b"x-cert", b"a,\xfc"), (b"x-verify", b"0"))
    assert folded.drops_aliases


def test_facts_of_an_ordinary_request(authority: CertificateAuthority) -> None:
    """They have what every request has, the client's headers, and those of the test behind them."""
    client = authority.as_client("svc-a", via="nginx")
    facts = request_facts(client, headers=[(b"ssl_client_cert", b"x")], peer="10.0.0.1")
    assert [name for name, _ in facts.headers] == [
        *(b"host", b"accept", b"ssl-client-cert", b"ssl-client-verify", b"ssl_client_cert")
    ]
    assert facts.peer == "10.0.0.1"
    assert [name for name, _ in request_facts().headers] == [b"host", b"accept"]


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        pytest.param(lambda ca: ca.as_client("a", via="nginz"), ValueError, "unknown producer 'nginz'", id="name"),
        pytest.param(
            lambda ca: as_client(ca.issued, via="nginx", verdict="none", failure="revoked"),
            ValueError,
            "no failure",
            id="none",
        ),
        pytest.param(lambda ca: as_client(ca.issued, via="nginx", version=1), TypeError, "version: the", id="knob"),
        pytest.param(lambda ca: ca.as_client("a", via="nginx", keys=1), TypeError, "unknown knob keys", id="misspelt"),
        pytest.param(lambda ca: ca.as_client(via="nginx"), TypeError, "whose certificate", id="nobody"),
    ],
)
def test_a_mistake_of_the_caller_is_refused(
    call: Callable[[CertificateAuthority], object],
    error: type[Exception],
    message: str,
    authority: CertificateAuthority,
) -> None:
    """The message says what is wrong."""
    with pytest.raises(error, match=message):
        call(authority)


def test_a_certificate_of_elsewhere(authority: CertificateAuthority, tmp_path: Path, clock: datetime) -> None:
    """PEM with or without the key, out of memory or a file, is a client like any other."""
    client = authority.intermediate("Issuing CA").issue("svc-a")
    files = client.write(tmp_path)
    for known in (
        IssuedCertificate.from_pem(client.chain_pem),
        IssuedCertificate.from_pem(files.chain),
        IssuedCertificate.from_pem(str(files.chain), key=files.key),
        IssuedCertificate.from_pem(client.chain_pem, key=client.key_pem),
    ):
        assert known.as_client(via="envoy").headers == client.as_client(via="envoy").headers
    assert known.key_pem == client.key_pem
    with pytest.raises(ValueError, match="without its private key"):
        IssuedCertificate.from_pem(client.pem).key  # noqa: B018 - the property refuses
    with pytest.raises(ValueError, match="PEM"):
        IssuedCertificate.from_pem(b"nothing")
