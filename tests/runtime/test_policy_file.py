"""Policy files: read completely or refused at start, with the file, the line and the legal choices."""

import sys
from pathlib import Path
from textwrap import dedent

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clientcert import policy
from clientcert.core import policy as core_policy
from clientcert.core.identity import EvidenceLevel
from clientcert.core.policy import (
    ANY_METHOD,
    Roles,
    Route,
    RoutePolicy,
    Rule,
    all_of,
    any_of,
    anyone,
    ascii_subject,
    authenticated,
    cn,
    deny,
    dns,
    email,
    evidence,
    extension,
    fingerprint,
    issued_by,
    o,
    ou,
    serial,
    spiffe,
    spki,
    subject,
    upn,
    uri,
)
from clientcert.errors import ConfigurationError
from clientcert.runtime.policy_file import PolicyFile
from clientcert.runtime.policy_text import read_document

KEY = "0123456789abcdef" * 4

TOML = f"""\
# Reviewed by the owners of the shop.
version = 1

[roles]
admin = {{ any_of = [{{ ou = "ops" }}, {{ spiffe = "spiffe://prod.example/admin/*" }}] }}

[roles.reader]
any_of = [
  {{ role = "admin" }},
  {{ o = "Example", evidence = "verified" }},
]
deny = [
  {{ serial = {{ issuer = "{KEY}", number = [0x1001, 7] }} }},
]

[[route]]
path = ["/orders", "/orders/*"]
methods = ["GET", "HEAD"]
allow = {{ role = "reader" }}

[[route]]
path = "/admin/**"
methods = "any"
[route.allow]
role = "admin"
"""

YAML = f"""\
# Reviewed by the owners of the shop.
version: 1
roles:
  admin:
    any_of:
      - ou: ops
      - spiffe: spiffe://prod.example/admin/*
  reader:
    any_of:
      - role: admin
      - {{o: Example, evidence: verified}}
    deny:
      - serial: {{issuer: {KEY}, number: [0x1001, 7]}}
route:
  - path: [/orders, /orders/*]
    methods: [GET, HEAD]
    allow: {{role: reader}}
  - path: /admin/**
    methods: any
    allow:
      role: admin
"""

ADMIN = ou("ops") | spiffe("spiffe://prod.example/admin/*")
READER = (ADMIN | (o("Example") & evidence(at_least=EvidenceLevel.VERIFIED))) & deny(serial(KEY, 0x1001, 7))
POLICY = RoutePolicy(
    [
        Route("/orders", ["GET", "HEAD"], READER),
        Route("/orders/*", ["GET", "HEAD"], READER),
        Route("/admin/**", ANY_METHOD, ADMIN),
    ],
    Roles({"admin": ADMIN, "reader": READER}),
)


@pytest.mark.parametrize(("content", "name"), [(TOML, "acl.toml"), (YAML, "acl.yaml"), (YAML, "acl.yml")])
def test_load(content: str, name: str, tmp_path: Path) -> None:
    """A file in either form makes the policy that the same rules make in Python."""
    path = tmp_path / name
    path.write_text(content, encoding="utf-8")
    assert PolicyFile.load(path) == POLICY
    assert PolicyFile.load(str(path)) == PolicyFile.parse(
        path.read_bytes(), name="other.toml" if "toml" in name else name
    )


def _rule(text: str) -> Rule | None:
    content = f'version = 1\n[[route]]\npath = "/"\nmethods = ["GET"]\nallow = {text}\n'
    return PolicyFile.parse(content.encode(), name="acl.toml").rule_for("GET", "/")


