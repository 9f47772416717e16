"""How rules combine: the laws of a logic in which "cannot tell" is an answer, and never a permission."""

import copy
import pickle
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clientcert.core import policy
from clientcert.core.identity import ClientIdentity, EvidenceLevel
from clientcert.core.policy import (
    Answer,
    Rule,
    all_of,
    any_of,
    anyone,
    authenticated,
    cn,
    deny,
    evidence,
    o,
    ou,
    rule,
    serial,
)
from clientcert.errors import ConfigurationError
from tests.core.policy_clients import by_proxy, client, proof

ALICE = client(("O", "Example"), ("OU", "ops"), ("CN", "alice"))
PROXIED = by_proxy(("O", "Example"), ("CN", "alice"))

YES = o("Example")
NO = o("Elsewhere")
CANNOT_TELL = policy.dns("a.example")
ORDER = {Answer.NO: 0, Answer.CANNOT_TELL: 1, Answer.YES: 2}


def _combined(rules: st.SearchStrategy[Rule]) -> st.SearchStrategy[Rule]:
    several = st.lists(rules, min_size=1, max_size=3)
    return st.one_of(
        several.map(lambda found: all_of(*found)),
        several.map(lambda found: any_of(*found)),
        several.map(lambda found: deny(*found)),
        rules.map(lambda found: ~found),
    )


LEAVES = st.sampled_from(
    [YES, NO, CANNOT_TELL, cn("alice"), ou("ops"), authenticated(), evidence(at_least=EvidenceLevel.VERIFIED)]
)
RULES = st.recursive(LEAVES, _combined, max_leaves=8)
CLIENTS = st.sampled_from([ALICE, PROXIED, client(("CN", "a"), ("CN", "b")), None])


def answer(question: Rule, identity: ClientIdentity | None) -> Answer:
    """The answer alone."""
    return question.check(identity).answer


def test_the_three_leaves() -> None:
    """The constants above have the answers of their names."""
    assert [answer(one, ALICE) for one in (YES, NO, CANNOT_TELL)] == [Answer.YES, Answer.NO, Answer.CANNOT_TELL]


@pytest.mark.parametrize("first", [YES, NO, CANNOT_TELL], ids=["yes", "no", "cannot-tell"])
@pytest.mark.parametrize("second", [YES, NO, CANNOT_TELL], ids=["yes", "no", "cannot-tell"])
def test_truth_tables(first: Rule, second: Rule) -> None:
    """And is the lesser of two answers, or the greater, not the opposite (Kleene's strong logic)."""
    ranks = sorted((ORDER[answer(first, ALICE)], ORDER[answer(second, ALICE)]))
    assert ORDER[answer(first & second, ALICE)] == ranks[0]
    assert ORDER[answer(first | second, ALICE)] == ranks[1]
    assert ORDER[answer(~first, ALICE)] == 2 - ORDER[answer(first, ALICE)]
    assert ORDER[answer(deny(first, second), ALICE)] == 2 - ranks[1]


@given(RULES, RULES, CLIENTS)
def test_de_morgan(first: Rule, second: Rule, identity: ClientIdentity | None) -> None:
    """De Morgan's laws hold in all three values."""
    assert answer(~(first & second), identity) is answer(~first | ~second, identity)
    assert answer(~(first | second), identity) is answer(~first & ~second, identity)
    assert answer(deny(first, second), identity) is answer(~first & ~second, identity)


@given(RULES, RULES, RULES, CLIENTS)
def test_lattice_laws(first: Rule, second: Rule, third: Rule, identity: ClientIdentity | None) -> None:
    """Order, grouping, repetition and double negation change no answer."""
    assert answer(first & second, identity) is answer(second & first, identity)
    assert answer(first | second, identity) is answer(second | first, identity)
    assert answer((first & second) & third, identity) is answer(first & (second & third), identity)
    assert answer((first | second) | third, identity) is answer(first | (second | third), identity)
    assert answer(first & (second | third), identity) is answer((first & second) | (first & third), identity)
    assert answer(first & first, identity) is answer(first | first, identity) is answer(first, identity)
    assert answer(first & (first | second), identity) is answer(first, identity)
    assert answer(~~first, identity) is answer(first, identity)


@given(RULES, RULES, CLIENTS)
def test_monotonicity(first: Rule, second: Rule, identity: ClientIdentity | None) -> None:
    """And never widens, or never narrows."""
    assert ORDER[answer(first & second, identity)] <= ORDER[answer(first, identity)]
    assert ORDER[answer(first | second, identity)] >= ORDER[answer(first, identity)]


@given(RULES)
def test_nobody_is_never_allowed(question: Rule) -> None:
    """No rule allows nobody, however it is negated, unless `anyone` is written."""
    assert not question.check(None).allowed
    assert not (~question).check(None).allowed


