"""The one way a rollout's row changes: a guarded update, its step, its audit row.

Knows no stage: which move is right is decided in stages.py and brake.py.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import transaction

from moderation.access.actor import Actor
from moderation.models import AuditEvent, Rollout, RolloutStep
from moderation.models.clock import database_now
from moderation.models.transition import move
from moderation.rollout.evidence import Evidence
from moderation.rollout.refusals import (
    EvidenceMissingError,
    NoteTooShortError,
    StaleRolloutError,
)
from moderation.states import RolloutState

OVERRIDE_NOTE = 8
NOTE_LIMIT = 500
CALLED_STALE = "Somebody else moved this rollout. Look again, then decide."


def fresh(rollout: Rollout, revision: int | None) -> Rollout:
    """Read the row again; it must be at the revision the caller saw."""
    row = Rollout.objects.select_related("candidate", "baseline").get(pk=rollout.pk)
    if revision is not None and row.revision != revision:
        raise StaleRolloutError(CALLED_STALE)
    return row


def move_rollout(
    rollout: Rollout,
    state: RolloutState,
    *,
    by: Actor,
    action: str,
    note: str,
    percent: int,
    evidence: Evidence | None = None,
    change: Mapping[str, Any] | None = None,
    figures: Mapping[str, Any] | None = None,
    is_override: bool = False,
    request_id: str = "",
) -> RolloutStep:
    """Move the row if it still stands as read, with its step; else raise stale."""
    before, at_percent = RolloutState(rollout.state), rollout.percent
    with transaction.atomic():
        # The percentage is a field, not a state: to raise it is no move.
        write = shift if state == before else move
        moved = write(
            rollout,
            state,
            by=by.label,
            action=action,
            where={"revision": rollout.revision},
            change={
                "percent": percent,
                "revision": rollout.revision + 1,
                **(change or {}),
            },
            reason=note,
            data={
                "from_percent": at_percent,
                "to_percent": percent,
                **({"override": True} if is_override else {}),
            },
            request_id=request_id,
        )
        if not moved:
            raise StaleRolloutError(CALLED_STALE)
        step = record_step(
            rollout,
            before,
            at_percent,
            by,
            note,
            figures or {},
            gate_run=evidence.gate_run if evidence else None,
            is_override=is_override,
        )
    rollout.refresh_from_db()
    return step


def shift(
    rollout: Rollout,
    state: str,
    *,
    by: str,
    action: str,
    where: Mapping[str, Any],
    change: Mapping[str, Any],
    reason: str = "",
    data: Mapping[str, Any] | None = None,
    request_id: str = "",
) -> bool:
    """Change a rollout that stays in its state, as `move` does: guarded, with its row.

    Returns False when another process was first.
    """
    with transaction.atomic():
        rows = Rollout.objects.filter(pk=rollout.pk, state=state, **where)
        if not rows.update(**change):
            return False
        AuditEvent.objects.create(
            actor=by,
            action=action,
            subject_type="Rollout",
            subject_id=rollout.public_id,
            from_state=state,
            to_state=state,
            reason=reason,
            data=dict(data or {}),
            request_id=request_id,
        )
    rollout.refresh_from_db()
    return True


def record_step(
    rollout: Rollout,
    before: str,
    at_percent: int,
    by: Actor,
    note: str,
    figures: Mapping[str, Any],
    **more: Any,
) -> RolloutStep:
    """Store one step: where the rollout stood before, and where it stands now."""
    return RolloutStep.objects.create(
        rollout=rollout,
        from_state=before,
        to_state=rollout.state,
        from_percent=at_percent,
        to_percent=rollout.percent,
        by_label=by.label,
        note=clean(note),
        figures=dict(figures),
        at=database_now(),
        **more,
    )


def insist(missing: Sequence[str], *, override: bool) -> None:
    """Raise EvidenceMissingError when something is missing and nobody overrides."""
    if missing and not override:
        raise EvidenceMissingError(" ".join(missing))


def checked_note(note: str, *, override: bool = False) -> str:
    """Return the note as it is kept.

    Raises:
        NoteTooShortError: it is blank, or too short to override with.
    """
    note = clean(note)
    if not note:
        raise NoteTooShortError("Say why, in a few words: the audit log keeps it.")
    if override and len(note) < OVERRIDE_NOTE:
        raise NoteTooShortError(
            f"Going on without evidence needs a note of {OVERRIDE_NOTE} or more "
            "characters."
        )
    return note


def clean(note: str) -> str:
    """Return a note without space around it, cut to what the row holds."""
    return note.strip()[:NOTE_LIMIT]


def nowhere(rollout: Rollout) -> str:
    """Return why no stage follows, as a sentence."""
    if rollout.state == RolloutState.RAMPING:
        return "The candidate judges everyone. Complete the rollout."
    return {
        RolloutState.COMPLETE: "This rollout is complete.",
        RolloutState.HALTED: "This rollout is stopped. Take it up again or close it.",
        RolloutState.CLOSED: "This rollout is closed.",
    }[RolloutState(rollout.state)]
