"""The worker: claims many submissions at once and keeps dozens of calls in flight.

One asyncio loop judges; one thread of its own talks to the database; results
are written as they finish, in groups. The same code serves the embedded
installation and a Celery worker.
"""

import asyncio
import os
import socket
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from time import monotonic
from typing import Any
from uuid import UUID

import structlog
from django.conf import settings
from django.db import connections, transaction

from moderation import claims
from moderation.assessment.clients import make_client, make_shadow_client
from moderation.content import Content, Problem
from moderation.llm.client import ModelClient
from moderation.models import Submission
from moderation.models.versions import mode_in_force
from moderation.offline_model.guardrail import warm
from moderation.pipeline import Context, failed, moderate
from moderation.results import Finished, write_results
from moderation.retrieval.surroundings import surroundings_of
from moderation.rollout.assignment import assign, pin
from moderation.shadows import Look, Shadows
from moderation.standardise.standard import Standardised
from moderation.states import FailureKind
from moderation.versions import Served, ensure_versions

log = structlog.get_logger(__name__)

RENEW_S = 8.0
# Written together: a commit is shared, and an answer waits no longer than this.
GROUP, GROUP_WAIT_S = 32, 0.05
IDLE_WAIT_S = 0.1


@dataclass(frozen=True, slots=True)
class Job:
    """One claimed submission with everything that judging it needs."""

    submission: Submission
    lease_token: UUID
    raw: Content
    standardised: Standardised
    version: Served
    context: Context
    shadow: Served | None = None


@dataclass(slots=True)
class Progress:
    """What a drain has done so far."""

    claimed: int = 0
    written: int = 0
    in_flight: dict[UUID, int] = field(default_factory=dict)

    @property
    def unwritten(self) -> int:
        """How many submissions are claimed and not written yet."""
        return sum(self.in_flight.values())


class Outbound:
    """Judgements on their way to the database, handed over in groups."""

    def __init__(self) -> None:
        """Start empty."""
        self._waiting: list[Finished] = []
        self._some = asyncio.Event()

    def put(self, finished: Finished) -> None:
        """Add one judgement."""
        self._waiting.append(finished)
        self._some.set()

    async def take(self) -> list[Finished]:
        """Wait for judgements and a moment for company; return up to GROUP."""
        await self._some.wait()
        if len(self._waiting) < GROUP:
            await asyncio.sleep(GROUP_WAIT_S)
        group, self._waiting = self._waiting[:GROUP], self._waiting[GROUP:]
        if not self._waiting:
            self._some.clear()
        return group


