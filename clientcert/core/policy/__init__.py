"""
Who may do what: rules about a client that combine, explain themselves, and answer "cannot tell" where they cannot.

>>> admins = ou("ops") | spiffe("spiffe://prod.example/admin/*")
>>> admins.check(identity).allowed
"""

from clientcert.core.policy.clients import anyone, authenticated, evidence, rule
from clientcert.core.policy.combinators import Rule, all_of, any_of, deny
from clientcert.core.policy.decision import Answer, Decision
from clientcert.core.policy.extension_values import extension
from clientcert.core.policy.keys import fingerprint, issued_by, serial, spki
from clientcert.core.policy.names import cn, dns, email, o, ou, upn, uri
from clientcert.core.policy.roles import Roles
from clientcert.core.policy.routes import ANY_METHOD, WEBSOCKET, Policy, Route, RoutePolicy, RulePolicy
from clientcert.core.policy.spiffe_ids import spiffe
from clientcert.core.policy.subjects import subject

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
