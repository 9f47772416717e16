"""The proxy's own client certificate as proof: its own CA, its own name, on the hop that carries the request."""

from datetime import timedelta
from typing import Any

import pytest

from clientcert import Authenticated, Authenticator, ConfigurationError, Outcome, Reason, RequestFacts
from clientcert.core.proxy_certificate import ProxyCertificate
from clientcert.testing import CertificateAuthority
from tests import material as m

PROXIES = CertificateAuthority("Proxies CA", seed="proxies", now=m.NOW)
INGRESS = PROXIES.issue("ingress", san=["DNS:ingress.internal", "URI:spiffe://prod.example/ingress"])
OTHER = PROXIES.issue("other", san=["DNS:other.internal"])


def proof(**changes: Any) -> ProxyCertificate:
    """The proxy is `ingress.internal` of the proxies' CA."""
    return ProxyCertificate(**{"trust": PROXIES.pem, "names": ["ingress.internal"], **changes})


def ask(chain: tuple[bytes, ...] | None, *, authenticator: Authenticator | None = None) -> Outcome:
    """A request for alice over a hop with that TLS peer."""
    authenticator = authenticator or Authenticator(m.config(trusted_proxies=proof()))
    return authenticator.authenticate(RequestFacts(headers=m.raw(m.evidence()), peer=m.STRANGER, tls_chain=chain))


def reason(outcome: Outcome) -> Reason | None:
    """Why there is no identity."""
    return None if isinstance(outcome, Authenticated) else outcome.reason


def test_proxy_speaks_for_a_client() -> None:
    """With the proxy's certificate on the hop, its headers are believed, and the evidence names the proof."""
    outcome = ask(INGRESS.chain)
    assert isinstance(outcome, Authenticated)
    assert outcome.identity.subject.common_name == "alice"
    assert outcome.identity.evidence.proxy == ("proxy-certificate",)


REFUSED: dict[str, tuple[bytes, ...] | None] = {
    "no-data": None,
    "no-certificate": (),
    "h17-other-name-of-the-ca": OTHER.chain,
    "h17-a-client": m.ALICE.chain,
    "self-signed": PROXIES.issue("ingress", san=["DNS:ingress.internal"], self_signed=True).chain,
    "impostor-ca": PROXIES.impostor().issue("ingress", san=["DNS:ingress.internal"]).chain,
    "expired": PROXIES.issue("ingress", san=["DNS:ingress.internal"], not_after=timedelta(hours=-1)).chain,
    "server-only": PROXIES.issue("i", san=["DNS:ingress.internal"], extended_key_usage=["serverAuth"]).chain,
    "unreadable": (b"0\x03\x02\x01\x01",),
}


@pytest.mark.parametrize("chain", REFUSED.values(), ids=REFUSED)
def test_unproven(chain: tuple[bytes, ...] | None) -> None:
    """Any other TLS peer proves nothing, and its request is nobody's."""
    assert reason(ask(chain)) is Reason.PROXY_NOT_PROVEN


def test_h18_proxy_is_never_the_user() -> None:
    """The hop's certificate stands for the proxy only: without evidence of a client there is no identity."""
    authenticator = Authenticator(m.config(trusted_proxies=proof()))
    outcome = authenticator.authenticate(RequestFacts(headers=m.raw(m.NOBODY), tls_chain=INGRESS.chain))
    assert reason(outcome) is Reason.NO_CERTIFICATE


@pytest.mark.parametrize("name", ["ingress", "ingress.internal", "spiffe://prod.example/ingress"])
def test_names(name: str) -> None:
    """A name is a common name, a DNS name or a URI of the certificate, exactly."""
    authenticator = Authenticator(m.config(trusted_proxies=proof(names=[name])))
    assert reason(ask(INGRESS.chain, authenticator=authenticator)) is None


def test_verified_again_when_it_expires() -> None:
    """A proxy that was proven is refused once its certificate has expired."""
    now = [m.NOW]
    short = PROXIES.issue("ingress", san=["DNS:ingress.internal"], not_after=timedelta(minutes=1))
    authenticator = Authenticator(m.config(trusted_proxies=proof(), clock=lambda: now[0]))
    assert reason(ask(short.chain, authenticator=authenticator)) is None
    now[0] += timedelta(minutes=1, seconds=1)
    assert reason(ask(short.chain, authenticator=authenticator)) is Reason.PROXY_NOT_PROVEN


def test_proven_once_for_many_requests() -> None:
    """The same proxy is not verified for every request."""
    one = proof()
    authenticator = Authenticator(m.config(trusted_proxies=one))
    for _ in range(5):
        assert reason(ask(INGRESS.chain, authenticator=authenticator)) is None
    assert len(one._proven) == 1


def test_combined_with_networks() -> None:
    """H16: with a network beside it, both must hold."""
    authenticator = Authenticator(m.config(trusted_proxies=[m.NETWORK, proof()]))
    facts = RequestFacts(headers=m.raw(m.evidence()), peer=m.PROXY, peer_port=1, tls_chain=INGRESS.chain)
    assert reason(authenticator.authenticate(facts)) is None
    assert reason(ask(INGRESS.chain, authenticator=authenticator)) is Reason.PROXY_NOT_PROVEN


@pytest.mark.parametrize("names", [[], [""], ""], ids=["none", "empty", "empty-text"])
def test_names_are_mandatory(names: Any) -> None:
    """A CA alone does not say which of its certificates is the proxy's."""
    with pytest.raises(ConfigurationError, match="needs names"):
        proof(names=names)


def test_h17_shared_anchor_is_refused() -> None:
    """A CA that vouches for clients as well would let every client be the proxy."""
    with pytest.raises(ConfigurationError, match="every client could be the proxy"):
        m.config(trusted_proxies=proof(trust=m.AUTHORITY.pem))
    assert "ingress.internal" in repr(proof())
