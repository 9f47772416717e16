"""
The kit for `unittest`: a mixin with what the pytest plugin has as fixtures, and test cases with it.

The context managers are the same for everybody: ``client.as_identity(...)``, `override_identity`,
`clientcert.testing.live.run_behind_nginx`; ``self.enterContext(...)`` keeps one until the test ends.
"""

import unittest
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from functools import cached_property
from typing import Any, Protocol

from clientcert.testing.acting import ActsAs, Who
from clientcert.testing.authority import CertificateAuthority
from clientcert.testing.bad_clients import BadClient, select_bad_clients
from clientcert.testing.client_request import ClientRequest
from clientcert.testing.clock import FrozenClock
from clientcert.testing.default import default_authority
from clientcert.testing.issued import IssuedCertificate


class _Response(Protocol):
    @property
    def status_code(self) -> int: ...


class ClientCertMixin:
    """
    Stands before a test case among the bases, Django's own included.

    Attributes:
        client: A test client of `clientcert.testing`; assign it in ``setUp``, in Django say ``client_class = …``.
        client_ca: The authority of this process: ``trust=self.client_ca.pem``.
        client_cert: A good certificate of it.
        frozen_clock: A clock for ``ClientCertConfig(clock=…)``; a new one for each test.
    """

    client: Any

    @property
    def client_ca(self) -> CertificateAuthority:
        """See the class."""
        return default_authority()

    @cached_property
    def client_cert(self) -> IssuedCertificate:
        """See the class."""
        return self.client_ca.issue("client")

    @cached_property
    def frozen_clock(self) -> FrozenClock:
        """See the class."""
        return FrozenClock()

    def make_client(self, name: str, **options: Any) -> ClientRequest:
        """Make what a producer sends for a new client; takes what `CertificateAuthority.as_client` takes."""
        return self.client_ca.as_client(name, **options)

    def as_identity(
        self, who: Who, *, via: str | None = None, proxy: IssuedCertificate | None = None
    ) -> AbstractContextManager[Any]:
        """Let the requests of ``self.client`` come from somebody; see `ActsAs.as_identity`."""
        client: ActsAs = self.client
        return client.as_identity(who, via=via, proxy=proxy)

    def bad_clients(self, *, via: str, **chosen: Iterable[str]) -> tuple[BadClient, ...]:
        """Make the clients that an app must refuse; takes what `select_bad_clients` takes."""
        return select_bad_clients(self.client_ca, via=via, **chosen)

    def assert_refuses_bad_clients(self, ask: Callable[[], _Response], *, via: str, **chosen: Iterable[str]) -> None:
        """
        Ask as every bad client, each in a subtest; each must get its status.

        Args:
            ask: Sends a request through ``self.client``: ``lambda: self.client.get("/")``.
            via: Name of the producer that the app expects.
            chosen: ``only``, ``exclude``, ``also``; see `select_bad_clients`.
        """
        case: Any = self
        for bad in self.bad_clients(via=via, **chosen):
            with case.subTest(bad_client=bad.id), self.as_identity(bad):
                case.assertEqual(ask().status_code, bad.status)  # noqa: PT009 - for unittest


class ClientCertTestCase(ClientCertMixin, unittest.TestCase):
    """A `unittest.TestCase` with `ClientCertMixin`."""
