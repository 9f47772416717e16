"""
Who may do what: rules about a client that combine, explain themselves, and answer "cannot tell" where they cannot.

>>> admins = ou("ops") | spiffe("spiffe://prod.example/admin/*")
>>> admins.check(identity).allowed
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from clientcert.core.policy.clients import anyone, authenticated, evidence, rule
    from clientcert.core.policy.combinators import Rule, all_of, any_of, deny
    from clientcert.core.policy.decision import Answer, Decision
    from clientcert.core.policy.extension_values import extension
    from clientcert.core.policy.keys import fingerprint, issued_by, serial, spki
    from clientcert.core.policy.names import cn, dns, email, o, ou, upn, uri
    from clientcert.core.policy.roles import Roles
    from clientcert.core.policy.routes import ANY_METHOD, WEBSOCKET, Policy, Route, RoutePolicy, RulePolicy
    from clientcert.core.policy.spiffe_ids import spiffe
    from clientcert.core.policy.subjects import ascii_subject, subject

__all__ = [
    "ANY_METHOD",
    "WEBSOCKET",
    "Answer",
    "Decision",
    "Policy",
    "Roles",
    "Route",
    "RoutePolicy",
    "Rule",
    "RulePolicy",
    "all_of",
    "any_of",
    "anyone",
    "ascii_subject",
    "authenticated",
    "cn",
    "deny",
    "dns",
    "email",
    "evidence",
    "extension",
    "fingerprint",
    "issued_by",
    "o",
    "ou",
    "rule",
    "serial",
    "spiffe",
    "spki",
    "subject",
    "upn",
    "uri",
]

# A middleware without a policy needs the names of two or three: the others are loaded when they are first used.
_HOMES = {
    "anyone": "clients",
    "authenticated": "clients",
    "evidence": "clients",
    "rule": "clients",
    "Rule": "combinators",
    "all_of": "combinators",
    "any_of": "combinators",
    "deny": "combinators",
    "Answer": "decision",
    "Decision": "decision",
    "extension": "extension_values",
    "fingerprint": "keys",
    "issued_by": "keys",
    "serial": "keys",
    "spki": "keys",
    "cn": "names",
    "dns": "names",
    "email": "names",
    "o": "names",
    "ou": "names",
    "upn": "names",
    "uri": "names",
    "Roles": "roles",
    "ANY_METHOD": "routes",
    "WEBSOCKET": "routes",
    "Policy": "routes",
    "Route": "routes",
    "RoutePolicy": "routes",
    "RulePolicy": "routes",
    "spiffe": "spiffe_ids",
    "ascii_subject": "subjects",
    "subject": "subjects",
}


def __getattr__(name: str) -> object:
    """Load a name from its home (PEP 562), once."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value
