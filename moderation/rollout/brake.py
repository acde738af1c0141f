"""The brake of a rollout: hold, stop, and the words that may follow a stop.

Stopping is one step and always allowed; nothing here asks for evidence.
"""

from django.db import transaction
from django.db.models.functions import Now

from moderation.access.actor import Actor
from moderation.models import AuditEvent, Rollout, RolloutStep
from moderation.rollout import latch
from moderation.rollout.assignment import UNDER_WAY
from moderation.rollout.refusals import NotNowError, StaleRolloutError
from moderation.rollout.steps import (
    CALLED_STALE,
    checked_note,
    clean,
    fresh,
    move_rollout,
    nowhere,
    record_step,
)
from moderation.states import RolloutState
from moderation.versions import baseline as serving


def hold(
    *,
    rollout: Rollout,
    by: Actor,
    on: bool = True,
    revision: int | None = None,
    note: str = "",
    request_id: str = "",
) -> RolloutStep:
    """Stay at this stage until the hold is ended; `on` False ends it.

    Raises:
        StaleRolloutError, NotNowError: nothing happened.
    """
    row = fresh(rollout, revision)
    if row.state not in UNDER_WAY:
        raise NotNowError(nowhere(row))
    if row.is_held == on:
        words = "The rollout is held already." if on else "The rollout is not held."
        raise NotNowError(words)
    action = "hold" if on else "unhold"
    with transaction.atomic():
        changed = Rollout.objects.filter(
            pk=row.pk, revision=row.revision, state=row.state
        ).update(is_held=on, revision=row.revision + 1)
        if not changed:
            raise StaleRolloutError(CALLED_STALE)
        AuditEvent.objects.create(
            actor=by.label,
            action=action,
            subject_type="Rollout",
            subject_id=row.public_id,
            from_state=row.state,
            to_state=row.state,
            reason=clean(note),
            request_id=request_id,
        )
        row.is_held, row.revision = on, row.revision + 1
        return record_step(row, row.state, row.percent, by, note, {"hold": on})


def stop(
    *,
    rollout: Rollout,
    by: Actor,
    revision: int | None = None,
    note: str = "",
    request_id: str = "",
) -> RolloutStep:
    """Give everyone back to the baseline, now, in every process.

    A revision is a guard only where one is given: nobody is kept from stopping
    because somebody else advanced. The note may follow by `add_note`.

    Raises:
        StaleRolloutError: a revision was given and is old.
        NotNowError: it is stopped already, or no longer the newest that serves.
    """
    with transaction.atomic():
        latch.shut()
        row = Rollout.objects.select_for_update().get(pk=rollout.pk)
        if revision is not None and row.revision != revision:
            raise StaleRolloutError(CALLED_STALE)
        if row.state == RolloutState.COMPLETE:
            _must_serve(row)
        elif row.state not in UNDER_WAY:
            raise NotNowError("This rollout is stopped already.")
        return move_rollout(
            row,
            RolloutState.HALTED,
            by=by,
            action="stop",
            note=clean(note),
            percent=0,
            change={
                "halted_at": Now(),
                "halted_by": by.label,
                "halted_reason": clean(note),
                "is_held": False,
                "finished_at": None,
            },
            figures={"percent_before": row.percent},
            request_id=request_id,
        )


def add_note(*, rollout: Rollout, by: Actor, note: str, request_id: str = "") -> None:
    """Say afterwards why it was stopped; the audit log keeps who said it when.

    Raises:
        NoteTooShortError: no words.
        NotNowError: it is not stopped, or a reason stands there already.
    """
    note = checked_note(note)
    with transaction.atomic():
        changed = Rollout.objects.filter(
            pk=rollout.pk,
            state__in=[RolloutState.HALTED, RolloutState.CLOSED],
            halted_reason="",
        ).update(halted_reason=note)
        if not changed:
            raise NotNowError("There is no stop that still lacks its reason.")
        AuditEvent.objects.create(
            actor=by.label,
            action="add_note",
            subject_type="Rollout",
            subject_id=rollout.public_id,
            reason=note,
            request_id=request_id,
        )


def _must_serve(rollout: Rollout) -> None:
    """Let only the newest completed rollout be stopped, with none built on it."""
    if Rollout.objects.filter(state__in=UNDER_WAY).exists():
        raise NotNowError("Another rollout is under way on top of it: stop that first.")
    if serving().pk != rollout.candidate_id:
        raise NotNowError(f"{rollout.candidate.name} no longer serves.")
