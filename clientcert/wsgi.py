"""
Client certificates for any WSGI app, without a framework.

The app runs with ``environ["clientcert.identity"]`` set to a `ClientIdentity` or ``None``, and without any header
that a producer of certificates uses. WSGI cannot tell ``ssl_client_cert`` from ``ssl-client-cert``: that the terminator
drops such names (nginx does) or that the server does (gunicorn, waitress) is part of the set-up.
"""

import warnings
from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Any

from clientcert.config import ClientCertConfig, resolve_config
from clientcert.core.authenticator import Authenticator
from clientcert.core.facts import MAX_PORT_DIGITS, RequestFacts, port_number
from clientcert.core.identity import ClientIdentity
from clientcert.core.outcome import Authenticated, Outcome
from clientcert.errors import MiddlewareMissingError, UnsafeConfigurationWarning
from clientcert.runtime.authorization import GATE_KEY
from clientcert.runtime.environ import HEADER_PREFIX, SOFTWARE_KEY, EnvironLayout, header_name, header_value
from clientcert.runtime.gate import Gate, Target, http_target
from clientcert.runtime.problem import Problem
from clientcert.servers.evidence import NOT_READ, TlsEvidence
from clientcert.servers.wsgi import check_environment, evidence_from_environ, unfixed_python

Environ = dict[str, Any]
StartResponse = Callable[..., Any]
WSGIApp = Callable[[Environ, StartResponse], Iterable[bytes]]

IDENTITY_KEY = "clientcert.identity"
# Where Werkzeug's ProxyFix keeps what it replaced.
_PROXY_FIX_KEY = "werkzeug.proxy_fix.orig"
# The request target as received, where the server gives it: gunicorn, Werkzeug and uWSGI.
_RAW_PATH_KEYS = ("RAW_URI", "REQUEST_URI")

# As servers spell the port 0, which no socket has: an address from a header has none of its own.
_REWRITTEN_PORTS = frozenset({0, *("0" * digits for digits in range(1, MAX_PORT_DIGITS + 1))})
# Servers that drop names with an underscore unless told otherwise (measured: gunicorn 27, waitress 3, Werkzeug 3).
_DROP_UNDERSCORES = ("gunicorn/", "waitress", "Werkzeug/")


