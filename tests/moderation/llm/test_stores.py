"""Stores in memory: the budget never overspends, the breakers tell their state."""

import asyncio
from collections.abc import Callable
from typing import Any

from moderation.llm.breaker import Permission
from moderation.llm.stores import EasedBreakers, MemoryBreakers, MemoryBudget
from moderation.states import BreakerState


def test_reservations_count_until_they_are_settled() -> None:
    async def run() -> None:
        budget = MemoryBudget(100)
        first = await budget.reserve(60)
        assert await budget.reserve(60) is None
        await budget.settle(first, 30)
        assert await budget.reserve(60) is not None
        assert budget.spent_microusd == 30

    asyncio.run(run())


def test_settling_twice_counts_once() -> None:
    async def run() -> int:
        budget = MemoryBudget(100)
        token = await budget.reserve(10)
        await budget.settle(token, 10)
        await budget.settle(token, 10)
        return budget.spent_microusd

    assert asyncio.run(run()) == 10


def test_states_of_the_providers_called_are_told() -> None:
    async def run() -> dict[str, BreakerState]:
        breakers = MemoryBreakers(clock=lambda: 100.0)
        await breakers.record("good", True)
        for _ in range(10):
            await breakers.record("bad", False)
        return breakers.states()

    assert asyncio.run(run()) == {
        "good": BreakerState.CLOSED,
        "bad": BreakerState.OPEN,
    }


class Counted(MemoryBreakers):
    """Shared breakers that count how often they are asked and told."""

    def __init__(self, clock: Callable[[], float]) -> None:
        super().__init__(clock=clock)
        self.asked = self.told = self.calls = 0

    async def allow(self, provider: str) -> Permission:
        self.asked += 1
        return await super().allow(provider)

    async def record(self, provider: str, ok: bool, **more: Any) -> None:
        self.told += 1
        self.calls += more.get("calls", 1)
        await super().record(provider, ok, **more)


def test_while_all_is_well_the_shared_store_is_hardly_asked() -> None:
    now = [100.0]
    shared = Counted(lambda: now[0])
    eased = EasedBreakers(shared, clock=lambda: now[0])

    async def run() -> None:
        for _ in range(10_000):
            now[0] += 0.001
            assert (await eased.allow("p")).is_allowed
            await eased.record("p", True)
        now[0] += 5
        await eased.record("p", True)

    asyncio.run(run())

    assert shared.asked <= 101
    assert shared.told <= 8
    assert shared.calls == 10_001


def test_an_eased_breaker_opens_after_as_many_failures_as_a_plain_one() -> None:
    now = [100.0]
    shared = Counted(lambda: now[0])
    eased = EasedBreakers(shared, clock=lambda: now[0])

    async def run() -> int:
        for _ in range(1_000):
            await eased.allow("p")
            await eased.record("p", True)
        for number in range(100):
            if not (await eased.allow("p")).is_allowed:
                return number
            await eased.record("p", False)
        return -1

    assert asyncio.run(run()) == 10


def test_an_eased_breaker_stays_closed_while_good_ends_come_between() -> None:
    now = [100.0]
    shared = Counted(lambda: now[0])
    eased = EasedBreakers(shared, clock=lambda: now[0])

    async def run() -> None:
        for number in range(2_000):
            now[0] += 0.01
            assert (await eased.allow("p")).is_allowed
            await eased.record("p", number % 6 != 0)

    asyncio.run(run())


def test_a_pause_is_kept_at_once() -> None:
    now = [100.0]
    eased = EasedBreakers(Counted(lambda: now[0]), clock=lambda: now[0])

    async def run() -> Permission:
        await eased.allow("p")
        await eased.record("p", True, retry_after_s=20.0)
        return await eased.allow("p")

    permission = asyncio.run(run())

    assert not permission.is_allowed
    assert permission.because == "paused"


def test_a_probe_is_asked_for_every_time_and_its_end_told_at_once() -> None:
    now = [100.0]
    shared = Counted(lambda: now[0])
    eased = EasedBreakers(shared, clock=lambda: now[0])

    async def run() -> None:
        for _ in range(10):
            await eased.record("p", False)
        now[0] += 15.0
        probe = await eased.allow("p")
        assert probe.is_probe
        assert not (await eased.allow("p")).is_allowed
        await eased.record("p", True, is_probe=True)

    asyncio.run(run())

    assert shared.states() == {"p": BreakerState.CLOSED}


def test_after_recovery_calls_come_back_by_and_by_through_an_eased_breaker() -> None:
    now = [100.0]
    eased = EasedBreakers(Counted(lambda: now[0]), clock=lambda: now[0])

    async def run() -> int:
        for _ in range(10):
            await eased.record("p", False)
        now[0] += 15.0
        await eased.allow("p")
        await eased.record("p", True, is_probe=True)
        return sum([(await eased.allow("p")).is_allowed for _ in range(100)])

    assert asyncio.run(run()) <= 2


def test_single_failures_of_many_processes_do_not_add_up_to_an_outage() -> None:
    now = [100.0]
    shared = Counted(lambda: now[0])
    processes = [EasedBreakers(shared, clock=lambda: now[0]) for _ in range(20)]

    async def run() -> None:
        for eased in processes:
            await eased.record("p", True)
        for eased in processes:
            await eased.record("p", False)
            await eased.record("p", True)

    asyncio.run(run())

    assert shared.states() == {"p": BreakerState.CLOSED}
