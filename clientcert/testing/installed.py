"""The middleware inside an app, found by walking from the outermost wrapper inwards."""

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any, Final

from clientcert.errors import ConfigurationError
from clientcert.runtime.gate import Gate

# Where wrappers keep what they wrap: ASGI and WSGI middleware, Flask, Starlette, asgiref, Django's handlers and test
# clients, Channels' and Werkzeug's dispatchers, `functools.wraps` and `functools.partial`.
_INWARD: Final = (
    "app",
    "_app",
    "application",
    "wsgi_app",
    "_wsgi_app",
    "inner",
    "middleware_stack",
    "routes",
    "router",
    "mounts",
    "application_mapping",
    "handler",
    "_middleware_chain",
    "get_response",
    "__wrapped__",
    "func",
    "awaitable",
)
_GATE: Final = "_gate"


def gates_of(app: Any) -> tuple[Gate, ...]:
    """
    Find every gate in an app, outermost first.

    What frameworks make when the first request comes is made now: Starlette's middleware stack, the middleware of a
    Django test client.

    Args:
        app: An ASGI or WSGI app, one of our middlewares, or a handler or test client of Django.

    Raises:
        ConfigurationError: There is none where this looks.
    """
    found = tuple(dict.fromkeys(_walk(app)))
    if not found:
        raise ConfigurationError(
            f"no ClientCertMiddleware found in {app!r}; give the app that it is installed on, or the middleware itself"
        )
    return found


def _walk(app: Any) -> Iterator[Gate]:
    waiting, seen = [app], {}
    while waiting:
        current = waiting.pop(0)
        if current is None or id(current) in seen:
            continue
        # The objects themselves are kept: an id may come back when its object is gone.
        seen[id(current)] = current
        gate = _attribute(current, _GATE)
        if isinstance(gate, Gate):
            yield gate
        _build(current)
        waiting += _beneath(current)


def _beneath(current: Any) -> Iterator[Any]:
    if isinstance(current, Mapping):
        yield from current.values()
    elif isinstance(current, list | tuple):
        yield from current
    elif isinstance(current, partial):
        yield current.func
    elif not isinstance(current, str | bytes | type):
        yield from (_attribute(current, name) for name in _INWARD)
        yield from _closed_over(current)


def _attribute(holder: Any, name: str) -> Any:
    # Not getattr: a proxy would make its attributes up, and a property may ask for a request.
    try:
        own = vars(holder)
    except TypeError:
        return getattr(holder, name, None) if name in getattr(type(holder), "__slots__", ()) else None
    return own.get(name)


def _closed_over(function: Any) -> Iterator[Any]:
    """Middleware written as a function keeps what it wraps in a variable of one of those names."""
    code, cells = getattr(function, "__code__", None), getattr(function, "__closure__", None)
    if code is not None and cells:
        yield from (
            cell.cell_contents
            for name, cell in zip(code.co_freevars, cells, strict=True)
            if name in _INWARD and _is_filled(cell)
        )


def _is_filled(cell: Any) -> bool:
    try:
        cell.cell_contents  # noqa: B018 - an empty cell can only be recognised by asking
    except ValueError:
        return False
    return True


def _build(current: Any) -> None:
    """Do what the framework itself would do at the first request."""
    build = getattr(type(current), "build_middleware_stack", None)
    if callable(build) and current.middleware_stack is None:
        # Through the instance, whose own method `install` may have replaced.
        current.middleware_stack = current.build_middleware_stack()
    load = getattr(type(current), "load_middleware", None)
    if callable(load) and current._middleware_chain is None:  # noqa: SLF001 - Django's test handler does the same
        current.load_middleware(is_async=type(current).__name__.startswith("Async"))