class ClientCertMiddleware:
    """
    Authenticates every request.

    Args:
        app: The WSGI app.
        config: A `ClientCertConfig`; or give its fields as keywords.

    Raises:
        ConfigurationError: What `ClientCertConfig` refuses.
    """

    def __init__(self, app: WSGIApp, /, config: ClientCertConfig | None = None, **keywords: Any) -> None:
        self.app = app
        self.config = resolve_config(config, keywords)
        self._gate = Gate(self.config)
        check_start(self._gate)

    @property
    def authenticator(self) -> Authenticator:
        """Who decides: its `status` and `source_uses` are for a health page."""
        return self._gate.authenticator

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Run the app with an identity, or answer in its place."""
        if GATE_KEY in environ:
            raise RuntimeError("ClientCertMiddleware is installed twice on this path; keep the outer or the inner one")
        problem = admit_environ(environ, self._gate)
        if problem is None:
            return self.app(environ, start_response)
        return _respond(problem, environ, start_response)


def client_identity(environ: Environ) -> ClientIdentity | None:
    """
    The identity of a request.

    Raises:
        MiddlewareMissingError: No `ClientCertMiddleware` has run for this environ.
    """
    if GATE_KEY not in environ:
        raise MiddlewareMissingError(
            "no client identity: ClientCertMiddleware has not run for this request; wrap the app, e.g. "
            'app.wsgi_app = ClientCertMiddleware(app.wsgi_app, source="nginx", trust=..., trusted_proxies=[...])'
        )
    identity: ClientIdentity | None = environ[IDENTITY_KEY]
    return identity


def admit_environ(environ: Environ, gate: Gate) -> Problem | None:
    """Authenticate, put the identity into `environ` and take the guarded headers out; or the refusal to send."""
    identity: ClientIdentity | None = None
    layout = gate.environs.of(list(environ))
    if not (gate.has_exempt_paths and gate.is_exempt(target_of(environ))):
        outcome = outcome_of(environ, layout, gate)
        if gate.is_quiet and type(outcome) is Authenticated:
            identity = outcome.identity
        else:
            admission = gate.conclude(outcome, target_of, hosts_of, environ)
            if admission.problem is not None:
                return admission.problem
            identity = admission.identity
    for key in layout.guarded:
        del environ[key]
    environ[IDENTITY_KEY] = identity
    environ[GATE_KEY] = gate
    return None


def outcome_of(environ: Environ, layout: EnvironLayout, gate: Gate) -> Outcome:
    """Ask about a request: first the memory, then the authenticator."""
    evidence = evidence_from_environ(environ, server=gate.server) if gate.reads_socket else NOT_READ
    spoken = layout.spoken(environ)
    if evidence is not NOT_READ:
        spoken = (evidence.chain, evidence.error, evidence.asked, evidence.note, spoken)
    address = environ.get(_PROXY_FIX_KEY) or environ
    # Of the port, only the one of a rewritten address matters to the memory.
    port = 0 if environ.get("REMOTE_PORT") in _REWRITTEN_PORTS else None
    authenticator = gate.authenticator
    known = authenticator.recall(address.get("REMOTE_ADDR"), port, layout.forwarded(environ), spoken)
    return authenticator.authenticate(facts_from_environ(environ, evidence), spoken) if known is None else known


def hosts_of(environ: Environ) -> list[bytes]:
    """The value of every ``Host`` header, which servers join with commas, and also make of an ``:authority``."""
    return [header_value(environ["HTTP_HOST"])] if "HTTP_HOST" in environ else []


def check_start(gate: Gate) -> None:
    """
    Look for what makes the server's word about its TLS connections worthless, before the first request.

    Raises:
        ConfigurationError: The process environment holds names that the configured server uses.

    Warns:
        UnsafeConfigurationWarning: This Python has CVE-2023-40217, and the TLS is Python's own.
    """
    if gate.reads_socket:
        check_environment(gate.server)
        warning = unfixed_python() if gate.server in (None, "cheroot") else None
        if warning is not None:
            warnings.warn(warning, UnsafeConfigurationWarning, stacklevel=3)


def facts_from_environ(environ: Environ, evidence: TlsEvidence) -> RequestFacts:
    """
    All that a WSGI environ tells of a request.

    Args:
        environ: As the server made it.
        evidence: The TLS peer; `NOT_READ` where no source or proof asks for it.
    """
    address = environ.get(_PROXY_FIX_KEY) or environ
    headers = [(header_name(k), header_value(value)) for k, value in environ.items() if k.startswith(HEADER_PREFIX)]
    return RequestFacts(
        headers=headers,
        peer=address.get("REMOTE_ADDR"),
        peer_port=port_number(environ.get("REMOTE_PORT")),
        tls_chain=evidence.chain,
        tls_error=evidence.error,
        tls_asked=evidence.asked,
        tls_note=evidence.note,
        folded=True,
        drops_aliases=str(environ.get(SOFTWARE_KEY)).startswith(_DROP_UNDERSCORES),
    )


def strip_environ(environ: Environ, gate: Gate) -> None:
    """Remove every guarded header and alias, in place as PEP 3333 allows."""
    for key in gate.environs.of(list(environ)).guarded:
        del environ[key]


def target_of(environ: Environ) -> Target:
    """What a WSGI request asks for, as text in place of PEP 3333's latin-1 view of UTF-8."""
    mount, path = (_text(environ.get(key, "")) for key in ("SCRIPT_NAME", "PATH_INFO"))
    return http_target(environ["REQUEST_METHOD"], mount + path, raw_path_of(environ), mount)


def _text(value: str) -> str:
    return header_value(value).decode("utf-8", "surrogateescape")


def raw_path_of(environ: Environ) -> bytes | None:
    """The path as it was on the wire, where the server gives it."""
    for key in _RAW_PATH_KEYS:
        if key in environ:
            return str(environ[key]).partition("?")[0].encode("utf-8", "surrogatepass")
    return None


def _respond(problem: Problem, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    status = f"{problem.status} {HTTPStatus(problem.status).phrase}"
    start_response(status, list(problem.headers))
    return [] if environ["REQUEST_METHOD"] == "HEAD" else [problem.body]
