"""The kill switch: automatic, humans only, or intake closed.

One append-only row a change; every process reads the newest row again in the
transaction that commits an auto-approval. The latch keeps the two apart, so that
a change holds in every process from the moment it is committed.
"""

from django.db import transaction

from moderation.access.actor import Actor
from moderation.models import AuditEvent, Mode
from moderation.models.versions import mode_in_force
from moderation.rollout import latch
from moderation.states import ModeKind


class NoteMissingError(ValueError):
    """A change of mode needs a note for the audit log."""


def set_mode(*, mode: ModeKind, note: str, by: Actor, request_id: str = "") -> Mode:
    """Put a mode in force and write down who did it and why.

    Raises:
        NoteMissingError: the note is blank.
    """
    note = note.strip()
    if not note:
        raise NoteMissingError("Say why, in a few words: the audit log keeps it.")
    with transaction.atomic():
        latch.shut()
        before = mode_in_force()
        row = Mode.objects.create(
            mode=mode, note=note[:500], by=by.user, by_label=by.label
        )
        AuditEvent.objects.create(
            actor=by.label,
            action="set_mode",
            subject_type="Mode",
            subject_id=str(row.pk),
            from_state=before,
            to_state=mode,
            reason=note[:500],
            request_id=request_id,
        )
    return row
