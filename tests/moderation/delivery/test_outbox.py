"""What a decision owes: done when due, taken back before, newest version live."""

from datetime import timedelta

import pytest

from moderation.delivery.outbox import cancel_owed, publish_due
from moderation.models import AuditEvent, Decision, Delivery, Listing
from moderation.models.clock import database_now
from moderation.review.decide import decide
from moderation.states import Outcome
from tests.builders import (
    a_held_task,
    a_moderator,
    a_submission,
    a_task,
    an_assessment,
    submissions,
)

pytestmark = pytest.mark.django_db
LATER = timedelta(minutes=5)


def by_a_person(outcome: Outcome = Outcome.APPROVED, **changes: str) -> Decision:
    """Return a person's decision on a listing with some fields changed."""
    task = a_held_task(task=a_task(a_submission(**changes)))
    assert task.lease_token
    return decide(
        task=task,
        by=a_moderator(),
        lease_token=task.lease_token,
        outcome=outcome,
        clauses=[] if outcome == Outcome.APPROVED else ["P-101"],
    )


def live() -> int | None:
    """Return the version that is live, None when none is."""
    decision = Listing.objects.get().live_decision
    return decision.submission.version if decision else None


def test_an_auto_approval_is_live_at_the_next_round() -> None:
    an_assessment()
    assert live() is None
    assert publish_due(by="machine") == 1
    assert live() == 1
    delivery = Delivery.objects.get()
    assert (delivery.state, delivery.attempts, delivery.event) == (
        "sent",
        1,
        "listing.approved",
    )
    assert delivery.sent_at
    assert AuditEvent.objects.filter(action="publish").count() == 1
    assert publish_due(by="machine") == 0


def test_a_persons_approval_waits_for_its_window() -> None:
    decision = by_a_person()
    early = decision.effective_at - timedelta(seconds=1)
    assert publish_due(by="machine", now=early) == 0
    assert live() is None
    assert publish_due(by="machine", now=decision.effective_at) == 1
    assert live() == 1


@pytest.mark.parametrize("outcome", [Outcome.REJECTED, Outcome.CHANGES_NEEDED])
def test_a_refused_newer_version_leaves_the_older_live(outcome: Outcome) -> None:
    an_assessment()
    publish_due(by="machine")
    by_a_person(outcome, title="Stoneware mug, green, 350 ml")
    assert live() == 1
    publish_due(by="machine", now=database_now() + LATER)
    assert live() == 1
    assert Delivery.objects.filter(event=f"listing.{outcome}", state="sent").exists()


def test_the_old_version_stays_live_while_the_new_is_judged() -> None:
    an_assessment()
    publish_due(by="machine")
    a_submission(title="Stoneware mug, green, 350 ml")
    publish_due(by="machine", now=database_now() + LATER)
    assert live() == 1


def test_a_newer_approval_replaces_the_older() -> None:
    an_assessment()
    publish_due(by="machine")
    an_assessment(a_submission(title="Stoneware mug, green, 350 ml"))
    publish_due(by="machine")
    assert live() == 2


def test_an_older_versions_late_approval_never_replaces_a_newer() -> None:
    old = by_a_person()
    an_assessment(a_submission(title="Stoneware mug, green, 350 ml"))
    newer = Decision.objects.latest("id")
    assert publish_due(by="machine", now=newer.effective_at) == 1
    assert live() == 2
    assert publish_due(by="machine", now=old.effective_at) == 1
    assert live() == 2


def test_of_two_due_at_once_the_newer_is_live() -> None:
    by_a_person()
    an_assessment(a_submission(title="Stoneware mug, green, 350 ml"))
    assert publish_due(by="machine", now=database_now() + LATER) == 2
    assert live() == 2


def test_many_listings_are_published_in_one_round() -> None:
    for row in submissions(5):
        an_assessment(row)
    assert publish_due(by="machine") == 5
    assert Listing.objects.filter(live_decision__isnull=False).count() == 5


def test_what_is_cancelled_is_never_published() -> None:
    decision = by_a_person()
    assert cancel_owed(decision, by="person:mara")
    assert cancel_owed(decision, by="person:mara")
    assert publish_due(by="machine", now=database_now() + LATER) == 0
    assert live() is None


def test_what_is_done_cannot_be_taken_back() -> None:
    decision = by_a_person()
    publish_due(by="machine", now=decision.effective_at)
    assert not cancel_owed(decision, by="person:mara")
    assert Delivery.objects.get().state == "sent"


def test_taking_back_notices_that_a_publisher_was_first(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    decision = by_a_person()
    stale = Delivery.objects.get()
    publish_due(by="machine", now=decision.effective_at)

    class Read:
        """What was read before the publisher wrote."""

        def exclude(self, **given: object) -> list[Delivery]:
            return [stale]

    monkeypatch.setattr(Decision, "deliveries", Read())
    assert not cancel_owed(decision, by="person:mara")
