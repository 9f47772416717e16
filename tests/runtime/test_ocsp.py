"""OCSP off the request path: what is known is looked up, and the rest is fetched, from configured responders only."""

import os
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import pytest
from cryptography import x509
from cryptography.x509.oid import AuthorityInformationAccessOID

from clientcert.core.verification.ocsp_response import OcspError
from clientcert.core.verification.revocation import (
    FirstAnswer,
    Good,
    RevocationPolicy,
    RevocationStatus,
    Revoked,
    Unknown,
    check_revocation,
)
from clientcert.errors import ConfigurationError
from clientcert.runtime.http import FetchError
from clientcert.runtime.ocsp import OcspChecker
from clientcert.testing import CertificateAuthority, IssuedCertificate
from tests.core.verification.kit import NOW, SECOND, parsed
from tests.core.verification.ocsp_kit import respond
from tests.core.verification.revocation_kit import ALICE, BELOW, BOB, HOUR, ISSUING, ROOT, crl, load, path_of

URL = "http://ocsp.example/"
ROOT_KEY = parsed(ROOT).spki_sha256


@dataclass(slots=True)
class Responder:
    """Answers from a queue, for as long as there is one; the clock stands where it is put."""

    answers: list[bytes | Exception] = field(default_factory=list)
    urls: list[str] = field(default_factory=list)
    now: datetime = NOW

    def __call__(self, url: str, request: bytes, /, *, timeout_seconds: float) -> bytes:
        """Answer, or fail."""
        assert request
        assert timeout_seconds <= 5
        self.urls.append(url)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def checker(self, responders: Any = URL, **options: Any) -> OcspChecker:
        """A checker without a thread that asks this."""
        return OcspChecker(responders, fetch=self, clock=lambda: self.now, background=False, **options)


def ask(
    checker: OcspChecker,
    certificate: IssuedCertificate = ALICE,
    issuer: CertificateAuthority = ROOT,
    at: datetime = NOW,
) -> RevocationStatus:
    """What is known now."""
    return checker.check(parsed(certificate), parsed(issuer), at=at).status


def test_first_request_asks_nobody() -> None:
    """A certificate that was never seen is unknown, nothing is fetched meanwhile, and then it is known."""
    responder = Responder([respond()])
    checker = responder.checker()
    first = checker.check(parsed(ALICE), parsed(ROOT), at=NOW)
    assert first.status == Unknown(why="no OCSP response yet, it is being fetched")
    assert first.valid_until == NOW
    assert responder.urls == []
    assert checker.refresh_due() == 1
    second = checker.check(parsed(ALICE), parsed(ROOT), at=NOW)
    assert isinstance(second.status, Good)
    # Half of the hour that the response has left; before that it is not asked for again.
    assert second.valid_until == NOW + HOUR / 2
    assert checker.refresh_due() == 0
    assert responder.urls == [URL]


def test_revocation_is_noticed_at_the_next_refresh() -> None:
    """What was good is revoked after the refresh that says so, and no older response undoes that."""
    revoked = respond(status="revoked", this_update=NOW)
    responder = Responder([respond(), revoked, respond()])
    checker = responder.checker()
    ask(checker)
    for expected in (Good, Revoked, Revoked):
        assert checker.refresh_due() == 1
        assert isinstance(ask(checker), expected)
        responder.now += HOUR / 2
    assert isinstance(ask(checker, at=NOW + 1000 * HOUR), Revoked)


@pytest.mark.parametrize(
    ("failure", "text"),
    [
        pytest.param(FetchError("responder cannot be asked: timed out"), "timed out", id="unreachable"),
        pytest.param(b"hello", "not an OCSP response", id="garbage"),
        pytest.param(respond(0x1002), "speaks 0 times", id="another-certificate"),
    ],
)
def test_failures(failure: bytes | Exception, text: str) -> None:
    """A failure is the reason of "unknown", is tried again in half a minute, and costs no answer that still holds."""
    responder = Responder([failure, respond(), failure])
    checker = responder.checker()
    ask(checker)
    assert checker.refresh_due() == 1
    status = ask(checker)
    assert isinstance(status, Unknown)
    assert text in status.why
    assert checker.refresh_due() == 0
    responder.now += 30 * SECOND
    assert checker.refresh_due() == 1
    assert isinstance(ask(checker), Good)
    responder.now += HOUR / 2
    assert checker.refresh_due() == 1
    assert isinstance(ask(checker, at=NOW + HOUR), Good)
    late = ask(checker, at=NOW + HOUR + SECOND)
    assert isinstance(late, Unknown)
    assert "expired" in late.why


def test_responders_by_issuer() -> None:
    """Each issuer has its own responder; without one a certificate is unknown, and nobody is asked."""
    responder = Responder([respond()])
    checker = responder.checker({ROOT_KEY: URL + "root"})
    status = ask(checker, BELOW, ISSUING)
    assert isinstance(status, Unknown)
    assert "no OCSP responder is configured for 'CN=Issuing CA'" in status.why
    ask(checker)
    assert checker.refresh_due() == 1
    assert responder.urls == [URL + "root"]


