"""The request as a page sees it, and the ways to answer it.

Decides page or fragment, and how a redirect travels to htmx. Knows no listing.
"""

from typing import Any

from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django_htmx.http import HttpResponseClientRedirect
from django_htmx.middleware import HtmxDetails

from moderation.web.viewer import Viewer


class SeeOther(HttpResponseRedirect):
    """A redirect that is always followed with a GET."""

    status_code = 303


class PageRequest(HttpRequest):
    """A request that has passed the middleware and a role decorator."""

    user: User
    htmx: HtmxDetails
    request_id: str
    viewer: Viewer


def page(
    request: PageRequest,
    template: str,
    context: dict[str, Any] | None = None,
    *,
    here: str = "",
    status: int = 200,
) -> HttpResponse:
    """Render a page or a fragment with its viewer; `here` names the place in the nav.

    Private by default: what one account sees no cache may give to another.
    """
    data = {"viewer": request.viewer, "here": here, **(context or {})}
    response = render(request, template, data, status=status)
    response["Cache-Control"] = "private, no-store"
    patch_vary_headers(response, ["HX-Request"])
    return response


def go(request: PageRequest, name: str, *args: object) -> HttpResponse:
    """Redirect with 303, or by header when htmx posted, so both follow with a GET."""
    url = reverse(f"web:{name}", args=args)
    return go_to(request, url)


def go_to(request: PageRequest, url: str) -> HttpResponse:
    """Redirect to an address of ours with 303, or by header when htmx posted."""
    if request.htmx:
        return HttpResponseClientRedirect(url)
    return SeeOther(url)
