"""A rollout advances stage by stage, with evidence, a note and nobody overtaken."""

from typing import Any

import pytest
from pytest_django.fixtures import Settings

from moderation.models import AuditEvent, Rollout, RolloutStep
from moderation.rollout import brake, stages
from moderation.rollout.refusals import (
    AlreadyUnderWayError,
    EvidenceMissingError,
    HeldError,
    NoteTooShortError,
    NotNowError,
    StaleRolloutError,
    UnknownMerchantError,
)
from moderation.versions import baseline
from tests.builders import a_merchant, a_version, at_once, forget_caches
from tests.moderation.rollout.scene import (
    a_run,
    an_admin,
    moved_to,
    started,
    two_versions,
)

pytestmark = pytest.mark.django_db
NOTE = "No limit is near."


@pytest.fixture(autouse=True)
def _small(settings: Settings) -> None:
    forget_caches()
    settings.REVIEWHUB_ROLLOUT_MINIMUM = 0


def advanced(rollout: Rollout, **parts: Any) -> Rollout:
    fresh = Rollout.objects.get(pk=rollout.pk)
    values = {"revision": fresh.revision, "by": an_admin(), "note": NOTE, **parts}
    return stages.advance(rollout=fresh, **values).rollout


def test_a_rollout_begins_in_shadow_and_serves_nobody() -> None:
    rollout = started()
    assert (rollout.state, rollout.percent, rollout.revision) == ("shadow", 0, 1)
    assert rollout.baseline.name == "old"
    assert len(rollout.salt) == 32
    assert baseline().name == "old"
    event = AuditEvent.objects.get(subject_type="Rollout")
    assert (event.action, event.data["candidate"]) == ("start", "new")


def test_each_advance_goes_one_stage_on_to_everyone_and_then_it_serves() -> None:
    rollout = started()
    seen = []
    for _ in range(5):
        rollout = advanced(rollout)
        seen.append((rollout.state, rollout.percent))
    assert seen == [("ramping", share) for share in (1, 5, 25, 50, 100)]
    with pytest.raises(NotNowError, match="Complete"):
        advanced(rollout)
    stages.complete(
        rollout=rollout, revision=rollout.revision, by=an_admin(), note=NOTE
    )
    assert baseline().name == "new"
    assert RolloutStep.objects.count() == 7
    actions = AuditEvent.objects.filter(subject_type="Rollout").order_by("id")
    assert list(actions.values_list("action", flat=True)) == [
        *("start", *["advance"] * 5, "complete"),
    ]


def test_named_pilots_go_before_any_percentage() -> None:
    a_merchant("kiln")
    rollout = started(pilots=["kiln"])
    rollout = advanced(rollout)
    assert (rollout.state, rollout.percent) == ("pilot", 0)
    rollout = advanced(rollout)
    assert (rollout.state, rollout.percent) == ("ramping", 1)


def test_an_unknown_pilot_starts_nothing() -> None:
    with pytest.raises(UnknownMerchantError, match="nobody"):
        started(pilots=["nobody"])
    assert not Rollout.objects.exists()


def test_there_is_one_rollout_at_a_time() -> None:
    started()
    third = a_version(name="third", by=an_admin())
    with pytest.raises(AlreadyUnderWayError):
        stages.start(candidate=third, by=an_admin())


def test_what_serves_is_no_candidate_and_what_does_not_is_no_baseline() -> None:
    old, new = two_versions()
    with pytest.raises(NotNowError, match="serves everyone already"):
        stages.start(candidate=old, by=an_admin())
    third = a_version(name="third", by=an_admin())
    with pytest.raises(NotNowError, match="new does not serve; old does"):
        stages.start(candidate=third, baseline=new, by=an_admin())


@pytest.mark.parametrize("note", ["", "   "])
def test_an_advance_without_a_note_is_refused(note: str) -> None:
    rollout = started()
    with pytest.raises(NoteTooShortError):
        advanced(rollout, note=note)
    assert Rollout.objects.get().state == "shadow"


