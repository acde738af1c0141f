"""The guards around a call: deadline, retries, breaker, budget, other providers."""

import asyncio
import itertools
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

import pytest

from moderation.llm.breaker import BreakerPolicy
from moderation.llm.client import CallRecord, ModelFailure, ModelReply, ModelRequest
from moderation.llm.guarded import FALLS_BACK, RETRIED, GuardedClient
from moderation.llm.openai_client import OpenAIClient
from moderation.llm.providers import Provider, offline_provider
from moderation.llm.retry import Backoff, RetryBudget
from moderation.llm.stores import MemoryBreakers, MemoryBudget
from moderation.states import FailureKind as F
from tests.protocol_server import ScriptedServer

HOUSE = Provider("house", "http://a/v1", "k")
OFFLINE = offline_provider()
REQUEST = ModelRequest(
    model="gpt-4.1-mini",
    messages=(),
    schema_name="x",
    schema={},
    max_output_tokens=100,
    timeout_s=50.0,
    request_id="r",
)


class Clock:
    """Time that passes only when somebody waits."""

    def __init__(self) -> None:
        self.now = 1_000.0
        self.waits: list[float] = []

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.now += seconds


@dataclass
class Scripted:
    """A client that ends its calls as told, each after so many seconds."""

    clock: Clock
    ends: list[F | None]
    takes_s: float = 0.1
    retry_after_s: float | None = None
    cost_microusd: int = 7
    timeouts: list[float] = field(default_factory=list)

    async def call(self, request: ModelRequest) -> ModelReply | ModelFailure:
        self.timeouts.append(request.timeout_s)
        end = self.ends.pop(0) if len(self.ends) > 1 else self.ends[0]
        self.clock.now += request.timeout_s if end is F.TIMEOUT else self.takes_s
        record = CallRecord(
            1, "p", "m", "r", datetime(2026, 1, 1, tzinfo=UTC), 1, failure=end
        )
        if end is None:
            return ModelReply(
                "{}", "m", "p", "stop", 1, 0, 1, 1, self.cost_microusd, calls=(record,)
            )
        return ModelFailure(
            end, "", "p", retry_after_s=self.retry_after_s, calls=(record,)
        )

    async def close(self) -> None:
        self.ends = []


def guarded(
    clock: Clock, *clients: tuple[Provider, Scripted], **settings: object
) -> GuardedClient:
    defaults: dict[str, object] = {
        "breakers": MemoryBreakers(clock=clock),
        "chance": lambda: 0.5,
        "sleep": clock.sleep,
        "clock": clock,
    }
    return GuardedClient(list(clients), **{**defaults, **settings})  # type: ignore[arg-type]


def answer_of(
    ends: list[F | None], request: ModelRequest = REQUEST, **settings: object
) -> tuple[ModelReply | ModelFailure, Clock, Scripted]:
    clock = Clock()
    client = Scripted(clock, ends)
    if "retry_after_s" in settings:
        client.retry_after_s = settings.pop("retry_after_s")  # type: ignore[assignment]
    answer = asyncio.run(guarded(clock, (HOUSE, client), **settings).call(request))
    return answer, clock, client


@pytest.mark.parametrize("kind", sorted(RETRIED))
def test_a_failure_that_may_pass_is_tried_three_times(kind: F) -> None:
    answer, _, client = answer_of([kind])

    assert isinstance(answer, ModelFailure)
    assert answer.kind == kind
    assert [call.attempt for call in answer.calls] == list(
        range(1, len(client.timeouts) + 1)
    )
    assert len(client.timeouts) == (2 if kind is F.TIMEOUT else 3)


@pytest.mark.parametrize("kind", sorted(set(F) - RETRIED))
def test_any_other_failure_is_not_tried_again(kind: F) -> None:
    answer, _, client = answer_of([kind])

    assert isinstance(answer, ModelFailure)
    assert answer.kind == kind
    assert len(client.timeouts) == 1


def test_a_later_attempt_that_succeeds_is_the_answer_and_all_are_recorded() -> None:
    answer, _, _ = answer_of([F.PROVIDER_ERROR, F.UNREACHABLE, None])

    assert isinstance(answer, ModelReply)
    assert not answer.is_fallback
    assert [call.failure for call in answer.calls] == [
        F.PROVIDER_ERROR,
        F.UNREACHABLE,
        None,
    ]


def test_the_deadline_holds_over_all_attempts() -> None:
    answer, clock, client = answer_of([F.TIMEOUT])

    assert clock.now - 1_000.0 <= 50.0
    assert client.timeouts[0] == 30.0
    assert client.timeouts[1] < 20.0
    assert answer.latency_ms <= 50_000


