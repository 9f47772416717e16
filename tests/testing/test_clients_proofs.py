"""Whatever an app's configuration asks of the sender, the test clients give it."""

from typing import Any

import pytest

from clientcert.asgi import ClientCertMiddleware
from clientcert.core.proxy import AnyPeer, SharedSecret, TrustedNetworks, UnixSocket
from clientcert.core.proxy_certificate import ProxyCertificate
from clientcert.core.sources import PRESETS, Custom, Envoy, IngressNginx, Nginx, TLSSocket
from clientcert.errors import ConfigurationError, UnsafeConfigurationWarning
from clientcert.testing import CertificateAuthority, ClientRequest
from clientcert.testing.starlette import TestClient
from clientcert.testing.werkzeug import Client
from clientcert.wsgi import ClientCertMiddleware as WsgiMiddleware
from tests.contract.adapters import echo_asgi, echo_wsgi
from tests.testing.client_apps import NETWORK, settings

SECRET = "correct-horse-battery-staple-0123456789"
PROXIES = CertificateAuthority("Proxies")
PROXY = PROXIES.issue("proxy")

TLS: dict[str, Any] = {"source": "tls", "trusted_proxies": None}
PROOFS: dict[str, dict[str, Any]] = {
    "network": {"trusted_proxies": ["10.42.7.0/28"]},
    "one-address": {"trusted_proxies": "10.42.7.3"},
    "both-ends-of-a-pair": {"trusted_proxies": ["10.42.7.2/31"]},
    "ipv6": {"trusted_proxies": ["2001:db8::/64"]},
    "zoned": {"trusted_proxies": ["fe80::1%eth0"]},
    "socket": {"trusted_proxies": UnixSocket()},
    "secret": {"trusted_proxies": SharedSecret(SECRET, header="x-proxy")},
    "secrets-and-network": {"trusted_proxies": [NETWORK, SharedSecret("x" * 40, SECRET)]},
    "certificate": {"trusted_proxies": ProxyCertificate(trust=PROXIES.pem, names=["proxy"])},
    "certificate-and-socket": {"trusted_proxies": [UnixSocket(), ProxyCertificate(trust=PROXIES.pem, names=["proxy"])]},
    "tls": TLS,
    "options": {"source": IngressNginx(pass_certificate=False)},
    "names-of-ones-own": {"source": Nginx(certificate="X-Cert", verdict="X-Verify")},
    "envoy-as-json": {"source": Envoy(json=True)},
    "custom": {"source": Custom(certificate="x-mine", verdict="x-mine-verdict")},
}
SERVERS = {server: {**TLS, "source": TLSSocket(server=server)} for server in ("cheroot", "mod_wsgi", "uwsgi")}


def ask_asgi(changes: dict[str, Any], who: Any, **options: Any) -> int:
    """The status that somebody gets from an ASGI app."""
    client = TestClient(ClientCertMiddleware(echo_asgi, **settings(**changes)))
    with client.as_identity(who, **options):
        return client.get("/").status_code


def ask_wsgi(changes: dict[str, Any], who: Any, **options: Any) -> int:
    """The status that somebody gets from a WSGI app."""
    client = Client(WsgiMiddleware(echo_wsgi, **settings(**changes)))
    with client.as_identity(who, **options):
        return client.get("/").status_code


@pytest.mark.parametrize("name", PROOFS)
def test_proofs(name: str) -> None:
    """A client with a certificate is let in, one without is asked for it, under both kinds of server."""
    options = {"proxy": PROXY} if name.startswith("certificate") else {}
    for ask in (ask_asgi, ask_wsgi):
        assert (ask(PROOFS[name], "svc-a", **options), ask(PROOFS[name], None, **options)) == (200, 401)


@pytest.mark.parametrize("name", SERVERS)
def test_keys_of_wsgi_servers(name: str) -> None:
    """Servers that describe the certificate in their own keys are described."""
    assert (ask_wsgi(SERVERS[name], "svc-a"), ask_wsgi(SERVERS[name], None)) == (200, 401)


@pytest.mark.parametrize("source", PRESETS)
def test_every_preset(source: str) -> None:
    """Every preset of the library can be tested, with its usual options."""
    changes = {"source": source, **({} if PRESETS[source]().needs_proxy_proof else {"trusted_proxies": None})}
    assert (ask_asgi(changes, "svc-a"), ask_asgi(changes, None)) == (200, 401)


def test_any_peer() -> None:
    """Where nobody has to prove anything, nothing is proven."""
    with pytest.warns(UnsafeConfigurationWarning):
        changes = {"trusted_proxies": AnyPeer()}
    assert ask_asgi(changes, "svc-a") == 200


def test_several_sources() -> None:
    """The preferred source speaks by default, any other one by its name, each from its own proxy."""
    sources = [
        {"source": "nginx", "trusted_proxies": ["10.42.7.0/28"]},
        {"source": "traefik", "trusted_proxies": ["10.42.9.0/28"]},
    ]
    changes = {"source": None, "trusted_proxies": None, "sources": sources}
    assert [ask_asgi(changes, "svc-a", via=via) for via in (None, "nginx", "traefik")] == [200, 200, 200]


def test_another_producer() -> None:
    """Headers of a producer that the app does not expect are none to it."""
    assert ask_asgi({"source": "nginx"}, "svc-a", via="istio") == 401


APART = [TrustedNetworks("10.42.7.0/28"), TrustedNetworks("10.42.9.0/28")]
UNPROVABLE: dict[str, tuple[Any, str]] = {
    "no-certificate-of-the-proxy": (PROOFS["certificate"]["trusted_proxies"], "proxy=certificate"),
    "no-address-in-both": (APART, "no address lies in all"),
}


@pytest.mark.parametrize(("trusted_proxies", "message"), UNPROVABLE.values(), ids=UNPROVABLE)
def test_what_cannot_be_proven(trusted_proxies: Any, message: str) -> None:
    """A proof that the test client cannot give by itself is an error that says what is missing."""
    with pytest.raises(ConfigurationError, match=message):
        ask_asgi({"trusted_proxies": trusted_proxies}, "svc-a")


def test_made_by_hand() -> None:
    """A request of one's own making is sent as it is."""
    made = ClientRequest(headers=((b"ssl-client-verify", b"SUCCESS"),), via="nginx", certificate=None)
    assert ask_asgi({}, made) == 400
