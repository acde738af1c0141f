"""Stop works in one step, whatever else happened; its reason may follow."""

import pytest

from moderation.models import AuditEvent, Rollout, RolloutStep
from moderation.rollout import brake, stages
from moderation.rollout.refusals import (
    NoteTooShortError,
    NotNowError,
    StaleRolloutError,
)
from moderation.versions import baseline
from tests.builders import a_version, forget_caches
from tests.moderation.rollout.scene import an_admin, moved_to, started

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _fresh() -> None:
    forget_caches()


@pytest.mark.parametrize("state", ["shadow", "pilot", "ramping"])
def test_a_stop_is_allowed_everywhere_and_asks_nothing(state: str) -> None:
    rollout = started()
    Rollout.objects.update(state=state, is_held=True)
    brake.stop(rollout=rollout, by=an_admin())
    row = Rollout.objects.get()
    assert (row.state, row.percent, row.is_held) == ("halted", 0, False)
    assert row.halted_at is not None
    assert row.halted_by == "person:ines"
    event = AuditEvent.objects.latest("id")
    assert (event.action, event.from_state, event.to_state) == ("stop", state, "halted")


def test_a_stop_is_not_refused_because_somebody_else_advanced() -> None:
    rollout = started()
    moved_to(rollout, 25)
    Rollout.objects.update(revision=7)
    brake.stop(rollout=rollout, by=an_admin())
    assert RolloutStep.objects.latest("id").figures == {"percent_before": 25}


def test_a_stop_that_names_an_old_revision_is_stale() -> None:
    rollout = started()
    Rollout.objects.update(revision=7)
    with pytest.raises(StaleRolloutError):
        brake.stop(rollout=rollout, by=an_admin(), revision=1)


def test_a_second_stop_says_that_it_is_stopped() -> None:
    rollout = started()
    brake.stop(rollout=rollout, by=an_admin())
    with pytest.raises(NotNowError, match="stopped already"):
        brake.stop(rollout=rollout, by=an_admin())


def test_the_reason_may_follow_once() -> None:
    rollout = started()
    with pytest.raises(NotNowError):
        brake.add_note(rollout=rollout, by=an_admin(), note="why")
    brake.stop(rollout=rollout, by=an_admin())
    with pytest.raises(NoteTooShortError):
        brake.add_note(rollout=rollout, by=an_admin(), note=" ")
    brake.add_note(rollout=rollout, by=an_admin(), note="Too many doubts.")
    assert Rollout.objects.get().halted_reason == "Too many doubts."
    with pytest.raises(NotNowError):
        brake.add_note(rollout=rollout, by=an_admin(), note="Another story")


def test_what_was_completed_can_be_stopped_and_the_former_serves_again() -> None:
    rollout = moved_to(started(), 100)
    stages.complete(rollout=rollout, revision=1, by=an_admin(), note="Done.")
    assert baseline().name == "new"
    brake.stop(rollout=rollout, by=an_admin())
    assert baseline().name == "old"


def test_what_another_rollout_stands_on_is_not_stopped_under_it() -> None:
    rollout = moved_to(started(), 100)
    stages.complete(rollout=rollout, revision=1, by=an_admin(), note="Done.")
    third = a_version(name="third", by=an_admin())
    stages.start(candidate=third, by=an_admin())
    with pytest.raises(NotNowError, match="stop that first"):
        brake.stop(rollout=rollout, by=an_admin())


def test_a_hold_is_written_down_with_its_end() -> None:
    rollout = started()
    brake.hold(rollout=rollout, by=an_admin(), note="The night")
    with pytest.raises(NotNowError, match="held already"):
        brake.hold(rollout=rollout, by=an_admin())
    brake.hold(rollout=rollout, by=an_admin(), on=False)
    with pytest.raises(NotNowError, match="not held"):
        brake.hold(rollout=rollout, by=an_admin(), on=False)
    actions = AuditEvent.objects.order_by("-id").values_list("action", flat=True)[:2]
    assert list(actions) == ["unhold", "hold"]
    assert Rollout.objects.get().revision == 3
