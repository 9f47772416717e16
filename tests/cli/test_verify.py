"""What ``clientcert verify`` accepts, refuses and calls unusable, and the exit status of each."""

import json
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clientcert.cli.verdict import Rules
from clientcert.core.verification import TrustStore
from clientcert.testing.issued import pem
from tests.cli.conftest import CAPTURES, Run
from tests.material import (
    ADMIN,
    ALICE,
    AUTHORITY,
    BEN,
    EXPIRED,
    IMPOSTOR,
    INTERMEDIATE,
    NOW,
    SELF_SIGNED,
    SERVER,
    STRANGERS,
    VERSION_1,
)

EXPECTED = {
    "accepted": "aks-client big ctrl deep dupcn ec ed25519 emptysubject fern-client latin1 manydns multiuri newline "
    "nul revoked tricky web web-fullchain deep-fullchain xfcc",
    "certificate-expired": "expired",
    "certificate-not-yet-valid": "notyet",
    "issuer-unknown": "impostor selfsigned unknown",
    "purpose-not-allowed": "wrongeku",
}
VERDICTS = [(f"{name}.pem", reason) for reason, names in EXPECTED.items() for name in names.split()]


@pytest.mark.parametrize(("file", "said"), VERDICTS, ids=[file for file, _ in VERDICTS])
def test_captured_certificate(captured: Run, file: str, said: str) -> None:
    """Each captured client certificate gets the verdict that its name announces, and the exit status with it."""
    result = captured(file)
    word, _, rest = result.stdout.splitlines()[0].partition("  ")
    if said == "accepted":
        assert (word, result.exit_code) == ("accepted", 0)
        assert rest.startswith(f"{file}: profile standard")
    else:
        assert (word, result.exit_code) == ("refused", 1)
        assert f"{file}: {said}, profile standard" in rest


FORMS = {
    "pem": (ALICE.pem, ()),
    "pem after the text that openssl prints": (b"Certificate:\n    Data:\n" + ALICE.pem, ()),
    "pem with CRLF": (ALICE.pem.replace(b"\n", b"\r\n"), ()),
    "pem after a byte order mark": (b"\xef\xbb\xbf" + ALICE.pem, ()),
    "pem and its key": (ALICE.pem + ALICE.key_pem, ()),
    "key and its pem": (ALICE.key_pem + ALICE.pem, ()),
    "pem folded as a header": (ALICE.pem.replace(b"\n", b"\n\t"), ()),
    "der": (ALICE.der, ()),
    "nginx header value": (ALICE.escaped_pem, ()),
    "nginx header value and a line feed": (ALICE.escaped_pem + b"\n", ()),
    "chain": (BEN.chain_pem, ()),
    "chain with its root": (BEN.chain_pem + AUTHORITY.pem, ()),
    "leaf with its intermediate configured": (BEN.pem, ("--intermediates", "issuing.pem")),
    "leaf with its intermediate in the bundle": (BEN.pem, ("--trust", "issuing.pem")),
    "version 1": (VERSION_1.pem, ()),
    "openssl": (ALICE.pem, ("--profile", "openssl")),
    "strict": (ALICE.pem, ("--profile", "strict")),
}


@pytest.mark.parametrize(("leaf", "arguments"), FORMS.values(), ids=FORMS)
def test_accepts(verify: Run, leaf: bytes, arguments: tuple[str, ...]) -> None:
    """Every form in which a certificate lies in a file is read, and a good one is accepted."""
    result = verify(leaf, *arguments)
    assert result.stdout.startswith("accepted  leaf: profile ")
    assert (result.exit_code, result.stderr) == (0, "")


CUT = ALICE.pem[:-30]
REFUSALS = {
    "expired": (EXPIRED.pem, "certificate-expired"),
    "server's": (SERVER.pem, "purpose-not-allowed"),
    "of another CA": (STRANGERS.pem, "issuer-unknown"),
    "of a CA with the same name": (IMPOSTOR.pem, "issuer-unknown"),
    "without its intermediate": (BEN.pem, "issuer-unknown"),
    "empty": (b"", "encoding-malformed"),
    "white space": (b" \n", "encoding-malformed"),
    "text": (b"hello", "encoding-malformed"),
    "cut off": (CUT, "encoding-malformed"),
    "second one cut off": (ALICE.pem + CUT, "encoding-malformed"),
    "junk in the base64": (ALICE.pem.replace(b"\n", b"\n!!!!", 1), "encoding-malformed"),
    "not base64": (ALICE.pem.replace(b"M", b"!"), "encoding-malformed"),
    "no BEGIN line's end": (b"-----BEGIN CERTIFICATE", "encoding-malformed"),
    "a key": (ALICE.key_pem, "private-key-sent"),
    "an escaped key": (b"-----BEGIN%20PRIVATE%20KEY-----", "private-key-sent"),
    "lower-case escapes": (ALICE.escaped_pem.replace(b"%2B", b"%2b").replace(b"%0A", b"%0a"), "encoding-malformed"),
    "a revocation list": (AUTHORITY.crl().pem, "encoding-malformed"),
    "a revocation list in DER": (AUTHORITY.crl().der, "certificate-malformed"),
    "der cut off": (ALICE.der[:-1], "certificate-malformed"),
    "der and more": (ALICE.der + b"\0", "certificate-malformed"),
    "second one is no certificate": (ALICE.pem + pem(b"\x30\0"), "certificate-malformed"),
    "10 certificates": (ALICE.pem + INTERMEDIATE.pem * 9, "chain-too-large"),
    "over a mebibyte": (b" " * (1 << 20) + ALICE.pem, "certificate-too-large"),
}


