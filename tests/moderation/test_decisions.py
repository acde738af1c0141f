"""The one writer of decisions: all of it in one transaction, or none."""

from datetime import datetime, timedelta

import pytest
from django.db import transaction
from django.db.utils import IntegrityError

from moderation import decisions
from moderation.access.actor import MACHINE
from moderation.decisions import (
    Ruling,
    overturn,
    record_decision,
    restore_overturned,
)
from moderation.delivery.outbox import publish_due
from moderation.delivery.statement import wire_status
from moderation.models import AuditEvent, Decision, Delivery, Listing, Submission
from moderation.models.clock import database_now
from moderation.review.decide import undo
from moderation.states import Outcome
from tests.builders import (
    a_moderator,
    a_submission,
    a_task,
    an_assessment,
    an_endpoint,
    claimed,
    decided_by,
)

pytestmark = pytest.mark.django_db
LIVE = {"title": "Stoneware mug"}


def test_a_decision_its_log_and_what_it_owes_come_together() -> None:
    task, now = a_task(), database_now()
    decision = record_decision(
        submission=task.submission,
        ruling=Ruling(Outcome.APPROVED, published=LIVE),
        by=a_moderator(),
        at=now,
        effective_at=now,
        task=task,
    )
    assert decision
    assert (decision.decided_by, decision.task) == ("person", task)
    assert AuditEvent.objects.filter(action="decide").count() == 1
    assert Delivery.objects.get().due_at == now
    assert Submission.objects.get().state == "decided"


def test_nothing_is_kept_when_the_outbox_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    def owe(made: list[Decision]) -> None:
        raise RuntimeError("no room")

    monkeypatch.setattr(decisions, "owe_outcomes", owe)
    task, now = a_task(), database_now()
    with pytest.raises(RuntimeError), transaction.atomic():
        record_decision(
            submission=task.submission,
            ruling=Ruling(Outcome.APPROVED, published=LIVE),
            by=a_moderator(),
            at=now,
            effective_at=now,
        )
    assert Submission.objects.get().state == "in_review"
    assert not Decision.objects.exists()
    assert not AuditEvent.objects.filter(action="decide").exists()


def test_another_hold_decides_nothing() -> None:
    held, now = claimed(a_submission()), database_now()
    stale = Submission.objects.get(pk=held.pk)
    token = stale.lease_token
    Submission.objects.filter(pk=held.pk).update(lease_token="1" * 32)
    decision = record_decision(
        submission=stale,
        ruling=Ruling(Outcome.APPROVED, published=LIVE),
        by=MACHINE,
        at=now,
        effective_at=now,
        lease_token=token,
    )
    assert decision is None
    assert not Decision.objects.exists()


def test_the_machine_cannot_refuse_a_listing() -> None:
    held, now = claimed(a_submission()), database_now()
    with pytest.raises(IntegrityError), transaction.atomic():
        record_decision(
            submission=held,
            ruling=Ruling(Outcome.REJECTED),
            by=MACHINE,
            at=now,
            effective_at=now,
            lease_token=held.lease_token,
        )
    assert Submission.objects.get().state == "assessing"


# --- Overturning --------------------------------------------------------------------


def overturned(
    old: Decision, outcome: Outcome = Outcome.REJECTED, seconds: int = 10
) -> Decision | None:
    """Return what a person makes of a decision, in effect after some seconds."""
    now = database_now()
    return overturn(
        decision=old,
        ruling=Ruling(
            outcome,
            clauses=[{"code": "P-101", "field": "title", "quote": "Stoneware mug"}],
            published={"title": "Mended"} if outcome == Outcome.APPROVED else None,
        ),
        by=a_moderator(),
        at=now,
        effective_at=now + timedelta(seconds=seconds),
    )


def live_approval() -> Decision:
    """Return an auto-approval whose content is live."""
    decision = an_assessment().decisions.get()
    publish_due(by="machine")
    return decision


def shown(at: datetime) -> str:
    """Return the status that the outside sees at a moment."""
    row = Submission.objects.get()
    return wire_status(row, row.decisions.in_force(at).first(), at)


def test_an_overturned_decision_is_seen_until_its_successor_takes_effect() -> None:
    old = live_approval()
    new = overturned(old)
    assert new
    assert (new.override_of, new.submission) == (old, old.submission)
    before, after = new.decided_at, new.effective_at
    assert (shown(before), shown(after)) == ("approved", "rejected")
    publish_due(by="machine", now=before)
    assert Listing.objects.get().live_decision == old
    publish_due(by="machine", now=after)
    assert Listing.objects.get().live_decision is None
    event = AuditEvent.objects.get(action="overturn")
    assert (event.subject_id, event.to_state) == (old.public_id, "rejected")
    assert Decision.objects.effective().get() == new


