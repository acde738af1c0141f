"""Files of listings: upload, progress, every row's reason, and the file back."""

from collections.abc import Iterator
from itertools import chain
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.http import HttpResponse, StreamingHttpResponse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from moderation.intake.bulk import RawRow, start_import
from moderation.intake.files import FileRow, read_rows
from moderation.intake.submit import IntakeClosedError
from moderation.models import Import
from moderation.states import Source
from moderation.web import import_read, merchant_read
from moderation.web.access import actor_of, import_for, merchant_of, merchant_only
from moderation.web.http import PageRequest, go, page

MAX_BYTES = 20 * 1024 * 1024
IMPORTS_SHOWN = 30
POLL_S = 2


@require_http_methods(["GET", "HEAD", "POST"])
@merchant_only
def imports(request: PageRequest) -> HttpResponse:
    """Show the imports and the upload, or take a file in."""
    if request.method == "POST":
        return _upload(request)
    return _list(request)


def _list(request: PageRequest, error: str = "") -> HttpResponse:
    now = timezone.now()
    batches = merchant_read.imports_of(merchant_of(request), IMPORTS_SHOWN)
    context = {
        "imports": [import_read.progress_of(batch, now) for batch in batches],
        "error": error,
    }
    status = 422 if error else 200
    return page(
        request, "merchant/imports.html", context, here="imports", status=status
    )


def _upload(request: PageRequest) -> HttpResponse:
    file = request.FILES.get("file")
    if not isinstance(file, UploadedFile) or not file.size:
        return _list(request, "Choose a CSV or JSONL file with rows in it.")
    if file.size > MAX_BYTES:
        return _list(request, "The file is over 20 MB. Split it and send the parts.")
    name = str(file.name or "listings.csv")
    stream: Any = file.file  # an open file or bytes in memory, by its size
    rows: Iterator[FileRow] = read_rows(stream, name)
    first = next(rows, None)
    if first is None or (first.number == 0 and first.problems):
        words = first.problems[0].message if first else "The file is empty."
        return _list(request, words)
    try:
        started = start_import(
            merchant=merchant_of(request),
            rows=(_raw(row) for row in chain([first], rows)),
            source=Source.IMPORT,
            by=actor_of(request),
            filename=name,
            columns=list(first.data or {}),
            request_id=request.request_id,
        )
    except IntakeClosedError as closed:
        return _list(request, str(closed))
    return go(request, "import", started.batch.public_id)


def _raw(row: FileRow) -> RawRow:
    problems = tuple(problem.as_dict() for problem in row.problems)
    return RawRow(row.number, row.data, problems)


@require_safe
@merchant_only
def batch(request: PageRequest, public_id: str) -> HttpResponse:
    """Show how far an import is, and what to mend."""
    context = _context(import_for(request, public_id))
    return page(request, "merchant/import.html", context, here="imports")


@require_safe
@merchant_only
def progress(request: PageRequest, public_id: str) -> HttpResponse:
    """Answer the poll of an import's page; when it is done, reload it once."""
    context = _context(import_for(request, public_id))
    if request.htmx and not context["progress"].is_running:
        return go(request, "import", public_id)
    return page(request, "merchant/_import.html", context, here="imports")


def _context(found: Import) -> dict[str, Any]:
    now = timezone.now()
    return {
        "batch": found,
        "progress": import_read.progress_of(found, now),
        "refused": import_read.to_mend(found),
        "preview": import_read.preview_of(found, now),
        "poll_s": POLL_S,
    }


@require_safe
@merchant_only
def answers(request: PageRequest, public_id: str) -> StreamingHttpResponse:
    """Hand the merchant's file back with three columns added."""
    found = import_for(request, public_id)
    is_json = found.filename.lower().endswith((".jsonl", ".ndjson", ".json"))
    kind = "application/x-ndjson" if is_json else "text/csv"
    lines = import_read.answer_lines(found, timezone.now())
    response = StreamingHttpResponse(lines, content_type=f"{kind}; charset=utf-8")
    stem = "".join(c for c in found.filename if c.isalnum() or c in "-_.")[:80]
    name = stem or f"{found.public_id}.csv"
    response["Content-Disposition"] = f'attachment; filename="answers-{name}"'
    response["Cache-Control"] = "private, no-store"
    return response
