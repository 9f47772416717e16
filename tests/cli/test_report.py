"""What a person reads: identity or diagnosis, the way out, and nothing that a terminal would obey."""

import os
import pty
import subprocess
import sys
import unicodedata
from collections.abc import Mapping
from datetime import timedelta
from hashlib import sha256
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from clientcert.cli.report import printable
from tests.cli.conftest import CAPTURED_AT, CAPTURES, Run
from tests.material import ALICE, AUTHORITY, INTERMEDIATE, NOW, SELF_SIGNED, STRANGERS

KEY = ALICE.certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
KEY_HASH = sha256(KEY).hexdigest()
CA_HASH = AUTHORITY.issued.fingerprint_sha256
CA_END = AUTHORITY.certificate.not_valid_after_utc.date()
ALICE_REPORT = f"""\
accepted  leaf: profile standard at 2030-01-15T12:00:00Z
  subject         CN=alice,O=Example
  issuer          CN=Clients CA,O=Example
  serial          1001
  valid           2030-01-15T11:00:00Z to 2030-02-14T12:00:00Z (30 days left)
  DNS             alice.example
  e-mail          alice@example.org
  URI             spiffe://prod.example/alice
  IP              192.0.2.7
  SPIFFE ID       spiffe://prod.example/alice
  sha256          {ALICE.fingerprint_sha256}
  spki-sha256     {KEY_HASH}
  path            leaf: CN=alice,O=Example (sha256 {ALICE.fingerprint_sha256[:16]}, valid to 2030-02-14)
                  anchor: CN=Clients CA,O=Example (sha256 {CA_HASH[:16]}, valid to {CA_END})
  revocation      not-checked
"""


def test_identity(verify: Run) -> None:
    """An accepted certificate is shown whole: names, dates, fingerprints and the path to the anchor."""
    assert verify(ALICE.pem).stdout == ALICE_REPORT


@pytest.mark.parametrize(
    ("not_after", "text"),
    [(timedelta(hours=5), "(less than a day left)"), (timedelta(days=1), "(1 days left)")],
    ids=["5 hours", "1 day"],
)
def test_days_left(verify: Run, not_after: timedelta, text: str) -> None:
    """The time left is told in whole days, and the last one by name."""
    assert text in verify(AUTHORITY.issue("soon", not_after=not_after).pem).stdout


def test_many_names(captured: Run) -> None:
    """Of 200 names 8 are shown, and how to see the others."""
    lines = [line for line in captured("big.pem").stdout.splitlines() if line.startswith("  DNS ")]
    assert (len(lines), lines[-1]) == (9, "  DNS             and 192 more (all of them: --json)")


def test_path_is_shown(captured: Run) -> None:
    """The path is told from the leaf over its intermediates to the anchor."""
    shown = captured("deep.pem").stdout
    places = [
        shown.index(text) for text in ("leaf: CN=deep", "intermediate 1: ", "intermediate 2: ", "anchor: CN=Test")
    ]
    assert places == sorted(places)


LONG = INTERMEDIATE.intermediate("Second").intermediate("Third").issue("far")
DIAGNOSES = {
    "late by how much": (
        AUTHORITY.issue("late", not_after=timedelta(hours=-1)).pem,
        (),
        ["(3600 s late)", "rule            RFC 5280 §4.1.2.5", "accepted with   --at 2030-01-15T11:00:00Z"],
    ),
    "early by how much": (
        AUTHORITY.issue("early", not_before=timedelta(hours=1)).pem,
        (),
        ["(3600 s early)", "accepted with   --at 2030-01-15T13:00:00Z"],
    ),
    "missing issuer": (STRANGERS.pem, (), ["issuer 'CN=Other CA,O=Elsewhere' with key identifier ", "hint   "]),
    "profile": (
        AUTHORITY.issue("v1", version=1).pem,
        ("--profile", "strict"),
        ["--profile standard", "--profile openssl", "other profiles  standard accepts it; openssl accepts it"],
    ),
    "depth": (
        LONG.chain_pem,
        ("--max-depth", "2"),
        ["within 2 CA certificates", "accepted with   --max-depth 3"],
    ),
    "pin": (SELF_SIGNED.pem, (), [f"--profile pinned --trust sha256:{SELF_SIGNED.fingerprint_sha256}"]),
    "purpose": (
        AUTHORITY.issue("web", extended_key_usage=["serverAuth"]).pem,
        (),
        ["wanted clientAuth", "RFC 5280 §4.2.1.12", "reissue it", "openssl refuses it (purpose-not-allowed)"],
    ),
}


@pytest.mark.parametrize(("leaf", "arguments", "texts"), DIAGNOSES.values(), ids=DIAGNOSES)
def test_diagnosis(verify: Run, leaf: bytes, arguments: tuple[str, ...], texts: list[str]) -> None:
    """A refusal names the numbers, the rule, and the option that would turn it."""
    shown = verify(leaf, *arguments).stdout
    assert [text for text in texts if text not in shown] == []


@pytest.mark.parametrize("name", [name for name in DIAGNOSES if name not in {"missing issuer", "purpose"}])
def test_way_out_works(verify: Run, name: str) -> None:
    """Each option that a diagnosis offers makes the certificate accepted; where none is offered, none was found."""
    leaf, arguments, _ = DIAGNOSES[name]
    lines = verify(leaf, *arguments).stdout.splitlines()
    offers = [line.removeprefix("  accepted with   ") for line in lines if line.startswith("  accepted with")]
    assert offers
    for offer in offers:
        pinned = offer.split()[3:] if "--trust" in offer else []
        others = [] if pinned else arguments
        assert verify(leaf, *others, *offer.split()[:2], trust=pinned[0] if pinned else "ca.pem").exit_code == 0