@given(RULES, CLIENTS)
def test_never_both(question: Rule, identity: ClientIdentity | None) -> None:
    """A rule and its opposite never both allow."""
    assert not (question.check(identity).allowed and (~question).check(identity).allowed)


@given(RULES, CLIENTS)
def test_failing_leaves(question: Rule, identity: ClientIdentity | None) -> None:
    """A denial names at least one failing leaf, a permission none, and the explanation marks just those."""
    decision = question.check(identity)
    assert bool(decision.failing) is not decision.allowed
    assert sum(line.startswith("! ") for line in decision.explain()) == len(decision.failing)
    assert not any(leaf.parts for leaf in decision.failing)


@given(RULES)
def test_repr_is_the_rule(question: Rule) -> None:
    """The text of a rule makes an equal one."""
    assert eval(repr(question), {**vars(policy), "EvidenceLevel": EvidenceLevel}) == question  # noqa: S307


ALL_KINDS: list[Rule] = [
    policy.subject("CN=a\\,b,O=c"),
    cn("a", "b"),
    policy.email("a@b.example"),
    policy.uri("https://a.example/"),
    policy.upn("a@b"),
    policy.spiffe("spiffe://prod.example/*", "spiffe://prod.example"),
    policy.fingerprint("0" * 64),
    policy.spki("1" * 64),
    policy.issued_by("2" * 64, "3" * 64),
    serial("2" * 64, 1, 0x1001),
    policy.extension("1.2.3.4", "a", b"\x00"),
    evidence(at_least=EvidenceLevel.PROXY_VERDICT),
    authenticated(),
    anyone(),
    (cn("a") | ~ou("b")) & ~(o("c") | deny(cn("d"), cn("e"))),
]


@pytest.mark.parametrize("question", ALL_KINDS, ids=lambda one: one.kind)
def test_rules_are_values(question: Rule) -> None:
    """A rule compares, hashes, copies, pickles and prints as a value."""
    for again in (copy.deepcopy(question), pickle.loads(pickle.dumps(question))):  # noqa: S301
        assert again == question
        assert hash(again) == hash(question)
    assert eval(repr(question), {**vars(policy), "EvidenceLevel": EvidenceLevel}) == question  # noqa: S307
    assert question != cn("something else")
    assert not hasattr(question, "__dict__")
    decision = question.check(ALICE)
    assert pickle.loads(pickle.dumps(decision)) == decision  # noqa: S301


def test_d13_frozen() -> None:
    """Nothing can be set on a rule."""
    with pytest.raises(AttributeError):
        cn("a").values = ("b",)  # type: ignore[attr-defined]


def test_flat() -> None:
    """Rules of one kind inside each other are one rule, and one rule alone is itself."""
    assert cn("a") & ou("b") & o("c") == all_of(cn("a"), all_of(ou("b"), o("c")))
    assert cn("a") | ou("b") | o("c") == any_of(cn("a"), any_of(ou("b"), o("c")))
    assert all_of(cn("a")) == any_of(cn("a")) == ~deny(cn("a")) == ~~cn("a") == cn("a")
    assert repr(deny(cn("a"), ou("b"))) == "~(cn('a') | ou('b'))"


@pytest.mark.parametrize("combine", [all_of, any_of, deny])
@pytest.mark.parametrize(
    ("rules", "message"),
    {
        "nothing": ((), "of no rules"),
        "none": ((None,), "one by one, got None"),
        "list": (([cn("a")],), "one by one"),
        "text": ((cn("a"), "ou"), "got 'ou'"),
        "boolean": ((True,), "got True"),
    }.values(),
    ids=["nothing", "none", "list", "text", "boolean"],
)
def test_d9_combining_refused(combine: Callable[..., Rule], rules: tuple[Any, ...], message: str) -> None:
    """An empty list, or something that is no rule, is refused while constructing."""
    with pytest.raises(ConfigurationError, match=message):
        combine(*rules)


def test_operators_take_rules_only() -> None:
    """A rule combines with a rule and nothing else."""
    with pytest.raises(TypeError):
        _ = cn("a") & "ou"
    with pytest.raises(TypeError):
        _ = cn("a") | True


def test_words_instead_of_operators() -> None:
    """The words of Python, which would drop a rule, are refused."""
    with pytest.raises(TypeError, match=r"combine rules by & \| ~"):
        _ = cn("a") and ou("b")  # type: ignore[redundant-expr]
    with pytest.raises(TypeError, match=r"combine rules by & \| ~"):
        _ = not cn("a")


def test_asking_stops_when_settled() -> None:
    """What cannot change the answer is not asked: a rule may rely on the one before it."""
    asked: list[str] = []

    def note(name: str, _identity: ClientIdentity) -> bool | None:
        asked.append(name)
        return {"y": True, "n": False}.get(name)

    yes, no, unsure = (rule(name, partial(note, name)) for name in "ynu")
    assert answer(unsure & no & yes, ALICE) is Answer.NO
    assert asked == ["u", "n"]
    asked.clear()
    assert answer(unsure | yes | no, ALICE) is Answer.YES
    assert asked == ["u", "y"]


