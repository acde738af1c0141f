"""How often somebody may ask: a fixed window, counted atomically in the cache.

Decides one thing, whether this request is still within the window's quota. Lets
everything through when the cache is away, because a limit is no reason to be down;
only what guards a secret is then counted in this process alone.
"""

import math
import threading
import time
from dataclasses import dataclass

from django.core.cache import cache

from moderation.telemetry import metrics
from moderation.telemetry.logs import get_logger

log = get_logger(__name__)

# After a failure the cache is not asked for so long: each question to a Redis
# that is away may cost its time-out.
REST_S = 5.0


@dataclass(frozen=True, slots=True)
class Allowance:
    """What is left to somebody in this window.

    Attributes:
        limit: requests a window.
        remaining: further requests in this window.
        reset_s: whole seconds until the next window, at least 1.
        is_allowed: whether this request may go on.
    """

    limit: int
    remaining: int
    reset_s: int
    is_allowed: bool


class _Rest:
    """When the cache may be asked again; shared by the process's threads."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._until = 0.0

    def is_on(self) -> bool:
        with self._guard:
            return time.monotonic() < self._until

    def begin(self) -> None:
        with self._guard:
            self._until = time.monotonic() + REST_S

    def end(self) -> None:
        with self._guard:
            self._until = 0.0


_rest = _Rest()


class _Own:
    """This process's own counts, for when the cache is away; forgets old windows."""

    MOST = 10_000

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._counts: dict[str, int] = {}

    def count(self, key: str) -> int:
        with self._guard:
            if len(self._counts) >= self.MOST and key not in self._counts:
                self._counts.clear()
            self._counts[key] = self._counts.get(key, 0) + 1
            return self._counts[key]


_own = _Own()


def take(
    name: str,
    *,
    limit: int,
    kind: str,
    window_s: int = 60,
    now_s: float | None = None,
    has_floor: bool = False,
) -> Allowance:
    """Count one request against a quota.

    Args:
        name: whose quota, such as "key:ab12cd34".
        limit: requests a window.
        kind: which limit this is, for the metric; from a closed set.
        window_s: length of the window in seconds, aligned to the clock.
        now_s: Unix time in seconds; None reads the clock.
        has_floor: whether this process counts alone while the cache is away.

    Returns:
        The allowance after this request. Without a floor it is allowed, too, when
        the cache is away.
    """
    now_s = time.time() if now_s is None else now_s
    window = math.floor(now_s / window_s)
    reset_s = max(1, math.ceil((window + 1) * window_s - now_s))
    key = f"limit:{kind}:{name}:{window}"
    used = _count(key, timeout_s=2 * window_s)
    if used is None:
        metrics.RATE_LIMIT_OPEN.inc()
        used = _own.count(key) if has_floor else None
    if used is None:
        return Allowance(limit, limit, reset_s, is_allowed=True)
    is_allowed = used <= limit
    if not is_allowed:
        metrics.RATE_LIMITED.labels(kind).inc()
    return Allowance(limit, max(0, limit - used), reset_s, is_allowed)


def give_back(
    name: str, *, kind: str, window_s: int = 60, now_s: float | None = None
) -> None:
    """Take one counted request back, as far as the cache can be asked.

    Args:
        name, kind, window_s, now_s: as they were given to take.
    """
    now_s = time.time() if now_s is None else now_s
    if _rest.is_on():
        return
    try:
        cache.decr(f"limit:{kind}:{name}:{math.floor(now_s / window_s)}")
    except ValueError:
        pass  # the window has passed
    except Exception as error:  # whatever the cache's client raises
        _rest.begin()
        log.warning("rate_limit_open", error=type(error).__name__)


def _count(key: str, timeout_s: int) -> int | None:
    """Return how often the key was counted, this time included; None if unknown."""
    if _rest.is_on():
        return None
    try:
        # add() makes the counter only where there is none; incr() is atomic.
        cache.add(key, 0, timeout=timeout_s)
        return int(cache.incr(key))
    except Exception as error:  # whatever the cache's client raises
        _rest.begin()
        log.warning("rate_limit_open", error=type(error).__name__)
        return None
