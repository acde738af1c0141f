"""The doors: the front page, signing in and out, and each role's home.

Decides where a person lands; knows no listing itself.
"""

from hashlib import sha256

from django.conf import settings
from django.contrib.auth import authenticate, login, logout
from django.contrib.auth.models import User
from django.http import HttpResponse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from moderation.access.limits import take
from moderation.web import merchant
from moderation.web.access import anyone, signed_in
from moderation.web.http import PageRequest, go, go_to, page

# Tries of one name from one address, and of one address, in the window.
TRIES_OF_A_NAME, TRIES_OF_AN_ADDRESS, WINDOW_S = 15, 60, 300
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
    """Show the form, or sign in and go on to where the person was heading."""
    target = request.POST.get("next") or request.GET.get("next", "")
    if not url_has_allowed_host_and_scheme(
        target, {request.get_host()}, require_https=request.is_secure()
    ):
        target = ""
    if request.method != "POST":
        if request.viewer.user is not None:
            return go_to(request, target or "/")
        return _form(request, target)
    name = request.POST.get("username", "")[:150]
    if _is_exhausted(request, name):
        words = "Too many tries. Wait 5 minutes, then sign in again."
        return _form(request, target, name, words, status=429)
    user = authenticate(
        request, username=name, password=request.POST.get("password", "")[:1000]
    )
    if user is None:
        words = "That user name and password do not go together."
        return _form(request, target, name, words, status=422)
    login(request, user)
    return go_to(request, target or "/")


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


def _is_exhausted(request: PageRequest, name: str) -> bool:
    """Count this try; tell whether the name or the address had too many."""
    address = request.META.get("REMOTE_ADDR", "")
    quotas = {
        f"{address}:{sha256(name.lower().encode()).hexdigest()[:32]}": TRIES_OF_A_NAME,
        address: TRIES_OF_AN_ADDRESS,
    }
    taken = [
        take(quota, limit=limit, kind="login", window_s=WINDOW_S)
        for quota, limit in quotas.items()
    ]
    return not all(allowance.is_allowed for allowance in taken)
