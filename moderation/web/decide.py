"""What a moderator does with a task: decide, undo, skip, escalate, keep the hold.

Each view parses, calls one verb, and shows the next task. A used or lost hold is
answered with what stands instead, never with an error.
"""

from collections.abc import Mapping
from uuid import UUID

from django.contrib import messages
from django.db.models import Q
from django.http import Http404, HttpResponse
from django.views.decorators.http import (
    require_http_methods,
    require_POST,
    require_safe,
)

from moderation.access.actor import Actor
from moderation.content import Problem
from moderation.models import Decision, ReviewTask
from moderation.review import queue as work
from moderation.review.decide import (
    AlreadyDecidedError,
    InvalidDecisionError,
    TooLateError,
    decide,
    undo,
)
from moderation.review.escalate import escalate
from moderation.review.queue import LeaseLostError, NotAllowedError, claim_next
from moderation.review.screen import queue_of, ranked_clauses, read_task, screen_of
from moderation.states import Outcome, TaskKind
from moderation.web.access import actor_of, moderator_only, task_for
from moderation.web.http import PageRequest, go, page
from moderation.web.picks import consequence, hint_of, picks_of
from moderation.web.review import screen

ESCALATIONS = (
    "The policy is unclear here",
    "It needs somebody who knows the goods",
    "It may be dangerous or illegal",
    "I should not decide this one",
)
SAID = {
    Outcome.APPROVED: "Approved",
    Outcome.CHANGES_NEEDED: "Changes asked",
    Outcome.REJECTED: "Rejected",
}


def _token(request: PageRequest) -> UUID:
    """Return the hold's token; one that is no UUID belongs to nobody."""
    try:
        return UUID(request.POST.get("lease_token", ""))
    except ValueError:
        return UUID(int=0)


def _next(request: PageRequest, done: ReviewTask, said: str) -> HttpResponse:
    """Lease and show the next task of the same queue, or go back to the queues."""
    queue = queue_of(done)
    following = claim_next(by=actor_of(request), queue=queue.slug if queue else None)
    if following is None:
        messages.success(request, f"{said}. Nothing more waits here.", extra_tags="ok")
        return go(request, "review")
    if not request.htmx:
        return go(request, "task", following.public_id)
    title = screen_of(read_task(following.pk)).title
    return screen(request, following, say=f"{said}. Next: {title}")


def _lost(
    request: PageRequest, found: ReviewTask, error: LeaseLostError
) -> HttpResponse:
    notice = str(error)
    if isinstance(error, AlreadyDecidedError):
        at = (error.task.resolved_at or error.decision.decided_at).strftime("%H:%M:%S")
        said = SAID[Outcome(error.decision.outcome)]
        notice = f"{said} already at {at} UTC. Nothing was sent twice."
    return screen(request, found, notice=notice, status=409)


@require_POST
@moderator_only
def decide_task(request: PageRequest, public_id: str) -> HttpResponse:
    """Approve, ask for changes or reject, and go on to the next task."""
    found = task_for(request, public_id)
    outcome = request.POST.get("outcome", "")
    if outcome not in list(Outcome):
        problem = Problem("outcome", "required", "Choose what to decide.")
        return screen(request, found, problems=(problem,), status=422)
    approving = outcome == Outcome.APPROVED
    shown = screen_of(read_task(found.pk))
    picks = picks_of(shown, request.POST)
    if approving and picks.unsettled:
        problems = tuple(
            Problem(f.name, "unsettled", f"Pick the {f.label.lower()} first.")
            for f in picks.unsettled
        )
        return screen(request, found, problems=problems, status=422)
    clauses = request.POST.getlist("clauses")
    try:
        decision = decide(
            task=found,
            by=actor_of(request),
            lease_token=_token(request),
            outcome=Outcome(outcome),
            clauses=clauses,
            corrections=picks.corrections if approving else None,
            statement=request.POST.get("statement", ""),
            note=request.POST.get("note", ""),
            request_id=request.request_id,
        )
    except InvalidDecisionError as error:
        return screen(request, found, problems=error.problems, status=422)
    except LeaseLostError as error:
        return _lost(request, found, error)
    said = SAID[Outcome(decision.outcome)]
    if found.kind == TaskKind.SPOT_CHECK:
        return _revealed(request, found)
    return _next(request, found, said)


def _revealed(request: PageRequest, found: ReviewTask) -> HttpResponse:
    """Show what the model had said of the spot check that was just answered."""
    if not request.htmx:
        return go(request, "task", found.public_id)
    return screen(request, found, say="Checked. What the model had said is shown.")


