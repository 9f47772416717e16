"""Rules about names: exact, typed, and honest about what they cannot tell (rows D1 to D7 of the threat model)."""

import dataclasses
from collections.abc import Callable

import pytest

from clientcert.core.identity import ClientIdentity, EvidenceLevel
from clientcert.core.policy import Answer, Rule, ascii_subject, cn, dns, email, o, ou, spiffe, subject, upn, uri
from clientcert.core.policy.dn_text import parse_rfc4514
from clientcert.errors import ConfigurationError
from tests.core.policy_clients import by_proxy, client, name, proof

YES, NO, CANNOT_TELL = Answer.YES, Answer.NO, Answer.CANNOT_TELL

ALICE = client(
    ("O", "Example"),
    ("OU", "ops"),
    ("OU", "dev"),
    ("CN", "alice"),
    san=[
        "DNS:a.example",
        "DNS:b.example",
        "email:alice@example.org",
        "URI:spiffe://prod.example/ns/shop/sa/web",
        "UPN:alice@corp.example",
    ],
)
BARE = client(san=["RID:1.2.3"])
PROXIED = by_proxy(("O", "Example"), ("CN", "alice"))

ANSWERS: dict[str, tuple[Rule, ClientIdentity, Answer]] = {
    "cn": (cn("alice"), ALICE, YES),
    "cn-one-of-several-wanted": (cn("bob", "alice"), ALICE, YES),
    "cn-other": (cn("bob"), ALICE, NO),
    "cn-part": (cn("ali"), ALICE, NO),
    "cn-longer": (cn("alice.example"), ALICE, NO),
    "cn-missing": (cn("alice"), BARE, CANNOT_TELL),
    "cn-by-proxy": (cn("alice"), PROXIED, YES),
    "cn-other-by-proxy": (cn("bob"), PROXIED, NO),
    "o": (o("Example"), ALICE, YES),
    "o-other": (o("Elsewhere"), ALICE, NO),
    "ou-first-of-two": (ou("ops"), ALICE, YES),
    "ou-second-of-two": (ou("dev"), ALICE, YES),
    "ou-other": (ou("audit"), ALICE, NO),
    "ou-missing": (ou("ops"), BARE, CANNOT_TELL),
    "ou-is-not-o": (ou("Example"), ALICE, NO),
    "dns-second-of-two": (dns("b.example"), ALICE, YES),
    "dns-other": (dns("c.example"), ALICE, NO),
    "dns-parent": (dns("example"), ALICE, NO),
    "dns-missing": (dns("a.example"), BARE, CANNOT_TELL),
    "dns-by-proxy": (dns("a.example"), PROXIED, CANNOT_TELL),
    "email": (email("alice@example.org"), ALICE, YES),
    "email-domain": (email("example.org"), ALICE, NO),
    "uri": (uri("spiffe://prod.example/ns/shop/sa/web"), ALICE, YES),
    "uri-prefix": (uri("spiffe://prod.example/ns/shop"), ALICE, NO),
    "upn": (upn("alice@corp.example"), ALICE, YES),
    "upn-is-not-email": (upn("alice@example.org"), ALICE, NO),
    "d7-uri-is-not-dns": (dns("spiffe://prod.example/ns/shop/sa/web"), ALICE, NO),
    "d4-ascii": (ascii_subject(), ALICE, YES),
    "d4-ascii-by-proxy": (ascii_subject(), PROXIED, YES),
    "d4-cyrillic": (ascii_subject(), client(("O", "Example"), ("CN", "\u0430dmin")), NO),
    "d4-full-width-in-another-attribute": (ascii_subject(), client(("O", "\uff25xample"), ("CN", "alice")), NO),
    "d3-line-feed": (ascii_subject(), client(("CN", "bob\nCN=admin")), NO),
    "d3-escape": (ascii_subject(), client(("CN", "\x1b[2J")), NO),
    "d4-no-subject": (ascii_subject(), BARE, CANNOT_TELL),
    "d1-slash-in-a-value": (cn("victim"), client(("CN", "x/CN=victim")), NO),
    "d1-comma-in-a-value": (o("victim"), client(("O", "x"), ("CN", "x,O=victim")), NO),
}