@pytest.mark.parametrize(("leaf", "reason"), REFUSALS.values(), ids=REFUSALS)
def test_refuses(verify: Run, leaf: bytes, reason: str) -> None:
    """Whatever else is in a file is refused with its reason and status 1, and nothing is printed twice."""
    result = verify(leaf)
    assert result.stdout.startswith(f"refused   leaf: {reason}, profile standard at 2030-01-15T12:00:00Z\n  cause ")
    assert (result.exit_code, result.stderr) == (1, "")


@pytest.mark.parametrize(
    ("content", "hint"),
    {
        "PKCS #12": (bytes.fromhex("3005 020103 3000"), "openssl pkcs12 -in FILE"),
        "PKCS #7": (bytes.fromhex("300d 06092a864886f70d010702 a000"), "openssl pkcs7 -inform DER"),
    }.values(),
    ids=["PKCS #12", "PKCS #7"],
)
def test_archive_hint(verify: Run, content: bytes, hint: str) -> None:
    """An archive is refused with the command that takes the certificate out of it."""
    result = verify(content)
    assert (hint in result.stdout, result.exit_code) == (True, 1)


@given(st.binary(max_size=400))
def test_octets_have_a_verdict(octets: bytes) -> None:
    """Whatever a file holds, there is a verdict and no exception."""
    rules = Rules(trust=TrustStore.load(AUTHORITY.pem), at=NOW)
    for content in (octets, b"\x30" + octets, b"-----BEGIN CERTIFICATE-----\n" + octets, ALICE.der[:100] + octets):
        assert not rules.judge("leaf", content).accepted


@given(st.integers(0, len(ALICE.pem) - 1), st.integers(0, 255))
def test_mutants_have_a_verdict(place: int, octet: int) -> None:
    """A certificate with one octet changed is accepted only where it still is the same certificate."""
    mutant = bytearray(ALICE.pem)
    mutant[place] = octet
    verdict = Rules(trust=TrustStore.load(AUTHORITY.pem), at=NOW).judge("leaf", bytes(mutant))
    assert not verdict.accepted or (verdict.leaf is not None and verdict.leaf.der == ALICE.der)


def test_several_files(verify: Run, folder: Path) -> None:
    """Verdicts come in the order of the arguments, and one refusal decides the status."""
    (folder / "alice").write_bytes(ALICE.pem)
    (folder / "expired").write_bytes(EXPIRED.pem)
    result = verify(ADMIN.pem, "expired", "alice")
    said = [line.split(":")[0] for line in result.stdout.splitlines() if not line.startswith(" ")]
    assert (said, result.exit_code) == (
        ["refused   expired", "accepted  alice", "accepted  leaf", "2 of 3 accepted"],
        1,
    )
    assert verify(ADMIN.pem, "alice").exit_code == 0


def test_standard_input(run: Run, folder: Path) -> None:
    """A dash reads a certificate from standard input, in every form."""
    command = ("verify", "--trust", "ca.pem", "--at", NOW.isoformat(), "-")
    for octets in (ALICE.pem, ALICE.der, ALICE.escaped_pem):
        result = run(*command, stdin=octets)
        assert (result.exit_code, result.stdout[:27]) == (0, "accepted  (standard input):")
    assert run(*command, stdin=b"").exit_code == 1


@pytest.mark.parametrize(
    ("at", "shown"),
    {
        "2030-01-15T13:00:00Z": "2030-01-15T13:00:00Z",
        "2030-01-15T13:00:00": "2030-01-15T13:00:00Z",
        "2030-01-15T14:00:00+01:00": "2030-01-15T13:00:00Z",
        "2030-01-16": "2030-01-16T00:00:00Z",
        "20300116": "2030-01-16T00:00:00Z",
    }.items(),
)
def test_moment(run: Run, folder: Path, at: str, shown: str) -> None:
    """A moment may have an offset, none (then it is UTC), or no time."""
    (folder / "leaf").write_bytes(ALICE.pem)
    result = run("verify", "--trust", "ca.pem", "--at", at, "leaf")
    assert (result.exit_code, result.stdout.splitlines()[0]) == (0, f"accepted  leaf: profile standard at {shown}")


