"""What was decided, told to the operator: one value per decision, one bounded log."""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from clientcert.core.outcome import Anonymous, Authenticated, Outcome
from clientcert.errors import Reason

logger = logging.getLogger("clientcert")

# Log lines per reason and second; a flood of refusals must not fill a disk.
_LINES_PER_SECOND = 10

# Nothing went wrong: a browser without a certificate, a health probe.
_UNREMARKABLE = frozenset({Reason.NO_CERTIFICATE})


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """
    One decision about one request.

    Attributes:
        outcome: What was decided; its detail is for operators only.
        enforced: False when ``enforce=False`` let the request through all the same.
        source: Name of the configured source.
        instance: ``urn:uuid:…`` of the refusal that the client was shown, the key between its report and this event.
        at: When; aware UTC.
    """

    outcome: Outcome
    enforced: bool
    source: str
    instance: str | None
    at: datetime

    @property
    def kind(self) -> Literal["authenticated", "anonymous", "rejected"]:
        """What became of the request's evidence."""
        if isinstance(self.outcome, Authenticated):
            return "authenticated"
        return "anonymous" if isinstance(self.outcome, Anonymous) else "rejected"

    @property
    def reason(self) -> Reason | None:
        """Why there is no identity; None when there is one."""
        return None if isinstance(self.outcome, Authenticated) else self.outcome.reason


class EventLog:
    """
    Sends events to the operator's hook and refusals to the ``clientcert`` logger.

    Args:
        on_event: The hook; an exception in it is logged and changes nothing about the request.
    """

    def __init__(self, on_event: Callable[[Event], None] | None) -> None:
        self._on_event = on_event
        self._windows: dict[Reason, tuple[int, int]] = {}

    @property
    def wants_success(self) -> bool:
        """False when nobody looks at successes, so that none need be made."""
        return self._on_event is not None

    def wants(self, outcome: Outcome) -> bool:
        """False when nobody looks at such an outcome, so that no event of it need be made."""
        if self._on_event is not None:
            return True
        return not isinstance(outcome, Authenticated) and logger.isEnabledFor(_level(outcome.reason))

    def emit(self, event: Event) -> None:
        """Tell everybody who asked."""
        if self._on_event is not None:
            try:
                self._on_event(event)
            except Exception:  # an observer must never decide about a request
                logger.exception("on_event raised; the request is not affected")
        if not isinstance(event.outcome, Authenticated):
            self._log(event, event.outcome.reason, event.outcome.explain())

    def _log(self, event: Event, reason: Reason, lines: tuple[str, ...]) -> None:
        level = _level(reason)
        if logger.isEnabledFor(level) and self._within_rate(reason):
            logger.log(
                level,
                "%s %s%s source=%s instance=%s",
                event.kind,
                "; ".join(lines),
                "" if event.enforced else " (not enforced)",
                event.source,
                event.instance,
                extra={"clientcert_event": event},
            )

    def _within_rate(self, reason: Reason) -> bool:
        second = int(time.monotonic())
        window, count = self._windows.get(reason, (second, 0))
        count = count + 1 if window == second else 1
        self._windows[reason] = (second, count)
        return count <= _LINES_PER_SECOND


def _level(reason: Reason) -> int:
    return logging.DEBUG if reason in _UNREMARKABLE else logging.WARNING
