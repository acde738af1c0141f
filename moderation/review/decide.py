"""The moderator's verbs: decide, with the correction kept field by field, and undo.

A decision shows the lease's token; the same token twice is answered with what
was decided, and nothing is sent twice.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from django.conf import settings
from django.db import transaction

from moderation.access.actor import Actor
from moderation.content import FIELDS, Content
from moderation.decisions import Ruling, record_decision, restore_overturned
from moderation.delivery.outbox import cancel_owed
from moderation.intake.store import withdraw
from moderation.models import (
    Assessment,
    Correction,
    Decision,
    Listing,
    ReviewTask,
    Submission,
)
from moderation.models.clock import database_now
from moderation.models.transition import move
from moderation.proposals import propose_case, withdraw_case
from moderation.retrieval.surroundings import forget_rejection, remember_rejection
from moderation.review.appeals import reopen_appeal, settle_appeal
from moderation.review.queue import UNCLAIMED, LeaseLostError, held_task
from moderation.review.ruling import InvalidDecisionError as InvalidDecisionError
from moderation.review.ruling import ruling_of
from moderation.review.spot_checks import (
    answered_about,
    decide_spot_check,
    live_content,
    propose_check,
    undo_spot_check,
)
from moderation.states import Outcome, SubmissionState, TaskKind, TaskState
from moderation.telemetry import metrics


class AlreadyDecidedError(LeaseLostError):
    """This very hold was used for a decision already."""

    def __init__(self, task: ReviewTask, decision: Decision):
        self.decision = decision
        super().__init__(task)


class TooLateError(Exception):
    """The undo window has passed, or the decision no longer stands."""


def decide(
    *,
    task: ReviewTask,
    by: Actor,
    lease_token: UUID,
    outcome: Outcome,
    clauses: Sequence[str | Mapping[str, str]] = (),
    corrections: Mapping[str, Any] | None = None,
    statement: str = "",
    note: str = "",
    request_id: str = "",
    now: datetime | None = None,
) -> Decision:
    """Decide a task that the person holds.

    Args:
        outcome: approved (as shown, with corrections), changes_needed, rejected.
        clauses: codes, or {code, field, quote}; needed unless approved.
        corrections: field to the value the moderator wants published.
        statement: words for the merchant beside the clauses.
        note: words the merchant never reads.

    Raises:
        InvalidDecisionError, AlreadyDecidedError, LeaseLostError.
    """
    now = now or database_now()
    with transaction.atomic():
        # Submission before task, as a withdrawal locks them: no deadlock.
        submission = Submission.objects.select_for_update(no_key=True).get(
            pk=task.submission_id
        )
        current = _held(task, by, lease_token, now)
        shown = live_content(current) or shown_content(submission, current.assessment)
        ruling, published = ruling_of(
            current, shown, outcome, clauses, corrections or {}, statement, note
        )
        if current.kind == TaskKind.SPOT_CHECK:
            return _decide_check(current, ruling, shown, published, by, now, request_id)
        decision = _ruled(current, submission, ruling, by, now, request_id)
        if decision is None:
            raise LeaseLostError(current)
        move(
            current,
            TaskState.RESOLVED,
            by=by.label,
            action="decide",
            where={"lease_token": lease_token},
            change={
                **UNCLAIMED,
                "resolved_at": now,
                "resolved_by": by.user,
                "resolution": outcome,
                "used_token": lease_token,
            },
            request_id=request_id,
        )
        if decision.task_id != current.pk:
            # An appeal that changed nothing: the decision before stands as it was.
            return decision
        rows = _keep_what_changed(decision, shown, published)
        if decision.override_of is not None:
            # One listing, one label: the overturned decision's no longer holds.
            withdraw_case(decision=decision.override_of, by=by, at=now)
        propose_case(decision=decision, corrections=rows, at=now)
    return decision


def _ruled(
    task: ReviewTask,
    submission: Submission,
    ruling: Ruling,
    by: Actor,
    now: datetime,
    request_id: str,
) -> Decision | None:
    """Store what is ruled, as the kind of the task asks; None where a race was lost."""
    effective_at = now + timedelta(seconds=settings.REVIEWHUB_UNDO_SECONDS)
    if task.kind == TaskKind.APPEAL:
        return settle_appeal(
            task=task,
            ruling=ruling,
            by=by,
            at=now,
            effective_at=effective_at,
            request_id=request_id,
        )
    return record_decision(
        submission=submission,
        ruling=ruling,
        by=by,
        at=now,
        effective_at=effective_at,
        assessment=task.assessment,
        task=task,
        request_id=request_id,
    )


def _decide_check(
    task: ReviewTask,
    ruling: Ruling,
    shown: Content,
    published: Content,
    by: Actor,
    now: datetime,
    request_id: str,
) -> Decision:
    assert task.lease_token is not None, "a held task"
    decision = decide_spot_check(
        task=task,
        ruling=ruling,
        is_corrected=published != shown,
        by=by,
        lease_token=task.lease_token,
        at=now,
        request_id=request_id,
    )
    # Agreement leaves the machine's decision, of which nothing is corrected.
    if decision.task_id == task.pk:
        _keep_what_changed(decision, shown, published)
    propose_check(task=task, decision=decision, at=now)
    return decision


def _keep_what_changed(
    decision: Decision, shown: Content, published: Content
) -> list[Correction]:
    """Store the corrections, and what a rejection teaches; return the corrections."""
    rows = store_corrections(decision, shown, published)
    if decision.outcome == Outcome.REJECTED:
        remember_rejection(decision.submission)
    elif decision.override_of_id is not None:
        forget_rejection(decision.submission)
    return rows


def undo(
    *,
    decision: Decision,
    by: Actor,
    request_id: str = "",
    now: datetime | None = None,
) -> ReviewTask | None:
    """Take a decision back within its window; its holder gets the task again.

    Where the merchant has sent a newer version meanwhile, the task is cancelled
    instead: that version is read, not this one.

    Raises:
        TooLateError: its effects have begun, it was superseded, or another
            person decided.
    """
    now = now or database_now()
    with transaction.atomic():
        current = (
            # Without the key: a publisher's reference to it must not wait for us.
            Decision.objects.select_for_update(of=("self",), no_key=True)
            .select_related("submission", "task")
            .get(pk=decision.pk)
        )
        check = answered_about(current, by)
        if check is not None:
            return _undo_check(check, current, by, now, request_id)
        task = current.task
        if current.moderator_id != (by.user.pk if by.user else None):
            raise TooLateError("Only the person who decided can undo it.")
        if current.undone_at:
            return task
        if current.superseded_at or current.effective_at <= now:
            raise TooLateError("It has taken effect and can no longer be undone.")
        if not cancel_owed(current, by=by.label):
            raise TooLateError("It has taken effect and can no longer be undone.")
        withdraw_case(decision=current, by=by, at=now)
        if current.override_of_id is not None:
            _restore(current, by, now, request_id)
            return task
        Decision.objects.filter(pk=current.pk).update(undone_at=now)
        submission = current.submission
        # As a submit locks it: no newer version comes in unseen.
        listing = Listing.objects.select_for_update(no_key=True).get(
            pk=submission.listing_id
        )
        move(
            submission,
            SubmissionState.IN_REVIEW,
            by=by.label,
            action="undo",
            change={"state_changed_at": now},
            data={"decision": current.public_id},
            request_id=request_id,
        )
        if current.outcome == Outcome.REJECTED:
            forget_rejection(submission)
        if task is not None:
            _give_back(task, by, now, request_id)
        if listing.submissions.filter(version__gt=submission.version).exists():
            withdraw(submission=submission, by=by, request_id=request_id)
            if task is not None:
                task.refresh_from_db()
    return task


def _restore(decision: Decision, by: Actor, now: datetime, request_id: str) -> None:
    """Let the overturned decision stand again, with the task back at its holder."""
    old = restore_overturned(decision=decision, by=by, now=now)
    if old.moderator_id is not None:
        propose_case(decision=old, corrections=list(old.corrections.all()), at=now)
    if decision.outcome == Outcome.REJECTED:
        forget_rejection(decision.submission)
    if old.outcome == Outcome.REJECTED:
        remember_rejection(decision.submission)
    reopen_appeal(decision=decision, by=by, request_id=request_id)
    if decision.task is not None:
        _give_back(decision.task, by, now, request_id)


def _undo_check(
    check: ReviewTask, decision: Decision, by: Actor, now: datetime, request_id: str
) -> ReviewTask:
    taken_back = undo_spot_check(
        task=check, decision=decision, by=by, at=now, request_id=request_id
    )
    if not taken_back:
        raise TooLateError("It has taken effect and can no longer be undone.")
    if decision.outcome == Outcome.REJECTED:
        forget_rejection(decision.submission)
    return check


def shown_content(submission: Submission, assessment: Assessment | None) -> Content:
    """Return the content the moderator is shown as what would be published."""
    proposed = assessment.proposed if assessment else None
    return Content.from_dict(proposed or submission.tidied or {})


def store_corrections(
    decision: Decision, shown: Content, published: Content
) -> list[Correction]:
    """Store and return what the decision changed, field by field."""
    assessment = decision.assessment
    rows: list[Correction] = []

    def differ(kind: str, field: str, before: Any, after: Any) -> None:
        if before != after:
            rows.append(
                Correction(
                    decision=decision,
                    assessment=assessment,
                    kind=kind,
                    field=field,
                    before=before,
                    after=after,
                    created_at=decision.decided_at,
                )
            )

    before, after = shown.as_dict(), published.as_dict()
    for name in FIELDS:
        differ("field", name, before[name], after[name])
    if assessment is not None and assessment.verdict:
        expected = {
            "compliant": Outcome.APPROVED,
            "violation": Outcome.REJECTED,
        }.get(assessment.verdict)
        if expected is not None:
            differ("outcome", "outcome", str(expected), str(decision.outcome))
        differ(
            "clause",
            "clauses",
            sorted({clause["code"] for clause in assessment.clauses}),
            sorted({clause["code"] for clause in decision.clauses}),
        )
    return Correction.objects.bulk_create(rows)


def _held(task: ReviewTask, by: Actor, lease_token: UUID, now: datetime) -> ReviewTask:
    try:
        return held_task(task, by, lease_token, now)
    except LeaseLostError as lost:
        if lost.task.used_token == lease_token:
            standing = lost.task.decisions.filter(undone_at__isnull=True)
            decision = standing.order_by("-id").first() or lost.task.about
            if decision is not None and lost.task.resolved_by == by.user:
                raise AlreadyDecidedError(lost.task, decision) from lost
        metrics.LEASE_LOST.labels("moderator").inc()
        raise


def _give_back(task: ReviewTask, by: Actor, now: datetime, request_id: str) -> None:
    lease = timedelta(seconds=settings.REVIEWHUB_LEASE_SECONDS)
    move(
        task,
        TaskState.CLAIMED,
        by=by.label,
        action="undo",
        change={
            "claimed_by": by.user,
            "claimed_at": now,
            "lease_token": uuid4(),
            "lease_until": now + lease,
            "resolved_at": None,
            "resolved_by": None,
            "resolution": "",
            "used_token": None,
        },
        request_id=request_id,
    )
