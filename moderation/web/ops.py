"""The admin's first page: six questions answered, and the kill switch."""

from datetime import timedelta

from django.contrib import messages
from django.http import HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from moderation import ledger
from moderation.models import Mode, Submission
from moderation.rollout.mode import NoteMissingError, set_mode
from moderation.states import ModeKind
from moderation.web import ops_read
from moderation.web.access import actor_of, admin_only, overseer_only
from moderation.web.http import PageRequest, go, page
from moderation.web.ops_mode import choices
from moderation.web.ops_promise import promise


@require_safe
@overseer_only
def overview(request: PageRequest) -> HttpResponse:
    """Answer the six questions, each with its sample, and show what a mode costs."""
    now = timezone.now()
    newest = Mode.objects.order_by("-id").first()
    mode = newest.mode if newest else ModeKind.AUTOMATIC
    queue, automation = ops_read.queue(now), ops_read.automation(now)
    received = Submission.objects.filter(received_at__gt=now - timedelta(days=1))
    modes = choices(now, queue, automation, received.count())
    seals = ledger.waiting()
    context = {
        "now": now,
        "failures": ops_read.failures(now),
        "promise": promise(now),
        "queue": queue,
        "spend": ops_read.spend(now),
        "automation": automation,
        "rollout": ops_read.rollout(),
        "unsealed": seals if seals.is_long(now) else None,
        "modes": modes,
        "mode": mode,
        "mode_row": newest,
        "mode_name": next(choice.name for choice in modes if choice.value == mode),
    }
    return page(request, "ops/overview.html", context, here="ops")


@require_POST
@admin_only
def change_mode(request: PageRequest) -> HttpResponse:
    """Put a mode in force, with the note that the audit log keeps."""
    wanted = request.POST.get("mode", "")
    if wanted not in list(ModeKind):
        messages.warning(request, "Choose one of the three modes.")
        return go(request, "ops")
    try:
        row = set_mode(
            mode=ModeKind(wanted),
            note=request.POST.get("note", ""),
            by=actor_of(request),
            request_id=request.request_id,
        )
    except NoteMissingError as error:
        messages.error(request, str(error), extra_tags="bad")
    else:
        words = f"Mode is {row.mode.replace('_', ' ')}. It holds everywhere at once."
        messages.success(request, words, extra_tags="ok")
    return go(request, "ops")
