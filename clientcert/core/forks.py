"""Locks in a forked process: whoever held one in the parent, that thread is not here."""

import os
from typing import Protocol
from weakref import WeakSet


class LockHolder(Protocol):
    """Has locks that a fork may catch while they are held."""

    def renew_locks(self) -> None:
        """Put new locks in their places; called in the child, where no other thread runs."""


_HOLDERS: "WeakSet[LockHolder]" = WeakSet()


def renew_after_fork(holder: LockHolder) -> None:
    """Have `LockHolder.renew_locks` called in every forked process, for as long as the holder lives."""
    _HOLDERS.add(holder)


def _renew() -> None:
    for holder in list(_HOLDERS):
        holder.renew_locks()


# Windows has neither forks nor this function.
getattr(os, "register_at_fork", lambda **_: None)(after_in_child=_renew)
