"""Who may open a page, and through which door a row is fetched.

A view cannot forget: it has a role decorator, and takes its rows from the
helpers here, which know the merchants of the account. Foreign and missing rows
answer alike.
"""

import time
from collections.abc import Callable, Iterable
from functools import wraps
from typing import Any
from urllib.parse import urlencode, urlsplit

from django.conf import settings
from django.core.exceptions import BadRequest, PermissionDenied
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme

from moderation.access.actor import ADMIN, SENIOR, Actor, roles_of
from moderation.access.sessions import began_at
from moderation.models import (
    Decision,
    Delivery,
    Import,
    Listing,
    Merchant,
    MerchantMember,
    Preference,
    ReviewTask,
    WebhookEndpoint,
)
from moderation.web.http import PageRequest, go_to
from moderation.web.viewer import Viewer

View = Callable[..., HttpResponseBase]

# Which of a person's merchants the pages are about, kept in the session.
SESSION_MERCHANT = "merchant"
# When, in Unix seconds, this session last showed again who it is.
SESSION_CONFIRMED_AT = "confirmed_at"


def viewer_of(request: HttpRequest) -> Viewer:
    """Read who looks: roles, merchants and preferences, in three queries."""
    user = request.user
    if not user.is_authenticated:
        return Viewer()
    roles = roles_of(user)
    memberships = MerchantMember.objects.filter(user=user).select_related("merchant")
    merchants = tuple(m.merchant for m in memberships.order_by("id"))
    chosen = request.session.get(SESSION_MERCHANT)
    merchant = next((m for m in merchants if m.slug == chosen), None)
    preference = Preference.objects.filter(user=user).first() or Preference(user=user)
    return Viewer(
        user=user,
        roles=roles,
        merchants=merchants,
        merchant=merchant or (merchants[0] if merchants else None),
        preference=preference,
    )


# Intake takes control characters out itself, and says so.
_TIDIED = {"listing-new", "listing-again", "listing-preview"}


def _has_nul(request: HttpRequest) -> bool:
    """Return whether a form holds NUL, which PostgreSQL stores nowhere."""
    match = request.resolver_match
    if match is not None and match.url_name in _TIDIED:
        return False
    return any("\x00" in v for _, vs in request.POST.lists() for v in vs)


