"""A crowd of threads that ask at once, the clients they ask for, and the ways in which they ask."""

import random
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from typing import Any

import pytest

from clientcert import Authenticated, Authenticator, ClientCertConfig, ClientIdentity, Outcome, RequestFacts
from clientcert.asgi import ClientCertMiddleware as ASGIMiddleware
from clientcert.core.certificate import ParsedCertificate
from clientcert.core.verification import StandardVerifier, VerifiedPath
from clientcert.testing import IssuedCertificate
from clientcert.wsgi import ClientCertMiddleware as WSGIMiddleware
from tests import material as m
from tests.core.test_decisions import facts
from tests.driving import Answer, ask_asgi, ask_wsgi, environ, http_scope

THREADS = 32
FIRST_SERIAL = 0x5000
CLIENTS = tuple(m.AUTHORITY.issue(f"client-{n}", serial_number=FIRST_SERIAL + n) for n in range(24))
# Others, whom only some configurations trust: the same subjects and serial numbers; the same in all but the signature.
STRANGERS = tuple(m.STRANGE_AUTHORITY.issue(f"client-{n}", serial_number=FIRST_SERIAL + n) for n in range(8))
TWIN_AUTHORITY = m.AUTHORITY.impostor(subject_key_identifier=m.AUTHORITY.key_identifier)
TWINS = tuple(TWIN_AUTHORITY.issue(f"client-{n}", serial_number=FIRST_SERIAL + n, key=CLIENTS[n].key) for n in range(8))


def names_of(client: IssuedCertificate) -> dict[str, str]:
    """What the proxy writes beside a certificate of plain names."""
    certificate = client.certificate
    return {"subject": certificate.subject.rfc4514_string(), "issuer": certificate.issuer.rfc4514_string()}


def request_of(client: IssuedCertificate) -> RequestFacts:
    """A request of a client, every header a fresh object."""
    return facts(client, **names_of(client))


def serial_of(outcome: Outcome) -> int | None:
    """Who it is."""
    return outcome.identity.serial_number if isinstance(outcome, Authenticated) else None


def shuffled(seed: int) -> random.Random:
    """An order that is another one for each thread."""
    return random.Random(seed)  # noqa: S311 - an order, not a secret


def ticking() -> Callable[[], datetime]:
    """Make a clock that tells a later time whenever it is asked, so that threads that begin together do so in turn."""
    ticks = count()
    return lambda: m.NOW + next(ticks) * timedelta.resolution


def at_once(work: Callable[[int], Any], threads: int = THREADS) -> list[Any]:
    """What each of many threads returns, which begin together and take turns a thousand times as often as usual."""
    barrier, interval = threading.Barrier(threads, timeout=30), sys.getswitchinterval()

    def begin(number: int) -> Any:
        barrier.wait()
        return work(number)

    sys.setswitchinterval(5e-6)
    try:
        with ThreadPoolExecutor(threads) as pool:
            return list(pool.map(begin, range(threads)))
    finally:
        sys.setswitchinterval(interval)


@contextmanager
def verifications() -> Iterator[list[int]]:
    """The serial number of every leaf that the default profile is asked about, whichever generation asks."""
    serials: list[int] = []
    genuine = StandardVerifier.verify

    def verify(self: StandardVerifier, leaf: ParsedCertificate, **options: Any) -> VerifiedPath:
        serials.append(leaf.serial_number)
        return genuine(self, leaf, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(StandardVerifier, "verify", verify)
        yield serials


@dataclass(frozen=True, slots=True)
class Held:
    """A verification that does not end before it may: `begun` is set when it begins, and it goes on when `go_on` is."""

    begun: threading.Event = field(default_factory=threading.Event)
    go_on: threading.Event = field(default_factory=threading.Event)


@contextmanager
def held_verification(client: IssuedCertificate) -> Iterator[Held]:
    """Hold the verifications of one client; nobody is held when the block has ended."""
    held, serial, genuine = Held(), client.certificate.serial_number, StandardVerifier.verify

    def verify(self: StandardVerifier, leaf: ParsedCertificate, **options: Any) -> VerifiedPath:
        if leaf.serial_number == serial:
            held.begun.set()
            assert held.go_on.wait(10)
        return genuine(self, leaf, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(StandardVerifier, "verify", verify)
        try:
            yield held
        finally:
            held.go_on.set()


Seen = tuple[str, str] | None
"""Fingerprint that an app is told of, and what was said about revocation; None where the client is refused."""


class Door:
    """
    One way in: ``authenticate`` itself, or a middleware, which asks its memory first.

    Args:
        way: One of `WAYS`.
        config: Of the middleware.
    """

    def __init__(self, way: str, config: ClientCertConfig) -> None:
        self._way = way
        self._asgi, self._wsgi = ASGIMiddleware(_asgi_app, config), WSGIMiddleware(_wsgi_app, config)
        self.authenticator: Authenticator = (self._wsgi if way == "wsgi" else self._asgi).authenticator

    def ask(self, client: IssuedCertificate) -> Seen:
        """One request."""
        if self._way == "core":
            outcome = self.authenticator.authenticate(request_of(client))
            return _seen(outcome.identity) if isinstance(outcome, Authenticated) else None
        pairs = m.evidence(client, **names_of(client))
        if self._way == "asgi":
            return _read(ask_asgi(self._asgi, http_scope(pairs)))
        return _read(ask_wsgi(self._wsgi, environ(pairs, SERVER_SOFTWARE="gunicorn/27.0.1")))


WAYS = ("core", "asgi", "wsgi")


def _seen(identity: ClientIdentity) -> tuple[str, str]:
    return identity.fingerprint_sha256 or "", identity.evidence.revocation


def _read(answer: Answer) -> Seen:
    if answer.status != 200:
        assert answer.status == 403
        return None
    fingerprint, revocation = answer.body.decode().split(" ", 1)
    return fingerprint, revocation


async def _asgi_app(scope: Any, _receive: Any, send: Any) -> None:
    fingerprint, revocation = _seen(scope["client_identity"])
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": f"{fingerprint} {revocation}".encode()})


def _wsgi_app(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
    fingerprint, revocation = _seen(environ["clientcert.identity"])
    start_response("200 OK", [])
    return [f"{fingerprint} {revocation}".encode()]
