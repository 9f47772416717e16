"""The examples with authorization, served by real servers that end TLS, asked by real clients."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from clientcert.errors import Reason
from clientcert.testing.issued import CertificateFiles
from clientcert.testing.tutorial import TutorialCertificates, make_tutorial_certificates
from examples.demo.answers import Answer, ask, tls_client
from examples.demo.launches import Launch
from examples.demo.servers import ROOT, AppServer, serving, wait_until_ready
from tests.browser import visiting

PACKAGE = "examples.with_authorization"
SITE = f"{PACKAGE}.django_site"
APPS = {
    "fastapi-uvicorn": ("uvicorn", f"{PACKAGE}.fastapi_app:app"),
    "starlette-uvicorn": ("uvicorn", f"{PACKAGE}.starlette_app:app"),
    "flask-gunicorn": ("gunicorn", f"{PACKAGE}.flask_app:app"),
    "django-gunicorn": ("gunicorn", f"{SITE}.wsgi:application"),
    "django-uvicorn": ("uvicorn", f"{SITE}.asgi:application"),
}


def launch(app: str, certificates: TutorialCertificates, database: Path) -> Launch:
    """The command with which the app server ends TLS itself."""
    server, target = APPS[app]
    prefix, options = {
        "uvicorn": (
            "--ssl-",
            ("--fd", "{fd}", "--log-config", "{log_config}", "--http", "clientcert.servers.uvicorn:Auto"),
        ),
        "gunicorn": (
            "--",
            ("--bind", "fd://{fd}", "--log-config-json", "{log_config}", "--no-control-socket", "--threads", "4"),
        ),
    }[server]
    chain, key = certificates.public_server.chain, certificates.public_server.key
    files = {"certfile": chain, "keyfile": key, "ca-certs": certificates.client_authorities, "cert-reqs": 1}
    tls = tuple(part for name, value in files.items() for part in (prefix + name, str(value)))
    trust = str(certificates.client_authorities)
    return Launch(
        app=app,
        server=server,
        command=(server, target, *options, *(("--lifespan", "off") if app == "django-uvicorn" else ()), *tls),
        settings={"CLIENTCERT_SOURCE": "tls", "CLIENTCERT_TRUST": trust, "DJANGO_DATABASE": str(database)},
        tls=True,
    )


def manage(*arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """Run the site's ``manage.py``."""
    command = [sys.executable, "-m", f"{SITE}.manage", *arguments]
    return subprocess.run(
        command, cwd=ROOT, env=os.environ | settings, capture_output=True, text=True, check=False, timeout=60
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """All apps, and everybody's certificates."""

    servers: dict[str, AppServer]
    certificates: TutorialCertificates

    def get(self, app: str, path: str, client: CertificateFiles | None) -> Answer:
        """Ask over TLS."""
        server = self.servers[app]
        tls = tls_client(self.certificates.public_ca.certificate, client)
        return ask(server.port, reasons=server.reasons, path=path, tls=tls)


@pytest.fixture(scope="module")
def apps() -> Iterator[Running]:
    """All of them at once."""
    with tempfile.TemporaryDirectory(prefix="authorization-") as name:
        folder = Path(name)
        certificates = make_tutorial_certificates(folder / "certificates", openssl=None)
        database = folder / "db.sqlite3"
        trust = str(certificates.client_authorities)
        done = manage("migrate", DJANGO_DATABASE=str(database), CLIENTCERT_TRUST=trust)
        assert done.returncode == 0, done.stderr
        with serving([launch(app, certificates, database) for app in APPS], folder) as servers:
            for server in servers:
                wait_until_ready(server, certificates)
            yield Running(servers=dict(zip(APPS, servers, strict=True)), certificates=certificates)


@pytest.mark.parametrize("app", APPS)
def test_rules(apps: Running, app: str) -> None:
    """Staff read orders, operators do everything, and nobody else anything."""
    fern, internal = apps.certificates.fern_client, apps.certificates.internal_client
    assert apps.get(app, "/orders", fern).text == "CN=Fern"
    assert apps.get(app, "/orders", internal).text == "C=GB,O=aks-ingress-client,CN=internal-client"
    assert apps.get(app, "/orders", None) == Answer(status=401, text=Reason.NO_CERTIFICATE)
    assert apps.get(app, "/ops", fern).status == 200
    assert apps.get(app, "/ops", internal).status == 403
    path = "/reports/1" if "fastapi" not in app else "/ops"
    assert [apps.get(app, path, client).status for client in (fern, internal, None)] == [200, 403, 401]


def test_rule_on_websocket(apps: Running) -> None:
    """A WebSocket over TLS is for operators; others are refused before it is accepted."""
    server, certificates = apps.servers["fastapi-uvicorn"], apps.certificates

    def feed(client: CertificateFiles | None) -> str:
        tls = tls_client(certificates.public_ca.certificate, client)
        with connect(f"wss://localhost:{server.port}/feed", ssl=tls, proxy=None, open_timeout=30) as websocket:
            return str(websocket.recv(timeout=30))

    assert feed(certificates.fern_client) == "CN=Fern"
    for client, status in ((certificates.internal_client, 403), (None, 401)):
        with pytest.raises(InvalidStatus) as caught:
            feed(client)
        assert caught.value.response.status_code == status


def test_docs_in_a_browser(apps: Running) -> None:
    """FastAPI's ``/docs`` shows operations and the mutualTLS scheme in a browser, and asks with its certificate."""
    origin = f"https://localhost:{apps.servers['fastapi-uvicorn'].port}"
    with visiting(origin, apps.certificates.fern_client) as visit:
        page = visit.page
        answer = page.goto(f"{origin}/docs")
        assert answer is not None
        assert answer.status == 200
        orders = page.locator(".opblock", has=page.get_by_text("/orders", exact=True))
        orders.wait_for()
        listed = page.locator(".opblock-summary-path").all_inner_texts()
        assert listed == ["/ops", "/healthz", "/orders", "/orders/1"]
        # A padlock at each operation but the one that asks for nobody.
        assert page.locator(".opblock .authorization__btn").count() == len(listed) - 1
        page.get_by_role("button", name="Authorize").click()
        assert "mutualTLS (mutualTLS)" in page.locator(".dialog-ux").inner_text()
        page.locator(".dialog-ux .close-modal").click()
        orders.get_by_text("/orders", exact=True).click()
        orders.get_by_role("button", name="Try it out").click()
        assert orders.locator(".response-col_status").all_inner_texts() == ["Code", "200", "401", "403"]
        orders.get_by_role("button", name="Execute").click()
        orders.locator(".live-responses-table .response").wait_for()
        assert "CN=Fern" in orders.locator(".live-responses-table .response").inner_text()
        assert visit.complaints == []


def test_docs_in_a_browser_without_a_certificate(apps: Running) -> None:
    """The same page shows the problem, and nothing of the API, to a browser that presents none."""
    origin = f"https://localhost:{apps.servers['fastapi-uvicorn'].port}"
    with visiting(origin, None) as visit:
        answer = visit.page.goto(f"{origin}/docs")
        assert answer is not None
        assert (answer.status, answer.headers["content-type"]) == (401, "application/problem+json")
        assert "Client certificate required" in visit.page.content()


@pytest.mark.parametrize("app", ["django-gunicorn", "django-uvicorn"])
def test_user_of_the_certificate(apps: Running, app: str) -> None:
    """The Django site has a user for each client."""
    answer = apps.get(app, "/orders", apps.certificates.fern_client)
    assert answer.identity == {"subject": "CN=Fern", "user": "Fern"}


@pytest.mark.parametrize("app", [app for app in APPS if app != "starlette-uvicorn"])
def test_denial_is_logged(apps: Running, app: str) -> None:
    """The operator's log has the reason of a rule's refusal."""
    answer = apps.get(app, "/ops", apps.certificates.internal_client)
    assert answer == Answer(status=403, text=Reason.POLICY_DENIED)


def test_django_check(apps: Running) -> None:
    """``manage.py check --deploy`` has no error of ours, and lists the routes."""
    done = manage("check", "--deploy", CLIENTCERT_TRUST=str(apps.certificates.client_authorities))
    shown = done.stderr + done.stdout
    assert "covered  /ops  cn('Fern')" in shown
    assert "exempt   /healthz  everybody" in shown
    assert "clientcert.E" not in shown
    assert "clientcert.W" not in shown
