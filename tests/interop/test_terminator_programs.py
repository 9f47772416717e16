"""The terminators that run a text: that they start, say why not, and stop."""

import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from clientcert.errors import ConfigurationError
from clientcert.testing.apache import Apache
from clientcert.testing.caddy import Caddy
from clientcert.testing.envoy import Envoy
from clientcert.testing.haproxy import HAProxy
from clientcert.testing.processes import LOOPBACK, Terminator, TerminatorError, find_program, reserve_port
from tests.interop.harness import Connection
from tests.peers import require_peer

# The smallest site of each that answers by itself in plain HTTP, and its body.
SITES: dict[type[Terminator], Callable[[int], str]] = {
    HAProxy: lambda port: (
        f"""
frontend site
  mode http
  bind {LOOPBACK}:{port}
  http-request return status 200 content-type text/plain string "${{GREETING}}"
"""
    ),
    Apache: lambda port: (
        f"""
<VirtualHost {LOOPBACK}:{port}>
  ErrorDocument 403 "${{GREETING}}"
  <Location "/">
    Require all denied
  </Location>
</VirtualHost>
"""
    ),
    Caddy: lambda port: (
        f"""
http://:{port} {{
  bind {LOOPBACK}
  respond {{env.GREETING}}
}}
"""
    ),
    Envoy: lambda port: (
        f"""
static_resources:
  listeners:
  - address: {{socket_address: {{address: {LOOPBACK}, port_value: {port}}}}}
    filter_chains:
    - filters:
      - name: envoy.filters.network.direct_response
        typed_config:
          "@type": type.googleapis.com/envoy.extensions.filters.network.direct_response.v3.Config
          response: {{inline_string: "HTTP/1.0 200 OK\\r\\n\\r\\nhello"}}
"""
    ),
}
GREETING = {"GREETING": "hello"}
NONSENSE = "this is nobody's configuration {"

terminators = pytest.mark.parametrize("kind", SITES, ids=lambda kind: kind.__name__.lower())


def program(kind: type[Terminator]) -> Path:
    """The installed program, or a skip, or a failure under CI."""
    return require_peer(kind.__name__.lower())


@terminators
def test_answers_and_gives_its_ports_back(kind: type[Terminator]) -> None:
    """Two servers answer on ports of their own with what the environment says; afterwards the ports are free."""
    servers = {"first": SITES[kind], "second": SITES[kind]}
    with kind(servers, environment=GREETING, executable=program(kind)) as running:
        assert set(running.ports) == {"first", "second"}
        for port in running.ports.values():
            with Connection(port) as connection:
                assert connection.get("/").body == b"hello"
    for port in running.ports.values():
        with socket.create_server((LOOPBACK, port)):
            pass


@terminators
def test_refused_configuration_is_shown(kind: type[Terminator]) -> None:
    """What the program says about a configuration that it cannot read is in the exception."""
    with pytest.raises(TerminatorError, match=r"(?i)error|unknown|invalid|unrecognized"):
        kind({"site": lambda port: NONSENSE}, executable=program(kind)).__enter__()


@terminators
def test_failure_inside_the_block_carries_the_log(kind: type[Terminator]) -> None:
    """An exception that leaves the block has the program's log as a note."""
    site = kind({"site": SITES[kind]}, environment=GREETING, executable=program(kind))
    with pytest.raises(KeyError) as failure, site:
        raise KeyError
    assert "error log" in failure.value.__notes__[0]


@terminators
def test_nothing_to_serve(kind: type[Terminator]) -> None:
    """A terminator without a server is a mistake."""
    with pytest.raises(ConfigurationError, match="at least one server"):
        kind({}, executable=Path("/bin/true"))


def test_program_that_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the program is missing the error names it."""
    monkeypatch.setattr(HAProxy, "program_names", ("no-such-haproxy", "nor-this"))
    assert HAProxy.find() is None
    with pytest.raises(ConfigurationError, match="no-such-haproxy or nor-this was not found"):
        HAProxy({"site": SITES[HAProxy]})


def test_program_that_ends_without_a_word() -> None:
    """A program that stops before it listens is reported with its exit status."""
    with pytest.raises(TerminatorError, match="exit status 0"):
        HAProxy({"site": SITES[HAProxy]}, executable=Path("/bin/true")).__enter__()


def test_reserved_port() -> None:
    """Nobody is given a reserved port, and who names it can listen on it."""
    with reserve_port() as port:
        with pytest.raises(OSError, match="in use"), socket.socket() as rude:
            rude.bind((LOOPBACK, port))
        with socket.create_server((LOOPBACK, port)), socket.create_connection((LOOPBACK, port)):
            pass


def test_first_program_found_wins() -> None:
    """Programs have several names; the first that exists is taken."""
    assert find_program("no-such-program", "true") == find_program("true")
