"""Datasets: what is frozen, what waits to be, and a frozen version's page."""

from django.contrib import messages
from django.http import Http404, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_POST, require_safe

from moderation.evals.datasets import (
    SOURCES,
    DatasetRefusedError,
    freeze_dataset,
    verify_dataset,
)
from moderation.evals.exports import FORMS, lines_of
from moderation.models import EvalDataset, PipelineVersion
from moderation.states import DatasetState
from moderation.web import evals_read as read
from moderation.web.access import actor_of, admin_only, overseer_only
from moderation.web.http import PageRequest, go, page

SHOWN = 50


@require_safe
@overseer_only
def evals(request: PageRequest) -> HttpResponse:
    """Show what waits for a curator, the frozen datasets and the newest runs."""
    datasets = list(read.datasets()[:SHOWN])
    context = {
        "counts": read.case_counts(),
        "proposed": read.proposed_by_provenance(),
        "datasets": datasets,
        "runs": [(run, read.run_words(run)) for run in read.recent_runs()],
        "pipelines": PipelineVersion.objects.order_by("-id"),
        "sources": list(SOURCES),
        "name": datasets[0].name if datasets else "core",
    }
    return page(request, "evals/evals.html", context, here="evals")


@require_POST
@admin_only
def freeze(request: PageRequest) -> HttpResponse:
    """Freeze the accepted cases as the next version of a name."""
    try:
        dataset = freeze_dataset(
            name=request.POST.get("name", "").strip(),
            source=request.POST.get("source", "all"),
            accept_proposed=request.POST.get("accept_proposed") == "yes",
            note=request.POST.get("note", "").strip(),
            by=actor_of(request),
        )
    except DatasetRefusedError as error:
        messages.error(request, str(error), extra_tags="bad")
        return go(request, "evals")
    messages.success(request, f"Froze {dataset}. It never changes.", extra_tags="ok")
    return go(request, "dataset", dataset.name, dataset.version)


@require_safe
@overseer_only
def dataset(request: PageRequest, name: str, version: int) -> HttpResponse:
    """Show what a frozen version is made of, its hash and the runs over it."""
    row = _dataset(name, version)
    try:
        verify_dataset(row)
        broken = ""
    except DatasetRefusedError as error:
        broken = str(error)
    runs = row.runs.select_related("pipeline", "dataset").order_by("-id")[:SHOWN]
    context = {
        "dataset": row,
        "size": row.cases.count(),
        "broken": broken,
        "parts": read.composition(row).items(),
        "forms": list(FORMS),
        "runs": [(run, read.run_words(run)) for run in runs],
        "pipelines": PipelineVersion.objects.order_by("-id"),
        "newer": EvalDataset.objects.filter(name=name, version=version + 1).exists(),
    }
    return page(request, "evals/dataset.html", context, here="evals")


@require_safe
@overseer_only
def export(
    request: PageRequest, name: str, version: int, form: str
) -> HttpResponseBase:
    """Send a frozen version as JSON lines in one of the forms."""
    row = _dataset(name, version)
    if form not in FORMS:
        raise Http404
    response = StreamingHttpResponse(
        (line + "\n" for line in lines_of(row, form)),
        content_type="application/x-ndjson",
    )
    filename = f"{row.name}-{row.version}.{form}.jsonl"
    response["Content-Disposition"] = f'attachment; filename="{filename}"'
    response["Cache-Control"] = "private, no-store"
    return response


def _dataset(name: str, version: int) -> EvalDataset:
    frozen = EvalDataset.objects.exclude(state=DatasetState.DRAFT)
    return get_object_or_404(frozen, name=name, version=version)
