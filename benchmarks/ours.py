"""Our middleware, as it comes and with each option that costs something."""

from collections.abc import Callable
from typing import Any

from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from prometheus_client import CollectorRegistry, Counter

from benchmarks.material import Algorithm, pki
from benchmarks.traffic import NETWORK
from benchmarks.witness import asgi_hello, wsgi_hello
from clientcert import asgi, wsgi
from clientcert.policy import Rule, any_of, ou, spiffe
from clientcert.runtime.events import Event

_RULES = 100


def settings(algorithm: Algorithm = "rsa", **changes: Any) -> dict[str, Any]:
    """The keywords of a `ClientCertConfig`: what has a default keeps it."""
    common = {"source": "nginx", "trust": pki(algorithm).trust, "trusted_proxies": [NETWORK]}
    return common | changes


def asgi_app(algorithm: Algorithm = "rsa", **changes: Any) -> asgi.ClientCertMiddleware:
    """Around the bare ASGI app."""
    return asgi.ClientCertMiddleware(asgi_hello, **settings(algorithm, **changes))


def wsgi_app(algorithm: Algorithm = "rsa", **changes: Any) -> wsgi.ClientCertMiddleware:
    """Around the bare WSGI app."""
    return wsgi.ClientCertMiddleware(wsgi_hello, **settings(algorithm, **changes))


def long_policy() -> Rule:
    """A hundred rules of which the last allows."""
    others = (spiffe(f"spiffe://clients.example.org/office/{number:02}/*") for number in range(_RULES - 1))
    return any_of(*others, ou("Warehouse and Logistics Operations"))


def prometheus_hook() -> Callable[[Event], None]:
    """Count decisions by kind and reason."""
    counter = Counter(
        "clientcert_decisions", "Decisions about clients", ["kind", "reason"], registry=CollectorRegistry()
    )

    def count(event: Event) -> None:
        counter.labels(event.kind, event.reason or "").inc()

    return count


def opentelemetry_hook() -> Callable[[Event], None]:
    """The same with OpenTelemetry's SDK, read out by nobody."""
    meter = MeterProvider(metric_readers=[InMemoryMetricReader()]).get_meter("clientcert")
    counter = meter.create_counter("clientcert.decisions")

    def count(event: Event) -> None:
        counter.add(1, {"kind": event.kind, "reason": event.reason or ""})

    return count


def silent_hook(event: Event) -> None:
    """The least that a hook can do."""