def test_urls_in_a_certificate(monkeypatch: pytest.MonkeyPatch) -> None:
    """No URL of a certificate is ever asked, and no request opens a socket."""
    access = x509.AccessDescription(AuthorityInformationAccessOID.OCSP, x509.UniformResourceIdentifier("http://evil/"))
    extension: x509.Extension[x509.ExtensionType] = x509.Extension(
        x509.AuthorityInformationAccess.oid, critical=False, value=x509.AuthorityInformationAccess([access])
    )
    leaf = ROOT.issue(
        "urls", serial_number=0x1001, extra_extensions=[extension], crl_distribution_points=["http://evil/ca.crl"]
    )
    monkeypatch.setattr("socket.socket", None)
    responder = Responder([respond()])
    checker = responder.checker()
    policy = RevocationPolicy(mode="soft")
    both = FirstAnswer((load(crl(ca=ISSUING)), checker))
    assert check_revocation(path_of(leaf), both, policy, at=NOW).is_unknown
    checker.refresh_due()
    assert check_revocation(path_of(leaf), both, policy, at=NOW).text.startswith("good: OCSP")
    assert responder.urls == [URL]


def test_capacity() -> None:
    """The certificate unused for longest makes room for a new one."""
    responder = Responder([respond(0x1001), respond(0x1002)])
    checker = responder.checker(capacity=2)
    ask(checker, ALICE)
    ask(checker, BOB)
    checker.refresh_due()
    ask(checker, ALICE)
    ask(checker, BELOW, ISSUING)
    assert isinstance(ask(checker, ALICE), Good)
    assert isinstance(ask(checker, BOB), Unknown)


def test_follow_and_staple() -> None:
    """An answer can be there before the first request: followed, or stapled."""
    responder = Responder([respond(0x1001)])
    checker = responder.checker()
    checker.follow(parsed(ALICE), parsed(ROOT))
    assert checker.refresh_due() == 1
    assert isinstance(ask(checker), Good)
    checker.staple(respond(0x1002), parsed(BOB), parsed(ROOT))
    assert isinstance(ask(checker, BOB), Good)
    checker.staple(respond(0x1002, status="revoked", this_update=NOW), parsed(BOB), parsed(ROOT))
    checker.staple(respond(0x1002), parsed(BOB), parsed(ROOT))
    assert isinstance(ask(checker, BOB), Revoked)
    with pytest.raises(OcspError):
        checker.staple(respond(0x1002), parsed(ALICE), parsed(ROOT))
    assert checker.refresh_due() == 0


def test_staple_without_responder() -> None:
    """A staple for an issuer without a responder is not kept: nothing would ever replace it."""
    checker = Responder().checker({ROOT_KEY: URL})
    leaf = ISSUING.issue("stapled", serial_number=0x1001)
    checker.staple(respond(issuer=ISSUING, signer=ISSUING.issued), parsed(leaf), parsed(ISSUING))
    assert isinstance(ask(checker, leaf, ISSUING), Unknown)


def _answered(answer: bytes) -> tuple[Callable[..., bytes], threading.Event]:
    event = threading.Event()

    def fetch(_url: str, _request: bytes, /, *, timeout_seconds: float) -> bytes:
        del timeout_seconds
        event.set()
        return answer

    return fetch, event


def _wait_for_good(checker: OcspChecker) -> bool:
    for _ in range(200):
        if isinstance(ask(checker), Good):
            return True
        threading.Event().wait(0.01)
    return False


def test_thread() -> None:
    """By default a thread fetches, of its own accord, and ends with the checker."""
    fetch, fetched = _answered(respond())
    checker = OcspChecker(URL, fetch=fetch, clock=lambda: NOW)
    assert checker._thread is None
    ask(checker)
    thread = checker._thread
    assert thread is not None
    assert fetched.wait(5)
    assert _wait_for_good(checker)
    assert checker._thread is thread
    wanted = checker._wanted
    del checker
    wanted.set()
    thread.join(5)
    assert not thread.is_alive()


@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_fork() -> None:
    """After a fork, even one in the middle of things, the child fetches with a thread of its own."""
    fetch, _ = _answered(respond())
    checker = OcspChecker(URL, fetch=fetch, clock=lambda: NOW)
    ask(checker, BOB)
    with checker._lock:
        child = os.fork()
        if child == 0:
            os._exit(0 if _wait_for_good(checker) else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert _wait_for_good(checker)


def test_lock_of_another_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """In another process than the one it was made in, a checker begins with a lock of its own."""
    responder = Responder([respond()])
    checker = responder.checker()
    lock = checker._lock
    monkeypatch.setattr(checker, "_process", 0)
    with lock:
        assert isinstance(ask(checker), Unknown)
    assert checker._lock is not lock
    assert checker.refresh_due() == 1
    assert isinstance(ask(checker), Good)


def test_system_clock() -> None:
    """Without a clock the machine's counts."""
    checker = OcspChecker(URL, background=False)
    assert checker._clock().tzinfo is not None


@pytest.mark.parametrize(
    ("arguments", "options"),
    [
        pytest.param("", {}, id="no-responder"),
        pytest.param({}, {}, id="no-responders"),
        pytest.param(URL, {"capacity": 0}, id="capacity"),
        pytest.param(URL, {"refresh": 0 * HOUR}, id="refresh"),
        pytest.param("ldap://ocsp.example/", {}, id="ldap"),
        pytest.param("file:///etc/passwd", {}, id="file"),
        pytest.param("http:///path", {}, id="no-host"),
        pytest.param("http://user:word@ocsp.example/", {}, id="credentials"),
        pytest.param("http://ocsp.example:port/", {}, id="port"),
        pytest.param("http://ocsp.example/a b", {}, id="space"),
        pytest.param({ROOT_KEY: "ocsp.example"}, {}, id="no-scheme"),
    ],
)
def test_configuration(arguments: Any, options: dict[str, Any]) -> None:
    """What cannot work is refused while constructing."""
    with pytest.raises(ConfigurationError, match="ocsp"):
        OcspChecker(arguments, **options)
