"""The only writer of states: guarded, audited, all of a group or none of it."""

import pytest
from django.db import transaction
from django.db.utils import IntegrityError
from django.utils import timezone

from moderation.models import AuditEvent, ReviewTask, Submission
from moderation.models.transition import LostRaceError, move, move_many
from moderation.states import MACHINES, IllegalMoveError, SubmissionState, TaskState
from tests.builders import a_submission, a_task, submissions

pytestmark = pytest.mark.django_db
LEGAL = {(name, m.source, m.target) for name, moves in MACHINES.items() for m in moves}


def test_a_move_changes_the_row_and_the_log_together() -> None:
    row = a_submission()
    before = AuditEvent.objects.count()
    moved = move(
        row,
        SubmissionState.WITHDRAWN,
        by="person:kim",
        action="withdraw",
        reason="a typo",
        data={"codes": ["P-101"]},
        request_id="req_1",
    )
    assert moved
    assert row.state == "withdrawn"
    assert Submission.objects.get(pk=row.pk).state == "withdrawn"
    assert AuditEvent.objects.count() == before + 1
    event = AuditEvent.objects.latest("id")
    assert (event.subject_type, event.subject_id) == ("Submission", row.public_id)
    assert (event.from_state, event.to_state) == ("received", "withdrawn")
    assert (event.actor, event.reason) == ("person:kim", "a typo")
    assert (event.data, event.request_id) == ({"codes": ["P-101"]}, "req_1")


def test_a_lost_race_is_no_error_and_writes_nothing() -> None:
    row = a_submission()
    rival = Submission.objects.get(pk=row.pk)
    assert move(rival, SubmissionState.WITHDRAWN, by="b", action="withdraw")
    before = AuditEvent.objects.count()
    assert not move(row, SubmissionState.WITHDRAWN, by="a", action="withdraw")
    assert row.state == "received"
    assert AuditEvent.objects.count() == before


def test_a_further_condition_that_fails_is_a_lost_race_too() -> None:
    task = a_task()
    moved = move(
        task, TaskState.CANCELLED, by="a", action="x", where={"clause": "P-999"}
    )
    assert not moved
    assert ReviewTask.objects.get().state == "open"


def test_when_the_log_cannot_be_written_the_row_stays() -> None:
    row = a_submission()
    with pytest.raises(TypeError), transaction.atomic():
        move(row, SubmissionState.WITHDRAWN, by="a", action="x", data={"a": object()})
    assert Submission.objects.get(pk=row.pk).state == "received"


def test_a_change_that_a_constraint_refuses_leaves_no_log() -> None:
    row = a_submission()
    before = AuditEvent.objects.count()
    with pytest.raises(IntegrityError), transaction.atomic():
        move(row, SubmissionState.ASSESSING, by="a", action="claim")
    assert AuditEvent.objects.count() == before


def test_a_group_moves_whole_or_not_at_all() -> None:
    rows = submissions(3)
    assert move(rows[1], SubmissionState.WITHDRAWN, by="b", action="withdraw")
    stale = list(rows)
    stale[1].state = SubmissionState.RECEIVED
    before = AuditEvent.objects.count()
    with pytest.raises(LostRaceError), transaction.atomic():
        move_many(stale, SubmissionState.WITHDRAWN, by="a", action="withdraw")
    states = Submission.objects.order_by("id").values_list("state", flat=True)
    assert list(states) == ["received", "withdrawn", "received"]
    assert AuditEvent.objects.count() == before


def test_moving_nothing_is_nothing() -> None:
    assert move_many([], SubmissionState.WITHDRAWN, by="a", action="x") == 0


@pytest.mark.parametrize("target", list(SubmissionState))
@pytest.mark.parametrize("source", list(SubmissionState))
def test_a_submission_moves_only_as_its_machine_says(
    source: SubmissionState, target: SubmissionState
) -> None:
    row = a_submission()
    lease = {"lease_token": "0" * 32, "lease_until": timezone.now()}
    none = {"lease_token": None, "lease_until": None}
    held = lease if source == SubmissionState.ASSESSING else none
    Submission.objects.filter(pk=row.pk).update(state=source, **held)
    row.state = source
    change = lease if target == SubmissionState.ASSESSING else none
    if ("Submission", source, target) in LEGAL:
        assert move(row, target, by="a", action="x", change=change)
        assert Submission.objects.get(pk=row.pk).state == target
    else:
        with pytest.raises(IllegalMoveError, match=f"from {source} to {target}"):
            move(row, target, by="a", action="x", change=change)
        assert Submission.objects.get(pk=row.pk).state == source
