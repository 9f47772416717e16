"""Routes and roles: which rule holds for which request, and no spelling of a path that leads around it."""

import pickle
from itertools import product
from typing import Any
from urllib.parse import quote, unquote_to_bytes

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clientcert.core.policy import (
    ANY_METHOD,
    WEBSOCKET,
    Answer,
    Decision,
    Policy,
    Roles,
    Route,
    RoutePolicy,
    Rule,
    RulePolicy,
    anyone,
    authenticated,
    cn,
    o,
    ou,
)
from clientcert.core.policy.paths import PathPattern, RefusedPath, read_path
from clientcert.core.policy.routes import METHODS, AmbiguousRoutesError
from clientcert.errors import ConfigurationError
from tests.core.policy_clients import client

ALICE = client(("O", "Example"), ("OU", "ops"), ("CN", "alice"))

READ = {
    "root": ("/", b"/", ()),
    "one": ("/a", b"/a", ("a",)),
    "two": ("/a/b", b"/a/b", ("a", "b")),
    "slash-at-the-end": ("/a/b/", b"/a/b/", ("a", "b")),
    "no-raw-path": ("/a", None, ("a",)),
    "escaped-letter": ("/a", b"/%61", ("a",)),
    "escaped-space": ("/a b", b"/a%20b", ("a b",)),
    "escaped-utf-8": ("/caf\u00e9", b"/caf%C3%A9", ("caf\u00e9",)),
    "raw-utf-8": ("/caf\u00e9", "/caf\u00e9".encode(), ("caf\u00e9",)),
    "percent-sign": ("/100%", b"/100%25", ("100%",)),
    "three-dots": ("/...", b"/...", ("...",)),
    "dots-in-a-segment": ("/a..b/.well-known", b"/a..b/.well-known", ("a..b", ".well-known")),
    "parameter": ("/a;x=1", b"/a;x=1", ("a;x=1",)),
}


@pytest.mark.parametrize(("path", "raw_path", "segments"), READ.values(), ids=READ)
def test_path(path: str, raw_path: bytes | None, segments: tuple[str, ...]) -> None:
    """A path is split at its slashes; one at the end does not count."""
    assert read_path(path, raw_path) == segments


# Decoded path and raw path as an app server gives them for one request target.
TRICKS = {
    "f8-escaped-slash": ("/a/b", b"/a%2fb", "escaped slash"),
    "f8-escaped-slash-upper-case": ("/a/b", b"/a%2Fb", "escaped slash"),
    "f8-dot-segments": ("/a/../b", b"/a/../b", "dot segment"),
    "f8-dot-segment-at-the-end": ("/a/..", b"/a/..", "dot segment"),
    "f8-one-dot": ("/./a", b"/./a", "dot segment"),
    "f8-escaped-dots": ("/a/../b", b"/a/%2e%2e/b", "dot segment"),
    "f8-dot-before-the-last-slash": ("/a/./", b"/a/./", "dot segment"),
    "f8-resolved-by-the-server": ("/b", b"/a/../b", "raw path decodes"),
    "f8-double-slash": ("//a", b"//a", "empty segment"),
    "f8-double-slash-inside": ("/a//b", b"/a//b", "empty segment"),
    "f8-double-slash-at-the-end": ("/a//", b"/a//", "empty segment"),
    "f8-only-slashes": ("//", b"//", "empty segment"),
    "f8-merged-by-the-server": ("/a", b"//a", "raw path decodes"),
    "f8-escaped-twice": ("/a%2fb", b"/a%252fb", "escaped twice"),
    "f8-escaped-thrice": ("/a%252fb", b"/a%25252fb", "escaped twice"),
    "f8-dots-escaped-twice": ("/%2E%2E/b", b"/%252E%252E/b", "escaped twice"),
    "f8-backslash": ("/a\\b", b"/a\\b", "backslash"),
    "f8-escaped-backslash": ("/a\\..\\b", b"/a%5c..%5cb", "backslash"),
    "f8-nul": ("/a\x00", b"/a%00", "control character"),
    "f8-line-feed": ("/a\n", b"/a%0a", "control character"),
    "f8-line-separator": ("/a\u2028", b"/a%E2%80%A8", "control character"),
    "f8-not-utf-8": ("/a\udcff", None, "not UTF-8"),
    "f8-replaced-by-the-server": ("/a\ufffd", b"/a%FF", "raw path decodes"),
    "f8-replaced-without-raw-path": ("/a\ufffd", None, "not UTF-8"),
    "f8-query-in-the-raw-path": ("/a", b"/a?b", "raw path decodes"),
    "f8-mount-cut-off": ("/b", b"/a/b", "raw path decodes"),
    "f7-absolute-form": ("/a", b"http://app.example/a", "raw path decodes"),
    "f7-absolute-form-not-decoded": ("http://app.example/a", b"http://app.example/a", "start with a slash"),
    "f7-asterisk": ("*", b"*", "start with a slash"),
    "empty": ("", b"", "start with a slash"),
    "empty-without-raw-path": ("", None, "start with a slash"),
}


