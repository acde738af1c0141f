"""A worker's hold: order, suspects, renewal, giving back, sweeping the lost."""

from datetime import timedelta
from uuid import uuid4

import pytest

from moderation import claims, upkeep
from moderation.models import Assessment, AuditEvent, ReviewTask, Submission
from moderation.models.clock import database_now
from moderation.states import FailureKind, Source, SubmissionState
from tests.builders import a_submission, judged, submissions, write_results

pytestmark = pytest.mark.django_db


def lose(*rows: Submission) -> None:
    """Let the leases of rows run out, as if their worker had died."""
    past = database_now() - timedelta(seconds=1)
    Submission.objects.filter(pk__in=[row.pk for row in rows]).update(lease_until=past)


def crash_alone(row: Submission) -> None:
    """Claim a suspect alone and lose it."""
    (held,) = claims.claim_suspect(worker="w")
    assert held.pk == row.pk
    lose(row)
    upkeep.sweep()


def test_the_most_urgent_is_claimed_first_then_the_oldest() -> None:
    bulk = a_submission(external_id="bulk", source=Source.BULK)
    api = [a_submission(external_id=f"api-{n}") for n in range(2)]
    form = a_submission(external_id="form", source=Source.FORM)
    order = [claims.claim(worker="w", limit=1)[0].pk for _ in range(4)]
    assert order == [form.pk, api[0].pk, api[1].pk, bulk.pk]


def test_a_claim_takes_no_more_than_asked_and_nothing_twice() -> None:
    rows = submissions(5)
    first = claims.claim(worker="a", limit=3)
    second = claims.claim(worker="b", limit=9)
    assert [len(first), len(second)] == [3, 2]
    assert {row.pk for row in (*first, *second)} == {row.pk for row in rows}
    assert claims.claim(worker="c", limit=9) == []


def test_a_claim_counts_the_attempt_and_is_in_the_audit_log() -> None:
    a_submission()
    (row,) = claims.claim(worker="w", limit=1)
    assert (row.attempts, row.state, row.leased_by) == (1, "assessing", "w")
    assert row.lease_token
    assert row.lease_until
    assert row.lease_until > database_now() + timedelta(seconds=20)
    event = AuditEvent.objects.get(action="claim")
    assert (event.actor, event.subject_id) == ("w", row.public_id)


def test_what_waits_for_later_is_not_claimed_before() -> None:
    row = a_submission()
    soon = database_now() + timedelta(minutes=1)
    Submission.objects.filter(pk=row.pk).update(not_before=soon)
    assert claims.claim(worker="w", limit=1) == []
    Submission.objects.filter(pk=row.pk).update(not_before=database_now())
    assert len(claims.claim(worker="w", limit=1)) == 1


def test_renewing_prolongs_a_lease_but_never_brings_one_back() -> None:
    kept, gone = submissions(2)
    (held,) = claims.claim(worker="w", limit=1)
    assert held.pk == kept.pk
    lose(kept)
    assert held.lease_token
    claims.renew([held.lease_token, uuid4()])
    assert claims.sweep_lost() == (0, [])
    lose(kept)
    assert claims.sweep_lost()[0] == 1
    claims.renew([held.lease_token])
    kept.refresh_from_db()
    assert (kept.state, kept.lease_until) == ("received", None)
    gone.refresh_from_db()
    assert gone.lease_until is None


def test_what_is_given_back_is_claimable_at_once_and_nobodys_fault() -> None:
    a_submission()
    (held,) = claims.claim(worker="w", limit=1)
    assert held.lease_token
    assert claims.give_back([held.lease_token], worker="w") == 1
    assert claims.give_back([held.lease_token], worker="w") == 0
    (again,) = claims.claim(worker="x", limit=1)
    assert (again.pk, again.is_suspect, again.crashes) == (held.pk, False, 0)


def test_rows_lost_in_company_are_claimed_alone_and_not_called_crashed() -> None:
    rows = submissions(3)
    claims.claim(worker="w", limit=3)
    lose(*rows)
    assert upkeep.sweep() == {"swept": 3, "crashed": 0, "expired": 0}
    assert claims.has_suspects()
    assert claims.claim(worker="w", limit=9) == []
    alone = [claims.claim_suspect(worker="w") for _ in range(4)]
    assert [len(found) for found in alone] == [1, 1, 1, 0]
    assert {row.crashes for found in alone for row in found} == {0}


def test_a_live_lease_is_never_swept() -> None:
    submissions(2)
    claims.claim(worker="w", limit=1)
    assert claims.sweep_lost() == (0, [])


def test_three_crashes_alone_hand_the_listing_to_a_person() -> None:
    poison = a_submission()
    claims.claim(worker="w", limit=1)
    lose(poison)
    upkeep.sweep()
    for crashes in (1, 2):
        crash_alone(poison)
        poison.refresh_from_db()
        assert (poison.state, poison.crashes) == ("received", crashes)
        assert not ReviewTask.objects.exists()
    crash_alone(poison)
    poison.refresh_from_db()
    assert poison.state == SubmissionState.IN_REVIEW
    assert poison.lease_token is None
    task = ReviewTask.objects.get()
    assert [reason["code"] for reason in task.reasons] == ["crashed"]
    assert Assessment.objects.get().failure == FailureKind.CRASHED
    assert upkeep.sweep() == {"swept": 0, "crashed": 0, "expired": 0}


def test_one_that_cannot_be_handed_over_does_not_stop_the_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rows = submissions(2)
    claims.claim(worker="w", limit=2)
    Submission.objects.update(is_suspect=True, crashes=2)
    lose(*rows)
    real = upkeep.write_crash

    def write(row: Submission, version: object) -> bool:
        if row.pk == rows[0].pk:
            raise ValueError("this one is broken")
        return real(row, version)

    monkeypatch.setattr(upkeep, "write_crash", write)
    assert upkeep.sweep()["crashed"] == 1
    assert ReviewTask.objects.get().submission_id == rows[1].pk


def test_a_zombie_that_lost_its_lease_writes_nothing() -> None:
    row = a_submission()
    zombie = judged(row, FailureKind.TIMEOUT)
    lose(row)
    upkeep.sweep()
    (fresh,) = claims.claim_suspect(worker="other")
    assert write_results([zombie]) == 0
    assert not Assessment.objects.exists()
    assert not ReviewTask.objects.exists()
    row.refresh_from_db()
    assert (row.state, row.lease_token) == ("assessing", fresh.lease_token)
