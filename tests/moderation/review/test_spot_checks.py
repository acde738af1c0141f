"""Spot checks: drawn by chance, answered blind, confirmed or overturned, undone."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.conf import LazySettings

from moderation.access.actor import Actor
from moderation.models import (
    Assessment,
    AuditEvent,
    Decision,
    EvalCase,
    NearDuplicateBand,
    ReviewTask,
    Submission,
)
from moderation.models.clock import database_now
from moderation.results import write_results
from moderation.review.decide import AlreadyDecidedError, TooLateError, decide, undo
from moderation.review.escalate import escalate
from moderation.review.queue import (
    LeaseLostError,
    claim_next,
    claim_task,
    skip,
)
from moderation.review.screen import ranked_clauses, read_task, screen_of
from moderation.review.spot_checks import is_drawn, undo_until
from moderation.states import Outcome
from tests.builders import (
    Answer,
    a_merchant,
    a_moderator,
    a_person,
    a_submission,
    a_verdict,
    at_once,
    judged,
)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _every_one_is_drawn(settings: LazySettings) -> None:
    settings.REVIEWHUB_SPOT_CHECK_SHARE = 1.0


FIX = {
    "code": "Q-05",
    "field": "title",
    "quote": "blue",
    "action": "fix",
    "explanation": "As told.",
}


def drawn(answer: Answer | None = None, **changes: Any) -> ReviewTask:
    """Return the spot check of an auto-approved listing."""
    submission = a_submission(**changes)
    assert write_results([judged(submission, answer or a_verdict())]) == 1
    return ReviewTask.objects.get(submission=submission)


def fixed() -> ReviewTask:
    """Return a held check of a listing that the model mended before it went live."""
    task = held()
    Assessment.objects.update(clauses=[FIX])
    return ReviewTask.objects.get(pk=task.pk)


def held(answer: Answer | None = None, by: Actor | None = None) -> ReviewTask:
    """Return a spot check that a moderator holds."""
    return claim_task(task=drawn(answer), by=by or a_moderator())


def answer(task: ReviewTask, outcome: Outcome, **options: Any) -> Decision:
    """Answer a check."""
    if outcome != Outcome.APPROVED:
        options.setdefault("clauses", ["P-101"])
    token = options.pop("lease_token", task.lease_token)
    return decide(
        task=task, by=a_moderator(), lease_token=token, outcome=outcome, **options
    )


class TestDrawing:
    """Which approvals are drawn, and what is kept of it."""

    def test_a_draw_is_a_blind_task_with_its_probability(self) -> None:
        task = drawn()
        assert (task.kind, task.is_blind, task.stream, task.sampling_probability) == (
            "spot_check",
            True,
            "core",
            1.0,
        )
        assert task.about == Decision.objects.get()
        assert task.due_at - task.created_at == timedelta(hours=48)
        assert Submission.objects.get().state == "decided"
        event = AuditEvent.objects.get(action="draw")
        assert event.data == {"decision": task.about.public_id, "probability": 1.0}

    def test_each_approval_keeps_its_probability_drawn_or_not(
        self, settings: LazySettings
    ) -> None:
        for number, share in enumerate((0.0, 1e-12, 1.0)):
            settings.REVIEWHUB_SPOT_CHECK_SHARE = share
            submission = a_submission(external_id=f"S-{number}")
            write_results([judged(submission, a_verdict())])
        kept = Decision.objects.order_by("id").values_list(
            "sampling_probability", flat=True
        )
        assert list(kept) == [0.0, 1e-12, 1.0]
        assert ReviewTask.objects.get().sampling_probability == 1.0

    def test_the_draw_takes_its_share_and_a_larger_one_takes_those_too(self) -> None:
        ids = [f"SUB-{n:012d}" for n in range(20_000)]
        small = {name for name in ids if is_drawn(name, 0.05)}
        large = {name for name in ids if is_drawn(name, 0.2)}
        # Four standard deviations around 1,000 of 20,000.
        assert 877 <= len(small) <= 1123
        assert small < large
        assert not any(is_drawn(name, 0.0) for name in ids)
        assert all(is_drawn(name, 1.0) for name in ids)

    def test_nobody_without_the_key_can_foretell_it(
        self, settings: LazySettings
    ) -> None:
        ids = [f"SUB-{n:012d}" for n in range(400)]
        before = [is_drawn(name, 0.5) for name in ids]
        settings.SECRET_KEY = "another" * 12
        assert [is_drawn(name, 0.5) for name in ids] != before

    def test_what_a_person_was_asked_about_is_not_drawn(self) -> None:
        task = drawn(a_verdict(doubt="Is it?"))
        assert task.kind == "routed"
        assert not Decision.objects.exists()


class TestBlindness:
    """What must not be seen before the answer, and is shown after it."""

    def test_nothing_of_the_models_answer_is_on_the_screen(self) -> None:
        task = read_task(fixed().pk)
        seen = screen_of(task)
        assert seen.is_blind
        assert (seen.fixes, seen.checks, seen.clause, seen.quotes) == ((), (), None, ())
        assert all(
            (field.confidence, field.threshold, field.tells, field.candidates)
            == (None, None, (), ())
            for field in seen.fields
        )
        assert not any(r.source for r in ranked_clauses(seen))

    def test_the_order_of_fields_does_not_tell_the_models_doubt(self) -> None:
        shy = a_verdict(
            field_confidence={**a_verdict()["field_confidence"], "brand": 0.93}
        )
        sure, unsure = drawn(external_id="a"), drawn(shy, external_id="b")
        orders = [
            [field.name for field in screen_of(read_task(task.pk)).fields]
            for task in (sure, unsure)
        ]
        assert orders[0] == orders[1]

    def test_what_is_judged_is_what_went_live(self) -> None:
        proposed = {**a_verdict()["proposed"], "title": "Blue stoneware mug, 350 ml"}
        task = held(a_verdict(proposed=proposed))
        assert task.about
        shown = screen_of(read_task(task.pk)).shown
        assert shown.as_dict() == task.about.published

    def test_the_answer_brings_the_models_to_light(self) -> None:
        task = fixed()
        answer(task, Outcome.APPROVED)
        seen = screen_of(read_task(task.pk))
        assert not seen.is_blind
        assert [fix["code"] for fix in seen.fixes] == ["Q-05"]


class TestAnswering:
    """Agreement leaves the decision; disagreement replaces it."""

    def test_agreement_confirms_and_decides_nothing_new(self) -> None:
        task = held()
        decision = answer(task, Outcome.APPROVED)
        assert decision == task.about == Decision.objects.get()
        assert decision.superseded_at is None
        task.refresh_from_db()
        assert (task.state, task.resolution) == ("resolved", "confirmed")
        assert task.resolved_by == a_moderator().user
        case = EvalCase.objects.get()
        assert (case.provenance, case.sampling_probability) == ("spot_check", 1.0)
        assert (case.task, case.decision) == (task, decision)

    @pytest.mark.parametrize(
        ("outcome", "options"),
        [
            (Outcome.REJECTED, {}),
            (Outcome.CHANGES_NEEDED, {}),
            (Outcome.APPROVED, {"corrections": {"title": "A mug"}}),
        ],
    )
    def test_disagreement_overturns_after_the_window(
        self, outcome: Outcome, options: dict[str, Any], settings: LazySettings
    ) -> None:
        task = held()
        decision = answer(task, outcome, **options)
        task.refresh_from_db()
        assert task.about
        task.about.refresh_from_db()
        assert decision.override_of == task.about
        assert task.about.superseded_at == decision.decided_at
        assert decision.moderator == a_moderator().user
        window = timedelta(seconds=settings.REVIEWHUB_UNDO_SECONDS)
        assert decision.effective_at - decision.decided_at == window
        assert task.resolution == "overturned"
        assert EvalCase.objects.get().decision == decision
        assert Decision.objects.effective().get() == decision
        assert Submission.objects.get().state == "decided"
        kinds = set(decision.corrections.values_list("kind", flat=True))
        assert ("outcome" in kinds) == (outcome != Outcome.APPROVED)
        rejected = outcome == Outcome.REJECTED
        assert NearDuplicateBand.objects.exists() == rejected

    def test_a_correction_that_changes_nothing_is_agreement(self) -> None:
        task = held()
        assert task.about
        assert task.about.published
        title = task.about.published["title"]
        answer(task, Outcome.APPROVED, corrections={"title": title})
        assert ReviewTask.objects.get().resolution == "confirmed"

    def test_a_decision_that_stood_no_longer_is_measured_all_the_same(self) -> None:
        task = held()
        Decision.objects.update(superseded_at=database_now())
        assert answer(task, Outcome.REJECTED) == task.about
        assert ReviewTask.objects.get().resolution == "disagreed"
        assert Decision.objects.count() == 1
        assert not EvalCase.objects.exists()

    def test_a_replaced_version_stays_in_the_sample(self) -> None:
        task = drawn()
        a_submission(title="Another title altogether")
        task.refresh_from_db()
        assert task.state == "open"

    def test_the_same_answer_twice_is_told_what_was_answered(self) -> None:
        task = held()
        answer(task, Outcome.APPROVED)
        with pytest.raises(AlreadyDecidedError) as again:
            answer(task, Outcome.REJECTED)
        assert again.value.decision == task.about
        assert Decision.objects.count() == EvalCase.objects.count() == 1

    def test_another_persons_hold_answers_nothing(self) -> None:
        task = held(by=a_moderator("other"))
        for token in (task.lease_token, uuid4()):
            with pytest.raises(LeaseLostError):
                answer(task, Outcome.APPROVED, lease_token=token)


class TestUndoing:
    """An answer is taken back in time, and by its giver alone."""

    @pytest.mark.parametrize("outcome", [Outcome.APPROVED, Outcome.REJECTED])
    def test_an_answer_taken_back_leaves_the_machines_decision(
        self, outcome: Outcome
    ) -> None:
        task = held()
        decision = answer(task, outcome)
        given_back = undo(decision=decision, by=a_moderator())
        task.refresh_from_db()
        assert given_back == task
        assert (task.state, task.resolution, task.resolved_by) == ("claimed", "", None)
        assert Decision.objects.effective().get() == task.about
        assert EvalCase.objects.get().state == "discarded"
        assert not NearDuplicateBand.objects.exists()
        # The model's answer was seen meanwhile.
        assert not task.is_blind

    @pytest.mark.parametrize("outcome", [Outcome.APPROVED, Outcome.REJECTED])
    def test_an_answer_can_be_given_again_after_it_was_taken_back(
        self, outcome: Outcome
    ) -> None:
        task = held()
        undo(decision=answer(task, outcome), by=a_moderator())
        task.refresh_from_db()
        answer(task, Outcome.CHANGES_NEEDED)
        task.refresh_from_db()
        assert task.resolution == "overturned"
        assert EvalCase.objects.filter(state="proposed").count() == 1

    @pytest.mark.parametrize("outcome", [Outcome.APPROVED, Outcome.REJECTED])
    def test_it_is_too_late_after_the_window(self, outcome: Outcome) -> None:
        task = held()
        decision = answer(task, outcome)
        task.refresh_from_db()
        with pytest.raises(TooLateError):
            undo(decision=decision, by=a_moderator(), now=undo_until(task))
        assert ReviewTask.objects.get().state == "resolved"

    @pytest.mark.parametrize("outcome", [Outcome.APPROVED, Outcome.REJECTED])
    def test_nobody_else_takes_it_back(self, outcome: Outcome) -> None:
        decision = answer(held(), outcome)
        with pytest.raises(TooLateError):
            undo(decision=decision, by=a_moderator("other"))


class TestNamingTheWrongDecision:
    """The machine's decision is not the way to take one's own answer back."""

    def test_an_overturned_check_is_undone_by_the_decision_that_overturned(
        self, settings: LazySettings
    ) -> None:
        settings.REVIEWHUB_UNDO_SECONDS = 3600
        task = held()
        mine = answer(task, Outcome.REJECTED)
        assert task.about
        with pytest.raises(TooLateError):
            undo(decision=task.about, by=a_moderator())
        assert Decision.objects.effective().get() == mine
        undo(decision=mine, by=a_moderator())
        assert Decision.objects.effective().get() == task.about


class TestTheQueue:
    """Who gets a check, and that none leaves the sample unanswered."""

    def test_a_moderator_never_gets_one_of_their_own_merchant(self) -> None:
        drawn()
        mine = a_person("kim", "moderator", merchant=a_merchant())
        assert claim_next(by=mine, queue="spot-checks") is None
        task = claim_next(by=a_moderator(), queue="spot-checks")
        assert task
        assert task.kind == "spot_check"

    def test_an_escalated_check_stays_the_check_it_is(self) -> None:
        task = held()
        assert task.lease_token
        same = escalate(
            task=task, by=a_moderator(), lease_token=task.lease_token, reason="Odd"
        )
        assert same.pk == task.pk
        assert claim_next(by=a_moderator(), queue="spot-checks") is None
        senior = a_person("sam", "senior")
        taken = claim_next(by=senior, queue="spot-checks")
        assert taken == task
        assert taken.reasons[0]["message"] == "mara asks: Odd"
        assert ReviewTask.objects.count() == 1

    def test_a_skipped_check_is_offered_to_others(self) -> None:
        task = held()
        assert task.lease_token
        skip(task=task, by=a_moderator(), lease_token=task.lease_token)
        assert claim_next(by=a_moderator(), queue="spot-checks") is None
        assert claim_next(by=a_moderator("other"), queue="spot-checks") == task


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_two_answers_at_once_are_one(settings: LazySettings) -> None:
    task = held()

    def give(outcome: Outcome) -> str:
        try:
            answer(ReviewTask.objects.get(pk=task.pk), outcome)
        except LeaseLostError:
            return "lost"
        return "given"

    said = at_once([lambda: give(Outcome.APPROVED), lambda: give(Outcome.REJECTED)])
    assert sorted(said) == ["given", "lost"]
    assert EvalCase.objects.count() == 1
    assert Decision.objects.effective().count() == 1
