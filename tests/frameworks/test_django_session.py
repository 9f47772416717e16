"""Django: a session belongs to the certificate with which it began."""

import json
from typing import Any

import pytest
from django.contrib.auth import alogin, login
from django.contrib.auth.models import User
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.http import HttpRequest, JsonResponse

from clientcert.core.sources import IngressNginx
from clientcert.django.checks import OURS, SESSION
from clientcert.django.session import BINDING_KEY
from clientcert.testing import IssuedCertificate
from tests.core.test_confirmation import IDENTITY
from tests.django_app import serving
from tests.driving import Answer, ask_asgi, ask_wsgi, environ, http_scope
from tests.frameworks.clients import headers_of
from tests.material import ADMIN, ADMIN_DN, ALICE, AUTHORITY, CA_DN, Pairs, config, evidence

pytestmark = [
    pytest.mark.usefixtures("database"),
    pytest.mark.parametrize("is_async", [False, True], ids=["wsgi", "asgi"]),
]

STACK = (
    OURS,
    "django.contrib.sessions.middleware.SessionMiddleware",
    SESSION,
    "django.contrib.auth.middleware.AuthenticationMiddleware",
)
BACKEND = "django.contrib.auth.backends.ModelBackend"


def view(request: HttpRequest) -> JsonResponse:
    """Log alice in, put something in a basket, or say what is there."""
    if request.path == "/login":
        login(request, User.objects.get(username="alice"), backend=BACKEND)
    if request.path == "/basket":
        request.session["basket"] = ["book"]
    user = request.user.get_username() if request.user.is_authenticated else None
    return JsonResponse({"user": user, "basket": request.session.get("basket")})


async def async_view(request: HttpRequest) -> JsonResponse:
    """The same without a thread."""
    if request.path == "/login":
        await alogin(request, await User.objects.aget(username="alice"), backend=BACKEND)
    if request.path == "/basket":
        await request.session.aset("basket", ["book"])
    # In 5.2 `auser` remembers who was there before `alogin`; the middleware itself asks nobody.
    user = await request.auser() if request.path != "/login" else request.user
    name = user.get_username() if user.is_authenticated else None
    return JsonResponse({"user": name, "basket": await request.session.aget("basket")})


class Browser:
    """A client that keeps its session cookie, and may present one certificate or another."""

    def __init__(self, *, is_async: bool, **changes: Any) -> None:
        User.objects.create(username="alice")
        self.is_async = is_async
        self.settings = config(**{"mode": "optional", "exempt": ["/healthz"], **changes})
        self.cookie = ""

    def get(self, path: str, client: IssuedCertificate | Pairs | None = ALICE) -> Any:
        """Ask, and keep the cookie or forget it, as told."""
        headers = client if isinstance(client, tuple) else headers_of(client)
        if self.cookie:
            headers = (*headers, ("cookie", f"sessionid={self.cookie}"))
        chosen = async_view if self.is_async else view
        with serving(self.settings, chosen, middleware=STACK, is_async=self.is_async) as handler:
            if self.is_async:
                answer: Answer = ask_asgi(handler, http_scope(headers, path=path))
            else:
                answer = ask_wsgi(handler, environ(headers, path=path))
        self.set_cookie = answer.headers.get("set-cookie")
        if self.set_cookie is not None:
            self.cookie = self.set_cookie.partition("=")[2].partition(";")[0].strip('"')
        return json.loads(answer.body)["user"] if "basket" not in path else json.loads(answer.body)["basket"]


def test_same_certificate(*, is_async: bool) -> None:
    """With the certificate of the log-in the session goes on."""
    browser = Browser(is_async=is_async)
    assert browser.get("/login") == "alice"
    assert browser.get("/") == "alice"
    (session,) = Session.objects.all()
    assert session.get_decoded()[BINDING_KEY] == IDENTITY.spki_sha256


@pytest.mark.parametrize("other", [ADMIN, None], ids=["another", "none"])
def test_other_certificate_ends_it(other: IssuedCertificate | None, *, is_async: bool) -> None:
    """Another certificate or none ends the session for good, and the cookie goes."""
    browser = Browser(is_async=is_async)
    browser.get("/login")
    cookie = browser.cookie
    assert browser.get("/", other) is None
    assert browser.cookie == ""
    browser.cookie = cookie
    assert browser.get("/") is None
    assert not Session.objects.exists()


def test_renewed_certificate(*, is_async: bool) -> None:
    """A renewed certificate of the same key keeps the session."""
    browser = Browser(is_async=is_async)
    browser.get("/login")
    renewed = AUTHORITY.issue(subject=[("O", "Example"), ("CN", "alice")], serial_number=0x1777, key=ALICE.key)
    assert browser.get("/", evidence(renewed)) == "alice"


def test_session_begun_without_certificate(*, is_async: bool) -> None:
    """A session that began without a certificate goes on without one, and ends with one."""
    browser = Browser(is_async=is_async)
    browser.get("/login", None)
    assert browser.get("/", None) == "alice"
    assert browser.get("/", ALICE) is None


def test_anonymous_session(*, is_async: bool) -> None:
    """What was put in a session without log-in is bound as well."""
    browser = Browser(is_async=is_async)
    assert browser.get("/basket") == ["book"]
    assert json.loads(json.dumps(Session.objects.get().get_decoded()))[BINDING_KEY] == IDENTITY.spki_sha256
    assert browser.get("/", ADMIN) is None
    assert not Session.objects.exists()


def test_session_older_than_the_binding(*, is_async: bool) -> None:
    """A log-in that began before sessions were bound ends, because nobody knows whose it is."""
    browser = Browser(is_async=is_async)
    browser.get("/login")
    session = Session.objects.get()
    data = session.get_decoded()
    del data[BINDING_KEY]
    session.session_data = SessionStore().encode(data)
    session.save()
    assert browser.get("/") is None


def test_exempt_path(*, is_async: bool) -> None:
    """On an exempt path there is no session, and the one that is there stays."""
    browser = Browser(is_async=is_async)
    browser.get("/login")
    assert browser.get("/healthz", None) is None
    assert browser.set_cookie is None
    assert browser.get("/") == "alice"


def test_names_bind_nothing(*, is_async: bool) -> None:
    """A proxy that sends names only shows no key to bind to, so nobody stays logged in."""
    browser = Browser(is_async=is_async, source=IngressNginx(pass_certificate=False))
    names = evidence(None, subject=ADMIN_DN, issuer=CA_DN)
    assert browser.get("/login", names) == "alice"
    assert browser.get("/", names) is None


def test_no_cookie_no_question(*, is_async: bool) -> None:
    """A request without a session does not make its response depend on cookies."""
    browser = Browser(is_async=is_async)
    assert browser.get("/") is None
    assert browser.set_cookie is None
