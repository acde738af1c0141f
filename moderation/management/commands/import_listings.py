"""A file of listings in: every row ends as a submission or with its reasons."""

import time
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.db.models import Count

from moderation import upkeep
from moderation.access.actor import Actor
from moderation.intake.bulk import RawRow, Started, admit_waiting, start_import
from moderation.intake.files import read_rows
from moderation.intake.submit import IntakeClosedError
from moderation.management.output import VerbCommand, progress
from moderation.models import Import, ImportRow, Merchant, Submission
from moderation.models.versions import mode_in_force
from moderation.states import (
    DecidedBy,
    ImportRowState,
    ImportState,
    ModeKind,
    Source,
    SubmissionState,
)
from moderation.versions import ensure_versions
from moderation.worker import Worker

POLL_S = 0.3
# How long this command works alone before it looks for a server again.
SLICE_S = 1.0


class Command(VerbCommand):
    """Import a JSONL or CSV file."""

    help = (
        "Import listings from a JSONL or CSV file. With --wait, stays until each "
        "has left the machine's hands; works itself when no server runs."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the file and whose listings they are."""
        super().add_arguments(parser)
        parser.add_argument("file", type=Path)
        parser.add_argument("--merchant", required=True, help="slug of the merchant")
        parser.add_argument(
            "--wait", action="store_true", help="stay until every row has an end"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Store the rows, then admit and judge them or leave that to the server."""
        started_at = time.monotonic()
        path: Path = options["file"]
        merchant = Merchant.objects.filter(slug=options["merchant"]).first()
        if merchant is None:
            raise CommandError(
                f"There is no merchant {options['merchant']}. Existing ones: "
                + (", ".join(Merchant.objects.values_list("slug", flat=True)) or "none")
                + "."
            )
        ensure_versions()
        try:
            started = _store(path, merchant)
        except IntakeClosedError as closed:
            raise CommandError(str(closed)) from closed
        if options["wait"]:
            _wait(started.batch)
        else:
            admit_waiting()
        summary = summary_of(started.batch)
        summary["seconds"] = round(time.monotonic() - started_at, 2)
        self.answer(summary, _sentence(summary), as_json=options["as_json"])


def _store(path: Path, merchant: Merchant) -> Started:
    try:
        stream = path.open("rb")
    except OSError as error:
        raise CommandError(f"{path} cannot be read: {error.strerror}.") from error
    with stream, progress(None, "reading", unit=" rows") as bar:
        rows = (
            RawRow(
                row.number,
                row.data,
                tuple(problem.as_dict() for problem in row.problems),
            )
            for row in read_rows(stream, path.name)
        )
        return start_import(
            merchant=merchant,
            rows=rows,
            source=Source.IMPORT,
            by=Actor.command("import_listings"),
            filename=path.name,
            on_stored=lambda stored: _advance(bar, stored),
        )


def _advance(bar: Any, stored: int) -> None:
    bar.update(stored - bar.n)


def _wait(batch: Import) -> None:
    """Stay until every row has an end, working when no server does."""
    with progress(batch.total_rows, "judging", unit=" rows") as bar:
        while True:
            left = waiting(batch)
            bar.update(batch.total_rows - left - bar.n)
            if not left or _is_closed_with_rows_waiting(batch):
                return
            if upkeep.is_alive("worker"):
                time.sleep(POLL_S)
                continue
            upkeep.sweep()
            admit_waiting()
            if (
                not Worker(name="command:import_listings")
                .drain(seconds=SLICE_S)
                .claimed
            ):
                time.sleep(POLL_S)
            upkeep.publish()


def _is_closed_with_rows_waiting(batch: Import) -> bool:
    """Tell whether nothing more will happen until an admin opens the intake."""
    return (
        mode_in_force() is ModeKind.CLOSED
        and batch.rows.filter(state=ImportRowState.WAITING).exists()
    )


def waiting(batch: Import) -> int:
    """Return how many rows of an import are still in the machine's hands."""
    unread = batch.rows.filter(state=ImportRowState.WAITING).count()
    busy = (
        Submission.objects.filter(
            import_rows__batch=batch,
            state__in=(SubmissionState.RECEIVED, SubmissionState.ASSESSING),
        )
        .distinct()
        .count()
    )
    open_import = Import.objects.filter(pk=batch.pk, state=ImportState.ADMITTING)
    return unread + busy + (open_import.exists() if not unread + busy else 0)


def summary_of(batch: Import) -> dict[str, Any]:
    """Return what became of an import's rows; the counts add up to received."""
    rows = batch.rows.all()
    by_state = dict(rows.values_list("state").annotate(n=Count("id")))
    admitted = Submission.objects.filter(
        import_rows__batch=batch, import_rows__state=ImportRowState.ADMITTED
    )
    states = dict(admitted.values_list("state").annotate(n=Count("id")))
    automatic = admitted.filter(
        state=SubmissionState.DECIDED,
        decisions__decided_by=DecidedBy.MACHINE,
        decisions__undone_at__isnull=True,
        decisions__superseded_at__isnull=True,
    ).count()
    return {
        "import": batch.public_id,
        "received": batch.total_rows,
        "refused": by_state.get(ImportRowState.REFUSED, 0),
        "auto_approved": automatic,
        "in_review": states.get(SubmissionState.IN_REVIEW, 0),
        "unchanged": by_state.get(ImportRowState.UNCHANGED, 0),
        "decided_by_people": states.get(SubmissionState.DECIDED, 0) - automatic,
        "withdrawn": states.get(SubmissionState.WITHDRAWN, 0),
        "waiting": by_state.get(ImportRowState.WAITING, 0)
        + states.get(SubmissionState.RECEIVED, 0)
        + states.get(SubmissionState.ASSESSING, 0),
        "ignored_columns": Import.objects.get(pk=batch.pk).ignored_columns,
        "refusals": [
            {"row": row.number, "errors": row.errors}
            for row in ImportRow.objects.filter(
                batch=batch, state=ImportRowState.REFUSED
            ).order_by("number")
        ],
    }


def _sentence(summary: dict[str, Any]) -> str:
    lines = [
        (
            f"{summary['received']} rows: {summary['auto_approved']} approved by "
            f"themselves, {summary['in_review']} wait for a person, "
            f"{summary['refused']} refused, {summary['unchanged']} unchanged, "
            f"{summary['waiting']} still waiting; {summary['seconds']} s."
        )
    ]
    if summary["ignored_columns"]:
        lines.append("Ignored columns: " + ", ".join(summary["ignored_columns"]))
    for refusal in summary["refusals"][:20]:
        words = "; ".join(
            f"{error['field']}: {error['message']}" for error in refusal["errors"]
        )
        lines.append(f"Row {refusal['row']} refused. {words}")
    if len(summary["refusals"]) > 20:
        lines.append(f"... and {len(summary['refusals']) - 20} more; see --json.")
    return "\n".join(lines)
