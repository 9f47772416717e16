"""Locks after a fork: held by a thread that the child does not have, they are replaced."""

import os

from clientcert import Authenticated, Authenticator, RequestFacts
from clientcert.core import forks
from clientcert.core.memory import Memory
from clientcert.core.proxy_certificate import ProxyCertificate
from tests import material as m


def test_locks_are_renewed() -> None:
    """Whatever was held when the process was forked is free afterwards."""
    authenticator = Authenticator(m.config())
    memory: Memory = authenticator._memory
    proof = ProxyCertificate(trust=m.STRANGE_AUTHORITY.pem, names=["proxy"])
    locks = (memory._lock, memory._decisions.lock, proof._lock)
    for lock in locks:
        lock.acquire()
    forks._renew()
    assert not any(lock.locked() for lock in (memory._lock, memory._decisions.lock, proof._lock))
    outcome = authenticator.authenticate(RequestFacts(headers=m.raw(m.evidence()), peer=m.PROXY))
    assert isinstance(outcome, Authenticated)


def test_child_has_its_own_locks() -> None:
    """A forked process does so by itself."""
    authenticator = Authenticator(m.config())
    with authenticator._memory._decisions.lock:
        child = os.fork()
        if child == 0:
            os._exit(authenticator._memory._decisions.lock.locked())
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