RULES: dict[str, tuple[str, Rule]] = {
    "subject": ('{ subject = "CN=a,O=b" }', subject("CN=a,O=b")),
    "cn": ('{ cn = ["a", "b"] }', cn("a", "b")),
    "o": ('{ o = "a" }', o("a")),
    "ou": ('{ ou = "a" }', ou("a")),
    "dns": ('{ dns = "a.example" }', dns("a.example")),
    "email": ('{ email = "a@b.example" }', email("a@b.example")),
    "uri": ('{ uri = "urn:a" }', uri("urn:a")),
    "upn": ('{ upn = "a@b" }', upn("a@b")),
    "spiffe": ('{ spiffe = "spiffe://prod.example/*" }', spiffe("spiffe://prod.example/*")),
    "fingerprint": (f'{{ fingerprint = "{KEY}" }}', fingerprint(KEY)),
    "spki": (f'{{ spki = "{KEY}" }}', spki(KEY)),
    "issued-by": (f'{{ issued_by = "{KEY}" }}', issued_by(KEY)),
    "serial": (f'{{ serial = {{ issuer = "{KEY}", number = 7 }} }}', serial(KEY, 7)),
    "extension-text": ('{ extension = { oid = "1.2.3", text = ["a", "b"] } }', extension("1.2.3", "a", "b")),
    "extension-hex": ('{ extension = { oid = "1.2.3", hex = "0c0161" } }', extension("1.2.3", b"\x0c\x01a")),
    "evidence": ('{ evidence = "proxy-verdict" }', evidence(at_least=EvidenceLevel.PROXY_VERDICT)),
    "authenticated": ("{ authenticated = true }", authenticated()),
    "anyone": ("{ anyone = true }", anyone()),
    "ascii-subject": ('{ o = "a", ascii_subject = true }', o("a") & ascii_subject()),
    "several-keys": ('{ o = "a", ou = "b" }', o("a") & ou("b")),
    "all-of": ('{ all_of = [{ o = "a" }, { o = "b" }] }', all_of(o("a"), o("b"))),
    "any-of": ('{ any_of = [{ o = "a" }, { ou = "b" }] }', any_of(o("a"), ou("b"))),
    "deny": ('{ deny = [{ o = "a" }, { ou = "b" }] }', deny(o("a"), ou("b"))),
    "deep": ('{ any_of = [{ all_of = [{ deny = [{ cn = "a" }] }] }, { cn = "b" }] }', ~cn("a") | cn("b")),
}


@pytest.mark.parametrize(("text", "rule"), RULES.values(), ids=RULES)
def test_rules(text: str, rule: Rule) -> None:
    """Each key of a rule makes the rule of that name."""
    assert _rule(text) == rule