def test_without_a_passing_gate_only_an_override_with_words_advances() -> None:
    rollout = started(gate=False)
    with pytest.raises(EvidenceMissingError, match="no eval run through the gate"):
        advanced(rollout)
    with pytest.raises(NoteTooShortError, match="8 or more"):
        advanced(rollout, override=True, note="go")
    advanced(rollout, override=True, note="The data set is late.")
    step = RolloutStep.objects.latest("id")
    assert step.is_override
    assert step.figures["gate_passed"] is False
    event = AuditEvent.objects.latest("id")
    assert (event.data["override"], event.reason) == (True, "The data set is late.")


def test_a_newer_failure_of_the_gate_outweighs_an_older_success() -> None:
    rollout = started()
    a_run(rollout.candidate, gate_passed=False)
    with pytest.raises(EvidenceMissingError, match="Did not pass"):
        advanced(rollout)


def test_an_override_that_was_not_needed_marks_nothing() -> None:
    advanced(started(), override=True)
    step = RolloutStep.objects.latest("id")
    assert not step.is_override
    assert step.gate_run is not None


def test_too_few_assessments_at_this_stage_hold_it_back(settings: Settings) -> None:
    settings.REVIEWHUB_ROLLOUT_MINIMUM = 200
    with pytest.raises(EvidenceMissingError, match="0 of 200"):
        advanced(started())


def test_a_held_rollout_does_not_advance_until_the_hold_is_ended() -> None:
    rollout = started()
    brake.hold(rollout=rollout, by=an_admin(), note="The night")
    with pytest.raises(HeldError):
        advanced(rollout)
    brake.hold(rollout=rollout, by=an_admin(), on=False)
    assert advanced(rollout).percent == 1


def test_a_stale_form_moves_nothing() -> None:
    rollout = started()
    advanced(rollout)
    with pytest.raises(StaleRolloutError):
        advanced(rollout, revision=1)
    assert Rollout.objects.get().percent == 1


def test_completing_needs_everyone() -> None:
    rollout = moved_to(started(), 50)
    with pytest.raises(NotNowError, match="100%"):
        stages.complete(
            rollout=rollout, revision=rollout.revision, by=an_admin(), note=NOTE
        )


def test_a_stopped_rollout_is_taken_up_again_at_one_percent_or_given_up() -> None:
    rollout = moved_to(started(), 25)
    brake.stop(rollout=rollout, by=an_admin())
    rollout.refresh_from_db()
    with pytest.raises(NoteTooShortError):
        stages.resume(rollout=rollout, revision=2, by=an_admin(), note="")
    again = stages.resume(rollout=rollout, revision=2, by=an_admin(), note=NOTE)
    assert (again.rollout.state, again.rollout.percent) == ("ramping", 1)
    brake.stop(rollout=rollout, by=an_admin())
    stages.close(rollout=rollout, revision=4, by=an_admin())
    assert Rollout.objects.get().state == "closed"
    with pytest.raises(NotNowError):
        stages.close(rollout=rollout, revision=5, by=an_admin())


def test_nothing_is_taken_up_while_another_is_under_way() -> None:
    rollout = started()
    brake.stop(rollout=rollout, by=an_admin())
    third = a_version(name="third", by=an_admin())
    stages.start(candidate=third, by=an_admin())
    with pytest.raises(AlreadyUnderWayError):
        stages.resume(rollout=rollout, revision=2, by=an_admin(), note=NOTE)


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_of_two_admins_at_once_one_wins_and_the_other_is_told() -> None:
    rollout = started()
    by = [an_admin("ines"), an_admin("joel")]

    def go(number: int) -> object:
        try:
            return stages.advance(
                rollout=rollout, revision=1, by=by[number], note=NOTE
            ).rollout.percent
        except StaleRolloutError:
            return "stale"

    answers = at_once([lambda: go(0), lambda: go(1)])
    assert sorted(map(str, answers)) == ["1", "stale"]
    assert RolloutStep.objects.count() == 2
    assert AuditEvent.objects.filter(action="advance").count() == 1
