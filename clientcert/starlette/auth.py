"""Starlette's own authentication: ``request.user``, ``request.auth.scopes`` and ``@requires``."""

from starlette.authentication import AuthCredentials, AuthenticationBackend, BaseUser
from starlette.requests import HTTPConnection

from clientcert.core.identity import ClientIdentity
from clientcert.core.policy import Roles
from clientcert.starlette.refusal import client_identity

AUTHENTICATED = "authenticated"
"""The scope that every client with an accepted certificate has, as Starlette's documentation names it."""


class ClientCertUser(BaseUser):
    """
    The client as Starlette's user.

    Attributes:
        client: The client.
    """

    def __init__(self, client: ClientIdentity) -> None:
        self.client = client

    @property
    def is_authenticated(self) -> bool:
        """True."""
        return True

    @property
    def display_name(self) -> str:
        """The subject as RFC 4514 text: to be shown to people, never compared."""
        return self.client.subject.rfc4514

    @property
    def identity(self) -> str:
        """The issuer's key and serial number, else the certificate's hash, else both names: no two clients share it."""
        client = self.client
        if client.issuer_key_id is not None and client.serial_hex is not None:
            return f"{client.issuer_key_id}:{client.serial_hex}"
        if client.fingerprint_sha256 is not None:
            return f"sha256:{client.fingerprint_sha256}"
        # repr quotes and escapes, so that no name can pretend to be two.
        return f"names:{client.issuer.rfc4514!r}:{client.subject.rfc4514!r}"


class ClientCertBackend(AuthenticationBackend):
    """
    Backend for Starlette's `AuthenticationMiddleware`, which stands inside `ClientCertMiddleware`.

    Args:
        roles: Roles in addition to those of the configuration's policy; each is a scope for ``@requires``.
    """

    def __init__(self, roles: Roles | None = None) -> None:
        self.roles = Roles() if roles is None else roles

    async def authenticate(self, conn: HTTPConnection) -> tuple[AuthCredentials, BaseUser] | None:
        """
        Tell who asks; None where there is no certificate.

        Raises:
            MiddlewareMissingError: `ClientCertMiddleware` is not around this middleware.
        """
        client = client_identity(conn)
        if client is None:
            return None
        given = client.roles
        scopes = self.roles.of(client) | given
        return AuthCredentials([AUTHENTICATED, *sorted(scopes)]), ClientCertUser(client)