def test_evidence() -> None:
    """At least so much must have been proven."""
    level = EvidenceLevel
    for at_least in level:
        for proven in level:
            identity = client(("CN", "a"))
            identity = type(identity)(subject=identity.subject, issuer=identity.issuer, evidence=proof(proven))
            assert evidence(at_least=at_least).check(identity).allowed is (proven >= at_least)
    assert evidence(at_least=level.VERIFIED).check(PROXIED).summary == (
        'evidence: no, got "proxy-attributes", wanted "verified"'
    )
    for wrong in (30, "verified", None):
        with pytest.raises(ConfigurationError, match=r"EvidenceLevel\.VERIFIED"):
            evidence(at_least=wrong)  # type: ignore[arg-type]


def test_anybody() -> None:
    """`authenticated` is every client, `anyone` everybody; the opposite of either is nobody."""
    assert authenticated().check(PROXIED).allowed
    assert not authenticated().check(None).allowed
    assert anyone().check(None).allowed
    assert anyone().check(ALICE).allowed
    for nobody in (~authenticated(), ~anyone()):
        assert not nobody.check(None).allowed
        assert not nobody.check(ALICE).allowed


CUSTOM: dict[str, tuple[Any, Answer, str]] = {
    "true": (True, Answer.YES, "vip: yes"),
    "false": (False, Answer.NO, "vip: no"),
    "none": (None, Answer.CANNOT_TELL, "vip: cannot tell"),
    "truthy": (1, Answer.CANNOT_TELL, "vip: cannot tell, the function returned int, wanted True, False or None"),
    "text": ("False", Answer.CANNOT_TELL, "returned str"),
    "falsy": (0, Answer.CANNOT_TELL, "returned int"),
    "a-rule": (cn("a"), Answer.CANNOT_TELL, "returned NameRule"),
}


@pytest.mark.parametrize(("said", "expected", "text"), CUSTOM.values(), ids=CUSTOM)
def test_custom_rule(said: Any, expected: Answer, text: str) -> None:
    """Exactly True allows, exactly False lets the opposite allow."""
    vip = rule("vip", lambda _identity: said)
    assert answer(vip, ALICE) is expected
    assert answer(~vip, ALICE) is expected.opposite
    assert text in vip.check(ALICE).explain()[0]


def test_custom_rule_is_not_asked_about_nobody() -> None:
    """A custom rule's function always gets an identity."""
    assert answer(rule("vip", lambda identity: identity.common_name == "alice"), None) is Answer.CANNOT_TELL
    assert answer(rule("vip", lambda identity: identity.common_name == "alice"), ALICE) is Answer.YES


def test_custom_rule_on_an_ambiguous_name() -> None:
    """That a common name is ambiguous cannot be told from any other rule either."""
    two = client(("CN", "alice"), ("CN", "admin"))
    vip = rule("vip", lambda identity: identity.common_name == "alice")
    assert vip.check(two).explain() == ("! vip: cannot tell, the common name is ambiguous",)
    assert not (~vip).check(two).allowed


def test_custom_rule_that_fails() -> None:
    """Any other exception is the application's, and allows nothing."""
    with pytest.raises(ZeroDivisionError):
        (rule("vip", lambda _identity: 1 // 0 == 0) | anyone()).check(ALICE)


def test_custom_rule_as_a_value() -> None:
    """Custom rules compare by name and function, and print the function's name."""
    assert rule("vip", test_anybody) == rule("vip", test_anybody)  # type: ignore[arg-type]
    assert repr(rule("vip", test_anybody)) == "rule('vip', test_anybody)"  # type: ignore[arg-type]
    assert repr(rule("vip", partial(bool))).startswith("rule('vip', functools.partial(")
    assert rule("\u00e9quipe", lambda _identity: True).check(ALICE).explain() == ("  \\xe9quipe: yes",)


async def _later(_identity: ClientIdentity) -> bool:
    return True


class _Later:
    async def __call__(self, _identity: ClientIdentity) -> bool:
        return True


@pytest.mark.parametrize(
    ("name", "function", "message"),
    [
        ("", bool, "is not a text that prints"),
        (" ", bool, "is not a text that prints"),
        (None, bool, "is not a text that prints"),
        ("a\n", bool, "is not a text that prints"),
        ("ou", bool, "is taken"),
        ("method", bool, "is taken"),
        ("vip", None, "wanted a function"),
        ("vip", "ou", "wanted a function"),
        ("vip", _later, "wanted a function"),
        ("vip", _Later(), "wanted a function"),
    ],
)
def test_custom_rule_refused(name: Any, function: Any, message: str) -> None:
    """A custom rule needs a name of its own, and a function that answers at once."""
    with pytest.raises(ConfigurationError, match=message):
        rule(name, function)
