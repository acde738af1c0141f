"""The moderator's queues, the next task, and the review screen.

Fetches, calls the queue's verbs, renders. What is shown is decided in
moderation/review/screen.py, what may be done in the verbs.
"""

from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from moderation.access.actor import Actor
from moderation.content import Problem
from moderation.models import ReviewTask
from moderation.review import recent
from moderation.review.queue import (
    QUEUES,
    LeaseLostError,
    NotAllowedError,
    claim_next,
    claim_task,
)
from moderation.review.reveal import Record, reveal_merchant
from moderation.review.screen import read_task, screen_of
from moderation.states import TaskState
from moderation.web.access import actor_of, moderator_only, task_for
from moderation.web.http import PageRequest, go, page
from moderation.web.picks import consequence, hint_of, picks_of
from moderation.web.review_read import (
    decision_rows,
    queue_rows,
    queues_of,
    upcoming,
)
from moderation.web.spot_checks import reveal_of


@require_safe
@moderator_only
def queues(request: PageRequest) -> HttpResponse:
    """Show what waits, what comes next and why, and one's own session."""
    by, now = actor_of(request), timezone.now()
    mine = queues_of(request.viewer.roles)
    rows, undo = queue_rows(mine, now), recent.undoable(by, now)
    waiting = sum(row.count for row in rows)
    some = [row for row in rows if row.count]
    closest = next((row for row in some if row.is_closest), None)
    context = {
        "rows": rows,
        "waiting": waiting,
        "late": [row for row in rows if row.is_late],
        "start": closest or (some[0] if some else None),
        "coming": upcoming(by, mine, now),
        "session": recent.session_of(by, now),
        "undo": undo,
        "last": decision_rows(by, undo=undo, size=3)[0],
        "held": held_by(by, now),
    }
    return page(request, "review/queues.html", context, here="review")


@require_safe
@moderator_only
def counts(request: PageRequest) -> HttpResponse:
    """Answer the queue page's look at its numbers; without htmx, the page itself."""
    if not request.htmx:
        return go(request, "review")
    rows = queue_rows(queues_of(request.viewer.roles), timezone.now())
    return page(request, "review/_counts.html", {"rows": rows}, here="review")


@require_POST
@moderator_only
def merchant(request: PageRequest, public_id: str) -> HttpResponse:
    """Show who sent the listing; the audit log keeps that it was asked for."""
    found = task_for(request, public_id)
    record = reveal_merchant(
        task=found, by=actor_of(request), request_id=request.request_id
    )
    if request.htmx:
        return page(request, "review/_merchant.html", {"record": record})
    return screen(request, found, record=record)


def held_by(by: Actor, now: datetime) -> ReviewTask | None:
    """Return a task this person still holds, to go on with."""
    held = ReviewTask.objects.filter(
        claimed_by=by.user, state=TaskState.CLAIMED, lease_until__gt=now
    )
    return held.first()


@require_POST
@moderator_only
def next_task(request: PageRequest) -> HttpResponse:
    """Lease the next task of a queue, or the one that is named, and go to it."""
    by = actor_of(request)
    named = request.POST.get("task", "")
    if named:
        return _claim_named(request, by, task_for(request, named))
    queue = request.POST.get("queue", "")
    task = claim_next(by=by, queue=queue if queue in QUEUES else None)
    if task is None:
        messages.info(request, "All clear: nothing waits for you in that queue.")
        return go(request, "review")
    return go(request, "task", task.public_id)


def _claim_named(request: PageRequest, by: Actor, task: ReviewTask) -> HttpResponse:
    try:
        claim_task(task=task, by=by)
    except (LeaseLostError, NotAllowedError) as error:
        messages.info(request, str(error))
    return go(request, "task", task.public_id)


@require_safe
@moderator_only
def task(request: PageRequest, public_id: str) -> HttpResponse:
    """Show one task: to decide by its holder, to read by others."""
    found = task_for(request, public_id)
    return screen(request, found)


def screen(
    request: PageRequest,
    found: ReviewTask,
    *,
    problems: tuple[Problem, ...] = (),
    notice: str = "",
    say: str = "",
    record: Record | None = None,
    status: int = 200,
) -> HttpResponse:
    """Render the review screen of a task, as a page or as the part htmx swaps."""
    context = screen_context(request, read_task(found.pk))
    context |= {
        "problems": problems,
        "notice": notice,
        "say": say,
        "record": record,
    }
    template = "review/_screen.html" if request.htmx else "review/task.html"
    response = page(request, template, context, status=status)
    if request.htmx:
        response["HX-Push-Url"] = reverse("web:task", args=[found.public_id])
        response["HX-Retarget"], response["HX-Reswap"] = "#review", "outerHTML"
    return response


def screen_context(request: PageRequest, found: ReviewTask) -> dict[str, Any]:
    """Return everything the review screen's templates read."""
    by, now = actor_of(request), timezone.now()
    seen = screen_of(found)
    picks = picks_of(seen, {})
    is_mine = found.state == TaskState.CLAIMED and found.claimed_by == by.user
    waiting = recent.waiting_in(found.kind)
    decision = None
    if found.state == TaskState.RESOLVED:
        decision = found.decisions.select_related("moderator").order_by("-id").first()
    return {
        "screen": seen,
        "task": found,
        "submission": found.submission,
        "is_mine": is_mine,
        "sentence": consequence(seen, picks),
        "hint": hint_of(picks),
        "can_claim": found.state == TaskState.OPEN,
        "decision": decision,
        "waiting": waiting,
        "reveal": reveal_of(found, by.user),
        "undo": recent.undoable(by, now),
        "session": recent.session_of(by, now),
        "precedents": recent.precedents_of(
            code=seen.clause.code if seen.clause else "",
            category=seen.shown.category,
            other_than_listing=found.submission.listing_id,
        ),
    }
