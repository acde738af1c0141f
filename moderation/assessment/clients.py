"""The one model client of a process, built from the settings."""

import asyncio
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager

from django.conf import settings
from django.db import connections

from moderation.assessment.stores import DatabaseBreakers, DatabaseBudget, Limits
from moderation.llm.breaker import Permission
from moderation.llm.client import ModelClient
from moderation.llm.guarded import GuardedClient
from moderation.llm.openai_client import OpenAIClient
from moderation.llm.providers import OFFLINE, Provider, offline_provider
from moderation.llm.stores import BreakerStore, EasedBreakers, MemoryBreakers
from moderation.offline_model.server import app as offline_app

PROVIDER = "openai"
OPENAI_BASE_URL = "https://api.openai.com/v1"
# A candidate that looks on leaves the rest of a budget to what serves.
SHADOW_SHARE = 0.8


def providers() -> list[Provider]:
    """Return the configured providers in order; the offline model is the last."""
    configured = []
    if settings.OPENAI_API_KEY or settings.OPENAI_BASE_URL:
        configured.append(
            Provider(
                name=PROVIDER,
                base_url=settings.OPENAI_BASE_URL or OPENAI_BASE_URL,
                key=settings.OPENAI_API_KEY or "none",
            )
        )
    return [*configured, offline_provider()]


def make_client(pool: ThreadPoolExecutor) -> ModelClient:
    """Return a guarded client over the configured providers.

    The breaker of the in-process offline model is kept in memory: it cannot
    be down for one process and well for another.
    """
    return _guarded(_Breakers(pool), DatabaseBudget(pool, limits()))


def make_shadow_client(pool: ThreadPoolExecutor) -> ModelClient:
    """Return the client by which a candidate looks on.

    Its breakers are its own, so that a bad candidate opens none that listings
    depend on, and it spends only the first SHADOW_SHARE of each budget.
    """
    whole = limits()
    part = Limits(
        day_microusd=_part(whole.day_microusd),
        month_microusd=_part(whole.month_microusd),
    )
    return _guarded(MemoryBreakers(), DatabaseBudget(pool, part))


def _part(microusd: int | None) -> int | None:
    return None if microusd is None else int(microusd * SHADOW_SHARE)


def _guarded(breakers: BreakerStore, budget: DatabaseBudget) -> ModelClient:
    line = providers()
    return GuardedClient(
        [
            (
                provider,
                OpenAIClient(
                    provider, app=offline_app if provider.is_in_process else None
                ),
            )
            for provider in line
        ],
        breakers=breakers,
        budget=budget,
        attempt_timeout_s=float(settings.REVIEWHUB_MODEL_TIMEOUT_SECONDS),
    )


@asynccontextmanager
async def client_for_now(
    factory: Callable[[ThreadPoolExecutor], ModelClient] = make_client,
) -> AsyncIterator[ModelClient]:
    """Yield a client with a database thread of its own, and close both after.

    The thread gives its connection back: one left open would be missing from
    the pool for good.
    """
    with ThreadPoolExecutor(1, thread_name_prefix="stores") as pool:
        client = factory(pool)
        try:
            yield client
        finally:
            await client.close()
            loop = asyncio.get_running_loop()
            await loop.run_in_executor(pool, connections.close_all)


def limits() -> Limits:
    """Return the installation's budget limits."""
    return Limits(
        day_microusd=settings.REVIEWHUB_DAILY_BUDGET_USD,
        month_microusd=settings.REVIEWHUB_MONTHLY_BUDGET_USD,
    )


class _Breakers:
    """The database's breakers for providers outside, memory for the one inside."""

    def __init__(self, pool: ThreadPoolExecutor) -> None:
        self._outside: BreakerStore = EasedBreakers(DatabaseBreakers(pool))
        self._inside: BreakerStore = MemoryBreakers()

    def _of(self, provider: str) -> BreakerStore:
        return self._inside if provider == OFFLINE else self._outside

    async def allow(self, provider: str) -> Permission:
        return await self._of(provider).allow(provider)

    async def record(
        self,
        provider: str,
        ok: bool,
        *,
        is_probe: bool = False,
        retry_after_s: float | None = None,
    ) -> None:
        await self._of(provider).record(
            provider, ok, is_probe=is_probe, retry_after_s=retry_after_s
        )
