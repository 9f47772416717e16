"""
The clients of the live matrix: who they are, which certificate they present, and what nginx makes of it.

Certificates of the captures where those are valid until 2036; issued anew, in the same shape, where they are not.
Python's TLS client loads and presents every one of them.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum, auto
from pathlib import Path

from clientcert.testing.authority import CertificateAuthority
from clientcert.testing.issued import CertificateFiles
from clientcert.testing.nginx import Verify

CAPTURED = Path(__file__).parents[1] / "data" / "captures" / "certs"
CLOCK = datetime(2026, 11, 21, 23, tzinfo=UTC)
# The captured certificates and CRLs end on that day.
LAST_DAY = datetime(2036, 11, 18, tzinfo=UTC)


class Kind(Enum):
    """What nginx's verification finds, at its default depth of one intermediate."""

    NOBODY = auto()
    """No certificate."""
    GOOD = auto()
    """A path to a configured CA."""
    UNTRUSTED = auto()
    """No path: unknown or self-signed issuer, missing intermediate, too deep. ``optional_no_ca`` forwards these."""
    UNUSABLE = auto()
    """A path, but dates, purpose or revocation refuse it. No mode forwards these."""


class Forwarded(Enum):
    """What nginx tells the app."""

    STOPPED = auto()
    """Nothing: it answers 400 itself."""
    NONE = auto()
    FAILED = auto()
    SUCCESS = auto()


