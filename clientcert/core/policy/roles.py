"""Roles: names for rules, for frameworks that ask what a user may do."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from clientcert.core.identity import ClientIdentity
from clientcert.core.policy.combinators import Rule
from clientcert.errors import ConfigurationError


@dataclass(frozen=True, slots=True, init=False, repr=False)
class Roles:
    """
    Role names with the rules that give them.

    Args:
        rules: A name is printable text without white space. Without any, nobody has a role.

    Attributes:
        items: Pairs of name and rule, sorted by name.

    Raises:
        ConfigurationError: Something else.
    """

    items: tuple[tuple[str, Rule], ...]

    def __init__(self, rules: Mapping[str, Rule] | None = None) -> None:
        checked = [(role_name(name), _rule(name, rule)) for name, rule in (rules or {}).items()]
        object.__setattr__(self, "items", tuple(sorted(checked, key=lambda item: item[0])))

    @property
    def names(self) -> frozenset[str]:
        """All role names."""
        return frozenset(name for name, _ in self.items)

    def of(self, identity: ClientIdentity | None) -> frozenset[str]:
        """Names of the roles whose rules allow a client; none where there is no client."""
        if identity is None:
            return frozenset()
        return frozenset(name for name, rule in self.items if rule.check(identity).allowed)

    def __repr__(self) -> str:
        return f"Roles({dict(self.items)!r})"


def role_name(name: Any) -> str:
    """Return a name that can be one of a role, or raise `ConfigurationError`."""
    if not isinstance(name, str) or not name or not name.isprintable() or " " in name:
        raise ConfigurationError(f"role name {name!r} is not printable text without white space")
    return name


def _rule(name: str, rule: Any) -> Rule:
    if not isinstance(rule, Rule):
        raise ConfigurationError(f"role {name!r} is {rule!r}, wanted a rule")
    return rule
