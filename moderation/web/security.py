"""A person's own security page: second factor, password, and where they are signed in.

Calls the verbs of `access`; shows a secret once, in the answer that made it.
"""

from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.http import HttpResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import (
    require_http_methods,
    require_POST,
    require_safe,
)

from moderation.access import factors, passkeys
from moderation.access.addresses import address_of
from moderation.access.attempts import Attempt, Step, note_failure, wait_of
from moderation.access.people import set_password
from moderation.access.sessions import carry_over, end_sessions, sessions_of
from moderation.web.access import actor_of, fresh_sign_in, signed_in
from moderation.web.http import PageRequest, go, page
from moderation.web.second_factor import SESSION_PASSED
from moderation.web.sign_in import password_problems, rules_of_passwords, too_many

# The key of an app that is being set up, until its first code is right.
SESSION_SECRET = "new_app_secret"


@never_cache
@require_safe
@signed_in
def security(request: PageRequest) -> HttpResponse:
    """Show what protects the account and where it is signed in."""
    found = factors.factors_of(request.user)
    must = factors.must_have_second_factor(request.user)
    context = {
        "factors": found,
        "must": must,
        "is_locked_in": must and not found.has_any,
        "can_have_passkeys": passkeys.are_possible(request),
        "sessions": sessions_of(request.user),
        "here_key": request.session.session_key,
    }
    return page(request, "account/security.html", context, here="security")


@never_cache
@sensitive_post_parameters("code")
@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
@fresh_sign_in
def app(request: PageRequest) -> HttpResponse:
    """Show a new key for an authenticator app, or take the app's first code."""
    if factors.factors_of(request.user).app is not None:
        return go(request, "security")
    secret = request.session.get(SESSION_SECRET) or factors.new_secret()
    request.session[SESSION_SECRET] = secret
    error, status = "", 200
    if request.method == "POST":
        try:
            codes = factors.enrol_app(
                user=request.user,
                secret=secret,
                code=request.POST.get("code", "")[:40],
                by=actor_of(request),
                now=timezone.now(),
            )
        except factors.WrongCodeError:
            error, status = "That is not the code of this key. Type the newest.", 422
        else:
            request.session.pop(SESSION_SECRET, None)
            return _set_up(request, codes, "Your authenticator app is set up.")
    context = {
        "error": error,
        "secret": secret,
        "groups": [secret[i : i + 4] for i in range(0, len(secret), 4)],
        "picture": factors.picture_of(request.user, secret),
    }
    return page(request, "account/app.html", context, here="security", status=status)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
@fresh_sign_in
def passkey(request: PageRequest) -> HttpResponse:
    """Ask the browser for a new passkey, or keep the one that it made."""
    if not passkeys.are_possible(request):
        return page(request, "account/passkey.html", here="security")
    error, status = "", 200
    if request.method == "POST":
        try:
            codes = passkeys.keep_new(
                request,
                user=request.user,
                answer=request.POST.get("credential", "")[:20_000],
                name=request.POST.get("name", ""),
                by=actor_of(request),
            )
        except passkeys.PasskeyRefusedError:
            error, status = "The browser made no passkey. Try again.", 422
        else:
            return _set_up(request, codes, "Your passkey is set up.")
    context = {
        "error": error,
        "options": passkeys.ask_for_new(request, request.user),
        "can": True,
    }
    return page(
        request, "account/passkey.html", context, here="security", status=status
    )


@require_POST
@signed_in
@fresh_sign_in
def remove(request: PageRequest, pk: int) -> HttpResponse:
    """Remove an app or a passkey."""
    by = actor_of(request)
    if factors.remove_factor(user=request.user, row=pk, by=by):
        if not factors.has_second_factor(request.user):
            request.session.pop(SESSION_PASSED, None)
        messages.success(request, "Removed.", extra_tags="ok")
    return go(request, "security")


@never_cache
@require_POST
@signed_in
@fresh_sign_in
def recovery(request: PageRequest) -> HttpResponse:
    """Make new recovery codes and show them, once."""
    if not factors.has_second_factor(request.user):
        messages.warning(request, "Set up an app or a passkey first.")
        return go(request, "security")
    codes = factors.renew_codes(user=request.user, by=actor_of(request))
    return _codes(request, codes, "Those before work no more.")


@never_cache
@sensitive_post_parameters("old", "password", "again")
@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def password(request: PageRequest) -> HttpResponse:
    """Show the form for a new password, or set it and end every other session."""
    if request.method != "POST":
        return _password_form(request, [])
    user, now = request.user, timezone.now()
    attempt = Attempt(
        Step.PASSWORD, user.get_username(), address_of(request.META), user
    )
    wait = wait_of(attempt, now=now)
    if wait:
        response = _password_form(request, [too_many(wait)], status=429)
        response["Retry-After"] = str(wait)
        return response
    if not user.check_password(request.POST.get("old", "")[:1000]):
        note_failure(attempt, now=now)
        return _password_form(request, ["That is not your password as it is now."])
    problems = password_problems(request, user)
    if problems:
        return _password_form(request, problems)
    by = actor_of(request)
    new = request.POST["password"]
    set_password(user=user, password=new, by=by, action="change_password")
    before = request.session.session_key
    update_session_auth_hash(request, user)
    carry_over(old_key=before, new_key=request.session.session_key)
    end_sessions(user=user, by=by, but=request.session.session_key)
    words = "Your password is changed. Every other place is signed out."
    messages.success(request, words, extra_tags="ok")
    return go(request, "security")


@require_POST
@signed_in
def end(request: PageRequest) -> HttpResponse:
    """Sign out at one other place, or at all of them."""
    one = request.POST.get("session", "")
    count = end_sessions(
        user=request.user,
        by=actor_of(request),
        but=request.session.session_key,
        only=int(one) if one.isdecimal() and len(one) < 19 else None,
    )
    places = "1 other place" if count == 1 else f"{count} other places"
    messages.success(request, f"Signed out at {places}.", extra_tags="ok")
    return go(request, "security")


def _set_up(request: PageRequest, codes: list[str], words: str) -> HttpResponse:
    """Note that this session has a second factor, and end those that had none."""
    request.session[SESSION_PASSED] = True
    if not codes:
        messages.success(request, words, extra_tags="ok")
        return go(request, "security")
    end_sessions(
        user=request.user, by=actor_of(request), but=request.session.session_key
    )
    return _codes(request, codes, words)


def _codes(request: PageRequest, codes: list[str], words: str) -> HttpResponse:
    context = {"codes": codes, "words": words}
    return page(request, "account/codes.html", context, here="security")


def _password_form(
    request: PageRequest, errors: list[str], status: int = 0
) -> HttpResponse:
    context = {"errors": errors, "rules": rules_of_passwords()}
    status = status or (422 if errors else 200)
    return page(
        request, "account/password.html", context, here="security", status=status
    )
