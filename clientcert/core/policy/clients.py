"""Rules about the proof, about anybody, and rules of the application's own."""

from collections.abc import Callable
from dataclasses import dataclass
from inspect import iscoroutinefunction
from typing import Any, Final

from clientcert.core.identity import ClientIdentity, EvidenceLevel
from clientcert.core.names import AmbiguousNameError
from clientcert.core.policy.combinators import ConstantLeaf, Leaf, Rule
from clientcert.core.policy.decision import Answer, Decision
from clientcert.errors import ConfigurationError

CustomFunction = Callable[[ClientIdentity], bool | None]

LEVEL_NAMES: Final = {level: level.name.lower().replace("_", "-") for level in EvidenceLevel}
"""Evidence levels by the names that a policy file and explanations have for them."""

# Kinds that an explanation could confuse with a rule of the application's.
_RESERVED: Final = frozenset(
    {
        *("all_of", "any_of", "anyone", "ascii_subject", "authenticated", "cn", "deny", "dns", "email"),
        *("evidence", "extension"),
        *("fingerprint", "issued_by", "method", "not", "o", "ou", "path", "role", "route", "rule", "serial", "spiffe"),
        *("spki", "subject", "upn", "uri"),
    }
)


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class EvidenceRule(ConstantLeaf):
    """Whether at least so much was proven; see `evidence`."""

    at_least: EvidenceLevel

    @property
    def kind(self) -> str:
        """``evidence``."""
        return "evidence"

    @property
    def wanted(self) -> tuple[str, ...]:
        """The level's name."""
        return (LEVEL_NAMES[self.at_least],)

    def _look(self, identity: ClientIdentity) -> Decision:
        level = identity.evidence.level
        return self._answer(Answer.YES if level >= self.at_least else Answer.NO, got=(LEVEL_NAMES[level],))

    def __repr__(self) -> str:
        return f"evidence(at_least=EvidenceLevel.{self.at_least.name})"


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Authenticated(ConstantLeaf):
    """Whether there is a client at all; see `authenticated`."""

    @property
    def kind(self) -> str:
        """``authenticated``."""
        return "authenticated"

    def _look(self, identity: ClientIdentity) -> Decision:  # noqa: ARG002 - that there is one is the answer
        return self._answer(Answer.YES)

    def __repr__(self) -> str:
        return "authenticated()"


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Anyone(Rule):
    """Everybody, with and without a certificate; see `anyone`."""

    @property
    def kind(self) -> str:
        """``anyone``."""
        return "anyone"

    def check(self, identity: ClientIdentity | None) -> Decision:  # noqa: ARG002 - whoever it is
        """Answer YES."""
        return Decision(rule=self, answer=Answer.YES)

    def __repr__(self) -> str:
        return "anyone()"


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class CustomRule(Leaf):
    """A rule of the application's own; see `rule`."""

    name: str
    function: CustomFunction

    @property
    def kind(self) -> str:
        """The name."""
        return self.name

    def _look(self, identity: ClientIdentity) -> Decision:
        try:
            answer: object = self.function(identity)
        except AmbiguousNameError:
            return self._answer(Answer.CANNOT_TELL, why="the common name is ambiguous")
        if answer is None:
            return self._answer(Answer.CANNOT_TELL)
        # Truthy is not enough: a coroutine, a mock and the text "False" are.
        if answer is not True and answer is not False:
            why = f"the function returned {type(answer).__name__}, wanted True, False or None"
            return self._answer(Answer.CANNOT_TELL, why=why)
        return self._answer(Answer.YES if answer else Answer.NO)

    def __repr__(self) -> str:
        name = getattr(self.function, "__qualname__", repr(self.function))
        return f"rule({self.name!r}, {name})"


def evidence(*, at_least: EvidenceLevel) -> Rule:
    """
    Allow about whom at least so much was proven.

    Raises:
        ConfigurationError: Something that is not an `EvidenceLevel`.
    """
    if not isinstance(at_least, EvidenceLevel):
        legal = ", ".join(f"EvidenceLevel.{level.name}" for level in EvidenceLevel)
        raise ConfigurationError(f"evidence at_least is {at_least!r}, wanted one of: {legal}")
    return EvidenceRule(at_least=at_least)


def authenticated() -> Rule:
    """Allow every client whose certificate was accepted."""
    return Authenticated()


def anyone() -> Rule:
    """Allow everybody, without a certificate too; that nobody need prove anything must be written down."""
    return Anyone()


def rule(name: str, function: CustomFunction) -> Rule:
    """
    Make a rule of a function.

    Args:
        name: Shown in explanations.
        function: Takes the identity, which is there, and returns True, False, or None for "cannot tell". Anything else
            and an `AmbiguousNameError` count as None; any other exception is the application's and passes through.

    Raises:
        ConfigurationError: A name that is empty, does not print or belongs to a rule of ours; something that cannot
            be called, or would have to be awaited.
    """
    _check_name(name)
    if not _returns_at_once(function):
        raise ConfigurationError(f"rule {name!r} got {function!r}, wanted a function that returns True, False or None")
    return CustomRule(name=name, function=function)


def _check_name(name: Any) -> None:
    if not isinstance(name, str) or not name.strip() or not name.isprintable():
        raise ConfigurationError(f"rule name {name!r} is not a text that prints")
    if name in _RESERVED:
        raise ConfigurationError(f"rule name {name!r} is taken by a rule of clientcert")


def _returns_at_once(function: Any) -> bool:
    # A coroutine would be neither True nor False, and nobody would await it.
    call = getattr(function, "__call__", None)  # noqa: B004 - what would be called
    return callable(function) and not iscoroutinefunction(function) and not iscoroutinefunction(call)
