"""Werkzeug's test client, for any WSGI app, with identities: ``with client.as_identity("svc-a"): client.get("/")``."""

from collections.abc import Iterable
from typing import Any

from werkzeug import test
from werkzeug.datastructures import Headers

from clientcert.config import ClientCertConfig
from clientcert.testing.acting import Acting, ActsAs, bindings_of
from clientcert.testing.authority import CertificateAuthority
from clientcert.wsgi import Environ, WSGIApp


class Client(ActsAs, test.Client):
    """
    Werkzeug's own, of which it takes every argument.

    Args:
        application: The app.
        options: Of Werkzeug's.
        authority: Issues certificates for clients that `as_identity` is given as names.
        config: The app's configuration, where it cannot be found in the app.
    """

    def __init__(
        self,
        application: WSGIApp,
        *options: Any,
        authority: CertificateAuthority | None = None,
        config: ClientCertConfig | None = None,
        **more: Any,
    ) -> None:
        super().__init__(application, *options, **more)
        self._acting = Acting(bindings=bindings_of(application, config), authority=authority)

    def run_wsgi_app(self, environ: Environ, buffered: bool = False) -> tuple[Iterable[bytes], str, Headers]:  # noqa: FBT001, FBT002 - Werkzeug's signature
        """Run the app; redirects that are followed come by here as well."""
        delivery = self._acting.delivery()
        return super().run_wsgi_app(environ if delivery is None else delivery.environ(environ), buffered)
