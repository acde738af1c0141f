"""Sending a listing by form, and how it will read before it is sent.

Parses, calls the intake's verb, and shows its problems beside their inputs. The
preview runs the same cleaning and the same quality rules, and stores nothing.
"""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.views.decorators.http import require_http_methods, require_POST

from moderation.content import Content, Problem
from moderation.intake.check import RefusedError
from moderation.intake.sanitize import sanitize
from moderation.intake.submit import BusyError, submit
from moderation.intake.validate import validate
from moderation.standardise.standard import Standardised, standardise
from moderation.states import Source
from moderation.web import forms, statement
from moderation.web.access import actor_of, listing_for, merchant_of, merchant_only
from moderation.web.http import PageRequest, go, page


@require_http_methods(["GET", "HEAD", "POST"])
@merchant_only
def new(request: PageRequest) -> HttpResponse:
    """Show the form, or send what was typed; a preview button needs no script."""
    if request.method != "POST":
        return page(request, "merchant/new.html", _context({}), here="listing-new")
    data = forms.typed(request.POST)
    if "preview" in request.POST:
        context = _context(data) | preview_of(data)
        return page(request, "merchant/new.html", context, here="listing-new")
    return _send(request, data, "merchant/new.html", "listing-new")


@require_POST
@merchant_only
def again(request: PageRequest, public_id: str) -> HttpResponse:
    """Send a listing again as its next version."""
    found = listing_for(request, public_id)
    data = {**forms.typed(request.POST), "external_id": found.external_id}
    return _send(request, data, "merchant/again.html", "listings", found.public_id)


@require_POST
@merchant_only
def preview(request: PageRequest) -> HttpResponse:
    """Show how the listing will read; without htmx, the whole page with it."""
    data = forms.typed(request.POST)
    context = preview_of(data)
    if request.htmx:
        return page(request, "merchant/_preview.html", context)
    context |= _context(data)
    return page(request, "merchant/new.html", context, here="listing-new")


def _send(
    request: PageRequest, data: dict[str, Any], template: str, here: str, at: str = ""
) -> HttpResponse:
    try:
        submitted = submit(
            merchant=merchant_of(request),
            data=data,
            source=Source.FORM,
            by=actor_of(request),
            request_id=request.request_id,
        )
    except RefusedError as error:
        seen = preview_of(data)
        problems = tuple(dict.fromkeys((*error.problems, *seen["problems_seen"])))
        context = seen | _context(data, problems) | {"at": at}
        return page(request, template, context, here=here, status=422)
    except BusyError as error:
        context = _context(data) | {"busy": str(error), "at": at}
        response = page(request, template, context, here=here, status=503)
        response["Retry-After"] = str(error.retry_after_s)
        return response
    if not submitted.created:
        messages.info(request, "That is what you sent before, so nothing changed.")
    return go(request, "listing", submitted.submission.listing.public_id)


def _context(
    data: dict[str, Any], problems: tuple[Problem, ...] = ()
) -> dict[str, Any]:
    return {
        "form": forms.entries(forms.values_of(data), problems),
        "problems": [
            (forms.input_of(p.field), forms.LABELS[forms.input_of(p.field)], p)
            for p in problems
        ],
        "currencies": forms.CURRENCIES,
        "conditions": forms.CONDITIONS,
    }


def preview_of(data: dict[str, Any]) -> dict[str, Any]:
    """Return how typed data will read: content, changes and what is in the way."""
    cleaned, removed = sanitize(data)
    validated = validate({"external_id": "preview", **cleaned}, unknown="ignore")
    raw = validated.content or Content.from_dict(cleaned)
    made: Standardised = standardise(raw)
    asked = tuple(p for p in validated.problems if p.field != "external_id")
    problems = (*asked, *made.refusals)
    unread = {forms.input_of(p.field) for p in problems} & {"price", "currency"}
    price = f"{made.content.price} {made.content.currency}".strip()
    return {
        "price": "" if unread or not made.content.price else price,
        "raw": raw,
        "reads": made.content,
        "changes": [c for c in (*removed, *made.changes) if not c.silent],
        "requests": made.requests,
        "asks": made.asks,
        "problems_seen": problems,
        "in_the_way": [(forms.LABELS[forms.input_of(p.field)], p) for p in problems],
        "differences": statement.differences(raw, made.content),
        "has_preview": bool(data),
    }
