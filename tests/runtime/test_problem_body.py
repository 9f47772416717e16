"""The hook that writes bodies of refusals: it decides about the body, and about nothing else."""

import json
import logging
from collections.abc import Callable
from dataclasses import FrozenInstanceError, astuple
from typing import Any

import pytest

from clientcert import ConfigurationError, ProblemBody, ProblemDetails
from clientcert.core.outcome import Rejected
from clientcert.errors import Reason
from clientcert.runtime.problem import CONTENT_TYPE, OnProblem, Problem, ProblemWriter, problem_for

EVIL = "CN=<script>alert(1)</script>\r\nset-cookie: x"
PAGE = ProblemBody(
    content="<h1>Kärt</h1>", content_type="text/html; charset=utf-8", headers=(("Content-Language", "de"),)
)


def rejected(reason: Reason = Reason.CERTIFICATE_EXPIRED) -> Rejected:
    """A refusal whose detail no client may see."""
    return Rejected(reason=reason, status=reason.status, detail=EVIL, hints=(EVIL,))


def written(hook: OnProblem | None, reason: Reason = Reason.CERTIFICATE_EXPIRED) -> Problem:
    """The response with a hook."""
    return ProblemWriter(realm="staff", on_problem=hook).problem_for(rejected(reason))


def headers_but_of_the_body(problem: Problem) -> set[tuple[str, str]]:
    """What a hook cannot change."""
    return {pair for pair in problem.headers if pair[0] not in ("content-type", "content-length")}


@pytest.mark.parametrize("reason", Reason)
def test_body_is_the_hooks(reason: Reason) -> None:
    """Body, media type and further headers are the hook's; status, challenge, caching and instance stay."""
    made, default = written(lambda _: PAGE, reason), problem_for(rejected(reason), realm="staff")
    headers = dict(made.headers)
    assert made.body == "<h1>Kärt</h1>".encode()
    assert (headers["content-type"], headers["content-length"]) == (PAGE.content_type, str(len(made.body)))
    assert made.status == default.status
    assert headers_but_of_the_body(made) == headers_but_of_the_body(default) | {("content-language", "de")}
    assert len(headers) == len(made.headers)
    assert made.instance.startswith("urn:uuid:")


@pytest.mark.parametrize("reason", Reason)
def test_hook_is_told_constants(reason: Reason) -> None:
    """The hook has what the default body has, the reason and the realm; no byte of the refusal's detail."""
    seen: list[ProblemDetails] = []
    made = written(seen.append, reason)
    (details,) = seen
    assert json.loads(made.body) == {
        "type": details.type,
        "title": details.title,
        "status": details.status,
        "instance": details.instance,
    }
    assert (details.reason, details.realm, details.instance) == (reason, "staff", made.instance)
    assert "script" not in repr(astuple(details))
    with pytest.raises(FrozenInstanceError):
        details.status = 200  # type: ignore[misc]


def test_none_keeps_the_default() -> None:
    """A hook that has nothing to say, and no hook, are the default."""
    for hook in (None, lambda _: None):
        made = written(hook)
        assert dict(made.headers)["content-type"] == CONTENT_TYPE
        assert json.loads(made.body)["instance"] == made.instance


async def later(_: ProblemDetails) -> ProblemBody:
    """A hook that nobody awaits."""
    return PAGE


def failing(_: ProblemDetails) -> ProblemBody:
    """A hook with a bug."""
    raise LookupError("no such template")


BROKEN: dict[str, Callable[[ProblemDetails], Any]] = {
    "raises": failing,
    "text": lambda _: "<h1>no</h1>",
    "false": lambda _: False,
    "takes-nothing": lambda: PAGE,  # type: ignore[dict-item,misc]
    "lone-surrogate": lambda _: ProblemBody(content="\ud800"),
    "header-injection": lambda _: ProblemBody(content="", headers=(("x-id", "a\r\nset-cookie: b"),)),
    "takes-the-challenge": lambda _: ProblemBody(content="", headers=(("WWW-Authenticate", "Basic"),)),
}


