"""What keeps an installation going by itself: publishing, forgetting, signs of life."""

from datetime import timedelta

import pytest

from moderation import upkeep
from moderation.models import Heartbeat, IdempotencyKey, Listing, ReviewTask
from moderation.models.clock import database_now
from tests.builders import a_held_task, a_merchant, an_assessment

pytestmark = pytest.mark.django_db


def test_due_decisions_are_published() -> None:
    an_assessment()
    assert upkeep.publish() == 1
    assert Listing.objects.get().live_decision


def test_a_moderators_lease_that_ran_out_is_swept() -> None:
    a_held_task()
    past = database_now() - timedelta(seconds=1)
    ReviewTask.objects.update(lease_until=past)
    assert upkeep.sweep() == {"swept": 0, "crashed": 0, "expired": 1}
    assert ReviewTask.objects.get().state == "open"


def test_old_answers_are_forgotten_and_young_ones_kept() -> None:
    now = database_now()
    for name, age in (("old", 27), ("young", 25)):
        IdempotencyKey.objects.create(
            merchant=a_merchant(),
            key=name,
            request_sha256="a",
            status=202,
            answer={},
            created_at=now - timedelta(hours=age),
        )
    assert upkeep.forget() == 1
    assert IdempotencyKey.objects.get().key == "young"


def test_a_process_is_alive_while_it_shows_itself() -> None:
    assert not upkeep.is_alive("worker")
    upkeep.beat_heart("w1", "worker", jobs=3)
    upkeep.beat_heart("w1", "worker", jobs=4)
    assert upkeep.is_alive("worker")
    assert not upkeep.is_alive("beat")
    assert Heartbeat.objects.get().detail == {"jobs": 4}
    Heartbeat.objects.update(at=database_now() - timedelta(minutes=1))
    assert not upkeep.is_alive("worker")