@pytest.mark.parametrize("arguments", [(), ("--at", "now")], ids=["default", "now"])
def test_moment_now(run: Run, folder: Path, arguments: tuple[str, ...]) -> None:
    """Without a moment, and for ``now``, it is the present that decides."""
    (folder / "leaf").write_bytes(AUTHORITY.issue("past", not_before=timedelta(-9999), not_after=timedelta(-9998)).pem)
    (folder / "ca.pem").write_bytes(AUTHORITY.pem)
    result = run("verify", "--trust", "ca.pem", "--json", *arguments, "leaf")
    assert (json.loads(result.stdout)[0]["reason"], result.exit_code) == ("certificate-expired", 1)


@pytest.mark.parametrize("at", ["0001-01-01", "9999-12-31T23:59:59Z"])
def test_moment_out_of_all_bounds(captured: Run, at: str) -> None:
    """The first and the last moment that can be written are refused as any other wrong one is."""
    result = captured("--at", at, "ec.pem")
    assert (result.exit_code, result.stdout[:7]) == (1, "refused")


UNUSABLE = {
    "no trust": ([], "Missing option '--trust'"),
    "unknown profile": (
        ["--trust", "ca.pem", "--profile", "x"],
        "'x' is not one of 'standard', 'strict', 'openssl', 'pinned'",
    ),
    "no such bundle": (["--trust", "none.pem"], "'none.pem' cannot be read: No such file or directory"),
    "empty bundle": (["--trust", "empty"], "'empty' is empty"),
    "bundle cut off": (["--trust", "cut"], "'cut' is damaged: 1 BEGIN lines, 0 END lines"),
    "bundle with a key": (["--trust", "key"], "'key' holds a private key"),
    "bundle of leaves": (["--trust", "leaf"], "take it out of the bundle"),
    "bundle of intermediates": (["--trust", "issuing.pem"], "no self-issued CA certificate"),
    "root as intermediate": (["--trust", "ca.pem", "--intermediates", "ca.pem"], "belongs in --trust"),
    "intermediates cut off": (["--trust", "ca.pem", "--intermediates", "cut"], "'cut' is damaged"),
    "depth": (["--trust", "ca.pem", "--max-depth", "17"], "max_depth is 17, wanted 0 to 16"),
    "depth is no number": (["--trust", "ca.pem", "--max-depth", "x"], "'x' is not a valid integer"),
    "no moment": (["--trust", "ca.pem", "--at", "tomorrow"], "'tomorrow' is not a moment, wanted 2026-11-21T23:00:00Z"),
    "moment before all": (["--trust", "ca.pem", "--at", "0001-01-01T00:00:00+14:00"], "is not a moment"),
    "hard without lists": (["--trust", "ca.pem", "--revocation", "hard"], "no list to ask"),
    "list cut off": (["--trust", "ca.pem", "--crl", "cut"], "'cut' is damaged"),
    "list is a certificate": (["--trust", "ca.pem", "--crl", "ca.pem"], "wanted X509 CRL only"),
    "no such list": (["--trust", "ca.pem", "--crl", "none.crl"], "'none.crl' cannot be read"),
    "pinned and intermediates": (
        ["--profile", "pinned", "--trust", "leaf", "--intermediates", "issuing.pem"],
        "pinned",
    ),
    "pinned and lists": (["--profile", "pinned", "--trust", "leaf", "--crl", "ca.crl"], "remove crl"),
    "no such file": (["--trust", "ca.pem", "none"], "File 'none' does not exist"),
    "folder in place of a file": (["--trust", "ca.pem", "."], "is a directory"),
    "standard input twice": (["--trust", "ca.pem", "-", "-"], "once only"),
}


@pytest.mark.parametrize(("arguments", "message"), UNUSABLE.values(), ids=UNUSABLE)
def test_unusable(run: Run, folder: Path, arguments: list[str], message: str) -> None:
    """A command or a CA file that cannot be used ends with status 2 and one cause, before any verdict."""
    for name, content in {"leaf": ALICE.pem, "empty": b"", "cut": AUTHORITY.pem[:-30], "key": ALICE.key_pem}.items():
        (folder / name).write_bytes(content)
    (folder / "ca.crl").write_bytes(AUTHORITY.crl().pem)
    result = run("verify", *arguments, "leaf")
    assert (result.exit_code, result.stdout) == (2, "")
    assert message in result.stderr
    assert result.stderr.count("Error: ") == 1


