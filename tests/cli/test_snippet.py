"""``clientcert snippet``: what it prints is whole, says the same as the how-to pages, and takes nothing harmful in."""

import re
import shlex
import subprocess
from dataclasses import replace
from pathlib import Path
from shutil import which
from types import SimpleNamespace
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from clientcert import AnyPeer, ClientCertConfig, SharedSecret, UnixSocket
from clientcert.cli.snippet import snippet
from clientcert.cli.snippet_text import PRODUCERS, SECRET_VARIABLE, Options, python_keywords, render
from clientcert.core.sources import PRESETS
from clientcert.errors import ConfigurationError

ROOT = Path(__file__).parents[2]
PAGES = ROOT / "docs" / "how-to"
CA = Path(__file__).parents[1] / "data" / "captures" / "certs" / "root.pem"

EVERYTHING = Options(
    verify="optional",
    secret=True,
    unix_socket="/run/app/app.sock",
    listen="127.0.0.1:8443",
    intermediates="/etc/clientcert/intermediates.pem",
    crl="/etc/clientcert/client-ca.crl",
)
YAML = ("ingress-nginx", "traefik", "envoy")
SHELL = ("aws-alb", "aws-alb-verify", "gcp-lb", "azure-app-service")

_OPTION: dict[str, tuple[str, Any]] = {
    "unix": ("unix_socket", None),
    "secret": ("secret", False),
    "optional": ("verify", "required"),
}

every_producer = pytest.mark.parametrize("producer", PRODUCERS)


def everything(producer: str) -> Options:
    """All options that this producer takes."""
    return replace(EVERYTHING, **dict(_OPTION[condition] for condition in PRODUCERS[producer].refuses))


def print_snippet(*arguments: str) -> str:
    """What the command prints."""
    done = CliRunner().invoke(snippet, arguments)
    assert done.exit_code == 0, done.output
    return done.output


@every_producer
@pytest.mark.parametrize("options", [Options(), None], ids=["nothing", "everything"])
def test_every_mark_is_filled_in(producer: str, options: Options | None) -> None:
    """Nothing of the template's own marks is left, whatever is asked for."""
    text = render(producer, options or everything(producer))
    assert "<<" not in text.replace("<<EOF", "")
    assert not re.search(r"[ \t]\n", text)


@pytest.mark.parametrize("producer", YAML)
@pytest.mark.parametrize("options", [Options(), None], ids=["nothing", "everything"])
def test_yaml_can_be_read(producer: str, options: Options | None) -> None:
    """A snippet in YAML is YAML, without a key that stands twice or has no value."""
    documents = list(yaml.safe_load_all(render(producer, options or everything(producer))))
    assert all(isinstance(document, dict) for document in documents)
    assert None not in _leaves(documents)


@pytest.mark.parametrize("producer", SHELL)
@pytest.mark.parametrize("options", [Options(), None], ids=["nothing", "everything"])
def test_shell_can_be_read(producer: str, options: Options | None) -> None:
    """A snippet of commands is a shell script."""
    shell = which("bash")
    assert shell is not None
    text = render(producer, options or everything(producer))
    subprocess.run([shell, "-n"], input=text, text=True, check=True)


@every_producer
@pytest.mark.parametrize("options", [Options(), None], ids=["nothing", "everything"])
@pytest.mark.filterwarnings("ignore:AnyPeer", "ignore:trusted_proxies")
def test_python_lines_are_a_configuration(producer: str, options: Options | None) -> None:
    """The app's half names this very preset, and stands as it is printed."""
    wanted = replace(options or everything(producer), client_ca=str(CA), intermediates=None, crl=None)
    lines = python_keywords(producer, wanted)
    config = ClientCertConfig(**evaluate(lines))
    assert config.evidence_source.name == producer
    assert config.mode == wanted.verify
    text = render(producer, wanted)
    assert all(f"#       {line}\n" in text for line in lines)


def evaluate(lines: tuple[str, ...]) -> dict[str, Any]:
    """The keywords as Python reads them."""
    names = {"AnyPeer": AnyPeer, "SharedSecret": SharedSecret, "UnixSocket": UnixSocket}
    environment = SimpleNamespace(environ={SECRET_VARIABLE: "s" * 32})
    found: dict[str, Any] = eval(f"dict({' '.join(lines)})", names | {"os": environment})  # noqa: S307 - our own output
    return found


def test_lists_go_where_they_are_read() -> None:
    """Revocation lists go to the terminator, or to the app where the terminator reads none."""
    options = Options(crl="/etc/clientcert/client-ca.crl")
    for producer in PRODUCERS:
        configuration, _, application = render(producer, options).partition("# The app's half")
        assert ("crl=" in application) == (not PRODUCERS[producer].checks_revocation)
        assert ("client-ca.crl" in configuration) == PRODUCERS[producer].checks_revocation


def test_producers_are_presets_and_named_in_the_help() -> None:
    """Each producer has a preset of the same name, and the help lists it."""
    text = print_snippet("--help")
    assert set(PRODUCERS) <= set(PRESETS)
    assert [producer for producer in PRODUCERS if producer not in text] == []


