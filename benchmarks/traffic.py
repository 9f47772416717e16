"""
Requests as an app server hands them over, and the mixes of clients that send them.

Every name and value is a new object: ``bytes`` and ``str`` keep their hash once it is computed, so that a value that is
sent twice costs a fifth of what one from a socket costs.
"""

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from hashlib import shake_256
from itertools import accumulate
from typing import Any, Literal, NamedTuple

from benchmarks.material import Algorithm, Leaf, leaves, pki
from clientcert.core.encodings.rfc9440 import encode_byte_sequence, encode_byte_sequence_list
from clientcert.core.encodings.xfcc import encode_xfcc
from clientcert.testing.issued import escape_pem, pem

Form = Literal["nginx", "ingress-nginx", "xfcc", "rfc9440"]
Pairs = tuple[tuple[bytes, bytes], ...]

PROXY = "10.42.7.3"
NETWORK = "10.42.7.0/28"
HEADERS = 15
_NOISE_BYTES = 1_229  # of DER in a leaf

_COMMON: Pairs = (
    (b"host", b"orders.example.org"),
    (b"x-real-ip", b"198.51.100.23"),
    (b"x-forwarded-for", b"198.51.100.23"),
    (b"x-forwarded-proto", b"https"),
    (b"user-agent", b"Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"),
    (b"accept", b"text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"),
    (b"accept-language", b"en-GB,en;q=0.7,de;q=0.3"),
    (b"accept-encoding", b"gzip, deflate, br, zstd"),
    (b"referer", b"https://orders.example.org/orders"),
    (b"cookie", b"session=6f1e8a0c7d5b4e39; theme=dark"),
    (b"sec-fetch-dest", b"empty"),
    (b"sec-fetch-mode", b"cors"),
    (b"sec-fetch-site", b"same-origin"),
    (b"x-request-id", b"3f0c7c1e4c5d4b5f9a7a6d1e2b3c4d5e"),
)


class Sent(NamedTuple):
    """
    What one client sends.

    Attributes:
        evidence: What the proxy says about its certificate.
        serial: The serial number of that certificate; None where no identity may come out.
        status: The right answer.
    """

    evidence: Pairs
    serial: int | None
    status: int = 200


NOBODY = Sent(((b"ssl-client-verify", b"NONE"),), None)
"""nginx about a client without a certificate."""


def evidence(leaf: Leaf, form: Form = "nginx", algorithm: Algorithm = "rsa") -> Pairs:
    """The headers in which a proxy passes a certificate on."""
    if form == "xfcc":
        return ((b"x-forwarded-client-cert", encode_xfcc((leaf.der, pki(algorithm).issuing.der))),)
    if form == "rfc9440":
        chain = encode_byte_sequence_list((pki(algorithm).issuing.der,))
        return ((b"client-cert", encode_byte_sequence(leaf.der)), (b"client-cert-chain", chain))
    pairs: Pairs = ((b"ssl-client-verify", b"SUCCESS"), (b"ssl-client-cert", leaf.escaped))
    return pairs if form == "nginx" else (*pairs, *_names(leaf))


def _names(leaf: Leaf) -> Pairs:
    from clientcert.core.certificate import parse_certificate
    from clientcert.core.limits import Limits

    parsed = parse_certificate(leaf.der, limits=Limits())
    return ((b"ssl-client-subject-dn", parsed.subject.nginx), (b"ssl-client-issuer-dn", parsed.issuer.nginx))


def junk(number: int) -> Sent:
    """A well-formed PEM block of the usual length with noise in it; different for each number."""
    noise = shake_256(number.to_bytes(8)).digest(_NOISE_BYTES)
    return Sent(((b"ssl-client-verify", b"SUCCESS"), (b"ssl-client-cert", escape_pem(pem(noise)))), None, status=400)


def fresh(value: bytes) -> bytes:
    """An equal object whose hash nobody has computed."""
    return bytes(bytearray(value))


def asgi_headers(sent: Sent, count: int = HEADERS) -> list[tuple[bytes, bytes]]:
    """The header list of a scope, `count` long, the evidence at its end."""
    rest = count - len(sent.evidence)
    more = ((b"x-extra-%d" % number, b"value") for number in range(rest - len(_COMMON)))
    return [(fresh(name), fresh(value)) for name, value in (*_COMMON[:rest], *more, *sent.evidence)]


