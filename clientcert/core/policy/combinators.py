"""Rules, and how rules are made of rules: ``&``, ``|``, ``~`` in Kleene's strong three-valued logic."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar, Final, NoReturn

from clientcert.core.identity import ClientIdentity
from clientcert.core.policy.decision import NOT, Answer, Decision
from clientcert.errors import ConfigurationError

ALL_OF: Final = "all_of"
ANY_OF: Final = "any_of"


class Rule(ABC):
    """
    A question about a client with three answers; a frozen value that compares, hashes and pickles.

    Combine rules by ``&``, ``|`` and ``~``; the words ``and``, ``or`` and ``not`` would drop rules silently and raise
    `TypeError`. The `repr` is the expression that makes an equal rule.
    """

    __slots__ = ()

    @property
    @abstractmethod
    def kind(self) -> str:
        """Short name, such as ``ou``."""

    @property
    def wanted(self) -> tuple[str, ...]:
        """The values that would be a match, as the operator wrote them; empty where there are none."""
        return ()

    @property
    def may_be_negated(self) -> bool:
        """False for a rule that can allow and must not deny, because who is denied could change the answer."""
        return True

    @property
    def is_constant(self) -> bool:
        """Whether the answer about one identity is the same each time, so that a YES need not be asked for again."""
        return False

    @abstractmethod
    def check(self, identity: ClientIdentity | None) -> Decision:
        """
        Ask about one client.

        Args:
            identity: The client; None where there is none, about which only `anyone` has an answer.

        Raises:
            Exception: Whatever a custom rule's function raises; nothing else.
        """

    def __and__(self, other: object) -> "Rule":
        return all_of(self, other) if isinstance(other, Rule) else NotImplemented

    def __or__(self, other: object) -> "Rule":
        return any_of(self, other) if isinstance(other, Rule) else NotImplemented

    def __invert__(self) -> "Rule":
        return Not(rule=self)

    def __bool__(self) -> NoReturn:
        raise TypeError("a rule is neither true nor false: combine rules by & | ~, and ask with .check(identity)")


class Leaf(Rule):
    """A rule about the client itself."""

    __slots__ = ()

    def check(self, identity: ClientIdentity | None) -> Decision:
        """Ask about one client; see `Rule.check`."""
        if identity is None:
            return Decision(rule=self, answer=Answer.CANNOT_TELL, why="there is no client certificate")
        return self._look(identity)

    @abstractmethod
    def _look(self, identity: ClientIdentity) -> Decision:
        """Answer about a client that is there."""

    def _answer(self, answer: Answer, *, got: tuple[str, ...] = (), why: str = "") -> Decision:
        return Decision(rule=self, answer=answer, got=got, why=why)


class ConstantLeaf(Leaf):
    """A rule that looks at nothing but the identity."""

    __slots__ = ()

    @property
    def is_constant(self) -> bool:
        """True: identities do not change."""
        return True


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Several(Rule):
    """
    Several rules as one. Asking stops at the first answer that settles the matter.

    Attributes:
        rules: Two or more.
    """

    rules: tuple[Rule, ...]

    settling: ClassVar[Answer]

    @property
    def may_be_negated(self) -> bool:
        """Whether all of the rules may be."""
        return all(rule.may_be_negated for rule in self.rules)

    @property
    def is_constant(self) -> bool:
        """Whether the answers of all of the rules are."""
        return all(rule.is_constant for rule in self.rules)

    def check(self, identity: ClientIdentity | None) -> Decision:
        """Ask one after the other; see `Rule.check`."""
        parts: list[Decision] = []
        answer = self.settling.opposite
        for rule in self.rules:
            parts.append(rule.check(identity))
            if parts[-1].answer is self.settling:
                answer = self.settling
                break
            if parts[-1].answer is Answer.CANNOT_TELL:
                answer = Answer.CANNOT_TELL
        return Decision(rule=self, answer=answer, parts=tuple(parts), unasked=self.rules[len(parts) :])

    def _join(self, sign: str) -> str:
        return sign.join(f"({rule!r})" if isinstance(rule, Several) else repr(rule) for rule in self.rules)


class AllOf(Several):
    """See `all_of`."""

    __slots__ = ()
    settling = Answer.NO

    @property
    def kind(self) -> str:
        """``all_of``."""
        return ALL_OF

    def __repr__(self) -> str:
        return self._join(" & ")


class AnyOf(Several):
    """See `any_of`."""

    __slots__ = ()
    settling = Answer.YES

    @property
    def kind(self) -> str:
        """``any_of``."""
        return ANY_OF

    def __repr__(self) -> str:
        return self._join(" | ")


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Not(Rule):
    """
    The opposite of a rule; see `deny`.

    Raises:
        ConfigurationError: The rule must not deny; see `Rule.may_be_negated`.
    """

    rule: Rule

    def __post_init__(self) -> None:
        if not self.rule.may_be_negated:
            raise ConfigurationError(
                "a fingerprint can allow, never deny: whoever is denied can change the signature of an ECDSA "
                "certificate and with it the fingerprint; deny by serial(issuer, number) or spki(...)"
            )

    @property
    def kind(self) -> str:
        """``not``."""
        return NOT

    @property
    def is_constant(self) -> bool:
        """Whether the answer of the rule is."""
        return self.rule.is_constant

    def check(self, identity: ClientIdentity | None) -> Decision:
        """Ask, and turn YES and NO around; see `Rule.check`."""
        part = self.rule.check(identity)
        return Decision(rule=self, answer=part.answer.opposite, parts=(part,))

    def __invert__(self) -> Rule:
        return self.rule

    def __repr__(self) -> str:
        return f"~({self.rule!r})" if isinstance(self.rule, Several) else f"~{self.rule!r}"


def all_of(*rules: Rule) -> Rule:
    """
    Allow whom every rule allows; the same as ``&``.

    NO when one rule says NO, else CANNOT_TELL when one cannot tell, else YES.

    Raises:
        ConfigurationError: No rule at all, or something that is none.
    """
    return _several(AllOf, ALL_OF, rules)


def any_of(*rules: Rule) -> Rule:
    """
    Allow whom at least one rule allows; the same as ``|``.

    YES when one rule says YES, else CANNOT_TELL when one cannot tell, else NO.

    Raises:
        ConfigurationError: No rule at all, or something that is none.
    """
    return _several(AnyOf, ANY_OF, rules)


def deny(*rules: Rule) -> Rule:
    """
    Allow whom no rule allows, and about whom each of them can tell; the same as ``~any_of(...)``.

    Raises:
        ConfigurationError: No rule at all, something that is none, or a fingerprint among them.
    """
    return ~_several(AnyOf, "deny", rules)


def _several(type_: type[Several], name: str, rules: tuple[Any, ...]) -> Rule:
    if not rules:
        raise ConfigurationError(f"{name} of no rules: give at least one")
    for rule in rules:
        if not isinstance(rule, Rule):
            raise ConfigurationError(f"{name} takes rules one by one, got {rule!r}")
    flat = [part for rule in rules for part in (rule.rules if isinstance(rule, type_) else (rule,))]
    return flat[0] if len(flat) == 1 else type_(rules=tuple(flat))
