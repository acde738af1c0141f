"""How long a password must be: longer for whoever decides or administers."""

from django.conf import settings
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError

from moderation.access.actor import ADMIN, AUDITOR, MODERATOR, SENIOR, roles_of
from moderation.access.demo import PEOPLE

STAFF = frozenset({MODERATOR, SENIOR, ADMIN, AUDITOR})
STAFF_CHARACTERS = 12
_DEMO_NAMES = frozenset(person.username for person in PEOPLE)


class StaffLengthValidator:
    """Asks 12 characters of moderators, seniors, admins and auditors.

    The demo people are excused on one's own machine, where nobody else comes in.
    """

    def validate(self, password: str, user: User | None = None) -> None:
        """Raise ValidationError when the person's role asks for more characters."""
        is_new = user is None or user._state.adding
        if user is None or is_new or len(password) >= STAFF_CHARACTERS:
            return
        if settings.ON_LOOPBACK and user.get_username() in _DEMO_NAMES:
            return
        if roles_of(user) & STAFF:
            raise ValidationError(self.get_help_text(), code="password_too_short")

    def get_help_text(self) -> str:
        """Return the rule as people read it."""
        return (
            f"Moderators, seniors, admins and auditors need {STAFF_CHARACTERS} "
            "characters or more."
        )
