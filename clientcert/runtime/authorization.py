"""Rules inside an app: what every framework's ``require(rule)`` asks, logged and answered as the gate itself does."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from clientcert.core.confirmation import confirmation_problem
from clientcert.core.identity import ClientIdentity
from clientcert.core.outcome import Rejected
from clientcert.core.policy import Rule
from clientcert.errors import ConfigurationError, Reason
from clientcert.runtime.gate import Gate
from clientcert.runtime.problem import Problem

GATE_KEY: Final = "clientcert.gate"
"""Where the middlewares leave their `Gate`, in a scope and in an environ."""

# RFC 6750 §3.1, which RFC 8705 §3 asks for; the ClientCert challenge of a missing certificate would mislead here.
_INVALID_TOKEN: Final = ("www-authenticate", 'Bearer error="invalid_token"')


def checked_rule(rule: object, *, where: str) -> Rule:
    """Return a rule, or raise `ConfigurationError` for what is none, before a route is served with it."""
    if not isinstance(rule, Rule):
        raise ConfigurationError(f'{where} got {rule!r}, wanted a rule such as ou("ops")')
    return rule


def refusal(gate: Gate, rule: Rule, identity: ClientIdentity | None) -> Problem | None:
    """
    Ask a rule about the client of a request.

    Args:
        gate: Of the middleware that authenticated the request.
        rule: Who may go on.
        identity: The client; None where there is none.

    Returns:
        None when the request goes on: the rule allows it, or the configuration only reports. Else the response:
        ``missing`` where there is no certificate, ``rejected`` where there is one.

    Raises:
        Exception: Whatever a custom rule's function raises.
    """
    decision = rule.check(identity)
    if decision.allowed:
        return None
    if identity is None:
        return gate.refuse(_missing(gate, hints=decision.explain()))
    reason = Reason.POLICY_DENIED
    # The tree of a single rule says nothing that the summary does not.
    hints = decision.explain() if decision.parts else ()
    return gate.refuse(Rejected(reason=reason, status=reason.status, detail=decision.summary, hints=hints))


def missing(gate: Gate) -> Problem:
    """Answer where an identity is needed and there is none; also when the configuration only reports."""
    return gate.turn_away(_missing(gate))


def token_refusal(gate: Gate, identity: ClientIdentity | None, claims: Mapping[str, Any]) -> Problem | None:
    """
    Ask whether the client's certificate confirms a token (RFC 8705 §3).

    Returns:
        None when it does, or the configuration only reports. Else a 401 with ``invalid_token``.
    """
    detail = confirmation_problem(identity, claims)
    if not detail:
        return None
    problem = gate.refuse(Rejected(reason=Reason.TOKEN_NOT_CONFIRMED, status=401, detail=detail))
    return None if problem is None else replace(problem, headers=_with_bearer_challenge(problem))


def _missing(gate: Gate, *, hints: tuple[str, ...] = ()) -> Rejected:
    status = gate.missing_status
    detail = "the route asks for a client certificate"
    return Rejected(reason=Reason.NO_CERTIFICATE, status=status, detail=detail, hints=hints)


def _with_bearer_challenge(problem: Problem) -> tuple[tuple[str, str], ...]:
    return (*(pair for pair in problem.headers if pair[0] != _INVALID_TOKEN[0]), _INVALID_TOKEN)
