"""Above a percentage a second, different admin confirms, by whichever door."""

import pytest
from pytest_django.fixtures import Settings

from moderation.access.actor import Actor
from moderation.models import AuditEvent, Rollout
from moderation.rollout import brake, stages
from moderation.rollout.second import is_other_person, needs_two, pending
from tests.builders import forget_caches
from tests.moderation.rollout.scene import an_admin, moved_to, started

pytestmark = pytest.mark.django_db
NOTE = "No limit is near."


@pytest.fixture(autouse=True)
def _two(settings: Settings) -> None:
    forget_caches()
    settings.REVIEWHUB_ROLLOUT_MINIMUM = 0
    settings.REVIEWHUB_TWO_ADMINS_ABOVE_PERCENT = 5


def go(by: Actor) -> stages.Advanced:
    row = Rollout.objects.get()
    return stages.advance(rollout=row, revision=row.revision, by=by, note=NOTE)


def test_up_to_the_limit_one_admin_is_enough() -> None:
    moved_to(started(), 1)
    assert go(an_admin()).rollout.percent == 5


def test_above_it_the_first_asks_and_another_confirms() -> None:
    moved_to(started(), 5)
    assert go(an_admin("ines")).is_pending
    assert go(an_admin("ines")).is_pending
    assert Rollout.objects.get().percent == 5
    assert AuditEvent.objects.filter(action="ask_second_admin").count() == 1
    done = go(an_admin("joel"))
    assert done.step is not None
    assert Rollout.objects.get().percent == 25


def test_the_same_person_by_another_door_is_no_second_admin() -> None:
    moved_to(started(), 5)
    ines = an_admin("ines")
    go(ines)
    assert ines.user
    assert go(Actor.key("abc", ines.user)).is_pending
    event = pending(Rollout.objects.get())
    assert event is not None
    assert is_other_person(event, Actor.command("rollout"))


def test_any_other_move_ends_the_request() -> None:
    rollout = moved_to(started(), 5)
    go(an_admin("ines"))
    brake.hold(rollout=rollout, by=an_admin("joel"))
    brake.hold(rollout=rollout, by=an_admin("joel"), on=False)
    assert pending(Rollout.objects.get()) is None
    assert go(an_admin("joel")).is_pending


def test_stopping_never_waits_for_a_second_admin() -> None:
    rollout = moved_to(started(), 100)
    brake.stop(rollout=rollout, by=an_admin())
    assert Rollout.objects.get().state == "halted"


def test_unset_it_is_off(settings: Settings) -> None:
    settings.REVIEWHUB_TWO_ADMINS_ABOVE_PERCENT = None
    assert not needs_two(100)
