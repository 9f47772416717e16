"""
What our cost is compared with: the floor of any middleware, and what people paste.

``dictcache`` looks its header up in a dict and does nothing else: no middleware that caches can be quicker.
"""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote

from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509.verification import ClientVerifier, PolicyBuilder, Store, VerificationError

from benchmarks.material import Algorithm, pki
from benchmarks.witness import AsgiApp, Scope, Send, WsgiApp

_HEADER = b"ssl-client-cert"
_VARIABLE = "HTTP_SSL_CLIENT_CERT"
_KEY = "client_identity"

Naive = Callable[[str], int]
"""A header's text → the serial number; all other work is done and dropped."""


class AsgiEmpty:
    """Middleware that does nothing."""

    def __init__(self, app: AsgiApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Any, send: Send) -> None:
        """Run the app."""
        await self.app(scope, receive, send)


class AsgiScan:
    """Looks for one header."""

    def __init__(self, app: AsgiApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Any, send: Send) -> None:
        """Show the header to the app."""
        for name, value in scope["headers"]:
            if name == _HEADER:
                scope[_KEY] = value
                break
        await self.app(scope, receive, send)


class AsgiDictcache:
    """Looks for one header, and its value up in a dict that only grows; nothing is checked."""

    def __init__(self, app: AsgiApp) -> None:
        self.app = app
        self.known: dict[bytes, int] = {}

    async def __call__(self, scope: Scope, receive: Any, send: Send) -> None:
        """Show what was remembered for this header to the app."""
        for name, value in scope["headers"]:
            if name == _HEADER:
                identity = self.known.get(value)
                if identity is None:
                    identity = self.known[value] = len(self.known)
                scope[_KEY] = identity
                break
        await self.app(scope, receive, send)


class AsgiNaive:
    """The whole work on every request."""

    def __init__(self, app: AsgiApp, work: Naive) -> None:
        self.app = app
        self.work = work

    async def __call__(self, scope: Scope, receive: Any, send: Send) -> None:
        """Do the work; refuse with 400 what fails."""
        for name, value in scope["headers"]:
            if name == _HEADER:
                try:
                    scope[_KEY] = self.work(value.decode("latin-1"))
                except (ValueError, VerificationError):
                    await send({"type": "http.response.start", "status": 400, "headers": []})
                    await send({"type": "http.response.body", "body": b""})
                    return
                break
        await self.app(scope, receive, send)


class WsgiEmpty:
    """Middleware that does nothing."""

    def __init__(self, app: WsgiApp) -> None:
        self.app = app

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Run the app."""
        return self.app(environ, start_response)


class WsgiScan:
    """Looks for one header."""

    def __init__(self, app: WsgiApp) -> None:
        self.app = app

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Show the header to the app."""
        environ[_KEY] = environ.get(_VARIABLE)
        return self.app(environ, start_response)


class WsgiDictcache:
    """Looks for one header, and its value up in a dict that only grows; nothing is checked."""

    def __init__(self, app: WsgiApp) -> None:
        self.app = app
        self.known: dict[str, int] = {}

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Show what was remembered for this header to the app."""
        value = environ.get(_VARIABLE)
        if value is not None:
            identity = self.known.get(value)
            if identity is None:
                identity = self.known[value] = len(self.known)
            environ[_KEY] = identity
        return self.app(environ, start_response)


class WsgiNaive:
    """The whole work on every request."""

    def __init__(self, app: WsgiApp, work: Naive) -> None:
        self.app = app
        self.work = work

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Do the work; refuse with 400 what fails."""
        value = environ.get(_VARIABLE)
        if value is not None:
            try:
                environ[_KEY] = self.work(value)
            except (ValueError, VerificationError):
                start_response("400 Bad Request", [])
                return [b""]
        return self.app(environ, start_response)


def naive_parse(text: str) -> int:
    """Unquote and load: no certificate is checked."""
    return x509.load_pem_x509_certificate(unquote(text).encode()).serial_number


def naive_verify(algorithm: Algorithm = "rsa") -> Naive:
    """Unquote, load, verify the chain."""
    store, issuing = Store([pki(algorithm).root.certificate]), pki(algorithm).issuing.certificate

    def work(text: str) -> int:
        leaf = x509.load_pem_x509_certificate(unquote(text).encode())
        verifier(store).verify(leaf, [issuing])
        return leaf.serial_number

    return work


def naive_identity(algorithm: Algorithm = "rsa") -> Naive:
    """Unquote, load, verify the chain, read names, serial number and fingerprint."""
    store, issuing = Store([pki(algorithm).root.certificate]), pki(algorithm).issuing.certificate

    def work(text: str) -> int:
        leaf = x509.load_pem_x509_certificate(unquote(text).encode())
        verifier(store).verify(leaf, [issuing])
        names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        identity: dict[str, Any] = {
            "subject": leaf.subject.rfc4514_string(),
            "issuer": leaf.issuer.rfc4514_string(),
            "serial": leaf.serial_number,
            "not_after": leaf.not_valid_after_utc,
            "fingerprint": leaf.fingerprint(SHA256()).hex(),
            "dns": names.get_values_for_type(x509.DNSName),
            "uris": names.get_values_for_type(x509.UniformResourceIdentifier),
            "emails": names.get_values_for_type(x509.RFC822Name),
        }
        serial: int = identity["serial"]
        return serial

    return work


def verifier(store: Store) -> ClientVerifier:
    """A verifier for now; its time is fixed when it is made, so that each request needs a new one."""
    return PolicyBuilder().store(store).time(datetime.now(UTC)).build_client_verifier()
