"""API keys: made, shown once, recognised, rolled and revoked.

Decides whether a text is a live key and which person it acts as. Knows nothing
of HTTP: where the text came from and what its refusal looks like is the API's part.
"""

import hashlib
import hmac
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType

from django.contrib.auth.models import Group, User
from django.db import DatabaseError, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.text import slugify

from moderation.access.actor import ADMIN, MERCHANT, MODERATOR, SENIOR, Actor
from moderation.models import ApiKey, AuditEvent, Merchant, MerchantMember

# rh_ lets secret scanners and our own logs know a key when they see one.
LEAD = "rh_live_"
PREFIX_CHARACTERS = 8
SECRET_CHARACTERS = 43  # of 62: 256 bits
_PREFIX_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_SECRET_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_SHAPE = re.compile(
    rf"{LEAD}([{_PREFIX_ALPHABET}]{{{PREFIX_CHARACTERS}}})_"
    rf"[{_SECRET_ALPHABET}]{{{SECRET_CHARACTERS}}}"
)
USED_EVERY = timedelta(minutes=1)
ROLL_OVERLAP = timedelta(hours=24)
NAME_LIMIT = 100

READ_LISTINGS, WRITE_LISTINGS = "listings:read", "listings:write"
READ_TASKS, WRITE_TASKS = "review:read", "review:write"
READ_MODE, WRITE_MODE = "mode:read", "mode:write"
READ_WEBHOOKS, WRITE_WEBHOOKS = "webhooks:read", "webhooks:write"
READ_EVALS, WRITE_EVALS = "evals:read", "evals:write"
READ_ROLLOUTS, WRITE_ROLLOUTS = "rollouts:read", "rollouts:write"
SCOPES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        MERCHANT: (READ_LISTINGS, WRITE_LISTINGS, READ_WEBHOOKS, WRITE_WEBHOOKS),
        MODERATOR: (READ_LISTINGS, READ_TASKS, WRITE_TASKS),
        ADMIN: (
            *(READ_LISTINGS, READ_TASKS, WRITE_TASKS),
            *(READ_MODE, WRITE_MODE),
            *(READ_EVALS, WRITE_EVALS),
            *(READ_ROLLOUTS, WRITE_ROLLOUTS),
        ),
    }
)
# Whoever is in one of these groups may hold a key of the role.
_GROUPS_OF_ROLE: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {MODERATOR: (MODERATOR, SENIOR), ADMIN: (ADMIN,)}
)


class KeyRefusedError(ValueError):
    """The key cannot be made; the message says what to change."""


@dataclass(frozen=True, slots=True)
class IssuedKey:
    """A new key with its text, which is never to be had again."""

    key: ApiKey
    text: str


def issue_key(
    *,
    name: str,
    role: str,
    by: Actor,
    merchant: Merchant | None = None,
    user: User | None = None,
    scopes: tuple[str, ...] | None = None,
    expires_at: datetime | None = None,
) -> IssuedKey:
    """Make a key that acts as a person.

    Args:
        name: what the key is for, as its owner's list shows it.
        role: merchant, moderator or admin.
        by: who makes it.
        merchant: whose rows a merchant's key may see; None for other roles.
        user: the person it acts as; None makes a service user of the key's name.
        scopes: a part of the role's scopes; None means all of them.
        expires_at: when it stops working; None means never.

    Raises:
        KeyRefusedError: the parts do not fit together.
    """
    name = name.strip()
    _check(name, role, merchant, scopes)
    text, prefix = _new_text()
    with transaction.atomic():
        if user is None:
            user = _service_user(name, role, merchant)
        elif not _may_hold(user, role, merchant):
            whose = f" of {merchant.slug}" if merchant else ""
            raise KeyRefusedError(f"{user.get_username()} is no {role}{whose}.")
        key = ApiKey.objects.create(
            prefix=prefix,
            sha256=_fingerprint(text),
            last_four=text[-4:],
            name=name,
            role=role,
            scopes=list(SCOPES[role] if scopes is None else scopes),
            merchant=merchant,
            user=user,
            expires_at=expires_at,
        )
        _record(key, "create_key", by)
    return IssuedKey(key, text)


def find_key(text: str, *, now: datetime) -> ApiKey | None:
    """Return the key that a text is, or None when it may not act (any more).

    A key dies with its expiry, its revocation, its person's account, and with
    that person's role: who leaves the moderators leaves with their keys.
    """
    shape = _SHAPE.fullmatch(text)
    if shape is None:
        return None
    found = ApiKey.objects.select_related("user", "merchant").filter(prefix=shape[1])
    key = next(iter(found), None)
    if key is None or not hmac.compare_digest(key.sha256, _fingerprint(text)):
        return None
    if not key.user.is_active or not _is_live(key, now):
        return None
    return key if _may_hold(key.user, key.role, key.merchant) else None