@pytest.mark.parametrize(("rule", "identity", "answer"), ANSWERS.values(), ids=ANSWERS)
def test_answers(rule: Rule, identity: ClientIdentity, answer: Answer) -> None:
    """A rule matches one whole value of its own type, and cannot tell where there is none."""
    assert rule.check(identity).answer is answer
    assert (~rule).check(identity).answer is answer.opposite


AMBIGUOUS = {
    "two": client(("CN", "alice"), ("CN", "admin")),
    "twice-the-same": client(("CN", "alice"), ("CN", "alice")),
    "none": BARE,
    "line-feed": client(("CN", "alice\nCN=admin")),
    "right-to-left": client(("CN", "alice\u202e")),
}


@pytest.mark.parametrize("identity", AMBIGUOUS.values(), ids=AMBIGUOUS)
@pytest.mark.parametrize("wanted", ["alice", "admin", "bob"])
def test_d2_ambiguous_common_name(identity: ClientIdentity, wanted: str) -> None:
    """An ambiguous common name matches nothing, and not to be somebody cannot be shown by it either."""
    assert cn(wanted).check(identity).answer is CANNOT_TELL
    assert not (~cn(wanted)).check(identity).allowed


def test_d2_ambiguous_common_name_is_explained() -> None:
    """The explanation says how many common names there are."""
    assert cn("alice").check(AMBIGUOUS["two"]).explain() == (
        '! cn: cannot tell, 2 common names, wanted 1, got "alice", "admin", wanted "alice"',
    )
    assert "the one common name cannot be shown" in cn("alice").check(AMBIGUOUS["line-feed"]).summary


# What is not the wanted value, but may be the same name to whoever wrote it into the certificate.
LOOKALIKES = {
    "d5-case": ("Admin", "admin"),
    "d5-space-before": (" admin", "admin"),
    "d5-space-after": ("admin ", "admin"),
    "d5-two-spaces": ("big  admin", "big admin"),
    "d4-full-width": ("\uff41dmin", "admin"),
    "d4-ligature": ("\ufb01re", "fire"),
    "d4-decomposed": ("cafe\u0301", "caf\u00e9"),
    "d3-zero-width-space": ("ad\u200bmin", "admin"),
    "d3-soft-hyphen": ("ad\u00admin", "admin"),
    "d3-no-break-space": ("big\u00a0admin", "big admin"),
    "d3-nul": ("admin\x00", "admin"),
    "d3-only-invisible-beside": ("admin \u200b", "admin"),
}


@pytest.mark.parametrize(("value", "wanted"), LOOKALIKES.values(), ids=LOOKALIKES)
@pytest.mark.parametrize("rule", [o, ou], ids=["o", "ou"])
def test_d4_d5_lookalikes(rule: Callable[[str], Rule], value: str, wanted: str) -> None:
    """A value that differs in spelling only is no match, and no proof of being somebody else."""
    identity = client((rule.__name__.upper(), value))
    assert rule(wanted).check(identity).answer is CANNOT_TELL
    assert not (~rule(wanted)).check(identity).allowed


def test_d5_exact_value() -> None:
    """What the operator writes with a space or a capital matches exactly that."""
    assert ou(" Admin ").check(client(("OU", " Admin "))).allowed
    assert cn("caf\u00e9").check(client(("CN", "caf\u00e9"))).allowed


def test_d5_common_name_in_other_case() -> None:
    """The one common name is compared the same way."""
    assert cn("Alice").check(ALICE).answer is CANNOT_TELL


def test_d5_string_type_does_not_count() -> None:
    """A BMPString says the same as a UTF8String."""
    identity = dataclasses.replace(ALICE, subject=name([("OU", "ops", "bmp")]))
    assert ou("ops").check(identity).allowed


def test_d4_cyrillic() -> None:
    """A letter of another script makes another value."""
    assert ou("admin").check(client(("OU", "\u0430dmin"))).answer is NO


def test_value_that_is_not_text() -> None:
    """Beside a value that is not text nobody can tell that another one is absent; one that is there counts."""
    # Two OU: one octet in an OCTET STRING, and "ops".
    encoded = bytes.fromhex("301a310a3008060355040b040101310c300a060355040b0c036f7073")
    opaque = dataclasses.replace(ALICE, subject=name(encoded))
    assert ou("ops").check(opaque).allowed
    assert ou("dev").check(opaque).explain() == (
        '! ou: cannot tell, the subject has an OU that is not text, got "ops", wanted "dev"',
    )


