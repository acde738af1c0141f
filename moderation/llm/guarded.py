"""Everything around an attempt: deadline, retries, breaker, budget, other providers.

Decides whether, when and whom to ask again. Every attempt is in `.calls` of what it
returns. Refuses to know how an attempt is made and what the answer is about.
"""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from moderation.llm.client import (
    CallRecord,
    ModelClient,
    ModelFailure,
    ModelReply,
    ModelRequest,
)
from moderation.llm.pricing import estimate_microusd, price_of
from moderation.llm.providers import Provider, in_order_for
from moderation.llm.retry import Backoff, RetryBudget
from moderation.llm.stores import BreakerStore, BudgetStore
from moderation.llm.wire import model_asked
from moderation.states import FailureKind as F

RETRIED = frozenset({F.TIMEOUT, F.UNREACHABLE, F.PROVIDER_ERROR, F.RATE_LIMITED})
"""Failures that may pass. A refusal, a wrong key or a spent quota does not."""

FALLS_BACK = RETRIED | {F.AUTHENTICATION, F.QUOTA_EXHAUSTED, F.CIRCUIT_OPEN, F.BUDGET}
"""Failures of a provider, not of the listing: another provider may answer."""

DOWN = frozenset(
    {F.TIMEOUT, F.UNREACHABLE, F.PROVIDER_ERROR, F.AUTHENTICATION}
    | {F.QUOTA_EXHAUSTED, F.UNPARSABLE}
)
"""What counts against a provider's breaker. An unparsable reply is a gateway's page
or a torn body: the content of an answer is read elsewhere."""

_LEAST_TRY_S = 0.02
"""With less time than this left no attempt is begun."""

_SHARE_OF_LAST = 0.1
"""Part of the time that is kept for the next provider in line."""


@dataclass(slots=True)
class _Course:
    """What has happened to one request so far."""

    request: ModelRequest
    started_at: float
    records: list[CallRecord] = field(default_factory=list)


