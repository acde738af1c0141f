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
from moderation.content import FIELDS, Content, Problem
from moderation.decisions import Ruling, record_decision
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
from moderation.retrieval.policies import clauses_by_code, current_policy
from moderation.retrieval.surroundings import forget_rejection, remember_rejection
from moderation.review.corrections import corrected
from moderation.review.queue import UNCLAIMED, LeaseLostError, held_task
from moderation.states import Outcome, SubmissionState, TaskState
from moderation.telemetry import metrics

MAX_STATEMENT = 4000


class InvalidDecisionError(Exception):
    """The decision lacks something; every problem is named."""

    def __init__(self, problems: Sequence[Problem]):
        self.problems = tuple(problems)
        super().__init__(" ".join(problem.message for problem in problems))


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
        shown = shown_content(submission, current.assessment)
        ruling, published = _ruling(
            current, shown, outcome, clauses, corrections or {}, statement, note
        )
        decision = record_decision(
            submission=submission,
            ruling=ruling,
            by=by,
            at=now,
            effective_at=now + timedelta(seconds=settings.REVIEWHUB_UNDO_SECONDS),
            assessment=current.assessment,
            task=current,
            request_id=request_id,
        )
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
                "resolution": outcome,
                "used_token": lease_token,
            },
            request_id=request_id,
        )
        rows = store_corrections(decision, shown, published)
        propose_case(decision=decision, corrections=rows, at=now)
        if outcome == Outcome.REJECTED:
            remember_rejection(submission)
    return decision


def _ruling(
    task: ReviewTask,
    shown: Content,
    outcome: Outcome,
    clauses: Sequence[str | Mapping[str, str]],
    corrections: Mapping[str, Any],
    statement: str,
    note: str,
) -> tuple[Ruling, Content]:
    """Return what is decided and the content it speaks of, or name every problem.

    Raises:
        InvalidDecisionError.
    """
    submission = task.submission
    approved = outcome == Outcome.APPROVED
    published, problems = corrected(shown, corrections)
    grounds, more = _grounds(clauses, outcome, task.assessment, submission)
    problems = [*problems, *more]
    if corrections and not approved:
        problems.append(
            Problem(
                "corrections",
                "not_published",
                "Corrections go with an approval; say in the statement what "
                "the merchant should change.",
            )
        )
    problems += [
        Problem(name, "too_long", f"Keep it under {MAX_STATEMENT:,} characters.")
        for name, text in (("statement", statement), ("note", note))
        if len(text) > MAX_STATEMENT
    ]
    if problems:
        raise InvalidDecisionError(problems)
    ruling = Ruling(
        outcome=outcome,
        clauses=grounds,
        published=published.as_dict() if approved else None,
        requests=submission.requests if approved else (),
        statement=statement.strip(),
        private_note=note.strip(),
    )
    return ruling, published if approved else shown


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
        task = current.task
        if current.moderator_id != (by.user.pk if by.user else None):
            raise TooLateError("Only the person who decided can undo it.")
        if current.undone_at:
            return task
        if current.superseded_at or current.effective_at <= now:
            raise TooLateError("It has taken effect and can no longer be undone.")
        if not cancel_owed(current, by=by.label):
            raise TooLateError("It has taken effect and can no longer be undone.")
        Decision.objects.filter(pk=current.pk).update(undone_at=now)
        withdraw_case(decision=current, by=by, at=now)
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
            decision = lost.task.decisions.order_by("-id").first()
            if decision is not None and decision.moderator == by.user:
                raise AlreadyDecidedError(lost.task, decision) from lost
        metrics.LEASE_LOST.labels("moderator").inc()
        raise


def _grounds(
    clauses: Sequence[str | Mapping[str, str]],
    outcome: Outcome,
    assessment: Assessment | None,
    submission: Submission,
) -> tuple[list[dict[str, str]], list[Problem]]:
    """Return the named clauses, each with the merchant's words where known."""
    known = clauses_by_code(
        assessment.pipeline.policy_id if assessment else current_policy().pk
    )
    found = {item["code"]: item for item in (assessment.clauses if assessment else ())}
    changes = {item["code"]: item for item in submission.changes}
    grounds: dict[str, dict[str, str]] = {}
    problems: list[Problem] = []
    for item in clauses:
        given = {"code": item} if isinstance(item, str) else dict(item)
        code = given.get("code", "").strip().upper()
        if code not in known:
            problems.append(
                Problem(
                    "clauses",
                    "unknown_clause",
                    f"{code or 'An empty code'} is no clause of the policy.",
                )
            )
            continue
        source = found.get(code, {})
        quote = given.get("quote") or source.get("quote") or ""
        if not quote and code in changes:
            quote = changes[code].get("before", "")[:200]
        grounds[code] = {
            "code": code,
            "field": given.get("field") or source.get("field") or "listing",
            "quote": quote,
        }
    if outcome != Outcome.APPROVED and not grounds and not problems:
        problems.append(
            Problem(
                "clauses",
                "required",
                "Name at least one clause: the merchant must know the reason.",
            )
        )
    return list(grounds.values()), problems


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
            "resolution": "",
            "used_token": None,
        },
        request_id=request_id,
    )
