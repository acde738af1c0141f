"""Queues are counted as they stand, with the age of their oldest row."""

import datetime as dt

import pytest
from django.utils import timezone

from moderation import monitor
from moderation.models import Heartbeat, Listing, Merchant, Submission
from moderation.states import TaskKind

pytestmark = pytest.mark.django_db
NOW = dt.datetime(2026, 3, 1, 12, 0, tzinfo=dt.UTC)


def received(minutes_ago: int) -> Submission:
    """Store a submission that waits for the machine."""
    merchant, _ = Merchant.objects.get_or_create(slug="shop", name="Shop")
    listing = Listing.objects.create(merchant=merchant, external_id=f"{minutes_ago}")
    fields = {f.name for f in Submission._meta.get_fields()}
    values = {
        "listing": listing,
        "merchant": merchant,
        "version": 1,
        "source": "api",
        "received_at": NOW - dt.timedelta(minutes=minutes_ago),
        "content_sha256": f"{minutes_ago:064}",
    }
    return Submission.objects.create(**{k: v for k, v in values.items() if k in fields})


def test_an_empty_queue_has_no_depth_and_no_age() -> None:
    assert monitor.machine_queue(NOW) == monitor.Queue("machine", 0, 0.0)


def test_the_machines_queue_counts_what_waits_and_the_oldest() -> None:
    received(5)
    received(90)
    assert monitor.machine_queue(NOW) == monitor.Queue("machine", 2, 5400.0)


def test_every_kind_of_task_has_its_queue_even_when_empty() -> None:
    names = [queue.name for queue in monitor.review_queues(NOW)]
    assert names == [kind.value for kind in TaskKind]


def test_a_clock_that_runs_ahead_makes_no_negative_age() -> None:
    received(-5)
    assert monitor.machine_queue(NOW).oldest_seconds == 0.0


def test_a_worker_that_was_never_seen_has_no_age() -> None:
    Heartbeat.objects.create(name="web", kind="web")
    assert monitor.worker_age_seconds() is None


def test_the_worker_seen_last_counts() -> None:
    now = timezone.now()
    for name, seconds in (("a", 300), ("b", 20)):
        at = now - dt.timedelta(seconds=seconds)
        Heartbeat.objects.create(name=name, kind="worker", at=at)
    assert monitor.worker_age_seconds(now) == pytest.approx(20)
