"""The second step of signing in, the question whether it is still you, and the link
by which a new person sets a password.

Decides which proof is enough where; counting tries is the limits' part.
"""

import math
import time
from datetime import datetime

from django.contrib import messages
from django.contrib.auth import authenticate, login, password_validation
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from moderation.access import factors, passkeys
from moderation.access.actor import Actor
from moderation.access.addresses import address_of
from moderation.access.attempts import (
    Attempt,
    Step,
    note_failure,
    note_success,
    wait_of,
)
from moderation.access.people import invited, set_password
from moderation.access.sessions import begin_session
from moderation.web.access import SESSION_CONFIRMED_AT, anyone, signed_in
from moderation.web.http import PageRequest, go, go_to, page
from moderation.web.second_factor import SESSION_PASSED

# Who has shown the password and not yet the second factor.
SESSION_PENDING = "second_step"
PENDING_S = 600
BACKEND = "django.contrib.auth.backends.ModelBackend"
WRONG_CODE = (
    "That code is not right. Codes change every 30 seconds and work once; "
    "look again and type the newest."
)


def safe_target(request: PageRequest) -> str:
    """Return where the person was heading, "" when that is not a page of ours."""
    target = request.POST.get("next") or request.GET.get("next", "")
    is_ours = url_has_allowed_host_and_scheme(
        target, {request.get_host()}, require_https=request.is_secure()
    )
    return target if is_ours else ""


def admit(request: PageRequest, user: User, target: str) -> HttpResponse:
    """Sign in whoever has shown the password, or ask for the second step."""
    if not factors.has_second_factor(user):
        _enter(request, user)
        return go_to(request, target or "/")
    # What an earlier visitor of this browser left behind is not theirs.
    request.session.flush()
    request.session[SESSION_PENDING] = {
        "user": user.pk,
        "password": user.get_session_auth_hash(),
        "at": int(time.time()),
        "next": target,
    }
    return go(request, "login-second")


@never_cache
@sensitive_post_parameters("code")
@require_http_methods(["GET", "HEAD", "POST"])
@anyone
def second(request: PageRequest) -> HttpResponse:
    """Ask for a code or a passkey; only then is the person signed in."""
    user = _pending_user(request)
    if user is None:
        return go(request, "login")
    if request.method != "POST":
        return _second_form(request, user)
    now = timezone.now()
    attempt = _attempt(request, user, Step.CODE)
    wait = wait_of(attempt, now=now)
    if wait:
        return _second_form(request, user, too_many(wait), wait_s=wait)
    proof = _proof(request, user, now)
    if proof is None:
        note_failure(attempt, now=now)
        words = WRONG_CODE
        if request.POST.get("credential"):
            words = "That was not one of your passkeys. Try again, or use a code."
        return _second_form(request, user, words)
    note_success(attempt, now=now)
    target = request.session[SESSION_PENDING]["next"]
    _enter(request, user)
    request.session.pop(SESSION_PENDING, None)
    request.session[SESSION_PASSED] = True
    if proof is factors.Proof.RECOVERY_CODE:
        left = factors.factors_of(user).codes_left
        words = f"You used a recovery code; {left} left. Make new ones before the last."
        messages.warning(request, words, extra_tags="warn")
    return go_to(request, target or "/")


@never_cache
@sensitive_post_parameters("password", "code")
@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def confirm(request: PageRequest) -> HttpResponse:
    """Ask again for the password or a factor, then go back to where it was needed."""
    if request.method != "POST":
        return _confirm_form(request)
    user, now = request.user, timezone.now()
    by_password = bool(request.POST.get("password"))
    attempt = _attempt(request, user, Step.PASSWORD if by_password else Step.CODE)
    wait = wait_of(attempt, now=now)
    if wait:
        return _confirm_form(request, too_many(wait), wait_s=wait)
    if by_password:
        typed = request.POST["password"][:1000]
        name = user.get_username()
        is_right = authenticate(request, username=name, password=typed) == user
    else:
        is_right = _proof(request, user, now) is not None
    if not is_right:
        note_failure(attempt, now=now)
        words = "That is not your password." if by_password else WRONG_CODE
        return _confirm_form(request, words)
    note_success(attempt, now=now)
    request.session[SESSION_CONFIRMED_AT] = int(time.time())
    return go_to(request, safe_target(request) or "/")


