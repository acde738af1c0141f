"""The only writer of Decision, for the machine and for people alike.

One transaction holds the guarded move of the submission, the decision, its
audit row and its outbox row: all of it happened, or none.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from moderation.access.actor import Actor
from moderation.delivery.outbox import owe_outcome
from moderation.models import Assessment, Decision, ReviewTask, Submission
from moderation.models.transition import move
from moderation.states import DecidedBy, Outcome, SubmissionState


@dataclass(frozen=True, slots=True)
class Ruling:
    """What is decided, before it is stored.

    Attributes:
        outcome: what is owed to the merchant.
        clauses: code, field and quote of each clause that called for it.
        published: the content that goes live, for an approval.
        requests: what the merchant is asked for all the same.
        statement: words for the merchant.
        private_note: words the merchant never reads.
    """

    outcome: Outcome
    clauses: Sequence[Mapping[str, str]] = ()
    published: Mapping[str, Any] | None = None
    requests: Sequence[Mapping[str, str]] = ()
    statement: str = ""
    private_note: str = ""


def record_decision(
    *,
    submission: Submission,
    ruling: Ruling,
    by: Actor,
    at: datetime,
    effective_at: datetime,
    assessment: Assessment | None = None,
    task: ReviewTask | None = None,
    lease_token: UUID | None = None,
    request_id: str = "",
) -> Decision | None:
    """Store one decision and owe the merchant its effects.

    Args:
        submission: as read; moved to decided if it still stands there.
        ruling: the outcome with its grounds.
        by: a person, or MACHINE.
        at, effective_at: when it was decided, and when its effects begin.
        assessment: the judgement it rests on or differs from.
        task: the task that it resolves.
        lease_token: for the machine: its hold on the submission.

    Returns:
        None when the submission was no longer there to decide (lease lost,
        withdrawn, replaced): nothing is stored then.
    """
    machine = by.user is None
    where: dict[str, Any] = {"lease_token": lease_token} if lease_token else {}
    with transaction.atomic():
        moved = move(
            submission,
            SubmissionState.DECIDED,
            by=by.label,
            action="auto_approve" if machine else "decide",
            where=where,
            change={
                "lease_token": None,
                "lease_until": None,
                "state_changed_at": at,
            },
            data={
                "outcome": ruling.outcome,
                "clauses": [clause["code"] for clause in ruling.clauses],
            },
            request_id=request_id or submission.request_id,
        )
        if not moved:
            return None
        decision = Decision.objects.create(
            submission=submission,
            task=task,
            assessment=assessment,
            pipeline_id=assessment.pipeline_id if assessment else None,
            outcome=ruling.outcome,
            decided_by=DecidedBy.MACHINE if machine else DecidedBy.PERSON,
            moderator=by.user,
            clauses=list(ruling.clauses),
            published=ruling.published,
            requests=list(ruling.requests),
            statement=ruling.statement,
            private_note=ruling.private_note,
            decided_at=at,
            effective_at=effective_at,
            request_id=request_id or submission.request_id,
        )
        owe_outcome(decision)
    return decision
