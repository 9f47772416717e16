"""
``client.as_identity(...)``: who the requests of a test client come from; what all test clients have in common.

The requests go through the app's real middleware. A test client stands where proxy and app server stand: it writes
the headers of the configured producer, has an address of `trusted_proxies` and knows the shared secret, or shows the
TLS connection, whichever the app's own configuration asks for.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, Final, Self, TypeAlias, TypeVar

from clientcert.config import ClientCertConfig
from clientcert.core.bindings import Binding
from clientcert.core.sources import ALIASES, source_named
from clientcert.errors import ConfigurationError
from clientcert.testing.authority import CertificateAuthority
from clientcert.testing.bad_clients import BadClient
from clientcert.testing.client_request import ClientRequest, as_client
from clientcert.testing.default import default_authority
from clientcert.testing.delivery import Delivery, deliver
from clientcert.testing.installed import gates_of
from clientcert.testing.issued import IssuedCertificate

Who: TypeAlias = IssuedCertificate | ClientRequest | BadClient | str | None
"""A certificate; a request made by `as_client`; a bad client; a name to issue a certificate for; None for nobody."""

Client = TypeVar("Client")


@dataclass(slots=True, kw_only=True, eq=False)
class _Act:
    owner: "Acting"
    who: IssuedCertificate | ClientRequest | BadClient | None
    via: str | None
    proxy: IssuedCertificate | None
    # Worked out at the first request: until then the app may still change.
    delivery: Delivery | None = None


# Requests of one client may run in several tasks at once, each as somebody else; threads begin as nobody.
_ACTS: Final[ContextVar[tuple[_Act, ...]]] = ContextVar("clientcert.testing.acts", default=())


@dataclass(slots=True, kw_only=True, eq=False)
class Acting:
    """
    The identities of one test client.

    Attributes:
        bindings: Returns the sources and proofs of the app; asked when the first request comes.
        authority: Who issues the certificates of clients that are given as names. Default `default_authority`.
    """

    bindings: Callable[[], Sequence[Binding]]
    authority: CertificateAuthority | None = None
    _issued: dict[str, IssuedCertificate] = field(default_factory=dict)

    @contextmanager
    def act(self, client: Client, who: Who, *, via: str | None, proxy: IssuedCertificate | None) -> Iterator[Client]:
        """Let the requests of this task or thread come from somebody; yields `client`."""
        act = _Act(owner=self, who=self._known(who), via=via, proxy=proxy)
        _ACTS.set((*_ACTS.get(), act))
        try:
            yield client
        finally:
            # Not by a token: a fixture may end in another context than it began in.
            _ACTS.set(tuple(each for each in _ACTS.get() if each is not act))

    def delivery(self) -> Delivery | None:
        """
        What is to be done to a request; None outside of every block.

        Raises:
            ConfigurationError: The app's configuration cannot be found, or cannot be satisfied.
        """
        act = next((act for act in reversed(_ACTS.get()) if act.owner is self), None)
        if act is None:
            return None
        if act.delivery is None:
            act.delivery = self._work_out(act)
        return act.delivery

    def _known(self, who: Who) -> IssuedCertificate | ClientRequest | BadClient | None:
        if not isinstance(who, str):
            return who
        if who not in self._issued:
            self._issued[who] = (self.authority or default_authority()).issue(who)
        return self._issued[who]

    def _work_out(self, act: _Act) -> Delivery:
        who, bindings = act.who, self.bindings()
        if isinstance(who, BadClient):
            binding = _binding_of(who, bindings)
            request = who.request_for(binding.source)
            return deliver(binding, request, proxy=act.proxy, is_stranger=who.is_stranger, is_proven=who.is_proven)
        if isinstance(who, ClientRequest):
            return deliver(_binding(bindings, act.via or who.via), who, proxy=act.proxy)
        binding = _binding(bindings, act.via)
        return deliver(binding, as_client(who, via=binding.source), proxy=act.proxy)


class ActsAs:
    """Mixin of every test client here."""

    _acting: Acting

    def as_identity(
        self, who: Who, *, via: str | None = None, proxy: IssuedCertificate | None = None
    ) -> AbstractContextManager[Self]:
        """
        Let all requests inside the block come from a client.

        Blocks nest, the innermost counts. They hold for the task or thread that enters them: two tasks may be two
        clients at once, a new thread begins without one. Outside of every block the requests are the framework's own:
        they come from no proxy, and say nothing.

        Args:
            who: A certificate; a `ClientRequest`; a `BadClient`; a name, for which the test client's authority issues
                a certificate, the same for the same name; None for a client without a certificate, as the producer
                says so.
            via: Name of the producer. Default the app's own source (the preferred one of several), options included.
            proxy: The proxy's own certificate, where the app's configuration has `ProxyCertificate`.

        Raises:
            ConfigurationError: In the block, with the first request: no middleware of ours in the app, or proofs that
                no sender can give.

        Not done here: the app must trust who issued the certificate, ``trust=authority.pem``.
        """
        return self._acting.act(self, who, via=via, proxy=proxy)


def bindings_of(app: Any, config: ClientCertConfig | None) -> Callable[[], Sequence[Binding]]:
    """Return what finds the sources of an app: in a configuration where one is given, else in its middleware."""
    if config is not None:
        return lambda: config.bindings

    def find() -> Sequence[Binding]:
        found = {id(gate._settings.bindings): gate._settings.bindings for gate in gates_of(app)}  # noqa: SLF001
        if len(found) > 1:
            raise ConfigurationError("the app has several middlewares: give the test client the config= of one of them")
        return next(iter(found.values()))

    return find


def _binding(bindings: Sequence[Binding], via: str | None) -> Binding:
    if via is None:
        return bindings[-1]
    name = ALIASES.get(via, via)
    configured = (binding for binding in bindings if binding.source.name == name)
    # A producer that the app does not expect, in the place of the one that it does.
    return next(configured, Binding(source=source_named(name), proofs=bindings[-1].proofs))


def _binding_of(bad: BadClient, bindings: Sequence[Binding]) -> Binding:
    for binding in bindings:
        if binding.source.name == bad.via:
            return binding
    names = " and ".join(binding.source.name for binding in bindings)
    raise ConfigurationError(f"{bad} is a bad client of {bad.via}, and the app's source is {names}: give it as via=")
