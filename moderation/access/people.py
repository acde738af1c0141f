"""Who works here: inviting, roles, merchants, leaving and coming back.

Decides who may be changed how: nobody takes the last admin away, and nobody lets
themselves out of what binds them without a row in the audit log. Ends what a person
held, open sessions and leases, in the same transaction.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.auth.models import Group, User
from django.contrib.auth.tokens import default_token_generator
from django.contrib.auth.validators import UnicodeUsernameValidator
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet
from django.utils.encoding import force_bytes, force_str
from django.utils.http import urlsafe_base64_decode, urlsafe_base64_encode

from moderation.access import factors
from moderation.access.actor import ADMIN, GROUPS, MODERATOR, SENIOR, Actor, roles_of
from moderation.access.keys import revoke_key
from moderation.access.sessions import end_sessions
from moderation.models import (
    ApiKey,
    AuditEvent,
    Merchant,
    MerchantMember,
    ReviewTask,
)
from moderation.models.transition import move
from moderation.states import TaskState

SERVICE = "service."  # how the accounts of API keys without a person begin
# The address of the page that invites, and of nobody.
# A page's own address, and what browsers take out of one.
RESERVED = frozenset({"new", ".", ".."})
NAME_LIMIT = 150
_UNCLAIMED = {
    "claimed_by": None,
    "claimed_at": None,
    "lease_token": None,
    "lease_until": None,
}


class PersonRefusedError(ValueError):
    """The change cannot be made; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Invitation:
    """The two parts of the link by which a person sets a password, once."""

    user: User
    uid: str
    token: str


def people() -> QuerySet[User]:
    """Return every account of a person; those of keys alone are left out."""
    return User.objects.exclude(username__startswith=SERVICE)


def invite(
    *,
    username: str,
    full_name: str,
    roles: Iterable[str],
    merchants: Iterable[Merchant],
    by: Actor,
) -> Invitation:
    """Make an account without a password and the link to set one.

    Raises:
        PersonRefusedError: the name is taken or not one, or a role is unknown.
    """
    username = username.strip()
    wanted = _known(roles)
    _check_name(username)
    first, _, last = full_name.strip().partition(" ")
    try:
        with transaction.atomic():
            user = User(username=username, first_name=first[:150], last_name=last[:150])
            user.set_unusable_password()
            user.save()
            user.groups.set(_groups(wanted))
            _link(user, merchants)
            data = {"roles": sorted(wanted), "merchants": _slugs(user)}
            _record("invite", user, by, data)
    except IntegrityError:
        raise PersonRefusedError(f"There is a {username} already.") from None
    return _invitation(user)


def new_link(*, user: User, by: Actor) -> Invitation:
    """Return a new link to set a password; the one before works no more.

    The password is gone with it, and whoever is signed in is signed out.

    Raises:
        PersonRefusedError: the account is not active, or one's own.
    """
    with transaction.atomic():
        user = _locked(user)
        _not_oneself(user, by, "Change your own password on your security page.")
        if not user.is_active:
            raise PersonRefusedError("Reactivate the account first.")
        _keep_an_admin(user)
        user.set_unusable_password()
        user.save(update_fields=["password"])
        end_sessions(user=user, by=by)
        _record("new_password_link", user, by, {})
    return _invitation(user)


def invited(uid: str, token: str) -> User | None:
    """Return whose link this is, None when it was used, replaced or is too old."""
    try:
        pk = int(force_str(urlsafe_base64_decode(uid)))
    except (ValueError, OverflowError):
        return None
    user = User.objects.filter(pk=pk, is_active=True).first()
    if user is None or not default_token_generator.check_token(user, token):
        return None
    return user


def set_password(*, user: User, password: str, by: Actor, action: str) -> None:
    """Set a password that was validated before, and write down that it was.

    Every other session of the person ends by it.
    """
    with transaction.atomic():
        user.set_password(password)
        user.save(update_fields=["password"])
        _record(action, user, by, {})


def set_roles(
    *, user: User, roles: Iterable[str], seen: Iterable[str], by: Actor
) -> None:
    """Put a person into exactly these roles.

    Args:
        user: who.
        roles: the roles from now on.
        seen: the roles as the admin saw them.
        by: who does it.

    Raises:
        PersonRefusedError: another admin changed them meanwhile, a role is
            unknown, or the last admin would lose the role.
    """
    wanted = _known(roles)
    with transaction.atomic():
        user = _locked(user)
        before = roles_of(user)
        if before != frozenset(seen):
            raise PersonRefusedError(
                "Somebody else changed the roles meanwhile. Look again, then decide."
            )
        if ADMIN in before and ADMIN not in wanted:
            _keep_an_admin(user)
            user.is_superuser = user.is_staff = False
            user.save(update_fields=["is_superuser", "is_staff"])
        user.groups.set(_groups(wanted))
        if not wanted & {MODERATOR, SENIOR, ADMIN}:
            _release(user, by)
        elif not wanted & {SENIOR, ADMIN}:
            _release(user, by, senior_only=True)
        data = {"from": sorted(before), "to": sorted(wanted)}
        _record("set_roles", user, by, data)


