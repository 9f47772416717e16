"""
Client certificates for any ASGI app, without a framework.

The app runs with ``scope["client_identity"]`` (and ``scope["state"]["client_identity"]``) set to a `ClientIdentity`
or ``None``, and without any header that a producer of certificates uses.
"""

import math
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any

from clientcert.config import ClientCertConfig, resolve_config
from clientcert.core.authenticator import Authenticator
from clientcert.core.facts import Header, RequestFacts, port_number
from clientcert.core.identity import ClientIdentity
from clientcert.core.layouts import HeaderLayout
from clientcert.core.outcome import Authenticated, Outcome
from clientcert.core.policy import WEBSOCKET
from clientcert.core.sources.aws import api_gateway_chain
from clientcert.errors import ConfigurationError, MiddlewareMissingError
from clientcert.runtime.authorization import GATE_KEY
from clientcert.runtime.gate import Gate, Target, http_target
from clientcert.runtime.problem import Problem
from clientcert.servers.connection import CONNECTION_SCOPE_KEY, Peer, TlsConnection
from clientcert.servers.evidence import NOT_READ, TlsEvidence
from clientcert.servers.scope import evidence_from_scope

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
ASGIApp = Callable[[Scope, Receive, Send], Awaitable[None]]

IDENTITY_KEY = "client_identity"
_POLICY_VIOLATION = 1008  # RFC 6455 §7.4.1
_LAST_SECOND = 1.0  # RFC 5280 §4.1.2.5: a certificate is valid through the whole second of its notAfter


