"""The switch: start, watch, advance, hold and stop a rollout.

Calls the verbs of moderation.rollout and shows their refusals; decides nothing. Stop
is one click from its page and works whatever else happened.
"""

from collections.abc import Callable

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.utils import timezone
from django.views.decorators.http import (
    require_http_methods,
    require_POST,
    require_safe,
)

from moderation.models import PipelineVersion, Rollout
from moderation.prompts import UnknownPromptError
from moderation.rollout import brake, stages
from moderation.rollout.ahead import ahead_of
from moderation.rollout.refusals import RolloutError, StaleRolloutError
from moderation.web import rollout_read
from moderation.web.access import actor_of, admin_only, fresh_sign_in, overseer_only
from moderation.web.http import PageRequest, go, page


@require_safe
@overseer_only
def rollouts(request: PageRequest) -> HttpResponse:
    """Show the rollout under way or the form that starts one, and past ones."""
    return page(request, "rollout/list.html", rollout_read.overview(), here="rollouts")


@require_POST
@admin_only
def start_rollout(request: PageRequest) -> HttpResponse:
    """Start a candidate in shadow."""
    name = request.POST.get("candidate", "")
    candidate = PipelineVersion.objects.filter(name=name).first()
    if candidate is None:
        messages.warning(request, "Choose the version that may take over.")
        return go(request, "rollouts")
    try:
        made = stages.start(
            candidate=candidate,
            by=actor_of(request),
            note=request.POST.get("note", ""),
            pilots=request.POST.get("pilots", "").replace(",", " ").split(),
            request_id=request.request_id,
        )
    except (RolloutError, UnknownPromptError) as error:
        messages.error(request, str(error), extra_tags="bad")
        return go(request, "rollouts")
    words = f"{candidate.name} looks on from now. It has no effect on any listing."
    messages.success(request, words, extra_tags="ok")
    return go(request, "rollout", made.public_id)


@require_safe
@overseer_only
def rollout(request: PageRequest, public_id: str) -> HttpResponse:
    """Show one rollout: where it stands, how it does, what an advance would change."""
    row = _found(public_id)
    context = rollout_read.whole(row, timezone.now())
    return page(request, "rollout/show.html", context, here="rollouts")


