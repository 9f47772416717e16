"""
Clients that an app must refuse, each with the status and the reason it must get.

They are made for an app that trusts one authority and has ``mode="required"``. `BadClient` is what
``client.as_identity(...)`` takes; `select_bad_clients` makes them, and the pytest marker ``parametrize_bad_clients``
makes a test of each.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from clientcert.core.sources import ALIASES, Source, source_named
from clientcert.errors import ConfigurationError, Reason
from clientcert.testing.authority import CertificateAuthority
from clientcert.testing.bad_cases import Bench, Case, Need
from clientcert.testing.bad_certificates import REVOKED_SERIAL
from clientcert.testing.bad_requests import CASES
from clientcert.testing.client_request import ClientRequest

__all__ = ["REVOKED_SERIAL", "BadClient", "bad_client", "bad_client_names", "select_bad_clients"]


@dataclass(frozen=True, slots=True, kw_only=True)
class BadClient:
    """
    One client that must be refused.

    Attributes:
        id: Kebab-case name, for the ids of tests.
        status: The HTTP status that it must get.
        reason: The reason that the operator must be told.
        wsgi_reason: The same below a WSGI server, which joins headers and folds their names.
        via: Name of the producer.
        needs: What the app's configuration must have beside ``trust``; None for nothing.
        is_stranger: It reaches the app past the proxy.
        is_proven: False where it lacks the shared secret.
    """

    id: str
    status: int
    reason: Reason
    wsgi_reason: Reason
    via: str
    needs: Need | None
    is_stranger: bool
    is_proven: bool
    _case: Case = field(repr=False)
    _authority: CertificateAuthority = field(repr=False)

    def __str__(self) -> str:
        return self.id

    @property
    def request(self) -> ClientRequest:
        """Its part of the request, as the preset reads it; anew each time."""
        return self.request_for(source_named(self.via))

    def request_for(self, source: Source) -> ClientRequest:
        """
        Write its part of the request for a source, whose options may be others than the preset's.

        Raises:
            ConfigurationError: What is bad about it cannot come from this source.
        """
        if not self._case.applies(source):
            raise ConfigurationError(f"{source!r} cannot have the bad client {self.id!r}: exclude it")
        return self._case.make(Bench(self._authority, source))


def bad_client_names(
    via: str, *, only: Iterable[str] = (), exclude: Iterable[str] = (), also: Iterable[str] = ()
) -> tuple[str, ...]:
    """
    Ids of the bad clients that a producer can have.

    Args:
        via: Name of the producer. What it does not send cannot be forged: one without a verdict has no
            ``verdict-failed``.
        only: These, and no others.
        exclude: All but these.
        also: These as well, which need more than ``trust`` of the app's configuration: ``revoked`` a ``crl=`` with
            the serial number `REVOKED_SERIAL`, ``secret-missing`` and ``secret-wrong`` a `SharedSecret`, ``not-pinned``
            ``profile="pinned"``.

    Raises:
        ConfigurationError: An unknown producer or id, or an id that this producer cannot have.
    """
    source = source_named(via)
    possible = [name for name, case in CASES.items() if case.applies(source)]
    named = {*only, *exclude, *also}
    if unknown := sorted(named - set(possible)):
        legal = ", ".join(possible)
        raise ConfigurationError(f"no bad client {unknown[0]!r} of {via}, wanted one of: {legal}")
    wanted = set(only) or {name for name in possible if CASES[name].needs is None} | set(also)
    return tuple(name for name in possible if name in wanted - set(exclude))


def select_bad_clients(
    authority: CertificateAuthority,
    *,
    via: str,
    only: Iterable[str] = (),
    exclude: Iterable[str] = (),
    also: Iterable[str] = (),
) -> tuple[BadClient, ...]:
    """
    Make the bad clients of a producer; see `bad_client_names`.

    Args:
        authority: Whom the app trusts.
        via: Name of the producer that the app expects.
        only: These, and no others.
        exclude: All but these.
        also: These as well.

    Raises:
        ConfigurationError: An unknown producer or id, or an id that this producer cannot have.
    """
    names = bad_client_names(via, only=only, exclude=exclude, also=also)
    return tuple(_bad_client(name, authority, via) for name in names)


def bad_client(name: str, authority: CertificateAuthority, *, via: str) -> BadClient:
    """
    Make one bad client.

    Raises:
        ConfigurationError: An unknown producer or id, or an id that this producer cannot have.
    """
    bad_client_names(via, only=[name])
    return _bad_client(name, authority, via)


def _bad_client(name: str, authority: CertificateAuthority, via: str) -> BadClient:
    case = CASES[name]
    return BadClient(
        id=name,
        status=case.reason.status,
        reason=case.reason,
        wsgi_reason=case.wsgi_reason or case.reason,
        via=ALIASES.get(via, via),
        needs=case.needs,
        is_stranger=case.is_stranger,
        is_proven=case.is_proven,
        _case=case,
        _authority=authority,
    )
