"""Stored runs: a plan frozen at creation, results as they finish, a verdict at last.

Whoever works on a run holds a lease that fences off everybody else; what is stored
is never judged again. The end of a run and the scoring of it are two steps, so that
neither waits for the other.
"""

import time
from collections.abc import Callable, Sequence
from contextlib import closing
from datetime import datetime, timedelta
from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as installed
from typing import Any
from uuid import UUID, uuid4

import structlog
from django.db import transaction
from django.db.models import Q, QuerySet

from moderation.access.actor import MACHINE, Actor
from moderation.assessment.clients import make_shadow_client
from moderation.evals.datasets import (
    DatasetRefusedError,
    cases_of,
    verify_dataset,
)
from moderation.evals.results import finalise, store_results
from moderation.evals.runner import CONCURRENCY, ClientFactory, Pace, judged
from moderation.evals.scoring import Result
from moderation.models import (
    AuditEvent,
    EvalDataset,
    EvalDatasetCase,
    EvalResult,
    EvalRun,
    PipelineVersion,
    Submission,
)
from moderation.models.clock import database_now
from moderation.models.transition import move
from moderation.states import DatasetState, RunState
from moderation.versions import served

log = structlog.get_logger(__name__)

LEASE = timedelta(seconds=15)
RENEW_S = 4.0
# While listings wait for the machine, a run of the server's leaves them the room.
YIELDING = 8
# Who goes on with a run whose holder is lost: the command run again, or a worker.
BY_COMMAND, BY_WORKER = "command", "worker"
UNFINISHED = (RunState.PLANNED, RunState.RUNNING)
OnDone = Callable[[Sequence[Result]], None]


class RunHeldError(RuntimeError):
    """Another process works on the run; `until` says how long at most."""

    def __init__(self, run: EvalRun):
        self.run = run
        super().__init__(f"{run.public_id} is being worked on by another process.")


class RunLostError(RuntimeError):
    """The lease ended and another process has the run: nothing more is written."""


def plan_run(
    *,
    dataset: EvalDataset,
    pipeline: PipelineVersion,
    against: EvalRun | None,
    by: Actor,
    worked_by: str = BY_WORKER,
    request_id: str = "",
) -> EvalRun:
    """Plan a run; everything it depends on is written down now.

    Args:
        dataset: a frozen one.
        pipeline: the version to run.
        against: a completed run over the same dataset, to compare with.
        by: who asks for it.
        worked_by: BY_WORKER for the server, BY_COMMAND for a command's own.

    Raises:
        DatasetRefusedError: the dataset is not frozen or `against` does not fit.
    """
    if dataset.state != DatasetState.FROZEN:
        raise DatasetRefusedError(f"{dataset} is not frozen.")
    if against is not None and (
        against.dataset_id != dataset.pk or against.state != RunState.COMPLETED
    ):
        raise DatasetRefusedError(
            f"{against.public_id} is no completed run over {dataset}."
        )
    with transaction.atomic():
        run = EvalRun.objects.create(
            dataset=dataset,
            pipeline=pipeline,
            against=against,
            planned_cases=EvalDatasetCase.objects.filter(dataset=dataset).count(),
            environment={
                **environment_of(dataset, pipeline),
                "worked_by": worked_by,
            },
            created_by=by.label,
        )
        AuditEvent.objects.create(
            actor=by.label,
            action="plan",
            subject_type="EvalRun",
            subject_id=run.public_id,
            to_state=RunState.PLANNED,
            data={"dataset": str(dataset), "pipeline": pipeline.name},
            request_id=request_id,
        )
    return run


def environment_of(dataset: EvalDataset, pipeline: PipelineVersion) -> dict[str, Any]:
    """Return all that makes two runs of a version over a dataset comparable."""
    try:
        release = installed("reviewhub")
    except PackageNotFoundError:
        release = ""
    return {
        "dataset_sha256": dataset.sha256,
        "recipe_sha256": pipeline.recipe_sha256,
        "may_act": served(pipeline.pk).may_act,
        "release": release,
    }


