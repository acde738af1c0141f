"""Each decision proposes one case in its own transaction; an undo takes it back."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone

from moderation.access.actor import Actor
from moderation.models import Decision, EvalCase, NearDuplicateCluster, ReviewTask
from moderation.proposals import propose_case, propose_spot_check_case
from moderation.review.decide import decide, undo
from moderation.states import CaseState, Outcome, TaskKind
from tests.builders import (
    a_held_task,
    a_moderator,
    a_submission,
    a_task,
    a_verdict,
    an_assessment,
)

pytestmark = pytest.mark.django_db
# Without an image the merchant is asked for one, which is a named rule.
IMAGES = ["https://img.example.com/1.jpg"]


def decided(outcome: Outcome, task: ReviewTask | None = None, **more: Any) -> Decision:
    """Return a decision of a moderator on a task."""
    held = a_held_task(task=task)
    assert held.lease_token
    return decide(
        task=held,
        by=a_moderator(),
        lease_token=held.lease_token,
        outcome=outcome,
        **more,
    )


def test_a_plain_approval_becomes_a_case_that_links_back() -> None:
    decision = decided(Outcome.APPROVED, a_task(a_submission(image_urls=IMAGES)))
    case = EvalCase.objects.get()
    assert case.decision == decision
    assert case.provenance == "decision"
    assert case.state == CaseState.PROPOSED
    assert case.expected["decision"] == "approve"
    assert case.expected["fields"]["title"] == "Stoneware mug, blue, 350 ml"
    assert case.merchant == decision.submission.merchant
    assert case.language == "en"


def test_a_correction_is_its_provenance_and_its_label() -> None:
    decision = decided(Outcome.APPROVED, corrections={"brand": "Kiln & Stone"})
    case = EvalCase.objects.get()
    assert case.provenance == "correction"
    assert case.correction == decision.corrections.get(field="brand")
    assert case.expected["decision"] == "approve_with_fixes"
    assert case.expected["fields"]["brand"] == "Kiln & Stone"


def test_the_listing_stands_there_as_the_merchant_sent_it() -> None:
    task = a_task(a_submission(title="  MUG,   blue  "))
    decision = decided(Outcome.APPROVED, task)
    case = EvalCase.objects.get()
    assert case.listing == decision.submission.raw
    # What the quality rules did is part of the right answer.
    assert case.expected["decision"] == "approve_with_fixes"
    assert any(code.startswith("Q-") for code in case.expected["policy_codes"])


@pytest.mark.parametrize(
    ("outcome", "label", "person"),
    [
        (Outcome.REJECTED, "reject", False),
        (Outcome.CHANGES_NEEDED, "approve_with_fixes", True),
    ],
)
def test_a_refusal_becomes_its_label_with_its_clauses(
    outcome: Outcome, label: str, person: bool
) -> None:
    decided(outcome, clauses=["P-101"])
    case = EvalCase.objects.get()
    assert case.expected == {
        "decision": label,
        "policy_codes": ["P-101"],
        "needs_human": person,
    }


def test_words_that_were_taken_out_must_stay_out() -> None:
    words = "Call +40 721 555 019."
    task = a_task(a_submission(description=f"A stoneware mug of 350 ml. {words}"))
    decided(
        Outcome.APPROVED,
        task,
        corrections={"description": "A stoneware mug of 350 ml."},
        clauses=[{"code": "P-701", "field": "description", "quote": words}],
    )
    assert EvalCase.objects.get().expected["must_not_contain"] == [words]


def test_near_duplicates_of_a_merchant_are_kept_together() -> None:
    task = a_task()
    cluster = NearDuplicateCluster.objects.create()
    submission = task.submission
    submission.cluster = cluster
    submission.save(update_fields=["cluster"])
    decided(Outcome.APPROVED, ReviewTask.objects.get(pk=task.pk))
    group = EvalCase.objects.get().group
    assert group == f"m{submission.merchant_id}:c{cluster.pk}"


def test_an_undo_discards_the_case_and_a_new_decision_makes_another() -> None:
    decision = decided(Outcome.APPROVED)
    task = undo(decision=decision, by=a_moderator())
    case = EvalCase.objects.get()
    assert case.state == CaseState.DISCARDED
    assert task is not None
    assert task.lease_token
    decide(
        task=task,
        by=a_moderator(),
        lease_token=task.lease_token,
        outcome=Outcome.REJECTED,
        clauses=["P-101"],
    )
    assert EvalCase.objects.filter(state=CaseState.PROPOSED).count() == 1


def test_a_decision_proposes_exactly_one_case() -> None:
    decision = decided(Outcome.APPROVED)
    with pytest.raises(Exception, match=r"(?i)unique"), transaction.atomic():
        propose_case(decision=decision, corrections=[], at=timezone.now())
    assert EvalCase.objects.count() == 1


def test_a_decision_that_is_rolled_back_proposes_nothing() -> None:
    with transaction.atomic():
        decided(Outcome.APPROVED)
        transaction.set_rollback(True)
    assert not EvalCase.objects.exists()


def test_a_spot_check_keeps_the_probability_it_was_drawn_with() -> None:
    submission = an_assessment(a_submission(image_urls=IMAGES), a_verdict())
    decision = submission.decisions.get()
    now = timezone.now()
    task = ReviewTask.objects.create(
        submission=submission,
        merchant=submission.merchant,
        kind=TaskKind.SPOT_CHECK,
        about=decision,
        sampling_probability=0.05,
        due_at=now + timedelta(hours=1),
    )
    case = propose_spot_check_case(task=task, decision=decision, at=now)
    assert case.provenance == "spot_check"
    assert case.sampling_probability == 0.05
    assert case.task == task
    assert case.expected["decision"] == "approve"


def test_the_case_is_there_in_the_moment_of_the_decision() -> None:
    before = timezone.now()
    decision = decided(Outcome.APPROVED)
    case = EvalCase.objects.get()
    assert (case.proposed_at - decision.decided_at) < timedelta(seconds=1)
    assert timezone.now() - before < timedelta(seconds=10)
    assert Actor.person(decision.moderator).label  # type: ignore[arg-type]
