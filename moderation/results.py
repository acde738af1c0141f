"""Writes what the pipeline concluded: assessment, calls, and decision or task.

One group of finished submissions is one transaction of a few statements; what
lost its lease meanwhile is passed over and costs the others nothing.
"""

from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from django.db import transaction

from moderation.access.actor import MACHINE
from moderation.content import Content
from moderation.decisions import Approval, Ruling, record_auto_approvals
from moderation.llm.client import CallRecord, ModelFailure, storable
from moderation.models import Assessment, ModelCall, ReviewTask, Submission
from moderation.models.clock import database_now
from moderation.models.transition import move_many
from moderation.models.versions import mode_in_force
from moderation.pipeline import Moderated, failed
from moderation.review.queue import QUEUES
from moderation.review.spot_checks import draw_spot_checks
from moderation.rollout import latch
from moderation.rollout.assignment import stopped
from moderation.routing.route import Reason, Routed
from moderation.states import (
    AssessmentRole,
    FailureKind,
    ModeKind,
    Outcome,
    Route,
    SubmissionState,
    TaskKind,
    VerdictKind,
)
from moderation.telemetry import metrics
from moderation.versions import Served

log = structlog.get_logger(__name__)

# A model that declines to judge often declines for a reason.
URGENT = frozenset({FailureKind.REFUSED})
URGENT_PRIORITY, PRIORITY = 10, 50
# The queue goes by due time first, so what is urgent must also be due sooner.
URGENT_DUE_IN = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Finished:
    """One judged submission, with the hold under which it may be written."""

    submission: Submission
    lease_token: UUID
    version: Served
    moderated: Moderated


def write_results(group: Sequence[Finished]) -> int:
    """Store a group of judgements; return how many were written.

    The kill switch and the rollout are read again inside the transaction: an
    auto-approval that they forbid becomes a task. A submission whose lease was
    lost, or that was withdrawn meanwhile, is passed over.
    """
    with transaction.atomic():
        held = _still_held(group)
        latch.hold_open()
        mode, now = mode_in_force(), database_now()
        out = stopped({finished.version.pk for finished in held})
        written = [
            _judged(finished, mode, now, is_stopped=finished.version.pk in out)
            for finished in held
        ]
        Assessment.objects.bulk_create(judged.assessment for judged in written)
        ModelCall.objects.bulk_create(
            _call(judged.assessment, number, call, judged.finished.version)
            for judged in written
            for number, call in enumerate(judged.finished.moderated.assessed.calls, 1)
        )
        approved = record_auto_approvals(
            [_approval(judged) for judged in written if judged.is_approval], at=now
        )
        draw_spot_checks(approved, now)
        _ask_people([judged for judged in written if not judged.is_approval], now)
    for finished in group:
        if finished not in held:
            metrics.LEASE_LOST.labels("worker").inc()
            log.warning(
                "lease_lost",
                submission=finished.submission.public_id,
                request_id=finished.submission.request_id,
            )
    return len(written)


@dataclass(frozen=True, slots=True)
class _Judged:
    """A judgement on its way to be stored, under the mode in force."""

    finished: Finished
    submission: Submission
    routed: Routed
    assessment: Assessment

    @property
    def is_approval(self) -> bool:
        return self.routed.route is Route.AUTO_APPROVE


def _still_held(group: Sequence[Finished]) -> list[Finished]:
    """Lock the submissions; return those still held under the same lease."""
    tokens = dict(
        Submission.objects.select_for_update()
        .filter(
            pk__in=[finished.submission.pk for finished in group],
            state=SubmissionState.ASSESSING,
        )
        .values_list("pk", "lease_token")
    )
    return [
        finished
        for finished in group
        if tokens.get(finished.submission.pk) == finished.lease_token
    ]


def _judged(
    finished: Finished, mode: ModeKind, now: datetime, *, is_stopped: bool = False
) -> _Judged:
    # A copy: should the group be rolled back, the original still reads as claimed.
    submission = copy(finished.submission)
    routed = _under_mode(finished.moderated.routed, mode)
    if is_stopped:
        routed = _under_stop(routed)
    assessment = _assessment(finished, routed, now)
    assessment.submission = submission
    return _Judged(finished, submission, routed, assessment)


def _approval(judged: _Judged) -> Approval:
    moderated = judged.finished.moderated
    return Approval(
        judged.submission,
        judged.assessment,
        Ruling(
            outcome=Outcome.APPROVED,
            clauses=_fixed_clauses(moderated),
            published=moderated.proposed.as_dict(),
            requests=judged.submission.requests,
        ),
    )


def _ask_people(asked: Sequence[_Judged], now: datetime) -> None:
    """Open a task for each submission, all held locked by the caller."""
    reasons = {
        judged.submission.pk: [reason.code for reason in judged.routed.reasons]
        for judged in asked
    }
    move_many(
        [judged.submission for judged in asked],
        SubmissionState.IN_REVIEW,
        by=MACHINE.label,
        action="ask",
        change={"lease_token": None, "lease_until": None, "state_changed_at": now},
        data=lambda row: {"reasons": reasons[row.pk]},
    )
    ReviewTask.objects.bulk_create(_task(judged, now) for judged in asked)


