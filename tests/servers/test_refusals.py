"""A server that shows no certificate is refused with the way out, and never taken for a client without one."""

from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest

from clientcert.servers import environ, recognition
from clientcert.servers.recognition import unread_asgi_server, unread_wsgi_server
from clientcert.servers.scope import evidence_from_scope
from tests.servers.exchange import ask
from tests.servers.harness import Pki, RunningServer
from tests.servers.launching import (
    APP,
    LAUNCHES,
    READABLE,
    Serve,
    Verify,
    from_code,
    gunicorn,
    hypercorn,
    python,
    uvicorn,
)
from tests.servers.matrix import MatrixPki


def daphne_ssl(pki: Pki, _verify: Verify) -> tuple[str, ...]:
    """Serve TLS as daphne itself can."""
    endpoint = f"ssl:{{port}}:privateKey={pki.server.key}:certKey={pki.server.certificate}:interface=127.0.0.1"
    return ("daphne", "-e", endpoint, f"{APP}:asgi")


REFUSED: dict[str, tuple[Serve, str]] = {
    "granian asgi": (LAUNCHES["granian asgi"].serve, recognition.GRANIAN),
    "granian wsgi": (LAUNCHES["granian wsgi"].serve, recognition.GRANIAN),
    "uvicorn": (LAUNCHES["uvicorn, not bridged"].serve, recognition.UVICORN),
    "hypercorn": (python(hypercorn()), recognition.HYPERCORN),
    "hypercorn trio": (python(hypercorn("--worker-class", "trio")), recognition.TRIO),
    "hypercorn wsgi": (python(hypercorn(app="wsgi"), MATRIX_INSTALL="hypercorn"), recognition.HYPERCORN_WSGI),
    "gunicorn asgi": (python(gunicorn("asgi", "asgi")), recognition.GUNICORN_ASGI),
    "gunicorn uvicorn": (python(gunicorn("uvicorn_worker.UvicornWorker", "asgi")), recognition.UVICORN_WORKER),
    "gunicorn tornado": (python(gunicorn("tornado", "wsgi")), recognition.TORNADO),
    "daphne": (python(daphne_ssl), recognition.DAPHNE),
    "wsgiref": (python(from_code("wsgiref-as-it-comes")), recognition.WSGIREF),
    "gevent": (python(from_code("gevent")), recognition.GEVENT),
    "cheroot, not named": (python(from_code("cheroot")), recognition.CHEROOT),
    "cheroot pyOpenSSL": (python(from_code("cheroot-pyopenssl"), MATRIX_SERVER="cheroot"), environ.PYOPENSSL),
    "gunicorn, named cheroot": (
        python(gunicorn("sync", "wsgi"), MATRIX_SERVER="cheroot"),
        "this request was not served by cheroot",
    ),
}


@pytest.mark.parametrize("server", REFUSED)
def test_refused_with_the_way_out(server: str, matrix_pki: MatrixPki, tmp_path: Path) -> None:
    """A client with a good certificate gets a 500 even where certificates are optional, and the operator a sentence."""
    serve, sentence = REFUSED[server]
    with serve(matrix_pki, "optional", tmp_path) as running:
        answer = ask(running, matrix_pki.context("good", "h1", None), "h1")
        log = running.log
    assert answer.status == 500, log
    assert "rejected server-unsupported: " in log
    assert sentence in log, log


@pytest.mark.parametrize("server", READABLE)
def test_decided_by_the_app_alone(server: str, matrix_pki: MatrixPki, tmp_path: Path) -> None:
    """
    Where TLS only asks and the app requires, a client without a certificate is refused; its twin with one is not.

    T5: and a client with a good one is turned away where the host it asks for is not the app's; its twin is not.
    """
    refusals: tuple[tuple[str, str, str, int], ...] = (
        ("none", "/required", "/", 401),
        ("good", "/elsewhere", "/localhost", 421),
    )
    with LAUNCHES[server].serve(matrix_pki, "optional", tmp_path) as running:
        for over in LAUNCHES[server].over:
            for client, refused_at, accepted_at, status in refusals:
                tls = matrix_pki.context(client, over, None)
                accepted, refused = (ask(running, tls, over, path=path).status for path in (accepted_at, refused_at))
                # Some servers answer a WebSocket handshake themselves, when it is closed before it was accepted.
                wanted = (101, (status, 403)) if over == "ws" else (200, (status,))
                assert accepted == wanted[0], (over, client, running.log)
                assert refused in wanted[1], (over, client, running.log)


def test_tls_that_never_asks(matrix_pki: MatrixPki, tmp_path: Path) -> None:
    """Without ``--ssl-cert-reqs`` uvicorn asks nobody: the client is anonymous, and the log names the setting."""

    def command(pki: Pki, verify: Verify) -> tuple[str, ...]:
        return uvicorn("--http", "clientcert.servers.uvicorn:Auto")(pki, verify)[:-2]

    with python(command)(matrix_pki, "optional", tmp_path) as running:
        tls = matrix_pki.context("good", "h1", None)
        anonymous, refused = (ask(running, tls, "h1", path=path) for path in ("/", "/required"))
        log = running.log
    assert (anonymous.status, anonymous.who, refused.status) == (200, None, 401)
    assert "certificate-not-requested" in log
    assert "--ssl-cert-reqs 1" in log


