"""The Django middleware, sync and async: ``request.client_identity``, configured by ``settings.CLIENTCERT``."""

from collections.abc import Awaitable, Callable
from typing import cast

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.conf import settings
from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from clientcert import asgi, wsgi
from clientcert.config import ClientCertConfig, resolve_config
from clientcert.core.authenticator import Authenticator
from clientcert.core.identity import ClientIdentity
from clientcert.core.outcome import Authenticated, Outcome
from clientcert.errors import ConfigurationError, MiddlewareMissingError
from clientcert.runtime.authorization import GATE_KEY
from clientcert.runtime.gate import Gate, Target, http_target
from clientcert.runtime.problem import Problem
from clientcert.wsgi import check_start, raw_path_of, strip_environ

_ATTRIBUTE = "client_identity"
_GATE = "_clientcert_gate"
_EXEMPT = "_clientcert_exempt"

GetResponse = Callable[[HttpRequest], HttpResponseBase | Awaitable[HttpResponseBase]]


class ClientCertMiddleware:
    """
    Authenticates every request; place it first in ``MIDDLEWARE``, before anything that reads headers.

    Configured by the setting ``CLIENTCERT``: a `ClientCertConfig`, or a dict of its fields.

    Raises:
        ConfigurationError: The setting is missing or refused; the text names the field.
    """

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response
        self.config = config_from_settings()
        self._gate = Gate(self.config)
        self._is_async = iscoroutinefunction(get_response)
        if self._is_async:
            markcoroutinefunction(self)
        else:
            check_start(self._gate)

    @property
    def authenticator(self) -> Authenticator:
        """Who decides: its `status` and `source_uses` are for a health page."""
        return self._gate.authenticator

    def __call__(self, request: HttpRequest) -> HttpResponseBase | Awaitable[HttpResponseBase]:
        """Run the view with an identity, or answer in its place."""
        if self._is_async:
            return self._call_async(request)
        problem = self._admit(request)
        return self.get_response(request) if problem is None else problem_response(problem, request)

    async def _call_async(self, request: HttpRequest) -> HttpResponseBase:
        # The decision does no I/O, so it runs in the event loop itself.
        problem = self._admit(request)
        if problem is not None:
            return problem_response(problem, request)
        return await cast("Awaitable[HttpResponseBase]", self.get_response(request))

    def _admit(self, request: HttpRequest) -> Problem | None:
        if hasattr(request, _ATTRIBUTE):
            raise RuntimeError("ClientCertMiddleware is installed twice in MIDDLEWARE; keep the first one")
        if GATE_KEY in (request.scope if isinstance(request, ASGIRequest) else request.META):
            raise RuntimeError("ClientCertMiddleware is around Django already; keep that one or the one in MIDDLEWARE")
        gate, identity = self._gate, None
        is_exempt = gate.has_exempt_paths and gate.is_exempt(_target(request))
        if not is_exempt:
            outcome = _outcome(request, gate)
            if gate.is_quiet and type(outcome) is Authenticated:
                identity = outcome.identity
            else:
                admission = gate.conclude(outcome, _target, _hosts, request)
                if admission.problem is not None:
                    return admission.problem
                identity = admission.identity
        self._strip(request)
        setattr(request, _ATTRIBUTE, identity)
        setattr(request, _GATE, gate)
        setattr(request, _EXEMPT, is_exempt)
        return None

    def _strip(self, request: HttpRequest) -> None:
        strip_environ(request.META, self._gate)
        # `request.headers` is computed once from META; whoever read it before us must not keep what was in it.
        request.__dict__.pop("headers", None)
        if isinstance(request, ASGIRequest):
            request.scope = {**request.scope, "headers": self._gate.strip(request.scope["headers"])}


def client_identity(request: HttpRequest) -> ClientIdentity | None:
    """
    The identity of a request, typed.

    Raises:
        MiddlewareMissingError: `ClientCertMiddleware` has not run for this request.
    """
    if not hasattr(request, _ATTRIBUTE):
        raise MiddlewareMissingError(
            "no client identity: add 'clientcert.django.ClientCertMiddleware' as the first line of MIDDLEWARE"
        )
    identity: ClientIdentity | None = getattr(request, _ATTRIBUTE)
    return identity


def gate_of(request: HttpRequest) -> Gate:
    """The gate of a request whose identity has been read."""
    gate: Gate = getattr(request, _GATE)
    return gate


def is_exempt(request: HttpRequest) -> bool:
    """Whether the path of a request is exempt, so that nobody looked at its certificate."""
    return bool(getattr(request, _EXEMPT, False))


def config_from_settings() -> ClientCertConfig:
    """
    Read the setting ``CLIENTCERT``.

    Raises:
        ConfigurationError: It is missing or refused; the text names the field.
    """
    setting = getattr(settings, "CLIENTCERT", None)
    if isinstance(setting, ClientCertConfig):
        return setting
    if not isinstance(setting, dict):
        raise ConfigurationError(
            'settings.CLIENTCERT is missing; wanted e.g. CLIENTCERT = {"source": "ingress-nginx", '
            '"trust": BASE_DIR / "ca.crt", "trusted_proxies": ["10.42.7.0/28"]}'
        )
    try:
        return resolve_config(None, setting)
    except ConfigurationError as exc:
        raise ConfigurationError(f"settings.CLIENTCERT: {exc}") from exc


def _hosts(request: HttpRequest) -> list[bytes]:
    return asgi.hosts_of(request.scope) if isinstance(request, ASGIRequest) else wsgi.hosts_of(request.META)


def _outcome(request: HttpRequest, gate: Gate) -> Outcome:
    if not isinstance(request, ASGIRequest):
        return wsgi.outcome_of(request.META, gate.environs.of(list(request.META)), gate)
    # META holds joined and folded headers; the scope has them as they came.
    headers = [(name, value) for name, value in request.scope["headers"]]
    return asgi.outcome_of(request.scope, headers, gate.headers.of([name for name, _ in headers]), gate)


def _target(request: HttpRequest) -> Target:
    raw_path = request.scope.get("raw_path") if isinstance(request, ASGIRequest) else raw_path_of(request.META)
    mount = request.path.removesuffix(request.path_info) if request.path.endswith(request.path_info) else request.path
    return http_target(request.method or "", request.path, raw_path, mount)


def problem_response(problem: Problem, request: HttpRequest) -> HttpResponse:
    """Make the response that refuses a request."""
    body = b"" if request.method == "HEAD" else problem.body
    return HttpResponse(body, status=problem.status, headers=dict(problem.headers))
