"""The terminators of the matrix: each runs the output of ``clientcert snippet``, and is lied to in its own language."""

import re
from base64 import b64encode
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Literal, Protocol

from cryptography import x509

from clientcert.cli.snippet_text import SECRET_VARIABLE, Options, Verify, render
from clientcert.core.names import DistinguishedName
from clientcert.core.sources import source_named
from clientcert.testing.apache import Apache
from clientcert.testing.caddy import Caddy
from clientcert.testing.envoy import Envoy
from clientcert.testing.haproxy import HAProxy
from clientcert.testing.issued import escape_pem, pem
from clientcert.testing.processes import LOOPBACK, ServerText, Terminator
from clientcert.testing.terminators import Nginx
from tests.interop.clients import CAPTURED

SECRET = "interop-secret-0123456789abcdef-0123456789"
SECRET_HEADER = b"x-clientcert-proxy"
ROOT = CAPTURED / "root.pem"


class Running(Protocol):
    """A terminator that was started."""

    ports: dict[str, int]


Start = Callable[[Mapping[str, ServerText], Path], AbstractContextManager[Running]]
"""Servers and program → the running terminator."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seat:
    """
    One configuration that a snippet is printed for, and the app server behind it.

    Attributes:
        name: Also the second segment of the path, behind the terminator's name.
        verify: ``--verify``.
        framework: ``asgi``: uvicorn, or ``wsgi``: gunicorn.
        tcp: The app listens on a TCP port, not on a unix socket.
        plain: Without ``--secret`` and ``--crl``, as on the how-to pages.
        without: Which lines are taken out of the snippet: ``defence`` or ``connection``, see `Kind`.
    """

    name: str
    verify: Verify
    framework: str = "asgi"
    tcp: bool = False
    plain: bool = False
    without: Literal["", "defence", "connection"] = ""


SEATS = {
    seat.name: seat
    for seat in (
        Seat(name="required", verify="required"),
        Seat(name="optional", verify="optional"),
        Seat(name="wsgi", verify="optional", framework="wsgi"),
        Seat(name="tcp", verify="required", tcp=True),
        Seat(name="plain", verify="required", plain=True),
        Seat(name="undefended", verify="optional", without="defence"),
        Seat(name="nominable", verify="optional", without="connection"),
    )
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """
    One terminator.

    Attributes:
        name: Its preset, its snippet and its name in `require_peer`.
        start: See `Start`.
        certificate: DER → what it writes into its certificate header.
        verdict: What it writes into its verdict header for a good certificate.
        reads_lists: It refuses revoked certificates.
        names_the_client: It adds X-Forwarded-For, with these snippets.
        refuses: Attack and protocol that it answers with an error of its own; the others change nothing.
        defence: What to replace in its snippet, by what, so that it forwards a client's own headers.
        connection: The same for the lines against a ``Connection`` field that names evidence; none are needed where
            this matches nothing.
    """

    name: str
    start: Start
    certificate: Callable[[bytes], bytes]
    verdict: bytes = b""
    reads_lists: bool = True
    names_the_client: bool = False
    refuses: frozenset[tuple[str, str]]
    defence: tuple[str, str]
    connection: tuple[str, str] = ("(?!)", "")

    @property
    def headers(self) -> tuple[bytes, ...]:
        """Every name that the app's source reads."""
        return tuple(source_named(self.name).header_names)

    def evidence(self, der: bytes) -> list[tuple[bytes, bytes]]:
        """What it would write for this certificate."""
        name = DistinguishedName.from_der(x509.load_der_x509_certificate(der).subject.public_bytes())
        issuer = DistinguishedName.from_der(x509.load_der_x509_certificate(der).issuer.public_bytes())
        values = {
            "cert": self.certificate(der),
            "verify": self.verdict,
            "subject-dn": name.nginx,
            "issuer-dn": issuer.nginx,
        }
        return [
            (header, value)
            for header in self.headers
            for suffix, value in values.items()
            if header.endswith(f"-{suffix}".encode())
        ]


def prepare(folder: Path) -> None:
    """Write what the snippets want beside certificate, key and CAs."""
    combined = folder / "server-combined.pem"
    combined.touch(mode=0o600)
    combined.write_bytes((folder / "server-chain.crt").read_bytes() + (folder / "server.key").read_bytes())
    (folder / "nginx-secret.conf").write_text(f'proxy_set_header {SECRET_HEADER.decode()} "{SECRET}";\n')
    (folder / "clients.crl").write_bytes(
        b"".join(_lists((ROOT.read_bytes(), (folder / "intermediates.pem").read_bytes())))
    )


