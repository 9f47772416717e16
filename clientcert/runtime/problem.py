"""A refusal as HTTP: RFC 9457, constant per case, without a byte of the client's in it."""

import json
from dataclasses import dataclass
from uuid import uuid4

from clientcert.core.outcome import Rejected
from clientcert.errors import Case

_RETRY_AFTER_SECONDS = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """
    A complete response.

    Attributes:
        status: HTTP status.
        headers: ``(lower-case name, value)`` pairs, the content length among them.
        body: ``application/problem+json``.
        instance: ``urn:uuid:…`` in the body, the key to the log line.
    """

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    instance: str


def problem_for(rejected: Rejected, *, realm: str) -> Problem:
    """
    The response for a refusal.

    Args:
        rejected: Its case decides type and title, its status the status; nothing else of it is shown.
        realm: For the challenge that a 401 must carry (RFC 9110 §11.6.1).
    """
    case: Case = rejected.reason.case
    instance = f"urn:uuid:{uuid4()}"
    body = json.dumps(
        {
            "type": f"urn:clientcert:problem:{case.slug}",
            "title": case.title,
            "status": rejected.status,
            "instance": instance,
        }
    ).encode("ascii")
    headers = [
        ("content-type", "application/problem+json"),
        ("content-length", str(len(body))),
        ("cache-control", "no-store"),
        ("x-content-type-options", "nosniff"),
    ]
    if rejected.status == Case.MISSING.status:
        headers.append(("www-authenticate", f'ClientCert realm="{realm}"'))
    if case is Case.UNAVAILABLE:
        headers.append(("retry-after", str(_RETRY_AFTER_SECONDS)))
    return Problem(status=rejected.status, headers=tuple(headers), body=body, instance=instance)