# What to replace in TOML by what; the line and the text of the refusal.
REFUSED: dict[str, tuple[str, str, str]] = {
    "unknown-rule": ("{ ou = ", "{ uo = ", "5: unknown rule 'uo', did you mean 'ou'? wanted one of: subject, cn,"),
    "unknown-rule-in-the-last-line-of-a-list": ("{ o = ", "{ on = ", "10: unknown rule 'on'"),
    "unknown-rule-in-a-table": (
        '[route.allow]\nrole = "admin"',
        '[route.allow]\nrle = "admin"',
        "25: unknown rule 'rle'",
    ),
    "typo-in-a-role": (
        '"reader" }',
        '"raeder" }',
        "19: unknown role 'raeder', did you mean 'reader'? wanted one of: admin,",
    ),
    "typo-in-a-role-of-a-role": ('{ role = "admin" },', '{ role = "amdin" },', "9: unknown role 'amdin'"),
    "no-role": ('role = "admin"\n', "role = []\n", "25: unknown role None"),
    "role-of-itself": (
        '{ role = "admin" },',
        '{ role = "reader" },',
        "9: role 'reader' contains itself: reader in reader",
    ),
    "role-name": ("[roles.reader]", '[roles."a b"]', "7: role name 'a b'"),
    "wildcard-in-a-trust-domain": (
        "prod.example/admin/*",
        "*.example/admin",
        "5: spiffe('spiffe://*.example/admin') has a",
    ),
    "glob-in-a-spiffe-segment": (
        "admin/*",
        "admin-*",
        "5: spiffe('spiffe://prod.example/admin-*') has a wildcard that is",
    ),
    "wildcard-in-a-value": ('ou = "ops"', 'ou = "ops-*"', "5: ou('ops-*'): values are compared exactly"),
    "wildcard-in-a-path-segment": (
        "/orders/*",
        "/orders/a*",
        "17: path '/orders/a*' has a wildcard that is not a whole",
    ),
    "rest-in-the-middle": ("/admin/**", "/admin/**/x", "22: path '/admin/**/x' has ** before its end"),
    "slash-at-the-end": ("/admin/**", "/admin/", "22: path '/admin/' has an empty segment or ends in a slash"),
    "relative-path": ("/admin/**", "admin", "22: path 'admin' does not start with a slash"),
    "no-path": ('path = "/admin/**"', "path = []", "22: path is an empty list"),
    "number-as-a-path": ('path = "/admin/**"', "path = 7", "22: path 7 does not start"),
    "empty-list": ('ou = "ops"', "ou = []", "5: ou of no value"),
    "empty-text": ('ou = "ops"', 'ou = ""', "5: ou of an empty text"),
    "number-as-text": ('ou = "ops"', "ou = 7", "5: ou takes texts one by one, got 7"),
    "unknown-method": ('"HEAD"', '"HAED"', "18: unknown method 'HAED', wanted one or more of: GET, HEAD,"),
    "methods-as-text": ('methods = "any"', 'methods = "GET"', "23: methods is 'GET', wanted a list"),
    "methods-missing": ('methods = "any"\n', "", "21: route has no 'methods'"),
    "allow-missing": ('allow = { role = "reader" }\n', "", "16: route has no 'allow'"),
    "unknown-key-of-a-route": ("allow = {", "alow = {", "19: unknown key of route 'alow', did you mean 'allow'?"),
    "host-of-a-route": (
        'methods = "any"',
        'methods = "any"\nhost = "a"',
        "24: unknown key of route 'host', wanted one of: path",
    ),
    "unknown-key": (
        "version = 1",
        "version = 1\nroels = 7",
        "3: unknown key of a policy 'roels', did you mean 'roles'",
    ),
    "routes-misspelt": ("[[route]]", "[[routes]]", "16: unknown key of a policy 'routes', did you mean 'route'"),
    "version-missing": ("version = 1\n", "", "1: a policy has no 'version'"),
    "version-of-the-future": ("version = 1", "version = 2", "2: version is 2, wanted 1"),
    "version-true": ("version = 1", "version = true", "2: version is True, wanted 1"),
    "version-float": ("version = 1", "version = 1.0", "2: version is 1.0, wanted 1"),
    "evidence": (
        '"verified"',
        '"veryfied"',
        "10: unknown evidence 'veryfied', did you mean 'verified'? wanted one of:",
    ),
    "fingerprint-denies": (
        "{ serial = {",
        f'{{ fingerprint = "{KEY}" }}, {{ serial = {{',
        "12: a fingerprint can allow, never",
    ),
    "serial-zero": ("0x1001, 7", "0x1001, 0", "13: serial number 0 is not"),
    "serial-without-issuer": (f'issuer = "{KEY}", ', "", "13: serial has no 'issuer'"),
    "serial-as-a-number": (
        f'{{ issuer = "{KEY}", number = [0x1001, 7] }}',
        "7",
        "13: serial is 7, wanted a table with: issuer,",
    ),
    "issuer-as-a-name": (
        f'issuer = "{KEY}"',
        'issuer = "CN=CA"',
        "13: serial('CN=CA'): the name of a CA identifies nothing",
    ),
    "ambiguous": ("/admin/**", "/*/7", "21: routes /orders/* and /*/7 are both for /orders/7, and neither lies within"),
    "same-twice": ("/admin/**", "/orders", "21: two routes for /orders and the same method (see line 16)"),
    "any-of-as-a-rule": (
        '{ role = "reader" }',
        '{ any_of = { ou = "a" } }',
        "19: any_of is {'ou': 'a'}, wanted a list of rules",
    ),
    "any-of-nothing": (
        'any_of = [{ ou = "ops" }, { spiffe = "spiffe://prod.example/admin/*" }]',
        "any_of = []",
        "5: any_of of",
    ),
    "rule-without-keys": ('{ role = "reader" }', "{}", "19: a rule without any key, wanted one or more of: subject"),
    "rule-as-text": ('{ role = "reader" }', '"reader"', "19: a rule is 'reader', wanted a table such as { ou"),
    "flag-false": ('{ role = "reader" }', "{ anyone = false }", "19: anyone is False, wanted true"),
    "flag-one": ('{ role = "reader" }', "{ authenticated = 1 }", "19: authenticated is 1, wanted true"),
    "extension-both": (
        '{ role = "reader" }',
        '{ extension = { oid = "1.2.3", text = "a", hex = "00" } }',
        "19: extension wants either",
    ),
    "extension-neither": ('{ role = "reader" }', '{ extension = { oid = "1.2.3" } }', "19: extension wants either"),
    "extension-hex": (
        '{ role = "reader" }',
        '{ extension = { oid = "1.2.3", hex = "0" } }',
        "19: '0' is not octets in hex",
    ),
    "extension-number": (
        '{ role = "reader" }',
        '{ extension = { oid = "1.2.3", hex = 7 } }',
        "19: 7 is not octets in hex",
    ),
    "extension-oid": (
        '{ role = "reader" }',
        '{ extension = { oid = "x", text = "a" } }',
        "19: extension('x') is not an OID",
    ),
    "too-deep": (
        '{ role = "reader" }',
        "{ all_of = [" * 20 + '{ o = "a" }' + "] }" * 20,
        "19: rules inside rules more than 16",
    ),
    "not-toml": ("[roles]", "[roles", "4: not TOML: Expected ']'"),
    "key-twice": ("version = 1", "version = 1\nversion = 1", "3: not TOML: "),
    "invisible": ("# Reviewed", "# \u202eReviewed", "1: invisible character U+202E"),
    "byte-order-mark": ("# Reviewed", "\ufeff# Reviewed", "1: invisible character U+FEFF"),
    "zero-width": ('ou = "ops"', 'ou = "op\u200bs"', "5: invisible character U+200B"),
}


