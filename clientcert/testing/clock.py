"""A clock that stands still until a test moves it."""

from datetime import UTC, datetime, timedelta


class FrozenClock:
    """
    A clock for ``ClientCertConfig(clock=...)`` and for ``CertificateAuthority(now=...)``.

    Args:
        at: Where it begins: an aware time. Default the present, in whole seconds, for which certificates of an
            authority with the system's clock are good.

    Raises:
        ValueError: A naive time.
    """

    def __init__(self, at: datetime | None = None) -> None:
        self._at = datetime.now(UTC).replace(microsecond=0)
        if at is not None:
            self.set(at)

    def __call__(self) -> datetime:
        """Return its time: aware, UTC."""
        return self._at

    def __repr__(self) -> str:
        return f"FrozenClock({self._at.isoformat()})"

    def tick(self, **distance: float) -> datetime:
        """Move it by a `timedelta` given as keywords, ``tick(days=31)`` or ``tick(seconds=-1)``; return its time."""
        self._at += timedelta(**distance)
        return self._at

    def set(self, at: datetime) -> datetime:
        """
        Move it to an aware time; return that time.

        Raises:
            ValueError: A naive time.
        """
        if at.utcoffset() is None:
            raise ValueError(f"naive datetime {at.isoformat()}: give an aware one, such as datetime(..., tzinfo=UTC)")
        self._at = at.astimezone(UTC)
        return self._at