def test_bundle_folder(verify: Run, folder: Path) -> None:
    """A directory of CA files is a bundle."""
    (folder / "cas").mkdir()
    for name in ("ca.pem", "issuing.pem"):
        (folder / name).rename(folder / "cas" / name)
    assert verify(BEN.pem, trust="cas").exit_code == 0


def test_bundle_warnings(captured: Run) -> None:
    """What an operator should know of a bundle goes to standard error, before the verdicts."""
    result = captured("--at", "2027-12-01", "ec.pem")
    assert "warning: anchor 'CN=Fern Cert Authority' (sha256 9278f1b74b40dc6a) expired at" in result.stderr
    assert (result.exit_code, "warning" in result.stdout) == (0, False)
    assert result.output.startswith("warning")


@pytest.mark.parametrize(
    ("pin", "status"),
    {
        "leaf": 0,
        f"sha256:{SELF_SIGNED.fingerprint_sha256}": 0,
        f"sha256:{ALICE.fingerprint_sha256}": 1,
    }.items(),
    ids=["certificate", "hash", "another's hash"],
)
def test_pinned(verify: Run, pin: str, status: int) -> None:
    """Profile pinned takes the clients' certificates themselves, or their hashes, as trust."""
    assert verify(SELF_SIGNED.pem, "--profile", "pinned", trust=pin).exit_code == status


REVOKED = AUTHORITY.crl([ALICE], this_update=timedelta(hours=-1)).pem
STALE = AUTHORITY.crl([ADMIN], this_update=timedelta(days=-9), next_update=timedelta(days=-2)).pem
CrlCase = tuple[bytes, bytes, tuple[str, ...], int, str]
CRL_CASES: dict[str, CrlCase] = {
    "not in the list": (ADMIN.pem, REVOKED, (), 0, "good: CRL 1"),
    "in the list": (ALICE.pem, REVOKED, (), 1, "revoked at 2030-01-15T12:00:00Z (unspecified)"),
    "in the list, not asked": (ALICE.pem, REVOKED, ("--revocation", "off"), 0, "not-checked"),
    "in the list, soft": (ALICE.pem, REVOKED, ("--revocation", "soft"), 1, "revoked at"),
    "issuer without a list": (BEN.chain_pem, REVOKED, (), 1, "accepted with   --revocation soft"),
    "issuer without a list, soft": (BEN.chain_pem, REVOKED, ("--revocation", "soft"), 0, "unknown: no CRL of"),
    "stale list": (ALICE.pem, STALE, (), 2, "expired at 2030-01-13T12:00:00Z (172800 s late)"),
    "stale list, soft": (ALICE.pem, STALE, ("--revocation", "soft"), 0, "unknown: CRL 1"),
    "revoked in a stale list": (ADMIN.pem, STALE, ("--revocation", "soft"), 1, "revoked at"),
}


@pytest.mark.parametrize("case", CRL_CASES.values(), ids=CRL_CASES)
def test_revocation(verify: Run, folder: Path, case: CrlCase) -> None:
    """Lists decide, and ``--revocation`` decides about what they do not know."""
    leaf, crl, arguments, status, text = case
    (folder / "ca.crl").write_bytes(crl)
    result = verify(leaf, "--crl", "ca.crl", *arguments)
    assert (result.exit_code, text in result.output) == (status, True)


def test_revocation_folder(verify: Run, folder: Path) -> None:
    """A directory of lists is read whole, hidden files aside."""
    (folder / "crls").mkdir()
    (folder / "crls" / "a.crl").write_bytes(REVOKED)
    (folder / "crls" / "b.crl").write_bytes(INTERMEDIATE.crl().der)
    (folder / "crls" / ".hidden").write_bytes(b"junk")
    arguments = ("--crl", "crls", "--intermediates", "issuing.pem")
    assert [verify(leaf.pem, *arguments).exit_code for leaf in (ALICE, ADMIN, BEN)] == [1, 0, 0]


def test_captured_revocation(captured: Run) -> None:
    """The captured lists revoke the captured certificate of that name and no other."""
    result = captured("--crl", "all-crl.pem", "--json", "revoked.pem", "ec.pem", "web.pem", "deep.pem")
    assert [record["accepted"] for record in json.loads(result.stdout)] == [False, True, True, True]


def test_captures_are_there() -> None:
    """The table above names every captured client certificate."""
    named = {file for file, _ in VERDICTS}
    authorities = {file.name for file in CAPTURES.glob("*ca.pem")} | {"root.pem", "inter.pem", "inter2.pem"}
    assert {file.name for file in CAPTURES.glob("*.pem")} == named | authorities | {
        "all-crl.pem",
        "trust.pem",
        "trust-inter.pem",
    }
