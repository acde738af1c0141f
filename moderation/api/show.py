"""Turns rows into what the wire shows: each in one place, each for its reader.

Decides nothing; what a merchant reads of a decision is delivery.statement's part.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from moderation.access.actor import MERCHANT
from moderation.api.auth import Caller
from moderation.delivery.statement import (
    PUBLIC_REASONS,
    clauses_of,
    diff_of,
    statement_of,
    status_reason,
    wire_status,
)
from moderation.intake.store import receipt_of
from moderation.models import (
    Appeal,
    Assessment,
    Decision,
    ImportRow,
    Listing,
    Mode,
    ReviewTask,
    Submission,
)
from moderation.review.decide import shown_content
from moderation.review.queue import QUEUES
from moderation.review.spot_checks import is_hidden, live_content, undo_until
from moderation.states import (
    AppealState,
    AssessmentRole,
    Route,
    SubmissionState,
    TaskKind,
    TaskState,
)

_WITH_THE_MACHINE = (SubmissionState.RECEIVED, SubmissionState.ASSESSING)


def time_of(at: datetime | None) -> str | None:
    """Return a time on the wire: ISO 8601 in UTC, to the second."""
    if at is None:
        return None
    return at.astimezone(UTC).isoformat(timespec="seconds")


def listings(
    submissions: Sequence[Submission], caller: Caller, now: datetime
) -> list[dict[str, Any]]:
    """Return submissions as ListingOut, in a fixed number of queries."""
    decisions = {
        decision.submission_id: decision
        for decision in Decision.objects.in_force(now)
        .filter(submission__in=submissions)
        .select_related("pipeline")
    }
    is_staff = caller.role != MERCHANT
    routes = _routes(submissions) if is_staff else {}
    checking = _checked_blind_by(caller, submissions) if is_staff else set()
    live, appeals = _live(submissions), _appeals(submissions, now)
    items = []
    for submission in submissions:
        item = _listing(submission, decisions.get(submission.pk), now)
        item["live"] = live.get(submission.listing_id)
        item["appeal"] = appeals.get(submission.pk)
        if is_staff:
            item["route"] = routes.get(submission.pk)
        if submission.pk in checking:
            item |= {"route": None, "decision": None, "diff": []}
        items.append(item)
    return items


def _appeals(
    submissions: Sequence[Submission], now: datetime
) -> dict[int, dict[str, Any]]:
    """Return each version's appeal; open until what it led to is in effect."""
    found = Appeal.objects.filter(decision__submission__in=submissions)
    shown = {}
    for row in found.select_related("decision", "outcome_decision"):
        outcome = row.outcome_decision
        is_open = outcome is not None and outcome.effective_at > now
        shown[row.decision.submission_id] = {
            "id": row.public_id,
            "state": AppealState.OPEN if is_open else row.state,
            "opened_at": time_of(row.opened_at),
            "resolved_at": None if is_open else time_of(row.resolved_at),
        }
    return shown


def _listing(
    submission: Submission, decision: Decision | None, now: datetime
) -> dict[str, Any]:
    status = wire_status(submission, decision, now)
    # Until its window has passed, a decision has not happened for the outside.
    effective = decision if decision and status == decision.outcome else None
    published = effective.published if effective else None
    receipt = receipt_of(submission)
    waits = submission.state in _WITH_THE_MACHINE
    return {
        **receipt,
        "merchant": submission.merchant.slug,
        "status": status,
        "status_reason": status_reason(submission, effective, now),
        "received_at": time_of(submission.received_at),
        "expected_decision_at": receipt["expected_decision_at"] if waits else None,
        "content": submission.raw,
        "standardised": published or submission.tidied,
        "changes": submission.changes,
        "requests": submission.requests,
        "diff": diff_of(submission, published, effective.clauses if effective else ()),
        "decision": _decision(effective) if effective else None,
    }


def _checked_blind_by(caller: Caller, submissions: Sequence[Submission]) -> set[int]:
    """Return those that the caller's person is checking without the model's answer."""
    held = ReviewTask.objects.filter(
        submission__in=submissions,
        claimed_by=caller.actor.user,
        state=TaskState.CLAIMED,
        is_blind=True,
    )
    return set(held.values_list("submission_id", flat=True))


def _live(submissions: Sequence[Submission]) -> dict[int, dict[str, Any]]:
    """Return which version is live, by listing: often an older one than is shown."""
    found = Decision.objects.filter(
        pk__in=Listing.objects.filter(
            pk__in={submission.listing_id for submission in submissions},
            live_decision__isnull=False,
        ).values("live_decision")
    ).select_related("submission")
    return {
        decision.submission.listing_id: {
            "id": decision.submission.public_id,
            "version": decision.submission.version,
            "decision_id": decision.public_id,
            "since": time_of(decision.effective_at),
        }
        for decision in found
    }


def appeal(row: Appeal, submission: Submission) -> dict[str, Any]:
    """Return an appeal as AppealOut."""
    return {
        "id": row.public_id,
        "submission_id": submission.public_id,
        "decision_id": row.decision.public_id,
        "state": row.state,
        "opened_at": time_of(row.opened_at),
        "answer_by": time_of(row.opened_at + QUEUES["appeals"].due_in),
    }


