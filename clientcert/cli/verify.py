"""``clientcert verify``: what the middleware would say of a certificate, and why."""

import json
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import click

from clientcert.cli.leaf import STDIN, read_octets
from clientcert.cli.record import to_record
from clientcert.cli.report import open_console, print_summary, print_verdict, printable
from clientcert.cli.verdict import Rules, Verdict
from clientcert.core.verification import TrustStore, anchor_level
from clientcert.core.verification.bundle import read_bundle, read_intermediates
from clientcert.core.verification.path_builder import DEFAULT_MAX_DEPTH
from clientcert.core.verification.revocation import RevocationMode
from clientcert.errors import ConfigurationError
from clientcert.verify import PINNED, PROFILE_NAMES, load_crls, revocation_policy

# From this number of files on, a terminal gets a progress bar.
_MANY = 50

Paths = tuple[str, ...]


class UnusableError(click.ClickException):
    """The configuration cannot be used: one line, and the exit status of a usage error."""

    exit_code = 2


def _moment(_context: click.Context, _parameter: click.Parameter, value: str) -> datetime:
    if value == "now":
        return datetime.now(UTC).replace(microsecond=0)
    try:
        moment = datetime.fromisoformat(value)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError) as exc:
        raise click.BadParameter(f"{value!r} is not a moment, wanted 2026-11-21T23:00:00Z, 2026-11-21 or now") from exc


def _one_stdin(_context: click.Context, _parameter: click.Parameter, value: Paths) -> Paths:
    if value.count(STDIN) > 1:
        raise click.BadParameter("standard input can be read once only")
    return value


@click.command(no_args_is_help=True)
@click.option(
    "--trust",
    metavar="BUNDLE",
    multiple=True,
    required=True,
    help="CAs whose clients are accepted: PEM or DER file, or directory. Profile pinned: certificates or sha256:HEX.",
)
@click.option(
    "--intermediates",
    metavar="FILE",
    multiple=True,
    help="Further CA certificates to build paths with; never trusted by themselves.",
)
@click.option(
    "--profile",
    type=click.Choice(PROFILE_NAMES),
    default="standard",
    show_default=True,
    help="How paths are validated.",
)
@click.option(
    "--crl", metavar="FILE", multiple=True, help="Revocation lists of the CAs: PEM or DER file, or directory."
)
@click.option(
    "--revocation",
    type=click.Choice(["hard", "soft", "off"]),
    help="What to do about an unknown status: refuse (default with --crl), accept; or do not ask (default without).",
)
@click.option(
    "--at",
    metavar="TIME",
    default="now",
    show_default=True,
    callback=_moment,
    help="The moment to decide for: ISO 8601, UTC where it names no offset; a date; or now.",
)
@click.option(
    "--max-depth",
    metavar="N",
    type=int,
    default=DEFAULT_MAX_DEPTH,
    show_default=True,
    help="CA certificates allowed between leaf and anchor.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON list with an object for each LEAF.")
@click.argument(
    "leaves",
    metavar="LEAF...",
    nargs=-1,
    required=True,
    type=click.Path(exists=True, dir_okay=False, allow_dash=True),
    callback=_one_stdin,
)
@click.pass_context
def verify(  # noqa: PLR0913 - one for each option
    context: click.Context,
    *,
    trust: Paths,
    intermediates: Paths,
    profile: str,
    crl: Paths,
    revocation: RevocationMode | None,
    at: datetime,
    max_depth: int,
    as_json: bool,
    leaves: Paths,
) -> None:
    """
    Verify clients' certificates as the middleware does, and explain each verdict.

    LEAF is a file with one client's certificate: PEM (what follows the first certificate in it is taken for
    intermediates that came along), DER, or the escaped PEM of an nginx header. "-" is standard input.

    Exit status: 0 all accepted, 1 one or more refused, 2 the command or its CA files cannot be used.

    \b
    Examples:
      clientcert verify --trust ca.pem client.pem
      clientcert verify --trust roots.pem --intermediates issuing.pem --at 2027-01-01 *.pem
      clientcert verify --trust ca.pem --crl ca.crl --json client.pem | jq '.[].reason'
      clientcert verify --trust ca.pem --profile openssl - < header-value.txt
    """  # noqa: D301 - click's mark for "do not wrap"
    with _refusals_to_run():
        with _warnings_as_lines():
            policy = revocation_policy(revocation, has_crl=bool(crl))
            authorities = _trust(profile, trust, intermediates, at)
            checker = None if policy.mode == "off" else load_crls(crl, authorities, mode=policy.mode, at=at)
            rules = Rules(
                trust=authorities, profile=profile, max_depth=max_depth, checker=checker, policy=policy, at=at
            )
        with _warnings_as_lines():
            verdicts = _with_progress((rules.judge(leaf, read_octets(leaf)) for leaf in leaves), len(leaves))
            accepted = _print_json(verdicts) if as_json else _print_text(verdicts, len(leaves))
    context.exit(0 if accepted == len(leaves) else 1)


def _trust(profile: str, bundles: Paths, intermediates: Paths, at: datetime) -> TrustStore | Paths:
    """Load the CAs; for profile pinned return the pins as they are."""
    if profile == PINNED:
        if intermediates:
            raise ConfigurationError("profile 'pinned' builds no path: remove --intermediates")
        return bundles
    links = read_intermediates(intermediates, setting="--intermediates") if intermediates else []
    certificates = [certificate.der for certificate in (*read_bundle(bundles), *links)]
    store = TrustStore.load(certificates, security_level=anchor_level(profile))
    store.check_signatures()
    for line in store.warnings(at):
        warnings.warn(line, stacklevel=1)
    return store


def _print_text(verdicts: Iterable[Verdict], total: int) -> int:
    console = open_console()
    accepted = 0
    for verdict in verdicts:
        print_verdict(console, verdict)
        accepted += verdict.accepted
    if total > 1:
        print_summary(console, accepted=accepted, total=total)
    return accepted


def _print_json(verdicts: Iterable[Verdict]) -> int:
    found = list(verdicts)
    # Pure ASCII: no octet of a certificate reaches a terminal as it is.
    click.echo(json.dumps([to_record(verdict) for verdict in found], indent=2, ensure_ascii=True))
    return sum(verdict.accepted for verdict in found)


def _with_progress(verdicts: Iterable[Verdict], total: int) -> Iterable[Verdict]:
    console = open_console(stderr=True)
    if total <= _MANY or not console.is_terminal:
        return verdicts
    from rich.progress import track

    # Printed afterwards: the bar and the verdicts may share a terminal.
    return list(track(verdicts, description="verifying", total=total, console=console, transient=True))


@contextmanager
def _refusals_to_run() -> Iterator[None]:
    try:
        yield
    except ConfigurationError as exc:
        raise UnusableError(printable(str(exc))) from exc


@contextmanager
def _warnings_as_lines() -> Iterator[None]:
    """Say on standard error, once each, what the libraries and the trust store warn of."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            yield
        finally:
            for line in dict.fromkeys(str(warning.message) for warning in caught):
                click.echo(f"warning: {printable(line)}", err=True)
