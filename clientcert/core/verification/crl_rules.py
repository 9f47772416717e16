"""How long revocation lists hold; apart from `crl_checker`, which is not loaded where there are none."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from clientcert.errors import ConfigurationError

if TYPE_CHECKING:
    from clientcert.core.verification.crl import Crl

_NO_GRACE = timedelta(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class CrlRules:
    """
    How long lists hold.

    Attributes:
        grace: Time after nextUpdate in which a list still holds.
        max_age: Longest time after thisUpdate; required where a list has no nextUpdate.
        accept_expired: Load lists that have expired already, for mode ``soft``: their entries still count.

    Raises:
        ConfigurationError: A negative time.
    """

    grace: timedelta = _NO_GRACE
    max_age: timedelta | None = None
    accept_expired: bool = False

    def __post_init__(self) -> None:
        if self.grace < _NO_GRACE:
            raise ConfigurationError(f"crl_grace is {self.grace}, wanted zero or more")
        if self.max_age is not None and self.max_age <= _NO_GRACE:
            raise ConfigurationError(f"crl_max_age is {self.max_age}, wanted more than zero, or None")

    def expiry(self, crl: "Crl") -> datetime | None:
        """Return the last moment a list holds; None where nothing says it."""
        return crl.expires(grace=self.grace, max_age=self.max_age)