class ClientCertMiddleware:
    """
    Authenticates http and websocket scopes; lifespan passes untouched.

    Args:
        app: The ASGI app.
        config: A `ClientCertConfig`; or give its fields as keywords.
        close_expired_websockets: Decide again while a WebSocket is open, when its certificate expires and every 30 s,
            and close it with 1008 when it is refused. Only on asyncio.

    Raises:
        ConfigurationError: What `ClientCertConfig` refuses; a source that names a WSGI server.
    """

    def __init__(
        self,
        app: ASGIApp,
        /,
        config: ClientCertConfig | None = None,
        *,
        close_expired_websockets: bool = False,
        **keywords: Any,
    ) -> None:
        self.app = app
        self._close_expired_websockets = close_expired_websockets
        self.config = resolve_config(config, keywords)
        self._gate = Gate(self.config)
        if self._gate.server is not None:
            raise ConfigurationError(
                f"TLSSocket(server={self._gate.server!r}) reads WSGI variables, which no ASGI server has; "
                "leave server out, and bridge the ASGI server"
            )

    @property
    def authenticator(self) -> Authenticator:
        """Who decides: its `status` and `source_uses` are for a health page."""
        return self._gate.authenticator

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Run the app with an identity, or answer in its place."""
        kind = scope["type"]
        if kind == "lifespan":
            await self.app(scope, receive, send)
            return
        if kind not in ("http", "websocket"):
            raise RuntimeError(f"clientcert cannot authenticate the ASGI scope type {kind!r}")
        if GATE_KEY in scope:
            raise RuntimeError("ClientCertMiddleware is installed twice on this path; keep the outer or the inner one")
        inner, problem = self._admit(scope)
        if problem is None and kind == "websocket" and self._close_expired_websockets:
            await self._run_while_accepted(scope, inner, receive, send)
        elif problem is None:
            await self.app(inner, receive, send)
        elif kind == "http":
            await _respond(problem, send, body=scope["method"] != "HEAD")
        else:
            await _deny(problem, scope, receive, send)

    async def _run_while_accepted(self, scope: Scope, inner: Scope, receive: Receive, send: Send) -> None:
        # Not at the top: asyncio is half of all that a start would import, and other event loops do without.
        from clientcert.runtime.websocket import run_while_accepted

        identity: ClientIdentity | None = inner[IDENTITY_KEY]
        if identity is None:
            await self.app(inner, receive, send)
            return

        def is_accepted() -> bool:
            again, problem = self._admit(scope)
            # A report-only configuration admits everybody, and shows nobody.
            return problem is None and (again[IDENTITY_KEY] == identity or not self.config.enforce)

        def seconds_left() -> float:
            if identity.not_after is None:
                return math.inf
            return (identity.not_after - self.config.clock()).total_seconds() + _LAST_SECOND

        await run_while_accepted(
            lambda receive, send: self.app(inner, receive, send),
            receive,
            send,
            is_accepted=is_accepted,
            seconds_left=seconds_left,
        )

    def _admit(self, scope: Scope) -> tuple[Scope, Problem | None]:
        # One copy, made before anything is read: the server may append trailers to its own list later.
        headers = list(scope["headers"])
        if headers and type(headers[0]) is not tuple:
            headers = [(name, value) for name, value in headers]
        gate = self._gate
        layout = gate.headers.of([name for name, _ in headers])
        identity: ClientIdentity | None = None
        if not (gate.has_exempt_paths and gate.is_exempt(_target(scope))):
            outcome = outcome_of(scope, headers, layout, gate)
            if gate.is_quiet and type(outcome) is Authenticated:
                identity = outcome.identity
            else:
                admission = gate.conclude(outcome, _target, hosts_of, scope)
                if admission.problem is not None:
                    return scope, admission.problem
                identity = admission.identity
        for cut in layout.cuts:
            del headers[cut]
        # Copies: some servers share one scope or one state among the requests of a connection.
        inner = dict(scope)
        inner["headers"] = headers
        inner[IDENTITY_KEY] = identity
        inner[GATE_KEY] = gate
        state = scope.get("state")
        inner["state"] = state = dict(state) if state else {}
        state[IDENTITY_KEY] = identity
        return inner, None


def _target(scope: Scope) -> Target:
    path, raw_path, mount = scope["path"], scope.get("raw_path"), scope.get("root_path", "")
    if scope["type"] == "websocket":
        return Target(WEBSOCKET, path, raw_path, mount)
    return http_target(scope["method"], path, raw_path, mount)


def hosts_of(scope: Mapping[str, Any]) -> list[bytes]:
    """The value of every ``Host`` header, which servers also make of an ``:authority``."""
    return [value for name, value in scope["headers"] if name.lower() == b"host"]


def client_identity(scope: Scope) -> ClientIdentity | None:
    """
    The identity of a request.

    Raises:
        MiddlewareMissingError: No `ClientCertMiddleware` has run for this scope.
    """
    if GATE_KEY not in scope:
        raise MiddlewareMissingError(
            "no client identity: ClientCertMiddleware has not run for this request; add it around the app, e.g. "
            'app.add_middleware(ClientCertMiddleware, source="ingress-nginx", trust=..., trusted_proxies=[...])'
        )
    identity: ClientIdentity | None = scope[IDENTITY_KEY]
    return identity


def outcome_of(scope: Mapping[str, Any], headers: list[Header], layout: HeaderLayout, gate: Gate) -> Outcome:
    """
    Ask about a request: first the memory, then the authenticator.

    Args:
        scope: An http or websocket scope.
        headers: Our own copy of its header list.
        layout: Of those headers.
        gate: Of the middleware.
    """
    connection = scope.get(CONNECTION_SCOPE_KEY)
    evidence = NOT_READ
    if connection is None or not isinstance(connection, TlsConnection):
        is_socket = False
        client = scope.get("client")
        host, port = (client[0], client[1]) if client else (None, None)
        if type(port) is not int:
            port = port_number(port)
        if gate.reads_socket:
            evidence = evidence_from_scope(scope)
    else:
        is_socket = True
        host, port = connection.peer
        if gate.reads_socket:
            evidence = connection.evidence()
    if gate.reads_event:
        # Where Mangum and its like keep the event that made this scope.
        evidence = TlsEvidence(chain=api_gateway_chain(scope.get("aws.event")))
    spoken = layout.spoken(headers)
    if evidence is not NOT_READ:
        spoken = (evidence.chain, evidence.error, evidence.asked, evidence.note, spoken)
    authenticator = gate.authenticator
    try:
        known = authenticator.recall(host, port, layout.forwarded(headers), spoken, is_socket)
    except TypeError:
        # Middleware in front of us may have added pairs that are lists, which nobody can look up.
        if all(type(pair) is tuple for pair in headers):
            raise
        return outcome_of(scope, [(name, value) for name, value in headers], layout, gate)
    if known is not None:
        return known
    return authenticator.authenticate(_facts(headers, (host, port), is_socket, evidence), spoken)


def _facts(headers: list[Header], peer: Peer, is_socket: bool, evidence: TlsEvidence) -> RequestFacts:  # noqa: FBT001
    return RequestFacts(
        headers=headers,
        peer=peer[0],
        peer_port=peer[1],
        peer_is_socket=is_socket,
        tls_chain=evidence.chain,
        tls_error=evidence.error,
        tls_asked=evidence.asked,
        tls_note=evidence.note,
    )


async def _respond(problem: Problem, send: Send, *, body: bool) -> None:
    await send({"type": "http.response.start", "status": problem.status, "headers": _raw(problem)})
    await send({"type": "http.response.body", "body": problem.body if body else b""})


async def _deny(problem: Problem, scope: Scope, receive: Receive, send: Send) -> None:
    """Refuse a WebSocket before accept: with a response where the server can, else by closing."""
    if "websocket.http.response" in (scope.get("extensions") or {}):
        start = {"type": "websocket.http.response.start", "status": problem.status, "headers": _raw(problem)}
        await send(start)
        await send({"type": "websocket.http.response.body", "body": problem.body})
        return
    # These servers close only after the connect event has been taken.
    await receive()
    await send({"type": "websocket.close", "code": _POLICY_VIOLATION})


def _raw(problem: Problem) -> list[tuple[bytes, bytes]]:
    return [(name.encode("ascii"), value.encode("ascii")) for name, value in problem.headers]
