"""A moderator's own decisions. Nobody else's, and no league of them."""

from django.http import HttpResponse
from django.views.decorators.http import require_safe

from moderation.review.recent import undoable
from moderation.web.access import actor_of, moderator_only
from moderation.web.http import PageRequest, page
from moderation.web.review_read import decision_rows


@require_safe
@moderator_only
def history(request: PageRequest) -> HttpResponse:
    """Show one's own decisions, newest first, with what can still be undone."""
    after = request.GET.get("after", "")
    by = actor_of(request)
    rows, cursor = decision_rows(by, undo=undoable(by), after=after)
    context = {"rows": rows, "cursor": cursor, "is_first": not after}
    return page(request, "review/history.html", context, here="history")
