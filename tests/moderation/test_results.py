"""Writing judgements: one transaction, one savepoint each, under the hold."""

import pytest

from moderation.access.actor import Actor
from moderation.llm.client import CallRecord
from moderation.models import (
    Assessment,
    AuditEvent,
    Decision,
    Delivery,
    ModelCall,
    PipelineVersion,
    ReviewTask,
    Rollout,
    Submission,
)
from moderation.models.clock import database_now
from moderation.results import (
    URGENT_DUE_IN,
    Finished,
    write_crash,
    write_results,
    write_shadows,
)
from moderation.rollout.brake import stop
from moderation.rollout.mode import set_mode
from moderation.states import FailureKind, ModeKind
from tests.builders import (
    a_clause,
    a_submission,
    a_verdict,
    a_version,
    claimed,
    judged,
    serving,
    submissions,
)

pytestmark = pytest.mark.django_db


def test_an_approval_is_written_with_all_that_belongs_to_it() -> None:
    finished = judged(a_submission(), a_verdict())
    assert write_results([finished]) == 1
    decision = Decision.objects.get()
    assessment = Assessment.objects.get()
    assert decision.assessment == assessment
    assert decision.pipeline_id == assessment.pipeline_id == serving().pk
    assert Delivery.objects.get().decision == decision
    event = AuditEvent.objects.get(action="auto_approve")
    assert (event.actor, event.data["outcome"]) == ("machine", "approved")
    assert not ReviewTask.objects.exists()


def test_a_question_is_written_with_its_reasons_clause_and_language() -> None:
    answer = a_verdict(clauses=[a_clause("P-102", action="ask")], language="en-GB")
    assert write_results([judged(a_submission(), answer)]) == 1
    task = ReviewTask.objects.get()
    assert (task.state, task.kind, task.clause, task.language) == (
        "open",
        "routed",
        "P-102",
        "en-GB",
    )
    assert [reason["code"] for reason in task.reasons] == ["P-102"]
    assert AuditEvent.objects.get(action="ask").data == {"reasons": ["P-102"]}


def test_a_lost_lease_costs_the_others_nothing() -> None:
    group = [judged(row, a_verdict()) for row in submissions(3)[:1]]
    a_submission(external_id="more")
    group.append(
        judged(Submission.objects.get(listing__external_id="more"), a_verdict())
    )
    Submission.objects.filter(pk=group[0].submission.pk).update(
        state="withdrawn", lease_token=None, lease_until=None
    )
    assert write_results(group) == 1
    assert Decision.objects.get().submission_id == group[1].submission.pk
    assert Assessment.objects.count() == 1


def test_the_same_judgement_is_written_once() -> None:
    finished = judged(a_submission(), a_verdict())
    assert write_results([finished]) == 1
    again = Finished(
        Submission.objects.get(), finished.lease_token, serving(), finished.moderated
    )
    again.submission.state = "assessing"
    again.submission.attempts += 1
    assert write_results([again]) == 0
    assert Decision.objects.count() == Assessment.objects.count() == 1


@pytest.mark.parametrize("mode", [ModeKind.HUMANS_ONLY, ModeKind.CLOSED])
def test_the_switch_is_read_again_before_an_approval_is_written(mode: ModeKind) -> None:
    finished = judged(a_submission(), a_verdict())
    set_mode(mode=mode, note="a doubt", by=Actor("person:ines"))
    assert write_results([finished]) == 1
    assert not Decision.objects.exists()
    assert ReviewTask.objects.get().reasons[0]["code"] == "mode"
    assert Assessment.objects.get().route == "review"


def test_a_refusal_is_due_sooner_than_the_rest() -> None:
    now = database_now()
    write_results([judged(a_submission(), FailureKind.REFUSED)])
    task = ReviewTask.objects.get()
    assert task.due_at <= database_now() + URGENT_DUE_IN
    write_results([judged(a_submission(external_id="b"), FailureKind.TIMEOUT)])
    other = ReviewTask.objects.exclude(pk=task.pk).get()
    assert other.due_at > task.due_at > now


def test_every_call_is_kept_with_its_cost() -> None:
    finished = judged(a_submission(), a_verdict())
    call = CallRecord(
        attempt=1,
        provider="scripted",
        model="scripted-1",
        request_id="req_1",
        started_at=database_now(),
        latency_ms=12,
        input_tokens=10,
        output_tokens=5,
        cost_microusd=7,
    )
    object.__setattr__(finished.moderated.assessed, "calls", (call, call))
    write_results([finished])
    assert [row.number for row in ModelCall.objects.order_by("number")] == [1, 2]
    assert Assessment.objects.get().cost_microusd == 14


def test_a_crash_is_written_only_under_the_hold() -> None:
    held = claimed(a_submission())
    stale = Submission.objects.get(pk=held.pk)
    stale.attempts += 1
    assert write_crash(held, serving())
    assert not write_crash(stale, serving())
    assert Submission.objects.get().state == "in_review"
    assert ReviewTask.objects.get().reasons[0]["code"] == "crashed"
    free = a_submission(external_id="free")
    assert not write_crash(free, serving())


def test_what_a_stopped_version_would_approve_goes_to_a_person() -> None:
    row = a_submission()
    other = a_version(name="other", by=Actor("person:ines"))
    finished = judged(row, a_verdict())
    assert finished.version.pk == other.pk
    rollout = Rollout.objects.create(
        baseline=PipelineVersion.objects.exclude(pk=other.pk).get(),
        candidate=other,
        salt="s",
        started_by="ines",
        state="ramping",
        percent=100,
    )
    stop(rollout=rollout, by=Actor("person:ines"))
    assert write_results([finished]) == 1
    assert not Decision.objects.exists()
    task = ReviewTask.objects.get()
    assert [reason["code"] for reason in task.reasons] == ["rollout_stopped"]
    assert Assessment.objects.get().route == "review"


def test_a_shadow_is_stored_without_any_effect_and_only_once() -> None:
    row = a_submission()
    finished = judged(row, a_verdict())
    assert write_results([finished]) == 1
    before = (AuditEvent.objects.count(), Decision.objects.count())
    assert write_shadows([finished, finished]) == 1
    assert write_shadows([finished]) == 0
    shadow = Assessment.objects.get(role="shadow")
    assert (shadow.route, shadow.submission_id) == ("auto_approve", row.pk)
    assert (AuditEvent.objects.count(), Decision.objects.count()) == before


def test_a_shadow_of_a_listing_that_is_gone_is_left_out() -> None:
    finished = judged(a_submission(), a_verdict())
    Submission.objects.all().delete()
    assert write_shadows([finished]) == 0