def test_work_past_its_deadline_is_not_sent() -> None:
    answer, _, client = answer_of([None], replace(REQUEST, timeout_s=-1.0))

    assert isinstance(answer, ModelFailure)
    assert answer.kind == F.DEADLINE
    assert client.timeouts == []
    assert answer.calls == ()


def test_fewer_attempts_can_be_asked_for() -> None:
    _, _, client = answer_of([F.PROVIDER_ERROR], replace(REQUEST, max_attempts=1))

    assert len(client.timeouts) == 1


def test_retry_after_is_waited_out_when_the_deadline_allows() -> None:
    answer, clock, client = answer_of([F.RATE_LIMITED, None], retry_after_s=20.0)

    assert isinstance(answer, ModelReply)
    assert sum(clock.waits) >= 20.0
    assert len(client.timeouts) == 2


def test_retry_after_beyond_the_deadline_is_not_waited_for() -> None:
    answer, clock, client = answer_of([F.RATE_LIMITED], retry_after_s=60.0)

    assert isinstance(answer, ModelFailure)
    assert answer.kind == F.RATE_LIMITED
    assert answer.retry_after_s == 60.0
    assert clock.waits == []
    assert len(client.timeouts) == 1


def test_a_pause_ordered_to_one_call_holds_the_next_one_too() -> None:
    clock = Clock()
    client = Scripted(clock, [F.RATE_LIMITED], retry_after_s=100.0)
    pool = guarded(clock, (HOUSE, client))

    async def run() -> list[ModelReply | ModelFailure]:
        return [await pool.call(REQUEST) for _ in range(5)]

    answers = asyncio.run(run())

    assert len(client.timeouts) == 1
    assert {a.kind for a in answers if isinstance(a, ModelFailure)} == {F.RATE_LIMITED}
    assert all(not answer.calls for answer in answers[1:])


def test_an_open_breaker_stops_calls_and_says_when_to_come_back() -> None:
    clock = Clock()
    client = Scripted(clock, [F.PROVIDER_ERROR])
    pool = guarded(clock, (HOUSE, client))

    async def run() -> list[ModelReply | ModelFailure]:
        return [await pool.call(REQUEST) for _ in range(50)]

    last = asyncio.run(run())[-1]

    assert len(client.timeouts) <= 20
    assert isinstance(last, ModelFailure)
    assert last.kind == F.CIRCUIT_OPEN
    assert last.retry_after_s is not None
    assert last.calls == ()


def test_a_provider_that_answers_rubbish_pages_opens_its_breaker_too() -> None:
    clock = Clock()
    client = Scripted(clock, [F.UNPARSABLE])
    pool = guarded(clock, (HOUSE, client))

    async def run() -> None:
        for _ in range(50):
            await pool.call(REQUEST)

    asyncio.run(run())

    assert len(client.timeouts) <= 20


@pytest.mark.parametrize("kind", [F.REFUSED, F.EMPTY, F.TRUNCATED, F.WRONG_MODEL])
def test_what_a_listing_or_model_causes_does_not_open_the_breaker(kind: F) -> None:
    clock = Clock()
    client = Scripted(clock, [kind])
    pool = guarded(clock, (HOUSE, client))

    async def run() -> None:
        for _ in range(50):
            await pool.call(REQUEST)

    asyncio.run(run())

    assert len(client.timeouts) == 50


def test_retries_are_a_tenth_of_first_tries_once_the_float_is_spent() -> None:
    clock = Clock()
    client = Scripted(clock, [F.PROVIDER_ERROR])
    never_opens = MemoryBreakers(BreakerPolicy(failures_to_open=10**9), clock)
    pool = guarded(clock, (HOUSE, client), breakers=never_opens)

    async def run() -> None:
        for _ in range(1_000):
            await pool.call(REQUEST)

    asyncio.run(run())

    assert 1_000 + 90 <= len(client.timeouts) <= 1_000 + 110


@pytest.mark.parametrize("kind", sorted(FALLS_BACK))
def test_another_provider_answers_for_one_that_failed_and_the_reply_says_so(
    kind: F,
) -> None:
    clock = Clock()
    house, offline = Scripted(clock, [kind]), Scripted(clock, [None], cost_microusd=0)
    pool = guarded(clock, (HOUSE, house), (OFFLINE, offline))

    answer = asyncio.run(pool.call(REQUEST))

    assert isinstance(answer, ModelReply)
    assert answer.is_fallback
    assert len(offline.timeouts) == 1
    assert clock.now - 1_000.0 <= REQUEST.timeout_s


@pytest.mark.parametrize("kind", sorted(set(F) - FALLS_BACK))
def test_no_other_provider_is_asked_when_the_listing_is_at_fault(kind: F) -> None:
    clock = Clock()
    house, offline = Scripted(clock, [kind]), Scripted(clock, [None])
    pool = guarded(clock, (HOUSE, house), (OFFLINE, offline))

    answer = asyncio.run(pool.call(REQUEST))

    assert isinstance(answer, ModelFailure)
    assert offline.timeouts == []


