"""Appeals: once, by another person, and never to the worse."""

from datetime import timedelta
from typing import Any

import pytest

from moderation.delivery.outbox import publish_due
from moderation.delivery.statement import APPEAL_WITHIN, wire_status
from moderation.intake.check import RefusedError
from moderation.models import (
    Appeal,
    Decision,
    EvalCase,
    Listing,
    ReviewTask,
    Submission,
)
from moderation.models.clock import database_now
from moderation.review.appeals import (
    MAX_TEXT,
    AppealRefusedError,
    appeal_of,
    open_appeal,
    why_not,
)
from moderation.review.decide import decide, undo
from moderation.review.escalate import escalate
from moderation.review.queue import NotAllowedError, claim_next, claim_task
from moderation.states import Outcome
from tests.builders import (
    SELLER,
    a_moderator,
    a_person,
    a_submission,
    a_task,
    an_assessment,
    decided_by,
)

pytestmark = pytest.mark.django_db
TEXT = "It is the name of the glaze."


@pytest.fixture(autouse=True)
def _no_window(settings: Any) -> None:
    settings.REVIEWHUB_UNDO_SECONDS = 0


def refused(outcome: str = "rejected") -> Submission:
    """Return a submission that mara refused."""
    decision = decided_by(a_moderator("mara"), outcome)
    publish_due(by="machine")
    return Submission.objects.get(pk=decision.submission_id)


def appealed(outcome: str = "rejected") -> Appeal:
    """Return an open appeal against mara's refusal."""
    return open_appeal(submission=refused(outcome), text=TEXT, by=SELLER)


def settled(outcome: str, **options: Any) -> Decision:
    """Return what vera decides about the one open appeal."""
    return decided_by(
        a_moderator("vera"),
        outcome,
        task=ReviewTask.objects.get(kind="appeal"),
        **options,
    )


def status() -> str:
    """Return what the outside sees of the one submission."""
    now = database_now()
    row = Submission.objects.get()
    return wire_status(row, row.decisions.in_force(now).first(), now)


def test_an_appeal_is_a_task_with_the_merchants_words() -> None:
    appeal = appealed()
    task = appeal.task
    assert task
    assert task.about == appeal.decision
    assert TEXT in task.reasons[0]["message"]
    assert task.due_at > database_now() + timedelta(hours=23)
    assert appeal_of(task.submission) == appeal


def test_it_is_never_offered_to_the_first_decider() -> None:
    task = appealed().task
    assert task
    for _ in range(20):
        assert claim_next(by=a_moderator("mara")) is None
    with pytest.raises(NotAllowedError):
        claim_task(task=task, by=a_moderator("mara"))
    assert claim_next(by=a_moderator("vera"), queue="appeals") == task


def test_the_first_decider_cannot_decide_it_by_any_door(settings: Any) -> None:
    task = appealed().task
    assert task
    held = claim_task(task=task, by=a_moderator("vera"))
    ReviewTask.objects.filter(pk=held.pk).update(claimed_by=a_moderator("mara").user)
    assert held.lease_token
    with pytest.raises(Exception, match="hold"):
        decide(
            task=held,
            by=a_moderator("mara"),
            lease_token=held.lease_token,
            outcome=Outcome.APPROVED,
        )
    assert Appeal.objects.get().state == "open"


def test_one_version_is_appealed_once() -> None:
    appeal = appealed()
    with pytest.raises(AppealRefusedError, match="before"):
        open_appeal(submission=appeal.decision.submission, text=TEXT, by=SELLER)
    settled("rejected")
    with pytest.raises(AppealRefusedError, match="before"):
        open_appeal(submission=appeal.decision.submission, text=TEXT, by=SELLER)
    assert Appeal.objects.count() == 1


def test_what_is_not_refused_cannot_be_appealed() -> None:
    now = database_now()
    assert "not decided" in why_not(a_submission(), now)
    row = an_assessment(a_submission(external_id="OTHER"))
    assert "Nothing was refused" in why_not(row, database_now())


def test_within_the_undo_window_there_is_nothing_to_appeal_yet(settings: Any) -> None:
    settings.REVIEWHUB_UNDO_SECONDS = 60
    row = Submission.objects.get(pk=decided_by(a_moderator(), "rejected").submission_id)
    assert "not decided" in why_not(row, database_now())


