"""Senders: what an address proves is looked at once, and not believed where a request makes the address doubtful."""

from datetime import datetime

import pytest

from clientcert import Authenticated, Authenticator, RequestFacts
from clientcert.core.headers import SelectedHeaders
from clientcert.core.proxy import SharedSecret, TrustedNetworks
from clientcert.core.senders import Senders
from tests import material as m
from tests.core.crowd import at_once

NETWORK = "10.42.7.0/28"
FORWARDED = ("x-forwarded-for", "192.0.2.1")


class Counting(TrustedNetworks):
    """A proof of a class of its own: nobody knows on what else it rests."""

    calls = 0

    def check(self, facts: RequestFacts, headers: SelectedHeaders, *, at: datetime) -> None:
        """Count."""
        self.calls += 1
        super().check(facts, headers, at=at)


def facts(*more: tuple[str, str], peer: str = m.PROXY, port: int = 4242, is_socket: bool = False) -> RequestFacts:
    """A request of a client."""
    headers = m.raw((*m.evidence(), *more))
    return RequestFacts(headers=headers, peer=peer, peer_port=port, peer_is_socket=is_socket)


def recalls(authenticator: Authenticator, request: RequestFacts) -> bool:
    """Whether the memory answers a request."""
    headers = list(request.headers)
    layout = authenticator.guard.layouts.of([name for name, _ in headers])
    spoken = layout.spoken(headers)
    known = authenticator.recall(
        request.peer, request.peer_port, layout.forwarded(headers), spoken, request.peer_is_socket
    )
    if known is None:
        authenticator.authenticate(request, spoken)
    return isinstance(known, Authenticated)


@pytest.mark.parametrize(
    ("request_", "expected"),
    {
        "the-same": (facts(FORWARDED), True),
        "another-forwarded": (facts(("x-forwarded-for", "192.0.2.99, 198.51.100.7")), True),
        "h5-its-own-address": (facts(("x-forwarded-for", m.PROXY)), False),
        "h5-among-others": (facts(("forwarded", f'for="{m.PROXY}:4711";proto=https')), False),
        "h5-escaped": (facts(("forwarded", 'for="10.42.7\\.3"')), False),
        "h5-port-of-a-rewritten-address": (facts(FORWARDED, port=0), False),
        "h1-stranger": (facts(FORWARDED, peer=m.STRANGER), False),
        "read-from-the-socket": (facts(FORWARDED, is_socket=True), False),
    }.values(),
    ids=lambda value: None,
)
def test_recalled(request_: RequestFacts, *, expected: bool) -> None:
    """Only a request whose address is beyond doubt, and as before, finds what was decided."""
    authenticator = Authenticator(m.config(trusted_proxies=[NETWORK]))
    assert not recalls(authenticator, facts(FORWARDED))
    assert recalls(authenticator, facts(FORWARDED))
    assert recalls(authenticator, request_) is expected


def test_socket_peer_may_be_mentioned() -> None:
    """An address from the socket itself is what it is, whatever a header says."""
    authenticator = Authenticator(m.config(trusted_proxies=[NETWORK]))
    request = facts(("x-forwarded-for", m.PROXY), is_socket=True)
    assert [recalls(authenticator, request) for _ in range(2)] == [False, True]


def test_wrong_secret_is_no_sender() -> None:
    """From an address that is known, evidence that was accepted with the secret is not accepted without it."""
    secret = "0123456789abcdef" * 3
    authenticator = Authenticator(m.config(trusted_proxies=[NETWORK, SharedSecret(secret)]))
    right, wrong = ("x-clientcert-proxy", secret), ("x-clientcert-proxy", secret[::-1])
    assert [recalls(authenticator, facts(right)) for _ in range(2)] == [False, True]
    for other in (facts(wrong), facts(), facts(right, right)):
        assert not recalls(authenticator, other)
        assert not isinstance(authenticator.authenticate(other), Authenticated)


def test_proofs_of_other_classes_are_asked_every_time() -> None:
    """A proof that is not one of ours may rest on anything, so that only the identity is remembered."""
    proof = Counting(NETWORK)
    authenticator = Authenticator(m.config(trusted_proxies=[proof]))
    assert [recalls(authenticator, facts()) for _ in range(3)] == [False, False, False]
    assert proof.calls == 3


def test_many_senders_are_bounded() -> None:
    """A flood from ever other addresses takes a bounded room, and who is forgotten over it is learnt again."""
    authenticator = Authenticator(m.config(trusted_proxies=["10.42.0.0/16"]))
    assert not recalls(authenticator, facts())
    for number in range(5_000):
        recalls(authenticator, facts(peer=f"10.42.{number // 250}.{number % 250}"))
        recalls(authenticator, facts(("x-forwarded-for", f"2001:db8::{number:x}")))
    senders = authenticator._memory._senders[False]
    assert len(senders) <= 1_024
    assert sum(len(sender.harmless) for sender in senders.values()) <= 4_096
    assert [recalls(authenticator, facts()) for _ in range(2)][1]


def test_long_texts_are_not_kept() -> None:
    """Neither an address nor a forwarding header of any length takes room."""
    authenticator = Authenticator(m.config(trusted_proxies=[NETWORK]))
    authenticator.authenticate(facts(peer="1" * 65))
    assert not authenticator._memory._senders[False]
    authenticator.authenticate(facts(("x-forwarded-for", "192.0.2.1, " * 100)))
    authenticator.authenticate(facts(*[("forwarded", "")] * 5))
    assert not authenticator._memory._senders[False][m.PROXY].harmless


def test_strangers_are_not_remembered() -> None:
    """An address that proves nothing is looked at each time, and so is never part of what finds a decision."""
    authenticator = Authenticator(m.config(trusted_proxies=[NETWORK]))
    for peer in (m.PROXY, m.STRANGER, None):
        authenticator.authenticate(RequestFacts(headers=facts().headers, peer=peer, peer_port=1))
    assert set(authenticator._memory._senders[False]) == {m.PROXY}


def test_stranger_proves_nothing() -> None:
    """Asked about a stranger, whom nobody should ask it about, it neither answers nor remembers."""
    senders = Senders(m.config(trusted_proxies=[NETWORK]).bindings)
    assert senders.prove(facts(peer=m.STRANGER), SelectedHeaders(), at=m.NOW) is None
    assert senders.prove(facts(), SelectedHeaders(), at=m.NOW) == (0,)
    assert set(senders.known[False]) == {m.PROXY}


def test_crowd_of_an_unknown_sender_agrees() -> None:
    """Threads that meet a sender for the first time at once all find that it proves the same."""
    for _ in range(20):
        authenticator = Authenticator(m.config(trusted_proxies=[NETWORK]))
        at_once(lambda _, a=authenticator: a.authenticate(facts()))  # type: ignore[misc]  # bound at once
        keys = {key[0] for key in authenticator._memory._decisions.accepted._entries}  # type: ignore[index]
        assert keys == {(0,)}