def set_merchants(*, user: User, merchants: Iterable[Merchant], by: Actor) -> None:
    """Let a person act for exactly these merchants."""
    with transaction.atomic():
        user = _locked(user)
        before = _slugs(user)
        wanted = list(merchants)
        MerchantMember.objects.filter(user=user).exclude(merchant__in=wanted).delete()
        _link(user, wanted)
        _record("set_merchants", user, by, {"from": before, "to": _slugs(user)})


def deactivate(
    *, user: User, by: Actor, now: datetime, revokes_keys: bool = False
) -> None:
    """Close an account: no way in, no session, no lease; keys that act as it stop.

    Args:
        user: who.
        by: who does it.
        now: when; keys that are revoked end then.
        revokes_keys: whether keys end for good rather than until reactivation.

    Raises:
        PersonRefusedError: it is the last admin, or oneself.
    """
    with transaction.atomic():
        user = _locked(user)
        _not_oneself(user, by, "Ask another admin to close your account.")
        _keep_an_admin(user)
        user.is_active = False
        if not user.has_usable_password():
            # Ends the link of an invitation that was never accepted.
            user.set_unusable_password()
        user.save(update_fields=["is_active", "password"])
        end_sessions(user=user, by=by)
        released = _release(user, by)
        keys = 0
        if revokes_keys:
            for key in ApiKey.objects.filter(user=user, revoked_at__isnull=True):
                keys += revoke_key(key=key, by=by, now=now)
        data = {"leases": released, "revoked_keys": keys}
        _record("deactivate", user, by, data)


def reactivate(*, user: User, by: Actor) -> None:
    """Open a closed account again, with the roles it had."""
    with transaction.atomic():
        user = _locked(user)
        if user.is_active:
            return
        user.is_active = True
        user.save(update_fields=["is_active"])
        _record("reactivate", user, by, {"roles": sorted(roles_of(user))})


def reset_factor(*, user: User, by: Actor) -> int:
    """Remove a person's second factor for them; return how many they had.

    Raises:
        PersonRefusedError: it is oneself.
    """
    with transaction.atomic():
        user = _locked(user)
        _not_oneself(user, by, "Remove your own second factor on your security page.")
        end_sessions(user=user, by=by)
        return factors.reset_second_factor(user=user, by=by)


def _check_name(username: str) -> None:
    try:
        UnicodeUsernameValidator()(username)
    except ValidationError:
        username = ""
    if not username or len(username) > NAME_LIMIT:
        raise PersonRefusedError(
            "A user name has letters, digits and @ . + - _ only, at most 150."
        )
    if username.lower() in RESERVED or username.startswith(SERVICE):
        raise PersonRefusedError(f"{username} is kept for the machine. Choose another.")
    if User.objects.filter(username__iexact=username).exists():
        raise PersonRefusedError(f"There is a {username} already.")


def _known(roles: Iterable[str]) -> frozenset[str]:
    wanted = frozenset(roles)
    foreign = sorted(wanted - frozenset(GROUPS))
    if foreign:
        raise PersonRefusedError(f"There is no role {', '.join(foreign)}.")
    return wanted


def _groups(roles: Iterable[str]) -> list[Group]:
    return [Group.objects.get_or_create(name=role)[0] for role in roles]


def _locked(user: User) -> User:
    return User.objects.select_for_update().get(pk=user.pk)


def _not_oneself(user: User, by: Actor, words: str) -> None:
    if by.user is not None and by.user.pk == user.pk:
        raise PersonRefusedError(words)


def _keep_an_admin(user: User) -> None:
    """Refuse what would leave nobody who can sign in as an admin.

    The group's row is the lock: of two admins who demote each other at once, the
    second counts after the first is done.
    """
    Group.objects.get_or_create(name=ADMIN)
    Group.objects.select_for_update().get(name=ADMIN)
    if not user.is_active or ADMIN not in roles_of(user):
        return
    admins = people().filter(Q(groups__name=ADMIN) | Q(is_superuser=True))
    able = admins.filter(is_active=True).exclude(password__startswith="!")
    if not able.exclude(pk=user.pk).exists():
        raise PersonRefusedError(
            f"{user.get_username()} is the last admin who can sign in. "
            "Make another one first."
        )


def _release(user: User, by: Actor, **which: bool) -> int:
    held = ReviewTask.objects.filter(claimed_by=user, state=TaskState.CLAIMED, **which)
    return sum(
        move(
            task,
            TaskState.OPEN,
            by=by.label,
            action="release",
            where={"lease_token": task.lease_token},
            change=_UNCLAIMED,
            reason="account closed or role taken",
        )
        for task in held
    )


def _link(user: User, merchants: Iterable[Merchant]) -> None:
    for merchant in merchants:
        MerchantMember.objects.get_or_create(user=user, merchant=merchant)


def _slugs(user: User) -> list[str]:
    own = MerchantMember.objects.filter(user=user).order_by("merchant__slug")
    return list(own.values_list("merchant__slug", flat=True))


def _invitation(user: User) -> Invitation:
    uid = urlsafe_base64_encode(force_bytes(user.pk))
    return Invitation(user, uid, default_token_generator.make_token(user))


def _record(action: str, user: User, by: Actor, data: dict[str, Any]) -> None:
    itself = {"own": True} if by.user is not None and by.user.pk == user.pk else {}
    AuditEvent.objects.create(
        actor=by.label,
        action=action,
        subject_type="User",
        subject_id=str(user.pk),
        data={"username": user.get_username(), **data, **itself},
    )
