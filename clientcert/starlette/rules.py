"""Rules in Starlette: around an app, a mount or a route, and on an endpoint."""

from collections.abc import Callable
from functools import wraps
from inspect import iscoroutinefunction
from typing import Any, TypeVar, cast

from starlette.requests import HTTPConnection, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocket

from clientcert.core.policy import Rule
from clientcert.errors import ConfigurationError
from clientcert.runtime.authorization import checked_rule
from clientcert.runtime.problem import Problem
from clientcert.starlette.marks import mark
from clientcert.starlette.refusal import answer, problem_response, refused_by

Endpoint = TypeVar("Endpoint", bound=Callable[..., Any])


class RequireMiddleware:
    """
    Lets only those through whom a rule allows: ``Mount("/ops", …, middleware=[Middleware(RequireMiddleware, rule)])``.

    Stands anywhere inside `ClientCertMiddleware`. Several add up: all of them must allow.

    Raises:
        ConfigurationError: Something that is no rule.
    """

    def __init__(self, app: ASGIApp, rule: Rule) -> None:
        self.app = app
        self.rule = checked_rule(rule, where="RequireMiddleware")
        mark(self, self.rule)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Run the app, or answer in its place; a WebSocket before it is accepted."""
        problem = None if scope["type"] == "lifespan" else refused_by(self.rule, HTTPConnection(scope))
        if problem is None:
            await self.app(scope, receive, send)
        else:
            await answer(problem, scope, receive, send)


def require(rule: Rule) -> Callable[[Endpoint], Endpoint]:
    """
    Let only those reach an endpoint whom a rule allows.

    Args:
        rule: Who may; put the decorator on a function that takes a request or a WebSocket, or on a method of an
            `HTTPEndpoint`.

    Raises:
        ConfigurationError: Something that is no rule, or put on something else than a function.
    """
    checked_rule(rule, where="require")

    def decorate(endpoint: Endpoint) -> Endpoint:
        if isinstance(endpoint, type) or not callable(endpoint):
            raise ConfigurationError(f"require is for a function, got {endpoint!r}; around others: RequireMiddleware")
        wrapper = _asynchronous(rule, endpoint) if iscoroutinefunction(endpoint) else _synchronous(rule, endpoint)
        # What an inner `require` wrote, `wraps` has copied.
        mark(wrapper, rule)
        return cast("Endpoint", wrapper)

    return decorate


def _asynchronous(rule: Rule, endpoint: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(endpoint)
    async def guarded(*args: Any, **kwargs: Any) -> Any:
        connection = _connection(args, kwargs)
        problem = refused_by(rule, connection)
        if problem is None:
            return await endpoint(*args, **kwargs)
        if isinstance(connection, WebSocket):
            await answer(problem, connection.scope, connection.receive, connection.send)
            return None
        return _response(problem, connection)

    return guarded


def _synchronous(rule: Rule, endpoint: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(endpoint)
    def guarded(*args: Any, **kwargs: Any) -> Any:
        connection = _connection(args, kwargs)
        problem = refused_by(rule, connection)
        return endpoint(*args, **kwargs) if problem is None else _response(problem, connection)

    return guarded


def _connection(args: tuple[Any, ...], kwargs: dict[str, Any]) -> HTTPConnection:
    for value in (*args, *kwargs.values()):
        if isinstance(value, Request | WebSocket):
            return value
    raise TypeError("require found neither a request nor a websocket among the arguments of the endpoint")


def _response(problem: Problem, connection: HTTPConnection) -> Response:
    return problem_response(problem, head=connection.scope.get("method") == "HEAD")