@pytest.mark.parametrize(("path", "raw_path", "why"), TRICKS.values(), ids=TRICKS)
def test_f8_path_refused(path: str, raw_path: bytes | None, why: str) -> None:
    """A path that two readers could take for two paths is denied to everybody, with a reason."""
    refused = read_path(path, raw_path)
    assert isinstance(refused, RefusedPath)
    assert why in refused.why
    policy = RoutePolicy([Route("/**", ANY_METHOD, anyone())])
    decision = policy.decide(ALICE, method="GET", path=path, raw_path=raw_path)
    assert not decision.allowed
    assert [leaf.rule.kind for leaf in decision.failing] == ["path"]
    assert why in decision.summary
    assert policy.rule_for("GET", path, raw_path) is None


@given(st.text(max_size=12), st.none() | st.binary(max_size=12))
def test_f8_any_path(path: str, raw_path: bytes | None) -> None:
    """Whatever the path is, its segments are plain, or it is refused."""
    segments = read_path(path, raw_path)
    if isinstance(segments, tuple):
        assert path in ("/" + "/".join(segments), "/" + "/".join(segments) + "/")
        assert not {"", ".", ".."} & set(segments)
        assert raw_path is None or unquote_to_bytes(raw_path).decode() == path


@given(st.lists(st.text(st.characters(categories=["L", "N", "Zs"]), min_size=1, max_size=4), max_size=4))
def test_ordinary_paths_are_read(segments: list[str]) -> None:
    """Every ordinary path is read as what was escaped."""
    path = "/" + "/".join(segments)
    assert read_path(path, quote(path).encode("ascii")) == tuple(segments)


MATCHES = {
    "root": ("/", "/", True),
    "root-is-not-all": ("/", "/a", False),
    "exact": ("/a/b", "/a/b", True),
    "exact-with-slash": ("/a/b", "/a/b/", True),
    "exact-is-no-prefix": ("/a", "/a/b", False),
    "exact-is-no-text-prefix": ("/admin", "/administrator", False),
    "case": ("/a", "/A", False),
    "one": ("/a/*", "/a/b", True),
    "one-with-slash": ("/a/*", "/a/b/", True),
    "one-is-not-none": ("/a/*", "/a", False),
    "one-is-not-none-with-slash": ("/a/*", "/a/", False),
    "one-is-not-two": ("/a/*", "/a/b/c", False),
    "one-inside": ("/a/*/c", "/a/b/c", True),
    "one-inside-other-end": ("/a/*/c", "/a/b/d", False),
    "rest": ("/a/**", "/a/b/c/d", True),
    "rest-is-one": ("/a/**", "/a/b", True),
    "rest-is-none": ("/a/**", "/a", True),
    "rest-is-none-with-slash": ("/a/**", "/a/", True),
    "rest-is-no-text-prefix": ("/a/**", "/ab", False),
    "rest-of-all": ("/**", "/", True),
    "one-and-rest": ("/*/**", "/", False),
    "one-and-rest-of-one": ("/*/**", "/a", True),
    "beyond-ascii": ("/caf\u00e9", "/caf\u00e9", True),
    "decomposed": ("/caf\u00e9", "/cafe\u0301", False),
}


