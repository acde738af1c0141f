"""Which rows a key may see. Every look-up of the API begins here.

A foreign row and a missing one are the same answer: nothing here.
"""

import re
from datetime import datetime

from django.db.models import Exists, OuterRef, Q, QuerySet

from moderation.access.actor import ADMIN, SENIOR, roles_of
from moderation.api.auth import Caller
from moderation.api.problems import ApiError
from moderation.models import Decision, ImportRow, ReviewTask, Submission
from moderation.states import ImportRowState, Outcome, SubmissionState

STATUSES = (
    *(state.value for state in SubmissionState if state != SubmissionState.DECIDED),
    *(outcome.value for outcome in Outcome),
)
_PUBLIC_ID = re.compile(r"[A-Z]{3}-[0-9A-Z]{12}")


def visible_submissions(caller: Caller) -> QuerySet[Submission]:
    """Return the submissions a key may see: its merchant's, or all."""
    found = Submission.objects.select_related("listing", "merchant")
    if caller.merchant is not None:
        found = found.filter(merchant=caller.merchant)
    return found


def submission_of(caller: Caller, public_id: str) -> Submission:
    """Return a submission by its own id, or a listing's newest by the listing's.

    Raises:
        ApiError: not-found.
    """
    found = submission_or_row_of(caller, public_id)
    if isinstance(found, ImportRow):
        raise ApiError("not-found")
    return found


def submission_or_row_of(caller: Caller, public_id: str) -> Submission | ImportRow:
    """Return a submission as submission_of does, or the row that will be it.

    A bulk call tells ids before there are submissions. A row of known content
    leads to the submission that there was.

    Raises:
        ApiError: not-found.
    """
    if not _PUBLIC_ID.fullmatch(public_id):
        raise ApiError("not-found")
    submissions = visible_submissions(caller)
    if public_id.startswith("LST-"):
        of_listing = submissions.filter(listing__public_id=public_id)
        found = of_listing.order_by("-version").first()
    else:
        found = submissions.filter(public_id=public_id).first()
    if found is not None:
        return found
    rows = ImportRow.objects.select_related("batch__merchant")
    if caller.merchant is not None:
        rows = rows.filter(batch__merchant=caller.merchant)
    row = rows.filter(reserved_id=public_id).first()
    if row is not None and row.state == ImportRowState.WAITING:
        return row
    if row is not None and row.submission_id is not None:
        return submissions.get(pk=row.submission_id)
    raise ApiError("not-found")


def task_of(caller: Caller, public_id: str) -> ReviewTask:
    """Return a task that a person may look at: none of a merchant of theirs.

    Raises:
        ApiError: not-found.
    """
    found: ReviewTask | None = None
    if _PUBLIC_ID.fullmatch(public_id):
        tasks = ReviewTask.objects.all()
        user = caller.actor.user
        if user is None or not roles_of(user) & {SENIOR, ADMIN}:
            tasks = tasks.filter(senior_only=False)
        found = (
            tasks.select_related(
                "submission__listing",
                "submission__merchant",
                "assessment__pipeline",
                "about",
            )
            .exclude(merchant__members__user=caller.actor.user)
            .filter(public_id=public_id)
            .first()
        )
    if found is None:
        raise ApiError("not-found")
    return found


def decision_of(caller: Caller, public_id: str) -> Decision:
    """Return a decision about a merchant that the person has no part in.

    Raises:
        ApiError: not-found.
    """
    found: Decision | None = None
    if _PUBLIC_ID.fullmatch(public_id):
        found = (
            Decision.objects.exclude(
                submission__merchant__members__user=caller.actor.user
            )
            .filter(public_id=public_id)
            .first()
        )
    if found is None:
        raise ApiError("not-found")
    return found


def with_status(
    rows: QuerySet[Submission], status: str, now: datetime
) -> QuerySet[Submission]:
    """Return those that the wire gives a status; the query of wire_status()."""
    effective = Decision.objects.in_force(now).filter(submission=OuterRef("pk"))
    if status in set(Outcome):
        return rows.filter(
            Exists(effective.filter(outcome=status)), state=SubmissionState.DECIDED
        )
    if status == SubmissionState.IN_REVIEW:
        in_window = Q(state=SubmissionState.DECIDED) & ~Exists(effective)
        return rows.filter(Q(state=SubmissionState.IN_REVIEW) | in_window)
    return rows.filter(state=status)
