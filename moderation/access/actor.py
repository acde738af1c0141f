"""Who acts, in one small value that every verb takes as `by`."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser, User

MERCHANT, MODERATOR, SENIOR, ADMIN, AUDITOR = (
    "merchant",
    "moderator",
    "senior",
    "admin",
    "auditor",
)
GROUPS = (MERCHANT, MODERATOR, SENIOR, ADMIN, AUDITOR)


@dataclass(frozen=True, slots=True)
class Actor:
    """A person, a key that acts as a person, or the machine.

    Attributes:
        label: how the audit log names the actor, such as "person:mara".
        user: the person, or None for the machine.
    """

    label: str
    user: "User | None" = None

    @classmethod
    def person(cls, user: "User | AnonymousUser") -> "Actor":
        """Return the actor for a signed-in person."""
        if user.is_anonymous:
            raise ValueError("An anonymous visitor may not act.")
        return cls(f"person:{user.get_username()}", user)

    @classmethod
    def key(cls, prefix: str, user: "User") -> "Actor":
        """Return the actor for an API key that acts as a person."""
        return cls(f"key:{prefix}:{user.get_username()}", user)

    @classmethod
    def command(cls, name: str) -> "Actor":
        """Return the actor for a command on the machine's own terminal."""
        return cls(f"command:{name}")


MACHINE = Actor("machine")


def roles_of(user: "User | AnonymousUser") -> frozenset[str]:
    """Return the names of the groups a person belongs to; a superuser is an admin."""
    if user.is_anonymous:
        return frozenset()
    names = frozenset(user.groups.values_list("name", flat=True))
    return names | {ADMIN} if user.is_superuser else names
