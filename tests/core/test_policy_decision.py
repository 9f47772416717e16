"""Explanations: the tree, the leaf that fails, what was got and wanted, and nothing of a client's that could harm."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clientcert.core.policy import Decision, Rule, all_of, anyone, cn, deny, dns, o, ou, spiffe, uri
from clientcert.core.policy.decision import Answer
from tests.core.policy_clients import client

ALICE = client(
    ("O", "Example"), ("OU", "dev"), ("CN", "alice"), san=["DNS:a.example", "URI:spiffe://prod.example/alice"]
)

EXPLAINED: dict[str, tuple[Rule, tuple[str, ...]]] = {
    "leaf-that-allows": (cn("alice"), ('  cn: yes, got "alice"',)),
    "leaf-that-denies": (ou("ops"), ('! ou: no, got "dev", wanted "ops"',)),
    "first-of-two": (
        o("Elsewhere") & ou("ops"),
        ("  all_of: no", '!   o: no, got "Example", wanted "Elsewhere"', "    ou: not asked"),
    ),
    "second-of-two": (
        o("Example") & ou("ops"),
        ("  all_of: no", '    o: yes, got "Example"', '!   ou: no, got "dev", wanted "ops"'),
    ),
    "none-of-two": (
        ou("ops") | spiffe("spiffe://prod.example/admin/*"),
        (
            "  any_of: no",
            '!   ou: no, got "dev", wanted "ops"',
            '!   spiffe: no, got "spiffe://prod.example/alice", wanted "spiffe://prod.example/admin/*"',
        ),
    ),
    "one-of-two": (
        ou("ops") | cn("alice") | o("Example"),
        ("  any_of: yes", '    ou: no, got "dev", wanted "ops"', '    cn: yes, got "alice"', "    o: not asked"),
    ),
    "denied": (
        o("Example") & deny(cn("bob"), cn("alice")),
        (
            "  all_of: no",
            '    o: yes, got "Example"',
            "    not: no",
            "      any_of: yes",
            '        cn: no, got "alice", wanted "bob"',
            '!       cn: yes, got "alice", not wanted',
        ),
    ),
    "negation-that-cannot-tell": (
        ~uri("urn:x") & ~dns("A.example"),
        (
            "  all_of: cannot tell",
            "    not: yes",
            '      uri: no, got "spiffe://prod.example/alice", wanted "urn:x"',
            "    not: cannot tell",
            '!     dns: cannot tell, it differs in spelling only, got "a.example", wanted "A.example"',
        ),
    ),
    "inside-what-does-not-matter": (
        (ou("ops") | cn("alice")) & cn("bob"),
        (
            "  all_of: no",
            "    any_of: yes",
            '      ou: no, got "dev", wanted "ops"',
            '      cn: yes, got "alice"',
            '!   cn: no, got "alice", wanted "bob"',
        ),
    ),
}


@pytest.mark.parametrize(("rule", "lines"), EXPLAINED.values(), ids=EXPLAINED)
def test_explain(rule: Rule, lines: tuple[str, ...]) -> None:
    """The explanation is the tree of the rule with the leaves marked that stand in the way."""
    assert rule.check(ALICE).explain() == lines


def test_nobody() -> None:
    """Without a client that is what the explanation says."""
    assert ou("ops").check(None).explain() == ('! ou: cannot tell, there is no client certificate, wanted "ops"',)


def test_decision_in_a_condition() -> None:
    """A decision is true exactly when it allows."""
    assert ou("dev").check(ALICE)
    assert not ou("ops").check(ALICE)
    assert not ou("ops").check(None)


def test_failing() -> None:
    """The failing leaves are decisions of their own, with what was got and wanted."""
    (leaf,) = (o("Example") & ou("ops")).check(ALICE).failing
    assert leaf.rule == ou("ops")
    assert (leaf.rule.kind, leaf.got, leaf.rule.wanted, leaf.answer) == ("ou", ("dev",), ("ops",), Answer.NO)
    assert ou("dev").check(ALICE).failing == ()


def test_equal_leaves_fail_apart() -> None:
    """Of two equal leaves only the one that stands in the way is marked."""
    assert ((cn("bob") | anyone()) & cn("bob")).check(ALICE).explain() == (
        "  all_of: no",
        "    any_of: yes",
        '      cn: no, got "alice", wanted "bob"',
        "      anyone: yes",
        '!   cn: no, got "alice", wanted "bob"',
    )


def test_summary() -> None:
    """The summary is the failing leaves on one line, the first four of them."""
    assert (o("Example") & ou("ops")).check(ALICE).summary == 'ou: no, got "dev", wanted "ops"'
    assert (cn("x") | ou("ops")).check(ALICE).summary == (
        'cn: no, got "alice", wanted "x"; ou: no, got "dev", wanted "ops"'
    )
    many = ou("a") | ou("b") | ou("c") | ou("d") | ou("e") | ou("f")
    assert many.check(ALICE).summary.endswith('wanted "d"; and 2 more')
    assert ou("dev").check(ALICE).summary == "allowed"


def test_many_values_are_cut() -> None:
    """Of many values the first four are shown."""
    identity = client(("CN", "a"), san=[f"DNS:{n}.example" for n in range(9)])
    got = '"0.example", "1.example", "2.example", "3.example" and 5 more'
    assert dns("a", "b", "c", "d", "e").check(identity).summary == (
        f'dns: no, got {got}, wanted "a", "b", "c", "d" or 1 more'
    )
    assert dns("a", "b", "c", "d").check(identity).summary.endswith('wanted "a", "b", "c", "d"')


HOSTILE = {
    "d3-line-feed": ("x\nou: yes", '"x\\nou: yes"'),
    "d3-escape-sequence": ("\x1b[2J", '"\\x1b[2J"'),
    "d3-right-to-left": ("a\u202eb", '"a\\u202eb"'),
    "quote": ('x", wanted "ops', '"x\\", wanted \\"ops"'),
    "backslash-and-quote": ('x\\", wanted', '"x\\\\\\", wanted"'),
    "o1-format": ("%s%n{0}", '"%s%n{0}"'),
    "beyond-ascii": ("caf\u00e9", '"caf\\xe9"'),
    "long": ("a" * 200, '"' + "a" * 80 + '..."'),
}


@pytest.mark.parametrize(("value", "shown"), HOSTILE.values(), ids=HOSTILE)
def test_d3_hostile_values(value: str, shown: str) -> None:
    """A client's value stays inside its quotes, on its line, and is cut."""
    assert ou("ops").check(client(("OU", value))).explain() == (f'! ou: no, got {shown}, wanted "ops"',)


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=64))
def test_d3_any_value(value: str) -> None:
    """Whatever a value holds, an explanation is printable ASCII."""
    decision = Decision(rule=ou("ops"), answer=Answer.NO, got=(value,))
    (line,) = decision.explain()
    assert line.isascii()
    assert line.isprintable()
    assert line == f"! {decision.summary}"


def test_operators_value_is_escaped() -> None:
    """What the operator wrote is escaped as well."""
    assert cn("caf\u00e9").check(ALICE).summary == 'cn: no, got "alice", wanted "caf\\xe9"'


def test_deep_trees() -> None:
    """A deep tree is explained without recursion."""
    rule: Rule = ou("ops")
    for _ in range(200):
        rule = (rule | cn("bob")) & o("Example")
    assert len(rule.check(ALICE).explain()) == 801
    assert not all_of(rule, rule).check(ALICE).allowed