def leaking(name: str, **environ: str) -> Serve:
    """Serve by one that copies its process environment into every request, where another server's variables stand."""

    def serve(pki: Pki, verify: Verify, folder: Path) -> AbstractContextManager[RunningServer]:
        leaked = {"SSL_CLIENT_VERIFY": "SUCCESS", "SSL_CLIENT_CERT": pki.bob.pem.decode("ascii")}
        return python(from_code(name), **leaked, **environ)(pki, verify, folder)

    return serve


def test_process_environment_is_nobody(matrix_pki: MatrixPki, tmp_path: Path) -> None:
    """N18: a certificate in the process environment, which wsgiref copies into every request, is nobody's."""
    with leaking("wsgiref-as-it-comes")(matrix_pki, "optional", tmp_path) as running:
        assert ask(running, matrix_pki.context("none", "h1", None), "h1").status == 500
        assert recognition.WSGIREF in running.log
    with leaking("wsgiref")(matrix_pki, "optional", tmp_path) as running:
        answers = {client: ask(running, matrix_pki.context(client, "h1", None), "h1") for client in ("none", "good")}
    assert (answers["none"].status, answers["none"].who) == (200, None)
    assert answers["good"].who == matrix_pki.alice.fingerprint_sha256


def test_process_environment_stops_the_start(matrix_pki: MatrixPki, tmp_path: Path) -> None:
    """N18: where the source names a server with such variables, the app does not even start; without them it does."""
    named = {"MATRIX_SERVER": "cheroot"}
    with (
        pytest.raises(RuntimeError, match=r"the process environment holds SSL_CLIENT_CERT.*unset it"),
        leaking("cheroot", **named)(matrix_pki, "optional", tmp_path),
    ):
        pass
    with python(from_code("cheroot"), **named)(matrix_pki, "optional", tmp_path) as running:
        assert ask(running, matrix_pki.context("good", "h1", None), "h1").status == 200


SCOPES: dict[str, tuple[dict[str, Any], str]] = {
    "pyvoy": ({"extensions": {"tls": {"tls_version": 772, "client_cert_name": "CN=a"}}}, recognition.NAME_ONLY),
    "pyvoy, nobody": ({"extensions": {"tls": {"tls_version": 772, "client_cert_name": ""}}}, recognition.NAME_ONLY),
    "http/3": ({"http_version": "3", "extensions": {}}, recognition.HTTP_3),
    "http/3 with an empty chain": (
        {"http_version": "3", "extensions": {"tls": {"client_cert_chain": []}}},
        recognition.HTTP_3,
    ),
    "http/3 before anything else": (
        {"http_version": "3", "extensions": {"tls": {"client_cert_name": ""}}},
        recognition.HTTP_3,
    ),
}


@pytest.mark.parametrize("row", SCOPES)
def test_recognised_scope(row: str) -> None:
    """A scope that only one kind of server makes is no evidence, and its server is named."""
    scope, sentence = SCOPES[row]
    assert unread_asgi_server(scope) == sentence
    evidence = evidence_from_scope(scope)
    assert (evidence.chain, evidence.note) == (None, sentence)


ENVIRONS: dict[str, tuple[dict[str, Any], str]] = {
    "NGINX Unit": ({"SERVER_SOFTWARE": "Unit/1.35.0"}, recognition.UNIT),
    "waitress": ({"SERVER_SOFTWARE": "waitress"}, recognition.WAITRESS),
    "old Werkzeug": ({"SERVER_SOFTWARE": "Werkzeug/1.0.1"}, recognition.WERKZEUG),
    "pyvoy": ({"wsgi.ext.tls.client_cert_name": "CN=a"}, recognition.NAME_ONLY),
    "mod_wsgi": ({"mod_wsgi.version": (4, 9, 4), "SERVER_SOFTWARE": "Apache/2.4.71"}, recognition.MOD_WSGI),
    "uWSGI": ({"uwsgi.version": b"2.0.21"}, recognition.UWSGI),
}


@pytest.mark.parametrize("row", ENVIRONS)
def test_recognised_environ(row: str) -> None:
    """An environ names its server."""
    variables, sentence = ENVIRONS[row]
    assert unread_wsgi_server(variables) == sentence


def test_every_sentence_names_a_way_out() -> None:
    """Each sentence is one sentence, and tells what to use, call, run, offer or name instead."""
    sentences = [value for name, value in vars(recognition).items() if name.isupper() and not name.startswith("_")]
    ways_out = ("; use ", "; run ", "; call ", "; give ", "; start ", "; offer ", "; terminate ", "; wrap ", "source=")
    for sentence in sentences:
        assert any(way in sentence for way in ways_out), sentence
        assert ". " not in sentence, sentence
