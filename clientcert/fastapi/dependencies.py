"""The client as a parameter, and rules as dependencies; for HTTP and WebSocket routes."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends
from fastapi.requests import HTTPConnection

from clientcert.core.identity import ClientIdentity
from clientcert.core.policy import Rule, anyone, authenticated
from clientcert.runtime.authorization import checked_rule, missing
from clientcert.starlette.marks import mark
from clientcert.starlette.refusal import client_identity, gate_of, refused, refused_by


async def optional_client(connection: HTTPConnection) -> ClientIdentity | None:
    """Dependency: the client or None."""
    return client_identity(connection)


async def required_client(connection: HTTPConnection) -> ClientIdentity:
    """Dependency: the client; a request without one is refused, even where the configuration only reports."""
    identity = client_identity(connection)
    if identity is None:
        raise await refused(missing(gate_of(connection)), connection)
    return identity


mark(optional_client, anyone())
mark(required_client, authenticated())

Client = Annotated[ClientIdentity, Depends(required_client)]
"""A parameter of this type is the authenticated client; without one the request gets 401."""

OptionalClient = Annotated[ClientIdentity | None, Depends(optional_client)]
"""A parameter of this type is the authenticated client or None."""


@dataclass(frozen=True)
class Require:
    """
    A dependency that lets only those through whom a rule allows; made by `require`.

    Its value is the client; None only where the rule allows that, or where the configuration only reports.

    Raises:
        ConfigurationError: Something that is no rule.
    """

    rule: Rule

    def __post_init__(self) -> None:
        checked_rule(self.rule, where="require")

    @property
    def clientcert_rules(self) -> tuple[Rule, ...]:
        """What the audit and OpenAPI read."""
        return (self.rule,)

    async def __call__(self, connection: HTTPConnection) -> ClientIdentity | None:
        """Ask the rule; 401 without a certificate, 403 with one that it does not allow."""
        problem = refused_by(self.rule, connection)
        if problem is not None:
            raise await refused(problem, connection)
        return client_identity(connection)


def require(rule: Rule) -> Require:
    """
    Make a dependency of a rule: ``dependencies=[Depends(require(ou("ops")))]`` of a route, a router or an app.

    Raises:
        ConfigurationError: Something that is no rule.
    """
    return Require(rule)
