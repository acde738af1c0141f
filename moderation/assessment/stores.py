"""Breakers and budgets in the database: shared by every process, no broker needed.

A breaker is one row under compare-and-set; a budget is the sum of the day's
reservations, taken and settled one by one.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db import connection, transaction
from django.db.models import F, Sum
from django.db.models.functions import Coalesce

from moderation.llm.breaker import (
    Breaker as BreakerMemory,
)
from moderation.llm.breaker import (
    BreakerPolicy,
    Permission,
    allow,
    record,
)
from moderation.models import Breaker, BudgetReservation
from moderation.models.clock import database_now

# A lost compare-and-set is tried again; so many losses in a row mean a bug.
MAX_TRIES = 50


class DatabaseBreakers:
    """A BreakerStore on the Breaker table."""

    def __init__(self, pool: ThreadPoolExecutor, policy: BreakerPolicy | None = None):
        """Use a pool of threads for the queries, with a policy of its own."""
        self._pool = pool
        self._policy = policy or BreakerPolicy()

    async def allow(self, provider: str) -> Permission:
        """Say whether one call to the provider may go now."""
        permission: Permission = await self._change(
            provider, lambda memory, now: allow(memory, self._policy, now)
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
        """Take note of how a call ended, or several that ended alike."""

        def change(memory: BreakerMemory, now: float) -> tuple[BreakerMemory, None]:
            return (
                record(
                    memory,
                    self._policy,
                    now,
                    ok=ok,
                    is_probe=is_probe,
                    retry_after_s=retry_after_s,
                    calls=calls,
                ),
                None,
            )

        await self._change(provider, change)

    async def _change(
        self,
        provider: str,
        change: Callable[[BreakerMemory, float], tuple[BreakerMemory, Any]],
    ) -> Any:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._pool, change_breaker, provider, change)


def change_breaker(
    provider: str, change: Callable[[BreakerMemory, float], tuple[BreakerMemory, Any]]
) -> Any:
    """Change one provider's breaker by compare-and-set; return what change returns.

    Raises:
        RuntimeError: another process won every time, which cannot be.
    """
    for _ in range(MAX_TRIES):
        row = Breaker.objects.filter(provider=provider).first()
        if row is None:
            row, _ = Breaker.objects.get_or_create(provider=provider)
        at = database_now()
        before = BreakerMemory.from_dict(row.memory)
        after, result = change(before, at.timestamp())
        if after == before:
            return result
        won = Breaker.objects.filter(pk=row.pk, version=row.version).update(
            memory=after.as_dict(),
            state=after.state(at.timestamp()),
            version=F("version") + 1,
            updated_at=at,
        )
        if won:
            return result
    raise RuntimeError(f"The breaker of {provider} changed {MAX_TRIES} times at once.")


@dataclass(frozen=True, slots=True)
class Limits:
    """What may be spent in a UTC day and month, micro-dollars; None: any amount."""

    day_microusd: int | None
    month_microusd: int | None


class DatabaseBudget:
    """A BudgetStore on the BudgetReservation table."""

    def __init__(self, pool: ThreadPoolExecutor, limits: Limits):
        """Use a pool of threads for the queries, under these limits."""
        self._pool = pool
        self._limits = limits

    async def reserve(self, estimate_microusd: int) -> object | None:
        """Set money aside and return a token, or None when there is not enough."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(
            self._pool, reserve, estimate_microusd, self._limits
        )

    async def settle(self, token: object, actual_microusd: int) -> None:
        """Replace the reservation by what was spent."""
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(self._pool, settle, token, actual_microusd)


def reserve(estimate_microusd: int, limits: Limits) -> int | None:
    """Reserve money for one call; None when a limit would be passed.

    Under a limit the reservations of an installation go one by one, so that
    however many workers ask at once it holds.
    """
    if limits.day_microusd is None and limits.month_microusd is None:
        row = BudgetReservation.objects.create(
            day=database_now().date(), reserved_microusd=estimate_microusd
        )
        return row.pk
    with transaction.atomic():
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                # One lock for all reservations; the number is arbitrary but fixed.
                cursor.execute("SELECT pg_advisory_xact_lock(727001)")
        today = database_now().date()
        spent_day = spent(since=today)
        spent_month = spent(since=today.replace(day=1))
        for limit, used in (
            (limits.day_microusd, spent_day),
            (limits.month_microusd, spent_month),
        ):
            if limit is not None and used + estimate_microusd > limit:
                return None
        row = BudgetReservation.objects.create(
            day=today, reserved_microusd=estimate_microusd
        )
        return row.pk


def settle(token: object, actual_microusd: int) -> None:
    """Replace a reservation by what was spent; a second time is a no-op."""
    if not isinstance(token, int):
        return
    BudgetReservation.objects.filter(pk=token, settled_microusd__isnull=True).update(
        settled_microusd=actual_microusd
    )


def spent(*, since: date) -> int:
    """Return what is spent or reserved from a UTC day on, in micro-dollars."""
    total = BudgetReservation.objects.filter(day__gte=since).aggregate(
        total=Sum(Coalesce("settled_microusd", "reserved_microusd"))
    )["total"]
    return int(total or 0)
