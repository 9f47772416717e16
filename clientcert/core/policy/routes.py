"""Which rule holds for which request, and the one answer to "may this client do that"."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from clientcert.core.identity import ClientIdentity
from clientcert.core.policy.combinators import Rule
from clientcert.core.policy.decision import Answer, Decision
from clientcert.core.policy.paths import PathPattern, RefusedPath, read_path
from clientcert.core.policy.roles import Roles
from clientcert.errors import ConfigurationError

WEBSOCKET: Final = "WEBSOCKET"
"""Stands in the place of a method for the handshake of a WebSocket, which is a GET on the wire (RFC 6455 §4.1)."""

ANY_METHOD: Final = "any"

# RFC 9110 §9, RFC 5789 (PATCH), RFC 4918 and RFC 3253 (WebDAV). A name that is misspelt would never match.
METHODS: Final = (
    *("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "QUERY", WEBSOCKET),
    *("PROPFIND", "PROPPATCH", "MKCOL", "COPY", "MOVE", "LOCK", "UNLOCK", "REPORT", "SEARCH"),
)


class Policy(Protocol):
    """What a configuration may hold: which client may do what."""

    @property
    def roles(self) -> Roles:
        """The roles that clients get."""

    @property
    def admits_anonymous(self) -> bool:
        """Whether any request is allowed without a client; if none is, certificates cannot be optional."""

    def decide(
        self, identity: ClientIdentity | None, *, method: str, path: str, raw_path: bytes | None = None
    ) -> Decision:
        """
        Decide about one request; see `RoutePolicy.decide`.

        An answer holds for this request only: it must not be kept with the identity.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class RulePolicy:
    """
    The same rule for every request.

    Attributes:
        rule: Who may do anything.
        roles: The roles that clients get.
    """

    rule: Rule
    roles: Roles = field(default_factory=Roles)

    @property
    def admits_anonymous(self) -> bool:
        """Whether the rule allows without a client."""
        return self.rule.check(None).allowed

    def decide(
        self,
        identity: ClientIdentity | None,
        *,
        method: str,  # noqa: ARG002 - whatever is asked for
        path: str,  # noqa: ARG002
        raw_path: bytes | None = None,  # noqa: ARG002
    ) -> Decision:
        """Ask the rule."""
        return self.rule.check(identity)

    def rule_for(self, method: str, path: str, raw_path: bytes | None = None) -> Rule:  # noqa: ARG002
        """The one rule."""
        return self.rule


@dataclass(frozen=True, slots=True, init=False, repr=False)
class Route:
    """
    A rule for the requests of some paths and methods.

    Args:
        path: An anchored pattern: literal segments, ``*`` for one whole segment, ``**`` at the end for any number.
        methods: Upper-case names, `WEBSOCKET` among them, or ``"any"``.
        rule: Who may make these requests.

    Raises:
        ConfigurationError: One of them is not of that form.
    """

    path: PathPattern
    methods: frozenset[str]
    rule: Rule

    def __init__(self, path: str, methods: Iterable[str], rule: Rule) -> None:
        if not isinstance(rule, Rule):
            raise ConfigurationError(f"route {path!r} has {rule!r} in the place of a rule")
        object.__setattr__(self, "path", PathPattern.parse(path))
        object.__setattr__(self, "methods", read_methods(methods))
        object.__setattr__(self, "rule", rule)

    def covers(self, method: str) -> bool:
        """Whether it is for requests with this method."""
        return method in self.methods or ANY_METHOD in self.methods

    def __str__(self) -> str:
        return f"{self.path} ({', '.join(sorted(self.methods))})"

    def __repr__(self) -> str:
        methods = ANY_METHOD if ANY_METHOD in self.methods else sorted(self.methods)
        return f"Route({str(self.path)!r}, {methods!r}, {self.rule!r})"


def read_methods(methods: Any) -> frozenset[str]:
    """Return the methods of a route, or raise `ConfigurationError` with the legal ones."""
    if methods == ANY_METHOD:
        return frozenset({ANY_METHOD})
    if isinstance(methods, str) or not isinstance(methods, Iterable) or not (found := list(methods)):
        raise ConfigurationError(f'methods is {methods!r}, wanted a list such as ["GET", "HEAD"], or "any"')
    for method in found:
        if method not in METHODS:
            raise ConfigurationError(f"unknown method {method!r}, wanted one or more of: {', '.join(METHODS)}")
    return frozenset(found)


