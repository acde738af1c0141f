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

from moderation.access.actor import MACHINE, Actor
from moderation.delivery.outbox import owe_outcomes
from moderation.models import (
    Assessment,
    AuditEvent,
    Decision,
    ReviewTask,
    Submission,
)
from moderation.models.transition import LostRaceError, move, move_many
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
        decision = _decision(
            submission, ruling, by, at, effective_at, assessment, task, request_id
        )
        decision.save(force_insert=True)
        owe_outcomes([decision])
    return decision


@dataclass(frozen=True, slots=True)
class Approval:
    """One auto-approval, with the judgement that it rests on."""

    submission: Submission
    assessment: Assessment
    ruling: Ruling


def record_auto_approvals(
    approvals: Sequence[Approval], *, at: datetime
) -> list[Decision]:
    """Store the machine's approvals of submissions that the caller holds locked.

    As record_decision for each, in a few statements for all; effective at once.

    Raises:
        LostRaceError: one of them was not held after all; nothing is stored.
    """
    if not approvals:
        return []
    codes = {
        approval.submission.pk: [item["code"] for item in approval.ruling.clauses]
        for approval in approvals
    }
    with transaction.atomic():
        moved = move_many(
            [approval.submission for approval in approvals],
            SubmissionState.DECIDED,
            by=MACHINE.label,
            action="auto_approve",
            change={"lease_token": None, "lease_until": None, "state_changed_at": at},
            data=lambda row: {"outcome": Outcome.APPROVED, "clauses": codes[row.pk]},
        )
        if not moved:
            raise LostRaceError("none of the submissions was held")
        decisions = Decision.objects.bulk_create(
            _decision(
                approval.submission,
                approval.ruling,
                MACHINE,
                at,
                at,
                approval.assessment,
                None,
                "",
            )
            for approval in approvals
        )
        owe_outcomes(decisions)
    return decisions


def overturn(
    *,
    decision: Decision,
    ruling: Ruling,
    by: Actor,
    at: datetime,
    effective_at: datetime,
    task: ReviewTask | None = None,
    assessment: Assessment | None = None,
    request_id: str = "",
) -> Decision | None:
    """Supersede a decision that stands; None when it no longer does."""
    with transaction.atomic():
        standing = Decision.objects.effective().filter(pk=decision.pk)
        if not standing.update(superseded_at=at):
            return None
        made = _decision(
            decision.submission,
            ruling,
            by,
            at,
            effective_at,
            assessment,
            task,
            request_id,
        )
        made.override_of = decision
        made.save(force_insert=True)
        _tell(made, by, "overturn", decision.outcome, made.outcome, request_id)
        owe_outcomes([made])
    return made


def restore_overturned(*, decision: Decision, by: Actor, now: datetime) -> Decision:
    """Take an overturning decision back; the one before stands again.

    Meant for a transaction in which the caller has found it within its window and
    cancelled what it owes.

    Raises:
        ValueError: it overturned nothing.
    """
    old = decision.override_of
    if old is None:
        raise ValueError("It overturned no decision.")
    with transaction.atomic():
        Decision.objects.filter(pk=decision.pk).update(undone_at=now)
        Decision.objects.filter(pk=old.pk).update(superseded_at=None)
        _tell(decision, by, "undo", decision.outcome, old.outcome, "")
    return old


def _tell(
    decision: Decision, by: Actor, action: str, was: str, now: str, request_id: str
) -> None:
    AuditEvent.objects.create(
        actor=by.label,
        action=action,
        subject_type="Decision",
        subject_id=decision.public_id,
        from_state=was,
        to_state=now,
        data={"submission": decision.submission.public_id},
        request_id=request_id,
    )


def _decision(
    submission: Submission,
    ruling: Ruling,
    by: Actor,
    at: datetime,
    effective_at: datetime,
    assessment: Assessment | None,
    task: ReviewTask | None,
    request_id: str,
) -> Decision:
    return Decision(
        submission=submission,
        task=task,
        assessment=assessment,
        pipeline_id=assessment.pipeline_id if assessment else None,
        outcome=ruling.outcome,
        decided_by=DecidedBy.MACHINE if by.user is None else DecidedBy.PERSON,
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
