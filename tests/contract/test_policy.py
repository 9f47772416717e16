"""`policy=` through every adapter: asked on every request, explained to the operator, never kept."""

import os
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from clientcert import (
    TRUST_PROXY,
    Authenticated,
    Authenticator,
    ClientCertConfig,
    ClientIdentity,
    ConfigurationError,
    Event,
    EvidenceLevel,
    Reason,
    RequestFacts,
)
from clientcert.policy import PolicyFile, cn, evidence, rule
from clientcert.runtime.gate import Gate, Target
from tests import material as m
from tests.contract.adapters import ADAPTERS
from tests.contract.rows import Row


@pytest.mark.parametrize("adapter", ADAPTERS)
def test_rule_decides_in_every_adapter(adapter: str) -> None:
    """A client whom the rule allows is served; another one, whose certificate is as good, gets 403."""
    seen: list[Event] = []
    config = m.config(policy=cn("alice"), on_event=seen.append)
    assert ADAPTERS[adapter](Row(headers=m.evidence()), config).status == 200
    answer = ADAPTERS[adapter](Row(headers=m.evidence(m.ADMIN, subject=m.ADMIN_DN)), config)
    assert answer.status == 403
    assert seen[-1].reason is Reason.POLICY_DENIED


def gate(**changes: Any) -> tuple[Gate, list[Event]]:
    """A gate, and what it tells."""
    events: list[Event] = []
    return Gate(m.config(on_event=events.append, **changes)), events


def facts(*arguments: Any, **keywords: Any) -> RequestFacts:
    """A request of the proxy."""
    return RequestFacts(headers=m.raw(m.evidence(*arguments, **keywords)), peer=m.PROXY, peer_port=4242)


GET = Target("GET", "/whoami", b"/whoami")


def test_denial_explains_itself_to_the_operator() -> None:
    """The event of a denial holds what was wanted and what was there; the client is told neither."""
    made, events = gate(policy=cn("alice"))
    admission = made.admit(facts(m.ADMIN, subject=m.ADMIN_DN), GET)
    assert admission.problem is not None
    assert b"alice" not in admission.problem.body
    outcome = events[-1].outcome
    assert not isinstance(outcome, Authenticated)
    assert "alice" in " ".join(outcome.explain())


def test_denial_is_not_remembered_with_the_identity() -> None:
    """The same client is asked about again for every path."""
    policy = PolicyFile.parse(acl(), name="acl.toml")
    made, _ = gate(policy=policy)
    for _ in range(2):
        assert made.admit(facts(), GET).problem is None
        assert made.admit(facts(), Target("GET", "/other", b"/other")).problem is not None
        assert made.admit(facts(), Target("POST", "/whoami", b"/whoami")).problem is not None


@pytest.mark.parametrize("kept", [True, False], ids=["of-ours", "custom"])
def test_rule_that_allows_is_asked_once(kept: bool) -> None:  # noqa: FBT001 - a column of the table
    """That a client passes a rule about its identity is kept; a function of the app's own is asked every time."""
    asked: list[str] = []

    def function(identity: ClientIdentity) -> bool:
        asked.append(identity.common_name)
        return len(asked) < 3

    policy = cn("alice") if kept else rule("first two", function)
    made, _ = gate(policy=policy)
    answers = []
    for _ in range(4):
        outcome = made.authenticator.authenticate(facts())
        answers.append(made.conclude(outcome, lambda _: GET, lambda _: [], None).problem is None)
        assert isinstance(outcome, Authenticated)
        assert outcome.allowed_by == ({id(policy)} if kept else set())
    assert answers == ([True] * 4 if kept else [True, True, False, False])
    assert len(asked) == (0 if kept else 4)


def test_nobody_is_asked_for_a_certificate() -> None:
    """Where the policy wants a client and there is none, the answer is the one for a missing certificate."""
    made, events = gate(policy=PolicyFile.parse(acl(), name="acl.toml"), mode="optional")
    nobody = RequestFacts(headers=m.raw(m.NOBODY), peer=m.PROXY)
    assert made.admit(nobody, Target("GET", "/public", b"/public")).problem is None
    problem = made.admit(nobody, GET).problem
    assert problem is not None
    assert problem.status == 401
    assert events[-1].reason is Reason.NO_CERTIFICATE