def test_no_way_out_is_invented(captured: Run) -> None:
    """A certificate that had expired before its CA was made is not offered another moment."""
    assert "accepted with" not in captured("expired.pem").stdout


def test_openssl_missing(verify: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without pyOpenSSL the other profiles are told as they are, and asking for it says what to install."""
    monkeypatch.setitem(sys.modules, "OpenSSL", None)
    shown = verify(STRANGERS.pem).stdout
    assert "openssl cannot run here (--profile openssl says why)" in shown
    result = verify(ALICE.pem, "--profile", "openssl")
    assert (result.exit_code, "pip install 'clientcert[openssl]'" in result.stderr) == (2, True)


HOSTILE = "\x1b[2J\x1b]0;owned\x07 \r\n\u202egnp.exe\u200b\u2028\x9b31m\x7f"


def test_no_control_reaches_the_terminal(run: Run, folder: Path) -> None:
    """Neither a certificate nor a file's name can send the terminal anything but text."""
    subject = [("CN", HOSTILE), ("O", "Müller")]
    good = AUTHORITY.issue(subject=subject, san=["URI:urn:\x1b[2J\r\n", "DNS:\x1b[31m", "email:\x1b[31m"])
    bad = STRANGERS.key_pem.replace(b"PRIVATE", b"\x1b[31m")
    files = {"good": good.pem, "late \x1b[31m\n": AUTHORITY.issue(subject=subject, version=1).pem, "bad": bad}
    for name, content in files.items():
        (folder / name).write_bytes(content)
    for options in ((), ("--json",), ("--profile", "strict"), ("--at", "2040-01-01")):
        result = run("verify", "--trust", "ca.pem", "--at", NOW.isoformat(), *options, *files)
        assert {unicodedata.category(c) for c in result.output.replace("\n", "")} & {"Cc", "Cf", "Zl", "Zp"} == set()
        assert result.stdout.count("\n  subject ") <= len(files)


@given(st.text())
def test_printable_is_printable(text: str) -> None:
    """Whatever a text holds, what is left of it can be printed on one line, and printable text is left as it is."""
    assert printable(text).isprintable()
    assert not text.isprintable() or printable(text) == text


def _environment(**changes: str) -> dict[str, str]:
    """The environment of this process without what decides about colours."""
    removed = {"NO_COLOR", "FORCE_COLOR", "TERM", "COLORTERM", "PYTHONIOENCODING", "PYTHONUTF8"}
    return (
        {k: v for k, v in os.environ.items() if k not in removed} | {"PYTHONPATH": str(CAPTURES.parents[3])} | changes
    )


def _on_terminal(
    *leaves: str, stdout_too: bool = True, environment: Mapping[str, str] | None = None
) -> tuple[str, str]:
    """Run the command on a pseudo-terminal; return what that shows, and what a pipe on standard output gets."""
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "clientcert", "verify", "--trust", "trust-inter.pem", "--at", CAPTURED_AT, *leaves]
    with subprocess.Popen(
        command,
        cwd=CAPTURES,
        env=_environment(**({"TERM": "xterm"} | dict(environment or {}))),
        stdin=subprocess.DEVNULL,
        stdout=theirs if stdout_too else subprocess.PIPE,
        stderr=theirs,
    ) as process:
        os.close(theirs)
        piped = b"" if process.stdout is None else process.stdout.read()
        shown = b""
        # Linux ends a pseudo-terminal whose other side is closed with an error.
        while chunk := _read(ours):
            shown += chunk
    os.close(ours)
    return shown.decode(), piped.decode()


def _read(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, 65536)
    except OSError:
        return b""


@pytest.mark.parametrize(
    ("environment", "colours"),
    [({}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False)],
    ids=["terminal", "NO_COLOR", "dumb terminal"],
)
def test_colours(environment: Mapping[str, str], colours: bool) -> None:  # noqa: FBT001 - a column of the table
    """A terminal gets colours, unless it has none or NO_COLOR is set."""
    shown, _ = _on_terminal("ec.pem", environment=environment)
    assert ("accepted" in shown, "\x1b[" in shown) == (True, colours)


def test_progress() -> None:
    """With many files a terminal on standard error shows progress, and standard output gets the verdicts alone."""
    few, _ = _on_terminal(*["ec.pem"] * 50, stdout_too=False)
    many, piped = _on_terminal(*["ec.pem"] * 51, stdout_too=False)
    assert ("verifying" in few, "verifying" in many) == (False, True)
    assert (piped.count("accepted  ec.pem"), piped[-15:], "\x1b" in piped) == (
        51,
        "1 of 51 accepted"[-14:] + "\n",
        False,
    )


def test_no_progress_without_a_terminal(captured: Run) -> None:
    """Where standard error is no terminal nothing is written to it, however many files there are."""
    result = captured(*["ec.pem"] * 51)
    assert (result.exit_code, result.stderr) == (0, "")


def test_progress_shares_the_terminal() -> None:
    """Where both outputs are one terminal the verdicts come after the progress, whole."""
    shown, _ = _on_terminal(*["ec.pem"] * 51)
    assert shown.rindex("verifying") < shown.index("ec.pem: profile standard")


@pytest.mark.parametrize("option", ["ec.pem", "--help"])
def test_narrow_encoding(option: str) -> None:
    """A standard output that knows only ASCII gets escapes instead of an exception."""
    command = [
        sys.executable,
        "-m",
        "clientcert",
        "verify",
        "--trust",
        "trust.pem",
        "latin1.pem",
        "wrongeku.pem",
        option,
    ]
    environment = _environment(PYTHONIOENCODING="ascii")
    done = subprocess.run(command, cwd=CAPTURES, env=environment, capture_output=True, check=False)
    assert done.stdout.isascii()
    assert b"Traceback" not in done.stderr
