"""
Senders whose addresses have been looked at before, so that an address is parsed and compared once.

What is remembered is what the address alone proves. It holds for every request of that address that does not make the
address doubtful: a forwarding header that mentions it, the port of a rewritten one.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from clientcert.core.addresses import mentions, spelling
from clientcert.core.bindings import Binding
from clientcert.core.facts import Header, RequestFacts
from clientcert.core.headers import FORWARDED_HEADERS, SelectedHeaders
from clientcert.core.proxy import AnyPeer, SharedSecret, TrustedNetworks, UnixSocket
from clientcert.errors import EvidenceError

Positions = tuple[int, ...]
"""Positions of the bindings whose proofs by address all hold."""

Forwarded = tuple[Header, ...] | tuple[str, ...]
"""The headers of one request that record addresses, or the values of such variables of an environ."""

_BY_ADDRESS = (TrustedNetworks, UnixSocket, AnyPeer)
# Peers are few; a hostile sender may have many addresses.
_MAX_SENDERS = 1_024
_MAX_ADDRESS_LENGTH = 64
# Of all senders together: some 400 bytes each.
_MAX_HARMLESS = 4_096
_MAX_HARMLESS_VALUES, _MAX_HARMLESS_LENGTH = 4, 256


@dataclass(slots=True)
class Sender:
    """
    One address.

    Attributes:
        proves: What it proves; something, or it would not be remembered.
        address: The same as it would stand in a header that records addresses; empty where there is none to rewrite.
        harmless: What such headers have said without mentioning it, all of a request's together.
    """

    proves: Positions
    address: bytes
    harmless: set[Forwarded] = field(default_factory=set)


class Senders:
    """
    What each sender's address proves.

    Args:
        bindings: The configured sources and proofs. A proof of a class that is not ours may rest on anything, and then
            nothing is remembered at all.

    Attributes:
        known: Address → sender; the second is for addresses that were read from the socket itself.
    """

    def __init__(self, bindings: Sequence[Binding]) -> None:
        self._bindings = bindings
        self._may_remember = all(
            type(proof) in (*_BY_ADDRESS, SharedSecret) for binding in bindings for proof in binding.proofs
        )
        self.known: tuple[dict[str | None, Sender], ...] = ({}, {})
        self._harmless = 0

    def is_doubtful(self, sender: Sender, port: int | None, forwarded: Forwarded) -> bool:
        """Whether a forwarding header may have put the address there; remembers for a while what cannot have."""
        if not sender.address:
            return False
        values = [item if isinstance(item, str) else item[1] for item in forwarded]
        if port == 0 or any(mentions(value, sender.address) for value in values):
            return True
        if len(values) <= _MAX_HARMLESS_VALUES and sum(map(len, values)) <= _MAX_HARMLESS_LENGTH:
            if self._harmless >= _MAX_HARMLESS:
                self._forget_harmless()
            sender.harmless.add(forwarded)
            self._harmless += 1
        return False

    def _forget_harmless(self) -> None:
        for sender in [*self.known[False].values(), *self.known[True].values()]:
            sender.harmless = set()
        self._harmless = 0

    def prove(self, facts: RequestFacts, headers: SelectedHeaders, *, at: datetime) -> Positions | None:
        """Return what the address of a request proves; None where it is doubtful, or may not be remembered."""
        peer, known = facts.peer, self.known[facts.peer_is_socket]
        if not self._may_remember or len(peer or "") > _MAX_ADDRESS_LENGTH:
            return None
        forwarded = tuple(header for header in headers.context if header[0] in FORWARDED_HEADERS)
        sender = known.get(peer)
        address = b"" if facts.peer_is_socket else spelling(peer or "")
        if self.is_doubtful(sender or Sender((), address), facts.peer_port, forwarded):
            return None
        if sender is None:
            # Whole before anybody else can see it; a stranger is not worth the room.
            sender = Sender(self._held(facts, headers, at), address)
            if not sender.proves:
                return None
            if len(known) >= _MAX_SENDERS:
                known.clear()
            known[peer] = sender
        return sender.proves

    def _held(self, facts: RequestFacts, headers: SelectedHeaders, at: datetime) -> Positions:
        held = []
        for index, binding in enumerate(self._bindings):
            try:
                for proof in binding.proofs:
                    if type(proof) in _BY_ADDRESS:
                        proof.check(facts, headers, at=at)
            except EvidenceError:
                continue
            held.append(index)
        return tuple(held)
