"""Refusals as HTTP: constant for each case, complete, without a byte of the client's (rows O of the threat model)."""

import json
from uuid import UUID

import pytest

from clientcert.core.outcome import Rejected
from clientcert.errors import Case, Reason
from clientcert.runtime.problem import Problem, problem_for

# Problem type, status, title: what clients may rely on.
CASES = {
    Case.MISSING: ("missing", 401, "Client certificate required"),
    Case.REJECTED: ("rejected", 403, "Client certificate not accepted"),
    Case.AMBIGUOUS: ("ambiguous", 400, "Client certificate evidence is contradictory"),
    Case.MALFORMED: ("malformed", 400, "Client certificate evidence cannot be read"),
    Case.HEADER_TOO_LARGE: ("too-large", 431, "Client certificate header is too large"),
    Case.CERTIFICATE_TOO_LARGE: ("too-large", 400, "Client certificate is too large"),
    Case.MISDIRECTED: ("misdirected", 421, "Request is for another host"),
    Case.UNAVAILABLE: ("unavailable", 503, "Client certificates cannot be verified right now"),
    Case.INTERNAL: ("internal", 500, "Client certificate authentication failed"),
}

DETAIL = "CN=<script>alert(1)</script>\r\nset-cookie: x"


def problem(reason: Reason, *, status: int | None = None, realm: str = "client certificate") -> Problem:
    """The response for a reason, with details that no client may see."""
    rejected = Rejected(reason=reason, status=status or reason.status, detail=DETAIL, hints=(DETAIL,))
    return problem_for(rejected, realm=realm)


def test_every_case_is_in_the_table() -> None:
    """No case is without its row, and none is without a reason that leads to it."""
    assert set(CASES) == set(Case)
    assert {reason.case for reason in Reason} == set(Case)


@pytest.mark.parametrize("reason", Reason)
def test_o3_body_is_constant(reason: Reason) -> None:
    """The body has the type, title and status of the reason's case and a UUID; nothing tells one cause from another."""
    slug, status, title = CASES[reason.case]
    made = problem(reason)
    body = json.loads(made.body)
    assert body == {
        "type": f"urn:clientcert:problem:{slug}",
        "title": title,
        "status": status,
        "instance": made.instance,
    }
    assert made.status == status
    assert UUID(made.instance.removeprefix("urn:uuid:")).version == 4


@pytest.mark.parametrize("reason", Reason)
def test_o4_headers(reason: Reason) -> None:
    """Every refusal is problem+json, is stored nowhere, is sniffed by nobody, and has its length."""
    made = problem(reason)
    headers = dict(made.headers)
    assert len(headers) == len(made.headers)
    assert headers["content-type"] == "application/problem+json"
    assert headers["cache-control"] == "no-store"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["content-length"] == str(len(made.body))
    assert all(name == name.lower() and "\n" not in value and "\r" not in value for name, value in made.headers)


@pytest.mark.parametrize("reason", Reason)
def test_o3_no_byte_of_the_clients(reason: Reason) -> None:
    """Neither body nor headers hold anything of the detail, nor the reason itself."""
    made = problem(reason)
    shown = made.body.decode() + repr(made.headers)
    assert "script" not in shown
    assert "set-cookie" not in shown
    assert f'"{reason}"' not in shown or str(reason) == reason.case.slug


def test_instances_differ() -> None:
    """Two refusals have two instances, and otherwise the same body."""
    first, second = problem(Reason.REVOKED), problem(Reason.CERTIFICATE_EXPIRED)
    assert first.instance != second.instance
    assert first.body.replace(first.instance.encode(), b"") == second.body.replace(second.instance.encode(), b"")


@pytest.mark.parametrize(
    ("reason", "status", "challenged"),
    [
        (Reason.NO_CERTIFICATE, 401, True),
        (Reason.PROXY_NOT_PROVEN, 401, True),
        (Reason.NO_CERTIFICATE, 403, False),
        (Reason.REVOKED, 403, False),
        (Reason.DUPLICATE_HEADER, 400, False),
    ],
)
def test_challenge(reason: Reason, status: int, *, challenged: bool) -> None:
    """A 401 carries a challenge with the realm (RFC 9110 §15.5.2), and nothing else does."""
    made = problem(reason, status=status, realm="a realm")
    challenge = 'ClientCert realm="a realm"' if challenged else None
    assert dict(made.headers).get("www-authenticate") == challenge
    assert made.status == json.loads(made.body)["status"] == status


def test_retry_after() -> None:
    """Only what will pass by itself says when to come again."""
    assert int(dict(problem(Reason.TRUST_STALE).headers)["retry-after"]) > 0
    assert "retry-after" not in dict(problem(Reason.INTERNAL_ERROR).headers)


def test_reasons_are_stable_text() -> None:
    """A reason is its kebab-case text, and stays equal to it."""
    for reason in Reason:
        assert reason == reason.value
        assert str(reason) == reason.value == reason.name.lower().replace("_", "-")
        assert Reason.__members__[reason.name] is reason
