"""Every route of an app, and who may reach it: for a test, for the start of the app, and for a reviewer."""

import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, Literal

from starlette.applications import Starlette
from starlette.endpoints import HTTPEndpoint
from starlette.middleware import Middleware
from starlette.middleware.authentication import AuthenticationMiddleware
from starlette.middleware.cors import CORSMiddleware
from starlette.routing import Host, Mount, Router, WebSocketRoute

from clientcert.asgi import ClientCertMiddleware
from clientcert.config import ClientCertConfig
from clientcert.core.exempt import ExemptPaths
from clientcert.core.policy import Rule
from clientcert.errors import ConfigurationError
from clientcert.starlette.auth import ClientCertBackend
from clientcert.starlette.marks import defined_at, is_optional, marked, rules_of
from clientcert.starlette.rules import RequireMiddleware

State = Literal["covered", "exempt", "open"]
WEBSOCKET, ANY = "WEBSOCKET", "any"
# Those that an `HTTPEndpoint` answers.
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
NO_KEYWORDS: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditedRoute:
    """
    One route.

    Attributes:
        path: With the mount points before it, as the framework writes it.
        methods: Sorted; ``WEBSOCKET`` for a handshake, ``any`` for what is mounted and cannot be looked into.
        state: ``covered`` by the middleware, ``exempt`` from it, or ``open``: no middleware is around it.
        needs_client: Whether the middleware itself refuses who comes without a certificate.
        rules: All of which must allow, outermost first.
    """

    path: str
    methods: tuple[str, ...]
    state: State
    needs_client: bool = False
    rules: tuple[Rule, ...] = ()

    def __str__(self) -> str:
        nobodys = "any accepted client" if self.needs_client else "everybody"
        rules = " and ".join(map(repr, self.rules)) or nobodys
        return f"{self.state:<8} {','.join(self.methods):<10} {self.path}  {rules}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Audit:
    """
    What `audit` found; its text is a table, a line for each route.

    Attributes:
        routes: In the order in which the app asks them.
        problems: What cannot work or is not what it seems.
    """

    routes: tuple[AuditedRoute, ...]
    problems: tuple[str, ...]

    def check(self, *, open_paths: Iterable[str] = ()) -> None:
        """
        Refuse an app with a problem, or with a route that no middleware covers.

        Args:
            open_paths: Paths that are open on purpose, as `AuditedRoute.path` spells them.

        Raises:
            ConfigurationError: All of it, a line each.
        """
        allowed = frozenset(open_paths)
        uncovered = [route.path for route in self.routes if route.state == "open" and route.path not in allowed]
        lines = [*self.problems, *(f"{path} is open: no ClientCertMiddleware is around it" for path in uncovered)]
        if lines:
            raise ConfigurationError("; ".join(lines))

    def __str__(self) -> str:
        return "\n".join((*map(str, self.routes), *(f"problem: {line}" for line in self.problems)))


def audit(app: Any) -> Audit:
    """
    Look at every route of an app: whether `ClientCertMiddleware` covers it, and which rules it has.

    Args:
        app: Starlette or FastAPI app, router, or any ASGI app around one. Routes of mounted apps of other kinds cannot
            be seen and are one line.

    Not seen: a function that reads the identity by itself, and rules of the configuration's policy.
    """
    walk = _Walk()
    walk.app(app, _Place())
    return Audit(routes=tuple(walk.routes), problems=tuple(dict.fromkeys(walk.problems)))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """Where the walk stands: the path so far, and what is around it."""

    path: str = ""
    is_covered: bool = False
    needs_client: bool = False
    exempt: ExemptPaths = field(default_factory=ExemptPaths)
    rules: tuple[Rule, ...] = ()