def _lists(bundles: Iterable[bytes]) -> Iterator[bytes]:
    """The captured CRLs of these CAs; one of a CA that nobody has configured would be refused."""
    issuers = {ca.subject for bundle in bundles for ca in x509.load_pem_x509_certificates(bundle)}
    end = b"-----END X509 CRL-----\n"
    for text in (CAPTURED / "all-crl.pem").read_bytes().split(end)[:-1]:
        if x509.load_pem_x509_crl(text + end).issuer in issuers:
            yield text + end


def options(kind: str, seat: Seat, folder: Path, *, port: int = 443, upstream: str | None = None) -> Options:
    """What ``clientcert snippet`` is called with; `upstream` is a path, or ``host:port`` for a seat with `Seat.tcp`."""
    certificate = "server-combined.pem" if kind == "haproxy" else "server-chain.crt"
    return Options(
        verify=seat.verify,
        secret=not seat.plain,
        unix_socket=None if seat.tcp else upstream or "/run/app.sock",
        upstream=(seat.tcp and upstream) or "127.0.0.1:8000",
        listen=f"{LOOPBACK}:{port}",
        certificate=str(folder / certificate),
        private_key=str(folder / "server.key"),
        client_ca=str(ROOT),
        intermediates=str(folder / "intermediates.pem"),
        crl=None if seat.plain else str(folder / "clients.crl"),
        secret_file=str(folder / "nginx-secret.conf"),
    )


def server_texts(kind: Kind, folder: Path, upstreams: Mapping[str, str]) -> dict[str, ServerText]:
    """Seat → the snippet for a port."""

    def text(seat: Seat, port: int) -> str:
        snippet = render(kind.name, options(kind.name, seat, folder, port=port, upstream=upstreams[seat.name]))
        pattern, replacement = getattr(kind, seat.without) if seat.without else ("(?!)", "")
        return re.sub(pattern, replacement, snippet)

    return {name: partial(text, seat) for name, seat in SEATS.items()}


def _nginx(servers: Mapping[str, ServerText], program: Path) -> Nginx:
    return Nginx(servers, executable=program)


def _from_environment(terminator: type[Terminator]) -> Start:
    def start(servers: Mapping[str, ServerText], program: Path) -> Terminator:
        return terminator(servers, environment={SECRET_VARIABLE: SECRET}, executable=program)

    return start


def _apache_escaped(der: bytes) -> bytes:
    return pem(der).replace(b" ", b"%20").replace(b"\n", b"%0a")


def _xfcc(der: bytes) -> bytes:
    return b'Hash=%s;Cert="%s";Chain="%s"' % (sha256(der).hexdigest().encode(), *[escape_pem(pem(der))] * 2)


# Malformed in HTTP/2 (RFC 9113 §8.2.1, §8.2.2); nginx only ignores the Connection field.
_UPPER = frozenset({("upper-twice", "h2")})
_MALFORMED = _UPPER | {("connection", "h2")}

KINDS = {
    kind.name: kind
    for kind in (
        Kind(
            name="nginx",
            start=_nginx,
            certificate=lambda der: escape_pem(pem(der)),
            verdict=b"SUCCESS",
            refuses=_UPPER,
            defence=(r"proxy_set_header ssl-client.*", ""),
        ),
        Kind(
            name="haproxy",
            start=_from_environment(HAProxy),
            certificate=b64encode,
            verdict=b"0",
            refuses=_MALFORMED,
            defence=(r"(http-request .*|option http-restrict.*)(?<!PROXY_SECRET}\")\n", "\n"),
            connection=(r"http-request del-header connection.*", ""),
        ),
        Kind(
            name="apache",
            start=_from_environment(Apache),
            certificate=_apache_escaped,
            verdict=b"SUCCESS",
            names_the_client=True,
            refuses=_MALFORMED,
            defence=(r"RequestHeader (un)?set ssl.*", ""),
            connection=(r"RequestHeader unset Connection.*", ""),
        ),
        Kind(
            name="caddy",
            start=_from_environment(Caddy),
            certificate=lambda der: b":" + b64encode(der) + b":",
            reads_lists=False,
            names_the_client=True,
            refuses=_MALFORMED,
            defence=(r"request_header .*\bClient-Cert.*", ""),
            connection=(r"request_header @nominates.*", ""),
        ),
        Kind(
            name="envoy",
            start=_from_environment(Envoy),
            certificate=_xfcc,
            refuses=_MALFORMED | {("underscore", "h1"), ("underscore", "h2")},
            defence=("SANITIZE_SET", "ALWAYS_FORWARD_ONLY"),
        ),
    )
}