@pytest.mark.parametrize(("pattern", "path", "expected"), MATCHES.values(), ids=MATCHES)
def test_pattern(pattern: str, path: str, expected: bool) -> None:  # noqa: FBT001 - a column of the table
    """A pattern stands for whole paths."""
    segments = read_path(path)
    assert isinstance(segments, tuple)
    assert PathPattern.parse(pattern).matches(segments) is expected
    assert str(PathPattern.parse(pattern)) == pattern


NOT_A_PATTERN: dict[str, tuple[Any, str]] = {
    "none": (None, "start with a slash"),
    "bytes": (b"/a", "start with a slash"),
    "relative": ("a", "start with a slash"),
    "empty": ("", "start with a slash"),
    "asterisk-alone": ("*", "start with a slash"),
    "slash-at-the-end": ("/a/", "ends in a slash"),
    "double-slash": ("/a//b", "empty segment"),
    "dot": ("/a/./b", "dot segment"),
    "dots": ("/a/../b", "dot segment"),
    "glob": ("/a*", "not a whole segment"),
    "glob-extension": ("/static/*.css", "not a whole segment"),
    "three-asterisks": ("/a/***", "not a whole segment"),
    "rest-in-the-middle": ("/a/**/b", r"\*\* before its end"),
    "rest-twice": ("/**/**", r"\*\* before its end"),
    "escape": ("/a%20b", "no path has"),
    "query": ("/a?b", "no path has"),
    "fragment": ("/a#b", "no path has"),
    "parameter": ("/a;b", "no path has"),
    "backslash": ("/a\\b", "no path has"),
    "line-feed": ("/a\n", "no path has"),
    "invisible": ("/a\u200b", "no path has"),
}


@pytest.mark.parametrize(("pattern", "message"), NOT_A_PATTERN.values(), ids=NOT_A_PATTERN)
def test_pattern_refused(pattern: Any, message: str) -> None:
    """A wildcard in the wrong place, or what matches no path, is refused while constructing."""
    with pytest.raises(ConfigurationError, match=message):
        Route(pattern, ["GET"], anyone())


SEGMENTS = st.lists(st.sampled_from(["a", "b", "*"]), max_size=3)
PATTERNS = st.builds(
    lambda segments, rest: PathPattern(segments=(*segments, *(["**"] if rest else []))), SEGMENTS, st.booleans()
)
EVERY_PATH = [segments for length in range(5) for segments in product("abc", repeat=length)]


def _paths(pattern: PathPattern) -> set[tuple[str, ...]]:
    return {segments for segments in EVERY_PATH if pattern.matches(segments)}


@given(PATTERNS, PATTERNS)
def test_intersection(first: PathPattern, second: PathPattern) -> None:
    """The intersection of two patterns stands for the paths that both stand for."""
    shared = first.intersection(second)
    assert (set() if shared is None else _paths(shared)) == _paths(first) & _paths(second)
    assert shared == second.intersection(first)


@given(PATTERNS, PATTERNS)
def test_rank(first: PathPattern, second: PathPattern) -> None:
    """A pattern that lies within another one comes before it."""
    within = first.intersection(second)
    if within is not None and within != first:
        assert within.rank < first.rank
        assert _paths(within) < _paths(first)


GET, ANY = ["GET"], ANY_METHOD
POLICY = RoutePolicy(
    [
        Route("/**", ANY, cn("last-resort")),
        Route("/orders/**", GET, cn("below-orders")),
        Route("/orders/*", ["GET", "HEAD"], cn("one-order")),
        Route("/orders/*", ["DELETE"], cn("delete-order")),
        Route("/orders/new", ["POST"], cn("new-order")),
        Route("/live", [WEBSOCKET], cn("live")),
    ]
)

