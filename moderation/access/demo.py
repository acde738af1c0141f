"""The people, groups and merchants of a demonstration; every password is one.

Refused on an installation that others can reach: a known password is no password.
"""

from dataclasses import dataclass

from django.conf import settings
from django.contrib.auth.models import Group, User
from django.db import transaction

from moderation.access.actor import ADMIN, GROUPS, MERCHANT, MODERATOR, SENIOR
from moderation.models import Merchant, MerchantMember
from moderation.states import Standing


@dataclass(frozen=True, slots=True)
class Person:
    """One demo account."""

    username: str
    first_name: str
    last_name: str
    groups: tuple[str, ...]
    merchant: str = ""


PEOPLE = (
    Person("merchant", "Kim", "Stone", (MERCHANT,), "demo"),
    Person("merchant2", "Noor", "Haddad", (MERCHANT,), "demo2"),
    Person("moderator", "Mara", "Petrov", (MODERATOR,)),
    Person("moderator2", "Tomas", "Lind", (MODERATOR, SENIOR)),
    Person("admin", "Ines", "Okafor", (ADMIN,)),
)
MERCHANTS = {"demo": "Kiln & Stone", "demo2": "Haddad Trading"}


class NotOnLoopbackError(RuntimeError):
    """Demo accounts are for one's own machine alone."""


def ensure_groups() -> None:
    """Make the groups that roles rest on, where they are missing."""
    for name in GROUPS:
        Group.objects.get_or_create(name=name)


def ensure_demo_people() -> bool:
    """Make the demo merchants and people; return whether any was new.

    Raises:
        NotOnLoopbackError: the server is not bound to loopback.
    """
    if not settings.ON_LOOPBACK:
        raise NotOnLoopbackError(
            "Demo accounts have a known password: listen on 127.0.0.1 to have them."
        )
    made = False
    with transaction.atomic():
        ensure_groups()
        for slug, name in MERCHANTS.items():
            Merchant.objects.get_or_create(
                slug=slug,
                defaults={"name": name, "standing": Standing.ESTABLISHED},
            )
        for person in PEOPLE:
            made |= _ensure(person)
    return made


def _ensure(person: Person) -> bool:
    user, created = User.objects.get_or_create(
        username=person.username,
        defaults={
            "first_name": person.first_name,
            "last_name": person.last_name,
            "email": f"{person.username}@reviewhub.example",
        },
    )
    if created:
        user.set_password(settings.REVIEWHUB_DEMO_PASSWORD)
        if ADMIN in person.groups:
            user.is_staff = True
            user.is_superuser = True
        user.save()
        user.groups.set(Group.objects.filter(name__in=person.groups))
    if person.merchant:
        MerchantMember.objects.get_or_create(
            user=user, merchant=Merchant.objects.get(slug=person.merchant)
        )
    return created
