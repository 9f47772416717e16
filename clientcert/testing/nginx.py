"""
The nginx configuration that tests and demonstrations run: what ingress-nginx generates, as far as clients matter.

`NginxServer` and `Location` are the values, `render_configuration` writes them down; `terminators.Nginx` runs them.
A ``server`` block can also be given as text (`processes.ServerText`).
"""

import grp
import os
import pwd
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from clientcert.errors import ConfigurationError
from clientcert.testing.processes import LOOPBACK, ServerText
from clientcert.testing.producers.nginx import CERTIFICATE_LINE, NAME_LINES, VERDICT_LINE

Verify = Literal["on", "optional", "optional_no_ca", "off"]
ClientHeaders = Literal["set", "blank", "untouched"]

# The directives of ingress-nginx's template, in its order, behind that for the certificate.
_VERDICT_HEADERS = (VERDICT_LINE, *NAME_LINES)
_FORWARDING_HEADERS = (
    ("Host", "$http_host"),
    ("X-Real-IP", "$remote_addr"),
    ("X-Forwarded-For", "$remote_addr"),
    ("X-Forwarded-Proto", "$scheme"),
    ("Upgrade", "$http_upgrade"),
    ("Connection", "$connection_upgrade"),
)
_TEMPORARY_PATHS = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")


@dataclass(frozen=True, slots=True, kw_only=True)
class Location:
    """
    One ``location`` block: requests below `path` go to one upstream.

    Attributes:
        path: Prefix of the request path, such as ``/`` or ``/flask/``.
        upstream: ``host:port`` or ``unix:/path/of.sock``, spoken to in plain HTTP/1.1 over kept-alive connections.
        strip_prefix: True lets the upstream see the path without `path`; False leaves the path untouched.
    """

    path: str = "/"
    upstream: str
    strip_prefix: bool = False

    def __post_init__(self) -> None:
        _require_plain("path", self.path)
        _require_plain("upstream", self.upstream)
        if not self.path.startswith("/"):
            raise ConfigurationError(f"path must start with '/', got {self.path!r}")


@dataclass(frozen=True, slots=True, kw_only=True)
class NginxServer:
    """
    One ``server`` block: one port of loopback, one way of asking clients for a certificate.

    Attributes:
        locations: Where requests go; at least one.
        port: TCP port on 127.0.0.1; 0 lets the kernel choose, see `Nginx.ports`.
        certificate: PEM file of the server certificate, its chain after it; ``None`` makes the port plain HTTP.
        private_key: PEM file of the key of `certificate`.
        client_ca: PEM file of the CAs whose clients are accepted (``ssl_client_certificate``).
        verify: ``ssl_verify_client``. With ``on``, nginx answers 400 itself unless a certificate verifies.
        depth: ``ssl_verify_depth``: intermediates between leaf and anchor. 1 is nginx's own default.
        crl: PEM file of CRLs; nginx then wants one of every CA in the path.
        pass_certificate: Send ``ssl-client-cert`` (``auth-tls-pass-certificate-to-upstream``). Without it a client's
            own ``ssl-client-cert`` reaches the app, as behind ingress-nginx.
        client_headers: ``set`` as ingress-nginx does for a host with auth-tls; ``blank`` removes all four names;
            ``untouched`` lets the client's copies through, as a host without auth-tls does. Insecure, for tests.
        secret: ``(header, value)`` set on every request, for `SharedSecret`.
        proxy_bind: Source address of connections to a TCP upstream, such as 127.0.0.2.
        error_page: Local path that nginx rewrites a refused client's request to (``auth-tls-error-page``).
    """

    locations: tuple[Location, ...]
    port: int = 0
    certificate: Path | None = None
    private_key: Path | None = None
    client_ca: Path | None = None
    verify: Verify = "on"
    depth: int = 1
    crl: Path | None = None
    pass_certificate: bool = False
    client_headers: ClientHeaders = "set"
    secret: tuple[str, str] | None = field(default=None, repr=False)
    proxy_bind: str | None = None
    error_page: str | None = None

    def __post_init__(self) -> None:
        if not self.locations:
            raise ConfigurationError("a server needs at least one location")
        if (self.certificate is None) != (self.private_key is None):
            raise ConfigurationError("certificate and private_key go together: give both or none")
        if self.certificate is not None and self.verify != "off" and self.client_ca is None:
            raise ConfigurationError(f"verify={self.verify!r} needs client_ca, or say verify='off'")
        for path in (self.certificate, self.private_key, self.client_ca, self.crl):
            _require_plain("file name", str(path or ""))
        for text in (*(self.secret or ()), self.proxy_bind or "", self.error_page or ""):
            _require_plain("secret, proxy_bind and error_page", text)

    def headers(self) -> tuple[tuple[str, str], ...]:
        """Name and nginx expression of every ``proxy_set_header``, in the order in which they go upstream."""
        names: tuple[tuple[str, str], ...] = (CERTIFICATE_LINE, *_VERDICT_HEADERS)
        client: tuple[tuple[str, str], ...]
        match self.client_headers:
            case "set":
                client = names if self.pass_certificate else _VERDICT_HEADERS
            case "blank":
                client = tuple((name, "") for name, _ in names)
            case "untouched":
                client = ()
        return (*client, *((self.secret,) if self.secret else ()), *_FORWARDING_HEADERS)


