"""A refusal inside a Starlette app: as a response, and as the exception that becomes one."""

from starlette.exceptions import HTTPException, WebSocketException
from starlette.requests import HTTPConnection
from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket

from clientcert import asgi
from clientcert.core.identity import ClientIdentity
from clientcert.core.policy import Rule
from clientcert.runtime.authorization import GATE_KEY, refusal
from clientcert.runtime.gate import Gate
from clientcert.runtime.problem import Problem

DENIAL_EXTENSION = "websocket.http.response"
POLICY_VIOLATION = 1008  # RFC 6455 §7.4.1
_TITLES = {401: "Client certificate required", 403: "Client certificate not accepted"}
# The response that a handler makes has a body of its own.
_OF_THE_BODY = frozenset({"content-type", "content-length"})


class Refused(HTTPException):
    """
    A request whose client a route does not accept. `install` answers it; an exception handler may answer it otherwise.

    Attributes:
        problem: The response that the middleware would give; no byte of it is the client's.
    """

    def __init__(self, problem: Problem) -> None:
        headers = {name: value for name, value in problem.headers if name not in _OF_THE_BODY}
        super().__init__(problem.status, _TITLES.get(problem.status), headers)
        self.problem = problem


def client_identity(connection: HTTPConnection) -> ClientIdentity | None:
    """
    The identity of a request or WebSocket.

    Raises:
        MiddlewareMissingError: `ClientCertMiddleware` is not installed around this route.
    """
    return asgi.client_identity(connection.scope)


def gate_of(connection: HTTPConnection) -> Gate:
    """The gate of a request whose identity has been read."""
    gate: Gate = connection.scope[GATE_KEY]
    return gate


def refused_by(rule: Rule, connection: HTTPConnection) -> Problem | None:
    """Ask a rule about a request or WebSocket; see `clientcert.runtime.authorization.refusal`."""
    identity = client_identity(connection)
    return refusal(gate_of(connection), rule, identity)


def problem_response(problem: Problem, *, head: bool = False) -> Response:
    """Make the response; `head` for an answer to HEAD, which has no body."""
    return Response(b"" if head else problem.body, problem.status, dict(problem.headers))


async def answer(problem: Problem, scope: Scope, receive: Receive, send: Send) -> None:
    """Refuse an http or websocket scope in the app's place."""
    if scope["type"] == "http" or DENIAL_EXTENSION in (scope.get("extensions") or {}):
        await problem_response(problem, head=scope.get("method") == "HEAD")(scope, receive, send)
        return
    # These servers close only after the connect event has been taken.
    await receive()
    await send({"type": "websocket.close", "code": POLICY_VIOLATION})


async def refused(problem: Problem, connection: HTTPConnection) -> HTTPException | WebSocketException:
    """Return the exception that refuses a request, or a WebSocket before it is accepted, whatever the server can do."""
    if isinstance(connection, WebSocket) and DENIAL_EXTENSION not in (connection.scope.get("extensions") or {}):
        await connection.receive()
        return WebSocketException(POLICY_VIOLATION)
    return Refused(problem)


async def handle_refused(connection: HTTPConnection, exc: Exception) -> Response:
    """Answer `Refused` as the middleware answers."""
    if not isinstance(exc, Refused):
        raise exc
    return problem_response(exc.problem, head=connection.scope.get("method") == "HEAD")
