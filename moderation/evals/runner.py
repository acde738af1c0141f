"""Runs cases through the very pipeline that serves, without any effect."""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from moderation.assessment.clients import client_for_now, make_client
from moderation.evals.cases import Case
from moderation.evals.scoring import REFUSED, Result
from moderation.intake.check import Checked, RefusedError, check
from moderation.llm.client import ModelClient
from moderation.pipeline import Context, Moderated, moderate
from moderation.versions import Served

CONCURRENCY = 64
DEADLINE_S = 50.0


def run_cases(
    cases: Sequence[Case],
    version: Served,
    *,
    client_factory: Callable[[ThreadPoolExecutor], ModelClient] = make_client,
    on_done: Callable[[int], None] | None = None,
    concurrency: int = CONCURRENCY,
) -> dict[str, Result]:
    """Return the result of each case by its id.

    Args:
        cases: labelled listings.
        version: the pipeline version to run.
        client_factory: makes the model client on the run's own loop.
        on_done: called with 1 for each finished case.
        concurrency: model calls in flight.
    """

    async def run() -> dict[str, Result]:
        gate = asyncio.Semaphore(concurrency)
        async with client_for_now(client_factory) as client:

            async def one(case: Case) -> Result:
                async with gate:
                    result = await run_case(case, version, client)
                if on_done:
                    on_done(1)
                return result

            results = await asyncio.gather(*(one(case) for case in cases))
        return {result.id: result for result in results}

    return asyncio.run(run())


async def run_case(case: Case, version: Served, client: ModelClient) -> Result:
    """Return what the pipeline makes of one case; an established merchant's."""
    listing = {"external_id": case.id, **case.listing}
    try:
        checked = check(listing, unknown="ignore")
    except RefusedError as refused:
        codes = tuple(dict.fromkeys(problem.code for problem in refused.problems))
        return Result(case.id, REFUSED, reasons=codes, clauses=codes)
    moderated = await moderate(
        raw=checked.content,
        standardised=checked.standardised,
        version=version,
        context=Context(),
        client=client,
        deadline_s=DEADLINE_S,
        request_id=f"eval-{case.id}",
    )
    return result_of(case.id, checked, moderated)


def result_of(case_id: str, checked: Checked, moderated: Moderated) -> Result:
    """Return a judgement in the form that is scored."""
    assessed = moderated.assessed
    model_codes = tuple(dict.fromkeys(item["code"] for item in moderated.clauses))
    named = checked.standardised.named_codes
    return Result(
        id=case_id,
        route=str(moderated.routed.route),
        reasons=tuple(reason.code for reason in moderated.routed.reasons),
        verdict=str(assessed.verdict.kind) if assessed.verdict else None,
        clauses=tuple(sorted({*model_codes, *named})),
        model_clauses=model_codes,
        calibrated_confidence=moderated.calibrated,
        stated_confidence=assessed.verdict.confidence if assessed.verdict else None,
        standardised=moderated.proposed.as_dict(),
        cost_microusd=assessed.cost_microusd,
        failure=str(assessed.failure.kind) if assessed.failure else None,
    )
