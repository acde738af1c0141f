"""Runs cases through the very pipeline that serves, without any effect.

One thread of its own judges, many cases in flight on one loop; whoever asked takes
what is finished, group by group, and may stop or slow it at any time.
"""

import asyncio
import threading
from collections import deque
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import ThreadPoolExecutor

import structlog

from moderation.assessment.clients import client_for_now, make_client
from moderation.evals.cases import Case
from moderation.evals.scoring import REFUSED, Result
from moderation.intake.check import Checked, RefusedError, check
from moderation.llm.client import ModelClient
from moderation.pipeline import Context, Moderated, failed, moderate
from moderation.states import FailureKind
from moderation.versions import Served

log = structlog.get_logger(__name__)

CONCURRENCY = 64
DEADLINE_S = 50.0
# So often what is finished is handed over: a group is one write.
GROUP_S = 0.25
_WAIT_S = 0.05

ClientFactory = Callable[[ThreadPoolExecutor], ModelClient]


class Pace:
    """How many cases may be in flight; its owner may change it while they fly."""

    def __init__(self, limit: int = CONCURRENCY) -> None:
        """Allow so many at once."""
        self.limit = limit
        self.is_stopped = False

    def stop(self) -> None:
        """Begin no further case; what flies comes to its end."""
        self.is_stopped = True


def judged(
    cases: Sequence[Case],
    version: Served,
    *,
    client_factory: ClientFactory = make_client,
    pace: Pace | None = None,
    group_s: float = GROUP_S,
) -> Generator[list[Result], None, None]:
    """Yield what is finished, several times a second; a group may be empty.

    Args:
        cases: labelled listings.
        version: the pipeline version to run.
        client_factory: makes the model client on the run's own loop.
        pace: how many at once, CONCURRENCY unless said.
        group_s: seconds between two groups.

    Raises:
        Exception: whatever made the loop itself fail, after what was finished.
    """
    work = _Work(cases, version, client_factory, pace or Pace())
    thread = threading.Thread(target=work.run, name="evals", daemon=True)
    thread.start()
    try:
        while not work.ended.wait(group_s):
            yield work.take()
        yield work.take()
    finally:
        work.pace.stop()
        work.cancel()
        thread.join()
    if work.error is not None:
        raise work.error


def run_cases(
    cases: Sequence[Case],
    version: Served,
    *,
    client_factory: ClientFactory = make_client,
    on_done: Callable[[int], None] | None = None,
    concurrency: int = CONCURRENCY,
) -> dict[str, Result]:
    """Return the result of each case by its id; nothing is stored.

    Args:
        cases: labelled listings.
        version: the pipeline version to run.
        client_factory: makes the model client on the run's own loop.
        on_done: called with how many cases were finished since.
        concurrency: model calls in flight.
    """
    found: dict[str, Result] = {}
    pace = Pace(concurrency)
    for group in judged(cases, version, client_factory=client_factory, pace=pace):
        found |= {result.id: result for result in group}
        if on_done and group:
            on_done(len(group))
    return found


async def run_case(case: Case, version: Served, client: ModelClient) -> Result:
    """Return what the pipeline makes of one case; an established merchant's."""
    listing = {"external_id": case.id, **case.listing}
    try:
        checked = check(listing, unknown="ignore")
    except RefusedError as refused:
        codes = tuple(dict.fromkeys(problem.code for problem in refused.problems))
        return Result(case.id, REFUSED, reasons=codes, clauses=codes)
    try:
        moderated = await moderate(
            raw=checked.content,
            standardised=checked.standardised,
            version=version,
            context=Context(),
            client=client,
            deadline_s=DEADLINE_S,
            request_id=f"eval-{case.id}",
        )
    except Exception as error:
        # A defect of ours costs one case its verdict, as it does in the worker.
        log.exception("eval_case_failed", case=case.id)
        kind, detail = FailureKind.INTERNAL, type(error).__name__
        moderated = failed(kind, detail, tidied=checked.standardised.content)
    return result_of(case.id, checked, moderated)


def result_of(case_id: str, checked: Checked, moderated: Moderated) -> Result:
    """Return a judgement in the form that is scored.

    The answer of a provider that stood in is none of the version's: it counts as the
    failure that let the other one in.
    """
    assessed = moderated.assessed
    failure = assessed.failure.kind if assessed.failure else assessed.fallback_because
    if failure is None and assessed.is_fallback:
        failure = FailureKind.REQUEST_REJECTED
    verdict = None if failure else assessed.verdict
    clauses = () if failure else moderated.clauses
    model_codes = tuple(dict.fromkeys(item["code"] for item in clauses))
    named = checked.standardised.named_codes
    return Result(
        id=case_id,
        route=str(moderated.routed.route),
        reasons=tuple(reason.code for reason in moderated.routed.reasons),
        verdict=str(verdict.kind) if verdict else None,
        clauses=tuple(sorted({*model_codes, *named})),
        model_clauses=model_codes,
        calibrated_confidence=moderated.calibrated if verdict else None,
        stated_confidence=verdict.confidence if verdict else None,
        standardised=moderated.proposed.as_dict(),
        cost_microusd=assessed.cost_microusd,
        failure=str(failure) if failure else None,
        said=moderated.clauses,
        doubt=assessed.verdict.doubt if assessed.verdict else "",
        latency_ms=moderated.latency_ms,
    )


class _Work:
    """The judging thread and what it has finished."""

    def __init__(
        self,
        cases: Sequence[Case],
        version: Served,
        client_factory: ClientFactory,
        pace: Pace,
    ) -> None:
        self.pace = pace
        self.ended = threading.Event()
        self.error: BaseException | None = None
        self._waiting = deque(cases)
        self._finished: deque[Result] = deque()
        self._version = version
        self._client_factory = client_factory
        self._loop: asyncio.AbstractEventLoop | None = None
        self._main: asyncio.Task[None] | None = None

    def run(self) -> None:
        """Judge until nothing waits; the thread's whole life."""
        try:
            asyncio.run(self._judge_all())
        except asyncio.CancelledError:
            pass
        except BaseException as error:
            self.error = error
        finally:
            self.ended.set()

    def take(self) -> list[Result]:
        """Return what was finished since the last time."""
        return [self._finished.popleft() for _ in range(len(self._finished))]

    def cancel(self) -> None:
        """Give up what is in flight; harmless once it has ended."""
        loop, main = self._loop, self._main
        if loop is not None and main is not None and not self.ended.is_set():
            try:
                loop.call_soon_threadsafe(main.cancel)
            except RuntimeError:  # it closed in this very moment
                return

    async def _judge_all(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._main = asyncio.current_task()
        places = min(self.pace.limit, len(self._waiting))
        # A slow beginning may be quickened later: there is a place for each.
        places = max(places, min(CONCURRENCY, len(self._waiting)))
        async with (
            client_for_now(self._client_factory) as client,
            asyncio.TaskGroup() as group,
        ):
            for place in range(places):
                group.create_task(self._judge(place, client))

    async def _judge(self, place: int, client: ModelClient) -> None:
        """Judge case after case, while the pace leaves this place open."""
        while self._waiting and not self.pace.is_stopped:
            if place >= self.pace.limit:
                await asyncio.sleep(_WAIT_S)
                continue
            case = self._waiting.popleft()
            self._finished.append(await run_case(case, self._version, client))