@pytest.mark.parametrize("hook", BROKEN.values(), ids=BROKEN)
def test_broken_hook(hook: Any, caplog: pytest.LogCaptureFixture) -> None:
    """Whatever goes wrong in a hook, the refusal stays what it is, and the operator finds the cause by its instance."""
    with caplog.at_level(logging.ERROR, logger="clientcert"):
        made = written(hook)
    assert (made.status, json.loads(made.body)["status"]) == (403, 403)
    assert headers_but_of_the_body(made) == headers_but_of_the_body(written(None))
    (record,) = caplog.records
    assert record.getMessage() == f"on_problem raised; the default body is sent, instance={made.instance}"
    assert record.exc_info is not None


@pytest.mark.filterwarnings("ignore:coroutine:RuntimeWarning")
def test_coroutine_is_no_body() -> None:
    """A hook that turns out to be async is a broken one."""
    hook: Any = lambda details: later(details)  # noqa: E731, PLW0108 - hides that it is one
    assert json.loads(written(hook).body)["status"] == 403


def test_broken_hook_does_not_fill_the_log(caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    """A flood of refusals makes one traceback a second."""
    seconds = iter([1.0, 1.5, 1.9, 2.0])
    monkeypatch.setattr("clientcert.runtime.problem.time.monotonic", lambda: next(seconds))
    writer = ProblemWriter(realm="staff", on_problem=failing)
    for _ in range(4):
        writer.problem_for(rejected())
    assert len([record for record in caplog.records if record.name == "clientcert"]) == 2


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "content": ({"content": None}, "content is a NoneType"),
    "media-type": ({"content_type": "html"}, "content_type is 'html'"),
    "media-type-with-a-line": ({"content_type": "text/html\r\nx: y"}, "content_type is"),
    "media-type-beyond-ascii": ({"content_type": "text/hтml"}, "content_type is"),
    "headers-as-a-dict": ({"headers": {"x-id": "1"}}, "wanted a tuple"),
    "header-without-a-value": ({"headers": ("x-id",)}, "is not a pair"),
    "header-of-bytes": ({"headers": ((b"x-id", b"1"),)}, "is not a pair"),
    "empty-name": ({"headers": (("", "1"),)}, "is not a pair"),
    "name-with-a-colon": ({"headers": (("x:y", "1"),)}, "is not a pair"),
    "name-with-a-line": ({"headers": (("x\r\ny", "1"),)}, "is not a pair"),
    "value-with-a-line": ({"headers": (("x", "1\n2"),)}, "is not a pair"),
    "value-with-nul": ({"headers": (("x", "1\0"),)}, "is not a pair"),
    "value-with-space-around": ({"headers": (("x", " 1"),)}, "is not a pair"),
    "value-beyond-latin-1": ({"headers": (("x", "\u202e"),)}, "is not a pair"),
    "twice": ({"headers": (("X-Id", "1"), ("x-id", "2"))}, "a name twice"),
    "challenge": ({"headers": (("WWW-Authenticate", "Basic"),)}, "reserved: .*cache-control"),
    "caching": ({"headers": (("cache-control", "public"),)}, "'cache-control' is not a body's to set"),
    "sniffing": ({"headers": (("X-Content-Type-Options", ""),)}, "not a body's to set"),
    "framing": ({"headers": (("Transfer-Encoding", "chunked"),)}, "not a body's to set"),
    "status": ({"headers": (("Status", "200 OK"),)}, "not a body's to set"),
}


@pytest.mark.parametrize(("changes", "message"), REFUSED.values(), ids=REFUSED)
def test_refused_body(changes: dict[str, Any], message: str) -> None:
    """A body that could change more than the body cannot be made."""
    with pytest.raises(ConfigurationError, match=message):
        ProblemBody(**{"content": "x", **changes})


@pytest.mark.parametrize("code", [code for code in range(0x20) if code != 0x09] + [0x7F, 0x85, 0x2028])
def test_no_control_character_gets_through(code: int) -> None:
    """No character that a server could take for the end of a line is in a header."""
    with pytest.raises(ConfigurationError):
        ProblemBody(content="x", headers=(("x-id", f"a{chr(code)}b"),))


def test_accepted_body() -> None:
    """Text, bytes and headers of one's own are a body."""
    assert ProblemBody(content=b"\xff", content_type="application/octet-stream").headers == ()
    assert ProblemBody(content="", headers=(("X-Id", "1"), ("link", '<https://a.example>; rel="help"'))).content == ""
