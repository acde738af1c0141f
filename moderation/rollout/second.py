"""Where one admin is not enough: who asked first, and who confirms.

The first request is a row of the audit log that names the revision it was made at, so
that any other move of the rollout ends it. The terminal counts as one admin.
"""

from django.conf import settings

from moderation.access.actor import Actor
from moderation.models import AuditEvent, Rollout

ASKED = "ask_second_admin"


def pending(rollout: Rollout) -> AuditEvent | None:
    """Return the first admin's request that a second has still to confirm."""
    return (
        AuditEvent.objects.filter(
            subject_type="Rollout",
            subject_id=rollout.public_id,
            action=ASKED,
            data__revision=rollout.revision,
        )
        .order_by("id")
        .first()
    )


def needs_two(percent: int) -> bool:
    """Tell whether a stage asks for a second admin in this installation."""
    limit = settings.REVIEWHUB_TWO_ADMINS_ABOVE_PERCENT
    return limit is not None and percent > limit


def is_other_person(event: AuditEvent, by: Actor) -> bool:
    """Tell whether an actor is somebody else than who asked, by whichever door."""
    user = by.user.pk if by.user else None
    if user is not None and event.data.get("user") is not None:
        return bool(event.data["user"] != user)
    return event.actor != by.label


def awaits_second(
    rollout: Rollout, percent: int, *, by: Actor, note: str, request_id: str
) -> bool:
    """Write a first admin's request down; False when it is confirmed or not needed."""
    if not needs_two(percent):
        return False
    # Two first requests at one moment would otherwise both stay the first.
    Rollout.objects.select_for_update().get(pk=rollout.pk)
    asked = pending(rollout)
    if asked is not None:
        return not is_other_person(asked, by)
    AuditEvent.objects.create(
        actor=by.label,
        action=ASKED,
        subject_type="Rollout",
        subject_id=rollout.public_id,
        from_state=rollout.state,
        reason=note,
        data={
            "revision": rollout.revision,
            "percent": percent,
            "user": by.user.pk if by.user else None,
        },
        request_id=request_id,
    )
    return True
