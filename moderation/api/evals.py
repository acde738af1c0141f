"""The admin's calls on evals: datasets, runs, and a run planned."""

from typing import Annotated, Any

from django.db.models import Count, Sum
from django.urls import reverse
from ninja import Path, Router, Status

from moderation.access.keys import READ_EVALS, WRITE_EVALS
from moderation.api.application import takes
from moderation.api.auth import ApiRequest, BearerKey
from moderation.api.check import read_model
from moderation.api.evals_schemas import (
    DatasetsOut,
    RunDetailOut,
    RunIn,
    RunOut,
    RunsOut,
)
from moderation.api.problems import ApiError, FieldError, invalid
from moderation.api.show import time_of
from moderation.evals.datasets import DatasetRefusedError, find_dataset
from moderation.evals.runs import completed_run, plan_run
from moderation.models import EvalDataset, EvalRun, PipelineVersion
from moderation.states import DatasetState

router = Router(tags=["Evals"])
_reads, _writes = BearerKey(READ_EVALS), BearerKey(WRITE_EVALS)
AT_MOST = 100

RunId = Annotated[str, Path(..., description="Id of an eval run (RUN-...).")]


@router.get(
    "/evals/datasets", auth=_reads, response=DatasetsOut, summary="List datasets"
)
def list_datasets(request: ApiRequest) -> Any:
    """List the frozen dataset versions, the newest first."""
    found = EvalDataset.objects.filter(state=DatasetState.FROZEN)
    rows = found.annotate(size=Count("evaldatasetcase")).order_by("-id")[:AT_MOST]
    return {
        "items": [
            {
                "name": row.name,
                "version": row.version,
                "cases": row.size,
                "sha256": row.sha256,
                "note": row.note,
                "frozen_at": time_of(row.frozen_at),
                "frozen_by": row.frozen_by,
            }
            for row in rows
        ]
    }


@router.get("/evals/runs", auth=_reads, response=RunsOut, summary="List runs")
def list_runs(request: ApiRequest) -> Any:
    """List the newest runs with their gate's verdict."""
    return {"items": [_shown(row) for row in _runs().order_by("-id")[:AT_MOST]]}


@router.get(
    "/evals/runs/{run_id}", auth=_reads, response=RunDetailOut, summary="Look at a run"
)
def get_run(request: ApiRequest, run_id: RunId) -> Any:
    """Show a run with its figures, its tables and what it broke."""
    row = _runs().filter(public_id=run_id[:20]).first()
    if row is None:
        raise ApiError("not-found")
    summary = row.summary
    return {
        **_shown(row),
        "figures": summary.get("figures", {}),
        "tables": summary.get("tables", {}),
        "paired": summary.get("paired"),
    }


@router.post(
    "/evals/runs",
    auth=_writes,
    response={202: RunOut},
    summary="Plan a run",
    openapi_extra=takes(RunIn),
)
def start_run(request: ApiRequest) -> Any:
    """Plan a run; the workers take it up beside the listings that wait."""
    asked = read_model(request, RunIn)
    pipeline = _version("pipeline", asked.pipeline)
    try:
        dataset = find_dataset(asked.dataset)
    except DatasetRefusedError as error:
        raise _bad("dataset", str(error)) from error
    against = None
    if asked.against:
        against = completed_run(dataset, _version("against", asked.against))
        if against is None:
            words = f"{asked.against} has no completed run over {dataset}."
            raise _bad("against", words)
    row = plan_run(
        dataset=dataset,
        pipeline=pipeline,
        against=against,
        by=request.auth.actor,
        request_id=request.request_id,
    )
    return Status(202, _shown(_runs().get(pk=row.pk)))


def _runs() -> Any:
    return EvalRun.objects.select_related("dataset", "pipeline", "against").annotate(
        done=Count("results"), cost=Sum("results__cost_microusd", default=0)
    )


def _shown(row: Any) -> dict[str, Any]:
    gate = None
    if row.finalized_at:
        gate = {"passed": row.gate_passed, "reasons": row.gate_reasons}
    return {
        "id": row.public_id,
        "state": row.state,
        "dataset": f"{row.dataset.name}@{row.dataset.version}",
        "dataset_sha256": row.dataset.sha256,
        "pipeline": row.pipeline.name,
        "against": row.against.public_id if row.against else None,
        "cases": row.planned_cases,
        "done": row.done,
        "cost_microusd": row.cost,
        "failure": row.failure,
        "gate": gate,
        "created_at": time_of(row.created_at),
        "finished_at": time_of(row.finished_at),
        "url": reverse("web:run", args=[row.public_id]),
    }


def _version(field: str, name: str) -> PipelineVersion:
    row = PipelineVersion.objects.filter(name=name).first()
    if row is None:
        raise _bad(field, f"There is no pipeline version {name}.")
    return row


def _bad(field: str, message: str) -> ApiError:
    return invalid([FieldError(f"/{field}", field, "not_found", message)])