class Worker:
    """Drains what waits, with a bounded number of listings in flight."""

    def __init__(
        self,
        *,
        name: str = "",
        concurrency: int | None = None,
        client_factory: Callable[[ThreadPoolExecutor], ModelClient] = make_client,
    ) -> None:
        """Prepare a worker; nothing is claimed yet.

        Args:
            name: shown in leases and heartbeats; made up when empty.
            concurrency: listings in flight, REVIEWHUB_WORKER_CONCURRENCY when
                not given.
            client_factory: makes the model client on the worker's own loop.
        """
        self.name = name or f"worker:{socket.gethostname()}:{os.getpid()}"
        self.concurrency = concurrency or settings.REVIEWHUB_WORKER_CONCURRENCY
        self._client_factory = client_factory
        self._shadow_factory = (
            make_shadow_client if client_factory is make_client else client_factory
        )
        self._stop = threading.Event()

    def stop(self) -> None:
        """Ask the worker to finish: it claims no more and gives back the rest."""
        self._stop.set()

    def drain(self, *, seconds: float | None = None) -> Progress:
        """Work until nothing waits, the time is over, or stop is asked for.

        Args:
            seconds: claim nothing after this long; None: until nothing waits.
        """
        return asyncio.run(self._run(seconds, forever=False))

    def run_forever(self) -> Progress:
        """Work until stop is asked for, looking for work many times a second."""
        return asyncio.run(self._run(None, forever=True))

    async def _run(self, seconds: float | None, *, forever: bool) -> Progress:
        progress = Progress()
        results = Outbound()
        database = ThreadPoolExecutor(1, thread_name_prefix="worker-db")
        stores = ThreadPoolExecutor(1, thread_name_prefix="worker-stores")
        client = self._client_factory(stores)
        await _in(database, ensure_versions)
        # Loading takes a second, in which no answer of a provider could be taken.
        await _in(database, warm)
        shadows = Shadows(
            lambda: self._shadow_factory(stores),
            write=lambda call: _in(database, call),
            is_busy=lambda: bool(progress.in_flight),
            at_once=self.concurrency,
        )
        looking_on = asyncio.create_task(shadows.run())
        background = [
            asyncio.create_task(self._renew(progress, database)),
            asyncio.create_task(self._write(progress, results, database)),
        ]
        try:
            judging = asyncio.create_task(
                self._claim_and_judge(
                    progress, results, client, database, shadows, seconds, forever
                )
            )
            # The renewer and the writer end only by failing: then all ends.
            await asyncio.wait(
                [judging, *background], return_when=asyncio.FIRST_COMPLETED
            )
            for task in background:
                if task.done():
                    judging.cancel()
                    await task
            await judging
        finally:
            for task in (*background, looking_on):
                task.cancel()
            await asyncio.gather(*background, looking_on, return_exceptions=True)
            await shadows.close()
            await _in(database, self._let_go, list(progress.in_flight))
            await client.close()
            for pool in (database, stores):
                await _in(pool, connections.close_all)
                pool.shutdown()
        return progress

    async def _claim_and_judge(
        self,
        progress: Progress,
        results: "Outbound",
        client: ModelClient,
        database: ThreadPoolExecutor,
        shadows: Shadows,
        seconds: float | None,
        forever: bool,
    ) -> None:
        """Keep the flight full until there is nothing more to claim."""
        until = monotonic() + seconds if seconds is not None else None
        tasks: set[asyncio.Task[None]] = set()
        unwritten_limit = self.concurrency * 2
        try:
            while not self._stop.is_set():
                jobs: list[Job] = []
                over = until is not None and monotonic() >= until
                free = self.concurrency - len(tasks)
                if not over and free > 0 and progress.unwritten < unwritten_limit:
                    jobs = await _in(database, self._claim, free, len(tasks) == 0)
                for job in jobs:
                    progress.in_flight[job.lease_token] = (
                        progress.in_flight.get(job.lease_token, 0) + 1
                    )
                    progress.claimed += 1
                    judging = self._judge(job, client, results, shadows)
                    tasks.add(asyncio.create_task(judging))
                if tasks:
                    _, tasks = await asyncio.wait(
                        tasks,
                        timeout=IDLE_WAIT_S,
                        return_when=asyncio.FIRST_COMPLETED,
                    )
                elif jobs:
                    continue
                elif progress.in_flight:
                    # Judged, but not written yet.
                    await asyncio.sleep(GROUP_WAIT_S / 2)
                elif over or (not forever and shadows.is_idle):
                    return
                else:
                    await asyncio.sleep(IDLE_WAIT_S)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def _claim(self, free: int, alone: bool) -> list[Job]:
        """Claim in the database thread; a suspect only when nothing else flies."""
        if claims.has_suspects():
            rows = claims.claim_suspect(worker=self.name) if alone else []
            return self._jobs(rows)
        return self._jobs(claims.claim(worker=self.name, limit=free))

    def _jobs(self, rows: list[Submission]) -> list[Job]:
        if not rows:
            return []
        with transaction.atomic():
            mode = mode_in_force()
            around = surroundings_of(rows)
            assigned = assign(rows)
            pin(rows, assigned)
        jobs = []
        for row in rows:
            known = around[row.pk]
            assert row.lease_token is not None
            jobs.append(
                Job(
                    submission=row,
                    lease_token=row.lease_token,
                    raw=Content.from_dict(row.raw or {}),
                    standardised=standardised_of(row),
                    version=assigned[row.pk].version,
                    shadow=assigned[row.pk].shadow,
                    context=Context(
                        merchant_decisions=known.merchant_decisions,
                        new_merchant_limit=settings.REVIEWHUB_NEW_MERCHANT_LISTINGS,
                        is_established=known.is_established,
                        is_restricted=known.is_restricted,
                        near_rejection=known.near_rejection,
                        usual_price=known.usual_price,
                        mode=mode,
                    ),
                )
            )
        return jobs

    async def _judge(
        self, job: Job, client: ModelClient, results: "Outbound", shadows: Shadows
    ) -> None:
        try:
            moderated = await moderate(
                raw=job.raw,
                standardised=job.standardised,
                version=job.version,
                context=job.context,
                client=client,
                deadline_s=float(settings.REVIEWHUB_ASSESS_DEADLINE_SECONDS),
                request_id=job.submission.request_id or job.submission.public_id,
            )
        except Exception as error:
            # A defect of ours costs one listing its verdict, never the worker.
            log.exception("judging_failed", submission=job.submission.public_id)
            moderated = failed(
                FailureKind.INTERNAL,
                type(error).__name__,
                tidied=job.standardised.content,
            )
        results.put(Finished(job.submission, job.lease_token, job.version, moderated))
        if job.shadow is not None:
            look = (job.submission, job.lease_token, job.raw, job.standardised)
            shadows.offer(Look(*look, job.shadow, job.context))

    async def _write(
        self,
        progress: Progress,
        results: "Outbound",
        database: ThreadPoolExecutor,
    ) -> None:
        """Write finished judgements in groups, one by one when a group fails."""
        while True:
            group = await results.take()
            try:
                progress.written += await _in(database, _write_group, group)
            finally:
                for finished in group:
                    token = finished.lease_token
                    progress.in_flight[token] -= 1
                    if not progress.in_flight[token]:
                        del progress.in_flight[token]

    async def _renew(self, progress: Progress, database: ThreadPoolExecutor) -> None:
        while True:
            await asyncio.sleep(RENEW_S)
            try:
                await _in(database, claims.renew, list(progress.in_flight))
            except Exception:
                log.exception("lease_renewal_failed")

    def _let_go(self, tokens: list[UUID]) -> None:
        try:
            given = claims.give_back(tokens, worker=self.name)
            if given:
                log.info("given_back", submissions=given, worker=self.name)
        except Exception:
            # The sweeper will find them when the lease ends.
            log.exception("give_back_failed", worker=self.name)


def standardised_of(row: Submission) -> Standardised:
    """Return what the quality rules made of a stored submission, as stored."""
    return Standardised(
        content=Content.from_dict(row.tidied or {}),
        changes=(),
        refusals=(),
        requests=tuple(Problem(**item) for item in row.requests),
        asks=tuple(Problem(**item) for item in row.asks),
    )


def _write_group(group: list[Finished]) -> int:
    try:
        return write_results(group)
    except Exception:
        log.exception("group_write_failed", size=len(group))
    written = 0
    for finished in group:
        try:
            written += write_results([finished])
        except Exception:
            # The lease ends, the sweeper puts it back, a person gets it at last.
            log.exception("write_failed", submission=finished.submission.public_id)
    return written


async def _in(pool: ThreadPoolExecutor, call: Callable[..., Any], *args: Any) -> Any:
    return await asyncio.get_running_loop().run_in_executor(pool, call, *args)
