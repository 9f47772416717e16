"""`run_behind_nginx`: apps behind a real nginx whose configuration follows from theirs."""

import json
from typing import Any

import pytest

from clientcert.asgi import ClientCertMiddleware
from clientcert.core.proxy import SharedSecret, UnixSocket
from clientcert.core.sources import IngressNginx
from clientcert.errors import ConfigurationError
from clientcert.testing import CertificateAuthority
from clientcert.testing.live import LiveNginx, run_behind_nginx
from clientcert.wsgi import ClientCertMiddleware as WsgiMiddleware
from tests.contract.adapters import echo_asgi, echo_wsgi
from tests.peers import require_peer
from tests.testing.client_apps import settings

SECRET = "correct-horse-battery-staple-0123456789"

APPS: dict[str, tuple[Any, Any, dict[str, Any]]] = {
    "asgi-unix": (ClientCertMiddleware, echo_asgi, {"source": "ingress-nginx", "trusted_proxies": UnixSocket()}),
    "asgi-address": (ClientCertMiddleware, echo_asgi, {"trusted_proxies": ["127.0.0.2", SharedSecret(SECRET)]}),
    "wsgi-unix": (WsgiMiddleware, echo_wsgi, {"trusted_proxies": UnixSocket()}),
    "asgi-this-machine": (ClientCertMiddleware, echo_asgi, {"trusted_proxies": "127.0.0.1"}),
    "wsgi-names": (
        WsgiMiddleware,
        echo_wsgi,
        {"source": IngressNginx(pass_certificate=False), "trusted_proxies": ["127.0.0.0/28"]},
    ),
}


@pytest.mark.parametrize("name", APPS)
def test_behind_nginx(name: str) -> None:
    """A client with a certificate reaches the app, one without is refused by the app, forged headers do nothing."""
    require_peer("nginx")
    make, echo, changes = APPS[name]
    with run_behind_nginx(make(echo, **settings(**changes))) as live:
        good = live.get("/whoami", client="svc-a", headers={"ssl-client-verify": "NONE"})
        assert good.status == 200
        assert good.json()["who"]
        missing = live.get("/whoami", headers={"ssl-client-verify": "SUCCESS"})
        assert (missing.status, missing.headers["content-type"]) == (401, "application/problem+json")
        assert_strangers_are_refused(live)


def assert_strangers_are_refused(live: LiveNginx) -> None:
    """Nginx itself lets nobody of another authority through as verified."""
    stranger = CertificateAuthority("Stranger").issue("svc-a")
    assert live.get("/whoami", client=stranger).status in (400, 403)


def test_fixture(live_nginx: Any, client_cert: Any, client_ca: CertificateAuthority) -> None:
    """The fixture runs an app until the test ends, and accepts clients of `client_ca`."""
    require_peer("nginx")
    live = live_nginx(ClientCertMiddleware(echo_asgi, **settings(trusted_proxies=UnixSocket())), verify="on")
    assert json.loads(live.get("/", client=client_cert).body)["who"] == client_cert.fingerprint_sha256
    assert live.get("/").status == 400
    assert live.url.startswith("https://localhost:")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"source": "envoy"}, "the app's source is 'envoy', wanted nginx"),
        ({"trusted_proxies": ["10.42.7.0/28"]}, "trusted_proxies=UnixSocket()"),
    ],
    ids=["another-producer", "an-address-elsewhere"],
)
def test_what_no_nginx_here_can_serve(changes: dict[str, Any], message: str) -> None:
    """An app that no nginx on this machine can speak for is an error that says what would do."""
    app = ClientCertMiddleware(echo_asgi, **settings(**changes))
    with (
        pytest.raises(ConfigurationError, match=message.replace("(", "\\(").replace(")", "\\)")),
        run_behind_nginx(app),
    ):
        pass
