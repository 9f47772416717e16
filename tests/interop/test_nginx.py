"""Through a real nginx: every way of asking for a certificate, every client, every adapter."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import get_args

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes

from clientcert.core.identity import EvidenceLevel
from clientcert.errors import Reason
from clientcert.testing.nginx import Verify
from tests.interop.clients import CAPTURED, CLIENT, CLIENTS, Client, Forwarded, Kind
from tests.interop.harness import Response
from tests.interop.live import Live

MODES: tuple[Verify, ...] = get_args(Verify)
# Adapter and way to the app; Django has one configuration.
ROUTES = (("asgi", "unix"), ("asgi", "tcp"), ("wsgi", "unix"), ("wsgi", "tcp"), ("django", "unix"))
PROOF = {"unix": ["unix-socket"], "tcp": ["trusted-networks"]}

NO_CERTIFICATE_PAGE = b"No required SSL certificate was sent"
BAD_CERTIFICATE_PAGE = b"The SSL certificate error"


# Captures of the same configuration, with certificates that are still used here.
CAPTURES = json.loads((CAPTURED.parent / "nginx.json").read_text(encoding="utf-8"))
BYTE_EXACT = (
    *(f"on-{name}" for name in ("big", "dupcn", "ec", "ed25519", "newline", "tricky", "web", "xfcc")),
    "optional-web",
    *(f"optnoca-{name}" for name in ("deep", "ec", "impostor", "nocert", "selfsigned", "unknown", "web-crt")),
)


def refusal(client: Client, forwarded: Forwarded, *, passes: bool) -> Reason | None:
    """Why the app, in required mode, must refuse what nginx tells it; None where it must not."""
    if forwarded is Forwarded.NONE:
        return Reason.NO_CERTIFICATE
    if forwarded is Forwarded.FAILED:
        return Reason.PROXY_VERDICT_FAILED
    if client.name == "huge" and passes:
        return Reason.HEADER_TOO_LARGE
    if client.name == "emptysubject" and not passes:
        return Reason.NAME_NOT_ACCEPTED
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One request of the matrix."""

    framework: str
    way: str
    verify: Verify
    passing: str
    client: Client

    def __str__(self) -> str:
        return f"{self.framework}-{self.way}-{self.verify}-{self.passing}-{self.client.name}"


def matrix() -> Iterator[Cell]:
    """Adapter, way to the app, mode, pass-certificate, client: 972 requests."""
    for framework, way in ROUTES:
        for verify in MODES:
            for passing in ("pass",) if framework == "django" else ("pass", "nopass"):
                for client in CLIENTS:
                    yield Cell(framework=framework, way=way, verify=verify, passing=passing, client=client)


@pytest.mark.parametrize("cell", tuple(matrix()), ids=str)
def test_matrix(live: Live, cell: Cell) -> None:
    """Each client gets its own identity, nginx's refusal, or ours with the right reason; never another identity."""
    client, passes = cell.client, cell.passing == "pass"
    host = f"{cell.verify}-{cell.passing}-{cell.way}"
    response = live.get(host, client.name, f"/{cell.framework}/{cell.passing}-{cell.way}/whoami")
    forwarded = client.forwarded(cell.verify)
    if forwarded is Forwarded.STOPPED:
        assert_stopped(response, client)
        return
    reason = refusal(client, forwarded, passes=passes)
    assert_answer(live, response, reason)
    if reason is None:
        assert_identity(response, client, known_certificate(live, client) if passes else None)
        assert response.json["identity"]["proxy"] == PROOF[cell.way]


@pytest.mark.parametrize("verify", MODES)
@pytest.mark.parametrize("name", ["none", "ec", "revoked"])
def test_revoked_is_stopped_by_nginx_where_it_has_a_crl(live: Live, verify: Verify, name: str) -> None:
    """With a CRL nginx refuses the revoked client in every mode that asks for a certificate, and nobody else."""
    client = CLIENT[name]
    response = live.get(f"{verify}-crl", name, "/asgi/pass-unix/whoami")
    forwarded = client.forwarded(verify, crl=True)
    if forwarded is Forwarded.STOPPED:
        assert_stopped(response, client)
    else:
        assert_answer(live, response, refusal(client, forwarded, passes=True))


