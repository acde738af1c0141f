"""The developer's pages: addresses that are told, and what was said to each.

A secret is shown on the page after it was made, once.
"""

from django.contrib import messages
from django.http import HttpResponse
from django.utils import timezone
from django.views.decorators.http import (
    require_http_methods,
    require_POST,
    require_safe,
)

from moderation.content import Problem
from moderation.delivery import endpoints
from moderation.delivery.endpoints import EndpointRefusedError
from moderation.delivery.messages import EVENTS
from moderation.models import WebhookEndpoint
from moderation.web import developers_read
from moderation.web.access import (
    actor_of,
    delivery_for,
    endpoint_for,
    merchant_of,
    merchant_only,
)
from moderation.web.http import PageRequest, go, page

# Where a new secret waits in the session for the one page that shows it.
SESSION_SECRET = "webhook_secret"


@require_http_methods(["GET", "HEAD", "POST"])
@merchant_only
def webhooks(request: PageRequest) -> HttpResponse:
    """Show the addresses that are told and the form for one more, or add it."""
    if request.method != "POST":
        return _list(request)
    events = request.POST.getlist("events")
    url = request.POST.get("url", "").strip()
    if not url:
        missing = Problem("url", "required", "Write the address, with https://.")
        return _list(request, (missing,), url, events)
    try:
        made = endpoints.create_endpoint(
            merchant=merchant_of(request),
            url=url,
            # Everything ticked means whatever there will be, too.
            events=() if set(events) >= set(EVENTS) else events,
            by=actor_of(request),
            request_id=request.request_id,
        )
    except EndpointRefusedError as error:
        return _list(request, error.problems, url, events)
    return _show_secret(request, made, "Added. Send a test to see it arrive.")


def _list(
    request: PageRequest,
    problems: tuple[Problem, ...] = (),
    url: str = "",
    events: list[str] | None = None,
) -> HttpResponse:
    chosen = EVENTS if events is None else events
    context = {
        "endpoints": developers_read.rows_of(merchant_of(request)),
        "events": [(event, event in chosen) for event in EVENTS],
        "url": url,
        "problems": problems,
        "example": developers_read.EXAMPLE_TEXT,
    }
    status = 422 if problems else 200
    template = "developers/webhooks.html"
    return page(request, template, context, here="webhooks", status=status)


@require_safe
@merchant_only
def webhook(request: PageRequest, public_id: str) -> HttpResponse:
    """Show one address: its secret's age, what was sent, and one message in full."""
    endpoint = endpoint_for(request, public_id)
    now = timezone.now()
    new = request.session.get(SESSION_SECRET) or {}
    secret = ""
    if new.get("id") == endpoint.public_id:
        secret = new["secret"]
        del request.session[SESSION_SECRET]
    until = endpoint.old_secret_until
    context = {
        "endpoint": endpoint,
        "subscribed": endpoint.events or list(EVENTS),
        "secret": secret,
        "rolling_until": until if until and until > now else None,
        "paused_until": endpoint.open_until
        if endpoint.open_until and endpoint.open_until > now
        else None,
        **developers_read.log_of(
            endpoint,
            tab=request.GET.get("status", ""),
            after=request.GET.get("after", ""),
            chosen=request.GET.get("open", ""),
        ),
    }
    return page(request, "developers/webhook.html", context, here="webhooks")


@require_POST
@merchant_only
def test(request: PageRequest, public_id: str) -> HttpResponse:
    """Send a test message."""
    endpoint = endpoint_for(request, public_id)
    try:
        endpoints.send_test(
            endpoint=endpoint, by=actor_of(request), request_id=request.request_id
        )
    except EndpointRefusedError as error:
        messages.info(request, str(error))
    else:
        words = "A test is on its way. Load the page again to see the answer."
        messages.success(request, words, extra_tags="ok")
    return go(request, "webhook", public_id)


@require_POST
@merchant_only
def roll(request: PageRequest, public_id: str) -> HttpResponse:
    """Make a new secret beside the old one."""
    endpoint = endpoint_for(request, public_id)
    rolled = endpoints.roll_secret(
        endpoint=endpoint, by=actor_of(request), request_id=request.request_id
    )
    return _show_secret(request, rolled, "Rolled. Both secrets sign for 24 hours.")


@require_POST
@merchant_only
def switch(request: PageRequest, public_id: str) -> HttpResponse:
    """Switch an address on or off."""
    endpoint = endpoint_for(request, public_id)
    enabled = request.POST.get("enabled") == "on"
    endpoints.set_enabled(
        endpoint=endpoint,
        enabled=enabled,
        by=actor_of(request),
        reason="" if enabled else "Switched off by you.",
        request_id=request.request_id,
    )
    said = "Switched on. What waited is sent." if enabled else "Switched off."
    messages.success(request, said, extra_tags="ok")
    return go(request, "webhook", public_id)


@require_POST
@merchant_only
def delete(request: PageRequest, public_id: str) -> HttpResponse:
    """Call an address no more."""
    endpoint = endpoint_for(request, public_id)
    endpoints.delete_endpoint(
        endpoint=endpoint, by=actor_of(request), request_id=request.request_id
    )
    messages.success(request, f"Deleted: {endpoint.url}", extra_tags="ok")
    return go(request, "webhooks")


@require_POST
@merchant_only
def send_again(request: PageRequest, public_id: str) -> HttpResponse:
    """Send a message once more, as a new delivery."""
    delivery = delivery_for(request, public_id)
    assert delivery.endpoint is not None
    try:
        endpoints.resend(
            delivery=delivery, by=actor_of(request), request_id=request.request_id
        )
    except EndpointRefusedError as error:
        messages.info(request, str(error))
    else:
        words = "On its way again, under the same event id."
        messages.success(request, words, extra_tags="ok")
    return go(request, "webhook", delivery.endpoint.public_id)


def _show_secret(
    request: PageRequest, endpoint: WebhookEndpoint, said: str
) -> HttpResponse:
    request.session[SESSION_SECRET] = {
        "id": endpoint.public_id,
        "secret": endpoint.secret,
    }
    messages.success(request, said, extra_tags="ok")
    return go(request, "webhook", endpoint.public_id)