def test_names_that_a_proxy_wrote() -> None:
    """A name that a trusted proxy wrote counts; that there is no other nobody can tell without the certificate."""
    identity = dataclasses.replace(PROXIED, uris=("spiffe://prod.example/a",))
    assert uri("spiffe://prod.example/a").check(identity).allowed
    assert uri("spiffe://prod.example/b").check(identity).answer is CANNOT_TELL


def test_verdict_of_the_proxy() -> None:
    """A certificate that the proxy alone verified is a certificate all the same."""
    identity = dataclasses.replace(ALICE, evidence=proof(EvidenceLevel.PROXY_VERDICT))
    assert dns("c.example").check(identity).answer is NO


@pytest.mark.parametrize("rule", [cn, o, ou, dns, email, uri, upn])
def test_nobody(rule: Callable[[str], Rule]) -> None:
    """Without a client neither a rule nor its opposite allows."""
    assert rule("a").check(None).answer is CANNOT_TELL
    assert (~rule("a")).check(None).answer is CANNOT_TELL


SUBJECT = name([("O", "Example"), ("OU", "ops"), ("CN", "alice")])

SUBJECTS: dict[str, tuple[Rule, object, Answer]] = {
    "text": (subject("CN=alice,OU=ops,O=Example"), SUBJECT, YES),
    "name": (subject(SUBJECT), SUBJECT, YES),
    "second": (subject("CN=bob", "CN=alice,OU=ops,O=Example"), SUBJECT, YES),
    "other-order": (subject("O=Example,OU=ops,CN=alice"), SUBJECT, NO),
    "part": (subject("CN=alice"), SUBJECT, NO),
    "string-type": (subject("CN=alice"), name([("CN", "alice", "bmp")]), YES),
    "d5-case": (subject("CN=Alice,OU=ops,O=Example"), SUBJECT, CANNOT_TELL),
    "d5-spaces": (subject("CN=alice"), name([("CN", "alice ")]), CANNOT_TELL),
    "d3-zero-width": (subject("CN=alice"), name([("CN", "al\u200bice")]), CANNOT_TELL),
    "empty": (subject("CN=alice"), name([]), CANNOT_TELL),
    "multi-valued": (subject("CN=alice+OU=ops"), name([[("CN", "alice"), ("OU", "ops")]]), YES),
    "multi-valued-in-other-order": (subject("OU=ops+CN=alice"), name([[("CN", "alice"), ("OU", "ops")]]), YES),
    "d2-multi-valued-is-not-two": (subject("CN=alice,OU=ops"), name([[("CN", "alice"), ("OU", "ops")]]), NO),
    "escaped": (subject("CN=a\\,b"), name([("CN", "a,b")]), YES),
    "d1-not-escaped": (subject("CN=a,O=b"), name([("CN", "a,O=b")]), NO),
    "unknown-type": (subject("1.2.3.4=#0C0161"), name([("1.2.3.4", "a")]), YES),
}


@pytest.mark.parametrize(("rule", "value", "answer"), SUBJECTS.values(), ids=SUBJECTS)
def test_subject(rule: Rule, value: object, answer: Answer) -> None:
    """The whole subject matches when type, order and every character are the same."""
    identity = dataclasses.replace(ALICE, subject=value)  # type: ignore[arg-type]
    assert rule.check(identity).answer is answer
    assert (~rule).check(identity).answer is answer.opposite


READ = {
    "empty": "",
    "one": "CN=a",
    "multi-valued": "CN=a+OU=b,O=c",
    "all-specials": 'CN=\\ a\\,\\+\\"\\\\\\<\\>\\;b\\ ',
    "hash": "CN=\\#a",
    "equals-inside": "CN=a=b",
    "control-as-hex": "CN=a\\0Ab",
    "beyond-ascii": "CN=caf\u00e9 \U0001f600",
    "unknown-type": "1.2.3.4=#0C0161",
    "opaque": "OU=#0101FF",
    "street": "STREET=x",
    "empty-value": "CN=",
}


@pytest.mark.parametrize("text", READ.values(), ids=READ)
def test_rfc4514_text(text: str) -> None:
    """What we print is read back to the same name."""
    assert parse_rfc4514(text).rfc4514 == text


