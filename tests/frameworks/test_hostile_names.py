"""Names that a CA was talked into, under a rule, through every adapter (rows D1 to D8 of the threat model)."""

import pytest

from clientcert.core.policy import Rule, cn, dns, email, o, spiffe, subject
from clientcert.errors import Reason
from clientcert.runtime.events import Event
from clientcert.testing import IssuedCertificate
from tests.contract import adapters
from tests.contract.rows import NGINX, Row
from tests.frameworks import test_contract
from tests.material import AUTHORITY, certificate_header, config

ADAPTERS = {**adapters.ADAPTERS, **test_contract.ADAPTERS}


def named(*attributes: tuple[str, str], san: tuple[str, ...] = ()) -> IssuedCertificate:
    """A certificate of the trusted CA with any subject at all."""
    return AUTHORITY.issue(subject=list(attributes), san=list(san))


GOOD = named(("O", "Example"), ("CN", "admin"), san=("DNS:admin.example", "email:admin@example.org"))
RULES: dict[str, Rule] = {
    "cn": cn("admin"),
    "o-and-cn": o("Example") & cn("admin"),
    "subject": subject("CN=admin,O=Example"),
    "dns": dns("admin.example"),
    "email": email("admin@example.org"),
    "not-a-guest": ~o("Guests") & cn("admin"),
}
HOSTILE: dict[str, IssuedCertificate] = {
    "d1-slash": named(("O", "Guests"), ("CN", "x/O=Example/CN=admin")),
    "d1-comma": named(("CN", "CN=admin,O=Example")),
    "d2-two-common-names": named(("O", "Example"), ("CN", "admin"), ("CN", "mallory")),
    "d3-nul": named(("O", "Example"), ("CN", "admin\0.evil.example")),
    "d3-line-break": named(("O", "Example"), ("CN", "mallory\nCN=admin")),
    "d3-escape": named(("O", "Example"), ("CN", "\x1b[2Kadmin")),
    "d3-override": named(("O", "Example"), ("CN", "\u202enimda")),
    "d3-zero-width": named(("O", "Example"), ("CN", "ad\u200bmin")),
    "d4-cyrillic": named(("O", "Example"), ("CN", "\u0430dmin")),
    "d4-full-width": named(("O", "Example"), ("CN", "\uff41dmin")),
    "d5-case": named(("O", "example"), ("CN", "Admin")),
    "d5-space": named(("O", "Example "), ("CN", " admin")),
    "d7-uri": named(("CN", "mallory"), san=("URI:https://admin.example/admin@example.org",)),
    "d7-dns-as-email": named(("CN", "mallory"), san=("email:admin@admin.example", "DNS:example.org")),
}


def asked(adapter: str, certificate: IssuedCertificate, rule: Rule) -> tuple[int, Reason | None]:
    """Status, and the reason that the operator is told."""
    events: list[Event] = []
    made = config(**NGINX, policy=rule, on_event=events.append)
    headers = (certificate_header(certificate), ("ssl-client-verify", "SUCCESS"))
    answer = ADAPTERS[adapter](Row(headers=headers), made)
    (event,) = events
    return answer.status, event.reason


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
@pytest.mark.parametrize("adapter", ADAPTERS)
def test_true_name_is_let_in(adapter: str, rule: Rule) -> None:
    """The client whom the rule means gets through."""
    assert asked(adapter, GOOD, rule) == (200, None)


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("adapter", ADAPTERS)
def test_no_name_passes_for_another(adapter: str, name: str) -> None:
    """Whatever a name looks like, no rule takes it for the one it imitates: 403, and the reason is the policy's."""
    for rule in RULES.values():
        assert asked(adapter, HOSTILE[name], rule) == (403, Reason.POLICY_DENIED)


@pytest.mark.parametrize("adapter", ADAPTERS)
def test_long_value(adapter: str) -> None:
    """A value of 10 kB is over the limit, whoever it names; one of 256 characters is not."""
    long = named(("O", "Example"), ("OU", "x" * 10_000), ("CN", "admin"))
    assert asked(adapter, long, cn("admin")) == (400, Reason.CERTIFICATE_TOO_LARGE)
    assert asked(adapter, named(("OU", "x" * 256), ("CN", "admin")), cn("admin")) == (200, None)


@pytest.mark.parametrize(
    ("uris", "allowed"),
    [
        (("spiffe://prod.example/ns/a/sa/web",), True),
        (("spiffe://prod.example/ns/a/sa/web", "spiffe://prod.example/ns/b/sa/web"), False),
        (("spiffe://PROD.example/ns/a/sa/web",), False),
        (("spiffe://prod.example/ns/a%2fb/sa/web",), False),
        (("spiffe://prod.example/ns/../sa/web",), False),
        (("spiffe://prod.example/ns//sa/web",), False),
        (("spiffe://prod.example/ns/a/b/sa/web",), False),
        (("spiffe://prod.example/ns/a/sa/web/",), False),
        (("spiffe://prod.example:8443/ns/a/sa/web",), False),
        (("spiffe://prod.example/ns/a/sa/web?x",), False),
        (("spiffe://prod.example@evil.example/ns/a/sa/web",), False),
    ],
    ids=["good", "two", "upper-case", "escape", "dots", "empty", "deeper", "slash", "port", "query", "user"],
)
@pytest.mark.parametrize("adapter", ADAPTERS)
def test_d8_spiffe(adapter: str, uris: tuple[str, ...], *, allowed: bool) -> None:
    """One valid SPIFFE ID passes a pattern with a segment wildcard, and nothing that is almost one."""
    certificate = named(("CN", "web"), san=tuple(f"URI:{uri}" for uri in uris))
    status, reason = asked(adapter, certificate, spiffe("spiffe://prod.example/ns/*/sa/web"))
    assert (status, reason) == ((200, None) if allowed else (403, Reason.POLICY_DENIED))