@never_cache
@sensitive_post_parameters("password", "again")
@require_http_methods(["GET", "HEAD", "POST"])
@anyone
def welcome(request: PageRequest, uid: str, token: str) -> HttpResponse:
    """Let an invited person set their password, once."""
    user = invited(uid, token)
    if user is None:
        return page(request, "public/welcome.html", status=410)
    errors: list[str] = []
    if request.method == "POST":
        errors = password_problems(request, user)
        if not errors:
            set_password(
                user=user,
                password=request.POST["password"],
                by=Actor.person(user),
                action="accept_invitation",
            )
            words = "Your password is set. Sign in with it."
            messages.success(request, words, extra_tags="ok")
            return go(request, "login")
    context = {"person": user, "errors": errors, "rules": rules_of_passwords()}
    return page(request, "public/welcome.html", context, status=422 if errors else 200)


def password_problems(request: PageRequest, user: User) -> list[str]:
    """Return what is wrong with the new password that was typed twice."""
    password = request.POST.get("password", "")
    if len(password) > 1000:
        return ["A password has 1,000 characters at most."]
    if password != request.POST.get("again", ""):
        return ["The two are not the same. Type the new password again."]
    try:
        password_validation.validate_password(password, user)
    except ValidationError as error:
        return list(error.messages)
    return []


def rules_of_passwords() -> list[str]:
    """Return what a password must be, as people read it."""
    return [
        "8 characters or more; 12 for moderators, seniors, admins and auditors.",
        "Not your name, not digits alone, and not one of the known common ones.",
    ]


def too_many(wait_s: int) -> str:
    """Return the sentence for somebody who tried too often."""
    minutes = math.ceil(wait_s / 60)
    if minutes > 90:
        return f"Too many tries. Wait {math.ceil(minutes / 60)} hours, then try again."
    return (
        f"Too many tries. Wait {minutes} minute{'s' if minutes > 1 else ''}, "
        "then try again."
    )


def _enter(request: PageRequest, user: User) -> None:
    """Sign in under a new session key, and remember where."""
    login(request, user, backend=BACKEND)
    begin_session(
        user=user,
        session_key=request.session.session_key,
        address=address_of(request.META),
        agent=request.headers.get("User-Agent", ""),
    )


def _pending_user(request: PageRequest) -> User | None:
    """Return who has shown the password within the last ten minutes."""
    pending = request.session.get(SESSION_PENDING)
    if not isinstance(pending, dict) or time.time() - pending["at"] > PENDING_S:
        return None
    user = User.objects.filter(pk=pending["user"], is_active=True).first()
    # The password was changed meanwhile: what was shown is worth nothing.
    if user is None or user.get_session_auth_hash() != pending["password"]:
        return None
    return user


def _attempt(request: PageRequest, user: User, step: Step) -> Attempt:
    return Attempt(step, user.get_username(), address_of(request.META), user)


def _proof(request: PageRequest, user: User, now: datetime) -> factors.Proof | None:
    answer = request.POST.get("credential", "")
    if not answer:
        typed = request.POST.get("code", "")[:40]
        return factors.check_code(user=user, code=typed, now=now)
    try:
        passkeys.check_proof(request, user=user, answer=answer[:20_000], now=now)
    except passkeys.PasskeyRefusedError:
        return None
    return factors.Proof.PASSKEY


def _questions(request: PageRequest, user: User) -> dict[str, object]:
    found = factors.factors_of(user)
    can_ask = bool(found.passkeys) and passkeys.are_possible(request)
    return {
        "factors": found,
        "options": passkeys.ask_for_proof(request, user) if can_ask else "",
    }


def _second_form(
    request: PageRequest, user: User, error: str = "", wait_s: int = 0
) -> HttpResponse:
    context = {"error": error, "person": user, **_questions(request, user)}
    return _answer(request, "public/second.html", context, error, wait_s)


def _confirm_form(
    request: PageRequest, error: str = "", wait_s: int = 0
) -> HttpResponse:
    context = {
        "error": error,
        "next": safe_target(request),
        "was_held": request.GET.get("held") == "1",
        **_questions(request, request.user),
    }
    return _answer(request, "public/confirm.html", context, error, wait_s)


def _answer(
    request: PageRequest,
    template: str,
    context: dict[str, object],
    error: str,
    wait_s: int,
) -> HttpResponse:
    status = 429 if wait_s else 422 if error else 200
    response = page(request, template, context, status=status)
    if wait_s:
        response["Retry-After"] = str(wait_s)
    return response
