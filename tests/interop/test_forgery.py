"""Forged evidence, through nginx and past it: the identity stays the TLS client's, or there is none."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pytest

from clientcert.errors import Reason
from clientcert.testing.issued import escape_pem
from clientcert.testing.processes import LOOPBACK
from tests.interop.apps import PROXY_ADDRESS, SECRET_HEADER
from tests.interop.clients import CAPTURED, CLIENT
from tests.interop.live import Live

# A certificate is public: the attacker holds this one's bytes, not its key.
STOLEN = "dupcn"
GENUINE = (
    (b"ssl-client-cert", escape_pem((CAPTURED / f"{STOLEN}.pem").read_bytes())),
    (b"ssl-client-verify", b"SUCCESS"),
    (b"ssl-client-subject-dn", b"CN=second/CN=admin,CN=first,O=Example Org"),
    (b"ssl-client-issuer-dn", b"CN=Test Root CA,O=Example Org,C=GB"),
)


def lines(rename: Callable[[bytes], bytes] = bytes, *, value: bytes | None = None) -> list[bytes]:
    """The four headers that nginx would send for the stolen certificate, their names changed."""
    return [rename(name) + b": " + (genuine if value is None else value) for name, genuine in GENUINE]


NOMINATED = b"Connection: " + b", ".join(name for name, _ in GENUINE)

ATTACKS: dict[str, list[bytes]] = {
    "exact": lines(),
    "upper-twice": lines(bytes.upper) + lines(bytes.title),
    "underscore": lines(lambda name: name.replace(b"-", b"_")),
    "mixed-underscore": lines(lambda name: name.replace(b"client-", b"client_")),
    "dot": lines(lambda name: name.replace(b"-", b".")),
    "empty": lines(value=b""),
    "connection": [NOMINATED],
    "exact-connection": [*lines(), NOMINATED],
    "bare-lf": [b"X-First: 1\n" + b"\n".join(lines())],
}

# Host of nginx, TLS client, and who the app must say it is: None for nobody (401).
SEATS = [
    ("on-pass-unix", "ec", "ec"),
    ("on-pass-tcp", "ec", "ec"),
    ("optional-pass-unix", "none", None),
    ("optional-pass-unix", "ec", "ec"),
    ("optional_no_ca-pass-unix", "none", None),
    ("off-pass-unix", "none", None),
    ("blank", "none", None),
    ("on-nopass-unix", "ec", "ec"),
    ("optional-nopass-unix", "none", None),
]


# Without pass-certificate nginx lets the client's copies of ssl-client-cert through; ASGI sees that there are two.
REFUSED = {("asgi", "nopass", "upper-twice")}


@pytest.mark.parametrize("framework", ["asgi", "wsgi"])
@pytest.mark.parametrize("seat", SEATS, ids=lambda seat: f"{seat[0]}-{seat[1]}")
@pytest.mark.parametrize("attack", ATTACKS)
def test_forgery_through_nginx(live: Live, framework: str, seat: tuple[str, str, str | None], attack: str) -> None:
    """Whatever the client writes, the app sees the TLS client, or nobody, and no header of ours."""
    host, name, whose = seat
    _, passing, way = host.split("-") if "-" in host else (host, "pass", "unix")
    client = None if host == "blank" else name
    response = live.get(host, client, f"/{framework}/{passing}-{way}/whoami", ATTACKS[attack])
    if (framework, passing, attack) in REFUSED:
        assert live.reason(response) == Reason.DUPLICATE_HEADER
    elif whose is None:
        assert live.reason(response) == Reason.NO_CERTIFICATE
    else:
        assert response.status == 200
        assert response.json["identity"]["subject"] == CLIENT[whose].subject
        assert response.json["leaked"] == []


def test_stolen_certificate_beside_names_of_nginx(live: Live) -> None:
    """Without pass-certificate a stolen certificate changes nothing: names of the TLS client, no serial number."""
    response = live.get("on-nopass-unix", "ec", "/asgi/nopass-unix/whoami", lines()[:1])
    assert response.status == 200
    assert response.json["identity"]["subject"] == CLIENT["ec"].subject
    assert response.json["identity"]["serial_number"] is None
    assert response.json["leaked"] == []


def test_stolen_certificate_where_the_app_was_told_that_nginx_sends_it(live: Live) -> None:
    """With the two settings apart, the stolen certificate contradicts nginx's own subject and is refused."""
    response = live.get("on-nopass-unix", "ec", "/asgi/pass-unix/whoami", lines()[:1])
    assert live.reason(response) == Reason.EVIDENCE_MISMATCH


