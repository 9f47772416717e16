"""Django: which user a certificate names, and ``request.user`` under WSGI and ASGI."""

import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth import authenticate
from django.contrib.auth.models import AnonymousUser, Group, User
from django.db import connections
from django.http import HttpRequest, JsonResponse
from django.test import override_settings

from clientcert.core.policy import Rule, anyone, authenticated, cn, deny, issued_by, o
from clientcert.django.auth import ClientCertBackend
from clientcert.django.checks import BACKEND, OURS, USER
from clientcert.django.users import ATTRIBUTES, UserMapping
from clientcert.errors import ConfigurationError
from clientcert.testing import CertificateAuthority
from tests.core.test_confirmation import identity_of
from tests.django_app import serving
from tests.driving import ask_asgi, ask_wsgi, environ, http_scope
from tests.frameworks.clients import headers_of
from tests.material import ALICE, AUTHORITY, NOW, config

BACKENDS = override_settings(AUTHENTICATION_BACKENDS=[BACKEND, "django.contrib.auth.backends.ModelBackend"])
IDENTITY = identity_of()

pytestmark = pytest.mark.usefixtures("database")


def user_by(**mapping: Any) -> Any:
    """The user whom Django's `authenticate` finds for `ALICE`."""
    with override_settings(CLIENTCERT_USER=mapping), BACKENDS:
        return authenticate(None, client_identity=IDENTITY)


VALUES = {
    "common_name": "alice",
    "dns_name": "alice.example",
    "email_address": "alice@example.org",
    "fingerprint_sha256": ALICE.fingerprint_sha256,
    "serial": f"{IDENTITY.issuer_key_id}:1001",
    "spiffe_id": "spiffe://prod.example/alice",
    "spki_sha256": IDENTITY.spki_sha256,
    "subject": "CN=alice,O=Example",
    "uri": "spiffe://prod.example/alice",
    "user_principal_name": None,
}


@pytest.mark.parametrize("attribute", ATTRIBUTES)
def test_attribute(attribute: str) -> None:
    """Each typed attribute names the user whose name is exactly that, and nobody where the certificate has none."""
    value = VALUES[attribute]
    assert user_by(attribute=attribute) is None
    user = User.objects.create(username=value or "nobody")
    assert user_by(attribute=attribute) == (user if value else None)


def test_field() -> None:
    """Another field of the user model may be the one; two users with that value are nobody."""
    user = User.objects.create(username="a", email="alice@example.org")
    assert user_by(attribute="email_address", user_field="email") == user
    User.objects.create(username="b", email="alice@example.org")
    assert user_by(attribute="email_address", user_field="email") is None


@pytest.mark.parametrize(
    ("name", "field"), [("ALICE", "username"), (" alice", "username"), ("alice\u200b", "username")]
)
def test_other_spelling(name: str, field: str) -> None:
    """A user of another spelling is another user."""
    User.objects.create(**{field: name})
    assert user_by(attribute="common_name") is None


def test_inactive_user() -> None:
    """An inactive user is nobody; active again, somebody."""
    user = User.objects.create(username="alice", is_active=False)
    assert user_by(attribute="common_name") is None
    User.objects.update(is_active=True)
    assert user_by(attribute="common_name") == user


@pytest.mark.parametrize(
    ("rule", "allows"),
    [
        (issued_by(AUTHORITY.pem), True),
        (issued_by(CertificateAuthority(seed="another", now=NOW).pem), False),
        (anyone(), True),
        (deny(o("Example")), False),
    ],
    ids=["issuer", "other-issuer", "anyone", "denied"],
)
def test_rule(rule: Rule, *, allows: bool) -> None:
    """Only certificates that the rule allows name users."""
    User.objects.create(username="alice")
    assert (user_by(attribute="common_name", rule=rule) is not None) is allows


def test_create() -> None:
    """Nobody is made unless so configured; then once, without a usable password."""
    assert user_by(attribute="common_name") is None
    assert not User.objects.exists()
    made = user_by(attribute="common_name", create=True)
    assert (made.username, made.has_usable_password()) == ("alice", False)
    assert user_by(attribute="common_name", create=True) == made
    assert User.objects.count() == 1