_FORWARDED: dict[Kind, dict[Verify, Forwarded]] = {
    Kind.NOBODY: {"on": Forwarded.STOPPED, "optional": Forwarded.NONE, "optional_no_ca": Forwarded.NONE},
    Kind.GOOD: {"on": Forwarded.SUCCESS, "optional": Forwarded.SUCCESS, "optional_no_ca": Forwarded.SUCCESS},
    Kind.UNTRUSTED: {"on": Forwarded.STOPPED, "optional": Forwarded.STOPPED, "optional_no_ca": Forwarded.FAILED},
    Kind.UNUSABLE: {"on": Forwarded.STOPPED, "optional": Forwarded.STOPPED, "optional_no_ca": Forwarded.STOPPED},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """
    One row.

    Attributes:
        name: Its name in ``proxies.md`` of the captures.
        kind: See `Kind`.
        subject: RFC 4514 text of its subject, as the app must see it.
        presents: File of the certificate and what is presented with it; ``None``: nothing, or issued anew.
        key: File of its key.
        kind_with_crl: What a CRL makes of it, where that differs.
    """

    name: str
    kind: Kind
    subject: str = ""
    presents: Path | None = None
    key: Path | None = None
    kind_with_crl: Kind | None = None

    def forwarded(self, verify: Verify, *, crl: bool = False) -> Forwarded:
        """What nginx tells the app about this client in this mode; with ``off`` it asks for no certificate."""
        if verify == "off":
            return Forwarded.NONE
        return _FORWARDED[(crl and self.kind_with_crl) or self.kind][verify]

    def files(self, issued: Path) -> tuple[Path, Path] | None:
        """Certificate and key; those issued anew lie in `issued`. ``None`` for the client without one."""
        if self.kind is Kind.NOBODY:
            return None
        return self.presents or issued / f"{self.name}-chain.crt", self.key or issued / f"{self.name}.key"


def _captured(name: str, kind: Kind, subject: str, *, presents: str = "", kind_with_crl: Kind | None = None) -> Client:
    certificate = CAPTURED / (presents or f"{name}.pem")
    key = CAPTURED / "keys" / f"{certificate.stem.removesuffix('-fullchain')}.key"
    return Client(name=name, kind=kind, subject=subject, presents=certificate, key=key, kind_with_crl=kind_with_crl)


_TRICKY = (
    r"1.3.6.1.4.1.99999.1=#0C0A637573746F6D206F6964,emailAddress=zoë@example.org,CN=fox 🦊+UID=42,L=Müller\, Zoë,"
    r"OU=\ leading and trailing space\ ,OU=\#leading hash,"
    r"O=Acme\, Inc. \"Widgets\" \+ Sons\; \<a=b\> \\ back/slash,C=DE"
)

CLIENTS = (
    Client(name="none", kind=Kind.NOBODY),
    # The two tutorials: X.509 v1, RSA, serial 2.
    Client(name="fern-client", kind=Kind.GOOD, subject="CN=Fern"),
    Client(name="aks-client", kind=Kind.GOOD, subject="C=GB,O=aks-ingress-client,CN=internal-client"),
    # Leaf and intermediate; the same leaf alone; leaf and two intermediates.
    _captured("web", Kind.GOOD, "CN=web,O=Example Org,C=GB", presents="web-fullchain.pem"),
    _captured("web-crt", Kind.UNTRUSTED, "CN=web,O=Example Org,C=GB", presents="web.pem"),
    _captured("deep", Kind.UNTRUSTED, "CN=deep,O=Example Org", presents="deep-fullchain.pem"),
    _captured("ec", Kind.GOOD, "CN=ec-client,O=Example Org"),
    _captured("ed25519", Kind.GOOD, "CN=ed25519-client,O=Example Org"),
    _captured("expired", Kind.UNUSABLE, "CN=expired,O=Example Org"),
    Client(name="notyet", kind=Kind.UNUSABLE, subject="CN=notyet"),
    _captured("revoked", Kind.GOOD, "CN=revoked,O=Example Org", kind_with_crl=Kind.UNUSABLE),
    _captured("unknown", Kind.UNTRUSTED, "CN=unknown-client,O=Example Org"),
    _captured("selfsigned", Kind.UNTRUSTED, "CN=ec-client,O=Example Org"),
    _captured("impostor", Kind.UNTRUSTED, "CN=ec-client,O=Example Org"),
    _captured("wrongeku", Kind.UNUSABLE, "CN=wrongeku,O=Example Org"),
    _captured("emptysubject", Kind.GOOD, ""),
    _captured("tricky", Kind.GOOD, _TRICKY),
    _captured("newline", Kind.GOOD, r"CN=admin\0D\0Assl-client-verify: SUCCESS\0Ax-evil: 1,O=Example Org"),
    _captured("nul", Kind.GOOD, r"CN=admin\00.evil.example,O=Example Org"),
    _captured("ctrl", Kind.GOOD, r"CN=tab\09here del\7F esc\1B,O=Example Org"),
    _captured("latin1", Kind.GOOD, "CN=latin one,O=Müller"),
    _captured("xfcc", Kind.GOOD, r"CN=x\"\;URI=spiffe://example.org/admin\;By=\,,O=Example Org"),
    _captured("dupcn", Kind.GOOD, "CN=second/CN=admin,CN=first,O=Example Org"),
    _captured("multiuri", Kind.GOOD, "CN=multiuri,O=Example Org"),
    _captured("manydns", Kind.GOOD, "CN=manydns,O=Example Org"),
    # 200 names, 13.9 kB in the header; 800 names, about 70 kB, above the limit.
    _captured("big", Kind.GOOD, "CN=big,O=Example Org"),
    Client(name="huge", kind=Kind.GOOD, subject="CN=huge"),
)

CLIENT = {client.name: client for client in CLIENTS}


@dataclass(frozen=True, slots=True, kw_only=True)
class Authorities:
    """
    Who issued what to whom, as files.

    Attributes:
        issued: Folder of the clients issued anew.
        trust: Roots that nginx trusts.
        intermediates: What the app needs beside them, because nginx forwards the leaf alone.
        crl: CRLs of the captured CAs.
        server: The server's certificate; its own root, so that no client can be mistaken for it.
        server_ca: What TLS clients trust.
    """

    issued: Path
    trust: Path
    intermediates: Path
    crl: Path
    server: CertificateFiles
    server_ca: Path


def issue(folder: Path) -> Authorities:
    """Issue what the captures cannot provide for years to come, and collect the rest."""
    fern = CertificateAuthority("Fern Cert Authority", now=CLOCK, key="rsa", key_usage=None)
    aks_name = [("CN", "Internal Cert Authority"), ("O", "Org Internal CA"), ("C", "GB")]
    aks = CertificateAuthority(subject=aks_name, now=CLOCK, key="rsa", key_usage=None)
    fern.issue("Fern", version=1, serial_number=2, not_after=LAST_DAY).write(folder, name="fern-client")
    aks_subject = [("CN", "internal-client"), ("O", "aks-ingress-client"), ("C", "GB")]
    aks.issue(subject=aks_subject, version=1, serial_number=2, not_after=LAST_DAY).write(folder, name="aks-client")

    root = CertificateAuthority("Later Root CA", now=CLOCK)
    far = datetime(2099, 1, 1, tzinfo=UTC)
    root.issue("notyet", not_before=far, valid_days=30).write(folder, name="notyet")
    names = [f"DNS:host-{number:03}.a-rather-long-department-name.example.org" for number in range(800)]
    root.issue("huge", san=names, not_after=LAST_DAY).write(folder, name="huge")

    server_root = CertificateAuthority("Server Root CA", now=CLOCK)
    server = server_root.issue("app.example.org", extended_key_usage=["serverAuth"], not_after=LAST_DAY)
    roots = (CAPTURED / "root.pem").read_bytes()
    return Authorities(
        issued=folder,
        trust=_write(folder / "trust.pem", [roots, *(authority.issued.pem for authority in (fern, aks, root))]),
        intermediates=_write(folder / "intermediates.pem", _read(CAPTURED / "inter.pem", CAPTURED / "inter2.pem")),
        crl=CAPTURED / "all-crl.pem",
        server=server.write(folder, name="server"),
        server_ca=_write(folder / "server-ca.pem", [server_root.issued.pem]),
    )


def _read(*paths: Path) -> list[bytes]:
    return [path.read_bytes() for path in paths]


def _write(path: Path, parts: Iterable[bytes]) -> Path:
    path.write_bytes(b"".join(parts))
    return path
