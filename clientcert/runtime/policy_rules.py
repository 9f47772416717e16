"""From the values of a policy file to rules."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any, Final, TypeVar

from clientcert.core import policy
from clientcert.core.policy import Rule
from clientcert.core.policy.clients import LEVEL_NAMES
from clientcert.core.policy.roles import role_name
from clientcert.errors import ConfigurationError
from clientcert.runtime.policy_text import DocumentError, Keys

T = TypeVar("T")

# No reviewer follows more, and nothing here may exhaust the stack.
_MAX_DEPTH = 16

_TEXT_RULES: Final[dict[str, Callable[..., Rule]]] = {
    "subject": policy.subject,
    "cn": policy.cn,
    "o": policy.o,
    "ou": policy.ou,
    "dns": policy.dns,
    "email": policy.email,
    "uri": policy.uri,
    "upn": policy.upn,
    "spiffe": policy.spiffe,
    "fingerprint": policy.fingerprint,
    "spki": policy.spki,
    "issued_by": policy.issued_by,
}
_LEVELS: Final = {name: level for level, name in LEVEL_NAMES.items()}


def check_keys(
    table: Any, keys: Keys, *, what: str, legal: Iterable[str], needed: Iterable[str] = ()
) -> dict[str, Any]:
    """
    Return a table all of whose keys are legal.

    Raises:
        DocumentError: Not a table, an unknown key, or one missing; names the legal ones.
    """
    legal = tuple(legal)
    if not isinstance(table, dict):
        raise DocumentError(keys, f"{what} is {table!r}, wanted a table with: {', '.join(legal)}")
    for key in table:
        check_choice(key, (*keys, key), what=f"key of {what}", legal=legal)
    for key in needed:
        if key not in table:
            raise DocumentError(keys, f"{what} has no {key!r}")
    return table


def check_choice(value: Any, keys: Keys, *, what: str, legal: Iterable[str]) -> str:
    """Return a text that is one of the legal ones; `DocumentError` names them all, and the nearest one."""
    legal = tuple(legal)
    if isinstance(value, str) and value in legal:
        return value
    swapped = [name for name in legal if sorted(name) == sorted(str(value))]
    near = swapped or get_close_matches(str(value), legal, n=1)
    guess = f", did you mean {near[0]!r}?" if near else ","
    raise DocumentError(keys, f"unknown {what} {value!r}{guess} wanted one of: {', '.join(legal) or '(there is none)'}")


def check_list(value: Any) -> tuple[Any, ...]:
    """Return a value that may be one or a list, as a tuple."""
    return tuple(value) if isinstance(value, list) else (value,)


@dataclass(slots=True, kw_only=True)
class RuleReader:
    """
    Reads rules, and the roles that they name.

    Attributes:
        roles: The tables of the roles, not read yet.
    """

    roles: Mapping[str, Any]
    _known: dict[str, Rule] = field(default_factory=dict, init=False)
    _open: list[str] = field(default_factory=list, init=False)

    def role(self, name: Any, keys: Keys) -> Rule:
        """
        The rule of a role.

        Raises:
            DocumentError: No such role; one that contains itself; whatever is wrong with its rule.
        """
        check_choice(name, keys, what="role", legal=self.roles)
        if name in self._open:
            raise DocumentError(keys, f"role {name!r} contains itself: {' in '.join([*self._open, name])}")
        if name not in self._known:
            self._open.append(name)
            with_fault(role_name, name, keys=("roles", name))
            self._known[name] = self.rule(self.roles[name], ("roles", name))
            self._open.pop()
        return self._known[name]

    def rule(self, table: Any, keys: Keys, *, depth: int = 0) -> Rule:
        """
        A rule: a table with one key or more, all of which must hold.

        Raises:
            DocumentError: Not a table, an empty one, an unknown key, or a value that its rule refuses.
        """
        if depth > _MAX_DEPTH:
            raise DocumentError(keys, f"rules inside rules more than {_MAX_DEPTH} deep")
        if not isinstance(table, dict):
            raise DocumentError(keys, f'a rule is {table!r}, wanted a table such as {{ ou = "ops" }}')
        if not table:
            raise DocumentError(keys, f"a rule without any key, wanted one or more of: {', '.join(LEGAL_RULES)}")
        for key in table:
            check_choice(key, (*keys, key), what="rule", legal=LEGAL_RULES)
        return policy.all_of(*(self._part(key, value, (*keys, key), depth) for key, value in table.items()))

    def _part(self, key: str, value: Any, keys: Keys, depth: int) -> Rule:
        if key in _TEXT_RULES:
            return with_fault(_TEXT_RULES[key], *check_list(value), keys=keys)
        if key in _COMBINING:
            if not isinstance(value, list):
                raise DocumentError(keys, f"{key} is {value!r}, wanted a list of rules")
            rules = [self.rule(item, (*keys, index), depth=depth + 1) for index, item in enumerate(value)]
            return with_fault(_COMBINING[key], *rules, keys=keys)
        if key == "role":
            return policy.any_of(*(self.role(name, keys) for name in check_list(value) or (None,)))
        return _SPECIAL[key](value, keys)


def with_fault(make: Callable[..., T], *values: Any, keys: Keys) -> T:
    """Call with values from a file; a `ConfigurationError` becomes a `DocumentError` at the keys."""
    try:
        return make(*values)
    except ConfigurationError as exc:
        raise DocumentError(keys, str(exc)) from exc


def _serial(value: Any, keys: Keys) -> Rule:
    table = check_keys(value, keys, what="serial", legal=("issuer", "number"), needed=("issuer", "number"))
    return with_fault(policy.serial, table["issuer"], *check_list(table["number"]), keys=keys)


def _extension(value: Any, keys: Keys) -> Rule:
    table = check_keys(value, keys, what="extension", legal=("oid", "text", "hex"), needed=("oid",))
    if len(table) != 2:  # noqa: PLR2004 - the OID and one of the others
        raise DocumentError(keys, "extension wants either 'text' or 'hex' beside 'oid'")
    if "text" in table:
        values = check_list(table["text"])
    else:
        values = tuple(_octets(item, (*keys, "hex")) for item in check_list(table["hex"]))
    return with_fault(policy.extension, table["oid"], *values, keys=keys)


def _octets(value: Any, keys: Keys) -> bytes:
    try:
        return bytes.fromhex(value)
    except (TypeError, ValueError):
        raise DocumentError(keys, f"{value!r} is not octets in hex") from None


def _evidence(value: Any, keys: Keys) -> Rule:
    return policy.evidence(at_least=_LEVELS[check_choice(value, keys, what="evidence", legal=_LEVELS)])


def _flag(make: Callable[[], Rule]) -> Callable[[Any, Keys], Rule]:
    def read(value: Any, keys: Keys) -> Rule:
        if value is not True:
            raise DocumentError(keys, f"{keys[-1]} is {value!r}, wanted true, or leave it out")
        return make()

    return read


_COMBINING: Final[dict[str, Callable[..., Rule]]] = {
    "all_of": policy.all_of,
    "any_of": policy.any_of,
    "deny": policy.deny,
}
_SPECIAL: Final[dict[str, Callable[[Any, Keys], Rule]]] = {
    "serial": _serial,
    "extension": _extension,
    "evidence": _evidence,
    "authenticated": _flag(policy.authenticated),
    "anyone": _flag(policy.anyone),
    "ascii_subject": _flag(policy.ascii_subject),
}
LEGAL_RULES: Final = (*_TEXT_RULES, *_SPECIAL, *_COMBINING, "role")
"""Keys of a rule."""
