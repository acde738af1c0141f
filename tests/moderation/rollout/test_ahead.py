"""What an advance would change is counted from last week, and unknown is unknown."""

import pytest
from django.utils import timezone

from moderation.models import Merchant
from moderation.rollout.ahead import ahead_of
from moderation.rollout.assign import bucket
from tests.builders import a_merchant, a_submission, forget_caches
from tests.moderation.rollout.scene import moved_to, started

pytestmark = pytest.mark.django_db


def test_merchants_and_listings_that_move_are_those_of_the_new_buckets() -> None:
    forget_caches()
    rollout = moved_to(started(), 5)
    for number in range(30):
        a_submission(a_merchant(f"m{number}"), external_id=f"X-{number}")
    slots = [bucket(rollout.salt, str(row.pk)) for row in Merchant.objects.all()]
    now, then = (sum(slot < share * 100 for slot in slots) for share in (5, 25))
    found = ahead_of(rollout, timezone.now())
    assert found is not None
    assert (found.percent, found.merchants) == (25, then - now)
    assert found.listings == pytest.approx(30 / 7)
    assert found.moved == pytest.approx((then - now) / 7)
    assert (found.people, found.seconds, found.microusd, found.worst) == (None,) * 4


def test_pilots_are_what_moves_when_pilots_go_first() -> None:
    forget_caches()
    a_submission(a_merchant("kiln"))
    found = ahead_of(started(pilots=["kiln"]), timezone.now())
    assert found is not None
    assert (found.state, found.percent, found.merchants) == ("pilot", 0, 1)


def test_after_the_last_stage_nothing_is_ahead() -> None:
    forget_caches()
    assert ahead_of(moved_to(started(), 100), timezone.now()) is None
