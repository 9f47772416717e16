"""API Gateway: from a Lambda event to the certificate, whatever it holds; events follow the documentation alone."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clientcert.core.certificate import parse_certificate
from clientcert.core.facts import RequestFacts
from clientcert.core.headers import SelectedHeaders
from clientcert.core.limits import Limits
from clientcert.core.sources import AwsApiGateway, Claim
from clientcert.core.sources.aws import api_gateway_chain
from clientcert.errors import ClientCertError, EvidenceError, Reason
from tests.material import ALICE

PEM = ALICE.pem.decode()
CERTIFICATE = {
    "clientCertPem": PEM,
    "subjectDN": "CN=admin",
    "issuerDN": "CN=Somebody",
    "serialNumber": "1",
    "validity": {"notBefore": "May 28 12:30:02 2019 GMT", "notAfter": "Aug  5 09:36:04 2021 GMT"},
}
GATEWAY = {"apiId": "aaaaaaaaaa", "domainName": "api.example"}


def rest(certificate: object) -> dict[str, Any]:
    """An event of a REST API, or of an HTTP API with payload format 1.0."""
    return {
        "version": "1.0",
        "requestContext": {**GATEWAY, "identity": {"sourceIp": "1.2.3.4", "clientCert": certificate}},
    }


def http(certificate: object) -> dict[str, Any]:
    """An event of an HTTP API with payload format 2.0."""
    return {"version": "2.0", "requestContext": {**GATEWAY, "authentication": {"clientCert": certificate}}}


ONE_LINE = PEM.replace("\n", "").replace("CERTIFICATE-----", "CERTIFICATE-----\n", 1).replace("-----END", "\n-----END")

EVENTS: dict[str, tuple[object, tuple[bytes, ...] | None]] = {
    "rest": (rest(CERTIFICATE), (ALICE.der,)),
    "http": (http(CERTIFICATE), (ALICE.der,)),
    "without-final-line-feed": (http({"clientCertPem": PEM[:-1]}), (ALICE.der,)),
    "carriage-returns": (http({"clientCertPem": PEM.replace("\n", "\r\n")}), (ALICE.der,)),
    "on-one-line": (http({"clientCertPem": ONE_LINE}), (ALICE.der,)),
    "rest-without-certificate": (rest(None), ()),
    "rest-without-mtls": ({"requestContext": {**GATEWAY, "identity": {"sourceIp": "1.2.3.4"}}}, ()),
    "http-without-certificate": (http(None), ()),
    "http-without-mtls": ({"requestContext": {**GATEWAY, "authentication": None}}, ()),
    "function-url": ({"version": "2.0", "requestContext": {**GATEWAY, "http": {}}}, ()),
    "load-balancer": ({"requestContext": {"elb": {"targetGroupArn": "arn"}}}, None),
    "direct-invocation": ({"action": "test"}, None),
    "no-context": ({"requestContext": None}, None),
    "nothing": (None, None),
    "text": ("{}", None),
    "list": ([], None),
    "authentication-is-text": ({"requestContext": {**GATEWAY, "authentication": "x"}}, ()),
    "e14-certificate-is-text": (http("x"), (b"",)),
    "e14-pem-is-missing": (http({"subjectDN": "CN=admin"}), (b"",)),
    "e14-pem-is-a-number": (http({"clientCertPem": 1}), (b"",)),
    "e2-pem-is-text": (http({"clientCertPem": "x"}), (b"x",)),
    "e9-pem-is-not-base64": (
        http({"clientCertPem": "-----BEGIN CERTIFICATE-----\n*\n-----END CERTIFICATE-----"}),
        (b"-----BEGIN CERTIFICATE-----\n*\n-----END CERTIFICATE-----",),
    ),
    "e1-two-certificates": (http({"clientCertPem": PEM + PEM}), ((PEM + PEM).encode(),)),
    "e15-surrogate": (http({"clientCertPem": "\udc00"}), (b"\xed\xb0\x80",)),
}


@pytest.mark.parametrize(("event", "chain"), EVENTS.values(), ids=EVENTS)
def test_chain_of_event(event: object, chain: tuple[bytes, ...] | None) -> None:
    """The certificate is found in both payload formats; no certificate and no event are different answers."""
    assert api_gateway_chain(event) == chain
    if event is not None and "\udc00" not in str(event):
        assert api_gateway_chain(json.loads(json.dumps(event))) == chain


@pytest.mark.parametrize("name", [name for name in EVENTS if name.startswith("e")])
def test_unreadable_text_is_refused_later(name: str) -> None:
    """What is no certificate is handed on and refused where every certificate is read."""
    chain = api_gateway_chain(EVENTS[name][0])
    assert chain is not None
    with pytest.raises(ClientCertError) as caught:
        parse_certificate(chain[0], limits=Limits())
    assert caught.value.reason is Reason.CERTIFICATE_MALFORMED


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["requestContext", "apiId", "identity", "authentication", "clientCert", "clientCertPem", "validity"]
            ),
            inner,
        )
    ),
)


@given(JSON)
def test_any_event(event: object) -> None:
    """No event, however it is made, raises anything."""
    chain = api_gateway_chain(event)
    assert chain is None or all(isinstance(der, bytes) for der in chain)


def read(chain: tuple[bytes, ...] | None) -> Claim | None:
    """What the source claims."""
    return AwsApiGateway().read(RequestFacts(tls_chain=chain), SelectedHeaders(), Limits())


def test_source() -> None:
    """The event's certificate is the claim, none is none, and no event is a mistake in the wiring."""
    assert read((ALICE.der,)) == Claim(leaf=ALICE.der)
    assert read(()) is None
    with pytest.raises(EvidenceError) as caught:
        read(None)
    assert caught.value.reason is Reason.SERVER_UNSUPPORTED
    assert "Mangum" in caught.value.hints[1]


def test_traits() -> None:
    """No header plays a part, and the gateway's own check is no verdict that could stand alone."""
    source = AwsApiGateway()
    assert (source.needs_proxy_proof, source.gives_verdict, source.sends_certificate) == (False, False, True)
    assert source.header_names == ()
