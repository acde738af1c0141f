"""Asking a senior moderator: the task is resolved, a new one opens for them."""

from datetime import datetime
from uuid import UUID

from django.db import transaction

from moderation.access.actor import Actor
from moderation.models import ReviewTask, Submission
from moderation.models.clock import database_now
from moderation.models.transition import move
from moderation.review.queue import QUEUES, UNCLAIMED, held_task
from moderation.states import TaskKind, TaskState

ABOUT_A_DECISION = (TaskKind.SPOT_CHECK, TaskKind.APPEAL)


def escalate(
    *,
    task: ReviewTask,
    by: Actor,
    lease_token: UUID,
    reason: str,
    now: datetime | None = None,
) -> ReviewTask:
    """Resolve a task by asking a senior moderator; return the new task.

    A spot check or an appeal stays the task it is, for seniors alone: it is about a
    decision, which a new task would not know, and the sample loses nothing.

    Raises:
        LeaseLostError.
    """
    now = now or database_now()
    with transaction.atomic():
        # Submission before task, as a withdrawal locks them: no deadlock.
        Submission.objects.select_for_update(no_key=True).get(pk=task.submission_id)
        current = held_task(task, by, lease_token, now)
        name = by.user.get_username() if by.user else by.label
        reasons = [
            {"code": "escalated", "message": f"{name} asks: {reason}".strip()},
            *current.reasons,
        ]
        if current.kind in ABOUT_A_DECISION:
            move(
                current,
                TaskState.OPEN,
                by=by.label,
                action="escalate",
                change={**UNCLAIMED, "senior_only": True, "reasons": reasons},
                reason=reason,
            )
            return current
        move(
            current,
            TaskState.RESOLVED,
            by=by.label,
            action="escalate",
            change={
                **UNCLAIMED,
                "resolved_at": now,
                "resolved_by": by.user,
                "resolution": "escalated",
                "used_token": lease_token,
            },
            reason=reason,
        )
        return ReviewTask.objects.create(
            submission=current.submission,
            merchant_id=current.merchant_id,
            kind=TaskKind.ESCALATION,
            assessment_id=current.assessment_id,
            reasons=reasons,
            clause=current.clause,
            language=current.language,
            priority=current.priority,
            due_at=now + QUEUES["escalations"].due_in,
            created_at=now,
            senior_only=True,
        )