DECIDES: dict[str, tuple[str, str, str | None]] = {
    "exact": ("POST", "/orders/new", "new-order"),
    "one-segment": ("GET", "/orders/7", "one-order"),
    "one-segment-second-method": ("HEAD", "/orders/7", "one-order"),
    "one-segment-second-route": ("DELETE", "/orders/7", "delete-order"),
    "rest": ("GET", "/orders/7/items", "below-orders"),
    "rest-is-none": ("GET", "/orders", "below-orders"),
    "slash-at-the-end": ("GET", "/orders/7/", "one-order"),
    "everything-else": ("PURGE", "/other", "last-resort"),
    "root": ("GET", "/", "last-resort"),
    "websocket": (WEBSOCKET, "/live", "live"),
    "method-left-out-opens-nothing": ("POST", "/orders/7", None),
    "method-left-out-of-the-exact-path": ("GET", "/orders/new", None),
    "get-is-not-head": ("HEAD", "/orders", None),
    "get-is-no-websocket": ("GET", "/live", None),
    "method-in-lower-case": ("get", "/orders/7", None),
    "method-that-nobody-knows": ("PURGE", "/orders/7", None),
}


@pytest.mark.parametrize(("method", "path", "name"), DECIDES.values(), ids=DECIDES)
def test_most_specific_path_decides(method: str, path: str, name: str | None) -> None:
    """The most specific path decides; a method that none of its routes has is denied, never passed on."""
    assert POLICY.rule_for(method, path) == (None if name is None else cn(name))
    reverse = RoutePolicy(reversed(POLICY.routes))
    assert reverse.rule_for(method, path) == POLICY.rule_for(method, path)


def test_no_route_denies() -> None:
    """What no route is for is denied to everybody, and the explanation says so."""
    policy = RoutePolicy([Route("/a", GET, anyone())])
    decision = policy.decide(ALICE, method="GET", path="/b")
    assert decision.explain() == ('! route: no, no route is for this path, got "/b"',)
    assert policy.decide(ALICE, method="GET", path="/a").allowed


def test_method_denied() -> None:
    """A method that no route of the path has is named with those that there are."""
    decision = POLICY.decide(ALICE, method="POST", path="/orders/7")
    assert decision.explain() == (
        '! method: no, the route /orders/* is not for this method, got "POST", wanted "DELETE", "GET", "HEAD"',
    )
    assert decision.failing[0].rule.kind == "method"


def test_decision_names_the_route() -> None:
    """The explanation starts with the route, and the rule's own follows."""
    decision = POLICY.decide(ALICE, method="GET", path="/orders/7")
    assert decision.explain() == (
        "  route /orders/* (GET, HEAD): no",
        '!   cn: no, got "alice", wanted "one-order"',
    )
    assert [leaf.rule for leaf in decision.failing] == [cn("one-order")]
    assert RoutePolicy([Route("/a", ANY, cn("alice"))]).decide(ALICE, method="GET", path="/a").explain() == (
        "  route /a (any): yes",
        '    cn: yes, got "alice"',
    )


AMBIGUOUS: dict[str, tuple[list[tuple[str, Any]], str]] = {
    "same-path-and-method": ([("/a", GET), ("/a", ["POST", "GET"])], "two routes for /a"),
    "same-path-any-method": ([("/a", GET), ("/a", ANY)], "two routes for /a"),
    "same-pattern": ([("/a/*", ANY), ("/a/*", ANY)], r"two routes for /a/\*"),
    "crossing": ([("/a/*", GET), ("/*/b", GET)], "both for /a/b"),
    "crossing-with-other-methods": ([("/a/*", GET), ("/*/b", ["POST"])], "both for /a/b"),
    "crossing-rest": ([("/a/**", GET), ("/*/b", GET)], "both for /a/b"),
    "crossing-rests": ([("/*/b/**", GET), ("/a/**", GET)], r"both for /a/b/\*\*"),
    "crossing-deep": ([("/a/*/c", GET), ("/a/b/*", GET), ("/a/b", GET)], "both for /a/b/c"),
}


