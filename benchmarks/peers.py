"""Other packages, from their releases (`peers.txt`), set up as they document it."""

import sys
from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from django.core.handlers.wsgi import WSGIHandler
from django.core.management import call_command
from django.test import override_settings

from benchmarks.frameworks import PATH, configure_django
from benchmarks.material import serial_of_leaf
from benchmarks.witness import AsgiApp, Scope, Send, asgi_hello, note

FOLDER = Path(sys.prefix) / "bench-peers"
_HEADER = "ssl-client-cert"

# The Django packages log a user in whom a header names; the user of the first client is called by its serial number.
NAME = str(serial_of_leaf(0))
DJANGO_HEADERS = {
    "HTTP_X_SSL_AUTHENTICATED": "SUCCESS",
    "HTTP_X_SSL_ISSUER_DN": "CN=Example Issuing CA",
}


def are_installed() -> bool:
    """Whether ``make bench-peers`` was run."""
    if FOLDER.exists() and str(FOLDER) not in sys.path:
        # At the end: what both folders have is ours.
        sys.path.append(str(FOLDER))
    return find_spec("x509middleware") is not None


def x509middleware() -> AsgiApp:
    """x509middleware; the app does not look at the certificate."""
    app: AsgiApp = import_module("x509middleware.asgi").ClientCertificateMiddleware(asgi_hello, proxy_header=_HEADER)
    return app


def x509middleware_fields() -> AsgiApp:
    """x509middleware; the app reads what an identity of ours has."""

    async def read(scope: Scope, receive: Any, send: Send) -> None:
        certificate = scope["client_cert"]
        identity = {
            "subject": certificate.subject.human_friendly,
            "issuer": certificate.issuer.human_friendly,
            "serial": certificate.serial_number,
            "not_after": certificate.not_valid_after,
            "names": certificate.subject_alt_name_value.native,
            "fingerprint": certificate.sha256_fingerprint,
        }
        scope["client_identity"] = identity["serial"]
        await asgi_hello(scope, receive, send)

    app: AsgiApp = import_module("x509middleware.asgi").ClientCertificateMiddleware(read, proxy_header=_HEADER)
    return app


def fastapi_client_cert_auth() -> AsgiApp:
    """fastapi-client-cert-auth; the certificate as a dependency."""
    from fastapi import Depends, FastAPI

    make: Callable[..., Any] = import_module("fastapi_client_cert_auth").get_certificate_from_header_dependency
    certificate_of = make(_HEADER, require_verify_header=True, verify_header_name="ssl-client-verify")
    app = FastAPI()

    @app.get(PATH)
    async def hello(certificate: Any = Depends(certificate_of)) -> str:  # noqa: B008, FAST002 - as its page writes it
        note(certificate)
        return "hello"

    return app


def user_data(name: str) -> dict[str, str]:
    """What django-ssl-auth asks the site for: a user's fields of a DN."""
    return {"username": name.rpartition("CN=")[2]}


# The packages read settings on every request, and Django has one set of them for a process. One backend, because
# django-mtls-auth logs in without naming one.
_SETTINGS = {
    "AUTHENTICATION_BACKENDS": ["django_ssl_auth.SSLClientAuthBackend"],
    "AUTOCREATE_VALID_SSL_USERS": True,
    "MTLS_AUTH_AUTOCREATE_USER": True,
    "SSLCLIENT_ALLOW_INSECURE_REQUEST": True,
    "USER_DATA_FN": f"{__name__}.user_data",
}


def _django(middleware: str) -> Any:
    configure_django()
    call_command("migrate", verbosity=0)
    chain = [
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        middleware,
    ]
    override_settings(**_SETTINGS).enable()
    with override_settings(MIDDLEWARE=chain):
        return WSGIHandler()


def django_ssl_auth() -> Any:
    """django-ssl-auth, asked for an API (``X-REST-API``), so that no session is written."""
    return _django("django_ssl_auth.SSLClientAuthMiddleware")


def django_mtls_auth() -> Any:
    """django-mtls-auth, which prints a line for each request."""
    return _django("mtls_auth.middleware.MTLSAuthenticationMiddleware")
