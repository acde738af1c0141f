"""The moderator's calls: claim a task, keep it, decide it, undo."""

from typing import Annotated, Any

from ninja import Path, Router, Status

from moderation.access.keys import READ_TASKS, WRITE_TASKS
from moderation.api import find, show
from moderation.api.application import takes
from moderation.api.auth import ApiRequest, BearerKey
from moderation.api.check import read_model
from moderation.api.problems import FieldError, invalid
from moderation.api.review_schemas import (
    ClaimIn,
    DecidedOut,
    DecisionIn,
    EscalatedOut,
    EscalateIn,
    LeaseIn,
    SkipIn,
    TaskOut,
    UndoneOut,
)
from moderation.review import queue
from moderation.review.decide import decide, undo
from moderation.review.escalate import escalate

router = Router(tags=["Review"])
_reads, _writes = BearerKey(READ_TASKS), BearerKey(WRITE_TASKS)

TaskId = Annotated[str, Path(..., description="Id of a review task (TSK-...).")]
DecisionId = Annotated[str, Path(..., description="Id of a decision (DEC-...).")]


@router.post(
    "/review/claim",
    auth=_writes,
    response={200: TaskOut, 204: None},
    summary="Claim the next task",
    openapi_extra=takes(ClaimIn),
)
def claim_next_task(request: ApiRequest) -> Any:
    """Lease the task that is due first; 204 when there is none.

    Whoever holds a task of the queue gets that one again, its lease renewed.
    """
    asked = read_model(request, ClaimIn).queue
    if asked is not None and asked not in queue.QUEUES:
        message = f"Send one of {', '.join(queue.QUEUES)}, or leave it out."
        raise invalid([FieldError("/queue", "queue", "not_a_choice", message)])
    task = queue.claim_next(by=request.auth.actor, queue=asked)
    return Status(204, None) if task is None else show.task(task, request.auth)


@router.get(
    "/review/tasks/{task_id}",
    auth=_reads,
    response=TaskOut,
    summary="Look at a task",
)
def get_task(request: ApiRequest, task_id: TaskId) -> Any:
    """Show a task: its reasons, the assessment, the listing's three versions."""
    return show.task(find.task_of(request.auth, task_id), request.auth)


@router.post(
    "/review/tasks/{task_id}/heartbeat",
    auth=_writes,
    response={200: TaskOut, 409: None},
    summary="Keep a task",
    openapi_extra=takes(LeaseIn),
)
def keep_task(request: ApiRequest, task_id: TaskId) -> Any:
    """Renew the lease while at work."""
    task = find.task_of(request.auth, task_id)
    lease = read_model(request, LeaseIn)
    task = queue.heartbeat(
        task=task, by=request.auth.actor, lease_token=lease.lease_token
    )
    return show.task(task, request.auth)


@router.post(
    "/review/tasks/{task_id}/release",
    auth=_writes,
    response={200: TaskOut, 409: None},
    summary="Give a task back",
    openapi_extra=takes(LeaseIn),
)
def release_task(request: ApiRequest, task_id: TaskId) -> Any:
    """Put the task back into its queue, undone."""
    task = find.task_of(request.auth, task_id)
    lease = read_model(request, LeaseIn)
    task = queue.release(
        task=task, by=request.auth.actor, lease_token=lease.lease_token
    )
    return show.task(task, request.auth)


@router.post(
    "/review/tasks/{task_id}/skip",
    auth=_writes,
    response={200: TaskOut, 409: None},
    summary="Pass a task by",
    openapi_extra=takes(SkipIn),
)
def skip_task(request: ApiRequest, task_id: TaskId) -> Any:
    """Put the task back for others; it is not offered to the caller for a while."""
    task = find.task_of(request.auth, task_id)
    skip = read_model(request, SkipIn)
    task = queue.skip(
        task=task,
        by=request.auth.actor,
        lease_token=skip.lease_token,
        reason=skip.reason,
    )
    return show.task(task, request.auth)


@router.post(
    "/review/tasks/{task_id}/escalate",
    auth=_writes,
    response={200: EscalatedOut, 409: None},
    summary="Ask a senior moderator",
    openapi_extra=takes(EscalateIn),
)
def escalate_task(request: ApiRequest, task_id: TaskId) -> Any:
    """Resolve the task by opening one for senior moderators."""
    task = find.task_of(request.auth, task_id)
    asked = read_model(request, EscalateIn)
    new = escalate(
        task=task,
        by=request.auth.actor,
        lease_token=asked.lease_token,
        reason=asked.reason,
    )
    task.refresh_from_db(fields=["state"])
    return {"id": task.public_id, "state": task.state, "escalation_id": new.public_id}


@router.post(
    "/review/tasks/{task_id}/decision",
    auth=_writes,
    response={200: DecidedOut, 409: None},
    summary="Decide a task",
    openapi_extra=takes(DecisionIn),
)
def decide_task(request: ApiRequest, task_id: TaskId) -> Any:
    """Decide the task one holds. It takes effect after the undo window."""
    task = find.task_of(request.auth, task_id)
    given = read_model(request, DecisionIn)
    decision = decide(
        task=task,
        by=request.auth.actor,
        lease_token=given.lease_token,
        outcome=given.outcome,
        clauses=given.clauses,
        corrections=given.corrections,
        statement=given.statement,
        note=given.note,
        request_id=request.request_id,
    )
    task.refresh_from_db(fields=["resolution", "resolved_at"])
    return show.decided(decision, task)


@router.post(
    "/review/decisions/{decision_id}/undo",
    auth=_writes,
    response={200: UndoneOut, 409: None},
    summary="Undo a decision",
)
def undo_decision(request: ApiRequest, decision_id: DecisionId) -> Any:
    """Take one's own decision back within its window; the task comes back."""
    decision = find.decision_of(request.auth, decision_id)
    task = undo(decision=decision, by=request.auth.actor, request_id=request.request_id)
    shown = find.task_of(request.auth, task.public_id) if task else None
    return {
        "id": decision.public_id,
        "undone": True,
        "task": show.task(shown, request.auth) if shown else None,
    }
