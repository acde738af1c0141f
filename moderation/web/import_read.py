"""What became of each row of an import: the counts, the reasons, the file back.

Reads only. The answer file keeps the merchant's columns and order and adds
three; no cell of it can start a formula in a spreadsheet.
"""

import csv
import io
import json
import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, OuterRef, Prefetch, Q, QuerySet, Subquery
from django.utils import timezone

from moderation.content import FIELDS
from moderation.models import Decision, Import, ImportRow, Submission
from moderation.states import ImportRowState, Outcome, SubmissionState
from moderation.web import standing

ADDED = ("rh_outcome", "rh_field", "rh_reason")
OUTCOMES = {
    "live": "live",
    "checking": "being checked",
    "changes_needed": "your turn",
    "rejected": "not accepted",
    "withdrawn": "withdrawn",
    "waiting": "waiting",
    "refused": "not readable",
}
REFUSED_SHOWN = 100
_NUMBER = re.compile(r"[-+]?\d[\d.,\s]*")
# Between rh_ lines and memory: rows read at once for the answer file.
CHUNK = 500


@dataclass(frozen=True, slots=True)
class Part:
    """One segment of the outcome bar with its legend, in drawing units of 1000."""

    key: str
    label: str
    count: int
    css: str
    x: float = 0.0
    width: float = 0.0


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an import is, by outcome."""

    batch: Import
    total: int
    parts: tuple[Part, ...]
    ended: int

    @property
    def is_running(self) -> bool:
        """Return whether anything still waits for the machine."""
        return self.ended < self.total

    def count(self, key: str) -> int:
        """Return how many rows ended so."""
        return next((p.count for p in self.parts if p.key == key), 0)

    @property
    def live(self) -> int:
        """Return how many are live."""
        return self.count("live")

    @property
    def person(self) -> int:
        """Return how many wait for a person."""
        return self.count("person")

    @property
    def refused(self) -> int:
        """Return how many rows could not be read."""
        return self.count("refused")

    @property
    def yours(self) -> int:
        """Return how many rows need the merchant."""
        return self.count("changes_needed") + self.count("refused")


PARTS = (
    ("live", "Live", "c-ok"),
    ("person", "A person reads it", "c-info"),
    ("waiting", "In the queue", "c-line"),
    ("changes_needed", "Your turn", "c-warn"),
    ("rejected", "Not accepted", "c-bad"),
    ("refused", "Not readable", "c-ctl"),
)


def progress_of(batch: Import, now: datetime) -> Progress:
    """Return how many rows ended how, in one query."""
    decided = Decision.objects.in_force(now).filter(submission=OuterRef("submission"))
    taken = Q(submission__isnull=False)
    pending = taken & Q(outcome__isnull=True)
    machine = Q(
        submission__state__in=(SubmissionState.RECEIVED, SubmissionState.ASSESSING)
    )
    gone = Q(submission__state=SubmissionState.WITHDRAWN)
    counted = batch.rows.annotate(
        outcome=Subquery(decided.values("outcome")[:1])
    ).aggregate(
        total=Count("pk"),
        live=Count("pk", filter=Q(outcome=Outcome.APPROVED)),
        changes_needed=Count("pk", filter=Q(outcome=Outcome.CHANGES_NEEDED)),
        rejected=Count("pk", filter=Q(outcome=Outcome.REJECTED)),
        person=Count("pk", filter=pending & ~machine & ~gone),
        waiting=Count(
            "pk", filter=(pending & machine) | Q(state=ImportRowState.WAITING)
        ),
        refused=Count("pk", filter=Q(state=ImportRowState.REFUSED)),
    )
    total = max(batch.total_rows, counted["total"])
    return Progress(batch, total, _parts(counted, total), total - counted["waiting"])


def _parts(counted: Mapping[str, int], total: int) -> tuple[Part, ...]:
    """Lay the segments out on 1000 units, each at least 4 wide, 2 apart."""
    filled = [(k, label, css) for k, label, css in PARTS if counted[k]]
    room = 1000 - 2 * max(0, len(filled) - 1)
    widths = [max(4.0, counted[k] / max(1, total) * room) for k, _, _ in filled]
    scale = room / max(room, sum(widths))
    parts, x = [], 0.0
    for (key, label, css), width in zip(filled, widths, strict=True):
        parts.append(
            Part(key, label, counted[key], css, round(x, 1), round(width * scale, 1))
        )
        x += width * scale + 2
    return tuple(parts)


@dataclass(frozen=True, slots=True)
class Mend:
    """One thing to mend in one row of a file."""

    number: int
    name: str
    field: str
    code: str
    message: str


def to_mend(batch: Import) -> list[Mend]:
    """Return what is to be mended in the first rows that could not be read."""
    found = batch.rows.filter(state=ImportRowState.REFUSED).order_by("number")
    return [
        Mend(
            number=row.number,
            name=_name(row),
            field=str(error.get("field", "")),
            code=_code(error),
            message=str(error.get("message", "")),
        )
        for row in found[:REFUSED_SHOWN]
        for error in row.errors
    ]


def _name(row: ImportRow) -> str:
    data = row.data if isinstance(row.data, dict) else {}
    return str(data.get("title") or data.get("external_id") or "(empty)")


def _code(error: Mapping[str, str]) -> str:
    code = str(error.get("code", ""))
    return code if code[:2] in ("P-", "Q-") else ""


@dataclass(frozen=True, slots=True)
class Answered:
    """One row of the file with its three added columns, for the preview."""

    external_id: str
    title: str
    price: str
    outcome: str
    field: str
    reason: str


def preview_of(batch: Import, now: datetime, size: int = 4) -> list[Answered]:
    """Return the first rows as the answer file will hold them."""
    made = []
    for row in rows_with_answers(batch)[:size]:
        data = row.data if isinstance(row.data, dict) else {}
        outcome, field, reason = answer_of(row, now)
        made.append(
            Answered(
                external_id=str(data.get("external_id") or ""),
                title=str(data.get("title") or ""),
                price=str(data.get("price") or ""),
                outcome=outcome,
                field=field,
                reason=reason,
            )
        )
    return made


def rows_with_answers(batch: Import) -> QuerySet[ImportRow]:
    """Return the rows in the file's order, their decisions read."""
    decisions = Prefetch(
        "submission__decisions",
        queryset=Decision.objects.in_force(timezone.now()),
        to_attr="effective_decisions",
    )
    return (
        batch.rows.select_related("submission")
        .prefetch_related(decisions)
        .order_by("number")
    )


