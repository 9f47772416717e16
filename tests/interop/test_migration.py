"""What the migration page says about Istio, run with Envoy: its fields, and a second Envoy beside the app."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from clientcert.asgi import ClientCertMiddleware, Receive, Scope, Send
from clientcert.cli.snippet_text import Options, render
from clientcert.core.proxy import UnixSocket
from clientcert.core.sources.envoy import Envoy as EnvoySource
from clientcert.errors import Reason
from clientcert.testing.authority import CertificateAuthority
from clientcert.testing.envoy import Envoy
from clientcert.testing.processes import LOOPBACK
from tests.interop.apps import echo_asgi, reason_of
from tests.interop.attacks import STOLEN
from tests.interop.clients import CLIENT, CLOCK, Authorities
from tests.interop.harness import Connection, tls_context, uvicorn_thread
from tests.interop.snippets import KINDS, ROOT
from tests.peers import require_peer

# What istiod configures for a gateway with SANITIZE_SET, and for the inbound listener of a sidecar.
GATEWAY_FIELDS = "{subject: true, cert: true, uri: true, dns: true}"
SIDECAR_FIELDS = "{subject: true, uri: true, dns: true}"
OUR_FIELDS = "{cert: true, chain: true}"

MESH_TLS = """\
  - name: app
    transport_socket:
      name: envoy.transport_sockets.tls
      typed_config:
        "@type": type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext
        common_tls_context:
          tls_certificates:
          - {{certificate_chain: {{filename: {certificate}}}, private_key: {{filename: {key}}}}}
          validation_context: {{trusted_ca: {{filename: {root}}}}}
"""


@pytest.fixture(scope="module")
def ports(authorities: Authorities) -> Iterator[dict[str, int]]:
    """``gateway``: straight to an app; ``meshed``: through a second Envoy to another configuration of the app."""
    program = require_peer("envoy")
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="mesh-")))
        app = stack.enter_context(uvicorn_thread(_apps(authorities), folder, proxy_headers=False))
        mesh = CertificateAuthority("Mesh Root", now=CLOCK)
        (folder / "mesh.pem").write_bytes(mesh.pem)
        for name in ("gateway", "sidecar"):
            mesh.issue(name, san=[f"URI:spiffe://cluster.local/ns/default/sa/{name}"], extended_key_usage=None).write(
                folder, name=name
            )

        def sidecar(port: int) -> str:
            text = _text(authorities, port, unix_socket=str(app.unix), client_ca=str(folder / "mesh.pem"))
            text = text.replace(str(authorities.server.chain), str(folder / "sidecar.crt"))
            text = text.replace(str(authorities.server.key), str(folder / "sidecar.key"))
            return text.replace("SANITIZE_SET", "APPEND_FORWARD").replace(OUR_FIELDS, SIDECAR_FIELDS)

        beside_the_app = stack.enter_context(Envoy({"sidecar": sidecar}, executable=program))

        def gateway(port: int) -> str:
            text = _text(authorities, port, unix_socket=str(app.unix))
            return text.replace(OUR_FIELDS, GATEWAY_FIELDS)

        def meshed(port: int) -> str:
            text = _text(authorities, port, upstream=f"{LOOPBACK}:{beside_the_app.ports['sidecar']}")
            tls = MESH_TLS.format(
                certificate=folder / "gateway.crt", key=folder / "gateway.key", root=folder / "mesh.pem"
            )
            return text.replace(OUR_FIELDS, GATEWAY_FIELDS).replace("  - name: app\n    load", f"{tls}    load")

        yield stack.enter_context(Envoy({"gateway": gateway, "meshed": meshed}, executable=program)).ports


def _text(authorities: Authorities, port: int, **more: Any) -> str:
    known: dict[str, Any] = {
        "listen": f"{LOOPBACK}:{port}",
        "certificate": str(authorities.server.chain),
        "private_key": str(authorities.server.key),
        "client_ca": str(ROOT),
    }
    return render("envoy", Options(**(known | more)))


def _apps(authorities: Authorities) -> Any:
    log = authorities.issued / "events.log"

    def record(event: Any) -> None:
        with log.open("a", encoding="ascii") as file:
            file.write(f"{event.instance} {event.reason}\n")

    common: dict[str, Any] = {
        "trust": ROOT,
        "intermediates": authorities.intermediates,
        "trusted_proxies": UnixSocket(),
        "clock": lambda: CLOCK,
        "on_event": record,
    }
    apps = {
        "/gateway": ClientCertMiddleware(echo_asgi, source=EnvoySource(), **common),
        "/meshed": ClientCertMiddleware(echo_asgi, source=EnvoySource(trusted_hops=2), **common),
    }

    async def dispatch(scope: Scope, receive: Receive, send: Send) -> None:
        await apps[scope["path"]](scope, receive, send)

    return dispatch


@pytest.mark.parametrize("way", ["gateway", "meshed"])
@pytest.mark.parametrize("forged", [False, True], ids=["honest", "forged"])
@pytest.mark.parametrize("name", ["ec", "web", "dupcn"])
def test_istio_fields(ports: dict[str, int], authorities: Authorities, way: str, name: str, *, forged: bool) -> None:
    """The gateway's client is who the app sees, with and without a sidecar, whatever header the client adds."""
    lines = [header + b": " + value for header, value in KINDS["envoy"].evidence(STOLEN)] if forged else []
    tls = tls_context(authorities.server_ca, CLIENT[name].files(authorities.issued))
    with Connection(ports[way], tls=tls) as connection:
        answer = connection.get(f"/{way}", lines).json
    assert answer["identity"]["subject"] == CLIENT[name].subject
    assert answer["leaked"] == []


@pytest.mark.parametrize("way", ["gateway", "meshed"])
@pytest.mark.parametrize(("name", "reason"), [("xfcc", Reason.DUPLICATE_HEADER), ("tricky", Reason.ENCODING_MALFORMED)])
def test_names_that_look_like_fields_are_refused(
    ports: dict[str, int], authorities: Authorities, way: str, name: str, reason: Reason
) -> None:
    """A ``;`` or ``,`` in a URI or DNS name of the certificate makes the header unreadable, never somebody else's."""
    tls = tls_context(authorities.server_ca, CLIENT[name].files(authorities.issued))
    with Connection(ports[way], tls=tls) as connection:
        response = connection.get(f"/{way}")
    assert response.status == 400
    assert reason_of(response.json["instance"], authorities.issued) == reason
