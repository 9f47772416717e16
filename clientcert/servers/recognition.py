"""
Servers whose TLS connection cannot be read as they stand, recognised so that the refusal can name the way out.

Nothing here decides anything: a server that is not recognised is refused as well, with a general sentence.
"""

import sys
from collections.abc import Mapping
from typing import Any

_PROXY = "terminate TLS in a proxy and name it as the source"

GRANIAN = f"granian shows apps no client certificate; run uvicorn, gunicorn or hypercorn with our bridge, or {_PROXY}"
UNIT = f"NGINX Unit shows apps no client certificate; run another server (docs/how-to/servers.md), or {_PROXY}"
TORNADO = "gunicorn's tornado worker shows apps no client certificate; use -k gthread, sync or gevent"
NAME_ONLY = (
    "pyvoy gives a subject name without a certificate, which cannot be verified; run uvicorn, gunicorn or hypercorn "
    "with our bridge, or let Envoy forward the certificate and name it as the source"
)
HTTP_3 = f"HTTP/3 shows apps no client certificate on any server; offer HTTP/1.1 and HTTP/2 only, or {_PROXY}"
TRIO = "hypercorn's trio worker is not bridged; use --worker-class asyncio or uvloop, with the bridge in the app module"
HYPERCORN = "hypercorn is not bridged; call clientcert.servers.hypercorn.install() in the app module"
DAPHNE = "daphne is not bridged; start it by python -m clientcert.servers.daphne"
GUNICORN_ASGI = "gunicorn's ASGI worker is not bridged; use -k clientcert.servers.gunicorn.ASGIWorker"
UVICORN_WORKER = (
    "gunicorn's uvicorn worker is not bridged; use -k clientcert.servers.uvicorn_worker.UvicornWorker, or call "
    "clientcert.servers.uvicorn.install() in the app module"
)
UVICORN = (
    "uvicorn is not bridged; start it with --http clientcert.servers.uvicorn:Auto, or call "
    "clientcert.servers.uvicorn.install() in the app module"
)

WSGIREF = "wsgiref is not bridged; give its server handler_class=clientcert.servers.wsgiref.RequestHandler"
GEVENT = "gevent.pywsgi shows apps no client certificate; use gunicorn -k gevent"
WERKZEUG = "this Werkzeug does not show its socket; use Werkzeug 2.0 or newer"
WAITRESS = f"waitress has no TLS; {_PROXY}"
MOD_WSGI = "mod_wsgi's variables are read only where it is named: source=TLSSocket(server='mod_wsgi')"
UWSGI = "uWSGI's variables are read only where it is named: source=TLSSocket(server='uwsgi')"
CHEROOT = "cheroot's variables are read only where it is named: source=TLSSocket(server='cheroot')"
HYPERCORN_WSGI = (
    "hypercorn hides its connection from WSGI apps; wrap the app in a2wsgi.WSGIMiddleware, and call "
    "clientcert.servers.hypercorn.install()"
)

# Modules that only the running server imports, the most telling first. uvicorn comes last: many things import it.
_ASGI_SERVERS = (
    ("granian.asgi", GRANIAN),
    ("hypercorn.trio.run", TRIO),
    ("hypercorn.asyncio.run", HYPERCORN),
    ("daphne.server", DAPHNE),
    ("uvicorn_worker", UVICORN_WORKER),
    ("gunicorn.workers.gasgi", GUNICORN_ASGI),
    ("uvicorn.server", UVICORN),
)

_WSGI_MODULES = (("gunicorn.workers.gtornado", TORNADO), ("hypercorn.asyncio.run", HYPERCORN_WSGI))

# What stands before the first slash of SERVER_SOFTWARE.
_WSGI_SERVERS = {
    "Granian": GRANIAN,
    "Unit": UNIT,
    "WSGIServer": WSGIREF,
    "Werkzeug": WERKZEUG,
    "gevent": GEVENT,
    "waitress": WAITRESS,
}
# Keys that only one server sets.
_WSGI_KEYS = {
    "ACTUAL_SERVER_PROTOCOL": CHEROOT,
    "mod_wsgi.version": MOD_WSGI,
    "uwsgi.version": UWSGI,
    "wsgi.ext.tls.client_cert_name": NAME_ONLY,
}


def unread_asgi_server(scope: Mapping[str, Any]) -> str | None:
    """One sentence about the server of an ASGI scope whose TLS peer cannot be read; None for an unknown one."""
    if scope.get("http_version") == "3":
        return HTTP_3
    extensions = scope.get("extensions")
    if isinstance(extensions, Mapping) and "tls" in extensions:
        tls = extensions["tls"]
        return NAME_ONLY if isinstance(tls, Mapping) and "client_cert_name" in tls else None
    return _loaded(_ASGI_SERVERS)


def unread_wsgi_server(environ: Mapping[str, Any]) -> str | None:
    """The same for a WSGI environ."""
    for key, sentence in _WSGI_KEYS.items():
        if key in environ:
            return sentence
    name = str(environ.get("SERVER_SOFTWARE", "")).partition("/")[0]
    return _WSGI_SERVERS.get(name) or _loaded(_WSGI_MODULES)


def _loaded(servers: tuple[tuple[str, str], ...]) -> str | None:
    return next((sentence for module, sentence in servers if module in sys.modules), None)
