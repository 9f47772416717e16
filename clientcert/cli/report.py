"""A verdict for people: a line that says it, and under it who the client is, or what is wrong and the way out."""

import os
from collections.abc import Iterator

from rich.console import Console
from rich.text import Text

from clientcert.cli.leaf import STDIN
from clientcert.cli.record import spiffe_id
from clientcert.cli.verdict import ACCEPTED, UNAVAILABLE, Verdict, utc_text
from clientcert.core.certificate import ParsedCertificate
from clientcert.core.verification import VerifiedPath
from clientcert.core.verification.rules import role_of
from clientcert.errors import ClientCertError

# Names of one kind; a certificate may have 256.
_MAX_NAMES = 8
_LABEL_WIDTH = 15
_SECTION = "RFC "
_NO_NAME = "(empty)"

Line = tuple[str, str]


def open_console(*, stderr: bool = False) -> Console:
    """Open the terminal, or whatever is in its place: no escape sequences there, nor where NO_COLOR is set."""
    return Console(stderr=stderr, highlight=False, color_system=None if os.environ.get("NO_COLOR") else "auto")


def printable(text: str) -> str:
    """
    Make any text safe for one line of a terminal.

    Controls, line separators, bidirectional overrides, zero-width and unassigned characters become Python escapes.
    """
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)


def print_verdict(console: Console, verdict: Verdict) -> None:
    """Print one verdict; every text goes through `printable`."""
    word, style = ("accepted", "bold green") if verdict.accepted else ("refused", "bold red")
    file = "(standard input)" if verdict.file == STDIN else verdict.file
    said = "" if verdict.refusal is None else f"{verdict.refusal.reason}, "
    rest = f"  {file}: {said}profile {verdict.rules.profile} at {utc_text(verdict.rules.at)}"
    _print(console, Text.assemble((f"{word:<8}", style), _fit(console, rest)))
    for label, value in _lines(verdict):
        _print(console, Text.assemble((f"  {label:<{_LABEL_WIDTH}} ", "dim"), _fit(console, value)))


def print_summary(console: Console, *, accepted: int, total: int) -> None:
    """Print the count that ends a run over several files."""
    _print(console, Text(f"{accepted} of {total} accepted"))


def _print(console: Console, line: Text) -> None:
    console.print(line, soft_wrap=True)


def _fit(console: Console, text: str) -> str:
    """Escape what the terminal's encoding does not have, too."""
    return printable(text).encode(console.encoding, "backslashreplace").decode(console.encoding)


def _lines(verdict: Verdict) -> Iterator[Line]:
    if verdict.refusal is not None:
        yield from _diagnosis(verdict, verdict.refusal)
    elif verdict.leaf is not None and verdict.path is not None:
        yield from _identity(verdict.leaf, verdict.days_left or 0)
        yield from _path(verdict.path)
        yield "revocation", verdict.revocation or ""


def _identity(leaf: ParsedCertificate, days_left: int) -> Iterator[Line]:
    yield "subject", leaf.subject.rfc4514 or _NO_NAME
    yield "issuer", leaf.issuer.rfc4514 or _NO_NAME
    yield "serial", f"{leaf.serial_number:x}"
    left = f"{days_left} days left" if days_left else "less than a day left"
    yield "valid", f"{utc_text(leaf.not_before)} to {utc_text(leaf.not_after)} ({left})"
    yield from _names("DNS", leaf.dns_names)
    yield from _names("e-mail", leaf.email_addresses)
    yield from _names("URI", leaf.uris)
    yield from _names("IP", tuple(map(str, leaf.ip_addresses)))
    yield from _names("UPN", leaf.user_principal_names)
    spiffe = spiffe_id(leaf)
    if spiffe is not None:
        yield "SPIFFE ID", spiffe.uri
    yield "sha256", leaf.fingerprint_sha256
    yield "spki-sha256", leaf.spki_sha256


def _names(label: str, names: tuple[str, ...]) -> Iterator[Line]:
    yield from ((label, name) for name in names[:_MAX_NAMES])
    if len(names) > _MAX_NAMES:
        yield label, f"and {len(names) - _MAX_NAMES} more (all of them: --json)"


def _path(path: VerifiedPath) -> Iterator[Line]:
    for place, certificate in enumerate(path.certificates):
        role = role_of(place, len(path.certificates))
        subject = certificate.subject.rfc4514 or _NO_NAME
        end = f"sha256 {certificate.fingerprint_sha256[:16]}, valid to {utc_text(certificate.not_after)[:10]}"
        yield "" if place else "path", f"{role}: {subject} ({end})"


def _diagnosis(verdict: Verdict, refusal: ClientCertError) -> Iterator[Line]:
    yield "cause", refusal.detail
    for hint in refusal.hints:
        yield "rule" if hint.startswith(_SECTION) else "hint", hint
    for flags in verdict.accepted_with:
        yield "accepted with", flags
    if verdict.other_profiles:
        yield "other profiles", "; ".join(_opinion(*item) for item in verdict.other_profiles.items())


def _opinion(profile: str, said: str) -> str:
    if said == ACCEPTED:
        return f"{profile} accepts it"
    if said == UNAVAILABLE:
        return f"{profile} cannot run here (--profile {profile} says why)"
    return f"{profile} refuses it ({said})"