@pytest.mark.parametrize(("routes", "message"), AMBIGUOUS.values(), ids=AMBIGUOUS)
def test_ambiguous_routes_refused(routes: list[tuple[str, Any]], message: str) -> None:
    """Routes of which nobody could say which one decides are refused, and both are at hand."""
    with pytest.raises(AmbiguousRoutesError, match=message) as refused:
        RoutePolicy(Route(path, methods, anyone()) for path, methods in routes)
    assert len(refused.value.routes) == 2


CLEAR: dict[str, list[tuple[str, Any]]] = {
    "other-method": [("/a", GET), ("/a", ["POST"])],
    "within": [("/a/*", GET), ("/a/b", GET), ("/a/**", GET), ("/**", ANY)],
    "disjoint": [("/a/*", GET), ("/b/*", GET), ("/*/c/d", GET)],
    "crossing-with-the-shared-path": [("/a/*", GET), ("/*/b", GET), ("/a/b", GET)],
    "crossing-with-the-shared-pattern": [("/*/b/**", GET), ("/a/**", GET), ("/a/b/**", GET)],
}


@pytest.mark.parametrize("routes", CLEAR.values(), ids=CLEAR)
def test_clear_routes(routes: list[tuple[str, Any]]) -> None:
    """Routes that lie within each other, apart, or whose shared paths have a route, are accepted."""
    assert len(RoutePolicy(Route(path, methods, anyone()) for path, methods in routes).routes) == len(routes)


@given(st.lists(PATTERNS, min_size=1, max_size=5, unique=True), st.sampled_from(EVERY_PATH))
def test_nearest_route_lies_within_all_others(patterns: list[PathPattern], segments: tuple[str, ...]) -> None:
    """In every policy that is accepted, the deciding path lies within all others that match."""
    try:
        policy = RoutePolicy(Route(str(pattern), GET, cn(str(pattern.rank))) for pattern in patterns)
    except AmbiguousRoutesError:
        return
    found = policy.find("GET", "/" + "/".join(segments))
    matching = [pattern for pattern in patterns if pattern.matches(segments)]
    if isinstance(found, Decision):
        assert not matching
    else:
        assert all(found.path.intersection(other) == found.path for other in matching)


METHODS_REFUSED: dict[str, tuple[Any, str]] = {
    "nothing": ([], "wanted a list"),
    "none": (None, "wanted a list"),
    "text": ("GET", "wanted a list"),
    "number": (7, "wanted a list"),
    "lower-case": (["get"], "unknown method 'get', wanted one or more of: GET"),
    "misspelt": (["GET", "GTE"], "unknown method 'GTE'"),
    "any-in-a-list": (["any"], "unknown method 'any'"),
    "asterisk": (["*"], "unknown method"),
    "asterisk-alone": ("*", "wanted a list"),
    "number-in-a-list": ([7], "unknown method 7"),
}


@pytest.mark.parametrize(("methods", "message"), METHODS_REFUSED.values(), ids=METHODS_REFUSED)
def test_methods_refused(methods: Any, message: str) -> None:
    """Methods are a list of known names, or the word for all."""
    with pytest.raises(ConfigurationError, match=message):
        Route("/a", methods, anyone())


def test_methods() -> None:
    """All known methods may be listed."""
    route = Route("/a", METHODS, anyone())
    assert all(route.covers(method) for method in METHODS)
    assert not route.covers("any")
    assert Route("/a", "any", anyone()).covers("PURGE")


def test_d9_refused() -> None:
    """A policy without routes, and a route without a rule, are refused while constructing."""
    with pytest.raises(ConfigurationError, match="without routes"):
        RoutePolicy([])
    for wrong in (None, True, ou):
        with pytest.raises(ConfigurationError, match="in the place of a rule"):
            Route("/a", GET, wrong)  # type: ignore[arg-type]