def same_runs(dataset: EvalDataset, pipeline: PipelineVersion) -> QuerySet[EvalRun]:
    """Return the runs of a version over the same cases in the same environment."""
    wanted = environment_of(dataset, pipeline)
    return EvalRun.objects.filter(
        dataset__sha256=dataset.sha256,
        dataset=dataset,
        pipeline=pipeline,
        **{f"environment__{name}": value for name, value in wanted.items()},
    ).order_by("-id")


def unfinished_run(
    dataset: EvalDataset, pipeline: PipelineVersion, against: EvalRun | None
) -> EvalRun | None:
    """Return the command's run of the same plan that was not finished, if any."""
    return (
        same_runs(dataset, pipeline)
        .filter(
            state__in=UNFINISHED, against=against, environment__worked_by=BY_COMMAND
        )
        .first()
    )


def completed_run(dataset: EvalDataset, pipeline: PipelineVersion) -> EvalRun | None:
    """Return the newest completed run of a version over the dataset, scored."""
    run = same_runs(dataset, pipeline).filter(state=RunState.COMPLETED).first()
    return finalise(run) if run else None


def take_run(run: EvalRun, *, by: Actor, now: datetime | None = None) -> UUID:
    """Lease a planned run, or one whose lease has ended; return the token.

    Raises:
        RunHeldError: somebody holds it, or it is over.
    """
    now = now or database_now()
    token = uuid4()
    lease = {"lease_token": token, "lease_until": now + LEASE}
    free = Q(lease_token__isnull=True) | Q(lease_until__lte=now)
    with transaction.atomic():
        run.refresh_from_db()
        if run.state == RunState.PLANNED:
            taken = move(
                run,
                RunState.RUNNING,
                by=by.label,
                action="start",
                where={"lease_token": None},
                change={**lease, "started_at": now},
            )
        else:
            held = EvalRun.objects.filter(free, pk=run.pk, state=RunState.RUNNING)
            taken = held.update(**lease) == 1
            if taken:
                _note(run, by, "take_over")
    if not taken:
        raise RunHeldError(run)
    return token


def work_run(
    run: EvalRun,
    *,
    by: Actor = MACHINE,
    client_factory: ClientFactory = make_shadow_client,
    on_done: OnDone | None = None,
    pace: Pace | None = None,
    token: UUID | None = None,
    seconds: float | None = None,
) -> EvalRun:
    """Work on a run until every case has its result, or the time is up.

    Cases with a stored result are passed over. A run that cannot go on is failed
    with its reason; an interrupted one gives its lease back.

    Args:
        run: planned, or running with an ended lease.
        by: who works.
        client_factory: makes the model client.
        on_done: called with each group that was stored.
        pace: how many cases at once.
        token: the lease, when the caller took it already.
        seconds: begin no case after so long; None for no limit.

    Raises:
        RunHeldError, RunLostError.
    """
    token = token or take_run(run, by=by)
    hold = _Hold(run, token, by, pace or Pace(), seconds)
    try:
        verify_dataset(run.dataset)
        groups = judged(
            hold.remaining(),
            served(run.pipeline_id),
            client_factory=client_factory,
            pace=hold.pace,
        )
        with closing(groups):
            for group in groups:
                hold.store(group)
                if on_done and group:
                    on_done(group)
        hold.end()
    except RunLostError:
        raise
    except DatasetRefusedError as error:
        hold.fail(str(error))
    except Exception as error:
        log.exception("eval_run_failed", run=run.public_id)
        hold.fail(f"{type(error).__name__}: {error}"[:500])
    except BaseException:
        hold.let_go()
        raise
    run.refresh_from_db()
    return finalise(run) if run.state == RunState.COMPLETED else run