def anyone(view: View) -> View:
    """Open a page to everybody, with the viewer read."""

    @wraps(view)
    def opened(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        seen: PageRequest = request  # type: ignore[assignment]  # made one here
        seen.viewer = viewer_of(request)
        if request.method == "POST" and _has_nul(request):
            raise BadRequest("A NUL character was sent.")
        return view(seen, *args, **kwargs)

    return opened


def _only(allowed: Callable[[Viewer], bool]) -> Callable[[View], View]:
    def decorate(view: View) -> View:
        @anyone
        @wraps(view)
        def guarded(
            request: PageRequest, *args: Any, **kwargs: Any
        ) -> HttpResponseBase:
            if request.viewer.user is None:
                return _sign_in(request)
            if not allowed(request.viewer):
                raise PermissionDenied
            return view(request, *args, **kwargs)

        return guarded

    return decorate


def signed_in(view: View) -> View:
    """Open a page to every account."""
    return _only(lambda viewer: True)(view)


def merchant_only(view: View) -> View:
    """Open a page to the people of a merchant."""
    return _only(lambda viewer: viewer.merchant is not None)(view)


def moderator_only(view: View) -> View:
    """Open a page to moderators, seniors and admins."""
    return _only(lambda viewer: viewer.is_moderator)(view)


def staff_only(view: View) -> View:
    """Open a page to moderators, seniors, admins and auditors; to no merchant."""
    return _only(lambda viewer: viewer.is_moderator or viewer.is_overseer)(view)


def overseer_only(view: View) -> View:
    """Open a page to admins, and to auditors, who only read."""
    return _only(lambda viewer: viewer.is_overseer)(view)


def admin_only(view: View) -> View:
    """Open a page to admins."""
    return _only(lambda viewer: viewer.is_admin)(view)


def fresh_sign_in(view: View) -> View:
    """Ask again who it is, when the sign-in is older than the setting allows.

    Stands below a role's decorator. Nothing that was posted is kept: the person
    proves who they are and returns to the page with the form.
    """

    @wraps(view)
    def guarded(request: PageRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if is_fresh(request, now_s=time.time()):
            return view(request, *args, **kwargs)
        asked = {"next": _form_page(request)}
        if request.method == "POST":
            asked["held"] = "1"
        return go_to(request, f"{reverse('web:confirm')}?{urlencode(asked)}")

    return guarded


def is_fresh(request: PageRequest, *, now_s: float) -> bool:
    """Return whether this session showed who it is a short while ago.

    Args:
        request: whose session.
        now_s: Unix time in seconds.
    """
    oldest = now_s - settings.REVIEWHUB_FRESH_SIGN_IN_SECONDS
    if request.session.get(SESSION_CONFIRMED_AT, 0) >= oldest:
        return True
    began = began_at(request.session.session_key)
    return began is not None and began.timestamp() >= oldest


def _form_page(request: PageRequest) -> str:
    """Return the page to come back to: of a post, the one that held its form."""
    if request.method in {"GET", "HEAD"}:
        return request.get_full_path()
    came_from = request.headers.get("HX-Current-URL") or request.headers.get(
        "Referer", ""
    )
    is_ours = url_has_allowed_host_and_scheme(came_from, {request.get_host()})
    found = urlsplit(came_from)
    path = f"{found.path}?{found.query}" if found.query else found.path
    return path if is_ours and path.startswith("/") else "/"


def _sign_in(request: PageRequest) -> HttpResponseBase:
    back = request.get_full_path() if request.method == "GET" else "/"
    url = f"{reverse('web:login')}?{urlencode({'next': back})}"
    return go_to(request, url)


def actor_of(request: PageRequest) -> Actor:
    """Return who acts, for a verb's `by`."""
    return Actor.person(request.user)


def merchant_of(request: PageRequest) -> Merchant:
    """Return the merchant the pages are about; only behind `merchant_only`."""
    merchant = request.viewer.merchant
    if merchant is None:
        raise PermissionDenied
    return merchant


def _ids(merchants: Iterable[Merchant]) -> list[int]:
    return [merchant.pk for merchant in merchants]


def listing_for(request: PageRequest, public_id: str) -> Listing:
    """Return a listing of one of the account's merchants.

    Raises:
        Http404: where it is missing, and where it is someone else's, alike.
    """
    mine = Listing.objects.filter(merchant__in=_ids(request.viewer.merchants))
    listing = mine.select_related("merchant").filter(public_id=public_id).first()
    if listing is None:
        raise Http404
    return listing


def import_for(request: PageRequest, public_id: str) -> Import:
    """Return an import of one of the account's merchants, else raise Http404."""
    mine = Import.objects.filter(merchant__in=_ids(request.viewer.merchants))
    batch = mine.filter(public_id=public_id).first()
    if batch is None:
        raise Http404
    return batch


def endpoint_for(request: PageRequest, public_id: str) -> WebhookEndpoint:
    """Return a webhook endpoint of one of the account's merchants.

    Raises:
        Http404: where it is missing, deleted or someone else's, alike.
    """
    mine = WebhookEndpoint.objects.filter(
        merchant__in=_ids(request.viewer.merchants), deleted_at__isnull=True
    )
    endpoint = mine.filter(public_id=public_id).first()
    if endpoint is None:
        raise Http404
    return endpoint


def delivery_for(request: PageRequest, public_id: str) -> Delivery:
    """Return a webhook delivery of one of the account's merchants, else Http404."""
    mine = Delivery.objects.filter(
        merchant__in=_ids(request.viewer.merchants),
        channel="webhook",
        endpoint__deleted_at__isnull=True,
    )
    delivery = mine.select_related("endpoint").filter(public_id=public_id).first()
    if delivery is None:
        raise Http404
    return delivery


def task_for(request: PageRequest, public_id: str) -> ReviewTask:
    """Return a task that this moderator may see, else raise Http404.

    A listing of one's own merchant is nobody's own to judge, and a task for
    seniors stays with them.
    """
    tasks = ReviewTask.objects.exclude(merchant__in=_ids(request.viewer.merchants))
    if not request.viewer.roles & {SENIOR, ADMIN}:
        tasks = tasks.filter(senior_only=False)
    task = tasks.filter(public_id=public_id).first()
    if task is None:
        raise Http404
    return task


def decision_for(request: PageRequest, public_id: str) -> Decision:
    """Return a decision that this person may follow up, else raise Http404.

    One about a listing of their own merchant is not theirs to look into.
    """
    found = Decision.objects.exclude(
        submission__merchant__in=_ids(request.viewer.merchants)
    ).select_related("submission__listing", "submission__merchant", "moderator", "task")
    decision = found.filter(public_id=public_id).first()
    if decision is None:
        raise Http404
    return decision
