"""Django REST framework: authentication, permissions from rules, bound tokens, the schema of drf-spectacular."""

import json
from typing import Any

import jwt
import pytest
from django.apps import apps
from django.contrib.auth.models import User
from django.core.checks import run_checks
from django.test import override_settings
from django.urls import path
from joserfc import jwt as jose
from joserfc.errors import JoseError
from joserfc.jwk import OctKey
from openapi_spec_validator import validate
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from clientcert.core.policy import cn, o
from clientcert.django.checks import BACKEND
from clientcert.django.rest import CertificateBoundMixin, ClientCertAuthentication, require
from clientcert.errors import ConfigurationError, Reason
from clientcert.runtime.events import Event
from tests.django_app import serving
from tests.driving import Answer, ask_wsgi, environ
from tests.frameworks.clients import headers_of, thumbprint_of
from tests.material import ADMIN, ALICE, config, settings

KEY = "a key that is long enough for HS256"


class Whoami(APIView):
    """Say who asks."""

    authentication_classes = (ClientCertAuthentication,)
    permission_classes: Any = (IsAuthenticated,)

    def get(self, request: Request) -> Response:
        """User and certificate."""
        identity: Any = request.auth
        return Response({"user": repr(request.user), "cn": identity.common_name})


class Ops(Whoami):
    """For admins."""

    permission_classes = (IsAuthenticated & require(cn("admin")),)


class OnlyRule(Whoami):
    """A rule alone, as the checks list it."""

    permission_classes = (
        require(cn("admin")),
        require(o("Example")),
    )


class Jwt(BaseAuthentication):
    """An app's own token authentication, with PyJWT."""

    def authenticate(self, request: Request) -> tuple[Any, Any] | None:
        """Verify the bearer token."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme != "Bearer":
            return None
        try:
            claims = self.verify(token)
        except (jwt.InvalidTokenError, JoseError) as exc:
            raise AuthenticationFailed from exc
        return User(username=claims["sub"]), claims

    def verify(self, token: str) -> Any:
        """Verify with PyJWT."""
        return jwt.decode(token, KEY, algorithms=["HS256"])

    def authenticate_header(self, request: Request) -> str:
        """For a 401."""
        return "Bearer"


class JoseJwt(Jwt):
    """The same with joserfc, Authlib's successor for JOSE."""

    def verify(self, token: str) -> Any:
        """Verify with joserfc."""
        return jose.decode(token, OctKey.import_key(KEY), algorithms=["HS256"]).claims


class BoundJwt(CertificateBoundMixin, Jwt):
    """The same, bound to the certificate."""


class BoundJoseJwt(CertificateBoundMixin, JoseJwt):
    """The same, bound to the certificate."""


class Tokens(APIView):
    """For those who hold a bound token."""

    authentication_classes: Any = (BoundJwt,)
    permission_classes = (IsAuthenticated,)

    def get(self, request: Request) -> Response:
        """Whose token it is."""
        return Response(request.user.get_username())


def ask(view: Any, client: Any, *more: tuple[str, str], **changes: Any) -> Answer:
    """A site's answer."""
    with serving(config(**{"mode": "optional", **changes}), view.as_view()) as handler:
        return ask_wsgi(handler, environ((*headers_of(client), *more)))


def test_certificate_is_the_user() -> None:
    """Without a mapping the user is the certificate's; nobody gets 401 with a challenge."""
    answer = ask(Whoami, ALICE)
    assert json.loads(answer.body) == {"user": "CertificateUser('CN=alice,O=Example')", "cn": "alice"}
    missing = ask(Whoami, None, realm="staff")
    assert (missing.status, missing.headers["www-authenticate"]) == (401, 'ClientCert realm="staff"')


@pytest.mark.usefixtures("database")
def test_user_of_the_database() -> None:
    """With a mapping the user is the database's; a certificate without a user gets 401."""
    User.objects.create(username="alice")
    with override_settings(CLIENTCERT_USER={"attribute": "common_name"}, AUTHENTICATION_BACKENDS=[BACKEND]):
        assert json.loads(ask(Whoami, ALICE).body)["user"] == "<User: alice>"
        assert ask(Whoami, ADMIN).status == 401


