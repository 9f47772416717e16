"""
The contract of every adapter, as data: facts of a request → status, reason, identity, and what the app saw.

One table for all adapters. A WSGI server joins duplicates with commas and takes ``_`` and ``-`` for one another; where
that changes an answer, the row says so in `Row.folded`, with the reason.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from clientcert.core.limits import Limits
from clientcert.core.proxy import SharedSecret, UnixSocket
from clientcert.core.sources import IngressNginx, Nginx
from clientcert.core.verification import TRUST_PROXY
from clientcert.errors import Reason
from clientcert.testing import IssuedCertificate
from tests import material as m
from tests.material import (
    ADMIN_DN,
    ALICE,
    ALICE_DN,
    BEN,
    CA_DN,
    NETWORK,
    NOBODY,
    SECRET,
    STRANGER,
    Pairs,
    certificate_header,
    evidence,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Folded:
    """
    What a WSGI adapter answers in the place of the row's answer.

    Attributes:
        why: The folding that makes the difference.
        status, reason, who: As in `Row`.
    """

    why: str
    status: int
    reason: Reason | None = None
    who: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """
    One request and its answer.

    Attributes:
        headers: Evidence, true or forged: none of it may reach the app.
        others: Headers that must reach the app.
        peer, port: Of the immediate sender, as the server reports it; None is a unix socket.
        chain: What the TLS peer presented; None where the server has no connection to show.
        settings: Keywords of the configuration that differ from `tests.material.config`.
        path: Of the request.
        server: What a WSGI server calls itself; the empty one is known for nothing.
        status: 200 where the app ran.
        reason: Why there is no identity.
        who: The identity that the app saw, as `tests.contract.adapters.describe` spells it.
        tells: Whether the operator's hook is called.
        folded: The answer of WSGI adapters, where it is another one.
    """

    headers: Pairs = ()
    others: Pairs = ()
    peer: str | None = m.PROXY
    port: int | None = 40_000
    chain: tuple[bytes, ...] | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)
    path: str = "/whoami"
    server: str = ""
    status: int = 200
    reason: Reason | None = None
    who: str | None = None
    tells: bool = True
    folded: Folded | None = None


def _who(certificate: IssuedCertificate) -> str:
    return certificate.fingerprint_sha256


def _bare(certificate: IssuedCertificate) -> Pairs:
    """Certificate and verdict, as a sidecar without the DN headers sends them."""
    return (certificate_header(certificate), SUCCESS)


def _certificate_as(value: str) -> Pairs:
    """The evidence of `ALICE` with another value in the place of its certificate."""
    return (("ssl-client-cert", value), *evidence(None))


SUCCESS = ("ssl-client-verify", "SUCCESS")
ALICES = _who(ALICE)
GOOD = evidence()
ESCAPED = certificate_header(ALICE)[1]

OPTIONAL = {"mode": "optional"}
NAMES_ONLY = {"source": IngressNginx(pass_certificate=False)}
NGINX = {"source": "nginx"}
ELSEWHERE = {"allowed_hosts": ["elsewhere.example"]}
TLS = {"source": "tls", "trusted_proxies": None}
WITH_SECRET = {"trusted_proxies": [NETWORK, SharedSecret(SECRET)]}
SECRET_HEADER = ("x-clientcert-proxy", SECRET)

JOINED = "the server joins duplicates with a comma, which base64 and its escapes do not have"
ONE_NAME = "the server takes _ for -, so the twin and the real header are one; nginx and gunicorn drop such names"

ACCEPTED: dict[str, Row] = {
    "good": Row(headers=GOOD, who=ALICES),
    "good-in-optional-mode": Row(headers=GOOD, settings=OPTIONAL, who=ALICES),
    "t5-host-of-the-list": Row(headers=GOOD, settings={"allowed_hosts": ["b.example", "APP.example"]}, who=ALICES),
    "good-in-reverse-order": Row(headers=GOOD[::-1], who=ALICES),
    "good-among-others": Row(headers=GOOD, others=(("x-request-id", "7"), ("accept", "*/*")), who=ALICES),
    "n7-upper-case-names": Row(headers=tuple((name.upper(), value) for name, value in GOOD), who=ALICES),
    "n13-spaces-around-values": Row(headers=tuple((name, f"\t {value} \t") for name, value in GOOD), who=ALICES),
    "h10-mapped-peer": Row(headers=GOOD, peer="::ffff:10.42.7.3", who=ALICES),
    "h5-forwarded-for-somebody-else": Row(headers=GOOD, others=(("x-forwarded-for", "192.0.2.1"),), who=ALICES),
    "h8-unix-socket": Row(headers=GOOD, peer=None, port=None, settings={"trusted_proxies": UnixSocket()}, who=ALICES),
    "h14-h15-secret": Row(headers=(SECRET_HEADER, *GOOD), settings=WITH_SECRET, who=ALICES),
    "h15-secret-nobody-configured": Row(headers=(SECRET_HEADER, *GOOD), who=ALICES),
    "headers-of-no-producer": Row(headers=GOOD, others=(("x-remote-user", "admin"),), who=ALICES),
    "nginx-certificate-and-verdict": Row(headers=_bare(ALICE), settings=NGINX, who=ALICES),
    "nginx-with-names": Row(headers=GOOD, settings=NGINX, who=ALICES),
    "nginx-own-header-names": Row(
        headers=(("x-cert", ESCAPED), ("x-verify", "SUCCESS"), ("ssl-client-cert", "EVIL")),
        settings={"source": Nginx(certificate="X-Cert", verdict="X-Verify", subject_dn=None, issuer_dn=None)},
        who=ALICES,
    ),
    "e8-nginx-folded-pem": Row(
        headers=(("ssl-client-cert", ALICE.pem.decode()[:-1].replace("\n", " ")), SUCCESS),
        settings={"source": Nginx(encoding="folded-pem")},
        who=ALICES,
    ),
    "version-1-certificate": Row(headers=_bare(m.VERSION_1), settings=NGINX, who=_who(m.VERSION_1)),
    "empty-subject": Row(headers=evidence(m.NAMELESS, subject=None), who=_who(m.NAMELESS)),
    "configured-intermediate": Row(
        headers=_bare(BEN), settings={**NGINX, "intermediates": m.INTERMEDIATE.pem}, who=_who(BEN)
    ),
    "names-only": Row(headers=evidence(None), settings=NAMES_ONLY, who=f"names {ALICE_DN}"),
    "h20-names-only-with-the-clients-certificate": Row(
        headers=evidence(m.ADMIN), settings=NAMES_ONLY, who=f"names {ALICE_DN}"
    ),
    "trust-proxy": Row(headers=_bare(m.STRANGERS), settings={**NGINX, "trust": TRUST_PROXY}, who=_who(m.STRANGERS)),
    "tls": Row(chain=(ALICE.der,), settings=TLS, who=ALICES),
    "tls-with-the-peers-intermediate": Row(chain=BEN.chain, settings=TLS, who=_who(BEN)),
    "x9-tls-with-forged-headers": Row(chain=(ALICE.der,), headers=evidence(m.ADMIN), settings=TLS, who=ALICES),
    "tls-from-anywhere": Row(chain=(ALICE.der,), peer=STRANGER, settings=TLS, who=ALICES),
    "report-only-good": Row(headers=GOOD, settings={"enforce": False}, who=ALICES),
    "f8-below-an-exempt-path": Row(headers=GOOD, settings={"exempt": ["/healthz"]}, path="/healthz/x", who=ALICES),
}

ANONYMOUS: dict[str, Row] = {
    "nobody": Row(headers=NOBODY, settings=OPTIONAL, reason=Reason.NO_CERTIFICATE),
    "no-header-at-all": Row(settings=OPTIONAL, reason=Reason.NO_CERTIFICATE),
    "n15-empty-values": Row(
        headers=(("ssl-client-cert", ""), ("ssl-client-verify", " ")), settings=OPTIONAL, reason=Reason.NO_CERTIFICATE
    ),
    "h20-names-only-nobody-with-a-certificate": Row(
        headers=(*NOBODY, certificate_header(m.ADMIN)),
        settings={**OPTIONAL, **NAMES_ONLY},
        reason=Reason.NO_CERTIFICATE,
    ),
    "h1-stranger-with-a-self-made-certificate": Row(
        headers=evidence(m.SELF_SIGNED), peer=STRANGER, settings=OPTIONAL, reason=Reason.PROXY_NOT_PROVEN
    ),
    "h2-stranger-with-a-genuine-certificate": Row(
        headers=GOOD, peer=STRANGER, settings=OPTIONAL, reason=Reason.PROXY_NOT_PROVEN
    ),
    "h1-stranger-with-every-spelling": Row(
        headers=(*GOOD, ("ssl_client_cert", "x"), ("SSL.Client-Verify", "SUCCESS"), ("ssl-client-verify", "SUCCESS")),
        peer=STRANGER,
        settings=OPTIONAL,
        reason=Reason.PROXY_NOT_PROVEN,
    ),
    "h5-rewritten-address": Row(
        headers=GOOD,
        others=(("x-forwarded-for", "192.0.2.1, 10.42.7.3"),),
        settings=OPTIONAL,
        reason=Reason.PEER_ADDRESS_REWRITTEN,
    ),
    "h6-rewritten-address-with-port": Row(
        headers=GOOD,
        others=(("x-forwarded-for", "10.42.7.3:4242"),),
        port=4242,
        settings=OPTIONAL,
        reason=Reason.PEER_ADDRESS_REWRITTEN,
    ),
    "h5-port-zero": Row(headers=GOOD, port=0, settings=OPTIONAL, reason=Reason.PEER_ADDRESS_REWRITTEN),
    "h8-localhost": Row(
        headers=GOOD,
        peer="localhost",
        settings={**OPTIONAL, "trusted_proxies": UnixSocket()},
        reason=Reason.PROXY_NOT_PROVEN,
    ),
    "h8-unix-socket-not-configured": Row(
        headers=GOOD, peer=None, port=None, settings=OPTIONAL, reason=Reason.PROXY_NOT_PROVEN
    ),
    "h9-forged-unix": Row(headers=GOOD, peer="unix:", settings=OPTIONAL, reason=Reason.PEER_ADDRESS_REWRITTEN),
    "h13-loopback": Row(headers=GOOD, peer="127.0.0.1", settings=OPTIONAL, reason=Reason.PROXY_NOT_PROVEN),
    "h14-wrong-secret": Row(
        headers=(("x-clientcert-proxy", "x" * 40), *GOOD),
        settings={**OPTIONAL, **WITH_SECRET},
        reason=Reason.PROXY_NOT_PROVEN,
    ),
    "h18-tls-peer-of-a-header-source": Row(
        headers=NOBODY, chain=(ALICE.der,), settings=OPTIONAL, reason=Reason.NO_CERTIFICATE
    ),
    "on-invalid-anonymous": Row(
        headers=evidence(verdict="FAILED:certificate has expired"),
        settings={**OPTIONAL, "on_invalid": "anonymous"},
        reason=Reason.PROXY_VERDICT_FAILED,
    ),
    "t6-tls-without-certificate": Row(chain=(), settings={**OPTIONAL, **TLS}, reason=Reason.NO_CERTIFICATE),
    "x9-tls-without-certificate-with-forged-headers": Row(
        chain=(), headers=GOOD, settings={**OPTIONAL, **TLS}, reason=Reason.NO_CERTIFICATE
    ),
    "report-only-missing": Row(headers=NOBODY, settings={"enforce": False}, reason=Reason.NO_CERTIFICATE),
    "report-only-swapped": Row(
        headers=(certificate_header(m.ADMIN), *evidence(None)),
        settings={"enforce": False},
        reason=Reason.EVIDENCE_MISMATCH,
    ),
    "f8-exempt-path": Row(headers=GOOD, settings={"exempt": ["/healthz"]}, path="/healthz", tells=False),
    "f8-exempt-path-from-a-stranger": Row(
        headers=GOOD, peer=STRANGER, settings={"exempt": ["/healthz"]}, path="/healthz", tells=False
    ),
}

REFUSED: dict[str, Row] = {
    # 401: nobody spoke for a client, or nobody we believe.
    "missing": Row(headers=NOBODY, status=401, reason=Reason.NO_CERTIFICATE),
    "missing-as-403": Row(headers=NOBODY, settings={"missing_status": 403}, status=403, reason=Reason.NO_CERTIFICATE),
    "stranger": Row(headers=GOOD, peer=STRANGER, status=401, reason=Reason.PROXY_NOT_PROVEN),
    "h5-rewritten-address-required": Row(
        headers=(*GOOD, ("x-forwarded-for", "10.42.7.3")), status=401, reason=Reason.PEER_ADDRESS_REWRITTEN
    ),
    "h14-secret-twice": Row(
        headers=(SECRET_HEADER, SECRET_HEADER, *GOOD),
        settings=WITH_SECRET,
        status=401,
        reason=Reason.PROXY_NOT_PROVEN,
    ),
    "h16-secret-from-a-stranger": Row(
        headers=(SECRET_HEADER, *GOOD),
        peer=STRANGER,
        settings=WITH_SECRET,
        status=401,
        reason=Reason.PROXY_NOT_PROVEN,
    ),
    "tls-missing": Row(chain=(), settings=TLS, status=401, reason=Reason.NO_CERTIFICATE),
    "f8-other-path": Row(
        headers=NOBODY, settings={"exempt": ["/healthz"]}, path="/healthz/", status=401, reason=Reason.NO_CERTIFICATE
    ),
    # 403: a certificate was presented and is not acceptable.
    "v1-optional-no-ca": Row(
        headers=evidence(m.SELF_SIGNED, verdict="FAILED:self-signed certificate"),
        status=403,
        reason=Reason.PROXY_VERDICT_FAILED,
    ),
    "v1-optional-no-ca-in-optional-mode": Row(
        headers=evidence(verdict="FAILED:x"), settings=OPTIONAL, status=403, reason=Reason.PROXY_VERDICT_FAILED
    ),
    "v5-lower-case-verdict": Row(headers=evidence(verdict="success"), status=403, reason=Reason.PROXY_VERDICT_FAILED),
    "v7-generous": Row(headers=evidence(verdict="GENEROUS"), status=403, reason=Reason.PROXY_VERDICT_FAILED),
    "v8-success-inside": Row(
        headers=evidence(verdict="FAILED:SUCCESS"), status=403, reason=Reason.PROXY_VERDICT_FAILED
    ),
    "v5-comma-behind": Row(
        headers=evidence(verdict="SUCCESS,"),
        status=403,
        reason=Reason.PROXY_VERDICT_FAILED,
        folded=Folded(why="a comma may be a join of two verdicts", status=400, reason=Reason.DUPLICATE_HEADER),
    ),
    "c2-expired": Row(headers=_bare(m.EXPIRED), settings=NGINX, status=403, reason=Reason.CERTIFICATE_EXPIRED),
    "c2-not-yet-valid": Row(
        headers=_bare(m.NOT_YET_VALID), settings=NGINX, status=403, reason=Reason.CERTIFICATE_NOT_YET_VALID
    ),
    "c2-expired-with-trust-proxy": Row(
        headers=_bare(m.EXPIRED),
        settings={**NGINX, "trust": TRUST_PROXY},
        status=403,
        reason=Reason.CERTIFICATE_EXPIRED,
    ),
    "c5-server-certificate": Row(
        headers=_bare(m.SERVER), settings=NGINX, status=403, reason=Reason.PURPOSE_NOT_ALLOWED
    ),
    "t1-other-authority": Row(headers=_bare(m.STRANGERS), settings=NGINX, status=403, reason=Reason.ISSUER_UNKNOWN),
    "self-signed": Row(headers=_bare(m.SELF_SIGNED), settings=NGINX, status=403, reason=Reason.ISSUER_UNKNOWN),
    "missing-intermediate": Row(headers=_bare(BEN), settings=NGINX, status=403, reason=Reason.ISSUER_UNKNOWN),
    "names-only-unknown-issuer": Row(
        headers=evidence(None, issuer="CN=Other CA"), settings=NAMES_ONLY, status=403, reason=Reason.ISSUER_UNKNOWN
    ),
    "c17-names-only-without-subject": Row(
        headers=evidence(None, subject=None), settings=NAMES_ONLY, status=403, reason=Reason.NAME_NOT_ACCEPTED
    ),
    "tls-expired": Row(chain=(m.EXPIRED.der,), settings=TLS, status=403, reason=Reason.CERTIFICATE_EXPIRED),
    "x11-tls-stuffed-chain": Row(
        chain=(m.SELF_SIGNED.der, *BEN.chain), settings=TLS, status=403, reason=Reason.ISSUER_UNKNOWN
    ),
    # 400: contradictory or duplicate evidence.
    "n1-certificate-twice": Row(
        headers=(*GOOD, certificate_header(m.ADMIN)),
        status=400,
        reason=Reason.DUPLICATE_HEADER,
        folded=Folded(why=JOINED, status=400, reason=Reason.ENCODING_MALFORMED),
    ),
    "n1-certificate-twice-in-optional-mode": Row(
        headers=(certificate_header(m.ADMIN), *GOOD),
        settings=OPTIONAL,
        status=400,
        reason=Reason.DUPLICATE_HEADER,
        folded=Folded(why=JOINED, status=400, reason=Reason.ENCODING_MALFORMED),
    ),
    "n2-verdict-twice": Row(headers=(*GOOD, SUCCESS), status=400, reason=Reason.DUPLICATE_HEADER),
    "n2-two-verdicts": Row(
        headers=(("ssl-client-verify", "FAILED:x"), *GOOD), status=400, reason=Reason.DUPLICATE_HEADER
    ),
    "n2-subject-twice": Row(
        headers=(*GOOD, ("ssl-client-subject-dn", ADMIN_DN)),
        status=400,
        reason=Reason.DUPLICATE_HEADER,
        folded=Folded(why="joined names are another name", status=400, reason=Reason.EVIDENCE_MISMATCH),
    ),
    "n4-underscore-twin": Row(
        headers=(*GOOD, ("ssl_client_cert", "EVIL")),
        status=400,
        reason=Reason.HEADER_ALIAS,
        folded=Folded(why=ONE_NAME, status=400, reason=Reason.ENCODING_MALFORMED),
    ),
    "n3-underscores-only": Row(
        headers=tuple((name.replace("-", "_"), value) for name, value in GOOD),
        status=400,
        reason=Reason.HEADER_ALIAS,
        folded=Folded(why=ONE_NAME, status=200, who=ALICES),
    ),
    "n5-dot-twin": Row(headers=(*GOOD, ("ssl.client.cert", "EVIL")), status=400, reason=Reason.HEADER_ALIAS),
    "n5-dot-alone": Row(
        headers=(("ssl.client.verify", "SUCCESS"),), settings=OPTIONAL, status=400, reason=Reason.HEADER_ALIAS
    ),
    "n15-empty-certificate-and-success": Row(
        headers=_certificate_as(""), status=400, reason=Reason.VERDICT_CONTRADICTED
    ),
    "n16-verdict-nominated-for-removal": Row(
        headers=GOOD,
        others=(("connection", "close, ssl-client-verify"),),
        status=400,
        reason=Reason.HOP_BY_HOP_HEADER,
    ),
    "n17-empty-verdict": Row(headers=evidence(verdict=""), status=400, reason=Reason.VERDICT_MISSING),
    "v2-none-with-certificate": Row(headers=evidence(verdict="NONE"), status=400, reason=Reason.VERDICT_CONTRADICTED),
    "v3-no-verdict": Row(headers=evidence(verdict=None), status=400, reason=Reason.VERDICT_MISSING),
    "v4-success-alone": Row(headers=(SUCCESS,), settings=OPTIONAL, status=400, reason=Reason.VERDICT_CONTRADICTED),
    "v4-names-only-success-alone": Row(
        headers=(SUCCESS,), settings=NAMES_ONLY, status=400, reason=Reason.EVIDENCE_MISSING
    ),
    "h20-swapped-certificate": Row(
        headers=(certificate_header(m.ADMIN), *evidence(None)), status=400, reason=Reason.EVIDENCE_MISMATCH
    ),
    "h20-no-names": Row(headers=_bare(ALICE), status=400, reason=Reason.EVIDENCE_MISSING),
    "h20-other-issuer": Row(
        headers=evidence(issuer=CA_DN.replace("Clients", "Other")), status=400, reason=Reason.EVIDENCE_MISMATCH
    ),
    # 400: bytes that cannot be read.
    "n9-fold-in-the-verdict": Row(
        headers=evidence(verdict="SUCCESS\r\n x"), status=400, reason=Reason.HEADER_MALFORMED
    ),
    "n11-nul-in-the-verdict": Row(headers=evidence(verdict="SUCCESS\0"), status=400, reason=Reason.HEADER_MALFORMED),
    "n12-no-break-space": Row(headers=evidence(verdict="SUCCESS\xa0"), status=400, reason=Reason.HEADER_MALFORMED),
    "e1-two-certificates-in-one-value": Row(
        headers=_certificate_as(ESCAPED + ESCAPED), status=400, reason=Reason.ENCODING_MALFORMED
    ),
    "e3-private-key": Row(
        headers=_certificate_as("-----BEGIN%20PRIVATE%20KEY-----%0AMC4C%0A-----END%20PRIVATE%20KEY-----%0A"),
        status=400,
        reason=Reason.PRIVATE_KEY_SENT,
    ),
    "e6-escaped-twice": Row(
        headers=_certificate_as(ESCAPED.replace("%", "%25")), status=400, reason=Reason.ENCODING_MALFORMED
    ),
    "e14-placeholder": Row(headers=_certificate_as("(null)"), status=400, reason=Reason.ENCODING_MALFORMED),
    "e15-high-byte": Row(headers=_certificate_as(ESCAPED + "\xff"), status=400, reason=Reason.HEADER_MALFORMED),
    "e13-garbage-in-the-block": Row(
        headers=_certificate_as("-----BEGIN%20CERTIFICATE-----%0AMAMCAQE%3D%0A-----END%20CERTIFICATE-----%0A"),
        status=400,
        reason=Reason.CERTIFICATE_MALFORMED,
    ),
    "d10-legacy-name": Row(
        headers=evidence(None, subject="/O=Example/CN=alice"),
        settings=NAMES_ONLY,
        status=400,
        reason=Reason.NAME_MALFORMED,
    ),
    "e11-tls-garbage": Row(chain=(b"\x30\x00",), settings=TLS, status=400, reason=Reason.CERTIFICATE_MALFORMED),
    # Over a limit.
    "r1-header-too-large": Row(headers=_certificate_as("x" * 24_577), status=431, reason=Reason.HEADER_TOO_LARGE),
    "r1-certificate-too-large": Row(
        headers=GOOD,
        settings={"limits": Limits(certificate_bytes=100)},
        status=400,
        reason=Reason.CERTIFICATE_TOO_LARGE,
    ),
    # 421: for another site, whoever asks.
    "t5-another-host": Row(headers=GOOD, settings=ELSEWHERE, status=421, reason=Reason.HOST_NOT_ALLOWED),
    "t5-another-host-nobody": Row(settings=ELSEWHERE, status=421, reason=Reason.HOST_NOT_ALLOWED),
    "t5-another-host-in-optional-mode": Row(
        headers=NOBODY,
        settings={**ELSEWHERE, "mode": "optional", "on_invalid": "anonymous"},
        status=421,
        reason=Reason.HOST_NOT_ALLOWED,
    ),
    "t5-two-hosts": Row(
        headers=GOOD,
        others=(("host", "app.example"),),
        settings={"allowed_hosts": ["app.example"]},
        status=421,
        reason=Reason.HOST_NOT_ALLOWED,
    ),
    # 500: the server cannot do what is configured.
    "tls-without-a-connection": Row(headers=GOOD, settings=TLS, status=500, reason=Reason.SERVER_UNSUPPORTED),
}

ROWS: dict[str, Row] = {**ACCEPTED, **ANONYMOUS, **REFUSED}
