"""Where a person is signed in, and ending it.

The rows are the library's, written here at each sign-in; it listens to no signal.
"""

from datetime import datetime

from allauth.usersessions.models import UserSession
from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from moderation.access.actor import Actor
from moderation.models import AuditEvent

_AGENT = 200  # characters, the column's length


def begin_session(
    *, user: User, session_key: str | None, address: str, agent: str
) -> None:
    """Remember a session that was just signed in to, and forget those that are over.

    Args:
        user: whose.
        session_key: its key.
        address: where it is, as its owner's list shows it.
        agent: what the browser calls itself.
    """
    UserSession.objects.purge_and_list(user)
    UserSession.objects.update_or_create(
        session_key=session_key,
        defaults={
            "user": user,
            "ip": address,
            "user_agent": agent[:_AGENT],
            "created_at": timezone.now(),
        },
    )


def sessions_of(user: User) -> list[UserSession]:
    """Return the person's living sessions, the newest first."""
    living = UserSession.objects.purge_and_list(user)
    return sorted(living, key=lambda session: session.created_at, reverse=True)


def began_at(session_key: str | None) -> datetime | None:
    """Return when a session was signed in to, None when that is not known."""
    found = UserSession.objects.filter(session_key=session_key)
    began: datetime | None = found.values_list("created_at", flat=True).first()
    return began


def carry_over(*, old_key: str | None, new_key: str | None) -> None:
    """Keep a session's row when its key was changed."""
    UserSession.objects.filter(session_key=old_key).update(session_key=new_key)


def end_sessions(
    *, user: User, by: Actor, but: str | None = None, only: int | None = None
) -> int:
    """Sign a person out; return of how many places.

    Args:
        user: who is signed out.
        by: who does it.
        but: the key of a session that stays.
        only: the row of the one session to end; None ends all.
    """
    with transaction.atomic():
        rows = UserSession.objects.filter(user=user).exclude(session_key=but)
        if only is not None:
            rows = rows.filter(pk=only)
        ended = list(rows)
        for session in ended:
            session.end()
        if ended:
            AuditEvent.objects.create(
                actor=by.label,
                action="end_sessions",
                subject_type="User",
                subject_id=str(user.pk),
                data={"sessions": len(ended)},
            )
    return len(ended)
