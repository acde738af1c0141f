"""The queue of spot checks, and what a moderator learns once one is answered."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.http import HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from moderation.evals.spot_checks import figures
from moderation.models import ReviewTask
from moderation.review import recent
from moderation.review.queue import QUEUES
from moderation.review.spot_checks import CONFIRMED, undo_until
from moderation.states import TaskKind, TaskState
from moderation.web.access import actor_of, moderator_only
from moderation.web.http import PageRequest, page
from moderation.web.review_read import queue_rows, upcoming

QUEUE = QUEUES["spot-checks"]
VERDICTS = {
    "compliant": "found nothing against it",
    "violation": "found something against it",
    "unsure": "was in doubt",
}


@require_safe
@moderator_only
def queue(request: PageRequest) -> HttpResponse:
    """Show what waits to be checked; with nothing there, the target and the count."""
    by, now = actor_of(request), timezone.now()
    (row,) = queue_rows([QUEUE], now)
    context = {
        "row": row,
        "coming": upcoming(by, [QUEUE], now),
        "held": ReviewTask.objects.filter(
            claimed_by=by.user,
            state=TaskState.CLAIMED,
            kind=TaskKind.SPOT_CHECK,
            lease_until__gt=now,
        ).first(),
        "share": settings.REVIEWHUB_SPOT_CHECK_SHARE,
        "figures": figures(now, settings.REVIEWHUB_PROMISED_ERROR_RATE),
        "undo": recent.undoable(by, now),
    }
    return page(request, "review/spot_checks.html", context, here="spot-checks")


@dataclass(frozen=True, slots=True)
class Reveal:
    """What the model had said of a listing that was checked without it."""

    agrees: bool
    is_own: bool
    was_seen: bool
    said: str
    pipeline: str
    confidence: float | None
    clauses: tuple[dict[str, Any], ...]
    went_live_at: datetime | None
    until: datetime | None


def reveal_of(task: ReviewTask, user: object) -> Reveal | None:
    """Return what the model had said, once a spot check is answered; else None."""
    if task.kind != TaskKind.SPOT_CHECK or task.state != TaskState.RESOLVED:
        return None
    assessment = task.assessment
    until = undo_until(task)
    return Reveal(
        agrees=task.resolution == CONFIRMED,
        is_own=task.resolved_by == user,
        was_seen=not task.is_blind,
        said=VERDICTS.get(str(assessment.verdict), "gave no verdict")
        if assessment
        else "gave no verdict",
        pipeline=assessment.pipeline.name if assessment else "",
        confidence=assessment.calibrated_confidence if assessment else None,
        clauses=tuple(assessment.clauses) if assessment else (),
        went_live_at=task.about.decided_at if task.about else None,
        until=until if until and until > timezone.now() else None,
    )