@require_POST
@moderator_only
def undo_decision(request: PageRequest, public_id: str) -> HttpResponse:
    """Take back a decision or a skip, and return to its task."""
    found, by = task_for(request, public_id), actor_of(request)
    code = request.POST.get("decision", "")
    try:
        if code:
            decision = Decision.objects.filter(
                Q(task=found) | Q(looked_at_by=found), public_id=code
            ).first()
            if decision is None:
                raise Http404
            undo(decision=decision, by=by, request_id=request.request_id)
        else:
            work.claim_task(task=found, by=by)
    except (TooLateError, LeaseLostError, NotAllowedError) as error:
        messages.info(request, str(error))
        return go(request, "review")
    _give_back_held(request, by)
    if not request.htmx:
        return go(request, "task", found.public_id)
    return screen(request, found, say="Undone. It is yours again.")


def _give_back_held(request: PageRequest, by: Actor) -> None:
    """Release the task that was on the screen when undo was pressed."""
    held = ReviewTask.objects.filter(public_id=request.POST.get("held", "")).first()
    if held is None:
        return
    try:
        work.release(task=held, by=by, lease_token=_token(request))
    except LeaseLostError:
        return


@require_POST
@moderator_only
def skip_task(request: PageRequest, public_id: str) -> HttpResponse:
    """Pass a task by; it comes back to others at once and to oneself later."""
    found = task_for(request, public_id)
    reason = request.POST.get("reason", "")[:200]
    try:
        work.skip(
            task=found,
            by=actor_of(request),
            lease_token=_token(request),
            reason=reason,
        )
    except LeaseLostError as error:
        return _lost(request, found, error)
    return _next(request, found, "Skipped")


@require_POST
@moderator_only
def release_task(request: PageRequest, public_id: str) -> HttpResponse:
    """Give a task back undone, and go to the queues."""
    found = task_for(request, public_id)
    try:
        work.release(task=found, by=actor_of(request), lease_token=_token(request))
    except LeaseLostError as error:
        messages.info(request, str(error))
    return go(request, "review")


@require_http_methods(["GET", "HEAD", "POST"])
@moderator_only
def escalate_task(request: PageRequest, public_id: str) -> HttpResponse:
    """Show why one may ask a senior moderator, or ask."""
    found = task_for(request, public_id)
    if request.method != "POST":
        return _panel(request, found, "escalate", {"whys": ESCALATIONS})
    reason = request.POST.get("reason", "").strip()[:200] or ESCALATIONS[0]
    try:
        escalate(
            task=found, by=actor_of(request), lease_token=_token(request), reason=reason
        )
    except LeaseLostError as error:
        return _lost(request, found, error)
    return _next(request, found, "Escalated")


@require_safe
@moderator_only
def reject(request: PageRequest, public_id: str) -> HttpResponse:
    """Show the clauses to reject under, ranked or searched, with the message."""
    found = task_for(request, public_id)
    words = request.GET.get("q", "").strip()[:80]
    seen = screen_of(read_task(found.pk))
    context = {"ranked": ranked_clauses(seen, words), "words": words}
    if request.htmx and request.htmx.target == "codes":
        return page(request, "review/_codes.html", {**context, "screen": seen})
    return _panel(request, found, "reject", context)


def _panel(
    request: PageRequest, found: ReviewTask, name: str, context: Mapping[str, object]
) -> HttpResponse:
    """Render a panel: beside the task for htmx, else as its own page."""
    current = read_task(found.pk)
    is_mine = current.claimed_by == request.user
    data = {
        "task": current,
        "screen": screen_of(current),
        "is_mine": is_mine,
        **context,
    }
    template = f"review/_{name}.html" if request.htmx else "review/panel.html"
    return page(request, template, {**data, "panel": f"review/_{name}.html"})


@require_safe
@moderator_only
def effect(request: PageRequest, public_id: str) -> HttpResponse:
    """Say in one sentence what approving would do with the picks so far."""
    seen = screen_of(read_task(task_for(request, public_id).pk))
    picks = picks_of(seen, request.GET)
    context = {"sentence": consequence(seen, picks), "hint": hint_of(picks)}
    return page(request, "review/_effect.html", context)


@require_POST
@moderator_only
def lease(request: PageRequest, public_id: str) -> HttpResponse:
    """Renew the hold of a moderator at work; say so when it is lost."""
    found = task_for(request, public_id)
    try:
        held = work.heartbeat(
            task=found, by=actor_of(request), lease_token=_token(request)
        )
    except LeaseLostError as error:
        context = {"task": found, "lost": str(error)}
        return page(request, "review/_lease.html", context, status=409)
    if not request.htmx:
        return go(request, "task", found.public_id)
    return page(request, "review/_lease.html", {"task": held})
