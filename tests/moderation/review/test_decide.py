"""Deciding, correcting, undoing: once, under the hold, and taken back in time."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.conf import settings
from django.db import connection, connections

from moderation.access.actor import Actor
from moderation.delivery.outbox import publish_due
from moderation.delivery.statement import wire_status
from moderation.intake.store import withdraw
from moderation.models import (
    AuditEvent,
    Correction,
    Decision,
    Delivery,
    NearDuplicateBand,
    ReviewTask,
    Submission,
)
from moderation.models.clock import database_now
from moderation.results import write_results
from moderation.review.decide import (
    AlreadyDecidedError,
    InvalidDecisionError,
    TooLateError,
    decide,
    undo,
)
from moderation.review.queue import LeaseLostError, claim_task
from moderation.states import FailureKind, Outcome
from tests.builders import (
    Answer,
    a_clause,
    a_held_task,
    a_moderator,
    a_submission,
    a_task,
    a_verdict,
    at_once,
    judged,
    submissions,
)


def rule(
    task: ReviewTask,
    outcome: Outcome = Outcome.APPROVED,
    by: Actor | None = None,
    **options: Any,
) -> Decision:
    """Decide a held task."""
    token = options.pop("lease_token", task.lease_token)
    if outcome != Outcome.APPROVED:
        options.setdefault("clauses", ["P-101"])
    return decide(
        task=task,
        by=by or a_moderator(),
        lease_token=token,
        outcome=outcome,
        **options,
    )


def held(answer: Answer | None = None, **changes: Any) -> ReviewTask:
    """Return a held task of a listing with some fields changed."""
    return a_held_task(task=a_task(a_submission(**changes), answer))


def fields() -> dict[str, tuple[Any, Any]]:
    """Return each corrected field with its value before and after."""
    rows = Correction.objects.filter(kind="field")
    return {row.field: (row.before, row.after) for row in rows}


@pytest.mark.django_db
class TestDeciding:
    """Each outcome, with what it needs."""

    def test_approving_as_shown_publishes_what_was_shown(self) -> None:
        task = held()
        decision = rule(task)
        assert decision.published == task.submission.tidied
        assert decision.moderator == a_moderator().user
        window = timedelta(seconds=settings.REVIEWHUB_UNDO_SECONDS)
        assert decision.effective_at - decision.decided_at == window
        task.refresh_from_db()
        assert (task.state, task.resolution, task.claimed_by) == (
            "resolved",
            "approved",
            None,
        )
        assert Delivery.objects.get().due_at == decision.effective_at
        assert fields() == {}

    @pytest.mark.parametrize("outcome", [Outcome.REJECTED, Outcome.CHANGES_NEEDED])
    def test_a_refusal_publishes_nothing_and_names_its_clause(
        self, outcome: Outcome
    ) -> None:
        decision = rule(held(), outcome, statement=" Not this one. ", note=" Odd. ")
        assert (decision.outcome, decision.published) == (outcome, None)
        assert [clause["code"] for clause in decision.clauses] == ["P-101"]
        assert (decision.statement, decision.private_note) == ("Not this one.", "Odd.")
        assert Submission.objects.get().state == "decided"

    @pytest.mark.parametrize("outcome", [Outcome.REJECTED, Outcome.CHANGES_NEEDED])
    def test_a_refusal_without_a_reason_is_no_decision(self, outcome: Outcome) -> None:
        with pytest.raises(InvalidDecisionError) as invalid:
            rule(held(), outcome, clauses=[])
        assert [(p.field, p.code) for p in invalid.value.problems] == [
            ("clauses", "required")
        ]
        assert not Decision.objects.exists()
        assert ReviewTask.objects.get().state == "claimed"

    def test_a_clause_carries_the_merchants_words_the_model_quoted(self) -> None:
        task = held(a_verdict(clauses=[a_clause("P-101")]))
        decision = rule(task, Outcome.REJECTED, clauses=["p-101 "])
        assert decision.clauses == [
            {"code": "P-101", "field": "title", "quote": "Stoneware mug"}
        ]

    def test_a_moderators_own_quote_wins(self) -> None:
        given = {"code": "P-101", "field": "description", "quote": "hand-thrown"}
        decision = rule(
            held(a_verdict(clauses=[a_clause()])), Outcome.REJECTED, clauses=[given]
        )
        assert decision.clauses == [given]

    def test_every_problem_of_a_decision_is_named_at_once(self) -> None:
        with pytest.raises(InvalidDecisionError) as invalid:
            rule(
                held(),
                Outcome.REJECTED,
                clauses=["P-999"],
                corrections={"title": "Another good title"},
                statement="x" * 4001,
            )
        codes = [problem.code for problem in invalid.value.problems]
        assert codes == ["unknown_clause", "not_published", "too_long"]

    def test_approving_with_clauses_keeps_them(self) -> None:
        decision = rule(held(), clauses=["P-701"])
        assert [clause["code"] for clause in decision.clauses] == ["P-701"]

    def test_a_task_after_a_failure_can_be_decided(self) -> None:
        decision = rule(held(FailureKind.TIMEOUT))
        assert decision.assessment
        assert decision.assessment.failure == "model_timeout"
        assert not Correction.objects.exists()

    def test_the_requests_of_the_quality_rules_go_with_an_approval(self) -> None:
        task = held()
        asked = [{"field": "image_urls", "code": "Q-13", "message": "Add an image."}]
        Submission.objects.update(requests=asked)
        assert rule(task).requests == asked

    def test_a_rejection_is_remembered_and_forgotten_when_undone(self) -> None:
        decision = rule(held(), Outcome.REJECTED)
        assert NearDuplicateBand.objects.exists()
        undo(decision=decision, by=a_moderator())
        assert not NearDuplicateBand.objects.exists()


@pytest.mark.django_db
class TestCorrecting:
    """What the moderator changed, field by field."""

    def test_corrections_are_published_and_kept_one_a_field(self) -> None:
        task = held()
        decision = rule(
            task,
            corrections={
                "title": "Stoneware mug, cobalt blue, 350 ml",
                "category": "Home > Mugs",
                "brand": task.submission.tidied["brand"],
            },
        )
        assert decision.published
        assert decision.published["title"] == "Stoneware mug, cobalt blue, 350 ml"
        assert decision.published["price"] == "18.50"
        assert fields() == {
            "title": (
                "Stoneware mug, blue, 350 ml",
                "Stoneware mug, cobalt blue, 350 ml",
            ),
            "category": ("Home > Kitchen > Mugs", "Home > Mugs"),
        }

    def test_attributes_are_corrected_as_a_whole(self) -> None:
        task = held(attributes={"Colour": "blue"})
        decision = rule(task, corrections={"attributes": {"Colour": "green"}})
        assert decision.published
        assert decision.published["attributes"] == {"Colour": "green"}
        assert fields()["attributes"][1] == {"Colour": "green"}

    def test_a_correction_passes_the_quality_rules_too(self) -> None:
        decision = rule(held(), corrections={"price": "1e2", "title": "Mug  of  clay"})
        assert decision.published
        assert decision.published["price"] == "100.00"
        assert decision.published["title"] == "Mug of clay"

    @pytest.mark.parametrize(
        ("corrections", "field"),
        [
            ({"price": "-4"}, "price"),
            ({"currency": "Zorkmid"}, "currency"),
            ({"title": ""}, "title"),
            ({"title": ["a"]}, "title"),
            ({"attributes": "blue"}, "attributes"),
            ({"external_id": "MUG-2"}, "external_id"),
            ({"state": "decided"}, "state"),
        ],
    )
    def test_an_invalid_correction_is_named_and_nothing_is_decided(
        self, corrections: dict[str, Any], field: str
    ) -> None:
        with pytest.raises(InvalidDecisionError) as invalid:
            rule(held(), corrections=corrections)
        assert {problem.field for problem in invalid.value.problems} == {field}
        assert not Decision.objects.exists()
        assert ReviewTask.objects.get().state == "claimed"

    def test_disagreeing_with_the_model_is_kept(self) -> None:
        rule(held(a_verdict(clauses=[a_clause("P-101")])))
        kept = {row.kind: (row.before, row.after) for row in Correction.objects.all()}
        assert kept == {
            "outcome": ("rejected", "approved"),
            "clause": (["P-101"], []),
        }

    def test_agreeing_with_the_model_is_no_correction(self) -> None:
        rule(held(a_verdict(clauses=[a_clause("P-101")])), Outcome.REJECTED)
        assert not Correction.objects.exists()


@pytest.mark.django_db
class TestOnce:
    """One decision a hold, whatever is posted."""

    def test_a_used_token_is_answered_with_what_was_decided(self) -> None:
        task = held()
        decision = rule(task)
        with pytest.raises(AlreadyDecidedError) as already:
            rule(task, Outcome.REJECTED)
        assert already.value.decision == decision
        assert Decision.objects.count() == 1

    def test_another_persons_token_tells_nothing(self) -> None:
        task = held()
        rule(task)
        with pytest.raises(LeaseLostError) as lost:
            rule(task, by=a_moderator("tomas"))
        assert not isinstance(lost.value, AlreadyDecidedError)

    def test_a_wrong_token_decides_nothing(self) -> None:
        with pytest.raises(LeaseLostError):
            rule(held(), lease_token=uuid4())
        assert not Decision.objects.exists()

    def test_a_listing_that_was_taken_back_cannot_be_decided(self) -> None:
        task = held()
        assert withdraw(submission=task.submission, by=Actor("person:seller"))
        with pytest.raises(LeaseLostError, match="took this version back"):
            rule(task)
        assert not Decision.objects.exists()


@pytest.mark.django_db
class TestUndoing:
    """Within the window everything goes back; after it nothing does."""

    def test_undoing_gives_the_task_back_and_cancels_what_was_owed(self) -> None:
        task = held()
        decision = rule(task)
        again = undo(decision=decision, by=a_moderator())
        assert again
        assert (again.pk, again.state, again.claimed_by) == (
            task.pk,
            "claimed",
            a_moderator().user,
        )
        assert again.lease_token
        assert again.lease_token != task.lease_token
        assert Submission.objects.get().state == "in_review"
        assert Delivery.objects.get().state == "cancelled"
        assert publish_due(by="machine", now=database_now() + timedelta(days=1)) == 0
        assert AuditEvent.objects.filter(action="undo").count() == 3
        assert not Decision.objects.effective().exists()

    def test_after_undoing_one_decides_anew(self) -> None:
        first = rule(held(), Outcome.REJECTED)
        again = undo(decision=first, by=a_moderator())
        assert again
        second = rule(again)
        assert [d.pk for d in Decision.objects.effective()] == [second.pk]
        assert Delivery.objects.filter(state="pending").get().decision == second

    def test_undoing_what_was_replaced_meanwhile_leaves_the_newer_version(self) -> None:
        decision = rule(held())
        newer = a_submission(title="Stoneware mug, green, 350 ml")
        task = undo(decision=decision, by=a_moderator())
        assert task
        assert (task.state, task.lease_token) == ("cancelled", None)
        states = Submission.objects.order_by("version").values_list("state", flat=True)
        assert list(states) == ["withdrawn", "received"]
        assert newer.version == 2
        assert not Decision.objects.effective().exists()

    def test_undoing_twice_is_undoing_once(self) -> None:
        decision = rule(held())
        undo(decision=decision, by=a_moderator())
        assert undo(decision=decision, by=a_moderator())
        assert AuditEvent.objects.filter(action="undo").count() == 3

    def test_after_the_window_it_is_too_late(self) -> None:
        decision = rule(held())
        with pytest.raises(TooLateError):
            undo(decision=decision, by=a_moderator(), now=decision.effective_at)
        assert Submission.objects.get().state == "decided"

    def test_what_is_published_cannot_be_undone_by_a_slow_clock(self) -> None:
        decision = rule(held())
        assert publish_due(by="machine", now=decision.effective_at) == 1
        with pytest.raises(TooLateError):
            undo(decision=decision, by=a_moderator(), now=decision.decided_at)
        assert Decision.objects.get().undone_at is None

    def test_only_who_decided_can_undo(self) -> None:
        decision = rule(held())
        with pytest.raises(TooLateError):
            undo(decision=decision, by=a_moderator("tomas"))

    def test_the_outside_sees_nothing_before_the_window_has_passed(self) -> None:
        decision = rule(held(), Outcome.REJECTED)
        submission = Submission.objects.get()

        def seen(now: datetime) -> str:
            return wire_status(submission, decision, now)

        assert seen(decision.decided_at) == "in_review"
        before = decision.effective_at - timedelta(milliseconds=1)
        assert seen(before) == "in_review"
        assert seen(decision.effective_at) == "rejected"


@pytest.mark.django_db(transaction=True)
class TestRaces:
    """Real threads on the real database."""

    @pytest.fixture(autouse=True)
    def _connections(self) -> Iterator[None]:
        yield
        if connection.vendor == "postgresql":
            connections.close_all()

    def test_a_decision_posted_many_times_at_once_is_made_once(self) -> None:
        task = held()

        def post() -> str:
            try:
                return str(rule(task).pk)
            except AlreadyDecidedError as already:
                return f"again {already.decision.pk}"

        answers = at_once([post] * 6)
        only = Decision.objects.get().pk
        assert sorted(answers) == sorted([str(only)] + [f"again {only}"] * 5)

    @pytest.mark.parametrize("round_", range(3))
    def test_deciding_and_taking_back_at_once_end_one_way(self, round_: int) -> None:
        task = held()

        def deciding() -> bool:
            try:
                rule(task)
            except LeaseLostError:
                return False
            return True

        def taking_back() -> bool:
            return withdraw(submission=task.submission, by=Actor("person:seller"))

        calls: list[Callable[[], bool]] = [deciding, taking_back]
        decided, withdrawn = at_once(calls)
        assert decided != withdrawn
        assert Decision.objects.count() == decided
        state = Submission.objects.get().state
        assert state == ("decided" if decided else "withdrawn")

    @pytest.mark.parametrize("round_", range(3))
    def test_undoing_and_publishing_at_once_end_one_way(self, round_: int) -> None:
        decision = rule(held())
        before = decision.effective_at - timedelta(milliseconds=1)

        def undoing() -> bool:
            try:
                undo(decision=decision, by=a_moderator(), now=before)
            except TooLateError:
                return False
            return True

        def publishing() -> bool:
            return publish_due(by="machine", now=decision.effective_at) == 1

        undone, published = at_once([undoing, publishing])
        decision.refresh_from_db()
        assert undone != published
        assert bool(decision.undone_at) == undone
        live = decision.submission.listing.live_decision_id
        assert (live == decision.pk) == published

    def test_a_worker_and_a_withdrawal_at_once_end_one_way(self) -> None:
        finished = [judged(row, a_verdict()) for row in submissions(1)]

        def writing() -> int:
            return write_results(finished)

        def taking_back() -> int:
            row = Submission.objects.get()
            return int(withdraw(submission=row, by=Actor("person:seller")))

        written, withdrawn = at_once([writing, taking_back])
        assert written + withdrawn == 1
        assert Decision.objects.count() == written

    def test_two_people_cannot_decide_one_task(self) -> None:
        task = a_task()
        first = claim_task(task=task, by=a_moderator())
        late = first.lease_until + timedelta(seconds=1)  # type: ignore[operator]  # leased
        second = claim_task(task=task, by=a_moderator("tomas"), now=late)
        tries: list[Callable[[], bool]] = []
        for own, name in ((first, "mara"), (second, "tomas")):

            def post(own: ReviewTask = own, name: str = name) -> bool:
                try:
                    rule(own, by=a_moderator(name))
                except LeaseLostError:
                    return False
                return True

            tries.append(post)
        assert at_once(tries) == [False, True]
        assert Decision.objects.get().moderator == a_moderator("tomas").user
