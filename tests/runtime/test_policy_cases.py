"""Tables of cases: who may do what as the reviewers expect it, and what is wrong where a policy does otherwise."""

from pathlib import Path
from typing import Any

import pytest

from clientcert.core.certificate import parse_certificate
from clientcert.core.identity import EvidenceLevel
from clientcert.core.limits import Limits
from clientcert.core.policy import (
    ANY_METHOD,
    Roles,
    Route,
    RoutePolicy,
    RulePolicy,
    anyone,
    cn,
    deny,
    evidence,
    issued_by,
    o,
    ou,
    rule,
    serial,
    spiffe,
)
from clientcert.errors import ConfigurationError
from clientcert.runtime.policy_cases import CaseResult, load_cases, run_case, untested_routes
from clientcert.testing.policy import assert_allows, assert_case, assert_denies, assert_policy
from tests.core.policy_clients import client
from tests.material import ALICE, AUTHORITY

KEY, OTHER = "0123456789abcdef" * 4, "f" * 64

POLICY = RoutePolicy(
    [
        Route("/orders/*", ["GET"], ou("ops") & deny(serial(KEY, 7))),
        Route("/orders/*", ["DELETE"], cn("alice") & evidence(at_least=EvidenceLevel.VERIFIED)),
        Route("/health", ["GET"], anyone()),
    ],
    Roles({"operator": ou("ops")}),
)

CASES = f"""\
version = 1

[clients.alice]
subject = "CN=alice,OU=ops,O=Example"
issued_by = "{KEY}"
serial = 0x1001

[clients.revoked]
subject = "CN=carol,OU=ops,O=Example"
issued_by = "{KEY}"
serial = 7

[clients.bob]
certificate = "bob.pem"

[[case]]
client = "alice"
method = "GET"
path = "/orders/7"
expect = "allow"
roles = ["operator"]

[[case]]
client = ["revoked", "bob", "nobody"]
method = "GET"
path = "/orders/7"
expect = "deny"

[[case]]
client = "nobody"
method = "GET"
path = "/health/"
expect = "allow"
roles = []

[[case]]
client = "alice"
method = "GET"
path = "/orders%2f7"
expect = "deny"
because = "path"
"""


@pytest.fixture
def cases(tmp_path: Path) -> Path:
    """The file of cases, with the certificate that it names beside it."""
    (tmp_path / "bob.pem").write_bytes(ALICE.pem + AUTHORITY.pem)
    path = tmp_path / "cases.toml"
    path.write_text(CASES, encoding="utf-8")
    return path


def test_all_as_expected(cases: Path) -> None:
    """A policy that does as its reviewers expect passes every case, one for each client of a list."""
    results = [run_case(POLICY, case) for case in load_cases(cases)]
    assert [str(result.case) for result in results] == [
        "alice may GET /orders/7",
        "revoked may not GET /orders/7",
        "bob may not GET /orders/7",
        "nobody may not GET /orders/7",
        "nobody may GET /health/",
        "alice may not GET /orders%2f7",
    ]
    assert [result.problems for result in results] == [()] * 6
    assert_policy(POLICY, cases)


def test_yaml(cases: Path) -> None:
    """Cases may stand in YAML as well."""
    path = cases.with_suffix(".yaml")
    path.write_text(
        "version: 1\ncase:\n  - {client: nobody, method: GET, path: /health, expect: allow}\n", encoding="utf-8"
    )
    assert_policy(POLICY, path)


def test_places(cases: Path) -> None:
    """Each case knows its file and line."""
    assert [case.place for case in load_cases(cases)] == [f"{cases}:{line}" for line in (16, 23, 23, 23, 29, 36)]


def test_certificate(cases: Path) -> None:
    """A client with a certificate has what the certificate says, the issuer's key where the issuer follows."""
    (bob,) = [case.identity for case in load_cases(cases) if case.client == "bob"]
    assert bob is not None
    assert bob.certificate == ALICE.der
    assert bob.issuer_key_id == parse_certificate(AUTHORITY.issued.der, limits=Limits()).spki_sha256
    assert bob.evidence.level is EvidenceLevel.VERIFIED
    cases.with_name("bob.pem").write_bytes(ALICE.pem)
    (bob,) = [case.identity for case in load_cases(cases) if case.client == "bob"]
    assert bob is not None
    assert bob.issuer_key_id is None