def test_after_half_a_year_it_is_over() -> None:
    row = refused()
    decision = row.decisions.get()
    end = decision.effective_at + APPEAL_WITHIN
    assert why_not(row, end - timedelta(seconds=1)) == ""
    assert "over" in why_not(row, end)


@pytest.mark.parametrize("text", ["", "  ", "x" * (MAX_TEXT + 1)])
def test_an_appeal_says_why_and_not_too_long(text: str) -> None:
    with pytest.raises(RefusedError):
        open_appeal(submission=refused(), text=text, by=SELLER)
    assert not Appeal.objects.exists()


def test_upheld_it_overturns_the_decision_and_the_listing_goes_live() -> None:
    appeal = appealed()
    new = settled("approved")
    assert new.override_of == appeal.decision
    appeal.refresh_from_db()
    assert (appeal.state, appeal.outcome_decision) == ("upheld", new)
    assert appeal.resolved_at
    assert status() == "approved"
    publish_due(by="machine")
    assert Listing.objects.get().live_decision == new
    row = Submission.objects.get()
    assert not row.bands.exists()


def test_a_rejection_may_become_a_request_for_changes() -> None:
    appealed()
    new = settled("changes_needed")
    assert new.outcome == "changes_needed"
    assert Appeal.objects.get().state == "upheld"


@pytest.mark.parametrize("again", ["changes_needed", "rejected"])
def test_the_same_or_worse_lets_the_decision_stand(again: str) -> None:
    appeal = appealed("changes_needed")
    assert settled(again) == appeal.decision
    appeal.refresh_from_db()
    assert (appeal.state, appeal.outcome_decision) == ("rejected", None)
    assert status() == "changes_needed"
    assert Decision.objects.count() == 1
    task = ReviewTask.objects.get(kind="appeal")
    assert (task.state, task.resolution) == ("resolved", again)


def test_an_undone_ruling_opens_the_appeal_again(settings: Any) -> None:
    appeal = appealed()
    settings.REVIEWHUB_UNDO_SECONDS = 60
    new = settled("approved")
    assert status() == "rejected"
    task = undo(decision=new, by=a_moderator("vera"))
    assert task
    task.refresh_from_db()
    assert (task.state, task.claimed_by) == ("claimed", a_moderator("vera").user)
    appeal.refresh_from_db()
    assert (appeal.state, appeal.outcome_decision) == ("open", None)
    old = Decision.objects.get(pk=appeal.decision_id)
    assert old.superseded_at is None
    assert Submission.objects.get().bands.exists()
    assert settled_again().outcome == "approved"


def settled_again() -> Decision:
    """Approve the appeal that was given back."""
    return settled("approved")


def test_an_escalated_appeal_stays_the_appeal_it_is_and_can_be_decided() -> None:
    appealed()
    task = claim_next(by=a_moderator("vera"), queue="appeals")
    assert task
    assert task.lease_token
    same = escalate(
        task=task, by=a_moderator("vera"), lease_token=task.lease_token, reason="Odd"
    )
    assert same.pk == task.pk
    assert claim_next(by=a_moderator("otto"), queue="appeals") is None
    decided_by(a_person("sam", "senior"), "approved", task=task)
    assert Appeal.objects.get().state == "upheld"


def test_an_ordinary_task_is_decided_as_before() -> None:
    assert decided_by(a_moderator(), "approved", task=a_task()).override_of is None


def test_the_overturned_decisions_case_gives_way_and_comes_back_on_undo(
    settings: Any,
) -> None:
    settings.REVIEWHUB_UNDO_SECONDS = 0
    appealed()
    settings.REVIEWHUB_UNDO_SECONDS = 3600
    upheld = settled("approved")
    proposed = EvalCase.objects.filter(state="proposed")
    assert [case.decision for case in proposed] == [upheld]
    undo(decision=upheld, by=a_moderator("vera"))
    (again,) = EvalCase.objects.filter(state="proposed")
    assert again.decision == Appeal.objects.get().decision
    assert again.expected["decision"] == "reject"