def _task(judged: _Judged, now: datetime) -> ReviewTask:
    assessment = judged.assessment
    is_urgent = assessment.failure in URGENT
    return ReviewTask(
        submission=judged.submission,
        merchant_id=judged.submission.merchant_id,
        kind=TaskKind.ROUTED,
        assessment=assessment,
        reasons=[reason.as_dict() for reason in judged.routed.reasons],
        clause=next(
            (item["code"] for item in assessment.clauses if item["action"] != "fix"),
            "",
        ),
        language=assessment.language,
        priority=URGENT_PRIORITY if is_urgent else PRIORITY,
        due_at=now + (URGENT_DUE_IN if is_urgent else QUEUES["general"].due_in),
        created_at=now,
    )


def write_crash(submission: Submission, version: Served) -> bool:
    """Hand a submission that keeps stopping its worker to a person."""
    if submission.lease_token is None:
        return False
    tidied = Content.from_dict(submission.tidied or {})
    moderated = failed(FailureKind.CRASHED, "claimed alone and lost", tidied=tidied)
    finished = Finished(submission, submission.lease_token, version, moderated)
    return write_results([finished]) == 1


def _under_mode(routed: Routed, mode: ModeKind) -> Routed:
    if routed.route is Route.AUTO_APPROVE and mode is not ModeKind.AUTOMATIC:
        reason = Reason("mode", "Automatic approval is switched off: people decide.")
        return Routed(Route.REVIEW, (reason,))
    return routed


def _under_stop(routed: Routed) -> Routed:
    if routed.route is Route.AUTO_APPROVE:
        words = "The version that would approve it was stopped: people decide."
        return Routed(Route.REVIEW, (Reason("rollout_stopped", words),))
    return routed


def write_shadows(group: Sequence[Finished]) -> int:
    """Store what a candidate would have said; it has no effect on anything.

    No lease is asked for: the listing may be decided, withdrawn or gone. What was
    stored before under the same attempt stays.
    """
    with transaction.atomic():
        now = database_now()
        there = set(
            Submission.objects.filter(
                pk__in=[finished.submission.pk for finished in group]
            ).values_list("pk", flat=True)
        )
        known = set(
            Assessment.objects.filter(
                submission__in=there, role=AssessmentRole.SHADOW
            ).values_list("submission", "pipeline", "attempt")
        )
        made = []
        for finished in group:
            row = _assessment(finished, finished.moderated.routed, now)
            row.role = AssessmentRole.SHADOW
            key = (row.submission_id, row.pipeline_id, row.attempt)
            if row.submission_id in there and key not in known:
                known.add(key)
                made.append((row, finished))
        Assessment.objects.bulk_create(row for row, _ in made)
        ModelCall.objects.bulk_create(
            _call(row, number, call, finished.version)
            for row, finished in made
            for number, call in enumerate(finished.moderated.assessed.calls, 1)
        )
    return len(made)


def _assessment(finished: Finished, routed: Routed, now: datetime) -> Assessment:
    moderated = finished.moderated
    assessed = moderated.assessed
    verdict, failure = assessed.verdict, assessed.failure
    if verdict is None and failure is None:
        failure = ModelFailure(FailureKind.INTERNAL, "no verdict and no failure", "")
    return Assessment(
        submission=finished.submission,
        pipeline_id=finished.version.pk,
        role=AssessmentRole.SERVING,
        attempt=max(finished.submission.attempts, 1),
        verdict=VerdictKind(verdict.kind) if verdict else None,
        failure=failure.kind if failure else None,
        failure_detail=storable(failure.detail, 500) if failure else "",
        clauses=[
            {**item, "quote": storable(item["quote"])} for item in moderated.clauses
        ],
        doubt=verdict.doubt if verdict else "",
        proposed=moderated.proposed.as_dict(),
        field_confidence=verdict.field_confidence.model_dump() if verdict else {},
        language=verdict.language[:35] if verdict else "",
        stated_confidence=verdict.confidence if verdict else None,
        calibrated_confidence=moderated.calibrated if verdict else None,
        route=routed.route,
        reasons=[reason.as_dict() for reason in routed.reasons],
        guardrails={name: bool(words) for name, words in moderated.guardrails.items()},
        threshold=finished.version.threshold,
        provider=assessed.provider,
        fallback_because=assessed.fallback_because,
        input_sha256=assessed.input_sha256,
        output_sha256=assessed.output_sha256,
        cost_microusd=sum(call.cost_microusd for call in assessed.calls),
        latency_ms=moderated.latency_ms,
        created_at=now,
    )


def _call(
    assessment: Assessment, number: int, call: CallRecord, version: Served
) -> ModelCall:
    return ModelCall(
        assessment=assessment,
        number=number,
        provider=call.provider,
        model_asked=call.model[:120],
        prompt_sha256=version.recipe.prompt_sha256,
        request_id=call.request_id[:64],
        started_at=call.started_at,
        latency_ms=call.latency_ms,
        input_tokens=call.input_tokens,
        cached_tokens=call.cached_tokens,
        output_tokens=call.output_tokens,
        cost_microusd=call.cost_microusd,
        failure=call.failure,
        http_status=call.http_status,
        raw_text=call.raw_text,
    )


def _fixed_clauses(moderated: Moderated) -> list[dict[str, str]]:
    return [
        {"code": item["code"], "field": item["field"], "quote": item["quote"]}
        for item in moderated.clauses
    ]
