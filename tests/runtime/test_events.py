"""Events: what the operator's hook and the log are told, and what neither can do to a request."""

import logging
from collections.abc import Iterator
from dataclasses import replace

import pytest

from clientcert.core.identity import ClientIdentity, Evidence, EvidenceLevel
from clientcert.core.names import DistinguishedName
from clientcert.core.outcome import Anonymous, Authenticated, Rejected
from clientcert.errors import Reason, escape_peer_text
from clientcert.runtime.events import Event, EventLog
from tests.material import NOW

IDENTITY = ClientIdentity(
    subject=DistinguishedName.from_nginx(b"CN=secret-name"),
    issuer=DistinguishedName.from_nginx(b"CN=ca"),
    evidence=Evidence(level=EvidenceLevel.VERIFIED, source="nginx", verified_at=NOW),
)
REJECTED = Event(
    outcome=Rejected(
        reason=Reason.CERTIFICATE_EXPIRED, status=403, detail="3600 s late", hints=("RFC 5280", "renew it")
    ),
    enforced=True,
    source="nginx",
    instance="urn:uuid:1",
    at=NOW,
)
NOBODY = replace(REJECTED, outcome=Anonymous(reason=Reason.NO_CERTIFICATE, detail="none"), instance=None)
REWRITTEN = replace(REJECTED, outcome=Anonymous(reason=Reason.PEER_ADDRESS_REWRITTEN, detail="x"), instance=None)
ACCEPTED = replace(REJECTED, outcome=Authenticated(identity=IDENTITY), instance=None)


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.LogCaptureFixture]:
    """The log at its most talkative, on a clock that stands still."""
    monkeypatch.setattr("clientcert.runtime.events.time.monotonic", lambda: 1_000.0)
    with caplog.at_level(logging.DEBUG, logger="clientcert"):
        yield caplog


def test_event_says_what_became_of_it() -> None:
    """Kind and reason follow from the outcome."""
    assert (REJECTED.kind, REJECTED.reason) == ("rejected", Reason.CERTIFICATE_EXPIRED)
    assert (NOBODY.kind, NOBODY.reason) == ("anonymous", Reason.NO_CERTIFICATE)
    assert (ACCEPTED.kind, ACCEPTED.reason) == ("authenticated", None)


def test_refusal_is_one_warning(log: pytest.LogCaptureFixture) -> None:
    """A refusal is one line with its reason, its ways out, and the key that the client was given."""
    EventLog(None).emit(REJECTED)
    (record,) = log.records
    assert record.levelno == logging.WARNING
    assert record.getMessage() == (
        "rejected certificate-expired: 3600 s late; RFC 5280; renew it source=nginx instance=urn:uuid:1"
    )
    assert record.__dict__["clientcert_event"] is REJECTED


def test_report_only_is_marked(log: pytest.LogCaptureFixture) -> None:
    """A refusal that was not enforced says so."""
    EventLog(None).emit(replace(REJECTED, enforced=False))
    assert "renew it (not enforced) source=nginx" in log.text


def test_nobody_is_unremarkable(log: pytest.LogCaptureFixture) -> None:
    """A request without a certificate is no warning; a misconfigured hop is one."""
    EventLog(None).emit(NOBODY)
    EventLog(None).emit(REWRITTEN)
    assert [record.levelno for record in log.records] == [logging.DEBUG, logging.WARNING]


def test_o2_success_is_not_logged(log: pytest.LogCaptureFixture) -> None:
    """Who the client is stands in no log of ours; whoever wants it has the hook."""
    seen: list[Event] = []
    assert not EventLog(None).wants_success
    assert EventLog(seen.append).wants_success
    EventLog(seen.append).emit(ACCEPTED)
    assert seen == [ACCEPTED]
    assert log.records == []


def test_hook_sees_every_event(log: pytest.LogCaptureFixture) -> None:
    """The hook is called for each event, whatever the log's level."""
    seen: list[Event] = []
    logging.getLogger("clientcert").setLevel(logging.CRITICAL)
    for event in (REJECTED, NOBODY, ACCEPTED):
        EventLog(seen.append).emit(event)
    assert seen == [REJECTED, NOBODY, ACCEPTED]
    assert log.records == []


def test_broken_hook_changes_nothing(log: pytest.LogCaptureFixture) -> None:
    """An exception in the hook is logged with its traceback, and the refusal is logged all the same."""

    def hook(_: Event) -> None:
        raise ZeroDivisionError("hook")

    EventLog(hook).emit(REJECTED)
    first, second = log.records
    assert first.levelno == logging.ERROR
    assert first.exc_info is not None
    assert first.exc_info[0] is ZeroDivisionError
    assert second.getMessage().startswith("rejected")


@pytest.mark.parametrize("interruption", [KeyboardInterrupt, SystemExit])
def test_interruption_in_the_hook_is_not_swallowed(interruption: type[BaseException]) -> None:
    """What is meant to end the process does."""

    def hook(_: Event) -> None:
        raise interruption

    with pytest.raises(interruption):
        EventLog(hook).emit(REJECTED)


def test_r7_flood(log: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of one reason, ten lines a second reach the log; another reason and the next second have their own."""
    seen: list[Event] = []
    event_log = EventLog(seen.append)
    for _ in range(1_000):
        event_log.emit(REJECTED)
    assert len(log.records) == 10
    event_log.emit(REWRITTEN)
    assert len(log.records) == 11
    monkeypatch.setattr("clientcert.runtime.events.time.monotonic", lambda: 1_001.0)
    event_log.emit(REJECTED)
    assert len(log.records) == 12
    assert len(seen) == 1_002


HOSTILE = {
    "o1-line-feed": "a\nWARNING forged",
    "o1-carriage-return": "a\r\n",
    "o1-escape": "\x1b[2J",
    "o1-percent": "%s %d %(x)s {0} {}",
    "o1-quotes": "\"'`",
    "o1-bidi": "\u202e\u2066",
    "o1-line-separator": "a\u2028b\u2029c\x85d",
    "o1-nul": "\x00",
    "o1-surrogate": "\ud800",
    "o1-non-ascii": "Jos\u00e9",
    "o1-long": "x" * 10_000,
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_o1_peer_text_is_one_printable_line(text: str, log: pytest.LogCaptureFixture) -> None:
    """Whatever a peer sent is shown as printable ASCII on one line, cut, and is never taken for a format."""
    shown = escape_peer_text(text)
    assert shown.isascii()
    assert shown.isprintable()
    assert len(shown) <= 83
    assert escape_peer_text(text.encode("utf-8", "surrogatepass")).isprintable()
    outcome = Rejected(reason=Reason.PROXY_VERDICT_FAILED, status=403, detail=f"verdict is {shown}")
    EventLog(None).emit(replace(REJECTED, outcome=outcome))
    assert len(log.text.splitlines()) == 1
    assert shown in log.records[0].getMessage()


def test_escape_keeps_what_is_harmless() -> None:
    """Printable ASCII stays as it is, up to the limit, and a backslash cannot pretend to be an escape of ours."""
    assert escape_peer_text("FAILED:certificate has expired") == "FAILED:certificate has expired"
    assert escape_peer_text("x" * 80) == "x" * 80
    assert escape_peer_text("x" * 81) == "x" * 80 + "..."
    assert escape_peer_text(b"\\n\n\xff", limit=20) == "\\\\n\\n\\xff"
