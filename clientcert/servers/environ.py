"""
Servers that describe the client's certificate in WSGI keys of their own.

A request header cannot become such a key (those start with ``HTTP_``), but the process environment can, below servers
that copy it. So they are read only where the configuration names the server, and only from that server.
"""

import sys
from collections.abc import Callable, Mapping
from typing import Any

from clientcert.servers.evidence import MAX_SENT_INTERMEDIATES, TlsEvidence, chain_of

Reader = Callable[[Mapping[str, Any]], TlsEvidence]

_PLAIN = TlsEvidence(chain=())

NO_STD_ENV_VARS = (
    "Apache tells the app nothing about the client's certificate; add SSLOptions +StdEnvVars +ExportCertData"
)
NO_EXPORT = "Apache verified a client certificate and does not show it; add SSLOptions +ExportCertData"
PYOPENSSL = (
    "cheroot tells the app nothing about the client's certificate; use its BuiltinSSLAdapter, not the pyOpenSSL one"
)
CONTRADICTION = "SSL_CLIENT_VERIFY is NONE beside a certificate; whoever wrote that was not the server"
HTTPS_SOCKET = (
    "uWSGI's https-socket hides the client's certificate; use --https address,certificate,key,ciphers,client-ca"
)
NOT_HTTPS = "this request did not come through uWSGI's --https or --https2, which alone show a client's certificate"

# https = address,certificate,key,ciphers,client CA
_HTTPS_CLIENT_CA_FIELD = 4


def mod_wsgi(environ: Mapping[str, Any]) -> TlsEvidence:
    """
    Apache's mod_ssl variables, for ``SSLOptions +StdEnvVars +ExportCertData``.

    ``GENEROUS`` (a certificate that Apache did not verify) and ``SUCCESS`` mean the same here: we verify it.
    """
    if "mod_wsgi.version" not in environ:
        return _other_server("mod_wsgi")
    return _mod_ssl(environ, nothing=NO_STD_ENV_VARS, no_certificate=NO_EXPORT)


def cheroot(environ: Mapping[str, Any]) -> TlsEvidence:
    """The variables of cheroot's ``BuiltinSSLAdapter`` (CherryPy's server), named after mod_ssl's."""
    if "ACTUAL_SERVER_PROTOCOL" not in environ:
        return _other_server("cheroot")
    return _mod_ssl(environ, nothing=PYOPENSSL, no_certificate=PYOPENSSL)


def uwsgi(environ: Mapping[str, Any]) -> TlsEvidence:
    """The variable of uWSGI's HTTPS router; without a certificate there is none, so uWSGI's own options decide."""
    if "uwsgi.version" not in environ:
        return _other_server("uwsgi")
    certificate = environ.get("HTTPS_CLIENT_CERTIFICATE")
    if certificate:
        try:
            # WSGI text holds bytes (PEP 3333), here the DER itself.
            return TlsEvidence(chain=(certificate.encode("latin-1"),))
        except (AttributeError, UnicodeEncodeError):
            return TlsEvidence(note="HTTPS_CLIENT_CERTIFICATE is not DER as WSGI text; whoever wrote it was not uWSGI")
    if environ.get("wsgi.url_scheme") != "https":
        return _PLAIN
    return _absent_below_uwsgi(getattr(sys.modules.get("uwsgi"), "opt", {}))


READERS: dict[str, Reader] = {"cheroot": cheroot, "mod_wsgi": mod_wsgi, "uwsgi": uwsgi}
"""Server → what reads its environ."""

LEAKED_NAMES: dict[str, tuple[str, ...]] = {
    "cheroot": ("SSL_CLIENT_",),
    "mod_wsgi": ("SSL_CLIENT_",),
    "uwsgi": ("HTTPS_CLIENT_CERTIFICATE", "HTTPS_CC", "HTTPS_DN"),
}
"""Server → beginnings of names that must not be in the process environment."""


def _mod_ssl(environ: Mapping[str, Any], *, nothing: str, no_certificate: str) -> TlsEvidence:
    verdict, certificate = environ.get("SSL_CLIENT_VERIFY"), environ.get("SSL_CLIENT_CERT")
    error = verdict if isinstance(verdict, str) and verdict.startswith("FAILED") else None
    if verdict is None and certificate is None:
        return TlsEvidence(note=nothing) if environ.get("wsgi.url_scheme") == "https" else _PLAIN
    if not certificate:
        # mod_ssl writes an empty certificate for none; without a verdict beside it, that is all there is to go by.
        return _PLAIN if verdict in ("NONE", None) else TlsEvidence(error=error, note=no_certificate)
    if verdict == "NONE":
        return TlsEvidence(note=CONTRADICTION)
    try:
        return TlsEvidence(chain=chain_of((certificate, *_sent_to_apache(environ))), error=error)
    except ValueError as exc:
        return TlsEvidence(error=error, note=f"SSL_CLIENT_CERT cannot be read: {exc}")


def _sent_to_apache(environ: Mapping[str, Any]) -> list[object]:
    """Read what the client sent after its leaf; SSL_CLIENT_CERT_RFC4523_CEA and the like are not of it."""
    keys = (f"SSL_CLIENT_CERT_CHAIN_{number}" for number in range(MAX_SENT_INTERMEDIATES))
    return [environ[key] for key in keys if key in environ]


def _absent_below_uwsgi(options: Mapping[Any, Any]) -> TlsEvidence:
    # Keys are text, or bytes in other versions; a repeated option is a list.
    given = {_text(name): value for name, value in options.items()}
    if "https-socket" in given:
        return TlsEvidence(note=HTTPS_SOCKET)
    listeners = [(name, _text(each)) for name in ("https", "https2") for each in _several(given.get(name))]
    if not listeners:
        return TlsEvidence(note=NOT_HTTPS)
    return TlsEvidence(chain=(), asked=any(_asks(name, listener) for name, listener in listeners))


def _asks(name: str, listener: str) -> bool:
    if name == "https2":
        return "client_ca=" in listener or "clientca=" in listener
    return len(listener.split(",")) > _HTTPS_CLIENT_CA_FIELD


def _several(value: object) -> tuple[object, ...]:
    if value is None:
        return ()
    return tuple(value) if isinstance(value, list | tuple) else (value,)


def _text(value: object) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def _other_server(named: str) -> TlsEvidence:
    return TlsEvidence(note=f"source is TLSSocket(server={named!r}), and this request was not served by {named}")
