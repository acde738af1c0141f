"""The outbox: what a decision owes, written with it and done when it is due.

The publish channel makes a decision effective on the listing. A person's
decision waits in the outbox for its undo window; nothing leaves before.
"""

from collections.abc import Sequence
from datetime import datetime

from django.db import connection, transaction
from django.db.models import F

from moderation.models import Decision, Delivery, Listing
from moderation.models.clock import database_now
from moderation.models.transition import move, move_many
from moderation.states import DeliveryState, Outcome

BATCH = 200


def owe_outcomes(decisions: Sequence[Decision]) -> list[Delivery]:
    """Write the outbox rows of decisions, in the caller's transaction."""
    return Delivery.objects.bulk_create(
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
    )


def cancel_owed(decision: Decision, *, by: str) -> bool:
    """Take back what a decision owes; False where an effect has begun.

    Meant for a transaction that the caller rolls back on False: a publisher may
    take one row while another is being cancelled.
    """
    owed = decision.deliveries.exclude(state=DeliveryState.CANCELLED)
    return all(
        delivery.state == DeliveryState.PENDING
        and move(delivery, DeliveryState.CANCELLED, by=by, action="undo")
        for delivery in owed
    )


def publish_due(*, by: str, now: datetime | None = None) -> int:
    """Make due decisions effective on their listings; return how many were.

    An approval puts its content live. Any other outcome leaves the listing's
    last approved version live (a newer version was judged, not that one).
    """
    now = now or database_now()
    with transaction.atomic():
        rows = Delivery.objects.filter(
            channel="publish", state=DeliveryState.PENDING, due_at__lte=now
        ).order_by("due_at", "id")
        if connection.features.has_select_for_update_skip_locked:
            rows = rows.select_for_update(skip_locked=True, of=("self",))
        due = list(rows.select_related("decision__submission")[:BATCH])
        sent = move_many(
            due,
            DeliveryState.SENT,
            by=by,
            action="publish",
            change={"sent_at": now, "attempts": F("attempts") + 1},
        )
        if sent:
            _go_live([row.decision for row in due if row.decision is not None])
    return sent


def _go_live(decisions: list[Decision]) -> None:
    """Point listings at their newest approval among these decisions."""
    newest: dict[int, Decision] = {}
    for decision in decisions:
        listing = decision.submission.listing_id
        held = newest.get(listing)
        if decision.outcome == Outcome.APPROVED and (
            held is None or held.submission.version < decision.submission.version
        ):
            newest[listing] = decision
    # Locked in one order, and alone: what is live is read once the lock is held,
    # since another publisher may just have changed it.
    listings = list(
        Listing.objects.select_for_update().filter(pk__in=newest).order_by("pk")
    )
    live_versions = dict(
        Decision.objects.filter(
            pk__in=[row.live_decision_id for row in listings]
        ).values_list("pk", "submission__version")
    )
    changed = []
    for row in listings:
        decision = newest[row.pk]
        live = live_versions.get(row.live_decision_id or 0, 0)
        # An older version's late approval never replaces a newer live one.
        if live <= decision.submission.version:
            row.live_decision = decision
            changed.append(row)
    Listing.objects.bulk_update(changed, ["live_decision"])
