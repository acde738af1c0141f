"""What a guarded client shares with others: breaker states and the budget.

The protocols that a database-backed store fulfils, and stores in memory for one
process. Refuses to decide: the breaker's rules are in breaker.py.
"""

import itertools
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from moderation.llm.breaker import Breaker, BreakerPolicy, Permission, allow, record
from moderation.states import BreakerState


class BreakerStore(Protocol):
    """Holds one Breaker a provider, under compare-and-set when shared."""

    async def allow(self, provider: str) -> Permission:
        """Say whether one call to the provider may go now."""
        ...

    async def record(
        self,
        provider: str,
        ok: bool,
        *,
        is_probe: bool = False,
        retry_after_s: float | None = None,
    ) -> None:
        """Take note of how a call ended; see breaker.record for the arguments."""
        ...


class BulkBreakerStore(BreakerStore, Protocol):
    """A BreakerStore that can be told of several ends that were alike at once."""

    async def record(
        self,
        provider: str,
        ok: bool,
        *,
        is_probe: bool = False,
        retry_after_s: float | None = None,
        calls: int = 1,
    ) -> None:
        """Take note of how so many calls ended."""
        ...


class BudgetStore(Protocol):
    """Holds what may be spent: reserve before a call, settle after it."""

    async def reserve(self, estimate_microusd: int) -> object | None:
        """Set money aside and return a token, or None when there is not enough."""
        ...

    async def settle(self, token: object, actual_microusd: int) -> None:
        """Replace the reservation by what was spent; a second time is a no-op."""
        ...


class MemoryBreakers:
    """Breakers of one process."""

    def __init__(
        self,
        policy: BreakerPolicy | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Start with every provider closed; clock gives seconds."""
        self._policy = policy or BreakerPolicy()
        self._clock = clock
        self._breakers: dict[str, Breaker] = {}

    async def allow(self, provider: str) -> Permission:
        """Say whether one call to the provider may go now."""
        breaker = self._breakers.get(provider, Breaker())
        self._breakers[provider], permission = allow(
            breaker, self._policy, self._clock()
        )
        return permission

    async def record(
        self,
        provider: str,
        ok: bool,
        *,
        is_probe: bool = False,
        retry_after_s: float | None = None,
        calls: int = 1,
    ) -> None:
        """Take note of how a call ended."""
        self._breakers[provider] = record(
            self._breakers.get(provider, Breaker()),
            self._policy,
            self._clock(),
            ok=ok,
            is_probe=is_probe,
            retry_after_s=retry_after_s,
            calls=calls,
        )

    def states(self) -> dict[str, BreakerState]:
        """Return the state of every provider called so far."""
        now = self._clock()
        return {name: breaker.state(now) for name, breaker in self._breakers.items()}


@dataclass(slots=True)
class _Eased:
    """What one process holds back of one provider."""

    allowed_at: float = -math.inf
    told_at: float = -math.inf
    untold: int = 0
    """Calls that went well and are not in the shared store yet."""
    has_failed: bool = False
    """The last thing told was a failure: the next good end is told at once."""


class EasedBreakers:
    """Shared breakers, asked and told less often while all is well.

    One row that every call of every process writes would be the busiest of the
    database. So a plain yes holds for a moment, and good ends are told in bulk;
    failures, pauses, probes and the first good end after a failure at once.
    """

    def __init__(
        self,
        shared: BulkBreakerStore,
        *,
        hold_s: float = 0.1,
        tell_s: float = 2.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Ease the way to a shared store.

        Args:
            shared: where the truth is.
            hold_s: how long a plain yes holds: another process's opening or pause
                is seen so much later.
            tell_s: how long good ends may wait to be told.
            clock: seconds, never going back.
        """
        self._shared = shared
        self._hold_s = hold_s
        self._tell_s = tell_s
        self._clock = clock
        self._eased: dict[str, _Eased] = {}

    async def allow(self, provider: str) -> Permission:
        """Say whether one call to the provider may go now."""
        eased = self._eased.setdefault(provider, _Eased())
        asked_at = self._clock()
        if asked_at - eased.allowed_at < self._hold_s:
            return Permission(True)
        permission = await self._shared.allow(provider)
        if permission == Permission(True):
            eased.allowed_at = asked_at
        return permission

    async def record(
        self,
        provider: str,
        ok: bool,
        *,
        is_probe: bool = False,
        retry_after_s: float | None = None,
    ) -> None:
        """Take note of how a call ended, and tell the shared store when it matters."""
        eased = self._eased.setdefault(provider, _Eased())
        now = self._clock()
        if not ok or is_probe or retry_after_s:
            eased.allowed_at = -math.inf
            eased.has_failed = not ok
            await self._tell(provider, eased, now)
            await self._shared.record(
                provider,
                ok,
                is_probe=is_probe,
                retry_after_s=retry_after_s,
            )
            return
        eased.untold += 1
        if eased.has_failed or now - eased.told_at >= self._tell_s:
            eased.has_failed = False
            await self._tell(provider, eased, now)

    async def _tell(self, provider: str, eased: _Eased, now: float) -> None:
        untold, eased.untold, eased.told_at = eased.untold, 0, now
        if untold:
            await self._shared.record(provider, True, calls=untold)


class MemoryBudget:
    """A budget of one process, in micro-dollars."""

    def __init__(self, limit_microusd: int) -> None:
        """Start with nothing spent."""
        self.limit_microusd = limit_microusd
        self.spent_microusd = 0
        self._reserved: dict[int, int] = {}
        self._tokens = itertools.count(1)

    async def reserve(self, estimate_microusd: int) -> object | None:
        """Set money aside and return a token, or None when there is not enough."""
        held = sum(self._reserved.values())
        if self.spent_microusd + held + estimate_microusd > self.limit_microusd:
            return None
        token = next(self._tokens)
        self._reserved[token] = estimate_microusd
        return token

    async def settle(self, token: object, actual_microusd: int) -> None:
        """Replace the reservation by what was spent; a second time is a no-op."""
        if isinstance(token, int) and self._reserved.pop(token, None) is not None:
            self.spent_microusd += actual_microusd
