"""Django REST framework: an authentication class, permissions from rules, and certificate-bound tokens."""

from collections.abc import Mapping
from hashlib import sha256
from typing import Any, ClassVar

from django.contrib.auth import authenticate
from django.http import HttpRequest
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import APIException, AuthenticationFailed
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from clientcert.core.identity import ClientIdentity
from clientcert.core.policy import Rule
from clientcert.django.middleware import client_identity, gate_of
from clientcert.django.users import UserMapping
from clientcert.runtime.authorization import checked_rule, refusal, token_refusal


class CertificateUser:
    """
    The user of a request whose certificate is all that is known of the client; no row in the database.

    Attributes:
        client: The client.
    """

    is_authenticated = True
    is_anonymous = False
    is_active = True

    @property
    def pk(self) -> str:
        """A stable key for each client, for throttling and the like; no row in the database has it."""
        client = self.client
        parts = (client.issuer_key_id, client.serial_hex, client.fingerprint_sha256)
        names = (client.issuer.rfc4514, client.subject.rfc4514)
        return sha256(repr((parts, names)).encode("utf-8")).hexdigest()

    def __init__(self, client: ClientIdentity) -> None:
        self.client = client

    def __repr__(self) -> str:
        return f"CertificateUser({self.client.subject.rfc4514!r})"


class ClientCertAuthentication(BaseAuthentication):
    """
    ``request.user`` is the user that ``CLIENTCERT_USER`` finds for the certificate, ``request.auth`` the identity.

    Without that setting the user is a `CertificateUser`. With it, who is not found is refused with 401. Who presents
    no certificate is left to the next authentication class.
    """

    def authenticate(self, request: Request) -> tuple[Any, ClientIdentity] | None:
        """
        Tell who asks.

        Raises:
            AuthenticationFailed: The certificate names no user.
        """
        inner = _inner(request)
        identity = client_identity(inner)
        if identity is None:
            return None
        if UserMapping.from_settings() is None:
            return CertificateUser(identity), identity
        user = authenticate(inner, client_identity=identity)
        if user is None:
            raise AuthenticationFailed
        return user, identity

    def authenticate_header(self, request: Request) -> str:
        """Make a 401, not a 403, of a missing certificate; with the configured realm (RFC 9110 §11.5)."""
        return f'ClientCert realm="{gate_of(_inner(request)).realm}"'


class RulePermission(BasePermission):
    """
    Lets only those through whom a rule allows; made by `require`, combines with others by ``&`` and ``|``.

    Attributes:
        client_cert_rule: Who may.
    """

    client_cert_rule: ClassVar[Rule]

    def has_permission(self, request: Request, view: Any) -> bool:
        """Ask the rule; the answer to the client is the framework's."""
        del view
        inner = _inner(request)
        identity = client_identity(inner)
        return refusal(gate_of(inner), self.client_cert_rule, identity) is None


def require(rule: Rule) -> type[RulePermission]:
    """
    Make a permission class of a rule: ``permission_classes = [require(ou("ops"))]``.

    Raises:
        ConfigurationError: Something that is no rule.
    """
    asked = checked_rule(rule, where="require")
    return type("RulePermission", (RulePermission,), {"client_cert_rule": asked, "__doc__": repr(asked)})


class TokenNotConfirmed(APIException):
    """A token that is not bound to the client's certificate: 401 with ``invalid_token`` (RFC 8705 §3)."""

    status_code = 401
    default_detail = "The access token is not bound to the client certificate"
    default_code = "invalid_token"
    # APIException has no headers of its own; the framework's handler takes this one.
    auth_header = 'Bearer error="invalid_token"'


class CertificateBoundMixin:
    """
    Makes any token authentication a certificate-bound one; stands before that class among the bases.

    The other class's `authenticate` returns ``(user, claims)``, the claims of a token that it has verified; where they
    are elsewhere, override `claims_of`.
    """

    def authenticate(self, request: Request) -> tuple[Any, Any] | None:
        """
        Ask the other class, then whether the certificate confirms the token.

        Raises:
            TokenNotConfirmed: It does not.
        """
        other: Any = super()
        found: tuple[Any, Any] | None = other.authenticate(request)
        if found is not None:
            check_confirmation(request, self.claims_of(found[1]))
        return found

    def claims_of(self, auth: Any) -> Mapping[str, Any]:
        """The claims in what the other class returns beside the user."""
        return auth if isinstance(auth, Mapping) else {}


def check_confirmation(request: Request, claims: Mapping[str, Any]) -> None:
    """
    Refuse a request whose client is not the one that a verified token was issued to.

    Raises:
        TokenNotConfirmed: The token is bound to another certificate or to none, or too little is proven of the client.
    """
    inner = _inner(request)
    identity = client_identity(inner)
    if token_refusal(gate_of(inner), identity, claims) is not None:
        raise TokenNotConfirmed


def _inner(request: Request) -> HttpRequest:
    inner: HttpRequest = request._request  # noqa: SLF001 - the name the framework documents
    return inner