def answer_of(row: ImportRow, now: datetime) -> tuple[str, str, str]:
    """Return outcome, field and reason of one row."""
    if row.state == ImportRowState.REFUSED:
        fields = ", ".join(dict.fromkeys(e.get("field", "") for e in row.errors))
        reasons = " ".join(_reason(e) for e in row.errors)
        return OUTCOMES["refused"], fields, reasons
    submission: Submission | None = row.submission
    if submission is None:
        return OUTCOMES["waiting"], "", ""
    found: list[Decision] = getattr(submission, "effective_decisions", [])
    decision = found[0] if found and found[0].effective_at <= now else None
    state = standing.state_of(submission, decision, now)
    fields = ", ".join(
        dict.fromkeys(str(c.get("field", "")) for c in decision.clauses)
        if decision
        else ()
    )
    return OUTCOMES[state], fields, standing.happened(submission, decision, state)


def _reason(error: Mapping[str, str]) -> str:
    code, message = _code(error), str(error.get("message", ""))
    return f"{code}: {message}" if code else message


def answer_lines(batch: Import, now: datetime) -> Iterator[str]:
    """Yield the merchant's own file with three columns added, line by line."""
    is_json = batch.filename.lower().endswith((".jsonl", ".ndjson", ".json"))
    columns = list(batch.columns) or ["external_id", *FIELDS]
    if not is_json:
        yield _csv_line([*columns, *ADDED])
    for row in rows_with_answers(batch).iterator(chunk_size=CHUNK):
        data = row.data if isinstance(row.data, dict) else {}
        answer = answer_of(row, now)
        if is_json:
            yield (
                json.dumps(
                    {**data, **dict(zip(ADDED, answer, strict=True))},
                    ensure_ascii=False,
                )
                + "\n"
            )
        else:
            cells = [_cell(data, name) for name in columns]
            yield _csv_line([*cells, *answer])


def _cell(data: Mapping[str, Any], name: str) -> str:
    value = data.get(name)
    if value is None and name.partition(".")[0] == "attributes":
        value = (data.get("attributes") or {}).get(name.partition(".")[2])
    if value is None or value == "":
        return ""
    if isinstance(value, list):
        return " | ".join(str(item) for item in value)
    if isinstance(value, dict):
        return json.dumps(value, ensure_ascii=False) if value else ""
    return str(value)


def _csv_line(cells: list[str]) -> str:
    out = io.StringIO()
    csv.writer(out).writerow([safe_cell(cell) for cell in cells])
    return out.getvalue()


def safe_cell(text: str) -> str:
    """Return a cell that no spreadsheet reads as a formula; numbers stay as they are.

    Source: OWASP, CSV Injection: = + - @ tab and carriage return, also after
    spaces or quotes and in their full-width forms.
    """
    if text[:1] in ("\t", "\r", "\n"):
        return f"'{text}"
    first = unicodedata.normalize("NFKC", text.lstrip(" \t\r\n\"'")[:1])
    if first[:1] in ("=", "@", "|") or (
        first[:1] in ("+", "-") and not _NUMBER.fullmatch(text.strip())
    ):
        return f"'{text}"
    return text