def test_attributes(tmp_path: Path) -> None:
    """A client of attributes has those, under the names of the rules."""
    path = tmp_path / "cases.toml"
    path.write_text(
        f"""\
version = 1
[clients.web]
subject = "CN=web"
issuer = "CN=CA,O=Example"
dns = ["a.example", "b.example"]
email = "a@b.example"
uri = "spiffe://prod.example/web"
upn = "a@b"
serial = 0x1001
fingerprint = "{KEY}"
spki = "{OTHER}"
issued_by = "{KEY}"
evidence = "proxy-verdict"
[clients.bare]
subject = ""
[clients.two]
subject = "CN=two"
uri = ["urn:a", "urn:b"]
[[case]]
client = ["web", "bare", "two"]
method = "GET"
path = "/"
expect = "allow"
""",
        encoding="utf-8",
    )
    web, bare, two = (case.identity for case in load_cases(path))
    assert web is not None
    assert bare is not None
    assert two is not None
    assert (web.common_name, web.issuer.rfc4514, web.serial_hex) == ("web", "CN=CA,O=Example", "1001")
    assert (web.dns_names, web.email_addresses) == (("a.example", "b.example"), ("a@b.example",))
    assert (web.user_principal_names, str(web.spiffe_id)) == (("a@b",), "spiffe://prod.example/web")
    assert (web.fingerprint_sha256, web.spki_sha256, web.issuer_key_id) == (KEY, OTHER, KEY)
    assert web.evidence.level is EvidenceLevel.PROXY_VERDICT
    assert issued_by(OTHER).check(web).answer.value == "no"
    assert (bare.subject.is_empty, bare.serial_number, bare.spiffe_id, bare.chain) == (True, None, None, ())
    assert two.spiffe_id is None


REFUSED: dict[str, tuple[str, str, str]] = {
    "unknown-client": (
        'client = "alice"\nmethod = "GET"\npath = "/orders/7"',
        'client = "alcie"\nmethod = "GET"\npath = "/orders/7"',
        "17: unknown client 'alcie', did you mean 'alice'? wanted one of: alice, revoked, bob, nobody",
    ),
    "no-client": ('client = ["revoked", "bob", "nobody"]', "client = [7]", "24: unknown client 7"),
    "unknown-key-of-a-case": ("because =", "becuase =", "41: unknown key of case 'becuase', did you mean 'because'?"),
    "missing-key-of-a-case": ('path = "/health/"\n', "", "29: case has no 'path'"),
    "unknown-expectation": (
        'expect = "deny"\nbecause',
        'expect = "refuse"\nbecause',
        "40: unknown expectation 'refuse', wanted one of: allow, deny",
    ),
    "because-of-what-is-allowed": (
        'roles = ["operator"]',
        'because = "ou"',
        "21: because is for cases that expect deny",
    ),
    "because-that-is-no-text": ('because = "path"', "because = 7", "41: because is for cases that expect deny"),
    "roles-that-are-no-list": (
        'roles = ["operator"]',
        'roles = "operator"',
        "21: roles is 'operator', wanted a list of names",
    ),
    "method-that-is-no-text": (
        'client = "alice"\nmethod = "GET"\npath = "/orders/7"',
        'client = "alice"\nmethod = 7\npath = "/orders/7"',
        "18: method is 7, wanted text",
    ),
    "unknown-key-of-a-client": (
        "serial = 7",
        "sreial = 7",
        "11: unknown key of client 'sreial', did you mean 'serial'?",
    ),
    "unknown-key-beside-a-certificate": (
        'certificate = "bob.pem"',
        'certificate = "bob.pem"\nserial = 7',
        "15: unknown key of client with a certificate 'serial'",
    ),
    "client-that-is-no-table": (
        '[clients.bob]\ncertificate = "bob.pem"',
        "[clients]\nbob = 7",
        "14: client is 7, wanted a table with: certificate,",
    ),
    "client-without-subject": ('subject = "CN=carol,OU=ops,O=Example"\n', "", "8: client has no 'subject'"),
    "subject-in-another-spelling": (
        "CN=alice,OU",
        "CN=alice, OU",
        "4: 'CN=alice, OU=ops,O=Example' is not RFC 4514 text",
    ),
    "subject-that-is-no-text": ('"CN=alice,OU=ops,O=Example"', "7", "4: name is 7, wanted RFC 4514 text"),
    "serial-zero": ("serial = 7", "serial = 0", "11: serial is 0, wanted a number such as 0x1001"),
    "serial-that-is-no-number": ("serial = 7", 'serial = "7"', "11: serial is '7', wanted a number"),
    "serial-true": ("serial = 7", "serial = true", "11: serial is True, wanted a number"),
    "key-that-is-no-hash": (
        f'issued_by = "{KEY}"\nserial = 7',
        'issued_by = "ab"\nserial = 7',
        "10: issued_by('ab') is not the SHA-256",
    ),
    "name-that-is-no-text": ("serial = 7", "dns = [7]", "11: dns is [7], wanted a text or a list of texts"),
    "name-that-is-empty": ("serial = 7", 'dns = ""', "11: dns is '', wanted a text or a list of texts"),
    "unknown-evidence": (
        "serial = 7",
        'evidence = "proven"',
        "11: unknown evidence 'proven', wanted one of: proxy-attributes",
    ),
    "certificate-that-is-not-there": ("bob.pem", "bib.pem", "14: certificate 'bib.pem': "),
    "certificate-that-is-none": (
        "bob.pem",
        "cases.toml",
        "14: certificate 'cases.toml': octets holds neither PEM nor DER",
    ),
    "certificate-that-is-no-path": ('"bob.pem"', "7", "14: certificate is 7, wanted the path of a file"),
    "client-of-the-reserved-name": (
        "[clients.bob]",
        "[clients.nobody]",
        "3: clients is not a table of names and clients, 'nobody' not",
    ),
    "unknown-key": (
        "version = 1",
        "version = 1\ncases = 7",
        "2: unknown key of a file of cases 'cases', did you mean 'case'?",
    ),
    "version": ("version = 1", "version = 3", "1: version is 3, wanted 1"),
}


