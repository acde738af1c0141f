"""Sends due webhook rows, at least once, each endpoint on its own account.

A row is claimed under a lease, sent, and marked only by whoever still holds the
lease; a sender that dies is sent after by the next one, under the same event id. The
calling thread alone talks to the database; connections live on a loop of their own,
so that a slow sink keeps nobody else waiting.
"""

import asyncio
import queue
import random
import threading
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID, uuid4

import structlog
from django.db import DataError, connection, transaction
from django.db.models import Min, Q, QuerySet

from moderation.delivery import egress, results
from moderation.delivery.egress import Answer
from moderation.delivery.endpoints import secrets_of
from moderation.delivery.messages import body_of
from moderation.delivery.signing import signed_headers
from moderation.models import Delivery, WebhookEndpoint
from moderation.models.clock import database_now
from moderation.states import DeliveryState

log = structlog.get_logger(__name__)

# Longer than any call may take, its marking included.
LEASE = timedelta(seconds=60)
PER_ENDPOINT, AT_ONCE = 4, 256
LOOK_EVERY_S, IDLE_S = 0.2, 0.5
Post = Callable[..., Awaitable[Answer]]


@dataclass(frozen=True, slots=True)
class Sending:
    """One claimed row on its way: all that is needed without the database."""

    delivery: int
    endpoint: int
    token: UUID
    url: str
    body: bytes
    headers: dict[str, str]


