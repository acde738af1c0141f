"""The audit log: who moved what from where to where, and why; filtered and exported.

Reads only. Subjects are ids, by design; where one has a page of its own it is linked.
"""

import csv
import io
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from datetime import MAXYEAR, UTC, date, datetime, time, timedelta
from typing import Any
from urllib.parse import urlencode

from django.db.models import QuerySet
from django.http import HttpResponse, StreamingHttpResponse
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from moderation import ledger
from moderation.models import AuditEvent, Decision
from moderation.web.access import overseer_only
from moderation.web.http import PageRequest, page
from moderation.web.import_read import safe_cell

PAGE, CHECKED, CHUNK = 50, 500, 500
COLUMNS = (
    *("id", "at", "actor", "action", "subject_type", "subject_id", "from_state"),
    *("to_state", "reason", "data", "request_id", "sequence", "sha256"),
)
# The page of a subject, by its type; a type without one is shown as its id.
PAGES = {
    "Decision": "decision",
    "ReviewTask": "task",
    "Rollout": "rollout",
    "EvalRun": "run",
    "EvalCase": "case",
    "PipelineVersion": "version",
}


@dataclass(frozen=True, slots=True)
class Filters:
    """What the query string asks for; what cannot be read is left out."""

    actor: str = ""
    action: str = ""
    subject: str = ""
    since: str = ""
    until: str = ""

    @classmethod
    def of(cls, query: Mapping[str, str]) -> "Filters":
        """Read a query string."""
        return cls(*(query.get(f.name, "").strip()[:200] for f in fields(cls)))

    @property
    def query(self) -> str:
        """Return them as a query string, the empty ones left out."""
        pairs = ((f.name, getattr(self, f.name)) for f in fields(self))
        return urlencode([(name, value) for name, value in pairs if value])

    def rows(self) -> QuerySet[AuditEvent]:
        """Return the events that are asked for, newest first."""
        found = AuditEvent.objects.order_by("-id")
        if self.actor:
            found = found.filter(actor__icontains=self.actor)
        if self.action:
            found = found.filter(action=self.action)
        if self.subject:
            found = found.filter(subject_id=self.subject)
        since, until = _day(self.since), _day(self.until)
        if since:
            found = found.filter(at__gte=since)
        if until:
            found = found.filter(at__lt=until + timedelta(days=1))
        return found


def _day(text: str) -> datetime | None:
    try:
        day = datetime.combine(date.fromisoformat(text), time(), tzinfo=UTC)
        # The day after it must be a date too.
        return day if day.year < MAXYEAR else None
    except ValueError:
        return None


@dataclass(frozen=True, slots=True)
class Row:
    """One event, with the address of its subject where it has one."""

    event: AuditEvent
    url: str
    details: str


@dataclass(frozen=True, slots=True)
class Chain:
    """The state of the chain in one sentence, and whether that is good."""

    tone: str
    sentence: str


@require_safe
@overseer_only
def audit(request: PageRequest) -> HttpResponse:
    """Show the newest events, or those that the filters leave, a page at a time."""
    filters = Filters.of(request.GET)
    found, before = filters.rows(), request.GET.get("before", "")
    if before.isascii() and before.isdigit():
        found = found.filter(pk__lt=int(before[:18]))
    events = list(found[: PAGE + 1])
    shown = events[:PAGE]
    context = {
        "filters": filters,
        "rows": rows_of(shown, may_review=request.viewer.is_moderator),
        "older": shown[-1].pk if len(events) > PAGE else None,
        "is_newest": not before,
        "actions": known_actions(),
        "chain": chain_state(timezone.now()),
    }
    return page(request, "ops/audit.html", context, here="audit")