def note_use(key: ApiKey, *, now: datetime) -> None:
    """Remember that the key was used, at most once a minute.

    A database that cannot take the note must not stop a request that only reads.
    """
    if key.last_used_at is not None and now - key.last_used_at < USED_EVERY:
        return
    unseen = Q(last_used_at__isnull=True) | Q(last_used_at__lt=now - USED_EVERY)
    try:
        with transaction.atomic():
            ApiKey.objects.filter(unseen, pk=key.pk).update(last_used_at=now)
    except DatabaseError:
        return


def revoke_key(*, key: ApiKey, by: Actor, now: datetime | None = None) -> bool:
    """End a key at once and for good; False when it was revoked before."""
    with transaction.atomic():
        ended = ApiKey.objects.filter(pk=key.pk, revoked_at__isnull=True).update(
            revoked_at=now or timezone.now()
        )
        if ended:
            _record(key, "revoke_key", by)
    return bool(ended)


def roll_key(
    *,
    key: ApiKey,
    by: Actor,
    now: datetime | None = None,
    overlap: timedelta = ROLL_OVERLAP,
) -> IssuedKey:
    """Replace a key by a new one; the old one works until the overlap has passed.

    Raises:
        KeyRefusedError: the key has ended or was rolled already.
    """
    now = now or timezone.now()
    with transaction.atomic():
        old = ApiKey.objects.select_for_update().get(pk=key.pk)
        if not _is_live(old, now) or old.replaced_by_id is not None:
            raise KeyRefusedError("This key has ended or was replaced. Make a new one.")
        issued = issue_key(
            name=old.name,
            role=old.role,
            by=by,
            merchant=old.merchant,
            user=old.user,
            scopes=tuple(old.scopes),
            expires_at=old.expires_at,
        )
        end = now + overlap
        old.expires_at = min(old.expires_at, end) if old.expires_at else end
        old.replaced_by = issued.key
        old.save(update_fields=["expires_at", "replaced_by"])
        _record(old, "roll_key", by)
    return issued


def _check(
    name: str,
    role: str,
    merchant: Merchant | None,
    scopes: tuple[str, ...] | None,
) -> None:
    if role not in SCOPES:
        raise KeyRefusedError(f"A key's role is one of {', '.join(SCOPES)}.")
    if not name or len(name) > NAME_LIMIT or not name.isprintable():
        raise KeyRefusedError(
            f"Name the key in 1 to {NAME_LIMIT} printable characters."
        )
    if (role == MERCHANT) != (merchant is not None):
        raise KeyRefusedError(
            "A merchant's key needs its merchant; keys of other roles have none."
        )
    foreign = [scope for scope in scopes or () if scope not in SCOPES[role]]
    if foreign:
        raise KeyRefusedError(f"A {role}'s key cannot have {', '.join(foreign)}.")


def _may_hold(user: User, role: str, merchant: Merchant | None) -> bool:
    if merchant is not None:
        return MerchantMember.objects.filter(merchant=merchant, user=user).exists()
    if role == ADMIN and user.is_superuser:
        return True
    of_user = User.groups.through.objects.filter(user=user)
    return of_user.filter(group__name__in=_GROUPS_OF_ROLE[role]).exists()


def _service_user(name: str, role: str, merchant: Merchant | None) -> User:
    """Return the person-less account of a key's name.

    The role and the merchant stand in the user name, so that a key called
    "admin" becomes neither that person nor another merchant's service.
    """
    owner = f"merchant.{merchant.slug}" if merchant else role
    word = slugify(name)
    if not word or len(word) > 40:
        word = f"{word[:40]}-{hashlib.sha256(name.encode()).hexdigest()[:8]}".strip("-")
    user, made = User.objects.get_or_create(
        username=f"service.{owner}.{word}", defaults={"first_name": name}
    )
    if made:
        user.set_unusable_password()
        user.save(update_fields=["password"])
    group, _ = Group.objects.get_or_create(name=role)
    user.groups.add(group)
    if merchant is not None:
        MerchantMember.objects.get_or_create(merchant=merchant, user=user)
    return user


def _new_text() -> tuple[str, str]:
    prefix = "".join(secrets.choice(_PREFIX_ALPHABET) for _ in range(PREFIX_CHARACTERS))
    secret = "".join(secrets.choice(_SECRET_ALPHABET) for _ in range(SECRET_CHARACTERS))
    return f"{LEAD}{prefix}_{secret}", prefix


def _fingerprint(text: str) -> str:
    # A plain hash is enough for 256 random bits: there is nothing to guess.
    return hashlib.sha256(text.encode()).hexdigest()


def _is_live(key: ApiKey, now: datetime) -> bool:
    return key.revoked_at is None and (key.expires_at is None or key.expires_at > now)


def _record(key: ApiKey, action: str, by: Actor) -> None:
    AuditEvent.objects.create(
        actor=by.label,
        action=action,
        subject_type="ApiKey",
        subject_id=key.prefix,
        data={"role": key.role, "acts_as": key.user.get_username()},
    )
