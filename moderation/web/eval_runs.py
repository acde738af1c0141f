"""A run's page: its verdict, its numbers, the cases it broke; and starting one."""

from collections.abc import Mapping

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_POST, require_safe

from moderation.evals.datasets import DatasetRefusedError, find_dataset
from moderation.evals.runs import BY_COMMAND, completed_run, plan_run
from moderation.models import EvalRun, PipelineVersion
from moderation.models.clock import database_now
from moderation.retrieval.policies import clauses_by_code
from moderation.states import RunState
from moderation.web import run_read as read
from moderation.web.access import actor_of, admin_only, overseer_only
from moderation.web.evals_read import is_key, run_words
from moderation.web.http import PageRequest, go, page

POLL_S = 2
# Kind, heading, and what its parts are called where that is not their name.
TABLES: tuple[tuple[str, str, Mapping[str, str]], ...] = (
    ("clauses", "Found, by clause", {}),
    ("fields", "Exactly right, by field", read.FIELD_NAMES),
    ("classes", "Right, by class", read.CLASS_NAMES),
    ("languages", "Right, by language", {}),
    ("origins", "Right, by origin", {}),
    ("difficulties", "Right, by difficulty", {}),
)


@require_safe
@overseer_only
def run(request: PageRequest, public_id: str) -> HttpResponse:
    """Show a run: the verdict first, then what it newly broke."""
    row = _run(public_id)
    context = {"run": row, "words": run_words(row), **_progress(row)}
    if row.finalized_at is None:
        return page(request, "evals/run.html", context, here="evals")
    lists = read.lists_of(row)
    asked = request.GET.get("show", "")
    which = asked if asked in lists else "broken" if lists.get("broken") else "wrong"
    rows = read.listed(row, which)
    key = request.GET.get("case", "")
    first = int(key) if is_key(key) else (rows[0].key if rows else 0)
    titles = {
        code: clause.title
        for code, clause in clauses_by_code(row.pipeline.policy_id).items()
    }
    context |= {
        "numbers": read.numbers(row),
        "lists": [(k, name, lists[k]) for k, name in read.LISTS if k in lists],
        "which": which,
        "rows": rows,
        "opened": read.opened(row, first) if first else None,
        "paired": row.summary.get("paired"),
        "tables": [
            (kind, heading, table)
            for kind, heading, names in TABLES
            if (table := read.table(row, kind, names or titles)).lines
        ],
    }
    return page(request, "evals/run.html", context, here="evals")


@require_safe
@overseer_only
def progress(request: PageRequest, public_id: str) -> HttpResponse:
    """Show how far a run is; to a script only, everybody else gets the page."""
    row = _run(public_id)
    if not request.htmx:
        return go(request, "run", public_id)
    if row.finalized_at or row.state == RunState.FAILED:
        response = HttpResponse(status=204)
        response["HX-Refresh"] = "true"
        return response
    context = {"run": row, **_progress(row)}
    return page(request, "evals/_progress.html", context)


@require_POST
@admin_only
def start(request: PageRequest) -> HttpResponse:
    """Plan a run; the workers take it up within seconds."""
    names = (request.POST.get("pipeline", ""), request.POST.get("against", ""))
    versions = PipelineVersion.objects.in_bulk(names, field_name="name")
    pipeline = versions.get(names[0])
    try:
        dataset = find_dataset(request.POST.get("dataset", ""))
        if pipeline is None:
            raise DatasetRefusedError("Choose a pipeline version.")
        against = None
        if names[1]:
            baseline = versions.get(names[1])
            against = completed_run(dataset, baseline) if baseline else None
            if against is None:
                raise DatasetRefusedError(
                    f"{names[1]} has no completed run over {dataset}: run it first."
                )
        row = plan_run(
            dataset=dataset,
            pipeline=pipeline,
            against=against,
            by=actor_of(request),
            request_id=request.request_id,
        )
    except DatasetRefusedError as error:
        messages.error(request, str(error), extra_tags="bad")
        return go(request, "evals")
    return go(request, "run", row.public_id)


def _run(public_id: str) -> EvalRun:
    found = EvalRun.objects.select_related(
        "pipeline", "dataset", "against__pipeline", "against__dataset"
    )
    return get_object_or_404(found, public_id=public_id)


def _progress(row: EvalRun) -> dict[str, object]:
    found = read.progress_of(row)
    ended = row.finished_at or database_now()
    is_stalled = (
        row.state == RunState.RUNNING
        and row.environment.get("worked_by") == BY_COMMAND
        and (row.lease_until is None or row.lease_until <= database_now())
    )
    return {
        "done": found["done"],
        "cost": found["cost"],
        "share": found["done"] / row.planned_cases if row.planned_cases else 0.0,
        "lasted": ended - row.started_at if row.started_at else None,
        "is_stalled": is_stalled,
        "poll_s": POLL_S,
    }