@pytest.mark.parametrize(("old", "new", "message"), REFUSED.values(), ids=REFUSED)
def test_refused(old: str, new: str, message: str) -> None:
    """A mistake is refused at its line, with what would be legal; without it the file is accepted."""
    assert old in TOML
    with pytest.raises(ConfigurationError) as refused:
        PolicyFile.parse(TOML.replace(old, new).encode(), name="acl.toml")
    text = str(refused.value)
    assert text.startswith(f"acl.toml:{message}")
    assert "\n" not in text


def test_refused_with_the_line_endings_of_windows() -> None:
    """Lines are counted the same where they end in CR and LF."""
    with pytest.raises(ConfigurationError, match=r"^acl\.toml:19: unknown role 'raeder'"):
        PolicyFile.parse(TOML.replace('"reader" }', '"raeder" }').replace("\n", "\r\n").encode(), name="acl.toml")


def test_line_of_the_statement_where_the_key_is_on_several() -> None:
    """Where several lines of a statement have the key, the first line of the statement is named."""
    content = TOML.replace('  { role = "admin" },', '  { role = "admin" },\n  { role = "amdin" },')
    with pytest.raises(ConfigurationError, match=r"^acl\.toml:8: unknown role 'amdin'"):
        PolicyFile.parse(content.encode(), name="acl.toml")


OTHER_SHAPES: dict[str, tuple[str, str]] = {
    "empty": ("", "acl.toml:1: a policy has no 'version'"),
    "roles-not-a-table": ('version = 1\nroles = ["a"]\nroute = []', "acl.toml:2: roles is ['a'], wanted a table"),
    "routes-empty": ("version = 1\nroute = []", "acl.toml:2: route is not a list of routes"),
    "routes-a-table": ('version = 1\n[route]\npath = "/"', "acl.toml:2: route is not a list of routes"),
    "route-not-a-table": (
        "version = 1\nroute = [7]",
        "acl.toml:2: route is 7, wanted a table with: path, methods, allow",
    ),
    "routes-missing": ("version = 1", "acl.toml:1: a policy has no 'route'"),
    "nested-without-end": ("a = " + "[" * 9000, "acl.toml:1: not TOML that can be read"),
    "not-finished": ("version = 1\nroles = [", "acl.toml:2: not TOML: "),
}


@pytest.mark.parametrize(("content", "message"), OTHER_SHAPES.values(), ids=OTHER_SHAPES)
def test_other_shapes_refused(content: str, message: str) -> None:
    """What is not shaped as a policy is refused with its line."""
    with pytest.raises(ConfigurationError) as refused:
        PolicyFile.parse(content.encode(), name="acl.toml")
    assert str(refused.value).startswith(message)


def test_not_utf_8() -> None:
    """Octets that are not UTF-8 are refused with their line."""
    with pytest.raises(ConfigurationError, match=r"^acl\.toml:2: not UTF-8: octet 0xff"):
        PolicyFile.parse(b"# caf\xc3\xa9\n# \xff\n", name="acl.toml")


@pytest.mark.parametrize("name", ["acl", "acl.json", "acl.toml.bak", "acl.TOML", ".toml"])
def test_name_refused(name: str) -> None:
    """The form is what the name ends in, and nothing is guessed."""
    with pytest.raises(ConfigurationError, match=r"wanted a name that ends in one of: \.toml, \.yaml, \.yml"):
        PolicyFile.parse(TOML.encode(), name=name)