@pytest.mark.parametrize("view", [Ops, OnlyRule])
def test_permission(view: Any) -> None:
    """Whom the rule allows is let in, another client gets 403, nobody 401."""
    events: list[Event] = []
    assert ask(view, ADMIN).status == 200
    assert ask(view, ALICE, on_event=events.append).status == 403
    assert events[-1].reason is Reason.POLICY_DENIED
    assert ask(view, None).status == 401
    assert ask(view, ALICE, enforce=False).status == 200


def test_no_rule() -> None:
    """What is no rule is refused where it is written."""
    with pytest.raises(ConfigurationError, match="wanted a rule such as"):
        require("ops")  # type: ignore[arg-type]


def test_checks_list_permissions() -> None:
    """The deployment check shows the rules among a view's permissions."""
    with override_settings(CLIENTCERT=settings({}), ROOT_URLCONF=(path("x", OnlyRule.as_view()),)):
        found = {each.id: each.msg for each in run_checks(include_deployment_checks=True)}
    assert "covered  /x  cn('admin') & o('Example')" in found["clientcert.I001"]


@pytest.mark.parametrize("bound", [BoundJwt, BoundJoseJwt])
def test_certificate_bound_token(bound: type[BaseAuthentication]) -> None:
    """A token is worth something in the hands of its client only (RFC 8705 §3), whoever verified it."""
    view = type("View", (Tokens,), {"authentication_classes": (bound,)})

    def with_token(client: Any, confirmation: Any, key: str = KEY) -> Answer:
        token = jwt.encode({"sub": "alice", "cnf": confirmation}, key, algorithm="HS256")
        return ask(view, client, ("authorization", f"Bearer {token}"))

    thumbprint = {"x5t#S256": thumbprint_of(ALICE)}
    assert with_token(ALICE, thumbprint).body == b'"alice"'
    for client, confirmation in ((ADMIN, thumbprint), (None, thumbprint), (ALICE, {})):
        answer = with_token(client, confirmation)
        assert (answer.status, answer.headers["www-authenticate"]) == (401, 'Bearer error="invalid_token"')
    assert with_token(ALICE, thumbprint, KEY.upper()).headers["www-authenticate"] == "Bearer"
    assert ask(view, ALICE).status == 401


@pytest.mark.parametrize("version", ["3.0.3", "3.1.0"])
def test_schema(version: str) -> None:
    """drf-spectacular describes the scheme where the authentication class is used; the schema is valid."""
    added = ["rest_framework", "drf_spectacular", "clientcert.django"]
    installed = [config.name for config in apps.get_app_configs()]
    with override_settings(
        INSTALLED_APPS=[*installed, *added],
        ROOT_URLCONF=(path("x", Whoami.as_view()),),
        CLIENTCERT=settings({}),
    ):
        from drf_spectacular.generators import SchemaGenerator
        from drf_spectacular.openapi import AutoSchema
        from drf_spectacular.settings import spectacular_settings

        Whoami.schema = AutoSchema()
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(spectacular_settings, "OAS_VERSION", version)
            generator: Any = SchemaGenerator
            schema = generator(patterns=[path("x", Whoami.as_view())]).get_schema(request=None, public=True)
    validate(schema)
    assert schema["paths"]["/x"]["get"]["security"] == [{"mutualTLS": []}]
    kind = schema["components"]["securitySchemes"]["mutualTLS"]["type"]
    assert kind == ("mutualTLS" if version.startswith("3.1") else "http")


def test_app_config() -> None:
    """The app can be listed in ``INSTALLED_APPS``, and brings its checks."""
    installed = [each.name for each in apps.get_app_configs()]
    with override_settings(INSTALLED_APPS=[*installed, "clientcert.django"], CLIENTCERT=None):
        assert apps.is_installed("clientcert.django")
        assert "clientcert.E001" in {each.id for each in run_checks()}
