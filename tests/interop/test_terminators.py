"""The terminator itself: its configuration, and that it starts, says why not, and stops."""

import socket
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from clientcert.errors import ConfigurationError
from clientcert.testing.nginx import Location, NginxServer, render_configuration
from clientcert.testing.terminators import Nginx, TerminatorError
from tests.interop.clients import Authorities
from tests.interop.harness import Connection
from tests.peers import require_peer

SERVER = NginxServer(
    certificate=Path("server.pem"),
    private_key=Path("server.key"),
    client_ca=Path("ca.pem"),
    locations=(Location(upstream="unix:/run/app.sock"),),
)
# rootfs/etc/nginx/template/nginx.tmpl of ingress-nginx.
CERTIFICATE_LINE = 'proxy_set_header "ssl-client-cert" "$ssl_client_escaped_cert";'
VERDICT_LINES = [
    'proxy_set_header "ssl-client-verify" "$ssl_client_verify";',
    'proxy_set_header "ssl-client-subject-dn" "$ssl_client_s_dn";',
    'proxy_set_header "ssl-client-issuer-dn" "$ssl_client_i_dn";',
]
BLANK_LINES = [f'proxy_set_header "ssl-client-{name}" "";' for name in ("cert", "verify", "subject-dn", "issuer-dn")]


@pytest.mark.parametrize(
    ("change", "wanted"),
    [
        pytest.param({}, VERDICT_LINES, id="pass-certificate-false"),
        pytest.param({"pass_certificate": True}, [CERTIFICATE_LINE, *VERDICT_LINES], id="pass-certificate-true"),
        pytest.param({"client_headers": "blank"}, BLANK_LINES, id="blank"),
        pytest.param({"client_headers": "untouched"}, [], id="untouched"),
    ],
)
def test_header_lines_are_those_of_ingress_nginx(change: dict[str, Any], wanted: list[str]) -> None:
    """The lines about the client, and no others, in the order of ingress-nginx's template."""
    text = render_configuration({"app": replace(SERVER, **change)}, {"app": 8443})
    assert [line.strip() for line in text.splitlines() if "ssl-client" in line] == wanted


@pytest.mark.parametrize(
    ("refused", "accepted"),
    [
        ({"locations": ()}, {}),
        ({"client_ca": None}, {"client_ca": None, "verify": "off"}),
        ({"private_key": None}, {"private_key": None, "certificate": None}),
        ({"secret": ("x-proxy", 'a"; evil on; #')}, {"secret": ("x-proxy", "a-secret")}),
        ({"secret": ("x-proxy", "$host")}, {"secret": ("x-proxy", "host")}),
        ({"error_page": "/a\nb"}, {"error_page": "/ab"}),
        ({"client_ca": Path('a"b')}, {"client_ca": Path("a b")}),
    ],
)
def test_what_cannot_be_written_into_a_configuration_is_refused(
    refused: dict[str, Any], accepted: dict[str, Any]
) -> None:
    """Nothing given from outside can end a string or become a directive; its harmless twin is taken."""
    replace(SERVER, **accepted)
    with pytest.raises(ConfigurationError):
        replace(SERVER, **refused)


def test_start_failure_shows_the_error_log(authorities: Authorities) -> None:
    """When nginx refuses its configuration, the exception holds nginx's own words."""
    program = require_peer("nginx")
    server = replace(SERVER, certificate=authorities.server.chain, private_key=authorities.server.key)
    with pytest.raises(TerminatorError, match=r"SSL_CTX_load_verify_locations\(.*ca\.pem"):
        Nginx({"app": server}, executable=program).__enter__()


def test_chosen_port_is_used_and_given_back() -> None:
    """A port can be chosen; it answers within the block, 502 as the app is not there, and is free after it."""
    program = require_peer("nginx")
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    plain = NginxServer(port=port, locations=SERVER.locations)
    with Nginx({"app": plain}, executable=program) as nginx:
        assert nginx.ports == {"app": port}
        with Connection(port) as connection:
            assert connection.get("/").status == 502
    assert "connect() to unix:/run/app.sock failed" in nginx.error_log
    with socket.create_server(("127.0.0.1", port)):
        pass


def test_taken_port_is_an_error() -> None:
    """A port that somebody else listens on is refused before nginx is started."""
    program = require_peer("nginx")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        plain = NginxServer(port=taken.getsockname()[1], locations=SERVER.locations)
        with pytest.raises(OSError, match="in use"):
            Nginx({"app": plain}, executable=program).__enter__()


def test_failure_inside_the_block_carries_the_error_log() -> None:
    """An exception that leaves the block has nginx's log as a note."""
    program = require_peer("nginx")
    with (
        pytest.raises(KeyError) as failure,
        Nginx({"app": NginxServer(locations=SERVER.locations)}, executable=program),
    ):
        raise KeyError
    assert "nginx error log" in failure.value.__notes__[0]


@pytest.mark.parametrize(("ci", "outcome"), [("", pytest.skip.Exception), ("true", pytest.fail.Exception)])
def test_missing_peer(monkeypatch: pytest.MonkeyPatch, ci: str, outcome: type[BaseException]) -> None:
    """A peer that is not installed is a visible skip for a user and a failure in CI."""
    monkeypatch.setenv("CI", ci)
    with pytest.raises(outcome, match="not-a-program is not installed"):
        require_peer("not-a-program")
