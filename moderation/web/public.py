"""The doors: the front page, signing in and out, and each role's home.

Decides where a person lands; knows no listing itself.
"""

from django.conf import settings
from django.contrib.auth import authenticate, logout
from django.contrib.auth.models import User
from django.http import HttpResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from moderation.access.addresses import address_of
from moderation.access.attempts import (
    Attempt,
    Step,
    note_failure,
    note_success,
    wait_of,
)
from moderation.web import merchant
from moderation.web.access import anyone, signed_in
from moderation.web.http import PageRequest, go, go_to, page
from moderation.web.sign_in import admit, safe_target, too_many

LOOPBACK = ("127.0.0.1", "::1")


@require_http_methods(["GET", "HEAD"])
@anyone
def home(request: PageRequest) -> HttpResponse:
    """Show the front page, or what waits for this account's role."""
    viewer = request.viewer
    if viewer.user is None:
        return page(request, "public/front.html")
    if viewer.is_overseer:
        return go(request, "ops")
    if viewer.is_moderator:
        return go(request, "review")
    if viewer.merchant is not None:
        return merchant.home(request)
    return go(request, "account")


@never_cache
@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
@anyone
def sign_in(request: PageRequest) -> HttpResponse:
    """Show the form, or take the password and go on to the second step or inside."""
    target = safe_target(request)
    if request.method != "POST":
        if request.viewer.user is not None:
            return go_to(request, target or "/")
        return _form(request, target)
    name = request.POST.get("username", "")[:150]
    attempt = Attempt(Step.PASSWORD, name, address_of(request.META))
    now = timezone.now()
    wait = wait_of(attempt, now=now)
    if wait:
        response = _form(request, target, name, too_many(wait), status=429)
        response["Retry-After"] = str(wait)
        return response
    # Takes as long for a name that nobody has.
    user = authenticate(
        request, username=name, password=request.POST.get("password", "")[:1000]
    )
    if not isinstance(user, User):
        note_failure(attempt, now=now)
        words = "That user name and password do not go together."
        return _form(request, target, name, words, status=422)
    note_success(attempt, now=now)
    return admit(request, user, target)


@require_POST
@signed_in
def sign_out(request: PageRequest) -> HttpResponse:
    """Sign out and go to the front page."""
    logout(request)
    return go(request, "home")


def _form(
    request: PageRequest,
    target: str,
    name: str = "",
    error: str = "",
    status: int = 200,
) -> HttpResponse:
    context = {
        "next": target,
        "username": name,
        "error": error,
        "demo": _demo_address(request),
    }
    return page(request, "public/login.html", context, status=status)


def _demo_address(request: PageRequest) -> str:
    """Return the address to name demo accounts on, "" anywhere but at home."""
    if not settings.ON_LOOPBACK or request.META.get("REMOTE_ADDR") not in LOOPBACK:
        return ""
    seeded = User.objects.filter(username="moderator").exists()
    return str(settings.HOST) if seeded else ""
