"""Results as rows, and what a run's rows add up to: figures, tables, the gate.

Scores once, when every case has its result; from then on the run only is read.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import transaction

from moderation.evals.breakdown import breakdown
from moderation.evals.cases import Case
from moderation.evals.compare import compare
from moderation.evals.datasets import cases_of
from moderation.evals.gate import Bars, judge_gate
from moderation.evals.scoring import (
    Result,
    field_hits,
    is_right_in_all,
    summarise,
    why_wrong,
)
from moderation.models import AuditEvent, EvalResult, EvalRun
from moderation.models.clock import database_now
from moderation.states import Route, RunState


def store_results(
    run: EvalRun, group: Sequence[Result], cases: Mapping[int, Case]
) -> None:
    """Insert a group of results; the caller's transaction.

    Raises:
        IntegrityError: a case has its result already, which a lease rules out.
    """
    now = database_now()
    EvalResult.objects.bulk_create(
        _row(run, result, cases[int(result.id)], now) for result in group
    )


def _row(run: EvalRun, result: Result, case: Case, now: Any) -> EvalResult:
    wrong = why_wrong(case, result) if result.route == Route.AUTO_APPROVE else ""
    return EvalResult(
        run=run,
        case_id=int(result.id),
        route=result.route,
        verdict=result.verdict,
        clauses=list(result.clauses),
        reasons=list(result.reasons),
        standardised=dict(result.standardised),
        stated_confidence=result.stated_confidence,
        calibrated_confidence=result.calibrated_confidence,
        scores={
            "right": is_right_in_all(case, result),
            "wrong": wrong,
            "fields": field_hits(case, result),
            "model_clauses": list(result.model_clauses),
            "failure": result.failure,
            "said": [dict(item) for item in result.said],
            "doubt": result.doubt,
        },
        is_wrong_auto_approval=bool(wrong),
        cost_microusd=result.cost_microusd,
        latency_ms=result.latency_ms,
        created_at=now,
    )


def result_from(row: EvalResult) -> Result:
    """Return a stored result in the form that is scored."""
    scores = row.scores
    return Result(
        id=str(row.case_id),
        route=row.route,
        reasons=tuple(row.reasons),
        verdict=row.verdict,
        clauses=tuple(row.clauses),
        model_clauses=tuple(scores["model_clauses"]),
        calibrated_confidence=row.calibrated_confidence,
        stated_confidence=row.stated_confidence,
        standardised=row.standardised,
        cost_microusd=row.cost_microusd,
        failure=scores["failure"],
        said=tuple(scores["said"]),
        doubt=scores["doubt"],
        latency_ms=row.latency_ms,
    )


def results_of(run: EvalRun) -> dict[str, Result]:
    """Return a run's results by the key of the case."""
    return {
        str(row.case_id): result_from(row)
        for row in EvalResult.objects.filter(run=run).order_by("case__position")
    }


def rights_of(run: EvalRun) -> dict[int, bool]:
    """Return, for each case of a run, whether it was right in every way."""
    rows = EvalResult.objects.filter(run=run).order_by("case__position")
    found = rows.values_list("case_id", "scores__right")
    return {key: bool(right) for key, right in found}


def finalise(run: EvalRun) -> EvalRun:
    """Score a completed run and judge the gate, once; return it as stored.

    Without a baseline the gate is judged by its bars alone.
    """
    if run.state != RunState.COMPLETED or run.finalized_at:
        return run
    results = results_of(run)
    cases = [case for _, case in cases_of(run.dataset)]
    figures = summarise(cases, results)
    against = finalise(run.against) if run.against else None
    theirs = against.summary["figures"] if against else None
    gate = judge_gate(figures, Bars(), theirs)
    summary: dict[str, Any] = {
        "figures": figures,
        "tables": breakdown([(case, results[case.id]) for case in cases]),
    }
    if against:
        summary["paired"] = compare(rights_of(run), rights_of(against)).as_dict()
    now = database_now()
    with transaction.atomic():
        scored = EvalRun.objects.filter(pk=run.pk, finalized_at__isnull=True).update(
            summary=summary,
            gate_passed=gate.passed,
            gate_reasons=list(gate.reasons),
            finalized_at=now,
        )
        if scored:
            AuditEvent.objects.create(
                at=now,
                actor="machine",
                action="judge_gate",
                subject_type="EvalRun",
                subject_id=run.public_id,
                from_state=run.state,
                to_state=run.state,
                data={"passed": gate.passed, "reasons": len(gate.reasons)},
            )
    run.refresh_from_db()
    return run