class AmbiguousRoutesError(ConfigurationError):
    """
    Two routes of which nobody could say which one decides.

    Attributes:
        routes: The two.
    """

    def __init__(self, message: str, *routes: Route) -> None:
        super().__init__(message)
        self.routes = routes


@dataclass(frozen=True, slots=True, kw_only=True)
class _Question:
    """What is asked where no rule is: ``path``, ``route`` or ``method``; or which route a rule is asked for."""

    kind: str
    wanted: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, init=False)
class RoutePolicy:
    """
    Routes; a request that none is for is denied.

    The most specific path decides, whatever the order of the routes: a literal segment goes before ``*``, that before
    ``**``. If none of the routes with that path is for the method, the request is denied, too: no wider path is asked,
    so that a method left out opens nothing.

    Args:
        routes: At least one.
        roles: The roles that clients get.

    Raises:
        ConfigurationError: No route; two for the same path and method; two paths that share some paths while neither
            lies within the other, unless there is a route for just those that they share.
    """

    routes: tuple[Route, ...]
    roles: Roles

    def __init__(self, routes: Iterable[Route], roles: Roles | None = None) -> None:
        ordered = tuple(sorted(routes, key=lambda route: route.path.rank))
        if not ordered:
            raise ConfigurationError("a policy without routes denies everything: name at least one")
        check_routes(ordered)
        object.__setattr__(self, "routes", ordered)
        object.__setattr__(self, "roles", Roles() if roles is None else roles)

    @property
    def admits_anonymous(self) -> bool:
        """Whether the rule of any route allows without a client."""
        return any(route.rule.check(None).allowed for route in self.routes)

    def decide(
        self, identity: ClientIdentity | None, *, method: str, path: str, raw_path: bytes | None = None
    ) -> Decision:
        """
        Decide about one request.

        Args:
            identity: The client; None where there is none.
            method: As received, or `WEBSOCKET`.
            path: Percent-decoded as UTF-8, mount point included, no query.
            raw_path: The same on the wire, where the server gives it.

        Raises:
            Exception: Whatever a custom rule's function raises; nothing else.
        """
        found = self.find(method, path, raw_path)
        if isinstance(found, Decision):
            return found
        decision = found.rule.check(identity)
        return Decision(rule=_Question(kind=f"route {found}"), answer=decision.answer, parts=(decision,))

    def rule_for(self, method: str, path: str, raw_path: bytes | None = None) -> Rule | None:
        """The rule for a request; None where it is denied to everybody. Arguments as for `decide`."""
        found = self.find(method, path, raw_path)
        return found.rule if isinstance(found, Route) else None

    def find(self, method: str, path: str, raw_path: bytes | None = None) -> Route | Decision:
        """The route for a request, or the decision that denies it to everybody. Arguments as for `decide`."""
        segments = read_path(path, raw_path)
        if isinstance(segments, RefusedPath):
            return _refuse("path", got=(path,), why=segments.why)
        # In order of rank, the first one that matches lies within all others that do.
        nearest = next((route.path for route in self.routes if route.path.matches(segments)), None)
        if nearest is None:
            return _refuse("route", got=(path,), why="no route is for this path")
        methods: set[str] = set()
        for route in self.routes:
            if route.path == nearest:
                if route.covers(method):
                    return route
                methods |= route.methods
        why = f"the route {nearest} is not for this method"
        return _refuse("method", got=(method,), why=why, wanted=tuple(sorted(methods)))


def _refuse(kind: str, *, got: tuple[str, ...], why: str, wanted: tuple[str, ...] = ()) -> Decision:
    return Decision(rule=_Question(kind=kind, wanted=wanted), answer=Answer.NO, got=got, why=why)


def check_routes(routes: Iterable[Route]) -> None:
    """Raise `AmbiguousRoutesError` for the first two routes of which nobody could say which one decides."""
    by_path: dict[PathPattern, list[Route]] = {}
    for route in routes:
        for other in by_path.setdefault(route.path, []):
            if other.methods & route.methods or ANY_METHOD in other.methods | route.methods:
                raise AmbiguousRoutesError(f"two routes for {route.path} and the same method", other, route)
        by_path[route.path].append(route)
    wide = [path for path in by_path if not path.is_literal]
    for index, path in enumerate(wide):
        for other_path in wide[:index]:
            shared = path.intersection(other_path)
            if shared is not None and shared not in by_path:
                raise AmbiguousRoutesError(
                    f"routes {other_path} and {path} are both for {shared}, and neither lies within the other: "
                    f"add a route for {shared}",
                    by_path[other_path][0],
                    by_path[path][0],
                )