def test_taking_a_listing_down_is_told_once_with_the_statement() -> None:
    an_endpoint()
    old = live_approval()
    new = overturned(old)
    assert new
    assert not Delivery.objects.filter(event="listing.taken_down").exists()
    for _ in range(2):
        publish_due(by="machine", now=new.effective_at)
    down = Delivery.objects.get(event="listing.taken_down")
    assert down.channel == "webhook"
    statement = down.payload["data"]["statement"]
    assert statement["grounds"][0]["quote"] == "Stoneware mug"
    assert Delivery.objects.filter(event="listing.rejected", channel="webhook").exists()


def test_other_content_replaces_what_is_live() -> None:
    new = overturned(live_approval(), Outcome.APPROVED, seconds=0)
    assert new
    publish_due(by="machine", now=new.effective_at)
    live = Listing.objects.get().live_decision
    assert live == new
    assert live.published == {"title": "Mended"}


def test_an_older_versions_overturn_leaves_the_newer_live() -> None:
    old = live_approval()
    an_assessment(a_submission(title="Stoneware mug, green, 350 ml"))
    publish_due(by="machine")
    new = overturned(old)
    assert new
    publish_due(by="machine", now=new.effective_at)
    live = Listing.objects.get().live_decision
    assert live
    assert live.submission.version == 2


def test_a_late_publisher_brings_nothing_back() -> None:
    old = an_assessment().decisions.get()
    new = overturned(old, seconds=0)
    assert new
    # The old publication was passed over: another publisher held its row.
    late = Delivery.objects.filter(decision=old)
    late.update(due_at=new.effective_at + timedelta(seconds=5))
    publish_due(by="machine", now=new.effective_at)
    publish_due(by="machine", now=new.effective_at + timedelta(seconds=6))
    assert Listing.objects.get().live_decision is None


def test_both_due_at_once_end_as_the_newer_says() -> None:
    an_endpoint()
    new = overturned(an_assessment().decisions.get(), seconds=0)
    assert new
    assert publish_due(by="machine", now=new.effective_at) == 2
    assert Listing.objects.get().live_decision is None
    # It was never live for anybody, so nothing was taken down.
    assert not Delivery.objects.filter(event="listing.taken_down").exists()


def test_undone_in_its_window_the_old_decision_stands_again() -> None:
    an_endpoint()
    old = live_approval()
    new = overturned(old, seconds=60)
    assert new
    undo(decision=new, by=a_moderator())
    old.refresh_from_db()
    assert old.superseded_at is None
    later = new.effective_at + timedelta(seconds=1)
    publish_due(by="machine", now=later)
    assert Listing.objects.get().live_decision == old
    assert shown(later) == "approved"
    assert {row.state for row in new.deliveries.all()} == {"cancelled"}
    assert Decision.objects.effective().get() == old
    with pytest.raises(ValueError, match="overturned no"):
        restore_overturned(decision=old, by=a_moderator(), now=later)


def test_what_no_longer_stands_is_overturned_by_nobody_twice() -> None:
    old = live_approval()
    first = overturned(old)
    assert overturned(old) is None
    assert first
    assert overturned(first, Outcome.APPROVED)
    assert Decision.objects.effective().count() == 1


def test_of_a_chain_the_outside_sees_the_last_that_is_in_effect() -> None:
    old = live_approval()
    second = overturned(old, seconds=0)
    assert second
    third = overturned(second, Outcome.APPROVED, seconds=60)
    assert third
    assert shown(second.effective_at) == "rejected"
    assert shown(third.effective_at) == "approved"


def test_an_overturn_never_takes_effect_before_what_it_overturns() -> None:
    decision = decided_by(a_moderator("mara"), "rejected")
    new = overturned(decision, Outcome.APPROVED, seconds=0)
    assert new
    assert new.effective_at == decision.effective_at


def test_a_machine_overturns_nothing() -> None:
    with pytest.raises(ValueError, match="Only a person"):
        overturn(
            decision=live_approval(),
            ruling=Ruling(Outcome.APPROVED, published={}),
            by=MACHINE,
            at=database_now(),
            effective_at=database_now(),
        )
