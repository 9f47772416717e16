"""The demonstration, run as ``make demo`` runs it, and what it does about a wrong row."""

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from clientcert.testing.tutorial import make_tutorial_certificates
from examples.demo.answers import LOOPBACK, Answer, ask, tls_client
from examples.demo.cases import Case, embedded_cases
from examples.demo.launches import embedded_launches
from examples.demo.report import WIDTH, Row, verdict
from examples.demo.servers import ROOT, embedded_sites, serving, wait_until_ready
from tests.peers import require_peer

RUNNING = "Ctrl-C stops everything."
INTERNAL = "C=GB,O=aks-ingress-client,CN=internal-client"
HANDSHAKES = {"server's CA", "expired", "unknown CA"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Demo:
    """One run with ``--serve``: what it printed, how it ended, and what answered while it was serving."""

    output: str
    status: int
    folder: Path
    ports: tuple[int, ...]
    served: Answer

    @property
    def rows(self) -> dict[tuple[str, str, str, str], tuple[str, str]]:
        """Terminator, app, case and what was sent → status and identity or reason."""
        cells = [re.split(r" {2,}", line.strip()) for line in self.output.splitlines()]
        return {(row[0], row[1], row[2], row[3]): (row[4], row[5]) for row in cells if len(row) == 6}


@contextmanager
def started(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    """The demonstration in a process group of its own, as a terminal would start it; killed at the end if need be."""
    command = [sys.executable, "-m", "examples.demo", *arguments]
    pipe = subprocess.PIPE
    with subprocess.Popen(
        command, cwd=ROOT, stdout=pipe, stderr=subprocess.STDOUT, text=True, start_new_session=True
    ) as process:
        try:
            yield process
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGTERM)


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Demo:
    """Run it once, ask one of its apps while it serves, and end it by Ctrl-C."""
    folder = tmp_path_factory.mktemp("kept")
    printed = []
    with started("--serve", "--keep", str(folder)) as process:
        assert process.stdout is not None
        for line in process.stdout:
            printed.append(line)
            if RUNNING in line:
                break
        output = "".join(printed)
        ports = tuple(map(int, re.findall(r"https?://(?:localhost|127\.0\.0\.1):(\d+)", output)))
        assert ports, output
        tls = tls_client(folder / "public-ca.crt", None)
        served = ask(ports[0], reasons=Path(os.devnull), path="/healthz", tls=tls)
        os.killpg(process.pid, signal.SIGINT)
        output += process.stdout.read()
        status = process.wait()
    return Demo(output=output, status=status, folder=folder, ports=ports, served=served)


def test_all_rows_are_as_expected(demo: Demo) -> None:
    """The exit status is 0 and the last line of the table says so."""
    assert demo.status == 0, demo.output
    assert re.search(r"^\d+ rows, all as expected \(\d+\.\d s\)$", demo.output, re.MULTILINE)


def test_table_is_aligned(demo: Demo) -> None:
    """Without a terminal no row is wrapped or cut, and every app has a row for every case of its terminator."""
    assert max(len(line.rstrip()) for line in demo.output.split("Running.")[0].splitlines()) <= WIDTH
    assert "…" not in demo.output
    rows = int(re.findall(r"^(\d+) rows,", demo.output, re.MULTILINE)[0])
    # The heading has six cells too.
    assert len(demo.rows) == rows + 1


@pytest.mark.parametrize(("terminator", "app"), [("uvicorn", "FastAPI"), ("werkzeug", "Flask"), ("uvicorn", "Django")])
def test_rows_of_embedded_tls(demo: Demo, terminator: str, app: str) -> None:
    """Good clients are known, forged headers are not read, and a bad certificate ends in the handshake."""
    rows = {key[2:]: value for key, value in demo.rows.items() if key[:2] == (terminator, app)}
    assert rows["no certificate", "nothing"] == ("401", "no-certificate")
    assert rows["good client", "Fern (X.509 v1)"] == ("200", "CN=Fern")
    assert rows["good client", "internal-client (v1)"] == ("200", INTERNAL)
    assert rows["forged, direct", "Fern's headers, no TLS"] == ("-", "connection closed")
    assert rows["forged, through", "Fern's headers, nothing"] == ("401", "no-certificate")
    assert rows["forged, through", "Fern's headers + own"] == ("200", INTERNAL)
    assert {status for (case, _), (status, _) in rows.items() if case in HANDSHAKES} == {"-"}


@pytest.mark.parametrize("app", ["FastAPI", "Flask", "Django"])
def test_rows_behind_nginx(demo: Demo, app: str) -> None:
    """Good clients are known, nginx refuses bad ones itself, and forged headers are nobody's."""
    require_peer("nginx")
    rows = {key[2:]: value for key, value in demo.rows.items() if key[:2] == ("nginx", app)}
    assert rows["no certificate", "nothing"] == ("401", "no-certificate")
    assert rows["good client", "Fern (X.509 v1)"] == ("200", "CN=Fern")
    assert rows["good client", "internal-client (v1)"] == ("200", INTERNAL)
    assert rows["forged, direct", "Fern's headers, no TLS"] == ("401", "proxy-not-proven")
    assert rows["forged, through", "Fern's headers, nothing"] == ("401", "no-certificate")
    assert rows["forged, through", "Fern's headers + own"] == ("200", INTERNAL)
    assert rows["underscore twin", "ssl_client_* + own"] == ("200", INTERNAL)
    assert rows["duplicate", "Fern's headers twice + own"] == ("200", INTERNAL)
    assert rows["duplicate let in", "secret, verdict twice"] == ("400", "duplicate-header")
    assert {status for (case, _), (status, _) in rows.items() if case in HANDSHAKES} == {"400"}


def test_serves_until_interrupted(demo: Demo) -> None:
    """Its apps answer while it is serving; after Ctrl-C no port does, and only what was to be kept is left."""
    assert demo.served.identity == {"status": "ok"}
    for port in demo.ports:
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection((LOOPBACK, port), timeout=5)
    assert (demo.folder / "fern-client.crt").exists()
    forged = re.findall(r"@(\S+)/forged-headers\.txt", demo.output)
    assert forged
    assert not Path(forged[0]).exists()


def test_curl_lines_are_the_tutorials(demo: Demo) -> None:
    """Who serves is told how to ask, with both tutorials' certificates."""
    for name in ("fern-client", "internal-client"):
        command = rf"^curl --cacert public-ca\.crt --cert {name}\.crt --key {name}\.key https://localhost:\d+/whoami$"
        assert re.search(command, demo.output, re.MULTILINE)


def test_nothing_else_is_needed() -> None:
    """Without nginx, openssl and gunicorn it says what was left out, and the rest is as expected."""
    arguments = [argument for name in ("nginx", "openssl", "gunicorn") for argument in ("--without", name)]
    with started(*arguments) as process:
        output, _ = process.communicate()
    assert process.returncode == 0, output
    assert "certificates: made by clientcert.testing" in output
    assert "nginx skipped" in output
    assert "apt-get install nginx" in output
    assert "all as expected" in output


def test_wrong_row_fails_the_demonstration() -> None:
    """With one expectation changed the very same run names the rows and exits with 1."""
    code = """
import sys
from examples.demo import __main__ as demo, cases
cases._FERN = cases._known("CN=Fern", "CN=Fern Cert Authority", "3")
sys.exit(demo.main(["--without", "nginx", "--without", "openssl"]))
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stderr
    assert "rows, 3 not as expected" in done.stdout
    assert "all as expected" not in done.stdout
    assert re.search(r"uvicorn, FastAPI, good client, Fern .*\n +wanted 200.*'3'.*\n +got +200.*'2'", done.stdout)


def test_verdict_compares_everything(tmp_path: Path) -> None:
    """Of a real answer, status, text and each field of the identity decide; no rows at all are no success."""
    certificates = make_tutorial_certificates(tmp_path / "certificates", openssl=None)
    case = next(case for case in embedded_cases(certificates, sends_alerts=True) if case.client)
    with serving(embedded_launches(certificates)[1:2], tmp_path) as servers:
        wait_until_ready(servers[0], certificates)
        (site,) = embedded_sites(servers)
        tls = tls_client(certificates.public_ca.certificate, case.client)
        row = Row(site=site, case=case, got=ask(site.port, reasons=site.reasons, tls=tls))
    assert verdict([row]) == (["1 rows, all as expected"], 0)
    assert verdict([])[1] == 1
    (right,) = case.wanted
    assert right.identity is not None
    wrong = [
        replace(right, status=401),
        replace(right, text="CN=Fern2"),
        replace(right, identity=None),
        *(replace(right, identity={**right.identity, name: "?"}) for name in right.identity),
    ]
    for answer in wrong:
        lines, status = verdict([row, tampered(row, answer)])
        assert (status, lines[0]) == (1, "2 rows, 1 not as expected:")


def tampered(row: Row, wanted: Answer) -> Row:
    """The same answer, measured against something else."""
    case: Case = replace(row.case, wanted=(wanted,))
    return replace(row, case=case)
