"""Every bad client gets the status and the reason that it states, from the real middleware, behind every producer."""

import asyncio
from typing import Any

import pytest

from clientcert.asgi import ClientCertMiddleware
from clientcert.core.proxy import SharedSecret
from clientcert.core.sources import PRESETS, IngressNginx, Nginx
from clientcert.errors import ConfigurationError
from clientcert.runtime.events import Event
from clientcert.testing import CertificateAuthority, select_bad_clients
from clientcert.testing.bad_clients import REVOKED_SERIAL, BadClient, bad_client, bad_client_names
from clientcert.testing.httpx import AsyncClient
from clientcert.testing.starlette import TestClient
from clientcert.testing.werkzeug import Client
from clientcert.wsgi import ClientCertMiddleware as WsgiMiddleware
from tests.contract.adapters import echo_asgi, echo_wsgi
from tests.material import NETWORK, SECRET

# Mangum, which brings the event of a Lambda function, speaks ASGI.
ASGI_ALONE = ("aws-api-gateway",)
AUTHORITY = CertificateAuthority("Bad clients' CA")


def keywords(via: str, **changes: Any) -> dict[str, Any]:
    """A configuration that every bad client of a producer can be shown to."""
    proofs = [NETWORK, SharedSecret(SECRET)] if PRESETS[via]().needs_proxy_proof else None
    lists = AUTHORITY.crl([REVOKED_SERIAL]).pem
    return {"source": via, "trust": AUTHORITY.pem, "trusted_proxies": proofs, "crl": lists, **changes}


def all_of(via: str) -> tuple[BadClient, ...]:
    """Every bad client of a producer but for the one that needs another profile."""
    names = ["revoked", "secret-missing", "secret-wrong"] if PRESETS[via]().needs_proxy_proof else ["revoked"]
    return select_bad_clients(AUTHORITY, via=via, also=names)


async def asked(client: AsyncClient, bad: BadClient) -> int:
    """The status that a bad client gets from an ASGI app."""
    with client.as_identity(bad):
        return (await client.get("/")).status_code


@pytest.mark.parametrize("via", PRESETS)
def test_stated_answers(via: str) -> None:
    """Status and reason are as stated, under ASGI and under WSGI."""
    events: list[Event] = []
    asgi = AsyncClient(ClientCertMiddleware(echo_asgi, **keywords(via, on_event=events.append)))
    wsgi = Client(WsgiMiddleware(echo_wsgi, **keywords(via, on_event=events.append)))

    async def run() -> None:
        for bad in all_of(via):
            assert (bad.id, await asked(asgi, bad), events.pop().reason) == (bad.id, bad.status, bad.reason)
            if via in ASGI_ALONE:
                continue
            with wsgi.as_identity(bad):
                status = wsgi.get("/").status_code
            assert (bad.id, status, events.pop().reason) == (bad.id, bad.status, bad.wsgi_reason)

    asyncio.run(run())


@pytest.mark.parametrize("via", PRESETS)
def test_accepting_twins(via: str) -> None:
    """The same servers let a client in about whom nothing is bad."""
    for client in (
        TestClient(ClientCertMiddleware(echo_asgi, **keywords(via))),
        Client(WsgiMiddleware(echo_wsgi, **keywords(via))),
    )[: 1 if via in ASGI_ALONE else 2]:
        with client.as_identity(AUTHORITY.issue("good")):
            assert client.get("/").status_code == 200


def test_not_pinned() -> None:
    """A certificate that is none of the pinned ones is refused."""
    events: list[Event] = []
    config = keywords("nginx", profile="pinned", trust=AUTHORITY.issue("pinned").pem, crl=None, on_event=events.append)
    client = TestClient(ClientCertMiddleware(echo_asgi, **config))
    bad = bad_client("not-pinned", AUTHORITY, via="nginx")
    with client.as_identity(bad):
        assert client.get("/").status_code == bad.status
    assert events[-1].reason is bad.reason


@pytest.mark.parametrize("via", ["ingress-nginx", "nginx", "envoy", "haproxy", "rfc9440", "apache", "traefik", "tls"])
def test_there_are_many(via: str) -> None:
    """At least twenty-five need nothing but trust, each with an id and a request of its own."""
    chosen = select_bad_clients(AUTHORITY, via=via)
    assert len(chosen) >= (25 if via != "tls" else 20)
    assert len({bad.id for bad in chosen}) == len(chosen)
    assert {bad.needs for bad in chosen} == {None}
    assert str(chosen[0]) == chosen[0].id


def test_selection() -> None:
    """`only`, `exclude` and `also` choose, in the order of the table."""
    everything = bad_client_names("nginx")
    assert bad_client_names("nginx", only=["not-yet-valid", "expired"]) == ("expired", "not-yet-valid")
    assert bad_client_names("nginx", exclude=everything[1:]) == everything[:1]
    assert set(bad_client_names("nginx", also=["revoked"])) == {*everything, "revoked"}
    assert bad_client_names("istio") == bad_client_names("envoy")


@pytest.mark.parametrize(
    ("via", "options", "message"),
    [
        ("nginx", {"only": ["expierd"]}, "no bad client 'expierd' of nginx, wanted one of: expired"),
        ("envoy", {"only": ["verdict-failed"]}, "no bad client 'verdict-failed' of envoy"),
        ("ngnix", {}, "unknown source"),
    ],
    ids=["unknown", "not-of-this-producer", "unknown-producer"],
)
def test_what_cannot_be_had(via: str, options: dict[str, Any], message: str) -> None:
    """An id or a producer that does not exist is refused with those that do."""
    with pytest.raises(ConfigurationError, match=message):
        bad_client_names(via, **options)


def test_sources_with_options() -> None:
    """A bad client is written for the options of the app's own source; what they exclude is an error."""
    bad = bad_client("expired", AUTHORITY, via="nginx")
    client = TestClient(ClientCertMiddleware(echo_asgi, **keywords("nginx", source=Nginx(certificate="X-Cert"))))
    with client.as_identity(bad):
        assert client.get("/").status_code == bad.status
    names_only = ClientCertMiddleware(
        echo_asgi, **keywords("nginx", source=IngressNginx(pass_certificate=False), crl=None)
    )
    other = bad_client("expired", AUTHORITY, via="ingress-nginx")
    with TestClient(names_only).as_identity(other) as asked, pytest.raises(ConfigurationError, match="exclude it"):
        asked.get("/")


def test_producer_of_another_app() -> None:
    """Bad clients of a producer that the app does not expect would be refused for that alone, so they are an error."""
    client = TestClient(ClientCertMiddleware(echo_asgi, **keywords("envoy")))
    with (
        client.as_identity(bad_client("expired", AUTHORITY, via="nginx")),
        pytest.raises(ConfigurationError, match="bad client of nginx, and the app's source is envoy"),
    ):
        client.get("/")
