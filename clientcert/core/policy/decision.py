"""What a rule says of a client: yes, no or "cannot tell", and how it came to that."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Final, Protocol

from clientcert.errors import escape_peer_text

NOT: Final = "not"
"""Kind of the rule that turns an answer around."""

# A certificate may have 256 names, an allow-list thousands of fingerprints; a log line shows the first ones.
_MAX_SHOWN = 4


class Answer(Enum):
    """
    One of the three values of Kleene's strong logic; only YES allows.

    CANNOT_TELL is the answer about something that is missing, ambiguous, or not proven. Negation leaves it as it is,
    so that nothing is allowed for want of knowledge.
    """

    YES = "yes"
    NO = "no"
    CANNOT_TELL = "cannot tell"

    @property
    def opposite(self) -> "Answer":
        """NO for YES and the other way round; CANNOT_TELL stays."""
        return {Answer.YES: Answer.NO, Answer.NO: Answer.YES}.get(self, self)


class Question(Protocol):
    """What a `Decision` needs to know of a rule."""

    @property
    def kind(self) -> str:
        """Short name, such as ``ou``."""

    @property
    def wanted(self) -> tuple[str, ...]:
        """The values that would be a match, as the operator wrote them; empty where there are none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """
    A rule's answer about one client; true in a condition exactly when it allows.

    Attributes:
        rule: The rule that was asked.
        answer: Its answer.
        got: The client's values that the rule looked at, exactly as encoded: not escaped, not for a log.
        why: A note of ours, ASCII: why it cannot tell, or what is wrong.
        parts: Decisions of the rules that it is made of, in order.
        unasked: Those of them that could not change the answer any more.
    """

    rule: Question
    answer: Answer
    got: tuple[str, ...] = ()
    why: str = ""
    parts: tuple["Decision", ...] = ()
    unasked: tuple[Question, ...] = ()

    @property
    def allowed(self) -> bool:
        """Whether the answer is YES."""
        return self.answer is Answer.YES

    def __bool__(self) -> bool:
        return self.allowed

    @property
    def failing(self) -> tuple["Decision", ...]:
        """The leaves of the tree that stand in the way, in order; none when allowed."""
        return tuple(step.decision for step in _walk(self) if step.fails and not step.decision.parts)

    @property
    def summary(self) -> str:
        """The failing leaves on one line of printable ASCII, or ``allowed``; for the log, never for the client."""
        failing = self.failing
        shown = "; ".join(_describe(leaf, fails=True) for leaf in failing[:_MAX_SHOWN])
        more = len(failing) - _MAX_SHOWN
        return (f"{shown}; and {more} more" if more > 0 else shown) or "allowed"

    def explain(self) -> tuple[str, ...]:
        """
        The tree, a line for each rule, indented by two spaces a level; printable ASCII.

        Failing leaves start with ``!`` and say what was got and wanted. For the log, never for the client.
        """
        return tuple(_line(step) for step in _walk(self))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Step:
    """One node on the way through the tree; `decision` is of a rule that was not asked where `asked` is false."""

    decision: Decision
    depth: int
    fails: bool
    asked: bool = True


def _walk(root: Decision) -> Iterator[_Step]:
    """Yield every node, each before its parts. A node fails when it and all above it lack the answer they need."""
    pending = [(root, Answer.YES, True, 0, True)]
    while pending:
        decision, needed, above_fails, depth, asked = pending.pop()
        fails = asked and above_fails and decision.answer is not needed
        yield _Step(decision=decision, depth=depth, fails=fails, asked=asked)
        below = needed.opposite if decision.rule.kind == NOT else needed
        unasked = (Decision(rule=rule, answer=Answer.CANNOT_TELL) for rule in decision.unasked)
        following = [(part, below, fails, depth + 1, True) for part in decision.parts]
        following += [(part, below, False, depth + 1, False) for part in unasked]
        pending.extend(reversed(following))


def _line(step: _Step) -> str:
    indent = "  " * step.depth
    if not step.asked:
        return f"  {indent}{_printable(step.decision.rule.kind)}: not asked"
    stands_in_the_way = step.fails and not step.decision.parts
    return f"{'! ' if stands_in_the_way else '  '}{indent}{_describe(step.decision, fails=stands_in_the_way)}"


def _describe(decision: Decision, *, fails: bool) -> str:
    text = f"{_printable(decision.rule.kind)}: {decision.answer.value}"
    if decision.why:
        text += f", {decision.why}"
    if decision.got:
        text += f", got {_show(decision.got, 'and')}"
    if decision.rule.wanted and decision.answer is not Answer.YES:
        text += f", wanted {_show(decision.rule.wanted, 'or')}"
    return f"{text}, not wanted" if fails and decision.allowed else text


def _printable(kind: str) -> str:
    """Escape the name of a custom rule, which may be of any language."""
    return kind.encode("unicode_escape").decode("ascii")


def _show(values: tuple[str, ...], word: str) -> str:
    shown = ", ".join(map(_quote, values[:_MAX_SHOWN]))
    more = len(values) - _MAX_SHOWN
    return f"{shown} {word} {more} more" if more > 0 else shown


def _quote(value: str) -> str:
    # Its own quotes are escaped too: no value can end them and go on as text of ours.
    return '"' + escape_peer_text(value).replace('"', '\\"') + '"'
