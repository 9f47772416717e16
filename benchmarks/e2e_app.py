"""What `benchmarks.e2e` serves with uvicorn: the target that the environment names, around an app that says whose."""

import os
from collections.abc import Callable
from typing import Any

from benchmarks import baselines
from benchmarks.driving import serial_of
from benchmarks.ours import settings
from benchmarks.witness import AsgiApp, Scope, Send
from clientcert.asgi import ClientCertMiddleware

NOBODY = b"-"
_START = {"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/plain")]}


async def echo(scope: Scope, receive: Any, send: Send) -> None:  # noqa: ARG001 - of the protocol
    """Answer with the client's serial number."""
    serial = serial_of(scope)
    await send(_START)
    await send({"type": "http.response.body", "body": NOBODY if serial is None else b"%x" % serial})


def build(name: str) -> AsgiApp:
    """The app in the middleware of a target."""
    if name == "asgi":
        app: AsgiApp = ClientCertMiddleware(echo, **settings(trusted_proxies=["127.0.0.1/32"]))
        return app
    works: dict[str, Callable[[], baselines.Naive]] = {
        "naive-parse": lambda: baselines.naive_parse,
        "naive-verify": baselines.naive_verify,
        "naive-identity": baselines.naive_identity,
    }
    return baselines.AsgiNaive(echo, works[name]()) if name in works else echo


app = build(os.environ.get("BENCHMARK_TARGET", ""))
