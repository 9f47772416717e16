"""
Tests of policies in one line each.

>>> assert_allows(ou("ops"), alice)
>>> assert_denies(ou("ops"), bob, because="ou")
>>> assert_policy("acl.toml", "acl-cases.toml")
"""

from pathlib import Path

from clientcert.core.identity import ClientIdentity
from clientcert.core.policy import Policy, Rule
from clientcert.runtime.policy_cases import CaseResult, PolicyCase, denial_problems, load_cases, run_case
from clientcert.runtime.policy_file import PolicyFile

__all__ = ["assert_allows", "assert_case", "assert_denies", "assert_policy", "load_cases"]


def assert_allows(rule: Rule, identity: ClientIdentity | None) -> None:
    """
    Pass when a rule allows a client.

    Raises:
        AssertionError: With the rule and its explanation.
    """
    decision = rule.check(identity)
    if not decision.allowed:
        raise AssertionError("\n".join((f"{rule!r} denies the client", *decision.explain())))


def assert_denies(rule: Rule, identity: ClientIdentity | None, *, because: str | None = None) -> None:
    """
    Pass when a rule denies a client.

    Args:
        rule: The rule.
        identity: The client.
        because: Kind of a rule that must be among the failing leaves, such as ``ou``, or the name of a custom one;
            give it, or a client that is denied for something else passes, too.

    Raises:
        AssertionError: With the rule and its explanation.
    """
    decision = rule.check(identity)
    problems = denial_problems(decision, because)
    if problems:
        raise AssertionError("\n".join((f"{rule!r}: {problems[0]}", *decision.explain())))


def assert_case(policy: Policy, case: PolicyCase) -> None:
    """
    Pass when a policy does as a case expects; for ``@pytest.mark.parametrize("case", load_cases(...), ids=str)``.

    Raises:
        AssertionError: With file and line of the case, and the explanation.
    """
    result = run_case(policy, case)
    if not result.passed:
        raise AssertionError(_report(result))


def assert_policy(policy: Policy | str | Path, cases: str | Path) -> None:
    """
    Pass when a policy does as all cases of a file expect.

    Args:
        policy: A policy, or the path of its file.
        cases: Path of the file of cases.

    Raises:
        AssertionError: With every case that fails.
        ConfigurationError: One of the files cannot be used.
    """
    loaded = PolicyFile.load(policy) if isinstance(policy, str | Path) else policy
    failed = [result for result in (run_case(loaded, case) for case in load_cases(cases)) if not result.passed]
    if failed:
        raise AssertionError("\n".join(map(_report, failed)))


def _report(result: CaseResult) -> str:
    problems = "; ".join(result.problems)
    return "\n".join((f"{result.case.place}: {result.case}: {problems}", *result.decision.explain()))
