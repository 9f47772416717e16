"""
Configurations of terminators, written by us and tested by running them: templates in ``snippets/``, filled in here.

A template is the configuration file itself, with two marks. ``<<name>>`` is replaced by a value, and a line that ends
in ``<<?name>>`` is there only when that is asked for.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from importlib.resources import files
from typing import Literal

from clientcert.errors import ConfigurationError

Verify = Literal["required", "optional"]

SECRET_VARIABLE = "PROXY_SECRET"  # noqa: S105 - the name of a variable, not a secret
"""Environment variable with the shared secret, for the terminator (nginx reads a file instead) and for the app."""

_CONDITION = re.compile(r"(.*?)[ ]*<<\?([a-z]+)>>")
_VALUE = re.compile(r"<<([a-z_]+)>>")
# Whatever a configuration language could take for more than a part of a name.
_NEVER_PLAIN = frozenset("\"'\\$`%{}<>;#|&()*?!,")
_LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
# The example range of the documentation; nobody's proxies by default.
_EXAMPLE_NETWORK = "10.42.7.0/28"


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """
    What a snippet is filled in with.

    Attributes:
        verify: ``required``: who has no certificate ends at the terminator. ``optional``: the app decides.
        secret: The terminator adds a secret that `SharedSecret` checks.
        unix_socket: Path of the socket that the app listens on; else `upstream`.
        upstream: ``host:port`` that the app listens on.
        trusted_proxies: Networks that the terminator connects from; by default loopback where `upstream` is there.
        listen: Port, or ``address:port``, that the terminator listens on.
        server_name: Host name that clients ask for.
        certificate: File with the server's certificate and chain; for HAProxy with the key behind it.
        private_key: File with its key.
        client_ca: File with the CAs whose clients are accepted.
        intermediates: File with CAs below those, for the app; most terminators forward the leaf alone.
        crl: File with the revocation lists of these CAs.
        secret_file: File of one line that nginx includes for `secret`.
        depth: Intermediates allowed between leaf and CA, where the terminator counts them.
    """

    verify: Verify = "required"
    secret: bool = False
    unix_socket: str | None = None
    upstream: str = "127.0.0.1:8000"
    trusted_proxies: tuple[str, ...] = ()
    listen: str = "443"
    server_name: str = "app.example.org"
    certificate: str = "/etc/clientcert/server.pem"
    private_key: str = "/etc/clientcert/server.key"
    client_ca: str = "/etc/clientcert/client-ca.pem"
    intermediates: str | None = None
    crl: str | None = None
    secret_file: str = "/etc/clientcert/nginx-secret.conf"  # noqa: S105 - where one is, not what it is
    depth: int = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Producer:
    """
    What differs between producers outside their templates.

    Attributes:
        refuses: Condition that it cannot honour → why, and what to do instead.
        local: It can run beside the app and connect from loopback.
        proof: Python of the proxy proof, where addresses of yours are not what the app sees.
        checks_revocation: It reads `Options.crl`; otherwise the app does.
        forwards_chain: The app gets the intermediates that the client presented.
        app_server: The app's own server is yours to start.
    """

    refuses: Mapping[str, str] = field(default_factory=dict)
    local: bool = True
    proof: str | None = None
    checks_revocation: bool = True
    forwards_chain: bool = False
    app_server: bool = True


_NETWORK_ALONE = "it reaches the app over the network only"
_NO_FIXED_HEADER = "it cannot add a header with a value of yours"

PRODUCERS: Mapping[str, Producer] = {
    "nginx": Producer(),
    "ingress-nginx": Producer(refuses={"unix": _NETWORK_ALONE}, local=False),
    "traefik": Producer(refuses={"unix": _NETWORK_ALONE}, checks_revocation=False, forwards_chain=True),
    "envoy": Producer(forwards_chain=True),
    "haproxy": Producer(),
    "apache": Producer(),
    "caddy": Producer(checks_revocation=False),
    "aws-alb": Producer(
        refuses={"unix": _NETWORK_ALONE, "secret": _NO_FIXED_HEADER},
        local=False,
        checks_revocation=False,
        forwards_chain=True,
    ),
    "aws-alb-verify": Producer(
        refuses={
            "unix": _NETWORK_ALONE,
            "secret": _NO_FIXED_HEADER,
            "optional": "in verify mode it refuses who has no certificate; aws-alb is the passthrough mode",
        },
        local=False,
    ),
    "gcp-lb": Producer(
        refuses={"unix": _NETWORK_ALONE},
        proof='"35.191.0.0/16", "130.211.0.0/22"',
        checks_revocation=False,
        forwards_chain=True,
    ),
    "azure-app-service": Producer(
        refuses={"unix": _NETWORK_ALONE, "secret": _NO_FIXED_HEADER},
        # Nothing but the front ends reaches the app's port, and they have no documented addresses.
        proof="AnyPeer()",
        checks_revocation=False,
        app_server=False,
    ),
}
"""Preset name → what its snippet can do."""


def render(producer: str, options: Options) -> str:
    """
    The configuration of `producer`, and the matching lines of the app as comments behind it.

    Raises:
        ConfigurationError: No such producer, an option that it cannot honour, or a value that could end a string or
            begin a directive.
    """
    conditions = _check(producer, options)
    values = _values(options)
    template = files("clientcert.cli").joinpath("snippets", f"{producer}.txt").read_text(encoding="utf-8")
    lines = [*_filled(template, conditions, values), "", *_application(producer, options)]
    return "\n".join(lines) + "\n"


def python_keywords(producer: str, options: Options) -> tuple[str, ...]:
    """The keywords of `ClientCertConfig` that belong to the snippet, one line each, as Python."""
    lines = [f'source="{producer}",', f'trust="{options.client_ca}",']
    if options.intermediates:
        lines.append(f'intermediates="{options.intermediates}",')
    lines.append(f"trusted_proxies=[{', '.join(_proofs(producer, options))}],")
    if options.crl and not PRODUCERS[producer].checks_revocation:
        lines.append(f'crl="{options.crl}",')
    if options.verify == "optional":
        lines.append('mode="optional",')
    return tuple(lines)


def _check(producer: str, options: Options) -> frozenset[str]:
    """The conditions that hold."""
    if producer not in PRODUCERS:
        raise ConfigurationError(f"no snippet for {producer!r}, wanted one of: {', '.join(sorted(PRODUCERS))}")
    for name, text in _texts(options):
        if not text.isprintable() or " " in text or _NEVER_PLAIN.intersection(text):
            raise ConfigurationError(f"{name} is {text!r}, wanted letters, digits and . / : - _ [ ] = + @ ~ alone")
    for name in ("listen", "upstream"):
        if not _split(getattr(options, name))[1].isdecimal():
            raise ConfigurationError(f"{name} is {getattr(options, name)!r}, wanted host:port")
    conditions = _conditions(options)
    for condition, reason in PRODUCERS[producer].refuses.items():
        if condition in conditions:
            raise ConfigurationError(f"{_SPELLINGS[condition]} does not go with {producer}: {reason}")
    return conditions


_SPELLINGS = {"unix": "--unix-socket", "secret": "--secret", "optional": "--verify optional"}
_TEXTS = (
    *("unix_socket", "upstream", "listen", "server_name", "certificate", "private_key", "client_ca"),
    *("intermediates", "crl", "secret_file"),
)


def _texts(options: Options) -> Iterator[tuple[str, str]]:
    yield from ((name, text) for name in _TEXTS if (text := getattr(options, name)) is not None)
    yield from (("trusted_proxies", network) for network in options.trusted_proxies)


def _conditions(options: Options) -> frozenset[str]:
    known = {
        options.verify: True,
        "secret": options.secret,
        "nosecret": not options.secret,
        "unix": options.unix_socket is not None,
        "tcp": options.unix_socket is None,
        "crl": options.crl is not None,
        "nocrl": options.crl is None,
        "address": bool(_split(options.listen)[0]),
    }
    return frozenset(name for name, holds in known.items() if holds)


def _values(options: Options) -> dict[str, str]:
    address, port = _split(options.listen)
    host, upstream_port = _split(options.upstream)
    return {name: str(getattr(options, name)) for name in (*_TEXTS, "verify", "depth")} | {
        "address": address,
        "address_or_any": address or "0.0.0.0",  # noqa: S104 - what a server listens on
        "address_or_star": address or "*",
        "port": port,
        "upstream_host": host,
        "upstream_port": upstream_port,
    }


def _split(text: str) -> tuple[str, str]:
    """Address, empty where none is given, and port."""
    address, _, port = text.rpartition(":")
    return address, port


def _filled(template: str, conditions: frozenset[str], values: Mapping[str, str]) -> Iterator[str]:
    for line in template.splitlines():
        conditional = _CONDITION.fullmatch(line)
        if conditional is None or conditional[2] in conditions:
            text = conditional[1] if conditional else line
            yield _VALUE.sub(lambda match: values[match[1]], text)


def _proofs(producer: str, options: Options) -> Iterator[str]:
    if options.unix_socket is not None:
        yield "UnixSocket()"
    elif options.trusted_proxies:
        yield from (f'"{network}"' for network in options.trusted_proxies)
    else:
        host, _ = _split(options.upstream)
        beside = "127.0.0.1" if host in _LOOPBACK and PRODUCERS[producer].local else _EXAMPLE_NETWORK
        yield PRODUCERS[producer].proof or f'"{beside}"'
    if options.secret:
        yield f'SharedSecret(os.environ["{SECRET_VARIABLE}"])'


def _application(producer: str, options: Options) -> Iterator[str]:
    given = ", ".join(_proofs(producer, options))
    needed = [name for name in ("AnyPeer", "SharedSecret", "UnixSocket") if name in given]
    yield "# The app's half, in Python:"
    yield "#"
    if options.secret:
        yield "#   import os"
    if needed:
        yield f"#   from clientcert import {', '.join(needed)}"
    yield "#   app.add_middleware("
    yield "#       ClientCertMiddleware,"
    yield from (f"#       {line}" for line in python_keywords(producer, options))
    yield "#   )"
    if _EXAMPLE_NETWORK in given:
        yield "#"
        yield f"# {_EXAMPLE_NETWORK} stands for the addresses that {producer} connects from (--trusted-proxy)."
    if not options.intermediates and not PRODUCERS[producer].forwards_chain:
        yield "#"
        yield "# The leaf alone is forwarded. Where clients are issued by an intermediate CA, add it for the app:"
        yield '#       intermediates="/etc/clientcert/intermediates.pem",'
    if PRODUCERS[producer].app_server:
        yield from _server_line(producer, options)


def _server_line(producer: str, options: Options) -> Iterator[str]:
    yield "#"
    if options.unix_socket is not None:
        yield f"# uvicorn app:app --uds {options.unix_socket}"
    else:
        host, port = _split(options.upstream)
        shown = host if PRODUCERS[producer].local else "0.0.0.0"  # noqa: S104 - in a container
        # uvicorn would put the end user's address in the place of the terminator's, which trusted_proxies is about.
        yield f"# uvicorn app:app --host {shown} --port {port} --no-proxy-headers"
