"""Tables of cases for a policy: which client may do what, as its reviewers expect it."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote_to_bytes

from clientcert.core.identity import ClientIdentity
from clientcert.core.policy import Decision, Policy, Route, RoutePolicy
from clientcert.runtime.policy_clients import read_client
from clientcert.runtime.policy_file import check_version, read_file
from clientcert.runtime.policy_rules import check_choice, check_keys, check_list
from clientcert.runtime.policy_text import Document, DocumentError, Keys, read_document

NOBODY: Final = "nobody"
"""Stands in a case for a request without a certificate."""

_EXPECT: Final = {"allow": True, "deny": False}
_NEEDED: Final = ("client", "method", "path", "expect")


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyCase:
    """
    One request, and what must become of it.

    Attributes:
        place: File and line.
        client: Name of the client.
        identity: The client; None for `NOBODY`.
        method: As received, or ``WEBSOCKET``.
        target: Path as it is on the wire, percent-encoded, no query.
        allowed: What must become of it.
        because: Kind of a rule that must be among those that deny it, such as ``ou``; or ``route``, ``method``,
            ``path`` where there is no rule; None where it does not matter.
        roles: The roles that the client must have, no more and no less; None where it does not matter.
    """

    place: str
    client: str
    identity: ClientIdentity | None
    method: str
    target: str
    allowed: bool
    because: str | None = None
    roles: frozenset[str] | None = None

    def __str__(self) -> str:
        return f"{self.client} {'may' if self.allowed else 'may not'} {self.method} {self.target}"


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseResult:
    """
    What a policy says of a case.

    Attributes:
        case: The case.
        decision: The policy's.
        problems: In what they differ, ASCII; none where the policy does as expected.
    """

    case: PolicyCase
    decision: Decision
    problems: tuple[str, ...]

    @property
    def passed(self) -> bool:
        """Whether the policy does as expected."""
        return not self.problems


def load_cases(path: str | Path) -> tuple[PolicyCase, ...]:
    """
    Read a file of cases; certificates that it names are looked for beside it.

    Raises:
        ConfigurationError: It cannot be read, or anything in it makes no case; with file, line and the legal choices.
    """
    document = read_document(read_file(path), name=str(path))
    try:
        return tuple(_cases(document, Path(path).parent))
    except DocumentError as fault:
        raise document.error(fault) from fault


def run_case(policy: Policy, case: PolicyCase) -> CaseResult:
    """Ask a policy about a case."""
    decision = decide_target(policy, case.identity, method=case.method, target=case.target)
    problems = denial_problems(decision, case.because)
    if case.allowed:
        problems = () if decision.allowed else (f"denied, {decision.summary}",)
    roles = policy.roles.of(case.identity)
    if case.roles is not None and roles != case.roles:
        problems += (f"roles are {_listed(roles)}, expected {_listed(case.roles)}",)
    return CaseResult(case=case, decision=decision, problems=problems)


def denial_problems(decision: Decision, because: str | None) -> tuple[str, ...]:
    """What keeps a decision from being a denial, because of a kind of rule where one is given; ASCII."""
    if decision.allowed:
        return ("allowed",)
    kinds = tuple(dict.fromkeys(leaf.rule.kind for leaf in decision.failing))
    if because is not None and because not in kinds:
        return (f"denied because of {', '.join(map(ascii, kinds))}, not of {because!a}: {decision.summary}",)
    return ()


def decide_target(policy: Policy, identity: ClientIdentity | None, *, method: str, target: str) -> Decision:
    """
    Ask a policy about a path as it is on the wire.

    Args:
        policy: Rules and routes.
        identity: The client.
        method: As received.
        target: Percent-encoded path; text beyond ASCII is sent as UTF-8.
    """
    path, raw_path = read_target(target)
    return policy.decide(identity, method=method, path=path, raw_path=raw_path)


def read_target(target: str) -> tuple[str, bytes]:
    """The decoded and the raw path, as an app server gives them for a path on the wire."""
    raw_path = target.encode("utf-8", "surrogateescape")
    return unquote_to_bytes(raw_path).decode("utf-8", "surrogateescape"), raw_path


def untested_routes(policy: RoutePolicy, cases: Iterable[PolicyCase]) -> tuple[Route, ...]:
    """The routes that no case asks about."""
    asked = [policy.find(case.method, *read_target(case.target)) for case in cases]
    return tuple(route for route in policy.routes if route not in asked)


def _cases(document: Document, folder: Path) -> Iterable[PolicyCase]:
    legal = ("version", "clients", "case")
    content = check_keys(document.content, (), what="a file of cases", legal=legal, needed=("version", "case"))
    check_version(content)
    tables = content.get("clients", {})
    if not isinstance(tables, dict) or NOBODY in tables:
        raise DocumentError(("clients",), f"clients is not a table of names and clients, {NOBODY!r} not among them")
    clients: dict[str, ClientIdentity | None] = {
        name: read_client(table, ("clients", name), folder=folder) for name, table in tables.items()
    }
    clients[NOBODY] = None
    if not isinstance(content["case"], list) or not content["case"]:
        raise DocumentError(("case",), "case is not a list of cases: write [[case]] above each")
    for index, table in enumerate(content["case"]):
        yield from _read(table, ("case", index), clients, document)


def _read(
    table: Any, keys: Keys, clients: dict[str, ClientIdentity | None], document: Document
) -> Iterable[PolicyCase]:
    check_keys(table, keys, what="case", legal=(*_NEEDED, "because", "roles"), needed=_NEEDED)
    for key in ("method", "path"):
        if not isinstance(table[key], str):
            raise DocumentError((*keys, key), f"{key} is {table[key]!r}, wanted text")
    allowed = _EXPECT[check_choice(table["expect"], (*keys, "expect"), what="expectation", legal=_EXPECT)]
    because, roles = table.get("because"), table.get("roles")
    if because is not None and (allowed or not isinstance(because, str)):
        raise DocumentError((*keys, "because"), "because is for cases that expect deny: the kind of a rule")
    if roles is not None and not isinstance(roles, list):
        raise DocumentError((*keys, "roles"), f"roles is {roles!r}, wanted a list of names")
    for name in check_list(table["client"]):
        yield PolicyCase(
            place=f"{document.name}:{document.find_line(keys)}",
            client=check_choice(name, (*keys, "client"), what="client", legal=clients),
            identity=clients[name],
            method=table["method"],
            target=table["path"],
            allowed=allowed,
            because=because,
            roles=None if roles is None else frozenset(roles),
        )


def _listed(roles: frozenset[str]) -> str:
    return ", ".join(map(ascii, sorted(roles))) or "none"
