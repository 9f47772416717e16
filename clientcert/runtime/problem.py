"""A refusal as HTTP: RFC 9457, constant per case, without a byte of the client's in it."""

import json
import logging
import string
import time
from collections.abc import Callable
from contextvars import Context
from dataclasses import dataclass, replace
from typing import Final
from uuid import uuid4

from clientcert.core.outcome import Rejected
from clientcert.errors import Case, ConfigurationError, Reason

logger = logging.getLogger("clientcert")

CONTENT_TYPE: Final = "application/problem+json"
_RETRY_AFTER_SECONDS = 30
_TOKEN: Final = frozenset(string.ascii_letters + string.digits + "!#$%&'*+-.^_`|~")  # RFC 9110 §5.6.2
# What makes a refusal one: how it is stored, challenged, framed. The hop-by-hop ones are the server's (PEP 3333).
_RESERVED: Final = frozenset(
    {
        "age",
        "cache-control",
        "connection",
        "content-encoding",
        "content-length",
        "content-type",
        "expires",
        "keep-alive",
        "pragma",
        "proxy-authenticate",
        "proxy-authorization",
        "retry-after",
        "status",
        "te",
        "trailer",
        "trailers",
        "transfer-encoding",
        "upgrade",
        "www-authenticate",
        "x-content-type-options",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """
    A complete response.

    Attributes:
        status: HTTP status.
        headers: ``(lower-case name, value)`` pairs, the content length among them.
        body: ``application/problem+json``, or what `on_problem` made of it.
        instance: ``urn:uuid:…`` in the default body, the key to the log line.
    """

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    instance: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ProblemDetails:
    """
    What the hook `on_problem` is told of a refusal: constants and a UUID, no byte of the client's.

    Attributes:
        type: ``urn:clientcert:problem:<case>`` (RFC 9457 §3.1.1).
        title: One per case.
        status: HTTP status of the response; it stays whatever the hook returns.
        instance: ``urn:uuid:…``, the key to the log line.
        reason: The cause. What a body tells of it, whoever forges evidence learns as well.
        realm: The configured one.
    """

    type: str
    title: str
    status: int
    instance: str
    reason: Reason
    realm: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ProblemBody:
    """
    What the client is shown in the place of the default body.

    Attributes:
        content: The whole body; text is sent as UTF-8.
        content_type: Its media type (RFC 9110 §8.3).
        headers: ``(name, value)`` pairs to add. Status, challenge, caching and framing are not the hook's.

    Raises:
        ConfigurationError: Another type; a media type or header that is not one line of printable ASCII; a header
            that is reserved, or there twice.
    """

    content: str | bytes
    content_type: str = CONTENT_TYPE
    headers: tuple[tuple[str, str], ...] = ()

    def __post_init__(self) -> None:
        """Check everything."""
        if not isinstance(self.content, str | bytes):
            raise ConfigurationError(f"content is a {type(self.content).__name__}, wanted text or bytes")
        if not _is_field_value(self.content_type) or "/" not in self.content_type:
            raise ConfigurationError(f"content_type is {self.content_type!r}, wanted one such as 'text/html'")
        if not isinstance(self.headers, tuple):
            raise ConfigurationError(f"headers is {self.headers!r}, wanted a tuple of (name, value) pairs")
        names = [_checked_name(pair) for pair in self.headers]
        if len(set(names)) != len(names):
            raise ConfigurationError(f"headers has a name twice: {', '.join(names)}")


OnProblem = Callable[[ProblemDetails], ProblemBody | None]
"""The hook that writes bodies of refusals; None keeps the default."""


def problem_type(case: Case) -> str:
    """Name the case of a refusal, as a URI (RFC 9457 §3.1.1)."""
    return f"urn:clientcert:problem:{case.slug}"


def problem_for(rejected: Rejected, *, realm: str) -> Problem:
    """
    The default response for a refusal.

    Args:
        rejected: Its case decides type and title, its status the status; nothing else of it is shown.
        realm: For the challenge that a 401 must carry (RFC 9110 §11.6.1).
    """
    case: Case = rejected.reason.case
    instance = f"urn:uuid:{uuid4()}"
    body = json.dumps(
        {
            "type": problem_type(case),
            "title": case.title,
            "status": rejected.status,
            "instance": instance,
        }
    ).encode("ascii")
    headers = [
        ("content-type", CONTENT_TYPE),
        ("content-length", str(len(body))),
        ("cache-control", "no-store"),
        ("x-content-type-options", "nosniff"),
    ]
    if rejected.status == Case.MISSING.status:
        headers.append(("www-authenticate", f'ClientCert realm="{realm}"'))
    if case is Case.UNAVAILABLE:
        headers.append(("retry-after", str(_RETRY_AFTER_SECONDS)))
    return Problem(status=rejected.status, headers=tuple(headers), body=body, instance=instance)


class ProblemWriter:
    """
    Makes the response to a refusal, with the operator's own body where there is one.

    Args:
        realm: For the challenge of a 401.
        on_problem: Writes bodies. An exception in it is logged and the default body sent: a refusal stays one.
    """

    def __init__(self, *, realm: str, on_problem: OnProblem | None) -> None:
        self._realm = realm
        self._on_problem = on_problem
        self._failed_at = -1

    def problem_for(self, rejected: Rejected) -> Problem:
        """Make the response; see the function of this name for the default."""
        problem = problem_for(rejected, realm=self._realm)
        if self._on_problem is None:
            return problem
        try:
            # In a context of its own: through Flask's `request` and the like the hook would see the client's bytes.
            body = Context().run(self._on_problem, self._details(rejected, problem))
            return problem if body is None else _with_body(problem, body)
        except Exception:  # whatever a hook does, a refusal must not become an error 500 or an admission
            # A traceback a second: whoever can be refused must not fill a disk.
            second = int(time.monotonic())
            if second != self._failed_at:
                self._failed_at = second
                logger.exception("on_problem raised; the default body is sent, instance=%s", problem.instance)
            return problem

    def _details(self, rejected: Rejected, problem: Problem) -> ProblemDetails:
        case: Case = rejected.reason.case
        return ProblemDetails(
            type=problem_type(case),
            title=case.title,
            status=problem.status,
            instance=problem.instance,
            reason=rejected.reason,
            realm=self._realm,
        )


def _with_body(problem: Problem, body: ProblemBody) -> Problem:
    if not isinstance(body, ProblemBody):
        raise ConfigurationError(f"on_problem returned a {type(body).__name__}, wanted a ProblemBody or None")
    content = body.content.encode("utf-8") if isinstance(body.content, str) else body.content
    own = {"content-type": body.content_type, "content-length": str(len(content))}
    added = tuple((name.lower(), value) for name, value in body.headers)
    return replace(problem, headers=(*({**dict(problem.headers), **own}).items(), *added), body=content)


def _is_field_value(value: object) -> bool:
    """Whether text can be a header's value on every server: no control character, nothing to trim (RFC 9110 §5.5)."""
    return isinstance(value, str) and value.isascii() and value.isprintable() and value == value.strip()


def _checked_name(pair: object) -> str:
    """Return the lower-case name of a header that a body may bring."""
    name, value = pair if isinstance(pair, tuple) and len(pair) == len(("name", "value")) else (None, pair)
    if not isinstance(name, str) or not name or not _TOKEN.issuperset(name) or not _is_field_value(value):
        raise ConfigurationError(f"header {pair!r} is not a pair of a token and one line of printable ASCII")
    if name.lower() in _RESERVED:
        raise ConfigurationError(f"header {name!r} is not a body's to set; reserved: {', '.join(sorted(_RESERVED))}")
    return name.lower()
