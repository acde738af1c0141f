"""The thread of one decision: what it changed, which case it became, who is right."""

from django.contrib import messages
from django.http import HttpResponse
from django.views.decorators.http import require_safe

from moderation.evals.thread import thread_of
from moderation.models import Appeal
from moderation.review.fields import LABELS
from moderation.states import TaskState
from moderation.web.access import decision_for, staff_only
from moderation.web.http import PageRequest, go, page


@require_safe
@staff_only
def decision(request: PageRequest, public_id: str) -> HttpResponse:
    """Show a decision with everything that hangs on it."""
    row = decision_for(request, public_id)
    if (
        row.looked_at_by.filter(is_blind=True)
        .exclude(state=TaskState.RESOLVED)
        .exists()
    ):
        # Whoever reads it now could not answer the check blindly.
        messages.info(request, "A spot check of it is open: it is shown once answered.")
        return go(request, "history" if request.viewer.is_moderator else "ops")
    thread = thread_of(row)
    submission = row.submission
    context = {
        "decision": row,
        "submission": submission,
        "title": (submission.tidied or {}).get("title") or submission.public_id,
        "thread": thread,
        "corrections": [
            (
                LABELS.get(c.field, c.field.capitalize()),
                _words(c.before),
                _words(c.after),
            )
            for c in thread.corrections
        ],
        "deliveries": row.deliveries.select_related("endpoint").order_by("id"),
        "appeal": Appeal.objects.filter(decision=row).first(),
        "later": row.overridden_by.order_by("id"),
    }
    return page(request, "evals/decision.html", context, here="history")


def _words(value: object) -> str:
    """Return a stored value as a reader sees it."""
    if isinstance(value, dict):
        return ", ".join(f"{name}: {text}" for name, text in value.items())
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "none"
    return str(value).replace("_", " ") if value else "none"
