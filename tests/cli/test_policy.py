"""``clientcert policy``: exit statuses, and what is printed of policies, cases and decisions."""

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from clientcert.cli.policy import policy
from clientcert.testing import CertificateAuthority

POLICY = """\
version = 1
[roles]
admin = { ou = "ops" }
[[route]]
path = "/orders/*"
methods = ["GET"]
allow = { o = "Example" }
[[route]]
path = "/admin"
methods = "any"
allow = { role = "admin" }
"""

CASES = """\
version = 1
[clients.alice]
subject = "CN=alice,OU=ops,O=Example"
[[case]]
client = "alice"
method = "GET"
path = "/orders/7"
expect = "allow"
[[case]]
client = "nobody"
method = "GET"
path = "/orders/7"
expect = "deny"
"""

# The command asks the system's clock, so these are valid now.
AUTHORITY = CertificateAuthority("Clients CA", seed="policy-command")
ALICE = AUTHORITY.issue(subject=[("O", "Example"), ("OU", "dev"), ("CN", "alice\x1b[2J")])
STRANGER = CertificateAuthority("Other CA", seed="stranger").issue(subject=[("O", "Example")])


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with a policy, its cases, and a client's certificate."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "acl.toml").write_text(POLICY, encoding="utf-8")
    (tmp_path / "cases.toml").write_text(CASES, encoding="utf-8")
    (tmp_path / "alice.pem").write_bytes(ALICE.pem)
    (tmp_path / "stranger.pem").write_bytes(STRANGER.pem)
    (tmp_path / "ca.pem").write_bytes(AUTHORITY.pem)
    return tmp_path


def run(*arguments: str) -> Result:
    """Invoke ``clientcert policy``; a Python exception is the test's failure."""
    return CliRunner().invoke(policy, arguments, catch_exceptions=False)


def explain(*arguments: str, path: str = "/orders/7", method: str = "GET") -> Result:
    """Invoke ``clientcert policy explain`` on the policy of the folder."""
    return run("explain", "acl.toml", "--method", method, "--path", path, *arguments)


@pytest.mark.usefixtures("folder")
def test_policy_alone() -> None:
    """A policy without cases is checked, and its size printed."""
    result = run("test", "acl.toml")
    assert (result.exit_code, result.stdout) == (0, "acl.toml: 2 routes, 1 roles\n")


@pytest.mark.usefixtures("folder")
def test_cases_as_expected() -> None:
    """All cases as expected end with status 0, and a route without case is named."""
    result = run("test", "acl.toml", "cases.toml", "cases.toml")
    assert result.exit_code == 0
    assert result.stdout.splitlines() == [
        "acl.toml: 2 routes, 1 roles",
        "4 of 4 cases as expected",
        "no case for route /admin (any)",
    ]


def test_case_not_as_expected(folder: Path) -> None:
    """A case that is not as expected is explained, and ends with status 1."""
    (folder / "cases.toml").write_text(CASES.replace('"deny"', '"allow"'), encoding="utf-8")
    result = run("test", "acl.toml", "cases.toml")
    assert result.exit_code == 1
    leaf = 'o: cannot tell, there is no client certificate, wanted "Example"'
    assert result.stdout.splitlines()[:3] == [
        f"cases.toml:9: nobody may GET /orders/7: denied, {leaf}",
        "    route /orders/* (GET): cannot tell",
        f"  !   {leaf}",
    ]
    assert "1 of 2 cases as expected" in result.stdout


def test_unusable_policy(folder: Path) -> None:
    """A policy that cannot be used ends with status 2 and its line."""
    (folder / "acl.toml").write_text(POLICY.replace('"admin" }', '"amdin" }'), encoding="utf-8")
    result = run("test", "acl.toml")
    assert result.exit_code == 2
    assert result.stderr == "Error: acl.toml:11: unknown role 'amdin', did you mean 'admin'? wanted one of: admin\n"


@pytest.mark.usefixtures("folder")
def test_explain_allowed() -> None:
    """A client who may is shown with the route, the rule and the roles."""
    result = explain("--cert", "alice.pem")
    assert result.exit_code == 0
    assert result.stdout.splitlines() == [
        "allowed",
        "  route /orders/* (GET): yes",
        '    o: yes, got "Example"',
        "roles: none",
    ]


@pytest.mark.usefixtures("folder")
def test_explain_denied() -> None:
    """A client who may not is shown with the leaf that fails."""
    result = explain("--cert", "alice.pem", path="/admin/")
    assert result.exit_code == 1
    assert '!   ou: no, got "dev", wanted "ops"' in result.stdout.splitlines()


@pytest.mark.usefixtures("folder")
def test_explain_without_certificate() -> None:
    """Without a certificate the decision is about nobody, who has no roles to print."""
    result = explain()
    assert result.exit_code == 1
    assert "there is no client certificate" in result.stdout
    assert "roles" not in result.stdout


@pytest.mark.usefixtures("folder")
def test_explain_refused_path() -> None:
    """The path is taken as it is on the wire."""
    result = explain("--cert", "alice.pem", path="/orders%2f7")
    assert result.exit_code == 1
    assert "the path has an escaped slash" in result.stdout


@pytest.mark.usefixtures("folder")
def test_explain_verifies_first() -> None:
    """With CAs the certificate is verified first; one that is not accepted ends with status 2."""
    assert explain("--cert", "alice.pem", "--trust", "ca.pem").exit_code == 0
    result = explain("--cert", "stranger.pem", "--trust", "ca.pem")
    assert result.exit_code == 2
    assert result.stderr.startswith("Error: issuer-unknown: ")
    assert explain("--cert", "stranger.pem").exit_code == 0


def test_explain_knows_the_verified_issuer(folder: Path) -> None:
    """A rule about the issuer can tell after the certificate was verified, and cannot without."""
    key = run_key()
    text = POLICY.replace('{ o = "Example" }', f'{{ issued_by = "{key}" }}')
    (folder / "acl.toml").write_text(text, encoding="utf-8")
    assert explain("--cert", "alice.pem", "--trust", "ca.pem").exit_code == 0
    assert "nobody here verified" in explain("--cert", "alice.pem").stdout


def run_key() -> str:
    """The key id of the CA, as an explanation of a refusal shows it."""
    from clientcert.core.certificate import parse_ca_certificate

    return parse_ca_certificate(AUTHORITY.issued.der).spki_sha256


def test_explain_with_less_evidence(folder: Path) -> None:
    """Less can be taken for proven."""
    text = POLICY.replace('{ o = "Example" }', '{ evidence = "verified" }')
    (folder / "acl.toml").write_text(text, encoding="utf-8")
    assert explain("--cert", "alice.pem").exit_code == 0
    assert explain("--cert", "alice.pem", "--evidence", "proxy-verdict").exit_code == 1


def test_d3_terminal(folder: Path) -> None:
    """No control character of a certificate reaches the terminal."""
    text = POLICY.replace('{ o = "Example" }', '{ cn = "alice" }')
    (folder / "acl.toml").write_text(text, encoding="utf-8")
    result = explain("--cert", "alice.pem")
    assert result.exit_code == 1
    assert "\x1b" not in result.stdout
    assert "alice\\x1b[2J" in result.stdout


@pytest.mark.parametrize("arguments", [[], ["test"], ["explain"], ["explain", "acl.toml"], ["nothing"]], ids=" ".join)
def test_usage(arguments: list[str]) -> None:
    """A command that lacks something is a usage error."""
    assert run(*arguments).exit_code == 2