FORWARDED_FOR = f"X-Forwarded-For: {PROXY_ADDRESS}".encode()


@dataclass(frozen=True, slots=True, kw_only=True)
class Direct:
    """The byte-exact copy of nginx's own headers, sent past it: to which server, from where, with what else."""

    name: str
    server: str = "asgi"
    configuration: str = "pass-tcp"
    source: str = LOOPBACK
    more: Sequence[bytes] = ()
    reason: Reason | None = Reason.PROXY_NOT_PROVEN


DIRECT = (
    Direct(name="from-elsewhere"),
    Direct(name="from-nginx-address", source=PROXY_ADDRESS, reason=None),
    Direct(name="names-only-from-elsewhere", configuration="nopass-tcp"),
    Direct(name="names-only-from-nginx-address", configuration="nopass-tcp", source=PROXY_ADDRESS, reason=None),
    Direct(name="not-over-the-unix-socket", configuration="pass-unix"),
    Direct(name="claims-nginx-address", more=[FORWARDED_FOR]),
    Direct(
        name="claims-nginx-address-and-is-believed-by-the-server",
        server="rewriting",
        more=[FORWARDED_FOR],
        reason=Reason.PEER_ADDRESS_REWRITTEN,
    ),
    Direct(name="wsgi-from-elsewhere", server="wsgi"),
    Direct(name="wsgi-from-nginx-address", server="wsgi", source=PROXY_ADDRESS, reason=None),
    Direct(name="wsgi-not-over-the-unix-socket", server="wsgi", configuration="pass-unix"),
    Direct(name="wsgi-claims-nginx-address", server="wsgi", more=[FORWARDED_FOR]),
    Direct(name="twice", source=PROXY_ADDRESS, more=lines(), reason=Reason.DUPLICATE_HEADER),
    Direct(name="twin", source=PROXY_ADDRESS, more=ATTACKS["underscore"], reason=Reason.HEADER_ALIAS),
    Direct(name="nominated", source=PROXY_ADDRESS, more=[NOMINATED], reason=Reason.HOP_BY_HOP_HEADER),
)


@pytest.mark.parametrize("direct", DIRECT, ids=lambda direct: direct.name)
def test_copy_straight_at_the_app(live: Live, direct: Direct) -> None:
    """The same bytes as nginx's are believed from nginx's address, and from nowhere else."""
    framework = "wsgi" if direct.server == "wsgi" else "asgi"
    path = f"/{framework}/{direct.configuration}/whoami"
    response = live.direct(direct.server, path, [*lines(), *direct.more], source=direct.source)
    if direct.reason is None:
        assert response.status == 200
        assert response.json["identity"]["subject"] == CLIENT[STOLEN].subject
    else:
        assert response.status == direct.reason.status
        assert live.reason(response) == direct.reason


@pytest.mark.parametrize(
    ("host", "configuration", "reason"),
    [
        ("untouched", "pass-unix", None),
        ("blank", "pass-unix", Reason.NO_CERTIFICATE),
        ("untouched", "secret-unix", Reason.PROXY_NOT_PROVEN),
    ],
)
def test_another_host_of_the_same_nginx(live: Live, host: str, configuration: str, reason: Reason | None) -> None:
    """A host that leaves the four headers alone lets anybody be anybody; blanking them, or a secret, closes it."""
    response = live.get(host, None, f"/asgi/{configuration}/whoami", lines())
    if reason is None:
        assert response.json["identity"]["subject"] == CLIENT[STOLEN].subject
    else:
        assert live.reason(response) == reason


@pytest.mark.parametrize("forged", [[], [f"{SECRET_HEADER}: {'guess' * 8}".encode()]], ids=["plain", "guess"])
@pytest.mark.parametrize(("host", "reason"), [("secret", None), ("on-pass-unix", Reason.PROXY_NOT_PROVEN)])
def test_shared_secret(live: Live, host: str, reason: Reason | None, forged: list[bytes]) -> None:
    """Only the host that sends the secret is believed, in the place of a client's guess, and the app never sees it."""
    response = live.get(host, "ec", "/asgi/secret-unix/whoami", forged)
    if reason is None:
        assert response.json["identity"]["subject"] == CLIENT["ec"].subject
        assert response.json["leaked"] == []
    else:
        assert live.reason(response) == reason


def test_server_that_rewrites_the_peer_address(live: Live) -> None:
    """Behind uvicorn's default and a loopback nginx the address is the end user's: the proof fails and says so."""
    response = live.get("rewriting", "ec", "/asgi/pass-loopback/whoami")
    assert response.status == 401
    assert live.reason(response) == Reason.PEER_ADDRESS_REWRITTEN
