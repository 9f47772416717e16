"""
An identity for every request to an app, for unit tests that do not care how it came about.

Production cannot get here: no setting and no environment variable leads to this module, and no other part of
`clientcert` imports `clientcert.testing`.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from threading import Lock
from typing import Any

from clientcert.core.authenticator import Authenticator
from clientcert.core.facts import RequestFacts
from clientcert.core.identity import ClientIdentity
from clientcert.core.layouts import Spoken
from clientcert.core.outcome import Authenticated, Outcome
from clientcert.errors import ClientCertError, EvidenceError, Reason
from clientcert.runtime.gate import Gate
from clientcert.testing.identities import identity_of
from clientcert.testing.installed import gates_of
from clientcert.testing.issued import IssuedCertificate

_LOCK = Lock()


@contextmanager
def override_identity(app: Any, identity: ClientIdentity | IssuedCertificate | None) -> Iterator[None]:
    """
    Give every request to an app this identity while the block runs, whatever its headers and its TLS say.

    Everything else is real: exempt paths, policy and its roles, ``mode`` and ``enforce``, header stripping, events.
    The override holds in all threads and tasks; blocks nest, the innermost counts. Starlette's middleware stack is
    built now if it was not, so `add_middleware` comes before.

    Args:
        app: An app with our middleware: ASGI (Starlette, FastAPI, Channels' routers), WSGI, Flask, one of our
            middlewares itself; of Django, a test client or a handler. An app with several middlewares gets it in all.
        identity: An identity, see `make_identity`; an issued certificate; None for a request without a certificate.

    Raises:
        ConfigurationError: No middleware of ours was found in the app.
        ClientCertError: The certificate cannot be read.
    """
    fixed = identity_of(identity) if isinstance(identity, IssuedCertificate) else identity
    gates = gates_of(app)
    installed = [_install(gate, fixed) for gate in gates]
    try:
        yield
    finally:
        for gate, ours in zip(gates, installed, strict=True):
            _remove(gate, ours)


class _Overriding(Authenticator):
    """Says one thing of every request; all but the decision is what the one beneath has."""

    def __init__(self, beneath: Authenticator, identity: ClientIdentity | None) -> None:
        # The parent's constructor is left out: it would begin new counts and a new cache.
        self.__dict__.update(beneath.__dict__)
        # What the one beneath remembers is not ours.
        self.recall = lambda *_: None
        self.beneath = beneath
        self._identity = identity

    def authenticate(self, facts: RequestFacts, spoken: Spoken | None = None) -> Outcome:
        """See `Authenticator.authenticate`."""
        del facts, spoken
        try:
            if self._identity is None:
                raise EvidenceError(Reason.NO_CERTIFICATE, "override_identity says so")
            generation = self._settings.trust_provider.current(self._settings.clock())
        except ClientCertError as error:
            return self._refuse(error)
        known = self._with_roles(self._identity, generation)
        roles = known.roles | self._identity.roles
        return Authenticated(identity=replace(known, roles=roles), authorization=generation.authorization)


def _install(gate: Gate, identity: ClientIdentity | None) -> _Overriding:
    with _LOCK:
        ours = _Overriding(gate.authenticator, identity)
        gate.authenticator = ours
        return ours


def _remove(gate: Gate, ours: _Overriding) -> None:
    """Take one override out, wherever it is: blocks of two threads need not end in the order in which they began."""
    with _LOCK:
        above: Authenticator = gate.authenticator
        if above is ours:
            gate.authenticator = ours.beneath
            return
        while isinstance(above, _Overriding):
            if above.beneath is ours:
                above.beneath = ours.beneath
                return
            above = above.beneath