def asgi_scope(sent: Sent, count: int = HEADERS) -> dict[str, Any]:
    """An http scope as uvicorn makes it."""
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": "1.1",
        "server": ("10.42.7.4", 8000),
        "client": (fresh(PROXY.encode()).decode(), 40_000),
        "scheme": "http",
        "root_path": "",
        "headers": asgi_headers(sent, count),
        "state": {},
        "method": "GET",
        "path": "/orders/7",
        "raw_path": b"/orders/7",
        "query_string": b"",
    }


def wsgi_environ(sent: Sent, count: int = HEADERS) -> dict[str, Any]:
    """An environ as gunicorn makes it."""
    environ: dict[str, Any] = {
        "wsgi.errors": None,
        "wsgi.version": (1, 0),
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
        "wsgi.file_wrapper": None,
        "wsgi.input_terminated": True,
        "SERVER_SOFTWARE": "gunicorn/27.0.1",
        "wsgi.input": None,
        "gunicorn.socket": None,
        "REQUEST_METHOD": "GET",
        "QUERY_STRING": "",
        "RAW_URI": "/orders/7",
        "SERVER_PROTOCOL": "HTTP/1.1",
    }
    for name, value in asgi_headers(sent, count):
        environ["HTTP_" + name.decode("latin-1").upper().replace("-", "_")] = value.decode("latin-1")
    environ |= {
        "wsgi.url_scheme": "http",
        "REMOTE_ADDR": fresh(PROXY.encode()).decode(),
        "REMOTE_PORT": "40000",
        "SERVER_NAME": "10.42.7.4",
        "SERVER_PORT": "8000",
        "PATH_INFO": "/orders/7",
        "SCRIPT_NAME": "",
    }
    return environ


@dataclass(frozen=True, slots=True, kw_only=True)
class Mix:
    """
    Who sends requests.

    Attributes:
        name: For the tables.
        clients: How many certificates there are.
        draw: Yields the numbers of the clients, without end.
        is_junk: They send `junk` in place of certificates.
        has_certificate: Else they send none.
        warm: Requests before the measurement.
    """

    name: str
    clients: int
    draw: Callable[[random.Random], Iterator[int]]
    is_junk: bool = False
    has_certificate: bool = True
    warm: int = 20_000

    def stream(self, form: Form = "nginx", algorithm: Algorithm = "rsa", *, seed: int = 1) -> Iterator[Sent]:
        """What they send, without end; the same for the same seed."""
        numbers = self.draw(random.Random(seed))  # noqa: S311 - a mix, no secret
        if self.is_junk:
            return map(junk, numbers)
        if not self.has_certificate:
            return (NOBODY for _ in numbers)
        senders = certificates(self.clients, form, algorithm)
        return (senders[number] for number in numbers)


@cache
def certificates(count: int, form: Form = "nginx", algorithm: Algorithm = "rsa") -> Sequence[Sent]:
    """What each of the first `count` clients sends."""
    return [Sent(evidence(leaf, form, algorithm), leaf.serial) for leaf in leaves(count, algorithm)]


def _always_first(_: random.Random) -> Iterator[int]:
    while True:
        yield 0


def uniform(count: int) -> Callable[[random.Random], Iterator[int]]:
    """Draws of equal clients."""

    def draw(numbers: random.Random) -> Iterator[int]:
        while True:
            yield numbers.randrange(count)

    return draw


def _zipf(count: int) -> Callable[[random.Random], Iterator[int]]:
    """The nth most frequent client sends 1/n as often as the first (Zipf's law, exponent 1.0)."""
    weights = list(accumulate(1 / rank for rank in range(1, count + 1)))

    def draw(numbers: random.Random) -> Iterator[int]:
        while True:
            yield from numbers.choices(range(count), cum_weights=weights, k=1_000)

    return draw


def _in_turn(count: int) -> Callable[[random.Random], Iterator[int]]:
    def draw(_: random.Random) -> Iterator[int]:
        while True:
            yield from range(count)

    return draw


FLOOD = 10_000
"""Clients that come in turn; more than any cache here holds, so that each is new when it comes again."""

MIXES = {
    mix.name: mix
    for mix in (
        Mix(name="one", clients=1, draw=_always_first, warm=1_000),
        Mix(name="uniform", clients=1_000, draw=uniform(1_000)),
        Mix(name="zipf", clients=10_000, draw=_zipf(10_000)),
        Mix(name="flood", clients=FLOOD, draw=_in_turn(FLOOD), warm=200),
        Mix(name="junk", clients=0, draw=_in_turn(1_000_000), is_junk=True, warm=2_000),
        Mix(name="nobody", clients=0, draw=_always_first, has_certificate=False, warm=1_000),
    )
}
