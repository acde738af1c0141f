"""The outbox: what a decision owes, written with it and done when it is due.

The publish channel makes a decision effective on the listing; webhook rows tell the
merchant's endpoints. Both wait for the decision's undo window: nothing leaves before.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import connection, transaction
from django.db.models import F

from moderation.delivery.messages import (
    TAKEN_DOWN,
    Occurrence,
    messages_for,
    outcomes_of,
)
from moderation.models import Decision, Delivery, Listing
from moderation.models.clock import database_now
from moderation.models.transition import move, move_many
from moderation.states import DeliveryState, Outcome

BATCH = 200


def owe_outcomes(decisions: Sequence[Decision]) -> list[Delivery]:
    """Write the outbox rows of decisions, in the caller's transaction.

    One publication for each, and a message for each endpoint that wants to know;
    a fixed number of statements for any number of decisions.
    """
    publications = [
        Delivery(
            merchant_id=decision.submission.merchant_id,
            submission=decision.submission,
            decision=decision,
            channel="publish",
            event_id=decision.public_id,
            event=f"listing.{decision.outcome}",
            due_at=decision.effective_at,
        )
        for decision in decisions
    ]
    return Delivery.objects.bulk_create(
        [*publications, *messages_for(outcomes_of(decisions))]
    )


def cancel_owed(decision: Decision, *, by: str) -> bool:
    """Take back what a decision owes; False where an effect has begun.

    Meant for a transaction that the caller rolls back on False: a publisher or a
    sender may take one row while another is being cancelled. A row that a sender
    holds, or has tried, has begun.
    """
    owed = decision.deliveries.exclude(state=DeliveryState.CANCELLED)
    return all(
        delivery.state == DeliveryState.PENDING
        and move(
            delivery,
            DeliveryState.CANCELLED,
            by=by,
            action="undo",
            where={"lease_token": None, "attempts": 0},
        )
        for delivery in owed
    )


def publish_due(*, by: str, now: datetime | None = None) -> int:
    """Make due decisions effective on their listings; return how many were.

    An approval puts its content live. Any other outcome leaves the listing's
    last approved version live (a newer version was judged, not that one), unless
    it overturns that very version's approval: then the listing is taken down.
    """
    now = now or database_now()
    with transaction.atomic():
        rows = Delivery.objects.filter(
            channel="publish", state=DeliveryState.PENDING, due_at__lte=now
        ).order_by("due_at", "id")
        if connection.features.has_select_for_update_skip_locked:
            rows = rows.select_for_update(skip_locked=True, of=("self",))
        due = list(
            rows.select_related("decision__submission", "decision__pipeline")[:BATCH]
        )
        sent = move_many(
            due,
            DeliveryState.SENT,
            by=by,
            action="publish",
            change={"sent_at": now, "attempts": F("attempts") + 1},
        )
        if sent:
            _publish([row.decision for row in due if row.decision is not None], now)
    return sent


@dataclass(slots=True)
class _Live:
    """What one listing shows the world, while it is worked out."""

    row: Listing
    submission: int = 0
    version: int = 0
    taken_down_by: Decision | None = None


def _publish(decisions: list[Decision], now: datetime) -> None:
    """Bring listings to what these decisions, in the order they fell due, make them."""
    # Locked in one order, and alone: what is live is read once the lock is held,
    # since another publisher may just have changed it.
    listings = list(
        Listing.objects.select_for_update()
        .filter(pk__in={decision.submission.listing_id for decision in decisions})
        .order_by("pk")
    )
    standing = _live(listings)
    before = {row.pk: row.live_decision_id for row in listings}
    overturned = _overturned(decisions, now)
    _forget_overturned(decisions)
    for decision in decisions:
        if decision.pk not in overturned:
            _apply(decision, standing[decision.submission.listing_id])
    changed = [row for row in listings if row.live_decision_id != before[row.pk]]
    Listing.objects.bulk_update(changed, ["live_decision"])
    Delivery.objects.bulk_create(
        messages_for(
            [
                Occurrence(live.taken_down_by, TAKEN_DOWN, now)
                for live in standing.values()
                if live.taken_down_by is not None and before[live.row.pk] is not None
            ]
        )
    )


def _live(listings: Sequence[Listing]) -> dict[int, _Live]:
    """Return what is live on each listing, all of them locked by the caller."""
    shown = {
        pk: (submission, version)
        for pk, submission, version in Decision.objects.filter(
            pk__in=[row.live_decision_id for row in listings if row.live_decision_id]
        ).values_list("pk", "submission_id", "submission__version")
    }
    return {
        row.pk: _Live(row, *shown.get(row.live_decision_id or 0, (0, 0)))
        for row in listings
    }


def _overturned(decisions: Sequence[Decision], now: datetime) -> set[int]:
    """Return which decisions another has replaced already, for the outside, too.

    A publisher that comes late with an approval must not bring back what a
    quicker one has taken down.
    """
    successors = Decision.objects.filter(
        override_of__in=decisions, undone_at__isnull=True, effective_at__lte=now
    )
    return {pk for pk in successors.values_list("override_of", flat=True) if pk}


def _forget_overturned(decisions: Sequence[Decision]) -> None:
    """Cancel what is still owed about decisions that these replace.

    A try that failed would otherwise come again, days later and after the news
    that the listing was taken down. One on its way just now is left to land.
    """
    replaced = [d.override_of_id for d in decisions if d.override_of_id]
    stale = Delivery.objects.select_for_update(no_key=True).filter(
        decision__in=replaced,
        channel="webhook",
        state=DeliveryState.PENDING,
        lease_token__isnull=True,
    )
    move_many(list(stale), DeliveryState.CANCELLED, by="machine", action="overturn")


def _apply(decision: Decision, live: _Live) -> None:
    submission = decision.submission
    if decision.outcome == Outcome.APPROVED:
        # An older version's late approval never replaces a newer live one.
        if live.version <= submission.version:
            live.row.live_decision = decision
            live.submission, live.version = submission.pk, submission.version
            live.taken_down_by = None
    elif live.submission == submission.pk:
        live.row.live_decision = None
        live.submission, live.version = 0, 0
        live.taken_down_by = decision
