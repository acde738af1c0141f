"""Judges listings a second time, by the candidate, where nobody waits for it.

Bounded in memory, a few at a time while there is real work, with breakers and a
share of the budget of its own. What is too much, too dear or lost with the process
is left out and counted: a shadow has no effect, so nothing is owed.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from uuid import UUID

import structlog
from django.conf import settings

from moderation.content import Content
from moderation.llm.client import ModelClient
from moderation.models import Submission
from moderation.pipeline import Context, moderate
from moderation.results import Finished, write_shadows
from moderation.standardise.standard import Standardised
from moderation.states import FailureKind
from moderation.telemetry import metrics
from moderation.versions import Served

log = structlog.get_logger(__name__)

# So many may wait in one process; a listing with its context takes some kilobytes.
BACKLOG = 2_000
GROUP = 32
AT_ONCE_WHILE_BUSY = 1
# Says nothing about the candidate: our own limits kept it from being asked.
_NOT_ASKED = frozenset({FailureKind.BUDGET, FailureKind.CIRCUIT_OPEN})


@dataclass(frozen=True, slots=True)
class Look:
    """One listing as it was judged, and the candidate that looks on."""

    submission: Submission
    lease_token: UUID
    raw: Content
    standardised: Standardised
    version: Served
    context: Context


class Shadows:
    """The looks that wait, and those that are being taken."""

    def __init__(
        self,
        client: Callable[[], ModelClient],
        *,
        write: Callable[[Callable[[], int]], Awaitable[int]],
        is_busy: Callable[[], bool],
        at_once: int,
    ) -> None:
        """Prepare; nothing is asked yet.

        Args:
            client: makes the model client when the first look is taken.
            write: runs a call on the thread that talks to the database.
            is_busy: whether listings are being judged that somebody waits for.
            at_once: most looks in flight when nothing else is.
        """
        self._make_client = client
        self._client: ModelClient | None = None
        self._write = write
        self._is_busy = is_busy
        self._at_once = at_once
        self._waiting: deque[Look] = deque()
        self._taking: set[asyncio.Task[None]] = set()
        self._done: list[Finished] = []

    @property
    def is_idle(self) -> bool:
        """Whether nothing waits, is being taken or is still to be written."""
        return not (self._waiting or self._taking or self._done)

    def offer(self, look: Look) -> None:
        """Take a look later, or leave it out when too many wait."""
        if len(self._waiting) >= BACKLOG:
            metrics.SHADOWS_LEFT_OUT.labels("backlog").inc()
            return
        self._waiting.append(look)

    async def run(self) -> None:
        """Take looks until cancelled; never raises for one that goes wrong."""
        while True:
            room = AT_ONCE_WHILE_BUSY if self._is_busy() else self._at_once
            while self._waiting and len(self._taking) < room:
                task = asyncio.create_task(self._take(self._waiting.popleft()))
                self._taking.add(task)
            if self._taking:
                _, self._taking = await asyncio.wait(
                    self._taking, timeout=0.1, return_when=asyncio.FIRST_COMPLETED
                )
            else:
                await asyncio.sleep(0.05)
            if len(self._done) >= GROUP or (self._done and not self._waiting):
                await self._store()

    async def close(self) -> None:
        """Drop what is left, counted, and let go of the client."""
        left = len(self._waiting) + len(self._taking) + len(self._done)
        if left:
            metrics.SHADOWS_LEFT_OUT.labels("stopping").inc(left)
        for task in self._taking:
            task.cancel()
        await asyncio.gather(*self._taking, return_exceptions=True)
        if self._client is not None:
            await self._client.close()

    async def _take(self, look: Look) -> None:
        try:
            if self._client is None:
                self._client = self._make_client()
            moderated = await moderate(
                raw=look.raw,
                standardised=look.standardised,
                version=look.version,
                context=look.context,
                client=self._client,
                deadline_s=float(settings.REVIEWHUB_ASSESS_DEADLINE_SECONDS),
                request_id=look.submission.request_id or look.submission.public_id,
            )
        except Exception:
            log.exception("shadow_failed", submission=look.submission.public_id)
            metrics.SHADOWS_LEFT_OUT.labels("error").inc()
            return
        failure = moderated.assessed.failure
        kind = failure.kind if failure else moderated.assessed.fallback_because
        if kind in _NOT_ASKED:
            metrics.SHADOWS_LEFT_OUT.labels("budget").inc()
            return
        self._done.append(
            Finished(look.submission, look.lease_token, look.version, moderated)
        )

    async def _store(self) -> None:
        group, self._done = self._done[:GROUP], self._done[GROUP:]
        try:
            await self._write(lambda: write_shadows(group))
        except Exception:
            log.exception("shadow_write_failed", size=len(group))
            metrics.SHADOWS_LEFT_OUT.labels("error").inc(len(group))
