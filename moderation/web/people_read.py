"""What the people's pages show: each person with roles, merchants and second factor."""

from dataclasses import dataclass

from allauth.mfa.models import Authenticator
from django.contrib.auth.models import User
from django.db.models import Exists, OuterRef, Q, QuerySet

from moderation.access.actor import ADMIN, GROUPS
from moderation.access.people import people
from moderation.models import ApiKey, AuditEvent, Merchant, ReviewTask
from moderation.states import TaskState

PAGE = 50
TABS = (("active", "Active"), ("inactive", "Inactive"), ("waiting", "Invited"))


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the list."""

    user: User
    roles: tuple[str, ...]
    merchants: tuple[str, ...]
    has_factor: bool
    is_invited: bool

    @property
    def name(self) -> str:
        """Return the full name, "" where none is known."""
        return self.user.get_full_name()


def tab_of(name: str) -> QuerySet[User]:
    """Return the people of a tab: active, inactive, or invited and not yet here."""
    if name == "inactive":
        return people().filter(is_active=False)
    waiting = Q(password__startswith="!")
    found = people().filter(is_active=True)
    return found.filter(waiting) if name == "waiting" else found.exclude(waiting)


def listed(tab: str, words: str, number: int) -> tuple[list[Row], bool]:
    """Return one page of people by user name, and whether there are more.

    Args:
        tab: active, inactive or waiting; ignored where words are looked for.
        words: a part of a user name or name.
        number: the page, from 0.
    """
    found = people() if words else tab_of(tab)
    if words:
        found = found.filter(
            Q(username__icontains=words)
            | Q(first_name__icontains=words)
            | Q(last_name__icontains=words)
        )
    start = number * PAGE
    users = list(_drawn(found).order_by("username")[start : start + PAGE + 1])
    return [_row(user) for user in users[:PAGE]], len(users) > PAGE


def row_of(user: User) -> Row:
    """Return one person's line."""
    return _row(_drawn(User.objects.filter(pk=user.pk)).get())


def history_of(user: User) -> list[AuditEvent]:
    """Return what was last done to an account, the newest first."""
    events = AuditEvent.objects.filter(subject_type="User", subject_id=str(user.pk))
    return list(events.order_by("-id")[:20])


def held_by(user: User) -> dict[str, int]:
    """Return what deactivating would end: leases and live keys."""
    leases = ReviewTask.objects.filter(claimed_by=user, state=TaskState.CLAIMED)
    keys = ApiKey.objects.filter(user=user, revoked_at__isnull=True)
    return {"leases": leases.count(), "keys": keys.count()}


def choices(row: Row | None = None) -> dict[str, list[tuple[str, str, bool]]]:
    """Return roles and merchants to choose from: value, words, whether chosen."""
    merchants = Merchant.objects.order_by("name")[:500]
    has = row.merchants if row else ()
    roles = row.roles if row else ()
    return {
        "roles": [(role, WORDS[role], role in roles) for role in GROUPS],
        "merchants": [(m.slug, m.name, m.slug in has) for m in merchants],
    }


WORDS = {
    "merchant": "Sends listings for the merchants it acts for.",
    "moderator": "Decides what waits in the queue.",
    "senior": "Decides what other moderators escalate, too.",
    "admin": "Moves the rollout, the mode and people.",
    "auditor": "Reads every operations page and changes nothing.",
}


def _drawn(found: QuerySet[User]) -> QuerySet[User]:
    factor = Authenticator.objects.filter(user=OuterRef("pk")).exclude(
        type=Authenticator.Type.RECOVERY_CODES
    )
    return found.annotate(has_factor=Exists(factor)).prefetch_related(
        "groups", "memberships__merchant"
    )


def _row(user: User) -> Row:
    roles = {group.name for group in user.groups.all()}
    if user.is_superuser:
        roles.add(ADMIN)
    return Row(
        user=user,
        roles=tuple(role for role in GROUPS if role in roles),
        merchants=tuple(sorted(m.merchant.slug for m in user.memberships.all())),
        has_factor=bool(getattr(user, "has_factor", False)),
        is_invited=not user.has_usable_password(),
    )