@require_safe
@overseer_only
def panel(request: PageRequest, public_id: str) -> HttpResponse:
    """Show the parts of the page that renew themselves."""
    row = _found(public_id)
    if not request.htmx:
        return go(request, "rollout", public_id)
    context = rollout_read.whole(row, timezone.now())
    return page(request, "rollout/_panel.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@admin_only
@fresh_sign_in
def advance_rollout(request: PageRequest, public_id: str) -> HttpResponse:
    """Repeat what an advance changes; move the rollout once that is accepted."""
    row = _found(public_id)
    if request.method != "POST":
        return _advance_page(request, row, 200)
    try:
        done = stages.advance(
            rollout=row,
            revision=_revision(request),
            by=actor_of(request),
            note=_long_enough(request),
            override="override" in request.POST,
            figures=_figures(row),
            request_id=request.request_id,
        )
    except StaleRolloutError as error:
        return _advance_page(request, _found(public_id), 409, str(error))
    except RolloutError as error:
        return _advance_page(request, _found(public_id), 422, str(error))
    if done.is_pending:
        words = "Written down. Another admin has to confirm before anything moves."
    else:
        words = (
            f"{row.candidate.name} moved to {rollout_read.stage_name(done.rollout)}."
        )
    messages.success(request, words, extra_tags="ok")
    return go(request, "rollout", public_id)


@require_POST
@admin_only
def hold_rollout(request: PageRequest, public_id: str) -> HttpResponse:
    """Hold the rollout at its stage, or end the hold."""
    row, on = _found(public_id), request.POST.get("on") != "0"
    return _done(
        request,
        row,
        lambda: brake.hold(
            rollout=row,
            by=actor_of(request),
            on=on,
            revision=_revision(request),
            note=request.POST.get("note", ""),
            request_id=request.request_id,
        ),
        "Held at this stage." if on else "The hold is ended.",
    )


@require_POST
@admin_only
def stop_rollout(request: PageRequest, public_id: str) -> HttpResponse:
    """Give everyone back to the baseline at once; no note and no revision needed."""
    row = _found(public_id)
    return _done(
        request,
        row,
        lambda: brake.stop(
            rollout=row,
            by=actor_of(request),
            note=request.POST.get("note", ""),
            request_id=request.request_id,
        ),
        f"{row.candidate.name} is stopped. {row.baseline.name} judges everyone, in "
        "every process.",
    )


@require_POST
@admin_only
def note(request: PageRequest, public_id: str) -> HttpResponse:
    """Say afterwards why it was stopped."""
    row = _found(public_id)
    return _done(
        request,
        row,
        lambda: brake.add_note(
            rollout=row,
            by=actor_of(request),
            note=request.POST.get("note", ""),
            request_id=request.request_id,
        ),
        "The reason is in the audit log.",
    )


@require_POST
@admin_only
@fresh_sign_in
def resume_rollout(request: PageRequest, public_id: str) -> HttpResponse:
    """Take a stopped rollout up again at the first percentage."""
    row = _found(public_id)
    return _done(
        request,
        row,
        lambda: stages.resume(
            rollout=row,
            revision=_revision(request),
            by=actor_of(request),
            note=request.POST.get("note", ""),
            override="override" in request.POST,
            request_id=request.request_id,
        ),
        "Done. If a second admin is needed, they have to confirm it.",
    )


@require_POST
@admin_only
@fresh_sign_in
def complete_rollout(request: PageRequest, public_id: str) -> HttpResponse:
    """Make the candidate what serves from now on."""
    row = _found(public_id)
    return _done(
        request,
        row,
        lambda: stages.complete(
            rollout=row,
            revision=_revision(request),
            by=actor_of(request),
            note=request.POST.get("note", ""),
            request_id=request.request_id,
        ),
        f"{row.candidate.name} serves everyone.",
    )


@require_POST
@admin_only
def close_rollout(request: PageRequest, public_id: str) -> HttpResponse:
    """Give a stopped rollout up for good."""
    row = _found(public_id)
    return _done(
        request,
        row,
        lambda: stages.close(
            rollout=row,
            revision=_revision(request),
            by=actor_of(request),
            note=request.POST.get("note", ""),
            request_id=request.request_id,
        ),
        "The rollout is closed.",
    )


def _done(
    request: PageRequest, row: Rollout, verb: Callable[[], object], words: str
) -> HttpResponse:
    """Call a verb; say what came of it on the rollout's page.

    A refusal shows the page as it is now, with 409.
    """
    try:
        verb()
    except RolloutError as error:
        fresh = _found(row.public_id)
        context = {**rollout_read.whole(fresh, timezone.now()), "refusal": str(error)}
        return page(request, "rollout/show.html", context, here="rollouts", status=409)
    messages.success(request, words, extra_tags="ok")
    return go(request, "rollout", row.public_id)


def _advance_page(
    request: PageRequest, row: Rollout, status: int, refusal: str = ""
) -> HttpResponse:
    context = {
        **rollout_read.whole(row, timezone.now()),
        "refusal": refusal,
        "note": request.POST.get("note", ""),
    }
    return page(
        request, "rollout/advance.html", context, here="rollouts", status=status
    )


def _figures(row: Rollout) -> dict[str, object]:
    ahead = ahead_of(row, timezone.now())
    return ahead.as_dict() if ahead else {}


def _long_enough(request: PageRequest) -> str:
    """Return the note; one that is too short counts as none."""
    note = request.POST.get("note", "").strip()
    return note if len(note) >= rollout_read.NOTE else ""


def _revision(request: PageRequest) -> int:
    """Return the revision of the form; a broken one is as stale as an old one."""
    text = request.POST.get("revision", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else -1


def _found(public_id: str) -> Rollout:
    row = (
        Rollout.objects.select_related("candidate", "baseline")
        .filter(public_id=public_id)
        .first()
    )
    if row is None:
        raise Http404
    return row
