"""How long to wait before another attempt, and how many attempts are too many.

Arithmetic only: full-jitter backoff, Retry-After, and a budget that keeps retries
to a tenth of first tries. Refuses to sleep and to know what is retried.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from math import isfinite

RETRY_AFTER_MAX_S = 3_600.0


@dataclass(frozen=True, slots=True)
class Backoff:
    """Full jitter: anywhere between nothing and a bound that doubles."""

    base_s: float = 0.5
    max_s: float = 8.0

    def wait_s(self, failures: int, chance: Callable[[], float]) -> float:
        """Return the wait after so many failures; chance gives 0 to 1."""
        bound = self.base_s * 2.0 ** (failures - 1)
        return min(bound, self.max_s) * chance()


class RetryBudget:
    """Retries allowed to one client: a small float, then a share of first tries.

    Not shared between processes: each keeps the share for itself, so the sum does.
    """

    def __init__(self, *, float_retries: int = 10, share: float = 0.1) -> None:
        """Start with the float full."""
        self._most = float(float_retries)
        self._share = share
        self._left = self._most

    def first_try(self) -> None:
        """Count a first try, which earns a share of a retry."""
        self._left = min(self._left + self._share, self._most)

    def take(self) -> bool:
        """Take one retry if there is one."""
        if self._left < 1.0 - 1e-9:
            return False
        self._left -= 1.0
        return True


def retry_after_s(headers: Mapping[str, str], now: datetime) -> float | None:
    """Return the seconds a provider asks to wait, None when it does not say.

    Reads retry-after-ms, then Retry-After as seconds or as a date (RFC 9110,
    10.2.3). What cannot be read counts as not said; at most an hour.
    """
    wait = _number(headers.get("retry-after-ms"))
    if wait is not None:
        wait /= 1_000
    else:
        said = headers.get("retry-after")
        wait = _number(said)
        if wait is None and said:
            wait = _seconds_until(said, now)
    if wait is None:
        return None
    return min(max(wait, 0.0), RETRY_AFTER_MAX_S)


def _number(text: str | None) -> float | None:
    try:
        number = float(text or "")
    except ValueError:
        return None
    return number if isfinite(number) else None


def _seconds_until(text: str, now: datetime) -> float | None:
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError, OverflowError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return (moment - now).total_seconds()
