"""Bulk intake: every row kept first, then admitted at the lowest priority.

Rows wait as ImportRows, outside the queue's depth; a refused row is never a
submission and says why; a row seen before changes nothing.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import structlog
from django.db import IntegrityError, OperationalError, connection, transaction
from django.db.models import Count
from django.utils import timezone

from moderation.access.actor import Actor
from moderation.dispatch import ring
from moderation.intake.check import Checked, RefusedError, Unknown, check
from moderation.intake.store import store, store_new, unchanged_among
from moderation.intake.submit import refuse_when_closed, room
from moderation.models import Import, ImportRow, Merchant, Submission
from moderation.models.transition import move, move_many
from moderation.models.versions import mode_in_force
from moderation.states import ImportRowState, ImportState, ModeKind, Source, Standing

log = structlog.get_logger(__name__)

# Rows stored, and rows admitted, in one transaction.
STORE_CHUNK, ADMIT_CHUNK = 200, 50


@dataclass(frozen=True, slots=True)
class RowOutcome:
    """What the sender of a bulk call is told of one row at once."""

    row: int
    id: str = ""
    errors: tuple[dict[str, str], ...] = ()


@dataclass(slots=True)
class Started:
    """An import whose rows are all stored."""

    batch: Import
    accepted: int = 0
    refused: int = 0
    rows: list[RowOutcome] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class RawRow:
    """One row as read: its number, its data, or what made it unreadable."""

    number: int
    data: Mapping[str, Any] | None
    problems: tuple[dict[str, str], ...] = ()


def start_import(
    *,
    merchant: Merchant,
    rows: Iterable[RawRow],
    source: Source,
    by: Actor,
    filename: str = "",
    columns: Iterable[str] = (),
    unknown: Unknown = "ignore",
    request_id: str = "",
    on_stored: Callable[[int], None] | None = None,
) -> Started:
    """Store every row, refusing the bad ones by name; admit nothing yet.

    Args:
        rows: as read from a file or a call.
        unknown: "ignore" unknown columns (files) or "refuse" them (API).
        on_stored: called with the number of rows stored so far.

    Raises:
        IntakeClosedError: the intake is closed, or the merchant suspended.
    """
    refuse_when_closed(merchant)
    batch = Import(
        merchant=merchant,
        by=by.user,
        sent_by=by.label,
        source=source,
        filename=filename[:200],
        columns=list(columns),
        request_id=request_id,
    )
    started = Started(batch)
    ignored: dict[str, None] = {}
    stream = iter(rows)
    while chunk := list(islice(stream, STORE_CHUNK)):
        kept = [_row(batch, row, unknown, ignored) for row in chunk]
        with transaction.atomic():
            # With its first rows, or it would look finished before it has any.
            if batch._state.adding:
                batch.save()
            ImportRow.objects.bulk_create(kept)
        for row in kept:
            refused = row.state == ImportRowState.REFUSED
            started.refused += refused
            started.accepted += not refused
            started.rows.append(
                RowOutcome(
                    row.number,
                    "" if refused else row.reserved_id,
                    tuple(row.errors),
                )
            )
        if on_stored:
            on_stored(len(started.rows))
    batch.total_rows = len(started.rows)
    batch.ignored_columns = list(ignored)
    if batch._state.adding:
        batch.save()
    else:
        batch.save(update_fields=["total_rows", "ignored_columns"])
    ring("admit")
    return started


def admit_waiting(*, limit: int = 1000) -> int:
    """Admit waiting rows as far as the queue has room; return how many ended.

    Nothing is admitted while the intake is closed; the rows wait.
    """
    ended = 0
    while ended < limit and mode_in_force() is not ModeKind.CLOSED:
        space = min(room(), ADMIT_CHUNK, limit - ended)
        if space <= 0:
            break
        done = _admit_chunk(space)
        if not done:
            break
        ended += done
        ring("assess")
    finish_imports()
    return ended


def finish_imports() -> int:
    """Close imports whose every row has an end; return how many."""
    closed = 0
    candidates = Import.objects.filter(state=ImportState.ADMITTING).annotate(
        stored=Count("rows")
    )
    for batch in candidates:
        # total_rows is written last: before that the file is still being read.
        if batch.stored != batch.total_rows:
            continue
        if not batch.rows.filter(state=ImportRowState.WAITING).exists():
            closed += move(
                batch,
                ImportState.DONE,
                by="machine",
                action="finish",
                change={"finished_at": timezone.now()},
            )
    return closed


def _admit_chunk(limit: int) -> int:
    with transaction.atomic():
        rows = ImportRow.objects.filter(state=ImportRowState.WAITING).order_by("id")
        if connection.features.has_select_for_update_skip_locked:
            rows = rows.select_for_update(skip_locked=True, of=("self",))
        chunk = list(rows.select_related("batch__merchant")[:limit])
        for batch_rows in _by_batch(chunk):
            for row in _admit_together(batch_rows):
                _admit_alone(row)
    return len(chunk)


def _by_batch(chunk: list[ImportRow]) -> list[list[ImportRow]]:
    found: dict[int, list[ImportRow]] = {}
    for row in chunk:
        found.setdefault(row.batch_id, []).append(row)
    return list(found.values())


def _admit_together(rows: list[ImportRow]) -> list[ImportRow]:
    """Admit the rows of listings never seen before at once; return the others.

    Most rows of most files are such. Whatever goes wrong in company leaves
    every row to be admitted by itself.
    """
    batch = rows[0].batch
    if batch.merchant.standing == Standing.SUSPENDED:
        return rows
    checked: list[tuple[Checked, str]] = []
    for row in rows:
        try:
            checked.append((_checked(row), row.reserved_id))
        except RefusedError:
            continue
    try:
        with transaction.atomic():
            same = unchanged_among(merchant=batch.merchant, rows=checked)
            stored = store_new(
                merchant=batch.merchant,
                rows=[row for row in checked if row[1] not in same],
                source=Source(batch.source),
                by=Actor(batch.sent_by or "import"),
                request_id=batch.request_id or batch.public_id,
            )
            _end_together(rows, ImportRowState.UNCHANGED, same)
            _end_together(rows, ImportRowState.ADMITTED, stored)
    except OperationalError:
        # The database's trouble, not a row's: the whole chunk is tried again.
        raise
    except Exception:
        # One row that cannot be stored, or another process was first.
        log.info("admit_one_by_one", batch=batch.public_id, exc_info=True)
        for row in rows:
            row.state, row.submission = ImportRowState.WAITING, None
        return rows
    return [row for row in rows if row.reserved_id not in {**stored, **same}]


def _end_together(
    rows: list[ImportRow], state: ImportRowState, found: Mapping[str, Submission]
) -> None:
    """End the rows that have a submission in `found`, in one move."""
    ending = [row for row in rows if row.reserved_id in found]
    if not ending:
        return
    moved = move_many(
        ending,
        state,
        by="machine",
        action="admit",
        request_id=ending[0].batch.request_id,
    )
    if moved != len(ending):
        raise IntegrityError("an import row was admitted by another process")
    for row in ending:
        row.submission = found[row.reserved_id]
    ImportRow.objects.bulk_update(ending, ["submission"])


def _admit_alone(row: ImportRow) -> None:
    """Admit one row; one that we cannot store must not hold up the line for ever."""
    try:
        with transaction.atomic():
            _admit(row)
    except OperationalError:
        # The database's trouble, not the row's: the whole chunk is tried again.
        raise
    except Exception:
        log.exception("admit_failed", batch=row.batch.public_id, row=row.number)
        row.state, row.submission = ImportRowState.WAITING, None
        _end(row, ImportRowState.REFUSED, errors=[INTERNAL])


def _admit(row: ImportRow) -> None:
    batch = row.batch
    if batch.merchant.standing == Standing.SUSPENDED:
        _end(row, ImportRowState.REFUSED, errors=[SUSPENDED])
        return
    try:
        checked = _checked(row)
    except RefusedError as refused:
        errors = [problem.as_dict() for problem in refused.problems]
        _end(row, ImportRowState.REFUSED, errors=errors)
        return
    submitted = store(
        merchant=batch.merchant,
        checked=checked,
        source=Source(batch.source),
        by=Actor(batch.sent_by or "import"),
        request_id=batch.request_id or batch.public_id,
        public_id=row.reserved_id,
    )
    state = ImportRowState.ADMITTED if submitted.created else ImportRowState.UNCHANGED
    _end(row, state, submission=submitted.submission)


SUSPENDED = {
    "field": "merchant",
    "code": "suspended",
    "message": "This account may not send listings now. Write to the marketplace.",
}
INTERNAL = {
    "field": "listing",
    "code": "internal",
    "message": "We could not store this row. Send it again, or write to us.",
}


def _checked(row: ImportRow) -> Checked:
    return check(row.data, unknown="ignore")


def _end(row: ImportRow, state: ImportRowState, **change: Any) -> None:
    move(
        row,
        state,
        by="machine",
        action="admit",
        change=change,
        request_id=row.batch.request_id,
    )


def _row(
    batch: Import, row: RawRow, unknown: Unknown, ignored: dict[str, None]
) -> ImportRow:
    errors = list(row.problems)
    data: Any = row.data
    if not errors:
        try:
            checked = check(row.data, unknown=unknown)
            data = {"external_id": checked.external_id, **checked.content.as_dict()}
            ignored.update(dict.fromkeys(checked.ignored))
        except RefusedError as refused:
            errors = [problem.as_dict() for problem in refused.problems]
            ignored.update(dict.fromkeys(refused.ignored))
    return ImportRow(
        batch=batch,
        number=row.number,
        # What was accepted is sanitised and within its limits: kept whole.
        data=storable_json(data) if errors else data,
        state=ImportRowState.REFUSED if errors else ImportRowState.WAITING,
        errors=errors,
    )


def storable_json(data: Any, depth: int = 0) -> Any:
    """Return data that any database's JSON column holds.

    NUL and lone surrogates are replaced, numbers that are no numbers become
    text, and what is nested too deep is cut: a refused row is kept only to be
    shown to its sender.
    """
    if depth > 8:
        return "..."
    if isinstance(data, str):
        text = data[:20_000].replace("\x00", "\ufffd")
        return text.encode("utf-8", "replace").decode()
    if isinstance(data, Mapping):
        return {
            storable_json(str(name)): storable_json(value, depth + 1)
            for name, value in list(data.items())[:200]
        }
    if isinstance(data, list | tuple):
        return [storable_json(item, depth + 1) for item in data[:200]]
    if data is None or isinstance(data, bool):
        return data
    return str(data)[:400]