def test_when_every_provider_fails_the_first_one_s_failure_is_told() -> None:
    clock = Clock()
    house = Scripted(clock, [F.AUTHENTICATION])
    offline = Scripted(clock, [F.PROVIDER_ERROR])
    pool = guarded(clock, (HOUSE, house), (OFFLINE, offline))

    answer = asyncio.run(pool.call(REQUEST))

    assert isinstance(answer, ModelFailure)
    assert answer.kind == F.AUTHENTICATION
    assert len(answer.calls) == len(house.timeouts) + len(offline.timeouts)


def test_a_spent_budget_makes_no_call() -> None:
    answer, _, client = answer_of([None], budget=MemoryBudget(0))

    assert isinstance(answer, ModelFailure)
    assert answer.kind == F.BUDGET
    assert client.timeouts == []


def test_the_free_model_needs_no_budget() -> None:
    clock = Clock()
    offline = Scripted(clock, [None], cost_microusd=0)
    pool = guarded(clock, (OFFLINE, offline), budget=MemoryBudget(0))

    answer = asyncio.run(pool.call(replace(REQUEST, model=OFFLINE.model)))

    assert isinstance(answer, ModelReply)
    assert not answer.is_fallback


def test_twenty_workers_cannot_overspend_a_budget() -> None:
    clock = Clock()
    client = Scripted(clock, [None], cost_microusd=160)
    budget = MemoryBudget(160 * 100)
    pool = guarded(clock, (HOUSE, client), budget=budget)
    work = itertools.repeat(None, 1_000)

    async def worker() -> None:
        for _ in work:
            await pool.call(REQUEST)

    async def run() -> None:
        await asyncio.gather(*(worker() for _ in range(20)))

    asyncio.run(run())

    assert budget.spent_microusd <= budget.limit_microusd
    assert 90 <= len(client.timeouts) <= 100


def test_a_cancelled_call_gives_its_reservation_back_and_stays_cancelled() -> None:
    class Hanging(Scripted):
        async def call(self, request: ModelRequest) -> ModelReply | ModelFailure:
            await asyncio.Event().wait()
            raise AssertionError

    async def run() -> int:
        clock, budget = Clock(), MemoryBudget(10**6)
        pool = guarded(clock, (HOUSE, Hanging(clock, [])), budget=budget)
        task = asyncio.create_task(pool.call(REQUEST))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await budget.reserve(10**6) is not None
        return budget.spent_microusd

    assert asyncio.run(run()) == 0


def test_a_store_that_breaks_is_a_failure_and_not_an_exception() -> None:
    class Broken(MemoryBreakers):
        async def allow(self, provider: str) -> object:  # type: ignore[override]
            raise OSError("database away")

    answer, _, client = answer_of([None], breakers=Broken())

    assert isinstance(answer, ModelFailure)
    assert answer.kind == F.INTERNAL
    assert answer.detail == "OSError"
    assert client.timeouts == []


def test_a_model_that_only_another_can_answer_for_is_answered_by_a_stand_in() -> None:
    clock = Clock()
    pool = guarded(clock, (OFFLINE, Scripted(clock, [None])))

    answer = asyncio.run(pool.call(REQUEST))

    assert isinstance(answer, ModelReply)
    assert answer.is_fallback
    assert answer.fallback_because == F.REQUEST_REJECTED


def test_no_provider_for_a_model_is_a_failure() -> None:
    answer = asyncio.run(guarded(Clock()).call(REQUEST))

    assert isinstance(answer, ModelFailure)
    assert answer.kind == F.REQUEST_REJECTED


def test_on_the_wire_nothing_is_sent_while_the_provider_asked_for_quiet() -> None:
    window_s = 0.4

    async def run(server: ScriptedServer) -> None:
        provider = Provider("scripted", server.base_url, "k")
        client = GuardedClient(
            [(provider, OpenAIClient(provider))],
            breakers=MemoryBreakers(),
            backoff=Backoff(0.01, 0.01),
            retry_budget=RetryBudget(float_retries=100),
        )
        request = replace(REQUEST, model="m", timeout_s=5.0)
        await client.call(request)
        answers = await asyncio.gather(*(client.call(request) for _ in range(20)))
        assert all(isinstance(answer, ModelReply) for answer in answers)
        await client.close()

    modes = ["ok", "s429_after", *["ok"] * 40]
    with ScriptedServer(modes, retry_after_s=window_s) as server:
        asyncio.run(run(server))
        at = [request.at for request in server.requests]
        limited = next(r.at for r in server.requests if r.mode == "s429_after")

    # What was on its way when the answer came is not held back.
    inside = [t for t in at if limited + 0.1 < t < limited + window_s]
    assert inside == []
    assert len(at) == 22