@pytest.mark.parametrize(("old", "new", "message"), REFUSED.values(), ids=REFUSED)
def test_refused(cases: Path, old: str, new: str, message: str) -> None:
    """A mistake in the cases is refused at its line, with what would be legal; without it they are accepted."""
    assert old in CASES
    cases.write_text(CASES.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(ConfigurationError) as refused:
        load_cases(cases)
    assert str(refused.value).startswith(f"{cases}:{message}")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("version = 1\ncase = []", "2: case is not a list of cases"),
        ("version = 1\ncase = 7", "2: case is not a list of cases"),
        ("version = 1\nclients = 7\ncase = []", "2: clients is not a table"),
        ("version = 1\ncase = [7]", "2: case is 7, wanted a table with: client,"),
        ("version = 1", "1: a file of cases has no 'case'"),
    ],
)
def test_other_shapes_refused(tmp_path: Path, content: str, message: str) -> None:
    """What is not shaped as a file of cases is refused with its line."""
    path = tmp_path / "cases.toml"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(ConfigurationError) as refused:
        load_cases(path)
    assert str(refused.value).startswith(f"{path}:{message}")


def _only(cases: Path, changes: dict[str, str]) -> CaseResult:
    """The result of one case about alice."""
    table = {"client": '"alice"', "method": '"GET"', "path": '"/orders/7"', "expect": '"allow"'} | changes
    lines = "\n".join(f"{key} = {value}" for key, value in table.items())
    cases.write_text(CASES.partition("[[case]]")[0] + "[[case]]\n" + lines, encoding="utf-8")
    (case,) = load_cases(cases)
    return run_case(POLICY, case)


NO_CLIENT = "cannot tell, there is no client certificate"

PROBLEMS: dict[str, tuple[dict[str, str], tuple[str, ...]]] = {
    "as-expected": ({}, ()),
    "allowed": ({"expect": '"deny"'}, ("allowed",)),
    "denied": (
        {"client": '"nobody"'},
        (f'denied, ou: {NO_CLIENT}, wanted "ops"; serial: {NO_CLIENT}, wanted "0x7 of {KEY[:16]}..."',),
    ),
    "denied-as-expected": ({"expect": '"deny"', "client": '"revoked"', "because": '"serial"'}, ()),
    "denied-because-of-something-else": (
        {"expect": '"deny"', "client": '"revoked"', "because": '"ou"'},
        (f"denied because of 'serial', not of 'ou': serial: yes, got \"0x7 of {KEY[:16]}...\", not wanted",),
    ),
    "denied-method": ({"expect": '"deny"', "method": '"PUT"', "because": '"method"'}, ()),
    "denied-route": ({"expect": '"deny"', "path": '"/other"', "because": '"route"'}, ()),
    "escaped-path": ({"path": '"/orders/caf%C3%A9"'}, ()),
    "path-beyond-ascii": ({"path": '"/orders/caf\u00e9"'}, ()),
    "other-roles": ({"roles": "[]"}, ("roles are 'operator', expected none",)),
    "no-roles": (
        {"expect": '"deny"', "client": '"bob"', "roles": '["operator", "boss"]'},
        ("roles are none, expected 'boss', 'operator'",),
    ),
}