def test_roles_come_with_the_identity() -> None:
    """What the policy calls a client is on the identity, and no part of who it is."""
    authenticator = Authenticator(m.config(policy=PolicyFile.parse(acl(), name="acl.toml")))
    admin = authenticator.authenticate(facts(m.ADMIN, subject=m.ADMIN_DN))
    alice = authenticator.authenticate(facts())
    assert isinstance(admin, Authenticated)
    assert isinstance(alice, Authenticated)
    assert (admin.identity.roles, alice.identity.roles) == (frozenset({"admin"}), frozenset())


def acl(allowed: str = "alice") -> bytes:
    """A policy file that lets one common name in, and admin."""
    return f"""
version = 1

[roles]
admin = {{ cn = "admin" }}

[[route]]
path = "/whoami"
methods = ["GET"]
allow = {{ any_of = [{{ cn = "{allowed}" }}, {{ role = "admin" }}] }}

[[route]]
path = "/public"
methods = ["GET"]
allow = {{ anyone = true }}
""".encode()


STAFF_ONLY = b'version = 1\n[[route]]\npath = "/**"\nmethods = "any"\nallow = { o = "Example" }\n'

TRUSTS: dict[str, dict[str, Any]] = {
    "path": {},
    "proxy": {"trust": TRUST_PROXY},
    "pinned": {"profile": "pinned", "trust": m.ALICE.der},
}


@pytest.mark.parametrize("changes", TRUSTS.values(), ids=TRUSTS)
def test_file_is_followed(changes: dict[str, Any], tmp_path: Path) -> None:
    """A new policy file is in force at the next look, whatever is trusted; one that cannot be used changes nothing."""
    now = [m.NOW]
    path = tmp_path / "acl.toml"
    path.write_bytes(acl())
    made, _ = gate(policy=path, clock=lambda: now[0], reload_interval=timedelta(0), **changes)

    def answer(content: bytes) -> bool:
        new = path.with_suffix(".new")
        new.write_bytes(content)
        os.replace(new, path)  # noqa: PTH105 - the word for it
        now[0] += timedelta(seconds=1)
        return made.admit(facts(), GET).problem is None

    assert answer(acl())
    assert not answer(acl("bob"))
    assert not answer(b"version = ")
    assert answer(acl())


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda _: {"policy": cn("alice"), "mode": "optional"}, "policy allows nothing without a client"),
        (
            lambda folder: {"policy": _write(folder / "acl.toml", STAFF_ONLY), "mode": "optional"},
            r"policy '.*acl\.toml' allows nothing without a client.*set mode='required', or write a rule with anyone",
        ),
        (lambda _: {"policy": 7}, "policy is 7"),
        (lambda folder: {"policy": folder / "missing.toml"}, "policy: .*missing.toml"),
        (lambda folder: {"policy": _write(folder / "bad.toml", b"version = 1\nrutes = []\n")}, "bad.toml"),
    ],
    ids=["optional", "optional-file", "no-policy", "missing", "unknown-key"],
)
def test_refused_at_start(make: Callable[[Path], dict[str, Any]], message: str, tmp_path: Path) -> None:
    """A policy that cannot work is refused at start, by name."""
    with pytest.raises(ConfigurationError, match=message):
        m.config(**make(tmp_path))


def _write(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def test_stale_policy_is_503(tmp_path: Path) -> None:
    """Where nobody knows any more what the policy is, nobody is let in, with or without a certificate."""
    now = [m.NOW]
    path = _write(tmp_path / "acl.toml", acl())
    made, events = gate(
        policy=path, mode="optional", clock=lambda: now[0], reload_interval=timedelta(0), max_stale=timedelta(hours=1)
    )
    path.unlink()
    now[0] += timedelta(hours=2)
    nobody = RequestFacts(headers=m.raw(m.NOBODY[:0]), peer=m.PROXY)
    problem = made.admit(nobody, Target("GET", "/public", b"/public")).problem
    assert problem is not None
    assert problem.status == 503
    assert events[-1].reason is Reason.TRUST_STALE


def test_evidence_rule_sees_the_proxys_word() -> None:
    """A rule on evidence tells a verified certificate from a trusted proxy's word."""
    rule = evidence(at_least=EvidenceLevel.VERIFIED)
    assert gate(policy=rule)[0].admit(facts(), GET).problem is None
    assert gate(policy=rule, trust=TRUST_PROXY)[0].admit(facts(), GET).problem is not None


def test_config_takes_a_rule_by_keyword() -> None:
    """The keyword is one of the configuration's own."""
    assert isinstance(m.config(policy=cn("alice")), ClientCertConfig)