def test_policies_are_values() -> None:
    """Policies compare, hash, pickle and print as values."""
    again: RoutePolicy = pickle.loads(pickle.dumps(POLICY))  # noqa: S301
    assert again == POLICY
    assert hash(again) == hash(POLICY)
    names = {"RoutePolicy": RoutePolicy, "Route": Route, "Roles": Roles, "cn": cn}
    assert eval(repr(POLICY), names) == POLICY  # noqa: S307
    assert repr(Route("/a", ANY, cn("a"))) == "Route('/a', 'any', cn('a'))"
    assert repr(Route("/a", ["POST", "GET"], cn("a"))) == "Route('/a', ['GET', 'POST'], cn('a'))"


def test_rule_policy() -> None:
    """One rule for everything looks at no path."""
    policy: Policy = RulePolicy(rule=ou("ops"), roles=Roles({"admin": ou("ops")}))
    assert policy.decide(ALICE, method="GET", path="//", raw_path=b"/%2f").allowed
    assert not policy.decide(None, method="GET", path="/").allowed
    assert policy.roles.of(ALICE) == {"admin"}
    assert RulePolicy(rule=ou("ops")).roles == Roles()


ADMITS: list[tuple[Policy, bool]] = [
    (RulePolicy(rule=ou("ops")), False),
    (RulePolicy(rule=~ou("ops")), False),
    (RulePolicy(rule=authenticated()), False),
    (RulePolicy(rule=anyone()), True),
    (RulePolicy(rule=anyone() | ou("ops")), True),
    (RoutePolicy([Route("/a", GET, ou("ops")), Route("/b", GET, authenticated())]), False),
    (RoutePolicy([Route("/a", GET, ou("ops")), Route("/b", GET, anyone())]), True),
]


@pytest.mark.parametrize(("policy", "expected"), ADMITS)
def test_admits_anonymous(policy: Policy, expected: bool) -> None:  # noqa: FBT001 - a column of the table
    """Whether a policy has any use for requests without a client is known without one."""
    assert policy.admits_anonymous is expected


def test_roles() -> None:
    """A client has the roles whose rules allow it, nobody has any."""
    roles = Roles({"reader": o("Example"), "admin": ou("ops"), "boss": cn("bob"), "any": anyone()})
    assert roles.of(ALICE) == frozenset({"reader", "admin", "any"})
    assert roles.of(None) == frozenset()
    assert roles.names == {"reader", "admin", "boss", "any"}
    assert Roles().of(ALICE) == frozenset()


def test_roles_are_values() -> None:
    """Roles compare whatever their order, hash, pickle and print as a value."""
    one, other = Roles({"a": cn("a"), "b": cn("b")}), Roles({"b": cn("b"), "a": cn("a")})
    assert one == other
    assert hash(one) == hash(other)
    assert pickle.loads(pickle.dumps(one)) == one  # noqa: S301
    assert eval(repr(one), {"Roles": Roles, "cn": cn}) == one  # noqa: S307


@pytest.mark.parametrize(
    ("rules", "message"),
    [
        ({"": cn("a")}, "role name ''"),
        ({"two words": cn("a")}, "role name 'two words'"),
        ({"a\n": cn("a")}, "role name"),
        ({7: cn("a")}, "role name 7"),
        ({None: cn("a")}, "role name None"),
        ({"admin": None}, "role 'admin' is None, wanted a rule"),
        ({"admin": True}, "role 'admin' is True, wanted a rule"),
    ],
)
def test_roles_refused(rules: Any, message: str) -> None:
    """Role names are words, and each has a rule."""
    with pytest.raises(ConfigurationError, match=message):
        Roles(rules)


def test_rules_that_read_the_request_are_asked_each_time() -> None:
    """The same client gets another answer for another request."""
    policy = RoutePolicy([Route("/a", GET, cn("alice")), Route("/b", GET, cn("bob"))])
    answers = [policy.decide(ALICE, method="GET", path=path).answer for path in ("/a", "/b", "/a")]
    assert answers == [Answer.YES, Answer.NO, Answer.YES]
    rules: list[Rule | None] = [policy.rule_for("GET", path) for path in ("/a", "/b")]
    assert rules == [cn("alice"), cn("bob")]
