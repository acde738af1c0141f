"""The admin's first page: four questions answered, and the kill switch."""

from django.contrib import messages
from django.http import HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from moderation.models import Mode
from moderation.rollout.mode import NoteMissingError, set_mode
from moderation.states import ModeKind
from moderation.web import ops_read
from moderation.web.access import actor_of, admin_only, overseer_only
from moderation.web.http import PageRequest, go, page

MODES = (
    (
        ModeKind.AUTOMATIC,
        "Automatic",
        "Clear listings go live by themselves; doubtful ones reach people.",
    ),
    (
        ModeKind.HUMANS_ONLY,
        "Humans only",
        "Nothing goes live without a person. The model still fills in the screen.",
    ),
    (
        ModeKind.CLOSED,
        "Intake closed",
        'New listings are answered "try again later". What waits is still reviewed.',
    ),
)


@require_safe
@overseer_only
def overview(request: PageRequest) -> HttpResponse:
    """Show what failed, whether the queue is on time, what was spent, the mode."""
    now = timezone.now()
    newest = Mode.objects.order_by("-id").first()
    mode = newest.mode if newest else ModeKind.AUTOMATIC
    context = {
        "now": now,
        "failures": ops_read.failures(now),
        "queue": ops_read.queue(now),
        "spend": ops_read.spend(now),
        "automation": ops_read.automation(now),
        "modes": MODES,
        "mode": mode,
        "mode_row": newest,
        "mode_name": next(name for value, name, _ in MODES if value == mode),
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