UNREADABLE = {
    "space-after-comma": ("CN=a, O=b", "white space"),
    "space-before-equals": ("CN =a", "white space"),
    "lower-case-type": ("cn=a", "unknown attribute type"),
    "oid-of-a-known-type": ("2.5.4.3=a", "write it as 'CN=a'"),
    "needless-escape": ("CN=\\61", "write it as 'CN=a'"),
    "lower-case-hex": ("CN=a\\0ab", "write it as"),
    "escape-of-a-letter": ("CN=\\x", "needs none"),
    "half-a-hex-pair": ("CN=a\\0", "needs none"),
    "ends-in-a-backslash": ("CN=a\\", "ends inside an escape"),
    "ends-in-a-comma": ("CN=a,", "after a separator"),
    "ends-in-a-plus": ("CN=a+", "after a separator"),
    "no-equals": ("alice", "no equals sign"),
    "slashes": ("/O=a/CN=b", "unknown attribute type"),
    "type-twice-in-an-rdn": ("CN=a+CN=b", "twice in one RDN"),
    "hex-that-is-none": ("CN=#zz", "non-hexadecimal"),
    "hex-cut-short": ("CN=#0C05", "DER"),
    "octets-that-are-not-utf-8": ("CN=\\FF", "decode"),
    "text-as-hex": ("CN=#0C0161", "write it as 'CN=a'"),
}


@pytest.mark.parametrize(("text", "message"), UNREADABLE.values(), ids=UNREADABLE)
def test_rfc4514_text_in_another_spelling(text: str, message: str) -> None:
    """Any other spelling is refused, with the right one where it is a name."""
    with pytest.raises(ValueError, match=message):
        parse_rfc4514(text)


NOT_A_SUBJECT: dict[str, tuple[object, str]] = {
    "none-at-all": ((), "no value"),
    "none": ((None,), "one by one"),
    "list": ((["CN=a"],), "one by one"),
    "empty-text": (("",), "empty text"),
    "empty-name": ((name([]),), "no value"),
    "asterisk": (("CN=*",), "wildcard"),
    "asterisk-in-a-name": ((name([("CN", "*.example")]),), "wildcard"),
    "line-feed": (("CN=a\n",), "does not print"),
    "escaped-line-feed": (("CN=a\\0Ab",), "does not print"),
    "invisible-in-a-name": ((name([("CN", "a\u202e")]),), "does not print"),
    "not-rfc4514": (("alice",), "is not RFC 4514 text"),
}


@pytest.mark.parametrize(("names", "message"), NOT_A_SUBJECT.values(), ids=NOT_A_SUBJECT)
def test_d9_subject_refused(names: tuple[str, ...], message: str) -> None:
    """What is not one exact name that a reviewer can see is refused while constructing."""
    with pytest.raises(ConfigurationError, match=message):
        subject(*names)


REFUSED: dict[str, tuple[object, str]] = {
    "nothing": ((), "give at least one"),
    "none": ((None,), "one by one, got None"),
    "bytes": ((b"a",), "one by one"),
    "list": ((["a"],), "one by one"),
    "empty": (("",), "empty text"),
    "empty-beside-another": (("a", ""), "empty text"),
    "asterisk": (("*",), "wildcard"),
    "prefix": (("svc-*",), "wildcard"),
    "suffix": (("*.example",), "wildcard"),
    "line-feed": (("a\n",), "does not print"),
    "bidirectional": (("a\u202eb",), "does not print"),
    "zero-width": (("a\u200b",), "does not print"),
}


@pytest.mark.parametrize(("values", "message"), REFUSED.values(), ids=REFUSED)
@pytest.mark.parametrize("rule", [cn, o, ou, dns, email, uri, upn])
def test_d9_values_refused(rule: Callable[..., Rule], values: tuple[str, ...], message: str) -> None:
    """An empty list, None, a glob or an invisible character is refused while constructing."""
    with pytest.raises(ConfigurationError, match=message):
        rule(*values)


def test_values_once() -> None:
    """A value written twice is one value."""
    assert cn("a", "b", "a") == cn("a", "b")


WEB = "spiffe://prod.example/ns/shop/sa/web"