def test_file_that_is_not_there(tmp_path: Path) -> None:
    """A file that cannot be read is named."""
    with pytest.raises(ConfigurationError, match=r"acl\.toml' cannot be read: No such file"):
        PolicyFile.load(tmp_path / "acl.toml")


YAML_REFUSED: dict[str, tuple[str, str, str]] = {
    "unknown-rule": ("- ou: ops", "- uo: ops", "6: unknown rule 'uo', did you mean 'ou'?"),
    "typo-in-a-role": ("role: reader", "role: raeder", "17: unknown role 'raeder'"),
    "missing": ("    methods: any\n", "", "18: route has no 'methods'"),
    "wildcard": ("/admin/**", "/admin/**/x", "18: path '/admin/**/x' has ** before its end"),
    "key-twice": ("version: 1", "version: 1\nversion: 1", "3: not taken: the key 'version' a second time"),
    "key-twice-deep": ("- ou: ops", "- ou: ops\n        ou: dev", "7: not taken: the key 'ou' a second time"),
    "truth-value": ("ou: ops", "ou: NO", "6: not taken: 'NO', which YAML takes for bool: put text into quotes"),
    "time": ("ou: ops", "ou: 1:30", "6: not taken: '1:30', which YAML takes for int"),
    "octal": ("ou: ops", "ou: 0100", "6: not taken: '0100', which YAML takes for int"),
    "float": ("ou: ops", "ou: 1.5", "6: not taken: '1.5', which YAML takes for float"),
    "date": ("ou: ops", "ou: 2030-01-01", "6: not taken: '2030-01-01', which YAML takes for timestamp"),
    "null": ("ou: ops", "ou:", "6: not taken: '', which YAML takes for null"),
    "alias": ("- ou: ops", "- &a {ou: ops}\n      - *a", "6: not taken: an alias"),
    "merge-key": ("- ou: ops", "- <<: {ou: ops}", "6: not taken: '<<', which YAML takes for merge"),
    "tag": ("- ou: ops", "- !!python/object:os.system {ou: ops}", "6: not taken: a tag"),
    "tagged-text": ("ou: ops", "ou: !secret ops", "6: not taken: 'ops', which YAML takes for !secret"),
    "tagged-list": ("[GET, HEAD]", "!!set {GET, HEAD}", "16: not taken: a tag"),
    "tagged-sequence": ("[GET, HEAD]", "!!omap [GET, HEAD]", "16: not taken: a tag or a key of the kind 'omap'"),
    "key-that-is-a-number": ("- ou: ops", "- 7: ops", "6: not taken: a key 7 that is not text"),
    "key-that-is-a-list": ("- ou: ops", "- [ou]: ops", "6: not taken: a tag or a key of the kind 'seq'"),
    "two-documents": ("version: 1", "version: 1\n---\nversion: 1", "3: not YAML: "),
    "bad-indent": ("roles:", "roles:\n   a: 1\n  b: 2", "5: not YAML: "),
    "unknown-anchor": ("ou: ops", "ou: *a", "6: not YAML: found undefined alias 'a'"),
    "not-a-mapping": (YAML, "- version", "1: wanted a mapping"),
    "empty": (YAML, "", "1: wanted a mapping"),
    "nested-without-end": (YAML, "a: " + "[" * 9000, "1: not YAML"),
    "invisible": ("# Reviewed", "# \u202eReviewed", "1: invisible character U+202E"),
    "unprintable": ("# Reviewed", "# \ufffe", "1: not YAML"),
}


@pytest.mark.parametrize(("old", "new", "message"), YAML_REFUSED.values(), ids=YAML_REFUSED)
def test_yaml_refused(old: str, new: str, message: str) -> None:
    """A mistake in YAML, or what YAML would take for something else, is refused at its line."""
    assert old in YAML
    with pytest.raises(ConfigurationError) as refused:
        PolicyFile.parse(YAML.replace(old, new).encode(), name="acl.yaml")
    assert str(refused.value).startswith(f"acl.yaml:{message}")


YAML_TEXTS = {
    "quoted-truth-value": ('"NO"', "NO"),
    "quoted-number": ("'7'", "7"),
    "plain": ("a b", "a b"),
    "quoted-date": ("'2030-01-01'", "2030-01-01"),
}