def render_configuration(servers: Mapping[str, NginxServer | ServerText], ports: Mapping[str, int]) -> str:
    """
    Write the ``nginx.conf`` of `servers`: in the foreground, one worker under the caller's own user.

    Every path that nginx writes to lies below its prefix (``-p``).

    Args:
        servers: Name → server block, as a value or as text.
        ports: Name → TCP port on 127.0.0.1.
    """
    return "\n".join(
        (
            "daemon off;",
            "worker_processes 1;",
            *_user_lines(),
            "pid nginx.pid;",
            "error_log error.log info;",
            "events { worker_connections 512; }",
            "http {",
            "  access_log off;",
            *(f"  {name}_temp_path {name}_temp;" for name in _TEMPORARY_PATHS),
            "  map $http_upgrade $connection_upgrade { default upgrade; '' ''; }",
            *(line for name, server in servers.items() for line in _server_lines(server, ports[name])),
            "}",
            "",
        )
    )


def _user_lines() -> Iterator[str]:
    # Started by root, nginx would give its worker to "nobody", who cannot reach the caller's unix sockets.
    if os.geteuid() == 0:
        yield f"user {pwd.getpwuid(0).pw_name} {grp.getgrgid(os.getegid()).gr_name};"


def _server_lines(server: NginxServer | ServerText, port: int) -> Iterator[str]:
    if not isinstance(server, NginxServer):
        yield server(port)
        return
    upstreams = [f"app-{port}-{index}" for index in range(len(server.locations))]
    for upstream, location in zip(upstreams, server.locations, strict=True):
        # Kept alive as ingress-nginx does: requests of several clients then share one connection to the app.
        yield f'  upstream {upstream} {{ server "{location.upstream}"; keepalive 16; }}'
    yield "  server {"
    yield f"    listen {LOOPBACK}:{port}{' ssl' if server.certificate else ''};"
    if server.certificate:
        yield from _tls_lines(server)
    if server.error_page:
        yield f'    error_page 495 496 = "{server.error_page}";'
    for upstream, location in zip(upstreams, server.locations, strict=True):
        yield from _location_lines(server, location, upstream)
    yield "  }"


def _tls_lines(server: NginxServer) -> Iterator[str]:
    yield f'    ssl_certificate "{server.certificate}";'
    yield f'    ssl_certificate_key "{server.private_key}";'
    # What ingress-nginx offers; nginx before 1.23.4 leaves TLS 1.3 out by default.
    yield "    ssl_protocols TLSv1.2 TLSv1.3;"
    yield f"    ssl_verify_client {server.verify};"
    yield f"    ssl_verify_depth {server.depth};"
    if server.client_ca:
        yield f'    ssl_client_certificate "{server.client_ca}";'
    if server.crl:
        yield f'    ssl_crl "{server.crl}";'


def _location_lines(server: NginxServer, location: Location, upstream: str) -> Iterator[str]:
    yield f'    location "{location.path}" {{'
    yield f'      proxy_pass "http://{upstream}{"/" if location.strip_prefix else ""}";'
    yield "      proxy_http_version 1.1;"
    if server.proxy_bind:
        yield f'      proxy_bind "{server.proxy_bind}";'
    yield from (f'      proxy_set_header "{name}" "{value}";' for name, value in server.headers())
    yield "    }"


def _require_plain(field_name: str, text: str) -> None:
    # Inside nginx's double quotes these would end the string, interpolate a variable or escape.
    if not text.isprintable() or set(text) & set('"\\${};'):
        raise ConfigurationError(
            f"{field_name} must be printable, without quotes, backslashes, '$', '{{', '}}' and ';'"
        )
