"""The kit for `unittest`, used as a user uses it; pytest runs test cases, too."""

import unittest

from django.test import SimpleTestCase, override_settings

from clientcert.asgi import ClientCertMiddleware
from clientcert.testing.django import Client
from clientcert.testing.starlette import TestClient
from clientcert.testing.unittest import ClientCertMixin, ClientCertTestCase
from tests.contract.adapters import echo_asgi
from tests.django_app import MIDDLEWARE, urls, whoami
from tests.testing.client_apps import settings


class Plain(ClientCertTestCase):
    """Tests of an ASGI app."""

    def setUp(self) -> None:
        """Make the app."""
        config = settings(trust=self.client_ca.pem, clock=self.frozen_clock)
        self.client = TestClient(ClientCertMiddleware(echo_asgi, **config))

    def test_good(self) -> None:
        """Names, certificates and requests are let in, until the clock moves on."""
        for who in ("svc-a", self.client_cert, self.make_client("svc-b", via="nginx")):
            with self.as_identity(who):
                assert self.client.get("/").status_code == 200
        self.frozen_clock.tick(days=31)
        with self.as_identity(self.client_cert):
            assert self.client.get("/").status_code == 403

    def test_bad(self) -> None:
        """Every bad client is refused."""
        self.assert_refuses_bad_clients(lambda: self.client.get("/"), via="nginx")

    def test_kept(self) -> None:
        """An identity can be kept until the test ends."""
        self.enterContext(self.as_identity("svc-a"))
        assert self.client.get("/").status_code == 200


class InDjango(ClientCertMixin, SimpleTestCase):
    """Tests of a Django site."""

    client_class = Client

    def test_good(self) -> None:
        """Django makes the client of the class that it is told."""
        with override_settings(CLIENTCERT=settings(), MIDDLEWARE=[MIDDLEWARE], ROOT_URLCONF=urls(whoami)):
            with self.as_identity("svc-a"):
                assert self.client.get("/").status_code == 200
            assert self.client.get("/").status_code == 401


def test_failures_are_seen() -> None:
    """An app that lets bad clients in fails, in one subtest for each of them."""

    class LetsEverybodyIn(ClientCertTestCase):
        def test_bad(self) -> None:
            self.client = TestClient(ClientCertMiddleware(echo_asgi, **settings(enforce=False)))
            self.assert_refuses_bad_clients(lambda: self.client.get("/"), via="nginx", only=["expired", "self-signed"])

    result = unittest.TestResult()
    unittest.defaultTestLoader.loadTestsFromTestCase(LetsEverybodyIn).run(result)
    shown = [str(case) for case, _ in result.failures]
    assert [name in text for name, text in zip(("expired", "self-signed"), shown, strict=True)] == [True, True]