@pytest.mark.parametrize(("changes", "problems"), PROBLEMS.values(), ids=PROBLEMS)
def test_problems(cases: Path, changes: dict[str, str], problems: tuple[str, ...]) -> None:
    """Where a policy does otherwise, the result says in what."""
    result = _only(cases, changes)
    assert result.problems == problems
    assert result.passed is not bool(problems)
    assert all(problem.isascii() and problem.isprintable() for problem in result.problems)


def test_untested_routes(cases: Path) -> None:
    """The routes that no case asks about are named."""
    assert [str(route) for route in untested_routes(POLICY, load_cases(cases))] == ["/orders/* (DELETE)"]


def test_rule_policy(cases: Path) -> None:
    """Cases can be tried on a single rule, too."""
    policy = RulePolicy(rule=anyone())
    assert [run_case(policy, case).passed for case in load_cases(cases)] == [False, False, False, False, True, False]


CLIENT = client(("O", "Example"), ("OU", "dev"), ("CN", "alice"))


def test_assert_allows() -> None:
    """A rule that allows passes; one that denies fails with its explanation."""
    assert_allows(ou("dev"), CLIENT)
    with pytest.raises(AssertionError) as failure:
        assert_allows(o("Example") & ou("ops"), CLIENT)
    assert str(failure.value).splitlines() == [
        "o('Example') & ou('ops') denies the client",
        "  all_of: no",
        '    o: yes, got "Example"',
        '!   ou: no, got "dev", wanted "ops"',
    ]
    with pytest.raises(AssertionError, match="there is no client certificate"):
        assert_allows(ou("dev"), None)


def test_assert_denies() -> None:
    """A rule that denies passes; one that allows fails with its explanation."""
    assert_denies(ou("ops"), CLIENT)
    assert_denies(ou("ops"), None)
    with pytest.raises(AssertionError, match=r"ou\('dev'\): allowed"):
        assert_denies(ou("dev"), CLIENT)


def test_assert_denies_because() -> None:
    """A denial for another reason than the expected one fails."""
    assert_denies(o("Example") & ou("ops"), CLIENT, because="ou")
    assert_denies(ou("ops") | cn("bob"), CLIENT, because="cn")
    assert_denies(o("Example") & rule("on-call", lambda _identity: False), CLIENT, because="on-call")
    with pytest.raises(AssertionError, match="denied because of 'o', not of 'ou'"):
        assert_denies(o("Elsewhere") & ou("ops"), CLIENT, because="ou")
    with pytest.raises(AssertionError, match="denied because of 'spiffe', not of 'uo'"):
        assert_denies(spiffe("spiffe://a/b"), CLIENT, because="uo")


def test_assert_case(cases: Path) -> None:
    """One case of a table fails with its place and the explanation."""
    first, *_ = load_cases(cases)
    assert_case(POLICY, first)
    with pytest.raises(AssertionError, match=r"cases\.toml:16: alice may GET /orders/7: denied, cn: no"):
        assert_case(RulePolicy(rule=cn("bob"), roles=POLICY.roles), first)


def test_assert_policy(cases: Path, tmp_path: Path) -> None:
    """A policy file that does otherwise fails with all cases that it fails."""
    acl = tmp_path / "acl.toml"
    acl.write_text(
        'version = 1\n[[route]]\npath = "/**"\nmethods = "any"\nallow = { anyone = true }\n', encoding="utf-8"
    )
    for policy in (acl, str(acl), RoutePolicy([Route("/**", ANY_METHOD, anyone())])):
        with pytest.raises(AssertionError) as failure:
            assert_policy(policy, cases)
        text = str(failure.value)
        assert text.count(": allowed") == 3
        assert "cases.toml:16: alice may GET /orders/7: roles are none, expected 'operator'" in text


def test_errors_of_the_files_are_no_failures(tmp_path: Path) -> None:
    """A file that cannot be used is an error of its own."""
    missing: Any = tmp_path / "acl.toml"
    with pytest.raises(ConfigurationError, match="cannot be read"):
        assert_policy(missing, missing)