@require_safe
@overseer_only
def export(request: PageRequest) -> StreamingHttpResponse:
    """Send what the filters leave as CSV or, with format=jsonl, as JSON lines."""
    filters = Filters.of(request.GET)
    is_json = request.GET.get("format") == "jsonl"
    lines = exported(filters.rows(), is_json=is_json)
    kind = "application/x-ndjson" if is_json else "text/csv"
    response = StreamingHttpResponse(
        (line.encode() for line in lines), content_type=f"{kind}; charset=utf-8"
    )
    name = f"audit-{timezone.now():%Y%m%d-%H%M}.{'jsonl' if is_json else 'csv'}"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["Cache-Control"] = "private, no-store"
    return response


def exported(found: QuerySet[AuditEvent], *, is_json: bool) -> Iterator[str]:
    """Yield the file line by line; no cell of it can start a formula."""
    if not is_json:
        yield _csv_line(COLUMNS)
    for values in found.values_list(*COLUMNS).iterator(chunk_size=CHUNK):
        named = dict(zip(COLUMNS, values, strict=True))
        named["at"] = named["at"].astimezone(UTC).isoformat()
        if is_json:
            yield json.dumps(named, ensure_ascii=False) + "\n"
            continue
        named["data"] = json.dumps(named["data"], ensure_ascii=False)
        yield _csv_line("" if v is None else str(v) for v in named.values())


def _csv_line(cells: Any) -> str:
    out = io.StringIO()
    csv.writer(out).writerow([safe_cell(cell) for cell in cells])
    return out.getvalue()


def known_actions() -> list[str]:
    """Return the actions that occur lately, for the filter's list."""
    newest = AuditEvent.objects.order_by("-id").values_list("action", flat=True)
    return sorted(set(newest[:2000]))


def rows_of(events: list[AuditEvent], *, may_review: bool = True) -> list[Row]:
    """Return events with the address of each subject, in one query for all.

    Args:
        may_review: whether the reader may open the page of a task.
    """
    ids = {e.subject_id for e in events if e.subject_type == "Submission"}
    decisions = dict(
        Decision.objects.filter(submission__public_id__in=ids)
        .order_by("id")
        .values_list("submission__public_id", "public_id")
    )
    return [
        Row(
            event,
            address_of(event, decisions)
            if may_review or event.subject_type != "ReviewTask"
            else "",
            json.dumps(event.data, ensure_ascii=False) if event.data else "",
        )
        for event in events
    ]


def address_of(event: AuditEvent, decisions: Mapping[str, str]) -> str:
    """Return the page of an event's subject, "" where there is none.

    A submission leads to its newest decision, which shows the whole thread.
    """
    kind, subject = event.subject_type, event.subject_id
    if kind == "Submission":
        kind, subject = "Decision", decisions.get(subject, "")
    if kind == "EvalDataset":
        name, _, version = subject.rpartition(" ")
        return _reversed("dataset", name, version)
    if kind == "Mode":
        return _reversed("ops")
    return _reversed(PAGES[kind], subject) if kind in PAGES and subject else ""


def _reversed(name: str, *args: str) -> str:
    try:
        return reverse(f"web:{name}", args=args)
    except NoReverseMatch:
        return ""


def chain_state(now: datetime) -> Chain:
    """Return how the chain stands: its newest rows are walked at each look."""
    head, broken = ledger.kept_head()
    after = max(0, head.sequence - CHECKED)
    broken = ledger.walk(head, after=after).broken or broken
    waits = ledger.waiting()
    if broken:
        words = f"The chain is broken. {broken.sentence} Run verify_audit, then see"
        return Chain("bad", f"{words} the runbook.")
    if waits.is_long(now):
        words = f"{waits.count:,} rows have waited for their seal for over a minute"
        return Chain("warn", f"{words}: is a scheduler running?")
    if not head.sequence:
        return Chain("", "Nothing is sealed yet: the first rows are within a second.")
    sentence = f"Sealed up to row {head.sequence:,}"
    sentence += f"; {waits.count:,} wait for the next second. " if waits.count else ". "
    sentence += f"The newest {head.sequence - after:,} were checked just now: unbroken."
    return Chain("ok", f"{sentence} verify_audit checks them all.")