def test_create_is_safe_against_races() -> None:
    """Requests that make the same user at once all get the one user."""
    found: list[Any] = []
    gate = threading.Barrier(4)
    mapping = UserMapping(attribute="common_name", create=True)

    def make() -> None:
        gate.wait()
        try:
            found.append(mapping.user_for(IDENTITY))
        finally:
            connections.close_all()

    threads = [threading.Thread(target=make) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [user.username for user in found] == ["alice"] * 4
    assert User.objects.count() == 1


def test_groups() -> None:
    """A user is in exactly those of the named groups that the rules give, and stays in all others."""
    ops, staff, other = (Group.objects.create(name=name) for name in ("ops", "staff", "other"))
    user = User.objects.create(username="alice")
    user.groups.set([ops, other])
    rules = {"ops": cn("admin"), "staff": o("Example"), "absent": authenticated()}
    assert user_by(attribute="common_name", groups=rules) == user
    assert set(user.groups.all()) == {staff, other}


def test_other_credentials() -> None:
    """A password is not this backend's business, and without the setting nobody is found."""
    User.objects.create_user("alice", password="secret")
    with override_settings(CLIENTCERT_USER={"attribute": "common_name"}), BACKENDS:
        assert authenticate(None, username="alice", password="secret") is not None
        assert authenticate(None, username="alice", password="wrong") is None
        assert authenticate(None, client_identity="alice") is None
    assert ClientCertBackend().authenticate(None, client_identity=IDENTITY) is None


REFUSED: dict[str, tuple[Any, str]] = {
    "not-a-dict": ("common_name", "wanted e.g."),
    "no-attribute": ({}, "wanted e.g."),
    "unknown-key": ({"attribute": "uri", "creat": True}, "unknown key 'creat', wanted one of: attribute, user_field"),
    "unknown-attribute": ({"attribute": "cn"}, "attribute is 'cn', wanted one of: common_name"),
    "rule": ({"attribute": "uri", "rule": "ops"}, "rule is 'ops'"),
    "create": ({"attribute": "uri", "create": "yes"}, "create is 'yes'"),
    "groups-text": ({"attribute": "uri", "groups": "ops"}, "groups is 'ops'"),
    "groups-rule": ({"attribute": "uri", "groups": {"ops": "x"}}, "groups has 'x'"),
}


@pytest.mark.parametrize(("setting", "message"), REFUSED.values(), ids=REFUSED)
def test_refused_setting(setting: Any, message: str) -> None:
    """A setting that cannot work is refused by name."""
    with override_settings(CLIENTCERT_USER=setting), pytest.raises(ConfigurationError, match=message) as caught:
        UserMapping.from_settings()
    assert str(caught.value).startswith("settings.CLIENTCERT_USER")


def shown(user: Any) -> JsonResponse:
    """A response that says who the user is."""
    return JsonResponse(None if isinstance(user, AnonymousUser) else user.username, safe=False)


def show_user(request: HttpRequest) -> JsonResponse:
    """Say who ``request.user`` is."""
    assert request.user == request.user
    return shown(request.user)


async def show_auser(request: HttpRequest) -> JsonResponse:
    """Say who ``request.auser()`` is."""
    first = await request.auser()
    assert first == await request.auser()
    return shown(first)


STACK = (
    OURS,
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    USER,
)


@pytest.mark.parametrize(
    ("view", "is_async"),
    [(show_user, False), (show_user, True), (show_auser, True)],
    ids=["wsgi", "asgi", "async-view"],
)
def test_request_user(view: Callable[..., Any], *, is_async: bool) -> None:
    """``request.user`` is the certificate's user, or nobody for a certificate without one and for none."""
    User.objects.create(username="alice")
    answers = []
    with (
        override_settings(CLIENTCERT_USER={"attribute": "common_name"}),
        BACKENDS,
        serving(config(mode="optional"), view, middleware=STACK, is_async=is_async) as handler,
    ):
        from tests.material import ADMIN

        for client in (ALICE, ADMIN, None):
            headers = headers_of(client)
            answer = ask_asgi(handler, http_scope(headers)) if is_async else ask_wsgi(handler, environ(headers))
            answers.append(answer.body)
            assert "set-cookie" not in answer.headers
    assert answers == [b'"alice"', b"null", b"null"]
