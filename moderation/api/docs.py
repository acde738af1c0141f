"""The pages about the API: its documentation, and one page a kind of problem.

Decides nothing. All scripts and styles come from this server; nothing is inline.
"""

from collections.abc import Callable
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import URLPattern, path
from django.views.decorators.http import require_safe
from ninja import NinjaAPI
from ninja.openapi.docs import DocsBase

from moderation.api.problems import KINDS, TYPE_PATH


class DocsPage(DocsBase):
    """Swagger UI from the files that come with ninja."""

    def render_page(
        self, request: HttpRequest, api: NinjaAPI, **kwargs: Any
    ) -> HttpResponse:
        """Return the page that reads the OpenAPI document."""
        context = {"settings": {"url": self.get_openapi_url(api, kwargs)}}
        return render(request, "api/docs.html", context)


def readable(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Return a page of ninja's that takes GET and HEAD alone.

    Ninja gives partials, which have no name for the decorator to keep.
    """

    @require_safe
    def page(request: HttpRequest, **kwargs: Any) -> HttpResponse:
        return view(request, **kwargs)

    return page


@require_safe
def problems_page(request: HttpRequest) -> HttpResponse:
    """List every kind of problem."""
    return render(request, "api/problems.html", {"kinds": dict(KINDS)})


@require_safe
def problem_page(request: HttpRequest, slug: str) -> HttpResponse:
    """Explain one kind of problem: the address in its `type` leads here."""
    if slug not in KINDS:
        raise Http404(slug)
    context = {"slug": slug, "kind": KINDS[slug], "address": f"{TYPE_PATH}{slug}"}
    return render(request, "api/problem.html", context)


def patterns() -> list[URLPattern]:
    """Return the addresses of the pages about problems."""
    return [
        path("docs/problems/", problems_page, name="problems"),
        path("docs/problems/<slug:slug>", problem_page, name="problem"),
    ]
