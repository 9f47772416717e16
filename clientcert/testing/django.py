"""
Django's test clients and request factories, with identities: ``with self.client.as_identity("svc-a"): …``.

A test client's requests go through the site's own ``MIDDLEWARE``. What a request factory makes goes straight to a view,
so the factory runs `ClientCertMiddleware` itself: inside ``as_identity`` its requests are as a view would see them.
"""

from collections.abc import Mapping
from contextlib import nullcontext
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.test import client, override_settings

from clientcert.config import ClientCertConfig
from clientcert.django.middleware import ClientCertMiddleware, config_from_settings
from clientcert.testing.acting import Acting, ActsAs
from clientcert.testing.authority import CertificateAuthority


class NotAdmittedError(AssertionError):
    """
    The middleware has refused a request that a factory made for a view.

    Attributes:
        response: What the client would get.
    """

    def __init__(self, response: HttpResponse, reason: str) -> None:
        super().__init__(f"ClientCertMiddleware answers {response.status_code} in the view's place: {reason}")
        self.response = response


class ActsInDjango(ActsAs):
    """
    Mixin of the classes here; stands before one of Django's among the bases, and takes its arguments.

    Args:
        arguments: Django's.
        authority: Issues certificates for clients that `as_identity` is given as names.
        config: The site's configuration, where it is not the setting ``CLIENTCERT``.
        defaults: Django's.
    """

    def __init__(
        self,
        *arguments: Any,
        authority: CertificateAuthority | None = None,
        config: ClientCertConfig | None = None,
        **defaults: Any,
    ) -> None:
        super().__init__(*arguments, **defaults)
        self._config = config
        self._acting = Acting(bindings=lambda: (config or config_from_settings()).bindings, authority=authority)

    def _base_environ(self, **request: Any) -> dict[str, Any]:
        inherited: Any = super()
        environ: dict[str, Any] = inherited._base_environ(**request)  # noqa: SLF001 - where every request begins
        delivery = self._acting.delivery()
        return environ if delivery is None else delivery.environ(environ)

    def _base_scope(self, **request: Any) -> Mapping[str, Any]:
        inherited: Any = super()
        scope: dict[str, Any] = inherited._base_scope(**request)  # noqa: SLF001 - the same under ASGI
        delivery = self._acting.delivery()
        return scope if delivery is None else delivery.scope(scope)


class Admits(ActsInDjango):
    """Mixin of the request factories: inside ``as_identity``, a request is one that the middleware has admitted."""

    def request(self, **request: Any) -> Any:
        """
        Make a request; every method of a factory ends here.

        Raises:
            NotAdmittedError: The middleware answers in the view's place; outside of ``as_identity`` it is not asked.
        """
        inherited: Any = super()
        made: HttpRequest = inherited.request(**request)
        if self._acting.delivery() is not None:
            self._admit(made)
        return made

    def _admit(self, request: HttpRequest) -> None:
        admitted: list[HttpRequest] = []

        def view(seen: HttpRequest) -> HttpResponse:
            admitted.append(seen)
            return HttpResponse()

        with override_settings(CLIENTCERT=self._config) if self._config else nullcontext():
            response: Any = ClientCertMiddleware(view)(request)
        if not admitted:
            raise NotAdmittedError(response, "on_event and the log have the reason")


class Client(ActsInDjango, client.Client):
    """Django's own, of which it takes every argument; ``client_class = Client`` in a test case."""


class AsyncClient(ActsInDjango, client.AsyncClient):
    """Django's own, of which it takes every argument; ``async_client_class = AsyncClient`` in a test case."""


class RequestFactory(Admits, client.RequestFactory):
    """Django's own, of which it takes every argument."""


class AsyncRequestFactory(Admits, client.AsyncRequestFactory):
    """Django's own, of which it takes every argument."""