def work_planned(
    *, seconds: float = 5.0, client_factory: ClientFactory = make_shadow_client
) -> int:
    """Work a while on what was planned for the server; return the cases stored.

    A completed run that was not scored, because its process ended in between, is
    scored first.
    """
    for over in EvalRun.objects.filter(
        state=RunState.COMPLETED, finalized_at__isnull=True
    ):
        finalise(over)
    run = (
        EvalRun.objects.filter(
            Q(lease_token__isnull=True) | Q(lease_until__lte=database_now()),
            state__in=UNFINISHED,
            environment__worked_by=BY_WORKER,
        )
        .order_by("id")
        .first()
    )
    if run is None:
        return 0
    pace, stored = Pace(_room()), 0

    def on_done(group: Sequence[Result]) -> None:
        nonlocal stored
        stored += len(group)
        pace.limit = _room()

    try:
        work_run(
            run,
            client_factory=client_factory,
            on_done=on_done,
            pace=pace,
            seconds=seconds,
        )
    except (RunHeldError, RunLostError) as error:
        log.info("eval_run_elsewhere", run=run.public_id, error=str(error))
    return stored


def _room() -> int:
    """Return how many cases may fly beside the listings that wait."""
    return (
        YIELDING if Submission.objects.waiting_for_machine().exists() else CONCURRENCY
    )


class _Hold:
    """A worker's hold on a run: every write shows the token."""

    def __init__(
        self, run: EvalRun, token: UUID, by: Actor, pace: Pace, seconds: float | None
    ) -> None:
        self.run, self.token, self.by, self.pace = run, token, by, pace
        self._renew_at = time.monotonic() + RENEW_S
        self._until = time.monotonic() + seconds if seconds is not None else None
        self._cases = dict(cases_of(run.dataset))

    def remaining(self) -> list[Any]:
        """Return the cases without a stored result, in their order."""
        stored = set(
            EvalResult.objects.filter(run=self.run).values_list("case_id", flat=True)
        )
        return [case for key, case in self._cases.items() if key not in stored]

    def store(self, group: Sequence[Result]) -> None:
        """Write a group and renew the lease, or only renew it when it is time.

        Raises:
            RunLostError: another process has the run.
        """
        now = time.monotonic()
        if self._until is not None and now >= self._until:
            self.pace.stop()
        if not group and now < self._renew_at:
            return
        with transaction.atomic():
            held = self._held().update(lease_until=database_now() + LEASE)
            if not held:
                raise RunLostError(f"{self.run.public_id} was taken over.")
            store_results(self.run, group, self._cases)
        self._renew_at = now + RENEW_S

    def end(self) -> None:
        """Complete the run when every case has its result, else give it back."""
        if self.run.results.count() < self.run.planned_cases:
            self.let_go()
            return
        self._over(RunState.COMPLETED, "complete")

    def fail(self, reason: str) -> None:
        """Say why the run cannot go on."""
        self._over(RunState.FAILED, "fail", failure=reason[:500])

    def let_go(self) -> None:
        """Give the lease back, so that another process can go on at once."""
        self._held().update(lease_token=None, lease_until=None)

    def _held(self) -> QuerySet[EvalRun]:
        return EvalRun.objects.filter(
            pk=self.run.pk, lease_token=self.token, state=RunState.RUNNING
        )

    def _over(self, state: RunState, action: str, **change: Any) -> None:
        move(
            EvalRun.objects.get(pk=self.run.pk),
            state,
            by=self.by.label,
            action=action,
            where={"lease_token": self.token},
            change={
                "finished_at": database_now(),
                "lease_token": None,
                "lease_until": None,
                **change,
            },
            reason=change.get("failure", ""),
        )


def _note(run: EvalRun, by: Actor, action: str) -> None:
    AuditEvent.objects.create(
        actor=by.label,
        action=action,
        subject_type="EvalRun",
        subject_id=run.public_id,
        from_state=run.state,
        to_state=run.state,
    )