class Sender:
    """Drains due webhooks, with bounded numbers of calls at once."""

    def __init__(
        self,
        *,
        post: Post = egress.post,
        chance: Callable[[], float] = random.random,
        lease: timedelta = LEASE,
    ) -> None:
        """Prepare a sender; nothing is claimed yet.

        Args:
            post: makes one call; the only thing that meets the outside.
            chance: from 0 to 1, spreads the waits between tries.
            lease: how long a claimed row is left to this sender.
        """
        self._post, self._chance, self._lease = post, chance, lease
        self._flying: Counter[int] = Counter()
        self._landed: queue.SimpleQueue[tuple[Sending, Answer]] = queue.SimpleQueue()

    def drain(self, *, seconds: float) -> int:
        """Send until nothing is due; return how many tries were made.

        Args:
            seconds: claim nothing after this long; what flies is still waited for.
        """
        until = time.monotonic() + seconds
        return self._run(lambda: time.monotonic() >= until, leave_when_idle=True)

    def run_forever(self, stop: threading.Event) -> int:
        """Send until asked to stop, looking for work several times a second."""
        return self._run(stop.is_set, leave_when_idle=False)

    def _run(self, is_over: Callable[[], bool], *, leave_when_idle: bool) -> int:
        """Claim, send and mark in turns.

        1. Mark what has come back. 2. Claim what is due, unless time is over.
        3. Leave when nothing flies and nothing was claimed. 4. Wait a moment.
        """
        loop = asyncio.new_event_loop()
        flights = threading.Thread(
            target=loop.run_forever, name="webhooks", daemon=True
        )
        flights.start()
        tries = 0
        try:
            while True:
                tries += self._mark_landed()
                over = is_over()
                claimed = [] if over else self._claim()
                for sending in claimed:
                    self._flying[sending.endpoint] += 1
                    asyncio.run_coroutine_threadsafe(self._fly(sending), loop)
                idle = not self._flying.total()
                if idle and (over or leave_when_idle):
                    return tries
                self._wait(IDLE_S if idle else LOOK_EVERY_S)
        finally:
            loop.call_soon_threadsafe(loop.stop)
            flights.join(timeout=5)
            if not flights.is_alive():
                loop.close()

    async def _fly(self, sending: Sending) -> None:
        try:
            answer = await self._post(
                sending.url, body=sending.body, headers=sending.headers
            )
        except Exception as error:
            log.exception("webhook_failed")
            answer = Answer(error=f"broken: {type(error).__name__}")
        self._landed.put((sending, answer))

    def _wait(self, seconds: float) -> None:
        """Wait for something to come back, but not longer than so many seconds."""
        try:
            landed = self._landed.get(timeout=seconds)
        except queue.Empty:
            return
        self._landed.put(landed)

    def _mark_landed(self) -> int:
        marked = 0
        while True:
            try:
                sending, answer = self._landed.get_nowait()
            except queue.Empty:
                return marked
            self._flying[sending.endpoint] -= 1
            self._flying += Counter()  # forgets endpoints that nothing flies to
            self._mark(sending, answer)
            marked += 1

    def _mark(self, sending: Sending, answer: Answer) -> None:
        """Write down one answer; one that cannot be stored counts as a failed try.

        Otherwise a hostile receiver would stop the messages of all merchants.
        """
        for told in (answer, Answer(error="broken: the answer cannot be stored")):
            try:
                results.mark(
                    pk=sending.delivery,
                    token=sending.token,
                    headers=sending.headers,
                    answer=told,
                    chance=self._chance(),
                )
            except (ValueError, DataError):
                log.exception("webhook_answer_unreadable", delivery=sending.delivery)
            else:
                return

    def _claim(self) -> list[Sending]:
        """Lease due rows, the longest due first, few of each endpoint."""
        free = AT_ONCE - self._flying.total()
        if free <= 0:
            return []
        now = database_now()
        full = [pk for pk, n in self._flying.items() if n >= PER_ENDPOINT]
        waiting = (
            _due(now)
            .exclude(endpoint__in=full)
            .values("endpoint")
            .annotate(first=Min("due_at"))
            .order_by("first")
        )
        claimed: list[Sending] = []
        for group in waiting[:free]:
            endpoint = WebhookEndpoint.objects.get(pk=group["endpoint"])
            room = results.at_once(endpoint, PER_ENDPOINT) - self._flying[endpoint.pk]
            claimed += self._claim_of(endpoint, min(room, free - len(claimed)), now)
        return claimed

    def _claim_of(
        self, endpoint: WebhookEndpoint, limit: int, now: datetime
    ) -> list[Sending]:
        if limit <= 0:
            return []
        token = uuid4()
        with transaction.atomic():
            due = _due(now).filter(endpoint=endpoint).order_by("due_at", "id")
            if connection.features.has_select_for_update_skip_locked:
                due = due.select_for_update(skip_locked=True, of=("self",))
            rows = list(due[:limit])
            # Guarded once more: where rows cannot be locked, two may have read them.
            held = [
                row
                for row in rows
                if _due(now)
                .filter(pk=row.pk)
                .update(lease_token=token, lease_until=now + self._lease)
            ]
        live = secrets_of(endpoint, now)
        return [_sending(row, endpoint, token, live, now) for row in held]


def _due(now: datetime) -> "QuerySet[Delivery]":
    """Return the rows that may be sent now: due, unheld, to an open endpoint."""
    return Delivery.objects.filter(
        Q(lease_until__isnull=True) | Q(lease_until__lte=now),
        Q(endpoint__open_until__isnull=True) | Q(endpoint__open_until__lte=now),
        channel="webhook",
        state=DeliveryState.PENDING,
        due_at__lte=now,
        endpoint__is_enabled=True,
        endpoint__deleted_at__isnull=True,
    )


def _sending(
    row: Delivery,
    endpoint: WebhookEndpoint,
    token: UUID,
    live_secrets: list[str],
    now: datetime,
) -> Sending:
    body = body_of(row.payload)
    headers = {
        "content-type": "application/json; charset=utf-8",
        "user-agent": "Reviewhub-Webhooks/1",
        **signed_headers(
            live_secrets,
            message_id=row.event_id,
            timestamp=int(now.timestamp()),
            body=body,
        ),
    }
    return Sending(row.pk, endpoint.pk, token, endpoint.url, body, headers)