SPIFFE: dict[str, tuple[str, str, Answer]] = {
    "exact": (WEB, WEB, YES),
    "one-segment": ("spiffe://prod.example/ns/*/sa/web", WEB, YES),
    "two-segments": ("spiffe://prod.example/ns/*/sa/*", WEB, YES),
    "all-segments": ("spiffe://prod.example/*/*/*/*", WEB, YES),
    "segment-for-two": ("spiffe://prod.example/ns/*", WEB, NO),
    "segment-for-none": ("spiffe://prod.example/ns/shop/sa/web/*", WEB, NO),
    "other-literal": ("spiffe://prod.example/ns/*/sa/db", WEB, NO),
    "prefix": ("spiffe://prod.example/ns/shop/sa", WEB, NO),
    "other-trust-domain": ("spiffe://dev.example/ns/*/sa/web", WEB, NO),
    "trust-domain-itself": ("spiffe://prod.example", "spiffe://prod.example", YES),
    "trust-domain-is-no-prefix": ("spiffe://prod.example", WEB, NO),
    "d5-case-of-the-path": ("spiffe://prod.example/ns/*/sa/Web", WEB, CANNOT_TELL),
    "d8-broken": (WEB, "spiffe://prod.example/ns/../web", CANNOT_TELL),
    "d8-not-spiffe": (WEB, "https://prod.example/ns/shop/sa/web", CANNOT_TELL),
}


@pytest.mark.parametrize(("pattern", "value", "answer"), SPIFFE.values(), ids=SPIFFE)
def test_spiffe(pattern: str, value: str, answer: Answer) -> None:
    """An asterisk stands for one whole segment of the path."""
    identity = client(("CN", "web"), san=[f"URI:{value}"])
    assert spiffe(pattern).check(identity).answer is answer
    assert (~spiffe(pattern)).check(identity).answer is answer.opposite


def test_d8_two_uris() -> None:
    """With a second URI there is no SPIFFE ID, and nobody can tell."""
    identity = client(("CN", "web"), san=[f"URI:{WEB}", "URI:https://prod.example/"])
    decision = spiffe(WEB).check(identity)
    assert decision.answer is CANNOT_TELL
    assert decision.got == (WEB, "https://prod.example/")


def test_spiffe_without_certificate() -> None:
    """Where the proxy sent names only, the explanation says so."""
    assert "the proxy sent no certificate" in spiffe(WEB).check(PROXIED).summary
    assert spiffe("spiffe://a/b", WEB).check(ALICE).allowed


NOT_A_PATTERN: dict[str, tuple[object, str]] = {
    "nothing": ((), "give at least one"),
    "none": ((None,), "one by one"),
    "empty": (("",), "is not a SPIFFE ID"),
    "other-scheme": (("https://prod.example/a",), "is not a SPIFFE ID"),
    "upper-case-scheme": (("SPIFFE://prod.example/a",), "is not a SPIFFE ID"),
    "wildcard-trust-domain": (("spiffe://*/a",), "trust domain"),
    "wildcard-in-the-trust-domain": (("spiffe://*.example/a",), "trust domain"),
    "wildcard-scheme": (("*://prod.example/a",), "trust domain"),
    "glob-in-a-segment": (("spiffe://prod.example/ns/shop-*",), "not a whole segment"),
    "two-asterisks": (("spiffe://prod.example/**",), "not a whole segment"),
    "slash-at-the-end": (("spiffe://prod.example/ns/",), "is not a SPIFFE ID"),
    "double-slash": (("spiffe://prod.example//a",), "is not a SPIFFE ID"),
    "dot-segment": (("spiffe://prod.example/../a",), "is not a SPIFFE ID"),
    "port": (("spiffe://prod.example:1/a",), "is not a SPIFFE ID"),
    "query": (("spiffe://prod.example/a?b",), "is not a SPIFFE ID"),
    "upper-case-trust-domain": (("spiffe://Prod.example/a",), "is not a SPIFFE ID"),
}


@pytest.mark.parametrize(("patterns", "message"), NOT_A_PATTERN.values(), ids=NOT_A_PATTERN)
def test_spiffe_pattern_refused(patterns: tuple[str, ...], message: str) -> None:
    """A wildcard in the wrong place, or what is no SPIFFE ID, is refused while constructing."""
    with pytest.raises(ConfigurationError, match=message):
        spiffe(*patterns)


def test_ascii_subject_explains_itself() -> None:
    """The line for the operator shows what is not ASCII, escaped; the rule prints as the call that makes it."""
    decision = ascii_subject().check(client(("CN", "\u0430dmin")))
    assert decision.summary == 'ascii_subject: no, got "\\u0430dmin"'
    assert repr(ascii_subject()) == "ascii_subject()"
