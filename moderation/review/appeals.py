"""Appeals: a merchant disagrees once with a refusal, and another person looks again.

Decides who may appeal what and until when, and what the second person's ruling does:
a milder outcome overturns the decision, anything else lets it stand. An appeal never
makes matters worse for the one who appeals.
"""

from datetime import datetime

from django.db import transaction

from moderation.access.actor import Actor
from moderation.content import Problem
from moderation.decisions import Ruling, overturn
from moderation.delivery.statement import appeal_until
from moderation.intake.check import RefusedError
from moderation.intake.sanitize import storable
from moderation.models import Appeal, AuditEvent, Decision, ReviewTask, Submission
from moderation.models.clock import database_now
from moderation.models.transition import move
from moderation.review.queue import QUEUES
from moderation.states import AppealState, Outcome, SubmissionState, TaskKind

MAX_TEXT, MAX_QUOTE = 2000, 2000
# The lower, the milder.
_WEIGHT = {Outcome.APPROVED: 0, Outcome.CHANGES_NEEDED: 1, Outcome.REJECTED: 2}


class AppealRefusedError(Exception):
    """There is nothing to appeal against, or no longer; the message says which."""


def open_appeal(
    *,
    submission: Submission,
    text: str,
    quote: str = "",
    by: Actor,
    request_id: str = "",
    now: datetime | None = None,
) -> Appeal:
    """Ask that another person looks at a refusal again, once for each version.

    Args:
        submission: the version that was refused; its merchant asks.
        text: why the merchant disagrees.
        quote: the words it is about, if any.

    Raises:
        AppealRefusedError: nothing is refused there, the time is over, or it was
            appealed before.
        RefusedError: the text is missing or too long.
    """
    now = now or database_now()
    text, quote = storable(text).strip(), storable(quote).strip()
    _check_words(text, quote)
    with transaction.atomic():
        current = Submission.objects.select_for_update(no_key=True).get(
            pk=submission.pk
        )
        decision = Decision.objects.select_for_update(no_key=True).get(
            pk=_appealable(current, now).pk
        )
        if decision.undone_at or decision.superseded_at:
            # Undone while this waited for the lock.
            raise AppealRefusedError("This version is not decided yet.")
        task = ReviewTask.objects.create(
            submission=current,
            merchant_id=current.merchant_id,
            kind=TaskKind.APPEAL,
            assessment_id=decision.assessment_id,
            about=decision,
            reasons=[
                {"code": "appeal", "message": f"The merchant disagrees: {text}"},
                *(
                    [{"code": "appeal_quote", "message": f"About: {quote}"}]
                    if quote
                    else []
                ),
            ],
            clause=decision.clauses[0]["code"] if decision.clauses else "",
            due_at=now + QUEUES["appeals"].due_in,
            created_at=now,
        )
        appeal = Appeal.objects.create(
            decision=decision,
            merchant_id=current.merchant_id,
            task=task,
            quote=quote,
            text=text,
            by_label=by.label,
            opened_at=now,
        )
        AuditEvent.objects.create(
            actor=by.label,
            action="appeal",
            subject_type="Appeal",
            subject_id=appeal.public_id,
            to_state=AppealState.OPEN,
            data={"decision": decision.public_id, "task": task.public_id},
            request_id=request_id,
        )
    return appeal


def why_not(submission: Submission, now: datetime) -> str:
    """Return why a version cannot be appealed now; "" where it can."""
    try:
        _appealable(submission, now)
    except AppealRefusedError as error:
        return str(error)
    return ""


def appeal_of(submission: Submission) -> Appeal | None:
    """Return the appeal about a version, None when there is none."""
    return Appeal.objects.filter(decision__submission=submission).first()


def settle_appeal(
    *,
    task: ReviewTask,
    ruling: Ruling,
    by: Actor,
    at: datetime,
    effective_at: datetime,
    request_id: str = "",
) -> Decision | None:
    """Do what the second person rules, in the caller's transaction.

    A milder outcome than the one appealed against overturns it, anything else lets
    it stand and says so to nobody twice.

    Returns:
        The decision that stands now; None when the one appealed against no
        longer did.
    """
    decision = task.about
    appeal = Appeal.objects.select_for_update().filter(task=task).first()
    if decision is None or appeal is None:
        return None
    if by.user is not None and decision.moderator_id == by.user.pk:
        # The queue offers it to nobody of that name; this is the last door.
        return None
    if _WEIGHT[ruling.outcome] >= _WEIGHT[Outcome(decision.outcome)]:
        moved = _close(appeal, AppealState.REJECTED, None, by, at, request_id)
        return decision if moved and decision.superseded_at is None else None
    new = overturn(
        decision=decision,
        ruling=ruling,
        by=by,
        at=at,
        effective_at=effective_at,
        task=task,
        request_id=request_id,
    )
    if new is None:
        return None
    _close(appeal, AppealState.UPHELD, new, by, at, request_id)
    return new


def reopen_appeal(*, decision: Decision, by: Actor, request_id: str = "") -> None:
    """Open the appeal again whose overturning decision is undone, if it had one."""
    for appeal in Appeal.objects.select_for_update().filter(outcome_decision=decision):
        move(
            appeal,
            AppealState.OPEN,
            by=by.label,
            action="undo",
            change={"resolved_at": None, "outcome_decision": None},
            request_id=request_id,
        )


def _close(
    appeal: Appeal,
    state: AppealState,
    outcome: Decision | None,
    by: Actor,
    at: datetime,
    request_id: str,
) -> bool:
    return move(
        appeal,
        state,
        by=by.label,
        action="resolve_appeal",
        change={"resolved_at": at, "outcome_decision": outcome},
        request_id=request_id,
    )


def _appealable(submission: Submission, now: datetime) -> Decision:
    """Return the refusal in force, if it may be appealed now.

    Raises:
        AppealRefusedError.
    """
    decision = submission.decisions.in_force(now).first()
    if submission.state != SubmissionState.DECIDED or decision is None:
        raise AppealRefusedError("This version is not decided yet.")
    if Appeal.objects.filter(decision__submission=submission).exists():
        raise AppealRefusedError("This version was appealed before.")
    until = appeal_until(decision)
    if until is None:
        raise AppealRefusedError("Nothing was refused here.")
    if until <= now:
        raise AppealRefusedError("The time for an appeal is over.")
    if decision.superseded_at is not None:
        raise AppealRefusedError("It is being looked at again already.")
    return decision


def _check_words(text: str, quote: str) -> None:
    problems = []
    if not text:
        problems.append(Problem("text", "required", "Say why you disagree."))
    for name, words, most in (("text", text, MAX_TEXT), ("quote", quote, MAX_QUOTE)):
        if len(words) > most:
            message = f"Keep it under {most:,} characters."
            problems.append(Problem(name, "too_long", message))
    if problems:
        raise RefusedError(tuple(problems))