@pytest.mark.parametrize("framework", ["asgi", "wsgi"])
@pytest.mark.parametrize("name", ["none", "fern-client", "web"])
def test_sidecar(live: Live, framework: str, name: str) -> None:
    """Beside a plain-HTTP app, preset ``nginx``: nginx's own 400 page without a certificate, else 200 and who."""
    client = CLIENT[name]
    response = live.get("on-pass-unix", name, f"/{framework}/sidecar-unix/whoami")
    if client.kind is Kind.NOBODY:
        assert_stopped(response, client)
    else:
        assert response.status == 200
        assert_identity(response, client, known_certificate(live, client))


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("ec", None),
        ("none", Reason.NO_CERTIFICATE),
        ("expired", Reason.PROXY_VERDICT_FAILED),
        ("unknown", Reason.PROXY_VERDICT_FAILED),
        ("wrongeku", Reason.PROXY_VERDICT_FAILED),
    ],
)
def test_error_page_lets_refused_clients_through_to_the_app(live: Live, name: str, reason: Reason | None) -> None:
    """With a local ``auth-tls-error-page`` the app sees whom nginx refused, and refuses them itself."""
    assert_answer(live, live.get("error-page", name, "/asgi/pass-unix/whoami"), reason)


@pytest.mark.parametrize("name", ["none", "ec"])
def test_optional_mode(live: Live, name: str) -> None:
    """Where a certificate is optional the app runs without an identity, and with one when it is presented."""
    response = live.get("optional-pass-unix", name, "/asgi/optional-unix/whoami")
    assert response.status == 200
    assert (response.json["identity"] is None) == (name == "none")
    assert response.json["leaked"] == []


@pytest.mark.parametrize("case", BYTE_EXACT)
def test_live_headers_are_the_captured_ones(live: Live, case: str) -> None:
    """What this nginx sends for a certificate is, byte for byte and in order, what the captures hold."""
    mode, _, name = case.partition("-")
    verify = {"on": "on", "optional": "optional", "optnoca": "optional_no_ca"}[mode]
    received = live.get(f"{verify}-pass-unix", name.replace("nocert", "none"), "/asgi/raw/dump").json
    captured = CAPTURES[f"nginx/{case}"]["request_headers"]
    assert [pair for pair in received if pair[0].startswith("ssl-")] == [
        pair for pair in captured if pair[0].startswith("ssl-")
    ]


def assert_stopped(response: Response, client: Client) -> None:
    """It is nginx's own page, so nothing reached the app."""
    page = NO_CERTIFICATE_PAGE if client.kind is Kind.NOBODY else BAD_CERTIFICATE_PAGE
    assert (response.status, page in response.body) == (400, True)


def assert_answer(live: Live, response: Response, reason: Reason | None) -> None:
    """Status and problem type that belong to the reason, and this reason in the log."""
    assert response.status == (200 if reason is None else reason.status), response.body
    if reason is not None:
        assert response.json["type"] == f"urn:clientcert:problem:{reason.case.slug}"
        assert live.reason(response) == reason


def assert_identity(response: Response, client: Client, certificate: x509.Certificate | None) -> None:
    """Subject, serial and fingerprint are the client's; without the certificate the latter are not claimed."""
    identity = response.json["identity"]
    level = EvidenceLevel.PROXY_ATTRIBUTES if certificate is None else EvidenceLevel.VERIFIED
    fingerprint = certificate and certificate.fingerprint(hashes.SHA256()).hex()
    assert identity["subject"] == client.subject
    assert identity["serial_number"] == (certificate and certificate.serial_number)
    assert identity["fingerprint_sha256"] == fingerprint
    assert (identity["level"], identity["verdict"]) == (level.name, "SUCCESS")
    assert response.json["leaked"] == []


def known_certificate(live: Live, client: Client) -> x509.Certificate:
    """The leaf that `client` presents, read from its file."""
    files = client.files(live.authorities.issued)
    assert files is not None
    return x509.load_pem_x509_certificate(files[0].read_bytes())
