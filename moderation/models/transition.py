"""The only writer of any state: a guarded UPDATE and its audit row, together.

Zero rows updated is a lost race, reported as False, never an error; an illegal
move is a defect in the caller and raises.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from django.db import models, transaction

from moderation.models.audit import AuditEvent
from moderation.states import check_move


def move(
    row: models.Model,
    target: str,
    *,
    by: str,
    action: str,
    where: Mapping[str, Any] | None = None,
    change: Mapping[str, Any] | None = None,
    reason: str = "",
    data: Mapping[str, Any] | None = None,
    request_id: str = "",
) -> bool:
    """Move one row to the target state if it still stands where it was read.

    Args:
        row: a model instance with `state`; its other fields are not saved.
        target: the state to reach.
        by: who acts, as the audit log shows it.
        action: the verb, such as "claim".
        where: further conditions of the guarded UPDATE, such as the lease token.
        change: further columns to set in the same UPDATE.
        reason, data, request_id: kept in the audit row.

    Returns:
        False when another process was first; the row is then left as read.

    Raises:
        IllegalMoveError: the machine has no such move.
    """
    moved = move_many(
        [row],
        target,
        by=by,
        action=action,
        where=where,
        change=change,
        reason=reason,
        data=data,
        request_id=request_id,
    )
    return moved == 1


def move_many(
    rows: Sequence[models.Model],
    target: str,
    *,
    by: str,
    action: str,
    where: Mapping[str, Any] | None = None,
    change: Mapping[str, Any] | None = None,
    reason: str = "",
    data: Mapping[str, Any] | Callable[[Any], Mapping[str, Any]] | None = None,
    request_id: str = "",
) -> int:
    """Move many rows of one model and one state; all of them, or none.

    Meant for rows that the caller holds locked in the same transaction, such
    as a worker's claim. `data` may be a function of the row; without a
    `request_id` the row's own is kept. Returns how many moved, or 0 when none
    could.

    Raises:
        LostRaceError: some could not move; the caller's transaction is undone.
        IllegalMoveError: the machine has no such move.
    """
    if not rows:
        return 0
    model = type(rows[0])
    source = str(rows[0].state)  # type: ignore[attr-defined]  # every row has one
    check_move(model.__name__, source, target)
    values = {"state": target, **(change or {})}
    manager: Any = model._default_manager
    with transaction.atomic():
        moved = manager.filter(
            pk__in=[row.pk for row in rows], state=source, **(where or {})
        ).update(**values)
        if moved != len(rows):
            if moved:
                raise LostRaceError(f"{moved} of {len(rows)} {model.__name__} moved")
            return 0
        AuditEvent.objects.bulk_create(
            AuditEvent(
                actor=by,
                action=action,
                subject_type=model.__name__,
                subject_id=getattr(row, "public_id", None) or str(row.pk),
                from_state=source,
                to_state=target,
                reason=reason[:500],
                data=dict(data(row) if callable(data) else data or {}),
                request_id=request_id or getattr(row, "request_id", ""),
            )
            for row in rows
        )
    for row in rows:
        for name, value in values.items():
            setattr(row, name, value)
    return len(rows)


class LostRaceError(RuntimeError):
    """Some but not all rows of a group moved: the group is rolled back."""
