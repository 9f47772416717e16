"""
The certificates, headers and configurations that the tests of the core and of the adapters share.

Everything follows from a seed and a fixed clock, so it is the same in every process.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from clientcert.config import ClientCertConfig
from clientcert.core.facts import Header
from clientcert.testing import CertificateAuthority, IssuedCertificate

NOW = datetime(2030, 1, 15, 12, tzinfo=UTC)

PROXY = "10.42.7.3"
"""The terminator's address, inside `NETWORK`."""
NETWORK = "10.42.7.0/28"
STRANGER = "203.0.113.9"
"""Somebody else's address, outside `NETWORK`."""
SECRET = "correct-horse-battery-staple-0123456789"

# Valid at the present as well, for configurations that keep the default clock.
AUTHORITY = CertificateAuthority(
    seed="material",
    now=NOW,
    subject=[("O", "Example"), ("CN", "Clients CA")],
    not_before=datetime(2020, 1, 1, tzinfo=UTC),
    valid_days=20_000,
)
STRANGE_AUTHORITY = CertificateAuthority(seed="stranger", now=NOW, subject=[("O", "Elsewhere"), ("CN", "Other CA")])
INTERMEDIATE = AUTHORITY.intermediate(subject=[("O", "Example"), ("CN", "Issuing CA")])

ALICE = AUTHORITY.issue(
    subject=[("O", "Example"), ("CN", "alice")],
    serial_number=0x1001,
    san=["DNS:alice.example", "URI:spiffe://prod.example/alice", "email:alice@example.org", "IP:192.0.2.7"],
)
ADMIN = AUTHORITY.issue(subject=[("O", "Example"), ("CN", "admin")], serial_number=0x1002)
BEN = INTERMEDIATE.issue(subject=[("O", "Example"), ("CN", "ben")], serial_number=0x2001)
VERSION_1 = AUTHORITY.issue(subject=[("CN", "Fern")], serial_number=2, version=1)
NAMELESS = AUTHORITY.issue(subject=[], san=["DNS:nameless.example"])
SERVER = AUTHORITY.issue(subject=[("CN", "server")], extended_key_usage=["serverAuth"])
EXPIRED = AUTHORITY.issue(subject=[("CN", "expired")], not_after=timedelta(hours=-1))
NOT_YET_VALID = AUTHORITY.issue(subject=[("CN", "early")], not_before=timedelta(hours=1))
STRANGERS = STRANGE_AUTHORITY.issue(subject=[("CN", "stranger")])
SELF_SIGNED = AUTHORITY.issue(subject=[("O", "Example"), ("CN", "admin")], self_signed=True)
IMPOSTOR = AUTHORITY.impostor().issue(subject=[("O", "Example"), ("CN", "admin")])

CA_DN = "CN=Clients CA,O=Example"
"""`AUTHORITY` as nginx prints it."""
ALICE_DN = "CN=alice,O=Example"
ADMIN_DN = "CN=admin,O=Example"

Pairs = tuple[tuple[str, str], ...]


def certificate_header(certificate: IssuedCertificate) -> tuple[str, str]:
    """The header in which nginx passes a certificate on."""
    return "ssl-client-cert", certificate.escaped_pem.decode("ascii")


def evidence(
    certificate: IssuedCertificate | None = ALICE,
    *,
    verdict: str | None = "SUCCESS",
    subject: str | None = ALICE_DN,
    issuer: str | None = CA_DN,
) -> Pairs:
    """What ingress-nginx sends for a client; ``None`` leaves a header out."""
    values = (("ssl-client-verify", verdict), ("ssl-client-subject-dn", subject), ("ssl-client-issuer-dn", issuer))
    first = () if certificate is None else (certificate_header(certificate),)
    return first + tuple((name, value) for name, value in values if value is not None)


NOBODY: Pairs = (("ssl-client-verify", "NONE"),)
"""What nginx sends when the client presented no certificate."""


def raw(pairs: Pairs) -> list[Header]:
    """Header pairs as bytes, as an ASGI server gives them."""
    return [(name.encode("latin-1"), value.encode("latin-1")) for name, value in pairs]


def config(**changes: Any) -> ClientCertConfig:
    """A configuration for `AUTHORITY` behind ingress-nginx at `NETWORK`, but for the changes."""
    return ClientCertConfig(**settings(changes))


def settings(changes: Mapping[str, Any]) -> dict[str, Any]:
    """The keywords of `config`."""
    common: dict[str, Any] = {
        "source": "ingress-nginx",
        "trust": AUTHORITY.pem,
        "trusted_proxies": [NETWORK],
        "clock": lambda: NOW,
    }
    return {**common, **changes}