class GuardedClient:
    """A ModelClient over an ordered list of providers."""

    def __init__(
        self,
        clients: Sequence[tuple[Provider, ModelClient]],
        *,
        breakers: BreakerStore,
        budget: BudgetStore | None = None,
        attempt_timeout_s: float = 30.0,
        backoff: Backoff | None = None,
        retry_budget: RetryBudget | None = None,
        chance: Callable[[], float] = random.random,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Put guards around clients.

        Args:
            clients: providers in the order of asking, each with its client.
            breakers: shared memory of which provider is down or paused.
            budget: None when there is none. Free models need no budget.
            attempt_timeout_s: longest single attempt.
            backoff: waits between attempts.
            retry_budget: keeps retries to a tenth of first tries.
            chance: 0 to 1, for jitter.
            sleep: waits so many seconds.
            clock: seconds, never going back.
        """
        self._clients: Mapping[str, ModelClient] = {p.name: c for p, c in clients}
        self._providers = tuple(provider for provider, _ in clients)
        self._breakers = breakers
        self._budget = budget
        self._attempt_timeout_s = attempt_timeout_s
        self._backoff = backoff or Backoff()
        self._retry_budget = retry_budget or RetryBudget()
        self._chance = chance
        self._sleep = sleep
        self._clock = clock

    async def call(self, request: ModelRequest) -> ModelReply | ModelFailure:
        """Answer within request.timeout_s, or return the first provider's failure.

        A reply of any provider but the first for this model has is_fallback set.
        """
        course = _Course(request, self._clock())
        try:
            answer = await self._through_providers(course)
        except Exception as error:
            answer = _failure(F.INTERNAL, type(error).__name__, "")
        took_ms = round((self._clock() - course.started_at) * 1_000)
        return replace(answer, latency_ms=took_ms, calls=tuple(course.records))

    async def close(self) -> None:
        """Close every provider's client."""
        for client in self._clients.values():
            await client.close()

    async def _through_providers(self, course: _Course) -> ModelReply | ModelFailure:
        """Ask the providers in order until one answers or the listing is at fault."""
        request = course.request
        line = in_order_for(request.model, self._providers)
        first: ModelFailure | None = None
        for place, provider in enumerate(line):
            share = 1.0 if place == len(line) - 1 else 1.0 - _SHARE_OF_LAST
            most = max(request.max_attempts - len(course.records), 1)
            answer = await self._ask(
                provider, course, course.started_at + request.timeout_s * share, most
            )
            if isinstance(answer, ModelReply):
                # One with a model of its own stands in for any other, even in the
                # first place, where nobody is configured who would know the model.
                stands_in = place > 0 or provider.model not in ("", request.model)
                because = first.kind if first else None
                if stands_in and because is None:
                    because = F.REQUEST_REJECTED
                return replace(answer, is_fallback=stands_in, fallback_because=because)
            first = first or answer
            if answer.kind not in FALLS_BACK:
                break
        return first or _failure(F.REQUEST_REJECTED, "no provider for the model", "")

    async def _ask(
        self, provider: Provider, course: _Course, deadline: float, most: int
    ) -> ModelReply | ModelFailure:
        """Make up to `most` attempts at one provider before the deadline."""
        last: ModelFailure | None = None
        for attempt in range(1, most + 1):
            answer = await self._attempt(provider, course, deadline, attempt == 1)
            if isinstance(answer, ModelReply):
                return answer
            if not answer.calls:
                # Not sent: the failure before it says more, when there was one.
                return last or answer
            last = answer
            wait_s = self._wait_s(answer, attempt)
            fits = self._clock() + wait_s + _LEAST_TRY_S < deadline
            if answer.kind not in RETRIED or attempt == most or not fits:
                return answer
            if not self._retry_budget.take():
                return answer
            await self._sleep(wait_s)
        return last or _failure(F.DEADLINE, "no attempt was allowed", provider.name)

    async def _attempt(
        self, provider: Provider, course: _Course, deadline: float, is_first: bool
    ) -> ModelReply | ModelFailure:
        """Pass the guards and make one attempt; not sent, when there are no calls."""
        while True:
            left_s = deadline - self._clock()
            if left_s < _LEAST_TRY_S:
                return _failure(F.DEADLINE, "no time left", provider.name)
            estimate = _estimate(provider, course.request)
            token = await self._reserve(estimate)
            if token is None:
                return _failure(F.BUDGET, "the budget is spent", provider.name)
            try:
                permission = await self._breakers.allow(provider.name)
                if permission.is_allowed:
                    if is_first:
                        self._retry_budget.first_try()
                    return await self._send(
                        provider, course, left_s, token, permission.is_probe
                    )
            except BaseException:
                await self._settle(token, 0)
                raise
            await self._settle(token, 0)
            wait_s = permission.retry_after_s + self._chance() * 0.5
            if permission.because == "open" or wait_s + _LEAST_TRY_S > left_s:
                kind = F.RATE_LIMITED if permission.because == "paused" else None
                return replace(
                    _failure(kind or F.CIRCUIT_OPEN, permission.because, provider.name),
                    retry_after_s=permission.retry_after_s,
                )
            await self._sleep(wait_s)

    async def _send(
        self,
        provider: Provider,
        course: _Course,
        left_s: float,
        token: object,
        is_probe: bool,
    ) -> ModelReply | ModelFailure:
        """Make the attempt, settle its cost, tell the breaker, keep its record."""
        timeout_s = min(self._attempt_timeout_s, left_s)
        request = replace(course.request, timeout_s=timeout_s)
        answer = await self._clients[provider.name].call(request)
        await self._settle(token, answer.cost_microusd)
        for record in answer.calls:
            course.records.append(replace(record, attempt=len(course.records) + 1))
        kind = answer.kind if isinstance(answer, ModelFailure) else None
        pause_s = answer.retry_after_s if isinstance(answer, ModelFailure) else None
        limited = kind is F.RATE_LIMITED and (is_probe or not pause_s)
        await self._breakers.record(
            provider.name,
            not (kind in DOWN or limited),
            is_probe=is_probe,
            retry_after_s=pause_s,
        )
        return answer

    def _wait_s(self, failure: ModelFailure, failures: int) -> float:
        """Return the wait before the next attempt: what was ordered, or backoff."""
        jitter_s = self._backoff.wait_s(failures, self._chance)
        if failure.retry_after_s is None:
            return jitter_s
        return failure.retry_after_s + jitter_s

    async def _reserve(self, estimate: int) -> object | None:
        if self._budget is None or estimate == 0:
            return _FREE
        return await self._budget.reserve(estimate)

    async def _settle(self, token: object, actual: int) -> None:
        if self._budget is not None and token is not _FREE:
            await self._budget.settle(token, actual)


_FREE = object()


def _estimate(provider: Provider, request: ModelRequest) -> int:
    price = price_of(model_asked(provider, request), provider.price_table())
    characters = sum(len(message.content) for message in request.messages)
    return estimate_microusd(
        price,
        input_characters=characters,
        max_output_tokens=request.max_output_tokens,
    )


def _failure(kind: F, detail: str, provider: str) -> ModelFailure:
    return ModelFailure(kind=kind, detail=detail, provider=provider)
