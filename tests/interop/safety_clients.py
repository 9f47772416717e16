"""Clients whom a careless cache would take for each other, and who issued what to them."""

import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from itertools import count
from pathlib import Path

from clientcert.testing import CertificateAuthority, IssuedCertificate
from clientcert.testing.issued import CertificateFiles
from clientcert.testing.keys import make_key, public_key_der
from tests.interop.harness import HOST, tls_context
from tests.interop.safety_facts import Who

# An issuing CA below a root that has no clients of its own, so that the root alone can be taken away.
ROOT_OF = {"issuing": "distant"}
# Serial number → key, the same under every authority.
_SHARED = {serial: make_key() for serial in range(1_000, 1_004)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """
    One of them.

    Attributes:
        name: Of its issuer and a number.
        issuer: Name of the authority in `Population.authorities`.
        certificate: What it holds.
        who: What every answer to it must say.
        tls: What it brings to the handshake.
        address: Where it connects from; no proxy's, whose word is worth less where a client seems to be the proxy.
    """

    name: str
    issuer: str
    certificate: IssuedCertificate
    who: Who
    tls: ssl.SSLContext
    address: str


class Population:
    """
    Five issuing authorities with twelve clients each, the same subjects and in part the same serials under each.

    ``twin`` has the name of ``steady`` and another key: four of its certificates differ from those of ``steady`` in
    their ends alone. Under each authority there are a certificate renewed with the same key and one replaced with a
    new key, the older still in use; RSA and EC.

    Args:
        folder: Where the files of TLS go.
    """

    def __init__(self, folder: Path) -> None:
        steady, distant = CertificateAuthority("Clients CA"), CertificateAuthority("Distant Root CA")
        self.authorities = {
            "steady": steady,
            "twin": steady.impostor(),
            "seasonal": CertificateAuthority("Seasonal CA", key="rsa"),
            "issuing": distant.intermediate("Issuing CA"),
            "beside": CertificateAuthority("Beside CA"),
            "distant": distant,
        }
        server_root = CertificateAuthority("Server Root CA")
        server = server_root.issue(HOST, extended_key_usage=["serverAuth"])
        self.server: CertificateFiles = server.write(folder, name="server")
        self._server_ca = server_root.issued.write(folder, name="server-ca").certificate
        self.roots = folder / "roots.pem"
        roots = [authority.pem for authority in self.authorities.values() if authority.issuer is None]
        self.roots.write_bytes(b"".join(roots))
        self.clients = tuple(self._clients(folder))

    def of(self, issuer: str) -> list[Client]:
        """The clients of one authority."""
        return [client for client in self.clients if client.issuer == issuer]

    def _clients(self, folder: Path) -> Iterator[Client]:
        addresses = count(1)
        for issuer, authority in self.authorities.items():
            if issuer in ROOT_OF.values():
                continue
            key_id = sha256(public_key_der(authority.issued.key)).hexdigest()
            for number, issued in enumerate(_issue(authority)):
                name = f"{issuer}-{number}"
                files = issued.write(folder, name=name)
                yield Client(
                    name=name,
                    issuer=issuer,
                    certificate=issued,
                    who=(f"{issued.certificate.serial_number:x}", key_id, issued.fingerprint_sha256),
                    tls=tls_context(self._server_ca, (files.chain, files.key)),
                    address=f"127.0.1.{next(addresses)}",
                )


def _issue(authority: CertificateAuthority) -> Iterator[IssuedCertificate]:
    for number in range(4):
        yield authority.issue(f"client-{number}")
    for serial, key in _SHARED.items():
        yield authority.issue(f"numbered-{serial}", serial_number=serial, key=key)
    renewed = authority.issue("renewed")
    yield renewed
    yield authority.issue("renewed", key=renewed.key)
    yield authority.issue("replaced")
    yield authority.issue("replaced")