class _Walk:
    def __init__(self) -> None:
        self.routes: list[AuditedRoute] = []
        self.problems: list[str] = []

    def app(self, app: Any, place: _Place) -> None:
        """Go through what is around an app, then through its routes."""
        while not isinstance(app, Starlette | Router):
            place = self._inside(type(app), place, getattr(app, "config", None), marked(app))
            if not hasattr(app, "app"):
                self._add(place, f"{place.path}/*", (ANY,))
                return
            app = app.app
        if isinstance(app, Starlette):
            place = self._stack(app.user_middleware, place)
        for route in _flat(app.routes):
            self._route(route, place)

    def _stack(self, stack: Iterable[Middleware], place: _Place) -> _Place:
        """Go inwards through an app's middleware, whose constructors have not been called yet."""
        for cls, arguments, keywords in stack:
            values = (*arguments, *keywords.values())
            rules = tuple(value for value in values if isinstance(value, Rule))
            config = next((value for value in values if isinstance(value, ClientCertConfig)), None)
            if cls is AuthenticationMiddleware and not place.is_covered and _has_backend(values):
                self._problem(place, "AuthenticationMiddleware is outside ClientCertMiddleware: add it before that one")
            place = self._inside(cls, place, config, rules, keywords)
        return place

    def _inside(
        self, cls: Any, place: _Place, config: Any, rules: tuple[Rule, ...], keywords: Mapping[str, Any] = NO_KEYWORDS
    ) -> _Place:
        """Step into one middleware, made already or with the keywords that it will be made with."""
        if cls is ClientCertMiddleware:
            if place.is_covered:
                self._problem(place, "ClientCertMiddleware is installed twice on this path; keep one")
            known = isinstance(config, ClientCertConfig)
            exempt = config.exempt_paths if known else ExemptPaths(keywords.get("exempt", ()))
            mode = config.mode if known else keywords.get("mode", "required")
            return replace(place, is_covered=True, needs_client=mode == "required", exempt=exempt)
        if cls is RequireMiddleware:
            if not place.is_covered:
                self._problem(place, "RequireMiddleware is outside ClientCertMiddleware: add it before that one")
            return replace(place, rules=(*place.rules, *rules))
        if cls is CORSMiddleware and place.is_covered:
            text = (
                "CORSMiddleware is inside ClientCertMiddleware, which refuses preflight requests: they never carry a "
            )
            self._problem(place, text + "certificate (Fetch §4.8); add it after that one, so that it stands outside")
        return place

    def _route(self, route: Any, place: _Place) -> None:
        original = getattr(route, "original_route", route)
        if isinstance(original, Mount | Host):
            step = route.path if isinstance(original, Mount) else f"//{original.host}"
            self.app(route.app, replace(place, path=place.path + step))
            return
        path = place.path + (getattr(route, "path", None) or "/?")
        methods = getattr(route, "methods", None) or (ANY,)
        endpoint = getattr(route, "endpoint", None)
        if isinstance(endpoint, type) and issubclass(endpoint, HTTPEndpoint):
            found = [name for name in dir(endpoint) if name.isalpha() and name.upper() in METHODS]
            for name in found:
                method = getattr(endpoint, name)
                self._add(place, path, (name.upper(),), (*rules_of(route), *marked(method)), endpoint=method)
            return
        own = (WEBSOCKET,) if isinstance(original, WebSocketRoute) else tuple(sorted(methods))
        self._add(place, path, own, rules_of(route), endpoint=endpoint)

    def _add(
        self, place: _Place, path: str, methods: tuple[str, ...], rules: tuple[Rule, ...] = (), endpoint: Any = None
    ) -> None:
        state: State = "open"
        if place.is_covered:
            state = "exempt" if place.exempt.covers(path, None) else "covered"
        needs_client = place.needs_client and state == "covered"
        rules_here = (*place.rules, *rules)
        found = AuditedRoute(path=path, methods=methods, state=state, needs_client=needs_client, rules=rules_here)
        self.routes.append(found)
        defined = defined_at(endpoint)
        where = replace(place, path=f"{','.join(methods)} {path}{defined and f' ({defined})'}")
        if found.rules and state == "open":
            self._problem(where, "asks for a client, and no ClientCertMiddleware is around it")
        if state == "exempt" and not all(map(is_optional, found.rules)):
            self._problem(where, "is exempt, so no client can ever meet its rule")
        if len({is_optional(rule) for rule in rules}) > 1:
            self._problem(where, "has an optional client and a rule that refuses whoever has none; take `Client`")

    def _problem(self, place: _Place, text: str) -> None:
        self.problems.append(f"{place.path or 'the app'}: {text}")


def _has_backend(values: Iterable[object]) -> bool:
    return any(isinstance(value, ClientCertBackend) for value in values)


def _flat(routes: Iterable[Any]) -> Iterator[Any]:
    """Yield routes; those of included routers one by one, as FastAPI sees them, where FastAPI is used at all."""
    routing = sys.modules.get("fastapi.routing")
    # Before FastAPI had it, inclusion copied the routes.
    unfold = getattr(routing, "iter_route_contexts", iter)
    return iter(unfold(list(routes)))