@pytest.mark.parametrize(("text", "value"), YAML_TEXTS.values(), ids=YAML_TEXTS)
def test_yaml_text(text: str, value: str) -> None:
    """What is in quotes is text."""
    loaded = PolicyFile.parse(YAML.replace("ou: ops", f"ou: {text}").encode(), name="acl.yaml")
    assert loaded.rule_for("GET", "/admin") == ou(value) | spiffe("spiffe://prod.example/admin/*")


def test_yaml_flags_and_numbers() -> None:
    """The plain spellings of true and of whole numbers are taken."""
    content = dedent(f"""
        version: 1
        route:
          - {{path: /a, methods: [GET], allow: {{anyone: true}}}}
          - {{path: /b, methods: [GET], allow: {{serial: {{issuer: {KEY}, number: [4097, 0x1002]}}}}}}
        """)
    loaded = PolicyFile.parse(content.encode(), name="acl.yaml")
    assert loaded.rule_for("GET", "/a") == anyone()
    assert loaded.rule_for("GET", "/b") == serial(KEY, 0x1001, 0x1002)
    with pytest.raises(ConfigurationError, match=r"acl\.yaml:4: anyone is False"):
        PolicyFile.parse(content.replace("true", "false").encode(), name="acl.yaml")


def test_yaml_without_pyyaml(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without PyYAML the way out is named."""
    monkeypatch.setitem(sys.modules, "yaml", None)
    monkeypatch.delitem(sys.modules, "clientcert.runtime.policy_yaml", raising=False)
    with pytest.raises(ConfigurationError, match=r"pip install 'clientcert\[yaml\]', or write TOML"):
        PolicyFile.parse(YAML.encode(), name="acl.yaml")


@given(st.integers(0, 60), st.sampled_from(["\n", "\n# note\n", "\n\n"]))
def test_lines_move_with_the_text(index: int, filler: str) -> None:
    """However many lines stand before a mistake, its line is the one that an editor shows."""
    wrong = TOML.replace("/admin/**", "/admin/**/x")
    head, _, tail = wrong.partition("[roles]")
    content = head + filler * index + "[roles]" + tail
    line = next(number for number, text in enumerate(content.split("\n"), 1) if "/admin/**/x" in text)
    with pytest.raises(ConfigurationError, match=rf"^acl\.toml:{line}: path "):
        PolicyFile.parse(content.encode(), name="acl.toml")


@given(st.text(st.sampled_from('[]{}="\n#,. role1/*:-'), max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    """Whatever stands in a file, it is a policy or a ConfigurationError."""
    for name in ("acl.toml", "acl.yaml"):
        for content in (text, f"version = 1\n{text}", f"version: 1\n{text}"):
            try:
                PolicyFile.parse(content.encode(), name=name)
            except ConfigurationError as exc:
                assert str(exc).startswith(name)  # noqa: PT017 - either outcome is right


def test_large_file() -> None:
    """A thousand routes load, and a mistake in the last one is found, within a second or two."""
    routes = "".join(f'[[route]]\npath = "/a{n}/*"\nmethods = ["GET"]\nallow = {{ ou = "ops" }}\n' for n in range(1000))
    loaded = PolicyFile.parse(f"version = 1\n{routes}".encode(), name="acl.toml")
    assert len(loaded.routes) == 1000
    assert loaded.rule_for("GET", "/a999/x") == ou("ops")
    with pytest.raises(ConfigurationError, match=r"^acl\.toml:4005: unknown rule 'uo'"):
        PolicyFile.parse(
            f'version = 1\n{routes}[[route]]\npath = "/"\nmethods = ["GET"]\nallow = {{ uo = "a" }}'.encode(),
            name="acl.toml",
        )


@pytest.mark.parametrize(("content", "name", "line"), [(TOML, "acl.toml", 16), (YAML, "acl.yaml", 15)])
def test_line_of_what_is_not_there(content: str, name: str, line: int) -> None:
    """For what is missing, the line is that of the nearest value above it."""
    document = read_document(content.encode(), name=name)
    assert document.find_line(("route", 0, "host", "deeper")) == line
    assert document.find_line(("nothing",)) == document.find_line(()) <= 2


def test_public_names() -> None:
    """`clientcert.policy` has all that `core.policy` has, and the reader of files."""
    assert set(policy.__all__) == {*core_policy.__all__, "PolicyFile"}
    assert all(getattr(policy, name) is getattr(core_policy, name) for name in core_policy.__all__)
