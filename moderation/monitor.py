"""What waits, for how long, and who was seen at work, read from the database.

The one place that counts queues, for /metrics, /health/ready and whoever asks.
Counts waiting rows only, through their indexes, and new rows since the last scrape,
so that a scrape costs the same at any size of the tables. Decides nothing.
"""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

from django.db import Error
from django.db.models import Count, Exists, Min, OuterRef, Q
from django.utils import timezone
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from moderation.counts import Counts
from moderation.models import (
    BudgetReservation,
    Delivery,
    Heartbeat,
    ReviewTask,
    Rollout,
    Submission,
)
from moderation.states import (
    DeliveryState,
    RolloutState,
    SubmissionState,
    TaskKind,
    TaskState,
)

WORKER_SEEN_WITHIN_S = 60
# What this process has counted so far; every process counts the same rows.
COUNTS = Counts()


@dataclass(frozen=True, slots=True)
class Queue:
    """How many rows wait in one queue, and how long the oldest has (seconds)."""

    name: str
    depth: int
    oldest_seconds: float


def worker_age_seconds(now: dt.datetime | None = None) -> float | None:
    """Return how long ago a worker last showed that it works; None for never."""
    last = Heartbeat.objects.filter(kind="worker").order_by("-at").first()
    return None if last is None else ((now or timezone.now()) - last.at).total_seconds()


def machine_queue(now: dt.datetime) -> Queue:
    """Return the submissions that wait for the machine or are in its hands."""
    found = Submission.objects.filter(
        state__in=[SubmissionState.RECEIVED, SubmissionState.ASSESSING]
    ).aggregate(depth=Count("id"), oldest=Min("received_at"))
    return _queue("machine", found["depth"], found["oldest"], now=now)


def review_queues(now: dt.datetime) -> list[Queue]:
    """Return the tasks that wait for a person, one queue a task kind."""
    rows = (
        ReviewTask.objects.filter(state__in=[TaskState.OPEN, TaskState.CLAIMED])
        .values("kind")
        .annotate(depth=Count("id"), oldest=Min("created_at"))
    )
    found = {row["kind"]: (row["depth"], row["oldest"]) for row in rows}
    return [
        _queue(kind.value, *found.get(kind.value, (0, None)), now=now)
        for kind in TaskKind
    ]


def delivery_queue(now: dt.datetime) -> Queue:
    """Return the messages that are due and not yet sent.

    One to an endpoint that is switched off, or left alone for a while after it
    failed, waits for its merchant and not for us.
    """
    due = Delivery.objects.filter(state=DeliveryState.PENDING, due_at__lte=now)
    found = due.exclude(
        Q(endpoint__is_enabled=False) | Q(endpoint__open_until__gt=now)
    ).aggregate(depth=Count("id"), oldest=Min("due_at"))
    return _queue("delivery", found["depth"], found["oldest"], now=now)


def dead_deliveries() -> Queue:
    """Return the messages that were given up and nobody has sent again."""
    again = Delivery.objects.filter(
        resend_of=OuterRef("pk"), state__in=[DeliveryState.PENDING, DeliveryState.SENT]
    )
    depth = (
        Delivery.objects.filter(state=DeliveryState.DEAD)
        .exclude(endpoint__deleted_at__isnull=False)
        .exclude(Exists(again))
        .count()
    )
    return Queue("dead_delivery", depth, 0.0)


def _queue(
    name: str, depth: int, oldest: dt.datetime | None, *, now: dt.datetime
) -> Queue:
    age = max(0.0, (now - oldest).total_seconds()) if oldest else 0.0
    return Queue(name=name, depth=depth, oldest_seconds=age)


def spent_microusd(day: dt.date) -> int:
    """Return what model calls of a UTC day cost, reservations included."""
    rows = BudgetReservation.objects.filter(day=day, merchant__isnull=True)
    return sum(
        reserved if settled is None else settled
        for reserved, settled in rows.values_list(
            "reserved_microusd", "settled_microusd"
        )
    )


class DatabaseCollector(Collector):
    """Reads the queues at each scrape; a database that is away yields only that."""

    def describe(self) -> list[Metric]:
        """Name nothing in advance, so that registering asks no database."""
        return []

    def collect(self) -> Iterator[Metric]:
        """Yield depth and age of each queue, the worker's age, rollouts."""
        is_up = GaugeMetricFamily(
            "reviewhub_database_up", "Whether the scrape could read the database."
        )
        try:
            found = self._read(timezone.now())
        except Error:
            is_up.add_metric([], 0)
            yield is_up
            return
        is_up.add_metric([], 1)
        yield is_up
        yield from found

    def _read(self, now: dt.datetime) -> list[Metric]:
        depth = GaugeMetricFamily(
            "reviewhub_queue_depth", "Rows that wait, by queue.", labels=["queue"]
        )
        oldest = GaugeMetricFamily(
            "reviewhub_queue_oldest_seconds",
            "How long the oldest row has waited, by queue.",
            labels=["queue"],
        )
        people = review_queues(now)
        deliveries = (delivery_queue(now), dead_deliveries())
        for queue in (machine_queue(now), *people, *deliveries):
            depth.add_metric([queue.name], queue.depth)
            oldest.add_metric([queue.name], queue.oldest_seconds)
        worker = GaugeMetricFamily(
            "reviewhub_worker_seen_seconds",
            "How long ago a worker showed that it works; -1 when none ever did.",
        )
        age = worker_age_seconds(now)
        worker.add_metric([], -1 if age is None else age)
        return [depth, oldest, worker, _rollout_percent(), *COUNTS.collect(now)]


def _rollout_percent() -> Metric:
    percent = GaugeMetricFamily(
        "reviewhub_rollout_percent",
        "Share of merchants that the candidate of the rollout under way serves.",
    )
    under_way = Rollout.objects.filter(
        state__in=[RolloutState.SHADOW, RolloutState.PILOT, RolloutState.RAMPING]
    ).first()
    percent.add_metric([], under_way.percent if under_way else 0)
    return percent
