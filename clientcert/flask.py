"""
Client certificates in Flask: `ClientCert` sets an app up, `current_client` is the client.

Rules: `require` for a view, `protect` for a blueprint or an app. Instead of the extension
``app.wsgi_app = ClientCertMiddleware(app.wsgi_app, …)`` will do, whose own refusals no error handler of the app sees.
"""

from collections.abc import Callable, Iterable
from functools import cache, wraps
from typing import Any, Final, TypeVar, cast

from flask import Blueprint, Flask, current_app, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException, default_exceptions
from werkzeug.local import LocalProxy
from werkzeug.wrappers import Response

from clientcert import wsgi
from clientcert.config import ClientCertConfig, resolve_config
from clientcert.core.identity import ClientIdentity
from clientcert.core.policy import Rule
from clientcert.errors import ConfigurationError
from clientcert.runtime.authorization import GATE_KEY, checked_rule, refusal
from clientcert.runtime.gate import Gate
from clientcert.runtime.problem import Problem
from clientcert.wsgi import ClientCertMiddleware, Environ, StartResponse, WSGIApp

__all__ = [
    "ClientCert",
    "ClientCertMiddleware",
    "Refused",
    "client_identity",
    "current_client",
    "protect",
    "require",
]

EXTENSION: Final = "clientcert"
_TITLES: Final = {401: "Client certificate required", 403: "Client certificate not accepted"}
View = TypeVar("View", bound=Callable[..., Any])


class Refused(HTTPException):
    """
    A request whose client is not accepted, by the middleware or by a rule.

    An app may answer it otherwise: ``@app.errorhandler(Refused)``, or by status. The handler must not believe anything
    of the request; `client_identity` is None in it where the middleware refused.

    Attributes:
        problem: The response where no handler is; no byte of it is the client's.
    """

    def __init__(self, problem: Problem) -> None:
        response = Response(problem.body, problem.status, list(problem.headers))
        super().__init__(_TITLES.get(problem.status), response)
        self.problem = problem


@cache
def _refused_with(status: int) -> type[Refused]:
    """`Refused` with a status; Flask finds the handlers for one by Werkzeug's own class for it."""
    return type("Refused", (Refused, default_exceptions[status]), {"code": status})


class ClientCert:
    """
    The extension: puts the middleware around an app, and its refusals before the app's error handlers.

    Args:
        app: The app; or call `init_app` later.
        config: A `ClientCertConfig`.
        keywords: Or its fields.

    Raises:
        ConfigurationError: What `ClientCertConfig` refuses; nothing to configure `init_app` with; an app that has it.
    """

    def __init__(self, app: Flask | None = None, config: ClientCertConfig | None = None, **keywords: Any) -> None:
        self._given = None if config is None and not keywords else resolve_config(config, keywords)
        if app is not None:
            self.init_app(app)

    def init_app(self, app: Flask, config: ClientCertConfig | None = None, **keywords: Any) -> None:
        """Set an app up, by this configuration or else by the constructor's; see the class."""
        if EXTENSION in app.extensions:
            raise ConfigurationError("ClientCert is installed twice on this app; keep one")
        resolved = self._given
        if resolved is None or config is not None or keywords:
            resolved = resolve_config(config, keywords)
        app.extensions[EXTENSION] = self
        app.wsgi_app = _Entrance(app, app.wsgi_app, Gate(resolved))  # type: ignore[method-assign]  # Flask's own way


class _Entrance:
    """`ClientCertMiddleware` for one Flask app, whose error handlers it asks for the answer."""

    def __init__(self, app: Flask, wsgi_app: WSGIApp, gate: Gate) -> None:
        self._app, self._wsgi_app, self._gate = app, wsgi_app, gate

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        if GATE_KEY in environ:
            raise RuntimeError("ClientCert is installed inside ClientCertMiddleware; keep one of the two")
        problem = wsgi.admit_environ(environ, self._gate)
        if problem is None:
            return self._wsgi_app(environ, start_response)
        # The handler is the app's code, so it must not see what was refused.
        wsgi.strip_environ(environ, self._gate)
        environ |= {wsgi.IDENTITY_KEY: None, GATE_KEY: self._gate}
        error = _refused_with(problem.status)(problem)
        with self._app.request_context(environ):
            answer = self._app.make_response(self._app.handle_user_exception(error))
        return answer(environ, start_response)


def client_identity() -> ClientIdentity | None:
    """
    The identity of the current request.

    Raises:
        MiddlewareMissingError: Neither `ClientCert` nor `ClientCertMiddleware` is around the app.
    """
    return wsgi.client_identity(request.environ)


def _current_client() -> ClientIdentity:
    identity = client_identity()
    if identity is None:
        # What an unbound proxy answers to `if current_client` (False) and to attribute access (this error).
        raise RuntimeError("no client certificate in this request; test with `if current_client:`")
    return identity


current_client: ClientIdentity = LocalProxy(_current_client)  # type: ignore[assignment]  # a proxy acts as its target
"""The authenticated client of the current request; false where there is none."""


def require(rule: Rule) -> Callable[[View], View]:
    """
    Let only those reach a view whom a rule allows; ``@app.get`` stands above this decorator.

    Raises:
        ConfigurationError: Something that is no rule.
    """
    checked_rule(rule, where="require")

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(*args: Any, **kwargs: Any) -> Any:
            _ask(rule)
            return current_app.ensure_sync(view)(*args, **kwargs)

        return cast("View", guarded)

    return decorate


def protect(part: Flask | Blueprint, rule: Rule) -> None:
    """
    Let only those reach any view of a blueprint, or of an app, whom a rule allows.

    Of several rules, those of the app, of the blueprint and of the view, all must allow. An app's rule is asked before
    "not found" is answered; a blueprint has no part in that.

    Raises:
        ConfigurationError: Something that is no rule.
    """
    checked_rule(rule, where="protect")

    @part.before_request
    def ask() -> ResponseReturnValue | None:
        _ask(rule)
        return None


def _ask(rule: Rule) -> None:
    identity = client_identity()
    problem = refusal(request.environ[GATE_KEY], rule, identity)
    if problem is not None:
        raise _refused_with(problem.status)(problem)
