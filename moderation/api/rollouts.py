"""The admin's calls on rollouts: read, advance, hold, stop."""

from typing import Annotated, Any

from django.db.models import Prefetch, QuerySet
from ninja import Path, Router, Status

from moderation.access.keys import READ_ROLLOUTS, WRITE_ROLLOUTS
from moderation.api.application import takes
from moderation.api.auth import ApiRequest, BearerKey
from moderation.api.check import read_model
from moderation.api.problems import ApiError, FieldError, invalid
from moderation.api.rollout_schemas import (
    AdvanceIn,
    HoldIn,
    RolloutOut,
    RolloutsOut,
    StopIn,
)
from moderation.models import Rollout, RolloutStep
from moderation.rollout.brake import hold, stop
from moderation.rollout.describe import describe, describe_steps
from moderation.rollout.stages import advance

router = Router(tags=["Rollouts"])
_reads, _writes = BearerKey(READ_ROLLOUTS), BearerKey(WRITE_ROLLOUTS)

MOST = 100
RolloutId = Annotated[str, Path(..., description="Id of a rollout.")]
_IF_MATCH = {
    "in": "header",
    "name": "If-Match",
    "required": False,
    "description": "The revision, in quotes, instead of `revision` in the body.",
    "schema": {"type": "string"},
}


@router.get("/rollouts", auth=_reads, response=RolloutsOut, summary="List the rollouts")
def list_rollouts(request: ApiRequest) -> Any:
    """Show the rollouts, newest first, at most a hundred."""
    return {"rollouts": [_shown(row) for row in _all()[:MOST]]}


@router.get(
    "/rollouts/{rollout_id}",
    auth=_reads,
    response=RolloutOut,
    summary="Read a rollout",
)
def get_rollout(request: ApiRequest, rollout_id: RolloutId) -> Any:
    """Show one rollout with its history and what its next step lacks."""
    return _shown(_found(rollout_id))


@router.post(
    "/rollouts/{rollout_id}/advance",
    auth=_writes,
    response={200: RolloutOut, 202: RolloutOut},
    summary="Advance a rollout",
    openapi_extra=takes(AdvanceIn, parameters=[_IF_MATCH]),
)
def advance_rollout(request: ApiRequest, rollout_id: RolloutId) -> Any:
    """Move the candidate one stage on; 202 when a second admin has to confirm."""
    row = _found(rollout_id)
    asked = read_model(request, AdvanceIn)
    revision = _revision(request, asked.revision)
    if revision is None:
        words = "Send the revision that you read."
        raise invalid([FieldError("/revision", "revision", "required", words)])
    done = advance(
        rollout=row,
        revision=revision,
        by=request.auth.actor,
        note=asked.note,
        override=asked.override,
        request_id=request.request_id,
    )
    return Status(202 if done.is_pending else 200, _shown(_found(rollout_id)))


@router.post(
    "/rollouts/{rollout_id}/hold",
    auth=_writes,
    response=RolloutOut,
    summary="Hold a rollout, or end the hold",
    openapi_extra=takes(HoldIn, parameters=[_IF_MATCH]),
)
def hold_rollout(request: ApiRequest, rollout_id: RolloutId) -> Any:
    """Keep the rollout at its stage until the hold is ended."""
    row = _found(rollout_id)
    asked = read_model(request, HoldIn)
    hold(
        rollout=row,
        by=request.auth.actor,
        on=asked.on,
        revision=_revision(request, asked.revision),
        note=asked.note,
        request_id=request.request_id,
    )
    return _shown(_found(rollout_id))


@router.post(
    "/rollouts/{rollout_id}/stop",
    auth=_writes,
    response=RolloutOut,
    summary="Stop a rollout",
    openapi_extra=takes(StopIn, parameters=[_IF_MATCH]),
)
def stop_rollout(request: ApiRequest, rollout_id: RolloutId) -> Any:
    """Give everyone back to the baseline, at once, in every process."""
    row = _found(rollout_id)
    asked = read_model(request, StopIn)
    stop(
        rollout=row,
        by=request.auth.actor,
        revision=_revision(request, asked.revision),
        note=asked.note,
        request_id=request.request_id,
    )
    return _shown(_found(rollout_id))


def _all() -> QuerySet[Rollout]:
    return (
        Rollout.objects.select_related("candidate", "baseline")
        .prefetch_related(
            "pilot_merchants", Prefetch("steps", RolloutStep.objects.order_by("id"))
        )
        .order_by("-id")
    )


def _found(public_id: str) -> Rollout:
    row = _all().filter(public_id=public_id).first()
    if row is None:
        raise ApiError("not-found")
    return row


def _shown(row: Rollout) -> dict[str, Any]:
    return {**describe(row), "steps": describe_steps(row)}


def _revision(request: ApiRequest, given: int | None) -> int | None:
    """Return the revision of the body, else of If-Match; None where neither is."""
    header = request.headers.get("If-Match", "").strip()
    if given is not None or not header:
        return given
    text = header.removeprefix("W/").strip('"')
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        words = "Send the revision as a number in quotes."
        raise invalid([FieldError("#header/If-Match", "If-Match", "malformed", words)])
    return int(text)