@pytest.mark.parametrize(
    ("producer", "refused", "reason"),
    [
        ("ingress-nginx", {"unix_socket": "/run/app.sock"}, "over the network only"),
        ("traefik", {"unix_socket": "/run/app.sock"}, "over the network only"),
        ("aws-alb", {"secret": True}, "cannot add a header"),
        ("azure-app-service", {"secret": True}, "cannot add a header"),
        ("aws-alb-verify", {"verify": "optional"}, "aws-alb is the passthrough mode"),
    ],
)
def test_what_a_producer_cannot_do_is_refused(producer: str, refused: dict[str, Any], reason: str) -> None:
    """An option that a producer cannot honour is an error with the reason; another one takes it."""
    with pytest.raises(ConfigurationError, match=reason):
        render(producer, Options(**refused))
    render("nginx", Options(**refused))


@pytest.mark.parametrize(
    ("name", "refused", "accepted"),
    [
        ("server_name", "a;b", "a.b"),
        ("certificate", '/a"b', "/a-b"),
        ("private_key", "/a b", "/a_b"),
        ("client_ca", "/a\nb", "/a/b"),
        ("unix_socket", "/a{b}", "/a.b"),
        ("crl", "/$HOME/a", "/home/a"),
        ("intermediates", "/`a`", "/a"),
        ("secret_file", "/a#b", "/ab"),
        ("upstream", "app", "app:8000"),
        ("upstream", "app:http", "[::1]:80"),
        ("listen", "https", "443"),
        ("listen", "127.0.0.1", "127.0.0.1:443"),
        ("trusted_proxies", ("10.0.0.0/8, 0.0.0.0/0",), ("10.0.0.0/8",)),
    ],
)
def test_values_cannot_become_configuration(name: str, refused: Any, accepted: Any) -> None:
    """Nothing given from outside can end a string or begin a directive; its harmless twin is taken."""
    render("nginx", replace(Options(), **{name: accepted}))
    with pytest.raises(ConfigurationError, match=name):
        render("nginx", replace(Options(), **{name: refused}))


def test_unknown_producer() -> None:
    """The error lists the legal names."""
    with pytest.raises(ConfigurationError, match="wanted one of: apache, "):
        render("iis", Options())


def test_error_of_the_command() -> None:
    """What is refused is told in one line, with the status of a wrong call."""
    done = CliRunner().invoke(snippet, ["aws-alb", "--secret"])
    assert (done.exit_code, "cannot add a header" in done.output) == (2, True)


def commands() -> list[tuple[Path, str, str]]:
    """Page, command and the block that follows it."""
    pattern = re.compile(r"^\$ clientcert snippet (.*)\n```\n\n```[a-z]+\n(.*?)^```$", re.MULTILINE | re.DOTALL)
    pages = sorted(PAGES.glob("*.md"))
    return [(page, match[1], match[2]) for page in pages for match in pattern.finditer(page.read_text("utf-8"))]


@pytest.mark.parametrize(("page", "arguments", "shown"), commands(), ids=lambda value: getattr(value, "stem", ""))
def test_page_shows_what_the_command_prints(page: Path, arguments: str, shown: str) -> None:
    """The configuration on a how-to page is the output of the command above it, byte for byte."""
    assert print_snippet(*shlex.split(arguments)) == shown


def test_every_page_shows_its_snippet() -> None:
    """No page of a terminator is without its configuration, and none shows another's."""
    named = {page.stem: shlex.split(arguments)[0] for page, arguments, _ in commands()}
    assert named == {
        name: name for name in ("apache", "caddy", "envoy", "haproxy", "ingress-nginx", "nginx", "traefik")
    }


@pytest.mark.parametrize("page", sorted(PAGES.glob("*.md")), ids=lambda page: page.stem)
def test_yaml_of_the_pages_can_be_read(page: Path) -> None:
    """Every block of YAML on a page is YAML."""
    for block in re.findall(r"^```yaml\n(.*?)^```$", page.read_text("utf-8"), re.MULTILINE | re.DOTALL):
        assert None not in _leaves(list(yaml.safe_load_all(block)))


def test_ingress_controller_has_the_lines_of_haproxy() -> None:
    """What the migration page puts into the controller's ConfigMap is in the snippet that was run."""
    page = (PAGES / "migrate-from-ingress-nginx.md").read_text("utf-8")
    (block,) = re.findall(r"frontend-config-snippet: \|\n((?:    .*\n)+)", page)
    lines = [line.strip() for line in block.splitlines()]
    assert len(lines) == 6
    assert [line for line in lines if f"  {line}\n" not in render("haproxy", Options())] == []


def _leaves(value: object) -> list[object]:
    match value:
        case dict():
            return [leaf for each in value.values() for leaf in _leaves(each)]
        case list():
            return [leaf for each in value for leaf in _leaves(each)]
        case _:
            return [value]
