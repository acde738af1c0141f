"""The merchant's page to disagree: what was decided, why it is wrong, sent once."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from moderation.content import Problem
from moderation.delivery.statement import appeal_until
from moderation.intake.check import RefusedError
from moderation.models import Listing, Submission
from moderation.review.appeals import (
    MAX_TEXT,
    AppealRefusedError,
    open_appeal,
    why_not,
)
from moderation.web import merchant_read, statement
from moderation.web.access import actor_of, listing_for, merchant_only
from moderation.web.http import PageRequest, go, page


@require_http_methods(["GET", "HEAD", "POST"])
@merchant_only
def appeal(request: PageRequest, public_id: str) -> HttpResponse:
    """Show the refusal with the form, or send the appeal."""
    listing = listing_for(request, public_id)
    newest = get_object_or_404(listing.submissions.order_by("-version")[:1])
    if request.method != "POST":
        return _form(request, listing, newest)
    text = request.POST.get("text", "").replace("\r\n", "\n")
    quote = request.POST.get("quote", "")
    try:
        open_appeal(
            submission=newest,
            text=text,
            quote=quote,
            by=actor_of(request),
            request_id=request.request_id,
        )
    except RefusedError as error:
        return _form(request, listing, newest, text, error.problems)
    except AppealRefusedError as error:
        messages.info(request, str(error))
        return go(request, "listing", public_id)
    words = "Sent. Another person than the first looks at it within a day."
    messages.success(request, words, extra_tags="ok")
    return go(request, "listing", public_id)


def _form(
    request: PageRequest,
    listing: Listing,
    newest: Submission,
    text: str = "",
    problems: tuple[Problem, ...] = (),
) -> HttpResponse:
    now = timezone.now()
    blocked = why_not(newest, now)
    if blocked:
        messages.info(request, blocked)
        return go(request, "listing", listing.public_id)
    found = merchant_read.with_decision(
        Submission.objects.filter(pk=newest.pk), now
    ).get()
    row = merchant_read.row_of(found, now)
    assert row.decision is not None
    context = {
        "listing": listing,
        "row": row,
        "statement": statement.of(found, row.decision),
        "until": appeal_until(row.decision),
        "text": text,
        "problems": problems,
        "most": MAX_TEXT,
    }
    status = 422 if problems else 200
    return page(
        request, "merchant/appeal.html", context, here="listings", status=status
    )
