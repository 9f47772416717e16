"""Every example app, served as its documentation says, by real servers and asked by real clients."""

import ast
import io
import os
import subprocess
import sys
import tempfile
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from clientcert.errors import Reason
from clientcert.testing.issued import CertificateFiles, escape_pem
from clientcert.testing.tutorial import TutorialCertificates, make_tutorial_certificates
from examples.demo.answers import Answer, ask, tls_client
from examples.demo.launches import Launch
from examples.demo.servers import ROOT, AppServer, StartError, serving, wait_until_ready

SECRET = "correct-horse-battery-staple-0123456789"
INTERNAL = "C=GB,O=aks-ingress-client,CN=internal-client"
PUBLIC = "C=GB,O=Org Public CA,CN=Public Cert Authority"
MAX_LINES = 40

# asgi.py, wsgi.py and manage.py of the Django site are what `django-admin startproject` writes.
EXAMPLES = {
    "fastapi": ("fastapi_app.py",),
    "flask": ("flask_app.py",),
    "django": ("django_site/settings.py", "django_site/urls.py", "django_site/views.py"),
}
# Server and app, as the commands of the examples' documentation name them.
APPS = {
    "fastapi-uvicorn": ("uvicorn", "examples.fastapi_app:app"),
    "flask-gunicorn": ("gunicorn", "examples.flask_app:app"),
    "django-gunicorn": ("gunicorn", "examples.django_site.wsgi:application"),
    "django-uvicorn": ("uvicorn", "examples.django_site.asgi:application"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """The apps that end TLS themselves, those that trust a proxy, and everybody's certificates."""

    embedded: dict[str, AppServer]
    proxied: dict[str, AppServer]
    certificates: TutorialCertificates

    def through_tls(self, app: str, client: CertificateFiles | None, *headers: bytes) -> Answer:
        """Ask the app that ends TLS itself."""
        server = self.embedded[app]
        tls = tls_client(self.certificates.public_ca.certificate, client)
        return ask(server.port, reasons=server.reasons, tls=tls, headers=headers)

    def as_proxy(self, app: str, *headers: bytes, path: str = "/whoami") -> Answer:
        """Ask the app that trusts a proxy, in plain HTTP."""
        server = self.proxied[app]
        return ask(server.port, reasons=server.reasons, path=path, headers=headers)


def embedded(app: str, certificates: TutorialCertificates) -> Launch:
    """The command with which the app server ends TLS itself."""
    server, _ = APPS[app]
    options = {
        "uvicorn": ("--http", "clientcert.servers.uvicorn:Auto", "--ssl-cert-reqs", "1"),
        "gunicorn": ("--threads", "4", "--cert-reqs", "1"),
    }[server]
    prefix = "--ssl-" if server == "uvicorn" else "--"
    files = (f"{prefix}certfile", certificates.public_server.chain, f"{prefix}keyfile", certificates.public_server.key)
    clients = (f"{prefix}ca-certs", certificates.client_authorities)
    return launch(app, (*options, *map(str, (*files, *clients))), {"CLIENTCERT_SOURCE": "tls"}, certificates)


def proxied(app: str, certificates: TutorialCertificates) -> Launch:
    """The command for behind a proxy."""
    settings = {"CLIENTCERT_SOURCE": "ingress-nginx", "PROXY_SECRET": SECRET}
    return launch(app, ("--threads", "4") if APPS[app][0] == "gunicorn" else (), settings, certificates)


def launch(app: str, options: tuple[str, ...], settings: dict[str, str], certificates: TutorialCertificates) -> Launch:
    """What both have in common: the socket, the log, the trusted CAs."""
    server, target = APPS[app]
    socket = {
        "uvicorn": ("--fd", "{fd}", "--log-config", "{log_config}", "--lifespan", "off"),
        "gunicorn": ("--bind", "fd://{fd}", "--log-config-json", "{log_config}", "--no-control-socket"),
    }[server]
    return Launch(
        app=app,
        server=server,
        command=(server, target, *socket, *options),
        settings={"CLIENTCERT_TRUST": str(certificates.client_authorities), **settings},
        tls=settings["CLIENTCERT_SOURCE"] == "tls",
    )


@pytest.fixture(scope="module")
def apps() -> Iterator[Running]:
    """All of them at once; the first answer takes as long as the slowest import."""
    with tempfile.TemporaryDirectory(prefix="examples-") as name:
        folder = Path(name)
        certificates = make_tutorial_certificates(folder / "certificates", openssl=None)
        launches = [make(app, certificates) for make in (embedded, proxied) for app in APPS]
        with serving(launches, folder) as servers:
            for server in servers:
                wait_until_ready(server, certificates)
            half = len(APPS)
            yield Running(
                embedded=dict(zip(APPS, servers[:half], strict=True)),
                proxied=dict(zip(APPS, servers[half:], strict=True)),
                certificates=certificates,
            )


def as_ingress_nginx(client: CertificateFiles, subject: str, issuer: str) -> tuple[bytes, ...]:
    """The lines that ingress-nginx sends for a client it has verified."""
    return (
        b"ssl-client-cert: " + escape_pem(client.certificate.read_bytes()),
        b"ssl-client-verify: SUCCESS",
        b"ssl-client-subject-dn: " + subject.encode("ascii"),
        b"ssl-client-issuer-dn: " + issuer.encode("ascii"),
    )


def known(subject: str, issuer: str) -> Answer:
    """The whole answer for a client with serial number 2, verified here."""
    identity = {"subject": subject, "issuer": issuer, "serial": "2", "evidence": "VERIFIED"}
    return Answer(status=200, text=subject, identity=identity)


FERN = known("CN=Fern", "CN=Fern Cert Authority")
SECRET_LINE = b"x-clientcert-proxy: " + SECRET.encode("ascii")


@pytest.mark.parametrize("app", APPS)
def test_tls_client_is_known(apps: Running, app: str) -> None:
    """Ending TLS itself, the app names the clients of both tutorials, whatever headers they send."""
    forged = as_ingress_nginx(apps.certificates.fern_client, "CN=Fern", "CN=Fern Cert Authority")
    internal = known(INTERNAL, "C=GB,O=Org Internal CA,CN=Internal Cert Authority")
    assert apps.through_tls(app, apps.certificates.fern_client) == FERN
    assert apps.through_tls(app, apps.certificates.internal_client, *forged) == internal


@pytest.mark.parametrize("app", APPS)
def test_tls_client_without_certificate_is_refused(apps: Running, app: str) -> None:
    """Ending TLS itself, the app answers 401 without a certificate, also with somebody's in the headers."""
    forged = as_ingress_nginx(apps.certificates.fern_client, "CN=Fern", "CN=Fern Cert Authority")
    refused = Answer(status=401, text=Reason.NO_CERTIFICATE)
    assert apps.through_tls(app, None) == refused
    assert apps.through_tls(app, None, *forged) == refused


@pytest.mark.parametrize("app", APPS)
@pytest.mark.parametrize("client", ["public_client", "unknown_client", "expired_client"])
def test_bad_certificate_ends_in_the_handshake(apps: Running, app: str, client: str) -> None:
    """Ending TLS itself, the server lets nobody in whose certificate does not verify."""
    answer = apps.through_tls(app, getattr(apps.certificates, client))
    assert answer.status is None
    assert answer.text.startswith("TLS ")


@pytest.mark.parametrize("app", APPS)
def test_only_the_proxy_is_believed(apps: Running, app: str) -> None:
    """The same headers are Fern with the secret, and nobody without it or with another one."""
    headers = as_ingress_nginx(apps.certificates.fern_client, "CN=Fern", "CN=Fern Cert Authority")
    wrong = b"x-clientcert-proxy: " + SECRET.upper().encode("ascii")
    refused = Answer(status=401, text=Reason.PROXY_NOT_PROVEN)
    assert apps.as_proxy(app, SECRET_LINE, *headers) == FERN
    assert apps.as_proxy(app, *headers) == refused
    assert apps.as_proxy(app, wrong, *headers) == refused


@pytest.mark.parametrize("app", APPS)
@pytest.mark.parametrize(
    ("client", "issuer", "reason"),
    [
        ("expired_client", "C=GB,O=Org Internal CA,CN=Internal Cert Authority", Reason.CERTIFICATE_EXPIRED),
        ("public_client", PUBLIC, Reason.ISSUER_UNKNOWN),
    ],
)
def test_proxy_is_not_believed_blindly(apps: Running, app: str, client: str, issuer: str, reason: Reason) -> None:
    """A certificate that the proxy calls good is verified here all the same."""
    headers = as_ingress_nginx(getattr(apps.certificates, client), INTERNAL, issuer)
    assert apps.as_proxy(app, SECRET_LINE, *headers) == Answer(status=403, text=reason)


@pytest.mark.parametrize("app", APPS)
def test_health_probe_needs_no_certificate(apps: Running, app: str) -> None:
    """The one exempt path answers everybody; its neighbour does not."""
    assert apps.as_proxy(app, path="/healthz").identity == {"status": "ok"}
    assert apps.as_proxy(app, path="/healthz/").status == 401


@pytest.mark.parametrize("app", APPS)
def test_missing_ca_is_reported_at_start(apps: Running, app: str, tmp_path: Path) -> None:
    """A CA file that is not there keeps the server from starting, and the error names it."""
    missing = {"CLIENTCERT_TRUST": str(tmp_path / "absent.crt")}
    good = proxied(app, apps.certificates)
    bad = Launch(app=app, server=good.server, command=good.command, settings={**good.settings, **missing})
    with serving([bad], tmp_path) as (server,), pytest.raises(StartError, match=r"ConfigurationError.*absent\.crt"):
        wait_until_ready(server, apps.certificates)


@pytest.mark.parametrize(
    ("module", "says"),
    [
        ("fastapi_app", "no source"),
        ("flask_app", "no source"),
        ("django_site.wsgi", "trusted_proxies"),
        ("django_site.asgi", "trusted_proxies"),
    ],
)
def test_unconfigured_app_does_not_start(module: str, says: str) -> None:
    """Without any setting the app does not start, and the error says what is missing."""
    done = run_python(f"import examples.{module}")
    assert done.returncode == 1
    assert "ConfigurationError" in done.stderr
    assert says in done.stderr.splitlines()[-1]


def test_django_settings_need_no_environment() -> None:
    """The settings can be imported for checks and type checkers where nothing is configured."""
    done = run_python("import examples.django_site.settings as settings; print(settings.CLIENTCERT['source'])")
    assert (done.returncode, done.stdout.strip()) == (0, "ingress-nginx")


def test_django_check_finds_nothing() -> None:
    """``manage.py check`` is content with the site."""
    done = run_python("", "-m", "examples.django_site.manage", "check", "--fail-level", "WARNING")
    assert done.returncode == 0, done.stderr


def run_python(code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run Python in the root of the repository without any setting of ours."""
    environment = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    command = [sys.executable, *(arguments or ("-c", code))]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("example", EXAMPLES)
def test_example_is_short(example: str) -> None:
    """What a user has to write fits 40 lines, docstrings, comments and blank lines aside."""
    counts = {name: lines_of_code((ROOT / "examples" / name).read_text()) for name in EXAMPLES[example]}
    assert 0 < sum(counts.values()) <= MAX_LINES, counts


def lines_of_code(source: str) -> int:
    """Lines with something on them that is neither comment nor docstring."""
    skipped = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER}
    used = {
        line
        for token in tokenize.generate_tokens(io.StringIO(source).readline)
        if token.type not in skipped
        for line in range(token.start[0], token.end[0] + 1)
    }
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            used -= set(range(node.lineno, (node.end_lineno or node.lineno) + 1))
    return len(used)
