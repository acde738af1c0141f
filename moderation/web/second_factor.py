"""Where a second factor is required, the way to it is the only one open.

Decides for every address at once, so that no view can forget. API calls carry a
key and no session; they are not asked.
"""

from collections.abc import Callable
from typing import Any

from django.contrib.auth import logout
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import reverse
from django_htmx.http import HttpResponseClientRedirect

from moderation.access.factors import has_second_factor, must_have_second_factor
from moderation.web.http import SeeOther

# In the session once its person has passed a second step, or set one up in it.
SESSION_PASSED = "second_factor"
OPEN = (
    "web:logout",
    "web:login",
    "web:login-second",
    "web:confirm",
    "web:security",
    "web:welcome",
)
NOT_PAGES = ("/api/", "/health/", "/metrics", "/static/")


class SecondFactorMiddleware:
    """Leads staff without a second factor to the page that sets one up."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        """Wrap the views."""
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Pass the request on; the decision falls once its address is known."""
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: object, args: object, kwargs: Any
    ) -> HttpResponseBase | None:
        """Answer instead of the view, or let it answer."""
        name = request.resolver_match.view_name if request.resolver_match else ""
        if request.path.startswith(NOT_PAGES) or name.startswith(OPEN):
            return None
        user = request.user
        if not user.is_authenticated or request.session.get(SESSION_PASSED):
            return None
        if not must_have_second_factor(user):
            return None
        if has_second_factor(user):
            # Signed in before there was one: the password alone is not enough now.
            logout(request)
            return _lead(request, reverse("web:login"))
        return _lead(request, reverse("web:security"))


def _lead(request: HttpRequest, url: str) -> HttpResponseBase:
    if getattr(request, "htmx", False):
        return HttpResponseClientRedirect(url)
    return SeeOther(url)
