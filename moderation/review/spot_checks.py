"""Spot checks: a random share of auto-approvals that a person reads all the same.

The only unbiased view of what goes live wrongly. Drawn in the transaction of the
approval, answered without the model's answer in sight. A check of a version that was
replaced since still measures: it stays in the sample.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from django.conf import settings
from django.utils.crypto import salted_hmac

from moderation.access.actor import MACHINE, Actor
from moderation.content import Content
from moderation.decisions import Ruling, overturn, restore_overturned
from moderation.delivery.outbox import cancel_owed
from moderation.models import AuditEvent, Decision, ReviewTask
from moderation.models.transition import move
from moderation.proposals import propose_spot_check_case, withdraw_case
from moderation.review.queue import QUEUES, UNCLAIMED, LeaseLostError
from moderation.states import Outcome, TaskKind, TaskState

# The equal-probability sample that a rate may be estimated from.
CORE = "core"
# How a check ended: the machine's decision stands, was replaced, or stood no longer.
CONFIRMED, OVERTURNED, DISAGREED = "confirmed", "overturned", "disagreed"
REASON = {
    "code": "spot_check",
    "message": "Checked without the model's answer, so your answer can judge the model",
}


def is_drawn(public_id: str, share: float) -> bool:
    """Tell whether a submission is in the sample of a share, 0 to 1.

    A keyed hash of the submission's id: nobody without SECRET_KEY can foretell it,
    and a transaction that is tried again draws the same, so failures bias nothing.
    """
    digest = salted_hmac("moderation.spot_checks", public_id, algorithm="sha256")
    return int.from_bytes(digest.digest()[:8], "big") < share * 2**64


def draw_spot_checks(decisions: Sequence[Decision], now: datetime) -> list[ReviewTask]:
    """Draw from new auto-approvals, in their transaction; return the tasks opened.

    Every one keeps the probability that it was offered to the draw with, drawn or
    not, so that a change of the setting begins a stratum whose size is known.
    """
    share = settings.REVIEWHUB_SPOT_CHECK_SHARE
    Decision.objects.filter(pk__in=[decision.pk for decision in decisions]).update(
        sampling_probability=share
    )
    drawn = [d for d in decisions if is_drawn(d.submission.public_id, share)]
    tasks = ReviewTask.objects.bulk_create(
        ReviewTask(
            submission=decision.submission,
            merchant_id=decision.submission.merchant_id,
            kind=TaskKind.SPOT_CHECK,
            assessment_id=decision.assessment_id,
            about=decision,
            reasons=[REASON],
            is_blind=True,
            stream=CORE,
            sampling_probability=share,
            due_at=now + QUEUES["spot-checks"].due_in,
            created_at=now,
        )
        for decision in drawn
    )
    AuditEvent.objects.bulk_create(
        AuditEvent(
            at=now,
            actor=MACHINE.label,
            action="draw",
            subject_type="ReviewTask",
            subject_id=task.public_id,
            to_state=TaskState.OPEN,
            data={"decision": decision.public_id, "probability": share},
            request_id=decision.request_id,
        )
        for task, decision in zip(tasks, drawn, strict=True)
    )
    return tasks


def is_hidden(task: ReviewTask) -> bool:
    """Tell whether the model's answer must not be shown yet."""
    return task.is_blind and task.state != TaskState.RESOLVED


def live_content(task: ReviewTask) -> Content | None:
    """Return what a spot check judges: the content that went live; else None."""
    if task.kind != TaskKind.SPOT_CHECK or task.about is None:
        return None
    return Content.from_dict(task.about.published or {})


def decide_spot_check(
    *,
    task: ReviewTask,
    ruling: Ruling,
    is_corrected: bool,
    by: Actor,
    lease_token: UUID,
    at: datetime,
    request_id: str = "",
) -> Decision:
    """Answer a check that the person holds, in the caller's transaction.

    Agreement (approved, nothing corrected) leaves the machine's decision standing;
    anything else overturns it after the undo window.

    Args:
        task: held by `by`, locked by the caller.
        is_corrected: whether the person would have published something else.

    Returns:
        The decision that stands from now on: the machine's, or the person's.

    Raises:
        LeaseLostError: the hold was lost meanwhile.
    """
    about = _about(task)
    decision, resolution = about, CONFIRMED
    if ruling.outcome != Outcome.APPROVED or is_corrected:
        made = overturn(
            decision=about,
            ruling=ruling,
            by=by,
            at=at,
            effective_at=at + _window(),
            task=task,
            assessment=task.assessment,
            request_id=request_id,
        )
        decision, resolution = made or about, OVERTURNED if made else DISAGREED
    moved = move(
        task,
        TaskState.RESOLVED,
        by=by.label,
        action="spot_check",
        where={"lease_token": lease_token},
        change={
            **UNCLAIMED,
            "resolved_at": at,
            "resolved_by": by.user,
            "resolution": resolution,
            "used_token": lease_token,
        },
        data={"decision": decision.public_id, "resolution": resolution},
        request_id=request_id,
    )
    if not moved:
        raise LeaseLostError(task)
    return decision


def propose_check(*, task: ReviewTask, decision: Decision, at: datetime) -> None:
    """Propose the eval case of an answered check, once its corrections are stored.

    None where the decision stood no longer: there is nothing it could be about.
    """
    if task.resolution != DISAGREED:
        propose_spot_check_case(task=task, decision=decision, at=at)


def answered_about(decision: Decision, by: Actor) -> ReviewTask | None:
    """Return the check by which this person let stand, or overturned, a decision."""
    if by.user is None:
        return None
    answered = ReviewTask.objects.select_for_update().filter(
        kind=TaskKind.SPOT_CHECK, state=TaskState.RESOLVED, resolved_by=by.user
    )
    return (
        answered.filter(about=decision).first()
        or answered.filter(decisions=decision).first()
    )


def undo_spot_check(
    *,
    task: ReviewTask,
    decision: Decision,
    by: Actor,
    at: datetime,
    request_id: str = "",
) -> bool:
    """Take an answer back within its window; False where that has passed.

    The person has seen the model's answer by now, so the task is no longer blind:
    a second answer is counted, and told apart from the first.
    """
    if task.resolved_at is None or task.resolved_at + _window() <= at:
        return False
    if decision.pk == task.about_id and task.resolution == OVERTURNED:
        # The machine's own decision is named, which this answer has replaced.
        return False
    if decision.pk != task.about_id:
        if decision.undone_at or not cancel_owed(decision, by=by.label):
            return False
        restore_overturned(decision=decision, by=by, now=at)
    withdraw_case(decision=decision, by=by, at=at)
    return move(
        task,
        TaskState.CLAIMED,
        by=by.label,
        action="undo",
        change={
            "claimed_by": by.user,
            "claimed_at": at,
            "lease_token": uuid4(),
            "lease_until": at + timedelta(seconds=settings.REVIEWHUB_LEASE_SECONDS),
            "resolved_at": None,
            "resolved_by": None,
            "resolution": "",
            "used_token": None,
            "is_blind": False,
        },
        data={"decision": decision.public_id},
        request_id=request_id,
    )


def undo_until(task: ReviewTask) -> datetime | None:
    """Return until when the answer to a check can be taken back."""
    return task.resolved_at + _window() if task.resolved_at else None


def _about(task: ReviewTask) -> Decision:
    assert task.about_id is not None, "a spot check is about a decision"
    return Decision.objects.select_related("submission").get(pk=task.about_id)


def _window() -> timedelta:
    return timedelta(seconds=settings.REVIEWHUB_UNDO_SECONDS)
