"""What an endpoint or a dependency demands of the client, written on it for the audit and for OpenAPI."""

from collections.abc import Callable, Iterator
from inspect import unwrap
from typing import Any, Final

from clientcert.core.policy import Rule

_MARK: Final = "clientcert_rules"


def mark(target: Any, *rules: Rule) -> None:
    """Add rules to those on a function or object."""
    setattr(target, _MARK, (*marked(target), *rules))


def marked(target: Any) -> tuple[Rule, ...]:
    """The rules on a function or object; none on anything else."""
    found: object = getattr(target, _MARK, ())
    return found if isinstance(found, tuple) else ()


def is_optional(rule: Rule) -> bool:
    """Whether a rule lets a request without a certificate pass."""
    return rule.check(None).allowed


def defined_at(endpoint: Any) -> str:
    """``file:line`` of a function, its decorators included; empty for what is none."""
    code = getattr(unwrap(endpoint), "__code__", None)
    return "" if code is None else f"{code.co_filename}:{code.co_firstlineno}"


def rules_of(route: Any) -> tuple[Rule, ...]:
    """Every rule of a route's own: its endpoint's, its dependencies', and those of middleware around it alone."""
    found = [*marked(getattr(route, "endpoint", None))]
    for call in _calls(getattr(route, "dependant", None)):
        found += marked(call)
    app = getattr(route, "app", None)
    while app is not None:
        found += marked(app)
        app = getattr(app, "app", None)
    return tuple(dict.fromkeys(found))


def _calls(dependant: Any) -> Iterator[Callable[..., Any]]:
    """FastAPI's tree of dependencies, without importing FastAPI; the endpoint at its root aside."""
    for below in getattr(dependant, "dependencies", ()):
        yield below.call
        yield from _calls(below)
