"""``clientcert policy``: what a policy file says, before it is deployed."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import click

from clientcert.cli.leaf import read_leaf, read_octets
from clientcert.cli.report import open_console, printable
from clientcert.cli.verify import UnusableError
from clientcert.core.identity import ClientIdentity, Evidence, EvidenceLevel, identity_from_path
from clientcert.core.limits import Limits
from clientcert.core.policy import Decision, RoutePolicy
from clientcert.core.policy.clients import LEVEL_NAMES
from clientcert.errors import ClientCertError, ConfigurationError
from clientcert.runtime.policy_cases import (
    CaseResult,
    PolicyCase,
    decide_target,
    load_cases,
    run_case,
    untested_routes,
)
from clientcert.runtime.policy_clients import assumed_identity
from clientcert.runtime.policy_file import PolicyFile
from clientcert.verify import verify_certificate

_LEVELS = {name: level for level, name in LEVEL_NAMES.items()}


@click.group()
def policy() -> None:
    """
    Check policy files, test them with tables of cases, and explain their decisions.

    \b
    Examples:
      clientcert policy test acl.toml
      clientcert policy test acl.toml acl-cases.toml
      clientcert policy explain acl.toml --method GET --path /orders/7 --cert alice.pem
    """  # noqa: D301 - click's mark for "do not wrap"


@policy.command(name="test")
@click.argument("file", metavar="POLICY")
@click.argument("tables", metavar="[CASES]...", nargs=-1)
@click.pass_context
def run_tests(context: click.Context, *, file: str, tables: tuple[str, ...]) -> None:
    """
    Check POLICY completely, and try every case of the CASES files on it.

    Exit status: 0 all as expected, 1 a case is not, 2 a file cannot be used.

    \b
    Examples:
      clientcert policy test acl.toml
      clientcert policy test acl.toml acl-cases.toml
    """  # noqa: D301 - click's mark for "do not wrap"
    with _refusals_to_run():
        loaded = PolicyFile.load(file)
        cases = [case for table in tables for case in load_cases(table)]
    results = [run_case(loaded, case) for case in cases]
    for result in results:
        if not result.passed:
            _print_failure(result)
    failed = sum(not result.passed for result in results)
    _print(f"{file}: {len(loaded.routes)} routes, {len(loaded.roles.items)} roles")
    if cases:
        _print(f"{len(cases) - failed} of {len(cases)} cases as expected")
        _print_untested(loaded, cases)
    context.exit(1 if failed else 0)


@policy.command()
@click.argument("file", metavar="POLICY")
@click.option("--method", metavar="NAME", required=True, help="Of the request, upper-case; WEBSOCKET for a handshake.")
@click.option("--path", metavar="PATH", required=True, help="As on the wire, percent-encoded, without query.")
@click.option(
    "--cert", metavar="FILE", help="The client's certificate, in any form `verify` takes; none is a client without."
)
@click.option(
    "--trust", metavar="BUNDLE", help="Verify the certificate with these CAs first; rules about the issuer need it."
)
@click.option(
    "--evidence",
    type=click.Choice(tuple(_LEVELS)),
    default=LEVEL_NAMES[EvidenceLevel.VERIFIED],
    show_default=True,
    help="What to take for proven.",
)
@click.pass_context
def explain(  # noqa: PLR0913 - one for each option
    context: click.Context, *, file: str, method: str, path: str, cert: str | None, trust: str | None, evidence: str
) -> None:
    """
    Say whether POLICY lets a client do something, and why.

    The certificate is taken as accepted; with --trust it is verified first.

    Exit status: 0 allowed, 1 denied, 2 a file cannot be used, or the certificate is not accepted.

    \b
    Examples:
      clientcert policy explain acl.toml --method GET --path /orders/7 --cert alice.pem
      clientcert policy explain acl.toml --method GET --path /admin --cert alice.pem --trust ca.pem
    """  # noqa: D301 - click's mark for "do not wrap"
    with _refusals_to_run():
        loaded = PolicyFile.load(file)
        identity = None if cert is None else _identity(cert, trust, _LEVELS[evidence])
    decision = decide_target(loaded, identity, method=method, target=path)
    _print_decision(decision)
    if identity is not None:
        _print(f"roles: {', '.join(sorted(loaded.roles.of(identity))) or 'none'}")
    context.exit(0 if decision.allowed else 1)


def _identity(name: str, trust: str | None, level: EvidenceLevel) -> ClientIdentity:
    leaf, *others = read_leaf(read_octets(name), limits=Limits())
    if trust is None:
        return assumed_identity((leaf, *others), level=level)
    at = datetime.now(UTC)
    path = verify_certificate(leaf.der, trust=trust, intermediates=[other.der for other in others], at=at)
    return identity_from_path(path, Evidence(level=level, source="command-line", profile=path.profile, verified_at=at))


def _print_decision(decision: Decision) -> None:
    _print("allowed" if decision.allowed else "denied")
    for line in decision.explain():
        _print(line)


def _print_failure(result: CaseResult) -> None:
    _print(f"{result.case.place}: {result.case}: {'; '.join(result.problems)}")
    for line in result.decision.explain():
        _print(f"  {line}")


def _print_untested(loaded: RoutePolicy, cases: list[PolicyCase]) -> None:
    for route in untested_routes(loaded, cases):
        _print(f"no case for route {route}")


def _print(text: str) -> None:
    open_console().print(printable(text), soft_wrap=True, markup=False)


@contextmanager
def _refusals_to_run() -> Iterator[None]:
    try:
        yield
    except ConfigurationError as exc:
        raise UnusableError(printable(str(exc))) from exc
    except ClientCertError as exc:
        raise UnusableError(printable("; ".join((f"{exc.reason}: {exc.detail}", *exc.hints)))) from exc