def waiting(row: ImportRow) -> dict[str, Any]:
    """Return a row of a bulk call that waits for its turn as ListingOut."""
    data = dict(row.data or {})
    status = SubmissionState.RECEIVED
    return {
        "id": row.reserved_id,
        "listing_id": None,
        "external_id": data.pop("external_id", ""),
        "version": None,
        "merchant": row.batch.merchant.slug,
        "status": status,
        "status_reason": PUBLIC_REASONS[status],
        "status_url": f"/api/v1/listings/{row.reserved_id}",
        "received_at": time_of(row.batch.created_at),
        "expected_decision_at": None,
        "content": data,
        "standardised": None,
        "changes": [],
        "requests": [],
        "diff": [],
        "decision": None,
        "live": None,
        "appeal": None,
    }


def _decision(decision: Decision) -> dict[str, Any]:
    statement = statement_of(decision, clauses_of(decision))
    return {
        "id": decision.public_id,
        "outcome": decision.outcome,
        "automated": statement["automated"],
        "decided_at": time_of(decision.decided_at),
        "effective_at": time_of(decision.effective_at),
        "statement": statement,
    }


def _routes(submissions: Sequence[Submission]) -> dict[int, dict[str, Any]]:
    """Return where each submission was sent: by its last serving assessment.

    One that a person got without any assessment (humans only) shows its task's
    reasons.
    """
    tasks = ReviewTask.objects.filter(submission__in=submissions).order_by("-id")
    routes: dict[int, dict[str, Any]] = {
        task.submission_id: {
            "route": Route.REVIEW,
            "pipeline": None,
            "calibrated_confidence": None,
            "reasons": reasons(task.reasons),
        }
        for task in tasks  # the oldest comes last and stays
    }
    assessments = Assessment.objects.filter(
        submission__in=submissions, role=AssessmentRole.SERVING
    ).select_related("pipeline")
    for assessment in assessments.order_by("id"):
        routes[assessment.submission_id] = {
            "route": assessment.route,
            "pipeline": assessment.pipeline.name,
            "calibrated_confidence": assessment.calibrated_confidence,
            "reasons": reasons(assessment.reasons),
        }
    return routes


def reasons(items: Sequence[Mapping[str, str]]) -> list[dict[str, str]]:
    """Return stored reasons with the two members that the wire promises."""
    return [
        {"code": item.get("code", ""), "message": item.get("message", "")}
        for item in items
    ]


def task(row: ReviewTask, caller: Caller) -> dict[str, Any]:
    """Return a task as TaskOut; its token for the holder alone."""
    submission = row.submission
    is_holder = caller.actor.user is not None and row.claimed_by == caller.actor.user
    assessment = None if is_hidden(row) else row.assessment
    shown = live_content(row) or shown_content(submission, assessment)
    return {
        "id": row.public_id,
        "kind": row.kind,
        "state": row.state,
        "submission_id": submission.public_id,
        "listing_id": submission.listing.public_id,
        "merchant": submission.merchant.slug,
        "reasons": reasons(row.reasons),
        "due_at": time_of(row.due_at),
        "created_at": time_of(row.created_at),
        "claimed_by": row.claimed_by.get_username() if row.claimed_by else None,
        "lease_token": row.lease_token if is_holder else None,
        "lease_until": time_of(row.lease_until),
        "resolution": row.resolution,
        "about": _about(row),
        "assessment": _assessment(assessment) if assessment else None,
        "versions": {
            "merchant": submission.raw,
            "rules": submission.tidied,
            "model": (assessment.proposed or None) if assessment else None,
            "shown": shown.as_dict(),
        },
    }


def _about(row: ReviewTask) -> dict[str, Any] | None:
    """Return the decision an appeal is about; nothing of a check before its answer."""
    if row.about is None or is_hidden(row):
        return None
    return {
        "id": row.about.public_id,
        "outcome": row.about.outcome,
        "clauses": row.about.clauses,
        "statement": row.about.statement,
    }


def _assessment(row: Assessment) -> dict[str, Any]:
    return {
        "pipeline": row.pipeline.name,
        "verdict": row.verdict,
        "failure": row.failure,
        "clauses": row.clauses,
        "doubt": row.doubt,
        "stated_confidence": row.stated_confidence,
        "calibrated_confidence": row.calibrated_confidence,
        "field_confidence": row.field_confidence,
        "language": row.language,
        "guardrails": row.guardrails,
    }


def decided(decision: Decision, row: ReviewTask) -> dict[str, Any]:
    """Return a decision as DecidedOut; a confirmed check shows the machine's."""
    is_own = decision.task_id == row.pk
    decided_at = decision.decided_at if is_own else row.resolved_at
    is_final = not is_own and row.kind == TaskKind.APPEAL
    until = decision.effective_at if is_own else undo_until(row)
    return {
        "id": decision.public_id,
        "task_id": row.public_id,
        "submission_id": row.submission.public_id,
        "outcome": decision.outcome,
        "resolution": row.resolution,
        "clauses": decision.clauses,
        "decided_at": time_of(decided_at),
        "effective_at": time_of(decided_at if is_final else until),
        # An appeal that was turned down changed nothing that could be undone.
        "undo_url": None
        if is_final
        else f"/api/v1/review/decisions/{decision.public_id}/undo",
    }


def mode(row: Mode | None, in_force: str) -> dict[str, Any]:
    """Return the mode in force as ModeOut."""
    if row is None:
        return {"mode": in_force, "note": "", "by": "", "at": None}
    return {
        "mode": row.mode,
        "note": row.note,
        "by": row.by_label,
        "at": time_of(row.at),
    }
