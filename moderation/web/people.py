"""The people's pages: who works here, and an admin's changes to that.

Auditors read them. Every change asks for a fresh sign-in and calls a verb of
`access.people`, which writes the audit row.
"""

from collections.abc import Callable

from django.contrib import messages
from django.contrib.auth.models import User
from django.http import Http404, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import (
    require_http_methods,
    require_POST,
    require_safe,
)

from moderation.access import people as verbs
from moderation.access.actor import ADMIN, roles_of
from moderation.models import Merchant
from moderation.web import people_read
from moderation.web.access import actor_of, admin_only, fresh_sign_in, overseer_only
from moderation.web.http import PageRequest, go, page


@require_safe
@overseer_only
def people(request: PageRequest) -> HttpResponse:
    """List people by state, or those whose name holds the words."""
    words = request.GET.get("q", "").strip()[:100]
    tab = request.GET.get("tab", "")
    tab = tab if tab in dict(people_read.TABS) else "active"
    given = request.GET.get("page", "0")
    number = int(given) if given.isdecimal() and len(given) < 5 else 0
    rows, has_more = people_read.listed(tab, words, number)
    context = {
        "rows": rows,
        "tab": tab,
        "words": words,
        "tabs": [
            (name, label, people_read.tab_of(name).count())
            for name, label in people_read.TABS
        ],
        "before": number - 1 if number else None,
        "after": number + 1 if has_more else None,
    }
    return page(request, "people/people.html", context, here="people")


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@admin_only
@fresh_sign_in
def new(request: PageRequest) -> HttpResponse:
    """Show the form for a new person, or make the account and show its link once."""
    error = ""
    if request.method == "POST":
        try:
            made = verbs.invite(
                username=request.POST.get("username", "")[:200],
                full_name=request.POST.get("full_name", "")[:300],
                roles=request.POST.getlist("roles"),
                merchants=_merchants(request),
                by=actor_of(request),
            )
        except verbs.PersonRefusedError as refused:
            error = str(refused)
        else:
            return _link(request, made)
    context = {"error": error, "typed": request.POST, **people_read.choices()}
    status = 422 if error else 200
    return page(request, "people/new.html", context, here="people", status=status)


@require_safe
@overseer_only
def person(request: PageRequest, username: str) -> HttpResponse:
    """Show one person, what they may do, and what was done to the account."""
    row = people_read.row_of(_person(username))
    context = {
        "row": row,
        "held": people_read.held_by(row.user),
        "history": people_read.history_of(row.user),
        "is_oneself": row.user == request.user,
        **people_read.choices(row),
    }
    return page(request, "people/person.html", context, here="people")


@require_POST
@admin_only
@fresh_sign_in
def roles(request: PageRequest, username: str) -> HttpResponse:
    """Put the person into the roles that are ticked."""
    return _act(
        request,
        username,
        lambda user: verbs.set_roles(
            user=user,
            roles=request.POST.getlist("roles"),
            seen=request.POST.get("seen", "").split(),
            by=actor_of(request),
        ),
        "The roles hold from the next page on.",
    )


@require_POST
@admin_only
@fresh_sign_in
def merchants(request: PageRequest, username: str) -> HttpResponse:
    """Let the person act for the merchants that are ticked."""
    return _act(
        request,
        username,
        lambda user: verbs.set_merchants(
            user=user, merchants=_merchants(request), by=actor_of(request)
        ),
        "Kept.",
    )


@require_POST
@admin_only
@fresh_sign_in
def deactivate(request: PageRequest, username: str) -> HttpResponse:
    """Close the account."""
    return _act(
        request,
        username,
        lambda user: verbs.deactivate(
            user=user,
            by=actor_of(request),
            now=timezone.now(),
            revokes_keys=request.POST.get("revoke_keys") == "on",
        ),
        "Deactivated and signed out everywhere. Nothing they decided changes.",
    )


@require_POST
@admin_only
@fresh_sign_in
def reactivate(request: PageRequest, username: str) -> HttpResponse:
    """Open the account again."""
    return _act(
        request,
        username,
        lambda user: verbs.reactivate(user=user, by=actor_of(request)),
        "Reactivated with the roles they had.",
    )


@require_POST
@admin_only
@fresh_sign_in
def reset(request: PageRequest, username: str) -> HttpResponse:
    """Remove the person's second factor, for somebody who lost it."""
    return _act(
        request,
        username,
        lambda user: verbs.reset_factor(user=user, by=actor_of(request)),
        "Removed and signed out everywhere. They set a new one up after signing in.",
    )


@never_cache
@require_POST
@admin_only
@fresh_sign_in
def link(request: PageRequest, username: str) -> HttpResponse:
    """Make a new link to set a password, and show it once."""
    try:
        made = verbs.new_link(user=_person(username), by=actor_of(request))
    except verbs.PersonRefusedError as refused:
        messages.error(request, str(refused), extra_tags="bad")
        return go(request, "person", username)
    return _link(request, made)


def _act(
    request: PageRequest, username: str, verb: Callable[[User], object], words: str
) -> HttpResponse:
    user = _person(username)
    try:
        verb(user)
    except verbs.PersonRefusedError as refused:
        messages.error(request, str(refused), extra_tags="bad")
    else:
        messages.success(request, words, extra_tags="ok")
    if user.pk == request.user.pk and ADMIN not in roles_of(user):
        # Whoever took the admin's role from themselves cannot see the page any more.
        return go(request, "home")
    return go(request, "person", username)


def _person(username: str) -> User:
    user = verbs.people().filter(username=username).first()
    if user is None:
        raise Http404
    return user


def _merchants(request: PageRequest) -> list[Merchant]:
    slugs = request.POST.getlist("merchants")
    return list(Merchant.objects.filter(slug__in=slugs[:500]))


def _link(request: PageRequest, made: verbs.Invitation) -> HttpResponse:
    path = reverse("web:welcome", args=(made.uid, made.token))
    context = {"person": made.user, "link": request.build_absolute_uri(path)}
    return page(request, "people/link.html", context, here="people")
