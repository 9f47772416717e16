"""What is asked and what must come back: the table of the demonstration, as data."""

from collections.abc import Iterator
from dataclasses import dataclass

from clientcert.errors import Reason
from clientcert.testing.issued import CertificateFiles, escape_pem
from clientcert.testing.tutorial import TutorialCertificates
from examples.demo.answers import Answer

SECRET_HEADER = b"x-clientcert-proxy"


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """
    One request.

    Attributes:
        name: What is tried.
        sent: The same for people: which certificate, which headers.
        wanted: The answers that are right: one, or two where it depends on the version of Python.
        client: Certificate and key for the handshake.
        headers: Header lines as they go out.
        plain: Plain HTTP straight at the app's own port, past the terminator.
    """

    name: str
    sent: str
    wanted: tuple[Answer, ...]
    client: CertificateFiles | None = None
    headers: tuple[bytes, ...] = ()
    plain: bool = False


def forged_headers(certificate_pem: bytes) -> tuple[bytes, ...]:
    """What ingress-nginx would send for Fern. A certificate is public: anybody can write these lines."""
    return (
        b"ssl-client-cert: " + escape_pem(certificate_pem),
        b"ssl-client-verify: SUCCESS",
        b"ssl-client-subject-dn: CN=Fern",
        b"ssl-client-issuer-dn: CN=Fern Cert Authority",
    )


def embedded_cases(certificates: TutorialCertificates, *, sends_alerts: bool) -> tuple[Case, ...]:
    """
    Where the app server ends TLS itself: a bad certificate ends in the handshake, and headers play no part.

    Args:
        certificates: Who takes part.
        sends_alerts: The server's TLS layer says why; that of asyncio and uvloop just closes the connection.
    """
    forged = forged_headers(certificates.fern_client.certificate.read_bytes())
    silence = () if sends_alerts else (Answer(status=None, text="TLS refused without an alert"),)
    unknown_ca = (*silence, Answer(status=None, text="TLS alert: unknown ca"))
    expired = (*silence, Answer(status=None, text="TLS alert: certificate expired"))
    closed = (Answer(status=None, text="connection closed"),)
    return (
        *_handshakes(certificates, unknown_ca=unknown_ca, expired=expired),
        Case(name="forged, direct", sent="Fern's headers, no TLS", wanted=closed, headers=forged, plain=True),
        *_forged(certificates, forged),
    )


def nginx_cases(certificates: TutorialCertificates, *, secret: str, drops_underscores: bool) -> tuple[Case, ...]:
    """
    Behind nginx: it answers bad certificates itself, and the app believes whoever knows the secret.

    Args:
        certificates: Who takes part.
        secret: What nginx adds to every request.
        drops_underscores: The app server removes names with ``_`` itself, as WSGI servers do.
    """
    forged = forged_headers(certificates.fern_client.certificate.read_bytes())
    refused = (Answer(status=400, text="nginx: The SSL certificate error"),)
    guessed = SECRET_HEADER + b": " + b"x" * len(secret)
    known = SECRET_HEADER + b": " + secret.encode("ascii")
    twin = Reason.NO_CERTIFICATE if drops_underscores else Reason.HEADER_ALIAS
    twice = (known, *forged, b"ssl-client-verify: SUCCESS")
    return (
        *_handshakes(certificates, unknown_ca=refused, expired=refused),
        _direct("forged, direct", "Fern's headers, no TLS", Reason.PROXY_NOT_PROVEN, forged),
        _direct("secret guessed", "the same, a wrong secret", Reason.PROXY_NOT_PROVEN, (guessed, *forged)),
        *_forged(certificates, forged),
        # What nginx would send with underscores_in_headers on, and a terminator that adds where it should replace.
        _direct("twin let in", "secret, ssl_client_*", twin, (known, *map(_with_underscores, forged))),
        _direct("duplicate let in", "secret, verdict twice", Reason.DUPLICATE_HEADER, twice),
    )


def _handshakes(
    certificates: TutorialCertificates, *, unknown_ca: tuple[Answer, ...], expired: tuple[Answer, ...]
) -> Iterator[Case]:
    yield Case(name="no certificate", sent="nothing", wanted=_NOBODY)
    yield Case(name="good client", sent="Fern (X.509 v1)", wanted=_FERN, client=certificates.fern_client)
    yield Case(name="good client", sent="internal-client (v1)", wanted=_INTERNAL, client=certificates.internal_client)
    for name, sent, wanted, client in (
        ("server's CA", "client of the Public CA", unknown_ca, certificates.public_client),
        ("expired", "expired internal-client", expired, certificates.expired_client),
        ("unknown CA", "client of an unknown CA", unknown_ca, certificates.unknown_client),
    ):
        yield Case(name=name, sent=sent, wanted=wanted, client=client)


def _forged(certificates: TutorialCertificates, forged: tuple[bytes, ...]) -> Iterator[Case]:
    yield Case(name="forged, through", sent="Fern's headers, nothing", wanted=_NOBODY, headers=forged)
    own = certificates.internal_client
    for name, sent, headers in (
        ("forged, through", "Fern's headers + own", forged),
        ("underscore twin", "ssl_client_* + own", tuple(map(_with_underscores, forged))),
        ("duplicate", "Fern's headers twice + own", forged + forged),
    ):
        yield Case(name=name, sent=sent, wanted=_INTERNAL, client=own, headers=headers)


def _direct(name: str, sent: str, reason: Reason, headers: tuple[bytes, ...]) -> Case:
    return Case(name=name, sent=sent, wanted=(Answer(status=reason.status, text=reason),), headers=headers, plain=True)


def _with_underscores(line: bytes) -> bytes:
    name, colon, value = line.partition(b":")
    return name.replace(b"-", b"_") + colon + value


def _known(subject: str, issuer: str, serial: str) -> tuple[Answer, ...]:
    identity = {"subject": subject, "issuer": issuer, "serial": serial, "evidence": "VERIFIED"}
    return (Answer(status=200, text=subject, identity=identity),)


_NOBODY = (Answer(status=401, text=Reason.NO_CERTIFICATE),)
_FERN = _known("CN=Fern", "CN=Fern Cert Authority", "2")
_INTERNAL = _known(
    "C=GB,O=aks-ingress-client,CN=internal-client", "C=GB,O=Org Internal CA,CN=Internal Cert Authority", "2"
)
