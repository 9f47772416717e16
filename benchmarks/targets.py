"""Everything that is measured, by name."""

import asyncio
import io
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from benchmarks import baselines, frameworks, ours, peers
from benchmarks.driving import Kind, Running
from benchmarks.material import Algorithm
from benchmarks.traffic import Form
from benchmarks.witness import asgi_hello, wsgi_hello

Build = Callable[[Algorithm], Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """
    Something that is measured.

    Attributes:
        name: In tables and in the results.
        kind: Protocol.
        build: Makes the app.
        over: The target without it: the bare app of the same kind or framework.
        form: How certificates come to it.
        looks: False for what does not look at certificates: it admits everybody and shows nobody.
        mixes: Which `MIXES` mean something to it.
        needs_loop: It waits for something.
        cold: Each request costs as much as the first: fewer are enough.
    """

    name: str
    kind: Kind
    build: Build
    over: str
    form: Form = "nginx"
    looks: bool = True
    mixes: tuple[str, ...] = ("one",)
    needs_loop: bool = False
    cold: bool = False
    extra: dict[str, Any] = field(default_factory=dict)

    def start(self, algorithm: Algorithm = "rsa") -> Running:
        """Build it."""
        return Running(
            name=self.name,
            kind=self.kind,
            app=self.build(algorithm),
            form=self.form,
            looks=self.looks,
            loop=asyncio.new_event_loop() if self.needs_loop else None,
            extra=self.extra,
        )


_CERTIFICATES = ("one", "uniform", "zipf", "flood")
_ALL = (*_CERTIFICATES, "junk")


def _asgi(name: str, build: Build, **more: Any) -> Target:
    return Target(name=name, kind="asgi", build=build, over="asgi-bare", **more)


def _wsgi(name: str, build: Build, **more: Any) -> Target:
    return Target(name=name, kind="wsgi", build=build, over="wsgi-bare", **more)


BASELINES = (
    _asgi("asgi-bare", lambda _: asgi_hello, looks=False, mixes=(*_ALL, "nobody")),
    _asgi("asgi-empty", lambda _: baselines.AsgiEmpty(asgi_hello), looks=False, mixes=("one", "nobody")),
    _asgi("asgi-scan1", lambda _: baselines.AsgiScan(asgi_hello), looks=False, mixes=("one", "nobody")),
    _asgi("asgi-dictcache", lambda _: baselines.AsgiDictcache(asgi_hello), looks=False, mixes=_CERTIFICATES),
    _wsgi("wsgi-bare", lambda _: wsgi_hello, looks=False, mixes=(*_ALL, "nobody")),
    _wsgi("wsgi-empty", lambda _: baselines.WsgiEmpty(wsgi_hello), looks=False, mixes=("one", "nobody")),
    _wsgi("wsgi-scan1", lambda _: baselines.WsgiScan(wsgi_hello), looks=False, mixes=("one", "nobody")),
    _wsgi("wsgi-dictcache", lambda _: baselines.WsgiDictcache(wsgi_hello), looks=False, mixes=_CERTIFICATES),
)

PASTED = (
    _asgi("naive-parse", lambda _: baselines.AsgiNaive(asgi_hello, baselines.naive_parse), mixes=_ALL, cold=True),
    _asgi("naive-verify", lambda a: baselines.AsgiNaive(asgi_hello, baselines.naive_verify(a)), mixes=_ALL, cold=True),
    _asgi(
        "naive-identity", lambda a: baselines.AsgiNaive(asgi_hello, baselines.naive_identity(a)), mixes=_ALL, cold=True
    ),
    _wsgi(
        "wsgi-naive-verify", lambda a: baselines.WsgiNaive(wsgi_hello, baselines.naive_verify(a)), mixes=_ALL, cold=True
    ),
)

OURS = (
    _asgi("asgi", ours.asgi_app, mixes=_ALL),
    _wsgi("wsgi", ours.wsgi_app, mixes=_ALL),
    _asgi("asgi-optional", lambda a: ours.asgi_app(a, mode="optional"), mixes=("nobody",)),
    _wsgi("wsgi-optional", lambda a: ours.wsgi_app(a, mode="optional"), mixes=("nobody",)),
)

OPTIONS = (
    _asgi("asgi+ingress-nginx", lambda a: ours.asgi_app(a, source="ingress-nginx"), form="ingress-nginx"),
    _asgi("asgi+xfcc", lambda a: ours.asgi_app(a, source="envoy"), form="xfcc"),
    _asgi("asgi+rfc9440-chain", lambda a: ours.asgi_app(a, source="rfc9440"), form="rfc9440"),
    _asgi("asgi+policy-100", lambda a: ours.asgi_app(a, policy=ours.long_policy())),
    _asgi("asgi+event-hook", lambda a: ours.asgi_app(a, on_event=ours.silent_hook)),
    _asgi("asgi+prometheus", lambda a: ours.asgi_app(a, on_event=ours.prometheus_hook())),
    _asgi("asgi+opentelemetry", lambda a: ours.asgi_app(a, on_event=ours.opentelemetry_hook())),
)


def _framework(name: str, kind: Kind, build: Callable[[Algorithm | None], Any], **more: Any) -> tuple[Target, Target]:
    bare = f"{name}-bare"
    return (
        Target(name=bare, kind=kind, build=lambda _: build(None), over=bare, looks=False, **more),
        Target(name=name, kind=kind, build=build, over=bare, **more),
    )


_ASYNC_PATH = {"path": frameworks.ASYNC_PATH, "raw_path": frameworks.ASYNC_PATH.encode()}

FRAMEWORKS = (
    *_framework("starlette", "asgi", frameworks.starlette),
    *_framework("fastapi", "asgi", frameworks.fastapi),
    *_framework("flask", "wsgi", frameworks.flask),
    *_framework("django-wsgi", "wsgi", frameworks.django_wsgi, extra={"wsgi.input": io.BytesIO()}),
    *_framework("django-asgi", "asgi", frameworks.django_asgi, extra=_ASYNC_PATH, needs_loop=True),
)


def _peers() -> tuple[Target, ...]:
    if not peers.are_installed():
        return ()
    stream = {"wsgi.input": io.BytesIO()}
    return (
        _asgi("x509middleware", lambda _: peers.x509middleware(), mixes=_CERTIFICATES, cold=True),
        _asgi("x509middleware-fields", lambda _: peers.x509middleware_fields(), mixes=_CERTIFICATES, cold=True),
        Target(
            name="fastapi-client-cert-auth",
            kind="asgi",
            build=lambda _: peers.fastapi_client_cert_auth(),
            over="fastapi-bare",
            cold=True,
        ),
        Target(
            name="django-ssl-auth",
            build=lambda _: peers.django_ssl_auth(),
            extra={**peers.DJANGO_HEADERS, **stream, "HTTP_X_SSL_USER_DN": f"/CN={peers.NAME}", "HTTP_X_REST_API": "1"},
            cold=True,
            kind="wsgi",
            over="django-wsgi-bare",
        ),
        Target(
            name="django-mtls-auth",
            build=lambda _: peers.django_mtls_auth(),
            extra={**peers.DJANGO_HEADERS, **stream, "HTTP_X_SSL_USER_DN": f"CN={peers.NAME}"},
            cold=True,
            kind="wsgi",
            over="django-wsgi-bare",
        ),
    )


PEERS = _peers()
TARGETS = {target.name: target for target in (*BASELINES, *PASTED, *OURS, *OPTIONS, *FRAMEWORKS, *PEERS)}
