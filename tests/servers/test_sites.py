"""T1, T5: two sites on one port. The handshake names one, the request another; nobody is let in for having both."""

import http.client
import json
import ssl
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import pytest

from clientcert.testing import CertificateAuthority, IssuedCertificate
from tests.servers.exchange import REFUSED
from tests.servers.harness import Pki, RunningServer, connect, running
from tests.servers.launching import settings

A, B = "a.localhost", "b.localhost"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sites:
    """
    The running server, and who its clients are.

    Attributes:
        server: With both sites.
        clients: Site → a client with a certificate of its CA.
        contexts: Site → the same as a TLS client.
    """

    server: RunningServer
    clients: Mapping[str, IssuedCertificate]
    contexts: Mapping[str, ssl.SSLContext]


@pytest.fixture(scope="module")
def sites(pki: Pki, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sites]:
    """Two sites."""
    folder = tmp_path_factory.mktemp("sites")
    authority = CertificateAuthority("Server Root")
    names = [f"DNS:{A}", f"DNS:{B}"]
    authority.issue(A, extended_key_usage=("serverAuth",), san=names).write(folder, name="server")
    server_ca = authority.issued.write(folder, name="server-ca").certificate
    clients, contexts = {}, {}
    for site in (A, B):
        clients_ca = CertificateAuthority(f"Clients of {site}")
        clients_ca.issued.write(folder, name=f"{site}-clients")
        clients[site] = clients_ca.issue("client")
        files = clients[site].write(folder, name=f"{site}-client")
        contexts[site] = ssl.create_default_context(cafile=server_ca)
        contexts[site].load_cert_chain(files.chain, files.key)
    environ = settings(pki, "optional") | {"SITES_FOLDER": str(folder)}
    with running("tests.servers.serve_sites", "{port}", folder=folder, environ=environ) as server:
        yield Sites(server=server, clients=clients, contexts=contexts)


def ask(  # noqa: PLR0913 - who, for whom, in which of three places
    sites: Sites, client: str, *, sni: str, host: str, path: str, session: ssl.SSLSession | None = None
) -> tuple[int | None, str | None, ssl.SSLSession | None]:
    """Status, who the app saw, and the session; the status is None where the handshake was refused."""
    connection = http.client.HTTPConnection(host)
    try:
        with sites.contexts[client].wrap_socket(
            connect(sites.server.address), server_hostname=sni, session=session
        ) as sock:
            connection.sock = sock
            connection.request("GET", path, headers={"Host": host})
            response = connection.getresponse()
            body, kept = json.loads(response.read()), sock.session
            return response.status, body.get("who"), kept
    except REFUSED:
        return None, None, None


# Whose certificate, the name in the handshake, the host asked for, the path, and what comes of it.
ROWS: Mapping[str, tuple[str, str, str, str, int | None]] = {
    "one site": (A, A, A, "/site", 200),
    "the other site": (B, B, B, "/site", 200),
    "certificate of another site": (A, B, B, "/site", None),
    "certificate good for the name, not for the host": (A, A, B, "/site", 403),
    "the same the other way": (B, B, A, "/site", 403),
    "no list: whatever host is asked for": (A, A, B, "/any", 200),
    "no list, a host that nobody has": (A, A, "elsewhere.example", "/any", 200),
    "list: its host": (A, A, A, "/listed", 200),
    "list: its host, with a port and in capitals": (A, A, "A.LOCALHOST:8443", "/listed", 200),
    "list: its host, another name in the handshake": (B, B, A, "/listed", 200),
    "list: another host": (A, A, B, "/listed", 421),
    "list: another host, named in the handshake": (B, B, B, "/listed", 421),
    "list: the end of its host": (A, A, f"x{A}", "/listed", 421),
}


@pytest.mark.parametrize("row", ROWS)
def test_name_and_host(row: str, sites: Sites) -> None:
    """
    Each site verifies for itself, so a handshake for another site is worth nothing; a list of hosts turns away.

    What the handshake named is not seen: with a shared CA, only the list tells the hosts apart.
    """
    client, sni, host, path, wanted = ROWS[row]
    status, who, _ = ask(sites, client, sni=sni, host=host, path=path)
    assert (status, who) == (wanted, sites.clients[client].fingerprint_sha256 if wanted == 200 else None)


def test_session_taken_to_another_site(sites: Sites) -> None:
    """T1: a session begun at one site, resumed under the name of the other, is still that client, whom it refuses."""
    status, _, session = ask(sites, A, sni=A, host=A, path="/site")
    assert (status, session is not None) == (200, True)
    assert ask(sites, A, sni=B, host=B, path="/site", session=session)[0] == 403
    assert ask(sites, A, sni=A, host=A, path="/site", session=session)[0] == 200
